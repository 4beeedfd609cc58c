//! Times, values and lists as the console words them.

use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::pages::Claimed;

/// A span of time in its largest whole unit: `90 days`, `10 minutes`.
pub fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        seconds if seconds >= 2 * 86_400 => (seconds / 86_400, "day"),
        seconds if seconds >= 2 * 3_600 => (seconds / 3_600, "hour"),
        seconds if seconds >= 120 => (seconds / 60, "minute"),
        seconds => (seconds, "second"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// A path with the parameters that have a value.
pub fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A value of a detail as a page shows it: texts and lists of texts in their own words, anything else as JSON.
pub fn value(value: &Value) -> Claimed {
    match value {
        Value::String(text) => Claimed::long(text),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            Claimed::long(&items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
        }
        other => Claimed::long(&other.to_string()),
    }
}

/// The name of a member or a step in words: `login_page` becomes `Login page`.
pub fn title(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map(char::to_uppercase).into_iter().flatten().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_and_values_are_put_in_words() {
        for (seconds, words) in
            [(7_776_000, "90 days"), (86_400, "24 hours"), (600, "10 minutes"), (60, "60 seconds"), (1, "1 second")]
        {
            assert_eq!(span(seconds), words);
        }
        assert_eq!(title("login_page"), "Login page");
        assert_eq!(value(&json!(["a", "b"])).as_str(), "a, b");
        assert_eq!(value(&json!({ "a": 1 })).as_str(), r#"{"a":1}"#);
        assert_eq!(with_query("/x", &[("a", "1 &"), ("b", "")]), "/x?a=1+%26");
        assert_eq!(with_query("/x", &[("b", "")]), "/x");
    }
}
