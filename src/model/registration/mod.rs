//! The pure registration pipeline (RFC 7591, RFC 7592), from a body to a decision.
//!
//! # Design
//! A registration is four questions asked in turn, each in its own module, each answer a type that proves it:
//! what does the body say ([`normalize`]), does the specification allow it ([`rules`]), does this domain grant it
//! ([`policy`]), and, for an update, what does the registrant really want changed ([`merge`]). Whatever is refused,
//! dropped or supplied on the way becomes a [`findings::Finding`], so that every outcome can be explained.

pub mod drift;
pub mod findings;
pub mod fingerprint;
pub mod merge;
pub mod normalize;
pub mod policy;
pub mod record;
pub mod rules;
pub mod template;

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::findings::Refusal;
    use super::merge::{Known, Merged, merge};
    use super::normalize::{normalize, take_server_members};
    use super::policy::{Decision, Policy, PolicyInput, apply};
    use super::rules::testing::CONTEXT;
    use crate::model::client_metadata::ClientMetadata;
    use crate::model::json::{Object, parse_object};

    fn object(value: Value) -> Object {
        match value {
            Value::Object(members) => members,
            other => panic!("not an object: {other}"),
        }
    }

    fn decide(metadata: ClientMetadata, current: Option<&ClientMetadata>) -> Result<Decision, Refusal> {
        let verified = super::rules::check(metadata, &CONTEXT)?;
        apply(&Policy::gateway(), PolicyInput { verified, context: &CONTEXT, scopes: &[], current })
    }

    /// The whole answer to a registration: what is in force and what only the server sets.
    fn answer(metadata: &ClientMetadata) -> Object {
        let mut record = metadata.to_object();
        record.extend(object(json!({
            "client_id": "c1", "client_secret": "s1", "client_secret_expires_at": 0, "client_id_issued_at": 1,
            "registration_access_token": "rat_1", "registration_client_uri": "https://auth.example/r/oidc/register/c1"
        })));
        record
    }

    #[rstest]
    #[case(include_bytes!("../../../tests/fixtures/apim/browser.json"))]
    #[case(include_bytes!("../../../tests/fixtures/apim/web.json"))]
    #[case(include_bytes!("../../../tests/fixtures/apim/native.json"))]
    #[case(include_bytes!("../../../tests/fixtures/apim/backend_to_backend.json"))]
    #[case(include_bytes!("../../../tests/fixtures/mcp/vscode.json"))]
    fn our_answer_sent_back_changes_nothing(#[case] body: &[u8]) {
        let registered = normalize(parse_object(body).unwrap()).unwrap();
        let before = decide(registered.metadata, None).unwrap().metadata;
        let told = answer(&before);

        let mut echo = told.clone();
        take_server_members(&mut echo);
        let incoming = normalize(echo).unwrap();
        assert_eq!(incoming.findings, [], "all that we say may be said to us");

        let in_force = before.to_object();
        let known = Known { in_force: &in_force, asked: &registered.asked, told: &told };
        let Merged { members, changed, .. } = merge(known, &incoming.asked);
        assert!(changed.is_empty(), "{changed:?}");
        let after = decide(ClientMetadata::from_object(members).unwrap(), Some(&before)).unwrap();
        assert_eq!((after.metadata, after.findings), (before, vec![]));
    }

    #[test]
    fn a_machine_that_was_a_web_application_loses_what_followed_from_its_redirects() {
        let body = json!({"redirect_uris": ["https://a.example/"], "grant_types": ["authorization_code"]});
        let registered = normalize(object(body)).unwrap();
        let before = decide(registered.metadata, None).unwrap().metadata;
        let (in_force, told) = (before.to_object(), answer(&before));

        let incoming = normalize(object(json!({"grant_types": ["client_credentials"]}))).unwrap().asked;
        let merged = merge(Known { in_force: &in_force, asked: &registered.asked, told: &told }, &incoming);
        let after = decide(ClientMetadata::from_object(merged.members).unwrap(), Some(&before)).unwrap().metadata;
        assert_eq!((after.redirects().len(), after.response_types.as_deref()), (0, Some(&[][..])));
        assert_eq!(after.grant_types.as_deref(), Some(&["client_credentials".to_owned()][..]));
    }
}
