//! Values on the command line: `name=value` assignments, durations, files.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::model::client_metadata::ClientMetadata;
use crate::model::json::{Object, parse_object, typed};
use crate::model::secret::Secret;
use crate::model::user::UserClaims;

/// `name=value`, as it was written.
pub type Assignment = (String, String);

/// Splits `name=value`.
pub fn assignment(text: &str) -> Result<Assignment, String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// What assignments give a `T`: each name with its value, none where nothing stands after `=`. A value is a JSON or TOML
/// scalar or list, or plain text. An unknown name is refused with the names there are.
fn given<T: DeserializeOwned>(assignments: &[Assignment]) -> anyhow::Result<Vec<(String, Option<Value>)>> {
    let read = |(name, text): &Assignment| {
        let fits = |value: &Value| typed::<T>(&Object::from_iter([(name.clone(), value.clone())])).map(drop);
        if !text.is_empty() {
            return Ok((name.clone(), Some(first_that(text, fits)?)));
        }
        match fits(&Value::Null) {
            Err(problem) if problem.starts_with("unknown field") => Err(anyhow!(problem)),
            _ => Ok((name.clone(), None)),
        }
    };
    assignments.iter().map(read).collect()
}

/// The members of a `T` with new values; nothing after `=` takes a member away.
pub fn assign<T: DeserializeOwned>(members: &mut Object, assignments: &[Assignment]) -> anyhow::Result<()> {
    for (name, value) in given::<T>(assignments)? {
        match value {
            Some(value) => drop(members.insert(name, value)),
            None => drop(members.remove(&name)),
        }
    }
    Ok(())
}

/// The same as a merge patch (RFC 7396) of what is there: nothing after `=` is null, which sets back to the default.
pub fn patch_of<T: DeserializeOwned>(current: &Value, assignments: &[Assignment]) -> anyhow::Result<Object> {
    let given = given::<T>(assignments)?;
    Ok(given.into_iter().map(|(name, value)| replaced(current, name, value.unwrap_or_default())).collect())
}

/// The member of a merge patch that puts a value in the place of the one that is there.
fn replaced(current: &Value, name: String, value: Value) -> (String, Value) {
    let value = replacing(&current[&name], value);
    (name, value)
}

/// Members of objects that shall go are named: a merge patch leaves alone what it does not name.
fn replacing(before: &Value, after: Value) -> Value {
    let (Value::Object(before), Value::Object(mut after)) = (before, after.clone()) else { return after };
    for (name, old) in before {
        let new = after.remove(name).map_or(Value::Null, |new| replacing(old, new));
        after.insert(name.clone(), new);
    }
    Value::Object(after)
}

/// Metadata as a merge patch, in the same notation; nothing after `=`, or null, takes a member away.
pub fn metadata_patch(current: &Value, assignments: &[Assignment]) -> anyhow::Result<Object> {
    let mut patch = Object::new();
    for (name, text) in assignments {
        let fits = |value: &Value| {
            let alone = Object::from_iter([(name.clone(), value.clone())]);
            let explain = |findings: Vec<crate::model::registration::findings::Finding>| {
                findings.first().map_or_else(String::new, |first| format!("{name}: {}", first.explanation))
            };
            ClientMetadata::from_object(alone).map(drop).map_err(explain)
        };
        let value = if text.is_empty() || text == "null" { Value::Null } else { first_that(text, fits)? };
        patch.extend([replaced(current, name.clone(), value)]);
    }
    Ok(patch)
}

/// Profile claims as a merge patch, in the same notation; nothing after `=` takes a claim away.
pub fn claims_patch(current: &Value, assignments: &[Assignment]) -> anyhow::Result<Object> {
    let mut patch = Object::new();
    for (name, text) in assignments {
        let fits = |value: &Value| UserClaims(Object::from_iter([(name.clone(), value.clone())])).check();
        let value = if text.is_empty() { Value::Null } else { first_that(text, fits)? };
        patch.extend([replaced(current, name.clone(), value)]);
    }
    Ok(patch)
}

/// The first reading of a text that fits: JSON, TOML, plain text, a list with commas.
fn first_that(text: &str, fits: impl Fn(&Value) -> Result<(), String>) -> anyhow::Result<Value> {
    let json = serde_json::from_str(text).ok();
    let toml = || toml::from_str::<Object>(&format!("value = {text}")).ok()?.remove("value");
    let list = text.split(',').map(|item| Value::from(item.trim())).collect();
    let readings = [json.or_else(toml), Some(Value::from(text)), Some(Value::Array(list))];
    let mut problem = None;
    for reading in readings.into_iter().flatten() {
        match fits(&reading) {
            Ok(()) => return Ok(reading),
            Err(text) => problem = problem.or(Some(text)),
        }
    }
    Err(anyhow!(problem.unwrap_or_default()))
}

/// Seconds, or a number with `s`, `m`, `h` or `d`.
pub fn duration(text: &str) -> Result<i64, String> {
    let unit = |letter: char| match letter {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(3_600),
        'd' => Some(86_400),
        _ => None,
    };
    let last = text.chars().last().and_then(unit);
    let (number, factor) = match last {
        Some(factor) => (&text[..text.len() - 1], factor),
        None => (text, 1),
    };
    let number: Option<i64> = number.parse().ok().filter(|number| *number >= 0);
    number
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| "must be a number of seconds, or like 90s, 15m, 12h, 30d".to_owned())
}

/// Reads a file, or standard input where the name is `-`.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).context("standard input cannot be read")?;
    } else {
        bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    }
    Ok(bytes)
}

/// Reads a JSON object from a file or standard input, by the rules of a request's body.
pub fn read_object(path: &Path) -> anyhow::Result<Object> {
    parse_object(&read(path)?).map_err(|problem| anyhow!("{}: {problem}", path.display()))
}

/// Reads a secret from a file or standard input; the last line break does not count.
pub fn read_secret(path: &Path) -> anyhow::Result<Secret> {
    let text = String::from_utf8(read(path)?).map_err(|_| anyhow!("{} is not text", path.display()))?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::domain::DomainSettings;
    use crate::model::json::members;

    fn assigned(text: &str) -> anyhow::Result<DomainSettings> {
        let mut members = members(&DomainSettings::default());
        assign::<DomainSettings>(&mut members, &[assignment(text).unwrap()])?;
        Ok(typed(&members).unwrap())
    }

    #[test]
    fn a_patch_puts_a_whole_value_in_the_place_of_another() {
        let current = json!({"defaults": {"a": 1, "b": {"c": 2, "d": 3}}, "other": 4});
        let given = |text: &str| claims_patch(&current, &[assignment(text).unwrap()]);
        assert_eq!(given("name=").unwrap(), members(&json!({"name": null})));
        let (_, value) = replaced(&current, "defaults".to_owned(), json!({"b": {"c": 5}}));
        assert_eq!(value, json!({"a": null, "b": {"c": 5, "d": null}}));
        let mut whole = members(&current);
        crate::model::json::merge_patch(&mut whole, members(&json!({"defaults": value})));
        assert_eq!(Value::Object(whole), json!({"defaults": {"b": {"c": 5}}, "other": 4}));
        let patch = patch_of::<DomainSettings>(&Value::Null, &[assignment("registration=").unwrap()]).unwrap();
        assert_eq!(patch, members(&json!({"registration": null})));
    }

    #[test]
    fn values_are_read_as_the_setting_wants_them() {
        assert!(assigned("open_registration=true").unwrap().open_registration);
        assert_eq!(assigned("access_token_lifetime=60").unwrap().access_token_lifetime, 60);
        assert_eq!(assigned("gateway_policy=7").unwrap().gateway_policy, "7");
        for list in ["a.example,b.example", "[\"a.example\", \"b.example\"]", "['a.example', 'b.example']"] {
            let settings = assigned(&format!("blocked_redirect_hosts={list}")).unwrap();
            assert_eq!(settings.blocked_redirect_hosts, ["a.example", "b.example"]);
        }
        assert_eq!(assigned("blocked_redirect_hosts=").unwrap(), DomainSettings::default());
    }

    #[test]
    fn unknown_names_and_wrong_values_are_refused_by_name() {
        for wrong in ["open_registrations=true", "open_registrations="] {
            let text = assigned(wrong).unwrap_err().to_string();
            assert!(text.contains("open_registrations") && text.contains("`open_registration`"), "{text}");
        }
        assert!(assigned("open_registration=maybe").unwrap_err().to_string().starts_with("open_registration: "));
    }

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("15m", 900), ("12h", 43_200), ("30d", 2_592_000)] {
            assert_eq!(duration(text), Ok(seconds));
        }
        for wrong in ["", "d", "-1", "1w", "9999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
