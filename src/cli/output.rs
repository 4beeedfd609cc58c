//! How results are printed: aligned text for people, or one JSON document.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};

use serde_json::Value;

use crate::model::time::UnixTime;

/// Prints a result on stdout: as JSON if asked for, else what `text` makes of it.
pub fn print(json: bool, value: &Value, text: impl FnOnce() -> String) -> anyhow::Result<()> {
    let text = if json { serde_json::to_string_pretty(value)? } else { text() };
    line(text.trim_end())
}

/// Prints a line on stdout. A reader that went away is no error.
pub fn line(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Rows under their headings, each column as wide as its widest cell.
pub fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let mut add = |cells: &[&str; N]| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    add(&headings);
    for row in rows {
        add(&std::array::from_fn(|at| row[at].as_str()));
    }
    text
}

/// Names and values, one line each, the values aligned.
pub fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let pairs: Vec<(&str, String)> = pairs.into_iter().collect();
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in pairs {
        let _ = writeln!(text, "{name:<width$}  {value}");
    }
    text
}

/// The members of a JSON object as pairs, indented.
pub fn members(object: &Value) -> String {
    let Value::Object(members) = object else { return String::new() };
    let lines = pairs(members.iter().map(|(name, value)| (name.as_str(), plain(value))));
    lines.lines().fold(String::new(), |text, line| text + "  " + line + "\n")
}

/// A JSON value as people write it.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

/// A time in UTC (RFC 3339).
pub fn time(at: UnixTime) -> String {
    let (days, rest) = (at.0.div_euclid(86_400), at.0.rem_euclid(86_400));
    // Days to a date, with years that begin in March, so that the leap day is the last one.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// A time that may be absent.
pub fn time_or(at: Option<UnixTime>, absent: &str) -> String {
    at.map_or_else(|| absent.to_owned(), time)
}

/// A time as the API tells it.
pub fn when(at: &Value, absent: &str) -> String {
    time_or(at.as_i64().map(UnixTime), absent)
}

/// A text as the API tells it; empty where there is none.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_305_600, "2026-11-22T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(time(UnixTime(seconds)), text);
        }
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [["a".to_owned(), "long cell".to_owned()], ["longer".to_owned(), String::new()]];
        assert_eq!(table(["ID", "X"], &rows), "ID      X\na       long cell\nlonger\n");
    }
}
