//! Times, values and lists as the console words them.

use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::model::flow_trace::{Outcome, Step};
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

/// A step of a login and how it ended, in words.
pub fn step(step: Step, outcome: Outcome) -> &'static str {
    match (step, outcome) {
        (Step::Discovery, Outcome::Refused) => "Metadata refused",
        (Step::Discovery, _) => "Metadata read",
        (Step::Registration, Outcome::Refused) => "Registration refused",
        (Step::Registration, _) => "Application registered",
        (Step::Authorize, Outcome::Refused) => "Authorization request refused",
        (Step::Authorize, _) => "Authorization request came",
        (Step::LoginPage, Outcome::Refused) => "Login page refused",
        (Step::LoginPage, _) => "Login page shown",
        (Step::Login, Outcome::Refused) => "Login refused",
        (Step::Login, _) => "Logged in",
        (Step::SignUp, Outcome::Refused) => "Sign-up refused",
        (Step::SignUp, _) => "Signed up",
        (Step::ConsentPage, Outcome::Refused) => "Consent page refused",
        (Step::ConsentPage, _) => "Consent page shown",
        (Step::Consent, Outcome::Refused) => "Consent refused",
        (Step::Consent, _) => "Consent given",
        (Step::Code, Outcome::Refused) => "Code refused",
        (Step::Code, _) => "Code sent to the application",
        (Step::Token, Outcome::Refused) => "Token request refused",
        (Step::Token, _) => "Token issued",
        (Step::Refresh, Outcome::Refused) => "Refresh refused",
        (Step::Refresh, _) => "Token refreshed",
    }
}

/// A detail of a step in words: its name, and its value.
pub fn fact(name: &str, told: &Value) -> (Claimed, Claimed) {
    let (name, said) = match (name, told) {
        ("pkce", Value::Bool(used)) => ("PKCE", if *used { "used" } else { "not used" }),
        ("logged_in", Value::Bool(before)) => ("Logged in before", if *before { "yes" } else { "no" }),
        ("over", Value::Bool(true)) => ("Login", "over already"),
        ("told", Value::String(whom)) if whom == "page" => ("Told to", "the person, on a page"),
        ("told", Value::String(whom)) if whom == "client" => ("Told to", "the application, by a redirect"),
        ("redirect_kind", Value::String(kind)) => match kind.as_str() {
            "loopback" => ("Redirects to", "a program on the person's machine"),
            "private_use" => ("Redirects to", "an app, by a scheme of its own"),
            _ => ("Redirects to", "a web address"),
        },
        ("redirect_uri", _) => ("Redirect URI", ""),
        ("redirect_uris", _) => ("Redirect URIs", ""),
        ("registered", _) => ("Registered redirect URIs", ""),
        ("scope", _) => ("Scopes", ""),
        ("resource", _) => ("For", ""),
        ("code_challenge_method", _) => ("PKCE method", ""),
        ("client_name", _) => ("Name", ""),
        ("token_endpoint_auth_method", _) => ("Proves who it is by", ""),
        ("registrant", _) => ("Registered by", ""),
        _ => return (title(name).into(), value(told)),
    };
    (name.into(), if said.is_empty() { value(told) } else { said.into() })
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
        for (name, told, words) in [
            ("pkce", json!(true), ("PKCE", "used")),
            ("told", json!("page"), ("Told to", "the person, on a page")),
            ("redirect_kind", json!("loopback"), ("Redirects to", "a program on the person's machine")),
            ("scope", json!("a b"), ("Scopes", "a b")),
            ("max_age", json!("5"), ("Max age", "5")),
        ] {
            let (name, told) = fact(name, &told);
            assert_eq!((name.as_str(), told.as_str()), words);
        }
    }
}
