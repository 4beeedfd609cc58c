//! What is wrong with a form of settings, beside the fields that it is about.

use super::duration;
use super::respond::sentence;
use super::settings_form::{Group, Kind, all};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;

/// What is wrong with a form: with which settings, or with the whole.
#[derive(Debug, Default)]
pub struct Wrong(Vec<(Option<&'static str>, String)>);

impl Wrong {
    /// What a service refused, beside the field that it names; a failure of the server's own stays one.
    pub fn of(groups: &[Group], error: OAuthError) -> Result<Self, OAuthError> {
        if error.status >= 500 {
            return Err(error);
        }
        Ok(Self(vec![refusal(groups, &error.description)]))
    }

    /// What could not be read.
    pub fn unreadable(fields: Vec<(&'static str, &'static str)>) -> Self {
        Self(fields.into_iter().map(|(name, told)| (Some(name), told.to_owned())).collect())
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with a setting.
    pub fn with(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| *known == Some(name)).map(|(_, told)| told.clone())
    }

    /// What is wrong with the form as a whole.
    pub fn with_the_whole(&self) -> Option<String> {
        self.0.iter().find(|(known, _)| known.is_none()).map(|(_, told)| told.clone())
    }

    /// The same with everything that a check refuses: what it names is set back to what is in force, and the rest is
    /// checked on.
    #[must_use]
    pub fn and_all(
        self,
        groups: &[Group],
        (current, wanted): (&Object, &Object),
        check: impl Fn(&Object) -> Result<(), String>,
    ) -> Self {
        let Self(mut found) = self;
        let mut tried = wanted.clone();
        let set_back = |tried: &mut Object, name: &str| match current.get(name) {
            Some(value) => tried.insert(name.to_owned(), value.clone()),
            None => tried.remove(name),
        };
        for name in found.iter().filter_map(|(name, _)| *name) {
            set_back(&mut tried, name);
        }
        while let Err(refused) = check(&tried) {
            let (setting, told) = refusal(groups, &refused);
            let known = |name| found.iter().any(|(known, _)| *known == Some(name));
            let Some(name) = setting.filter(|name| !known(name)) else {
                // What no field can mend is told once nothing else is in the way.
                if found.is_empty() {
                    found.push((None, told));
                }
                break;
            };
            set_back(&mut tried, name);
            found.push((setting, told));
        }
        Self(found)
    }
}

/// What was refused: the setting that it begins with, and the words that stand beside its field.
fn refusal(groups: &[Group], description: &str) -> (Option<&'static str>, String) {
    let named = description.split([':', ' ', '.']).next().unwrap_or_default();
    let Some(setting) = all(groups).find(|setting| setting.name == named) else {
        return (None, sentence(description));
    };
    let rest = description[named.len()..].trim_start_matches([':', ' ', '.']);
    let told = sentence(rest);
    let is_time = matches!(setting.kind, Kind::Duration);
    (Some(setting.name), if is_time { duration::in_words(&told) } else { told })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::settings_form::tests::GROUPS;
    use super::*;

    #[test]
    fn what_is_refused_stands_beside_the_field_that_it_names() {
        let told = |description: &str| Wrong::of(GROUPS, OAuthError::invalid_request(description)).unwrap();
        let wrong = told("count must be at least 1 (rule count-least)");
        assert_eq!((wrong.with("count").as_deref(), wrong.with("life")), (Some("Must be at least 1."), None));
        assert_eq!(told("life: must be at least 60").with("life").as_deref(), Some("Must be at least 1 minute."));
        assert_eq!(told("hosts.x: is unknown").with("hosts").as_deref(), Some("X: is unknown."));
        assert_eq!(told("other_one: is wrong").with_the_whole().as_deref(), Some("Other one: is wrong."));
    }

    #[test]
    fn everything_that_is_wrong_is_found_at_once() {
        let object = |value: serde_json::Value| value.as_object().cloned().unwrap();
        let current = object(json!({ "count": 1, "hosts": [] }));
        let wanted = object(json!({ "count": 0, "life": "x days", "hosts": ["bad"] }));
        let check = |tried: &Object| {
            if tried.contains_key("life") {
                return Err("life: is no number".to_owned());
            }
            let (count, hosts) = (&tried["count"], &tried["hosts"]);
            (*count == 1).then_some(()).ok_or_else(|| "count must be at least 1".to_owned())?;
            (*hosts == json!([])).then_some(()).ok_or_else(|| "hosts: a/b is not a host".to_owned())
        };
        let wrong = Wrong::unreadable(vec![("life", "Is not a whole number.")]);
        let wrong = wrong.and_all(GROUPS, (&current, &wanted), check);
        assert_eq!(wrong.with("life").as_deref(), Some("Is not a whole number."));
        assert_eq!(wrong.with("count").as_deref(), Some("Must be at least 1."));
        assert_eq!(wrong.with("hosts").as_deref(), Some("a/b is not a host."));
        let whole = Wrong::default().and_all(GROUPS, (&current, &current), |_| Err("it cannot be".to_owned()));
        assert_eq!(whole.with_the_whole().as_deref(), Some("It cannot be."));
    }
}
