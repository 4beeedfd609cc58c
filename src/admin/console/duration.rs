//! Spans of time as forms hold them: a number and a unit. The settings themselves are in seconds.

use serde_json::Value;

use super::fields::Fields;
use crate::pages::console::{Choice, DurationInput};

/// The units, and how many seconds each has.
const UNITS: [(&str, i64); 4] = [("seconds", 1), ("minutes", 60), ("hours", 3_600), ("days", 86_400)];

/// The unit of a field in which nothing stands yet.
const USUAL: &str = "hours";

/// The name that a field's unit is posted by.
fn unit_of(name: &str) -> String {
    format!("{name}_unit")
}

/// A number of seconds in the largest unit that divides it.
fn largest(seconds: i64) -> (i64, &'static str) {
    let whole = UNITS.iter().rev().find(|(_, length)| seconds != 0 && seconds % length == 0);
    whole.map_or((seconds, "seconds"), |(unit, length)| (seconds / length, *unit))
}

/// The same in words: `1 day`, `90 minutes`.
pub fn words(seconds: i64) -> String {
    let (count, unit) = largest(seconds);
    format!("{count} {}", if count == 1 { unit.trim_end_matches('s') } else { unit })
}

/// A sentence about seconds, with its numbers in words.
pub fn in_words(sentence: &str) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut after_number = false;
    for word in sentence.split(' ') {
        let bare = word.trim_end_matches(['.', ',', ';']);
        let stop = &word[bare.len()..];
        match (bare.parse(), told.last_mut()) {
            (Ok(seconds), _) => told.push(format!("{}{stop}", words(seconds))),
            (Err(_), Some(number)) if after_number && bare == "seconds" => number.push_str(stop),
            _ => told.push(word.to_owned()),
        }
        after_number = bare.parse::<i64>().is_ok();
    }
    told.join(" ")
}

/// The fields that show a value: seconds, or the number and the unit that were typed and could not be read.
pub fn input(value: &Value) -> DurationInput {
    let (number, unit) = match value {
        Value::String(typed) => typed.rsplit_once(' ').unwrap_or((typed, USUAL)),
        _ => ("", USUAL),
    };
    let (number, unit) = match value.as_i64().map(largest) {
        Some((count, unit)) => (count.to_string(), unit),
        None => (number.to_owned(), unit),
    };
    let choice = |(name, _): &(&str, i64)| Choice::new(*name, *name, *name == unit);
    DurationInput { number, units: UNITS.iter().map(choice).collect() }
}

/// What was typed, to be shown again as it is.
pub fn typed(form: &Fields, name: &str) -> Value {
    format!("{} {}", form.trimmed(name), form.given(&unit_of(name)).unwrap_or("seconds")).into()
}

/// The seconds that were typed; nothing typed is none. Without a unit the number is one of seconds.
pub fn read(form: &Fields, name: &str) -> Result<Option<i64>, &'static str> {
    let Some(number) = form.given(name) else { return Ok(None) };
    let unit = unit_of(name);
    let unit = form.given(&unit).unwrap_or("seconds");
    let length = UNITS.iter().find(|(known, _)| *known == unit).map(|(_, length)| *length);
    let seconds = number.parse::<i64>().ok().zip(length).and_then(|(number, length)| number.checked_mul(length));
    seconds.map(Some).ok_or("Is not a whole number.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_shown_in_the_largest_unit_that_divides_them() {
        for (seconds, shown) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (90, "90 seconds"),
            (3_600, "1 hour"),
            (5_400, "90 minutes"),
            (31_536_000, "365 days"),
            (-60, "-1 minutes"),
        ] {
            assert_eq!(words(seconds), shown);
        }
        let input = input(&Value::from(86_400));
        let units: Vec<_> = input.units.iter().filter(|unit| unit.chosen).map(|unit| unit.value.as_str()).collect();
        assert_eq!((input.number.as_str(), units), ("1", vec!["days"]));
    }

    #[test]
    fn a_number_and_a_unit_become_seconds_and_come_back() {
        for (form, seconds) in [
            ("a=5&a_unit=minutes", Ok(Some(300))),
            ("a=+1+&a_unit=days", Ok(Some(86_400))),
            ("a=7", Ok(Some(7))),
            ("a=&a_unit=days", Ok(None)),
            ("a=soon&a_unit=days", Err("Is not a whole number.")),
            ("a=1.5&a_unit=days", Err("Is not a whole number.")),
            ("a=1&a_unit=years", Err("Is not a whole number.")),
            ("a=9223372036854775807&a_unit=days", Err("Is not a whole number.")),
        ] {
            assert_eq!(read(&Fields::parse(form.as_bytes()), "a"), seconds, "{form}");
        }
        let again = input(&typed(&Fields::parse(b"a=very+soon&a_unit=days"), "a"));
        assert_eq!((again.number.as_str(), again.units[3].chosen), ("very soon", true));
    }

    #[test]
    fn sentences_about_seconds_say_spans() {
        for (said, told) in [
            ("Must be between 10 and 31536000 seconds.", "Must be between 10 seconds and 365 days."),
            ("Must be at least 0.", "Must be at least 0 seconds."),
            ("Must be between 1 and 86400 seconds; leave it out.", "Must be between 1 second and 1 day; leave it out."),
            ("Is a whole number of seconds.", "Is a whole number of seconds."),
        ] {
            assert_eq!(in_words(said), told);
        }
    }
}
