//! Values on the command line: `name=value` assignments, durations, files.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use serde::Serialize;
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

/// The settings with new values. A value is a JSON or TOML scalar or list, or plain text; nothing after `=` sets a
/// setting back to its default. An unknown name is refused with the names there are.
pub fn assign<T: Serialize + DeserializeOwned>(current: &T, assignments: &[Assignment]) -> anyhow::Result<T> {
    let Value::Object(mut members) = serde_json::to_value(current)? else { bail!("settings are an object") };
    for (name, text) in assignments {
        let fits = |value: &Value| typed::<T>(&Object::from_iter([(name.clone(), value.clone())]));
        if text.is_empty() {
            match fits(&Value::Null) {
                Err(problem) if problem.starts_with("unknown field") => bail!("{problem}"),
                _ => members.remove(name),
            };
            continue;
        }
        let value = first_that(text, |value| fits(value).map(drop))?;
        members.insert(name.clone(), value);
    }
    typed(&members).map_err(|problem| anyhow!(problem))
}

/// Metadata with new values, in the same notation; nothing after `=`, or null, takes a member away.
pub fn assign_metadata(members: &mut Object, assignments: &[Assignment]) -> anyhow::Result<()> {
    for (name, text) in assignments {
        let fits = |value: &Value| {
            let alone = Object::from_iter([(name.clone(), value.clone())]);
            let explain = |findings: Vec<crate::model::registration::findings::Finding>| {
                findings.first().map_or_else(String::new, |first| format!("{name}: {}", first.explanation))
            };
            ClientMetadata::from_object(alone).map(drop).map_err(explain)
        };
        if text.is_empty() || text == "null" {
            members.remove(name);
        } else {
            let value = first_that(text, fits)?;
            members.insert(name.clone(), value);
        }
    }
    Ok(())
}

/// Profile claims with new values, in the same notation; nothing after `=` takes a claim away.
pub fn assign_claims(claims: &mut UserClaims, assignments: &[Assignment]) -> anyhow::Result<()> {
    for (name, text) in assignments {
        if text.is_empty() {
            claims.0.remove(name);
            continue;
        }
        let fits = |value: &Value| UserClaims(Object::from_iter([(name.clone(), value.clone())])).check();
        let value = first_that(text, fits)?;
        claims.0.insert(name.clone(), value);
    }
    Ok(())
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
    use super::*;
    use crate::model::domain::DomainSettings;

    fn assigned(text: &str) -> anyhow::Result<DomainSettings> {
        assign(&DomainSettings::default(), &[assignment(text).unwrap()])
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
