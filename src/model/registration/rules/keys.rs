//! Rules about the client's keys (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use std::collections::BTreeSet;

use serde_json::Value;

use super::RuleContext;
use crate::model::client_metadata::ClientMetadata;
use crate::model::json::Object;
use crate::model::registration::findings::{Refusal, Report, accept};

/// Members of private keys, and the value of a symmetric one (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
const PRIVATE_MEMBERS: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Keys come by value or by reference, not both (RFC 7591 §2).
pub(super) fn one_source(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    if metadata.jwks.is_some() && metadata.jwks_uri.is_some() {
        report.refuse("jwks", "stands beside jwks_uri; send one of the two");
    }
}

/// A key set holds well-formed public keys, each under a name of its own.
pub(super) fn public_keys(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    let Some(jwks) = &metadata.jwks else { return };
    let Some(keys) = jwks.get("keys").and_then(Value::as_array).filter(|keys| !keys.is_empty()) else {
        return report.refuse("jwks", "has no keys; send an object whose member keys is an array of public keys");
    };
    each_key("jwks", keys, report);
}

/// Whether the document at the client's `jwks_uri` is a set of public keys, as `jwks` would be; keys may follow later.
pub fn key_document_is_public(document: &Value) -> Result<(), Refusal> {
    let mut findings = Vec::new();
    let mut report = Report::new("key-document", &mut findings);
    match document.get("keys").and_then(Value::as_array) {
        Some(keys) => each_key("jwks_uri", keys, &mut report),
        None => report.refuse("jwks_uri", "does not lead to a key set (RFC 7517 section 5)"),
    }
    accept(findings).map(drop)
}

fn each_key(member: &str, keys: &[Value], report: &mut Report) {
    let mut names = BTreeSet::new();
    for (index, key) in keys.iter().enumerate() {
        let problem = match key.as_object() {
            None => Some("is not an object".to_owned()),
            Some(key) => key_problem(key),
        };
        if let Some(problem) = problem {
            report.refuse(member, format!("key {} {problem}", index + 1));
        }
        if key.get("kid").and_then(Value::as_str).is_some_and(|name| !names.insert(name)) {
            report.refuse(member, format!("key {} repeats a kid; give each key its own", index + 1));
        }
    }
}

fn key_problem(key: &Object) -> Option<String> {
    let Some(kty) = key.get("kty").and_then(Value::as_str) else {
        return Some("has no kty (RFC 7517 section 4.1)".to_owned());
    };
    if kty == "oct" {
        return Some("is symmetric; send public keys only".to_owned());
    }
    if let Some(member) = PRIVATE_MEMBERS.iter().find(|member| key.contains_key(**member)) {
        return Some(format!("holds the private member {member}; send its public part and replace the key"));
    }
    if key.get("kid").is_some_and(|kid| !kid.is_string()) {
        return Some("has a kid that is not a string".to_owned());
    }
    let required: &[&str] = match kty {
        "RSA" => &["n", "e"],
        "EC" => &["crv", "x", "y"],
        "OKP" => &["crv", "x"],
        // A type that a later specification defines is kept for whoever understands it.
        _ => &[],
    };
    let malformed = |member: &&&str| !key.get(**member).and_then(Value::as_str).is_some_and(is_base64url);
    required.iter().find(malformed).map(|member| format!("lacks a well-formed {member}, which {kty} keys need"))
}

/// Base64url without padding (RFC 7515 §2); the names of curves keep to the same alphabet.
fn is_base64url(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::super::testing::*;
    use super::*;

    #[test]
    fn public_keys_of_every_type_are_fine() {
        assert_accepted(json!({"jwks": {"keys": [
            {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "1", "use": "sig"},
            {"kty": "EC", "crv": "P-256", "x": "AA", "y": "BB", "kid": "2"},
            {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
            {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}
        ]}}));
    }

    #[test]
    fn keys_come_by_value_or_by_reference() {
        assert_refused(
            json!({"jwks": {"keys": [{"kty": "X"}]}, "jwks_uri": "https://a.example/jwks"}),
            "one-key-source jwks: stands beside jwks_uri",
        );
    }

    #[rstest]
    #[case(json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AA"}), "holds the private member d")]
    #[case(json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "BB", "d": "AA"}), "holds the private member d")]
    #[case(json!({"kty": "X", "k": "AA"}), "holds the private member k")]
    #[case(json!({"kty": "oct", "k": "AA"}), "is symmetric")]
    #[case(json!({"kty": "oct"}), "is symmetric")]
    #[case(json!({"n": "AQAB", "e": "AQAB"}), "has no kty")]
    #[case(json!({"kty": "RSA", "n": "AQAB"}), "lacks a well-formed e")]
    #[case(json!({"kty": "RSA", "n": "A+/=", "e": "AQAB"}), "lacks a well-formed n")]
    #[case(json!({"kty": "EC", "crv": "P-256", "x": "AA"}), "lacks a well-formed y")]
    #[case(json!({"kty": "OKP", "x": 5, "crv": "Ed25519"}), "lacks a well-formed x")]
    #[case(json!({"kty": "X", "kid": 7}), "has a kid that is not a string")]
    #[case(json!("key"), "is not an object")]
    fn no_other_key_is_taken(#[case] key: Value, #[case] says: &str) {
        let sound = json!({"kty": "X"});
        assert_refused(json!({"jwks": {"keys": [sound, key]}}), &format!("public-keys jwks: key 2 {says}"));
    }

    #[test]
    fn a_document_is_judged_like_keys_by_value() {
        key_document_is_public(&json!({"keys": []})).unwrap();
        key_document_is_public(&json!({"keys": [{"kty": "AKP"}]})).unwrap();
        for wrong in [json!([]), json!({"keys": {}}), json!({"keys": [{"kty": "oct"}]}), json!({"keys": ["x"]})] {
            let refusal = key_document_is_public(&wrong).unwrap_err();
            assert_eq!(refusal.findings[0].member, "jwks_uri", "{wrong}");
        }
    }

    #[test]
    fn a_set_has_keys_and_each_has_its_own_name() {
        for jwks in [json!({}), json!({"keys": []}), json!({"keys": {}}), json!({"kty": "RSA"})] {
            assert_refused(json!({ "jwks": jwks }), "public-keys jwks: has no keys");
        }
        let twice = json!({"keys": [{"kty": "X", "kid": "a"}, {"kty": "X", "kid": "a"}]});
        assert_refused(json!({ "jwks": twice }), "public-keys jwks: key 2 repeats a kid");
    }
}
