//! What the specifications allow a client to say about itself: a visible list of named rules.
//!
//! # Design
//! Each rule reads the whole metadata and reports what breaks it; none changes anything. All rules run, so that a
//! registrant learns of every mistake at once, and only [`check`] makes a [`VerifiedMetadata`].

mod algorithms;
mod authentication;
mod keys;
mod uris;

use super::findings::{Refusal, Report, accept};
use crate::model::client_metadata::ClientMetadata;

pub use authentication::assertion_algorithms;
pub(super) use authentication::certificate_subjects;
pub use keys::key_document_is_public;
pub use uris::sector_document_covers;

/// The grants a client may register for. The token endpoint may serve fewer.
pub const REGISTRABLE_GRANTS: &[&str] = &["authorization_code", "refresh_token", "client_credentials"];

/// What this server offers; the tables stand with the code that serves them.
#[derive(Debug, Clone, Copy)]
pub struct RuleContext<'a> {
    /// The grants a client may register for.
    pub grant_types: &'a [&'a str],
    /// The ways a client may authenticate at the token endpoint.
    pub auth_methods: &'a [&'a str],
    /// The algorithms that the server signs with, the default first.
    pub signing_algorithms: &'a [&'a str],
}

/// Metadata that breaks no rule.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedMetadata(ClientMetadata);

impl VerifiedMetadata {
    /// The metadata.
    pub fn metadata(&self) -> &ClientMetadata {
        &self.0
    }

    /// The metadata, to be changed; it must be checked again afterwards.
    pub fn into_inner(self) -> ClientMetadata {
        self.0
    }
}

type Rule = fn(&ClientMetadata, &RuleContext, &mut Report);

/// The rules in the order in which their findings are told: the first refusal decides the error code.
const RULES: &[(&str, Rule)] = &[
    ("redirect-uri", uris::redirect_uris),
    ("post-logout-redirect-uri", uris::post_logout_redirect_uris),
    ("web-uri", uris::web_uris),
    ("secure-uri", uris::secure_uris),
    ("request-uri", uris::request_uris),
    ("contact", uris::contacts),
    ("sector-identifier", uris::sector_identifier),
    ("subject-type", authentication::subject_type),
    ("max-age", authentication::default_max_age),
    ("auth-method", authentication::auth_method),
    ("auth-method-keys", authentication::auth_method_keys),
    ("assertion-algorithm", authentication::assertion_algorithm),
    ("certificate-subject", authentication::certificate_subject),
    ("one-key-source", keys::one_source),
    ("public-keys", keys::public_keys),
    ("signing-algorithm", algorithms::signing),
    ("encryption-algorithm", algorithms::encryption),
];

/// Holds the metadata against every rule.
pub fn check(metadata: ClientMetadata, context: &RuleContext) -> Result<VerifiedMetadata, Refusal> {
    let mut findings = Vec::new();
    for (name, rule) in RULES {
        rule(&metadata, context, &mut Report::new(name, &mut findings));
    }
    accept(findings)?;
    Ok(VerifiedMetadata(metadata))
}

#[cfg(test)]
pub(crate) mod testing {
    //! What tests of rules and policies share.

    use serde_json::Value;

    use super::*;

    /// What a full server offers.
    pub(crate) const CONTEXT: RuleContext = RuleContext {
        grant_types: REGISTRABLE_GRANTS,
        auth_methods: &["client_secret_basic", "client_secret_post", "private_key_jwt", "client_secret_jwt", "none"],
        signing_algorithms: &["RS256", "ES256"],
    };

    pub(crate) fn metadata(value: Value) -> ClientMetadata {
        serde_json::from_value(value).unwrap()
    }

    /// What is refused, as `rule member: explanation`.
    pub(crate) fn refused(value: Value) -> Vec<String> {
        let Err(refusal) = check(metadata(value), &CONTEXT) else { return Vec::new() };
        refusal.findings.iter().map(|f| format!("{} {}: {}", f.rule, f.member, f.explanation)).collect()
    }

    /// Asserts that exactly one rule refuses, and that what it says begins with `says`.
    pub(crate) fn assert_refused(value: Value, says: &str) {
        let shown = value.to_string();
        let refused = refused(value);
        assert!(refused.len() == 1 && refused[0].starts_with(says), "{shown}: {refused:?}");
    }

    pub(crate) fn assert_accepted(value: Value) {
        let shown = value.to_string();
        assert_eq!(refused(value), [""; 0], "{shown}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::testing::*;
    use super::*;
    use crate::model::registration::findings::ErrorCode;

    #[test]
    fn every_mistake_is_told_at_once_and_redirect_uris_come_first() {
        let wrong = json!({"jwks": {}, "contacts": ["nobody"], "redirect_uris": ["http://a.example/", "x"]});
        let refusal = check(metadata(wrong), &CONTEXT).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::InvalidRedirectUri);
        let members: Vec<&str> = refusal.findings.iter().map(|finding| finding.member.as_str()).collect();
        assert_eq!(members, ["redirect_uris", "redirect_uris", "contacts", "jwks"]);
    }

    #[test]
    fn rules_have_names_of_their_own() {
        for (index, (name, _)) in RULES.iter().enumerate() {
            assert!(RULES[index + 1..].iter().all(|(other, _)| other != name), "{name}");
        }
    }

    #[test]
    fn checked_metadata_is_what_was_given() {
        let given = metadata(json!({"client_name": "Shop", "x": {"y": 1}}));
        assert_eq!(check(given.clone(), &CONTEXT).unwrap().metadata(), &given);
    }
}
