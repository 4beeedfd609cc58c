//! Settings as fields of a form: one table says what each is called; the form is drawn and read by it.
//!
//! # Design
//! The names of the fields are those of the settings, and what was typed becomes a merge patch: what the console sends
//! is what a program would send to the API, and the same service checks it.

use serde_json::{Value, json};

use super::duration;
use super::fields::Fields;
use super::wrong::Wrong;
use crate::model::json::Object;
use crate::pages::console::{Choice, FormField, FormGroup, FormInput};
use crate::store::cache::DomainEntry;

/// A setting as a field.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The setting's own name.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it does.
    pub hint: &'static str,
    /// What it opens; only switches show it.
    pub risk: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// What a setting holds, and so how it is filled in.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// On or off.
    Switch,
    /// A number; nothing typed is none.
    Number,
    /// A span of time, kept in seconds; nothing typed is none.
    Duration,
    /// A line; nothing typed is none.
    Line,
    /// A line that may be empty.
    Text,
    /// A list of texts, one in each line.
    Lines,
    /// One of these: values and what they are called.
    OneOf(&'static [(&'static str, &'static str)]),
    /// Several of these.
    SomeOf(&'static [(&'static str, &'static str)]),
    /// A policy of the domain.
    Policy,
    /// JSON as it is.
    Json,
    /// Scopes that may be registered; nothing typed is those that are flagged.
    ScopeRule,
    /// How a method is chosen, or a method.
    DefaultMethod(&'static [(&'static str, &'static str)]),
}

/// Settings that belong together.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// Its id on the page.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// A sentence beside it.
    pub note: &'static str,
    /// The settings.
    pub settings: &'static [Setting],
}

/// A setting without risk.
pub const fn plain(name: &'static str, title: &'static str, hint: &'static str, kind: Kind) -> Setting {
    Setting { name, title, hint, risk: "", kind }
}

/// A switch that opens something.
pub const fn risky(name: &'static str, title: &'static str, hint: &'static str, risk: &'static str) -> Setting {
    Setting { name, title, hint, risk, kind: Kind::Switch }
}

/// Every setting of some groups.
pub fn all(groups: &[Group]) -> impl Iterator<Item = &'static Setting> {
    groups.iter().flat_map(|group| group.settings)
}

/// The fields with what `values` holds.
pub fn drawn(groups: &[Group], values: &Object, domain: Option<&DomainEntry>, wrong: &Wrong) -> Vec<FormGroup> {
    let field = |setting: &'static Setting| FormField {
        id: setting.name,
        title: setting.title,
        hint: setting.hint,
        risk: setting.risk,
        error: wrong.with(setting.name),
        input: input(setting.kind, values.get(setting.name).unwrap_or(&Value::Null), domain),
    };
    let group = |group: &Group| FormGroup {
        id: group.id,
        title: group.title,
        note: group.note,
        fields: group.settings.iter().map(field).collect(),
        link: None,
    };
    groups.iter().map(group).collect()
}

fn input(kind: Kind, value: &Value, domain: Option<&DomainEntry>) -> FormInput {
    let choices = |options: &[(&str, &str)], chosen: &dyn Fn(&str) -> bool| {
        options.iter().map(|(value, label)| Choice::new(*value, *label, chosen(value))).collect()
    };
    match kind {
        Kind::Switch => FormInput::Switch(value.as_bool().unwrap_or_default()),
        Kind::Number => FormInput::Number(typed(kind, value)),
        Kind::Duration => FormInput::Duration(duration::input(value)),
        Kind::Line | Kind::Text | Kind::ScopeRule => FormInput::Line(typed(kind, value)),
        Kind::Lines | Kind::Json => FormInput::Lines(typed(kind, value)),
        Kind::OneOf(options) | Kind::DefaultMethod(options) => {
            let now = typed(kind, value);
            FormInput::Choice(choices(options, &|option| option == now))
        }
        Kind::SomeOf(options) => {
            let now: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            FormInput::Checks(choices(options, &|option| now.contains(&option)))
        }
        Kind::Policy => {
            let now = typed(kind, value);
            let policies = domain.map(|domain| domain.policies.as_slice()).unwrap_or_default();
            let option = |name: &String| Choice::new(name.clone(), name, *name == now);
            FormInput::Choice(policies.iter().map(|policy| option(&policy.name)).collect())
        }
    }
}

/// A value as it stands in its field, and in the table of differences.
fn typed(kind: Kind, value: &Value) -> String {
    let texts = || value.as_array().into_iter().flatten().filter_map(Value::as_str);
    match (kind, value) {
        (Kind::ScopeRule, Value::Object(rule)) => {
            rule.get("listed").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        (Kind::ScopeRule, _) | (_, Value::Null) => String::new(),
        (Kind::DefaultMethod(_), Value::Object(rule)) => {
            rule.get("fixed").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        (_, Value::String(text)) => text.clone(),
        (Kind::Duration, Value::Number(_)) => value.as_i64().map(duration::words).unwrap_or_default(),
        (Kind::Switch, Value::Bool(on)) => if *on { "on" } else { "off" }.to_owned(),
        (Kind::Lines, _) => texts().collect::<Vec<_>>().join("\n"),
        (Kind::SomeOf(_), _) => texts().collect::<Vec<_>>().join(", "),
        (Kind::Json, value) => serde_json::to_string_pretty(value).unwrap_or_default(),
        (_, value) => value.to_string(),
    }
}

/// What was typed, as a merge patch. What cannot be read is carried as the text it is, so that it is shown again.
pub fn sent(groups: &[Group], form: &Fields) -> (Object, Wrong) {
    let mut wrong = Vec::new();
    let mut patch = Object::new();
    for setting in all(groups) {
        let name = setting.name;
        let value = match read(setting.kind, name, form) {
            Ok(value) => value,
            Err(told) => {
                wrong.push((name, told));
                if matches!(setting.kind, Kind::Duration) {
                    duration::typed(form, name)
                } else {
                    form.field(name).into()
                }
            }
        };
        patch.insert(name.to_owned(), value);
    }
    (patch, Wrong::unreadable(wrong))
}

fn read(kind: Kind, name: &str, form: &Fields) -> Result<Value, &'static str> {
    // What is not ticked is not sent; everything else is. A form that lacks it must set nothing back to its default.
    if !matches!(kind, Kind::Switch | Kind::SomeOf(_)) && !form.ticked(name) {
        return Err("Was not sent with the form; open the page anew.");
    }
    let given = form.given(name);
    Ok(match kind {
        Kind::Switch => form.ticked(name).into(),
        Kind::Number => match given.map(str::parse::<i64>) {
            None => Value::Null,
            Some(Ok(number)) => number.into(),
            Some(Err(_)) => return Err("Is not a whole number."),
        },
        Kind::Duration => duration::read(form, name)?.into(),
        Kind::Text => form.trimmed(name).into(),
        Kind::Lines => form.lines(name).into(),
        Kind::Line | Kind::OneOf(_) | Kind::Policy => given.into(),
        Kind::SomeOf(_) => form.all(name).into(),
        Kind::Json => match given.map(|text| crate::model::json::parse(text.as_bytes())) {
            None => Value::Null,
            Some(Ok(value)) => value,
            Some(Err(_)) => return Err("Is not JSON; look for a comma, a quote or a bracket too many or too few."),
        },
        Kind::ScopeRule => given.map_or_else(|| "self_registrable".into(), |listed| json!({ "listed": listed })),
        Kind::DefaultMethod(_) => match given {
            Some(rule @ ("by_application_type" | "by_redirect_kind")) => rule.into(),
            Some(method) => json!({ "fixed": method }),
            None => Value::Null,
        },
    })
}

/// What differs between what was typed and what is in force: label, typed, in force.
pub fn differences(groups: &[Group], typed_now: &Object, in_force: &Object) -> Vec<(String, String, String)> {
    let of = |values: &Object, setting: &Setting| typed(setting.kind, values.get(setting.name).unwrap_or(&Value::Null));
    let both = all(groups).map(|setting| (setting.title.to_owned(), of(typed_now, setting), of(in_force, setting)));
    both.filter(|(_, mine, theirs)| mine != theirs).collect()
}

/// What replaces a whole setting: a merge patch alone would merge objects.
pub fn replaced(current: &Object, patch: &Object) -> Object {
    let mut whole = current.clone();
    for (name, value) in patch {
        if value.is_null() {
            whole.remove(name);
        } else {
            whole.insert(name.clone(), value.clone());
        }
    }
    whole
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One setting of every kind.
    pub(in crate::admin::console) const GROUPS: &[Group] = &[Group {
        id: "g",
        title: "G",
        note: "",
        settings: &[
            plain("on", "On", "", Kind::Switch),
            plain("count", "Count", "", Kind::Number),
            plain("life", "Life", "", Kind::Duration),
            plain("hosts", "Hosts", "", Kind::Lines),
            plain("scopes", "Scopes", "", Kind::ScopeRule),
            plain("method", "Method", "", Kind::DefaultMethod(&[])),
            plain("more", "More", "", Kind::Json),
        ],
    }];

    #[test]
    fn what_is_typed_becomes_a_patch_and_back() {
        let form = Fields::parse(
            b"on=on&count=7&life=2&life_unit=days&hosts=a%0D%0Ab&scopes=x+y&method=none&more=%7B%22a%22%3A1%7D",
        );
        let (patch, wrong) = sent(GROUPS, &form);
        assert!(wrong.is_empty());
        let expected = json!({ "on": true, "count": 7, "life": 172_800, "hosts": ["a", "b"],
            "scopes": { "listed": "x y" }, "method": { "fixed": "none" }, "more": { "a": 1 } });
        assert_eq!(Value::Object(patch.clone()), expected);
        assert_eq!(differences(GROUPS, &patch, &patch), []);
        let (empty, wrong) = sent(GROUPS, &Fields::parse(b"count=&life=&hosts=&scopes=&method=&more="));
        assert!(wrong.is_empty());
        let differing = differences(GROUPS, &patch, &empty);
        assert_eq!((differing.len(), differing[2].1.as_str()), (7, "2 days"));
        assert_eq!(
            (&empty["on"], &empty["count"], &empty["scopes"]),
            (&json!(false), &json!(null), &json!("self_registrable"))
        );
    }

    #[test]
    fn a_form_that_lacks_a_field_sets_nothing_back() {
        let (_, wrong) = sent(GROUPS, &Fields::parse(b"life=&hosts=&scopes=&method=&more="));
        assert!(wrong.with("count").is_some() && wrong.with("hosts").is_none());
    }

    #[test]
    fn what_cannot_be_read_is_named_and_kept() {
        let (patch, wrong) = sent(GROUPS, &Fields::parse(b"count=many&life=long&life_unit=days&more=%7B"));
        assert!(["count", "life", "more"].iter().all(|name| wrong.with(name).is_some()));
        assert_eq!(
            (&patch["count"], &patch["life"], &patch["more"]),
            (&json!("many"), &json!("long days"), &json!("{"))
        );
    }
}
