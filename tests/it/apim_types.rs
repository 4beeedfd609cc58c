//! Gravitee APIM's registration client as a library: what its parser takes, what it stores, what it sends back.
//!
//! An answer that passes here is one that the gateway can live with. Where the observed behaviour is silent, the stricter
//! reading is taken.

use serde_json::{Map, Value, json};

/// What a column of the gateway's SQL back ends holds of one record.
pub const STORED_LIMIT: usize = 4_000;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Texts,
    Integer,
    /// A primitive: null and absent become 0.
    Long,
    Boolean,
    /// A primitive: null and absent become false.
    Flag,
    Date,
}

/// Members that a registration request has too.
const REQUEST_MEMBERS: [(&str, Kind); 33] = [
    ("redirect_uris", Kind::Texts),
    ("response_types", Kind::Texts),
    ("grant_types", Kind::Texts),
    ("application_type", Kind::Text),
    ("contacts", Kind::Texts),
    ("client_name", Kind::Text),
    ("logo_uri", Kind::Text),
    ("client_uri", Kind::Text),
    ("policy_uri", Kind::Text),
    ("tos_uri", Kind::Text),
    ("jwks_uri", Kind::Text),
    ("sector_identifier_uri", Kind::Text),
    ("subject_type", Kind::Text),
    ("id_token_signed_response_alg", Kind::Text),
    ("id_token_encrypted_response_alg", Kind::Text),
    ("id_token_encrypted_response_enc", Kind::Text),
    ("userinfo_signed_response_alg", Kind::Text),
    ("userinfo_encrypted_response_alg", Kind::Text),
    ("userinfo_encrypted_response_enc", Kind::Text),
    ("request_object_signing_alg", Kind::Text),
    ("request_object_encryption_alg", Kind::Text),
    ("request_object_encryption_enc", Kind::Text),
    ("token_endpoint_auth_method", Kind::Text),
    ("token_endpoint_auth_signing_alg", Kind::Text),
    ("default_max_age", Kind::Integer),
    ("require_auth_time", Kind::Boolean),
    ("default_acr_values", Kind::Texts),
    ("initiate_login_uri", Kind::Text),
    ("request_uris", Kind::Texts),
    ("scope", Kind::Text),
    ("software_id", Kind::Text),
    ("software_version", Kind::Text),
    ("software_statement", Kind::Text),
];

/// Members that only an answer has; the last five are extensions of Gravitee Access Management.
const ANSWER_MEMBERS: [(&str, Kind); 11] = [
    ("client_id", Kind::Text),
    ("client_secret", Kind::Text),
    ("registration_access_token", Kind::Text),
    ("registration_client_uri", Kind::Text),
    ("client_id_issued_at", Kind::Date),
    ("client_secret_expires_at", Kind::Long),
    ("domain", Kind::Text),
    ("id", Kind::Text),
    ("enabled", Kind::Flag),
    ("created_at", Kind::Date),
    ("updated_at", Kind::Date),
];

/// What the gateway keeps of an answer: its known members, nulls included, nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct ApimRecord {
    members: Map<String, Value>,
}

/// Parses an answer as the gateway does; `Err` says which member would have failed the whole registration.
pub fn parse_like_apim(body: &Value) -> Result<ApimRecord, String> {
    let Value::Object(answer) = body else { return Err(format!("the body is not an object: {body}")) };
    let mut members = Map::new();
    for (name, kind) in REQUEST_MEMBERS.iter().chain(&ANSWER_MEMBERS) {
        let value =
            convert(*kind, answer.get(*name).unwrap_or(&Value::Null)).map_err(|why| format!("{name}: {why}"))?;
        members.insert((*name).to_owned(), value);
    }
    Ok(ApimRecord { members })
}

/// The same from the bytes of an answer: an empty body is an error, what follows the first value is not looked at.
pub fn parse_text_like_apim(body: &str) -> Result<ApimRecord, String> {
    let first = serde_json::Deserializer::from_str(body).into_iter::<Value>().next();
    parse_like_apim(&first.ok_or("the body is empty")?.map_err(|error| error.to_string())?)
}

impl ApimRecord {
    /// A member as it was stored; null if the answer lacked it.
    pub fn get(&self, name: &str) -> &Value {
        self.members.get(name).unwrap_or(&Value::Null)
    }

    /// The text that goes into the gateway's database.
    pub fn stored(&self) -> String {
        Value::Object(self.members.clone()).to_string()
    }

    /// Its length in characters, to be kept below [`STORED_LIMIT`].
    pub fn stored_size(&self) -> usize {
        self.stored().chars().count()
    }

    /// The body of the gateway's next PUT: what it last stored, overwritten by `overrides`.
    ///
    /// Nulls are left out, except `client_id`: that one is the caller's, so give it as null for a caller without it.
    /// `scope` is always one string, and left out when empty. `software_id` may be the empty string.
    pub fn put_body(&self, overrides: &Value) -> Value {
        let mut body = Map::new();
        for (name, _) in &REQUEST_MEMBERS {
            body.insert((*name).to_owned(), self.get(name).clone());
        }
        body.insert("client_id".to_owned(), self.get("client_id").clone());
        for (name, value) in overrides.as_object().into_iter().flatten() {
            body.insert(name.clone(), value.clone());
        }
        if let Some(Value::Array(scopes)) = body.get("scope") {
            let joined = scopes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
            body.insert("scope".to_owned(), json!(joined));
        }
        body.retain(|name, value| (!value.is_null() || name == "client_id") && !(name == "scope" && value == ""));
        Value::Object(body)
    }
}

/// A value as the gateway's parser turns it into the member's type.
fn convert(kind: Kind, value: &Value) -> Result<Value, String> {
    let refused = || Err(format!("{value} has the wrong type"));
    match (kind, value) {
        (Kind::Long, Value::Null) => Ok(json!(0)),
        (Kind::Flag, Value::Null) => Ok(json!(false)),
        (_, Value::Null) => Ok(Value::Null),
        (Kind::Text, Value::String(_)) | (Kind::Boolean | Kind::Flag, Value::Bool(_)) => Ok(value.clone()),
        (Kind::Text, Value::Number(_) | Value::Bool(_)) => Ok(json!(value.to_string())),
        (Kind::Texts, Value::Array(items)) => {
            items.iter().map(|item| convert(Kind::Text, item)).collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        (Kind::Integer | Kind::Long | Kind::Date, Value::Number(number)) if number.is_i64() => Ok(value.clone()),
        (Kind::Integer, Value::String(text)) if text.is_empty() => Ok(Value::Null),
        (Kind::Integer | Kind::Long, Value::String(text)) => {
            text.parse::<i64>().map_or_else(|_| refused(), |n| Ok(json!(n)))
        }
        (Kind::Date, Value::String(text)) => date(text).map_or_else(refused, |millis| Ok(json!(millis))),
        (Kind::Boolean | Kind::Flag, Value::String(text)) if text == "true" || text == "false" => {
            Ok(json!(text == "true"))
        }
        _ => refused(),
    }
}

/// Milliseconds of an integer in a string or of a date and time with `T`; the offset is not reckoned in.
fn date(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let (day, time) = text.split_once('T')?;
    let mut day = day.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (day.next()??, day.next()??, day.next()??);
    let mut clock = time.get(..8)?.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    // Days since 1970 by the Gregorian calendar, with years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

mod tests {
    use super::*;

    /// What becomes of one member of an answer.
    fn member(name: &str, value: &Value) -> Result<Value, String> {
        parse_like_apim(&json!({ name: value })).map(|record| record.get(name).clone())
    }

    fn accepted(name: &str, value: impl Into<Value>, stored: impl Into<Value>) {
        let value = value.into();
        assert_eq!(member(name, &value), Ok(stored.into()), "{name}: {value}");
    }

    fn fatal(name: &str, value: impl Into<Value>) {
        let value = value.into();
        assert!(member(name, &value).is_err(), "{name}: {value} should fail the registration");
    }

    #[test]
    fn client_id_issued_at_is_an_integer_or_a_date_but_no_fraction() {
        accepted("client_id_issued_at", json!(1_790_000_000), json!(1_790_000_000));
        accepted("client_id_issued_at", json!("1790000000"), json!(1_790_000_000));
        accepted("client_id_issued_at", json!("2026-01-02T03:04:05Z"), json!(1_767_323_045_000_i64));
        accepted("client_id_issued_at", Value::Null, Value::Null);
        fatal("client_id_issued_at", json!(1_790_000_000.5));
    }

    #[test]
    fn client_secret_expires_at_is_an_integer_and_no_date() {
        accepted("client_secret_expires_at", json!(0), json!(0));
        accepted("client_secret_expires_at", json!("1790000000"), json!(1_790_000_000));
        accepted("client_secret_expires_at", Value::Null, json!(0));
        fatal("client_secret_expires_at", json!("2026-01-02T03:04:05Z"));
    }

    #[test]
    fn extension_dates_need_their_t() {
        for name in ["created_at", "updated_at"] {
            accepted(name, json!(1_790_000_000_000_i64), json!(1_790_000_000_000_i64));
            accepted(name, json!("2026-01-02T03:04:05.123456Z"), json!(1_767_323_045_000_i64));
            accepted(name, json!("2026-01-02T03:04:05.123456789+00:00"), json!(1_767_323_045_000_i64));
            fatal(name, json!("2026-01-02 03:04:05"));
        }
    }

    #[test]
    fn enabled_is_a_boolean_or_the_text_of_one() {
        accepted("enabled", json!(true), json!(true));
        accepted("enabled", json!("true"), json!(true));
        fatal("enabled", json!({}));
    }

    #[test]
    fn domain_and_id_are_strings_or_numbers() {
        for name in ["domain", "id"] {
            accepted(name, json!("main"), json!("main"));
            accepted(name, json!(7), json!("7"));
            fatal(name, json!({ "name": "main" }));
        }
    }

    #[test]
    fn scope_is_a_string_and_no_array() {
        accepted("scope", json!("a b"), json!("a b"));
        accepted("scope", json!(""), json!(""));
        accepted("scope", Value::Null, Value::Null);
        fatal("scope", json!(["a", "b"]));
    }

    #[test]
    fn lists_are_arrays_and_no_bare_string() {
        for (name, _) in REQUEST_MEMBERS.iter().filter(|(_, kind)| *kind == Kind::Texts) {
            accepted(name, json!(["a"]), json!(["a"]));
            accepted(name, json!([]), json!([]));
            accepted(name, Value::Null, Value::Null);
            fatal(name, json!("a@b"));
        }
    }

    #[test]
    fn default_max_age_is_an_integer_a_numeric_string_or_empty() {
        accepted("default_max_age", json!(60), json!(60));
        accepted("default_max_age", json!("60"), json!(60));
        accepted("default_max_age", json!(""), Value::Null);
    }

    #[test]
    fn unknown_members_are_ignored_and_forgotten() {
        let record =
            parse_like_apim(&json!({ "client_id": "c", "jwks": { "keys": [] }, "tenant": 7 })).expect("it parses");
        assert!(!record.stored().contains("\"jwks\"") && !record.stored().contains("tenant"));
    }

    #[test]
    fn the_body_is_an_object_whatever_follows_it() {
        assert!(parse_text_like_apim("{\"client_id\":\"c\"} trailing garbage").is_ok());
        assert!(parse_text_like_apim("[]").is_err());
        assert!(parse_text_like_apim("").is_err());
    }

    #[test]
    fn an_empty_record_is_stored_in_1099_characters() {
        assert_eq!(parse_like_apim(&json!({})).expect("it parses").stored_size(), 1_099);
    }

    #[test]
    fn the_size_counts_what_is_stored_against_the_limit() {
        let uris: Vec<String> = (0..100).map(|n| format!("https://app.example.com/callback/{n}")).collect();
        let record = parse_like_apim(&json!({ "redirect_uris": uris })).expect("it parses");
        assert!(record.stored_size() > STORED_LIMIT);
    }

    #[test]
    fn a_put_echoes_what_was_stored_under_the_current_values() {
        let record = parse_like_apim(&json!({
            "client_id": "c", "client_secret": "s", "client_secret_expires_at": 0, "client_id_issued_at": 1,
            "registration_access_token": "rat_x", "registration_client_uri": "https://as.example.com/r/c",
            "client_name": "old", "redirect_uris": [], "scope": "a b", "application_type": "backend_to_backend",
            "tenant": "dropped", "policy_uri": "https://old.example.com",
        }))
        .expect("it parses");
        let overrides = json!({
            "client_name": "new", "software_id": "", "policy_uri": null, "metadata": { "organization": "org-77" },
        });
        let expected = json!({
            "client_id": "c", "client_name": "new", "redirect_uris": [], "scope": "a b",
            "application_type": "backend_to_backend", "software_id": "", "metadata": { "organization": "org-77" },
        });
        assert_eq!(record.put_body(&overrides), expected);
    }

    #[test]
    fn a_put_sends_scope_as_one_string_and_client_id_even_as_null() {
        let record = parse_like_apim(&json!({ "client_id": "c", "scope": "a" })).expect("it parses");
        assert_eq!(record.put_body(&json!({ "scope": ["x", "y"] })), json!({ "client_id": "c", "scope": "x y" }));
        assert_eq!(record.put_body(&json!({ "scope": "", "client_id": null })), json!({ "client_id": null }));
    }
}
