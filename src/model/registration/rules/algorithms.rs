//! Rules about algorithms (RFC 7518 §3.1, §4.1, §5.1; OIDC Registration §2).

use serde_json::Value;

use super::RuleContext;
use crate::model::client_metadata::{ClientMetadata, ENCRYPTION_PAIRS};
use crate::model::registration::findings::Report;
use crate::model::scope::printable;

/// The signature algorithms that may stand in metadata (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2).
const SIGNATURES: &[&str] = &[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "HS256",
    "HS384", "HS512",
];

/// The key management algorithms that may stand in metadata (RFC 7518 §4.1).
const KEY_MANAGEMENT: &[&str] = &[
    "RSA-OAEP",
    "RSA-OAEP-256",
    "RSA-OAEP-384",
    "RSA-OAEP-512",
    "RSA1_5",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
    "A128KW",
    "A192KW",
    "A256KW",
    "A128GCMKW",
    "A192GCMKW",
    "A256GCMKW",
    "dir",
];

/// The content encryption algorithms that may stand in metadata (RFC 7518 §5.1).
const CONTENT_ENCRYPTION: &[&str] =
    &["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"];

/// What the server signs, it signs with an algorithm it offers; what it verifies uses one that is known. Unsigned
/// ID tokens, authorization responses and assertions are refused (OIDC Registration §2, JARM §3).
pub(super) fn signing(metadata: &ClientMetadata, context: &RuleContext, report: &mut Report) {
    let (offered, known) = (context.signing_algorithms, SIGNATURES);
    for (member, value, algorithms, unsigned) in [
        ("id_token_signed_response_alg", &metadata.id_token_signed_response_alg, offered, false),
        ("userinfo_signed_response_alg", &metadata.userinfo_signed_response_alg, offered, true),
        ("authorization_signed_response_alg", &metadata.authorization_signed_response_alg, offered, false),
        ("introspection_signed_response_alg", &metadata.introspection_signed_response_alg, offered, false),
        ("request_object_signing_alg", &metadata.request_object_signing_alg, known, true),
        ("token_endpoint_auth_signing_alg", &metadata.token_endpoint_auth_signing_alg, known, false),
    ] {
        match value.as_deref() {
            None => {}
            Some("none") if unsigned => {}
            Some("none") => report.refuse(member, "must not be none; leave it out or name a signature algorithm"),
            value => refuse_unless_in(algorithms, member, value, report),
        }
    }
}

/// Encryption names a way to make the key before it names a cipher (OIDC Registration §2).
pub(super) fn encryption(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    let members = metadata.to_object();
    let value = |name: &str| members.get(name).and_then(Value::as_str);
    for (alg, enc) in ENCRYPTION_PAIRS {
        refuse_unless_in(KEY_MANAGEMENT, alg, value(alg), report);
        refuse_unless_in(CONTENT_ENCRYPTION, enc, value(enc), report);
        if value(enc).is_some() && value(alg).is_none() {
            report.refuse(enc, format!("needs {alg} beside it; add that or leave both out"));
        }
    }
}

fn refuse_unless_in(algorithms: &[&str], member: &str, value: Option<&str>, report: &mut Report) {
    if let Some(other) = value.filter(|value| !algorithms.contains(value)) {
        let offered = algorithms.join(", ");
        report.refuse(member, format!("'{}' is not offered; use one of {offered}", printable(other)));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::super::testing::*;

    #[rstest]
    #[case("id_token_signed_response_alg", "none", "must not be none")]
    #[case("id_token_signed_response_alg", "PS512", "'PS512' is not offered; use one of RS256, ES256")]
    #[case("userinfo_signed_response_alg", "HS256", "'HS256' is not offered")]
    #[case("authorization_signed_response_alg", "none", "must not be none")]
    #[case("introspection_signed_response_alg", "none", "must not be none")]
    #[case("request_object_signing_alg", "RS1", "'RS1' is not offered")]
    #[case("token_endpoint_auth_signing_alg", "none", "must not be none")]
    fn these_signatures_are_refused(#[case] member: &str, #[case] algorithm: &str, #[case] says: &str) {
        assert_refused(json!({ member: algorithm }), &format!("signing-algorithm {member}: {says}"));
    }

    #[test]
    fn what_is_verified_takes_every_known_signature() {
        assert_accepted(json!({
            "id_token_signed_response_alg": "ES256", "userinfo_signed_response_alg": "none",
            "request_object_signing_alg": "none", "token_endpoint_auth_signing_alg": "PS512"
        }));
    }

    #[test]
    fn a_cipher_needs_a_way_to_make_its_key() {
        assert_accepted(json!({"id_token_encrypted_response_alg": "RSA-OAEP-256"}));
        assert_refused(
            json!({"userinfo_encrypted_response_enc": "A128GCM"}),
            "encryption-algorithm userinfo_encrypted_response_enc: needs userinfo_encrypted_response_alg beside it",
        );
        assert_refused(
            json!({"id_token_encrypted_response_alg": "ROT13"}),
            "encryption-algorithm id_token_encrypted_response_alg: 'ROT13' is not offered",
        );
    }
}
