//! Lenient in: what a registration body says (RFC 7591 §2), whatever way real clients write it.
//!
//! # Design
//! Empty means absent, a scope may be a list, numbers and flags may be text, and names that a registrant has no say
//! in are taken away and reported rather than refused: gateways echo whole records, and one refused member would
//! end the attempt. What stays is bounded, so that nothing downstream needs limits of its own.

use serde_json::Value;

use super::findings::{Finding, Outcome, Refusal, Report, accept};
use crate::model::client_metadata::{ClientMetadata, Kind, without_nothing};
use crate::model::json::Object;
use crate::model::scope::{ScopeSet, printable};

/// Members that only an answer carries (RFC 7591 §3.2.1, RFC 7592 §3).
pub const SERVER_MEMBERS: &[&str] = &[
    "client_id",
    "client_secret",
    "client_id_issued_at",
    "client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
];

/// Members that a gateway reads with a type of its own, so that no client may fill them.
const GATEWAY_MEMBERS: &[&str] = &["created_at", "domain", "enabled", "id", "updated_at"];

/// Members whose names promise what only an administrator gives.
const ADMINISTRATIVE_MEMBERS: &[&str] = &[
    "access_token_lifetime",
    "access_token_strategy",
    "may_introspect",
    "pkce_required",
    "policy",
    "registrant",
    "registrar",
    "reserved",
    "skip_consent",
    "skip_logout_consent",
    "status",
    "template",
    "trusted",
];

/// Members that would store a credential in clear, by name.
const CREDENTIAL_MEMBERS: &[&str] =
    &["api_key", "apikey", "authorization", "passphrase", "passwd", "password", "private_key", "secret", "token"];

/// Members that would store a credential in clear, by the end of their name.
const CREDENTIAL_ENDINGS: &[&str] =
    &["_api_key", "_passphrase", "_password", "_private_key", "_secret", "_secret_hash", "_token"];

/// How many members a body may have.
const MAX_MEMBERS: usize = 100;
/// How long a member's name may be, in bytes.
const MAX_NAME: usize = 128;
/// How many items an array may have.
const MAX_ITEMS: usize = 100;
/// How long a string may be, in bytes.
const MAX_TEXT: usize = 2048;
/// How long a software statement or a key set may be, in bytes.
const MAX_LARGE: usize = 16 * 1024;

/// A body as it was meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalized {
    /// What the registrant asked for, member by member.
    pub asked: Object,
    /// The same, typed.
    pub metadata: ClientMetadata,
    /// What was taken away.
    pub findings: Vec<Finding>,
    /// The software statement, if there is one; it stays a member as well (RFC 7591 §3.2.1).
    pub software_statement: Option<String>,
}

/// The members of an update that identify the client instead of describing it (RFC 7592 §2.2).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServerMembers {
    /// The `client_id`; null counts as absent.
    pub client_id: Option<Value>,
    /// The `client_secret`; null counts as absent.
    pub client_secret: Option<Value>,
}

/// Takes the members that only the server sets out of an update. Those it can compare with are handed back.
pub fn take_server_members(body: &mut Object) -> ServerMembers {
    let mut taken = ServerMembers::default();
    for name in SERVER_MEMBERS {
        let value = body.remove(*name).filter(|value| !is_nothing(value));
        match *name {
            "client_id" => taken.client_id = value,
            "client_secret" => taken.client_secret = value,
            _ => {}
        }
    }
    taken
}

/// Reads the body of a registration or of a full update.
pub fn normalize(body: Object) -> Result<Normalized, Refusal> {
    let (asked, mut findings) = read(body, lenient)?;
    let asked: Object = asked.into_iter().filter(|(_, value)| !is_nothing(value)).collect();
    match ClientMetadata::from_object(asked.clone()) {
        Ok(metadata) => {
            let software_statement = metadata.software_statement.clone();
            Ok(Normalized { asked, metadata, findings, software_statement })
        }
        Err(wrong) => {
            findings.extend(wrong);
            Err(Refusal::of(findings))
        }
    }
}

/// Reads a merge patch (RFC 7396): as [`normalize`], but a null stays, since it removes the member, and so does a
/// null inside an object; what else means absent becomes null. Types are checked once the patch is merged.
pub fn normalize_patch(body: Object) -> Result<(Object, Vec<Finding>), Refusal> {
    read(body, |name, value| match value {
        Value::Object(_) => value,
        _ => Some(lenient(name, value)).filter(|value| !is_nothing(value)).unwrap_or(Value::Null),
    })
}

/// Takes away what a registrant has no say in, checks the limits, and tidies each value that is left.
fn read(body: Object, tidy: impl Fn(&str, Value) -> Value) -> Result<(Object, Vec<Finding>), Refusal> {
    let mut findings = Vec::new();
    let kept = drop_reserved(body, &mut findings);
    check_limits(&kept, &mut Report::new("size-limit", &mut findings));
    let findings = accept(findings)?;
    let tidied = kept.into_iter().map(|(name, value)| {
        let value = tidy(&name, value);
        (name, value)
    });
    Ok((tidied.collect(), findings))
}

fn drop_reserved(body: Object, findings: &mut Vec<Finding>) -> Object {
    let mut kept = Object::new();
    for (name, value) in body {
        match reserved(&name) {
            None => {
                kept.insert(name, value);
            }
            Some(_) if is_nothing(&value) => {}
            Some((rule, why)) => {
                let explanation = format!("{why}; it was left out");
                Report::new(rule, findings).add(Outcome::Dropped, &printable(&name), explanation);
            }
        }
    }
    kept
}

/// The rule by which a registrant may not set this member, and the reason. A language tag does not change the name.
pub(super) fn reserved(name: &str) -> Option<(&'static str, &'static str)> {
    if Kind::of(name).is_some() {
        return None;
    }
    let name = name.split('#').next().unwrap_or(name).to_ascii_lowercase();
    let is_in = |list: &[&str]| list.contains(&name.as_str());
    if is_in(SERVER_MEMBERS) {
        Some(("server-member", "is set by the server"))
    } else if is_in(GATEWAY_MEMBERS) {
        Some(("gateway-member", "is a name that gateways use in their own records"))
    } else if is_in(ADMINISTRATIVE_MEMBERS) {
        Some(("administrative-member", "is set by an administrator"))
    } else if is_in(CREDENTIAL_MEMBERS) || CREDENTIAL_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        Some(("credential-member", "looks like a credential and is not stored"))
    } else if name.starts_with("error") {
        Some(("error-member", "belongs to an error answer"))
    } else {
        None
    }
}

/// Whether a value means that the member is absent.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Brings a value to the type its member has, where that can be done without guessing.
fn lenient(name: &str, value: Value) -> Value {
    let value = without_nothing(value).unwrap_or(Value::Null);
    let same_kind = match (Kind::of(name), &value) {
        (Some(Kind::Scope), Value::Array(items)) => scope_of(items.iter().map(Value::as_str)),
        (Some(Kind::Scope), Value::String(text)) => scope_of([Some(text.as_str())].into_iter()),
        (Some(Kind::Seconds), Value::String(text)) => text.trim().parse::<i64>().ok().map(Value::from),
        (Some(Kind::Flag), Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    };
    same_kind.unwrap_or(value)
}

/// The scopes of all texts as one string; `None` if an item is no text or breaks the grammar.
fn scope_of<'a>(mut texts: impl Iterator<Item = Option<&'a str>>) -> Option<Value> {
    let joined = texts.by_ref().collect::<Option<Vec<&str>>>()?.join(" ");
    ScopeSet::parse(&joined).ok().map(|scope| Value::String(scope.to_string()))
}

fn check_limits(members: &Object, report: &mut Report) {
    if members.len() > MAX_MEMBERS {
        report.refuse("client_metadata", format!("has more than {MAX_MEMBERS} members; leave some out"));
    }
    for (name, value) in members {
        let large = matches!(name.as_str(), "jwks" | "software_statement");
        let limit = if large { MAX_LARGE } else { MAX_TEXT };
        if let Some(problem) = too_large(name, value, limit) {
            report.refuse(&printable(name), problem);
        } else if name == "jwks" && value.to_string().len() > limit {
            report.refuse(name, format!("is longer than {limit} bytes; publish the keys at a jwks_uri"));
        }
    }
}

/// What about a member, at any depth, is larger than what is taken.
fn too_large(name: &str, value: &Value, limit: usize) -> Option<String> {
    if name.len() > MAX_NAME {
        return Some(format!("has a name longer than {MAX_NAME} bytes; shorten it"));
    }
    match value {
        Value::String(text) if text.len() > limit => {
            Some(format!("holds a string longer than {limit} bytes; shorten it"))
        }
        Value::Array(items) if items.len() > MAX_ITEMS => {
            Some(format!("holds more than {MAX_ITEMS} items; list fewer"))
        }
        Value::Array(items) => items.iter().find_map(|item| too_large("", item, limit)),
        Value::Object(members) => members.iter().find_map(|(name, value)| too_large(name, value, limit)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::super::findings::ErrorCode;
    use super::*;
    use crate::model::json::parse_object;

    fn object(value: Value) -> Object {
        match value {
            Value::Object(members) => members,
            other => panic!("not an object: {other}"),
        }
    }

    fn normalized(value: Value) -> Normalized {
        normalize(object(value)).unwrap()
    }

    fn refused(value: Value) -> String {
        normalize(object(value)).unwrap_err().description()
    }

    #[rstest]
    #[case(include_str!("../../../tests/fixtures/apim/browser.json"))]
    #[case(include_str!("../../../tests/fixtures/apim/web.json"))]
    #[case(include_str!("../../../tests/fixtures/apim/native.json"))]
    #[case(include_str!("../../../tests/fixtures/apim/backend_to_backend.json"))]
    #[case(include_str!("../../../tests/fixtures/mcp/vscode.json"))]
    fn the_bodies_of_real_clients_pass_without_a_finding(#[case] body: &str) {
        let normalized = normalize(parse_object(body.as_bytes()).unwrap()).unwrap();
        assert_eq!(normalized.findings, []);
        assert_eq!(normalized.metadata.to_object(), normalized.asked);
    }

    #[test]
    fn empty_means_absent_at_every_depth() {
        let normalized = normalized(json!({
            "scope": "", "contacts": [], "client_uri": null, "redirect_uris": ["", null], "client_name": "Shop",
            "metadata": {"organization": null, "unit": "", "list": [null, "x", ""], "empty": {}}
        }));
        assert_eq!(
            Value::Object(normalized.asked),
            json!({"client_name": "Shop", "metadata": {"list": ["x"], "empty": {}}})
        );
    }

    #[rstest]
    #[case(json!(["read", "write"]), json!("read write"))]
    #[case(json!(["read write", "read"]), json!("read write"))]
    #[case(json!("  read   read "), json!("read"))]
    fn a_scope_may_be_a_list_and_becomes_a_string(#[case] sent: Value, #[case] scope: Value) {
        assert_eq!(normalized(json!({ "scope": sent })).asked["scope"], scope);
    }

    #[rstest]
    #[case(json!("  "))]
    #[case(json!([""]))]
    #[case(json!([]))]
    fn a_scope_without_tokens_is_absent(#[case] sent: Value) {
        assert_eq!(normalized(json!({ "scope": sent })).asked, Object::new());
    }

    #[test]
    fn numbers_and_flags_may_be_text() {
        let sent = json!({"default_max_age": "3600", "require_auth_time": "True", "software_version": "2"});
        let expected = json!({"default_max_age": 3600, "require_auth_time": true, "software_version": "2"});
        assert_eq!(Value::Object(normalized(sent).asked), expected);
    }

    #[test]
    fn a_wrong_type_is_refused_by_member_and_expected_type() {
        assert_eq!(
            refused(json!({"contacts": "a@b.example", "client_name": ["x"], "scope": [1]})),
            "client_name: must be a string (rule member-type); also refused: scope, contacts"
        );
        assert!(refused(json!({"default_max_age": "soon"})).starts_with("default_max_age: must be a whole number"));
        let wrong = normalize(object(json!({"redirect_uris": "https://a.example/"}))).unwrap_err();
        assert_eq!(wrong.code, ErrorCode::InvalidRedirectUri);
    }

    #[test]
    fn names_a_registrant_has_no_say_in_are_dropped_and_reported() {
        let sent = json!({
            "client_id": "x", "client_secret": "y", "registration_access_token": "z", "id": 1, "enabled": true,
            "may_introspect": true, "trusted": true, "status": "active", "password": "p", "db_secret": "s",
            "vendor_token": "t", "client_secret#fr": "u", "error_description": "e", "domain": null, "tenant": "t7"
        });
        let normalized = normalized(sent);
        assert_eq!(Value::Object(normalized.asked), json!({"tenant": "t7"}));
        assert_eq!(normalized.findings.len(), 13, "null is not worth a report");
        assert!(normalized.findings.iter().all(|finding| finding.outcome == Outcome::Dropped));
        let rule = |name: &str| normalized.findings.iter().find(|finding| finding.member == name).unwrap().rule;
        assert_eq!(rule("client_id"), "server-member");
        assert_eq!(rule("enabled"), "gateway-member");
        assert_eq!(rule("trusted"), "administrative-member");
        assert_eq!(rule("db_secret"), "credential-member");
        assert_eq!(rule("error_description"), "error-member");
    }

    #[test]
    fn no_member_of_the_specifications_is_mistaken_for_a_reserved_one() {
        for member in crate::model::client_metadata::MEMBERS {
            assert_eq!(reserved(member.name), None);
        }
        assert_eq!(reserved("client_name#fr"), None);
    }

    #[test]
    fn the_statement_is_handed_out_and_stays_a_member() {
        let normalized = normalized(json!({"software_statement": "a.b.c"}));
        assert_eq!(normalized.software_statement.as_deref(), Some("a.b.c"));
        assert_eq!(normalized.asked["software_statement"], "a.b.c");
    }

    #[test]
    fn an_update_hands_out_the_members_that_identify_the_client() {
        let mut body = object(json!({
            "client_id": null, "client_secret": "s", "registration_client_uri": "https://a.example/", "client_name": "n"
        }));
        let taken = take_server_members(&mut body);
        assert_eq!(taken, ServerMembers { client_id: None, client_secret: Some(json!("s")) });
        assert_eq!(Value::Object(body), json!({"client_name": "n"}));
    }

    #[test]
    fn a_patch_keeps_its_nulls_and_what_is_empty_removes() {
        let sent = json!({"scope": ["a", "b"], "contacts": [], "tos_uri": null, "metadata": {"unit": null}, "id": 5});
        let (patch, findings) = normalize_patch(object(sent)).unwrap();
        let expected = json!({"scope": "a b", "contacts": null, "tos_uri": null, "metadata": {"unit": null}});
        assert_eq!((Value::Object(patch), findings.len()), (expected, 1));
    }

    #[rstest]
    #[case(json!({"client_name": "x".repeat(2049)}), "client_name: holds a string longer than 2048 bytes")]
    #[case(json!({"metadata": {"deep": ["x".repeat(2049)]}}), "metadata: holds a string longer")]
    #[case(json!({"redirect_uris": vec!["https://a.example/"; 101]}), "redirect_uris: holds more than 100 items")]
    #[case(json!({"software_statement": "x".repeat(16_385)}), "software_statement: holds a string longer than 16384")]
    #[case(json!({"jwks": {"keys": [{"n": "x".repeat(9000)}, {"n": "x".repeat(9000)}]}}), "jwks: is longer than 16384")]
    #[case(json!({"y".repeat(129): 1}), "yyy")]
    #[case(json!({"metadata": {"y".repeat(129): 1}}), "metadata: has a name longer than 128 bytes")]
    fn what_is_too_large_is_refused(#[case] sent: Value, #[case] says: &str) {
        let description = refused(sent);
        assert!(description.starts_with(says), "{description}");
    }

    #[test]
    fn the_number_of_members_is_bounded() {
        let many: Object = (0..=MAX_MEMBERS).map(|n| (format!("m{n}"), json!(n))).collect();
        assert!(normalize(many).unwrap_err().description().contains("more than 100 members"));
    }

    #[test]
    fn what_fits_is_taken() {
        normalized(json!({
            "software_statement": "x".repeat(16_384), "client_name": "\u{1f600}".repeat(512),
            "redirect_uris": vec!["https://a.example/"; 100]
        }));
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            Just(json!([])),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z ]{0,6}".prop_map(Value::from),
            prop::collection::vec(prop_oneof![Just(Value::Null), "[a-z ]{0,4}".prop_map(Value::from)], 0..3)
                .prop_map(Value::from),
            "[a-z]{0,2}".prop_map(|text| json!({"a": text, "b": null})),
        ]
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(
            members in prop::collection::btree_map(
                prop_oneof![
                    Just("scope"), Just("contacts"), Just("default_max_age"), Just("require_auth_time"), Just("jwks"),
                    Just("client_name"), Just("client_id"), Just("x"), Just("x_token")
                ],
                any_value(),
                0..6,
            )
        ) {
            let body = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            if let Ok(once) = normalize(body) {
                let twice = normalize(once.asked.clone()).unwrap();
                prop_assert_eq!(&twice.asked, &once.asked);
                prop_assert_eq!(twice.findings, []);
                prop_assert_eq!(twice.metadata, once.metadata);
            }
        }
    }
}
