//! Rules about how a client authenticates and what it may ask of a login (RFC 7591 §2, RFC 8705 §2, OIDC Core §9).

use super::RuleContext;
use crate::model::client_metadata::ClientMetadata;
use crate::model::registration::findings::Report;
use crate::model::scope::printable;

/// The methods that the specifications define (RFC 7591 §2, OIDC Core §9, RFC 8705 §2).
const KNOWN_METHODS: &[&str] = &[
    "none",
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
];

/// The algorithms of the client assertions that a method uses, the usual one first (RFC 7518 §3.1, RFC 8037 §3.1); none
/// for the methods without. A secret has the length that HS256 needs, not more (RFC 7518 §3.2).
pub fn assertion_algorithms(method: &str) -> &'static [&'static str] {
    match method {
        "private_key_jwt" => &["RS256", "PS256", "ES256", "EdDSA"],
        "client_secret_jwt" => &["HS256"],
        _ => &[],
    }
}

/// Subjects are public or pairwise (OIDC Core §8).
pub(super) fn subject_type(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    if let Some(other) = metadata.subject_type.as_deref().filter(|name| !["public", "pairwise"].contains(name)) {
        report.refuse("subject_type", format!("'{}' is unknown; use public or pairwise", printable(other)));
    }
}

/// An age is not negative (OIDC Registration §2).
pub(super) fn default_max_age(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    if metadata.default_max_age.is_some_and(|age| age < 0) {
        report.refuse("default_max_age", "is negative; use a number of seconds from 0 up");
    }
}

/// The method is one that the specifications define; whether it is offered is the policy's question.
pub(super) fn auth_method(metadata: &ClientMetadata, context: &RuleContext, report: &mut Report) {
    let Some(method) = metadata.token_endpoint_auth_method.as_deref() else { return };
    if !KNOWN_METHODS.contains(&method) {
        let offered = context.auth_methods.join(", ");
        report
            .refuse("token_endpoint_auth_method", format!("'{}' is unknown; use one of {offered}", printable(method)));
    }
}

/// A client that proves possession of a key registers it (OIDC Core §9, RFC 8705 §2.2.2).
pub(super) fn auth_method_keys(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    let method = metadata.token_endpoint_auth_method.as_deref().unwrap_or_default();
    let needs_keys = ["private_key_jwt", "self_signed_tls_client_auth"].contains(&method);
    if needs_keys && metadata.jwks.is_none() && metadata.jwks_uri.is_none() {
        report.refuse("token_endpoint_auth_method", format!("{method} needs the client's keys; add jwks or jwks_uri"));
    }
}

/// An assertion is signed with an algorithm of its method (OIDC Registration §2).
pub(super) fn assertion_algorithm(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    let offered = assertion_algorithms(metadata.token_endpoint_auth_method.as_deref().unwrap_or_default());
    let named = metadata.token_endpoint_auth_signing_alg.as_deref();
    if let Some(other) = named.filter(|named| *named != "none" && !offered.is_empty() && !offered.contains(named)) {
        let method = metadata.token_endpoint_auth_method.as_deref().unwrap_or_default();
        let problem = format!("'{}' does not go with {method}; use one of {}", printable(other), offered.join(", "));
        report.refuse("token_endpoint_auth_signing_alg", problem);
    }
}

/// A certificate is recognised by exactly one of its names (RFC 8705 §2.1.2).
pub(super) fn certificate_subject(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    let by_certificate = metadata.token_endpoint_auth_method.as_deref() == Some("tls_client_auth");
    if by_certificate && certificate_subjects(metadata) != 1 {
        report.refuse(
            "token_endpoint_auth_method",
            "tls_client_auth needs exactly one of tls_client_auth_subject_dn, _san_dns, _san_uri, _san_ip, _san_email",
        );
    }
}

/// How many names of its certificate the client gives.
pub fn certificate_subjects(metadata: &ClientMetadata) -> usize {
    let subjects = [
        &metadata.tls_client_auth_subject_dn,
        &metadata.tls_client_auth_san_dns,
        &metadata.tls_client_auth_san_uri,
        &metadata.tls_client_auth_san_ip,
        &metadata.tls_client_auth_san_email,
    ];
    subjects.into_iter().flatten().count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::*;

    #[test]
    fn subjects_are_public_or_pairwise() {
        assert_accepted(json!({"subject_type": "public"}));
        assert_refused(json!({"subject_type": "private"}), "subject-type subject_type: 'private' is unknown");
    }

    #[test]
    fn a_negative_age_is_refused() {
        assert_accepted(json!({"default_max_age": 0}));
        assert_refused(json!({"default_max_age": -1}), "max-age default_max_age: is negative");
    }

    #[test]
    fn a_method_that_no_specification_defines_is_refused_with_those_offered() {
        assert_refused(
            json!({"token_endpoint_auth_method": "magic"}),
            "auth-method token_endpoint_auth_method: 'magic' is unknown; use one of client_secret_basic,",
        );
        assert_accepted(json!({"token_endpoint_auth_method": "client_secret_jwt"}));
    }

    #[test]
    fn a_client_that_proves_a_key_registers_it() {
        for method in ["private_key_jwt", "self_signed_tls_client_auth"] {
            assert_refused(
                json!({"token_endpoint_auth_method": method}),
                &format!("auth-method-keys token_endpoint_auth_method: {method} needs the client's keys"),
            );
            assert_accepted(json!({"token_endpoint_auth_method": method, "jwks_uri": "https://a.example/jwks"}));
        }
    }

    #[test]
    fn an_assertion_is_signed_with_an_algorithm_of_its_method() {
        let by_key = |alg: &str| {
            json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://a.example/jwks",
                   "token_endpoint_auth_signing_alg": alg})
        };
        let rule = "assertion-algorithm token_endpoint_auth_signing_alg:";
        for good in ["RS256", "PS256", "ES256", "EdDSA"] {
            assert_accepted(by_key(good));
        }
        for bad in ["HS256", "RS512", "ES384"] {
            assert_refused(by_key(bad), &format!("{rule} '{bad}' does not go with private_key_jwt; use one of RS256,"));
        }
        let by_secret = |alg: &str| json!({"token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": alg});
        assert_accepted(by_secret("HS256"));
        for bad in ["RS256", "HS512"] {
            assert_refused(
                by_secret(bad),
                &format!("{rule} '{bad}' does not go with client_secret_jwt; use one of HS256"),
            );
        }
    }

    #[test]
    fn a_certificate_is_recognised_by_exactly_one_name() {
        let rule = "certificate-subject token_endpoint_auth_method:";
        assert_refused(json!({"token_endpoint_auth_method": "tls_client_auth"}), rule);
        assert_refused(
            json!({
                "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "a.example",
                "tls_client_auth_san_ip": "192.0.2.1"
            }),
            rule,
        );
        assert_accepted(
            json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "a.example"}),
        );
    }
}
