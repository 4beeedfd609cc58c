//! The application of a policy: default, narrow, repair or refuse, and say why.
//!
//! # Design
//! A list of named steps, each about one thing, in the order in which one depends on the other: grants before what
//! follows from them. What is in force already is never taken away by an update, item by item: a policy that became
//! stricter binds what is added. Whatever the steps made of the metadata passes the rules again.

use super::{PkceRule, Policy, authentication, grants, redirects, scopes, supplied};
use crate::model::client_metadata::ClientMetadata;
use crate::model::registration::findings::{Finding, Refusal, Report, accept};
use crate::model::registration::rules::{self, RuleContext, VerifiedMetadata};
use crate::model::scope::Scope;

/// What a policy is applied to.
#[derive(Debug, Clone)]
pub struct PolicyInput<'a> {
    /// The metadata asked for.
    pub verified: VerifiedMetadata,
    /// What this server offers.
    pub context: &'a RuleContext<'a>,
    /// The scopes of the domain.
    pub scopes: &'a [Scope],
    /// The metadata in force, for an update: what stands there stays, even where the policy no longer allows it.
    pub current: Option<&'a ClientMetadata>,
}

/// What a registration gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The complete metadata in force, every default written out.
    pub metadata: ClientMetadata,
    /// What was supplied, dropped or replaced, and by which rule.
    pub findings: Vec<Finding>,
    /// Whether the client must use PKCE with S256.
    pub pkce_required: bool,
}

type Step = fn(&mut Case, &mut Report);

const STEPS: &[(&str, Step)] = &[
    ("statement-required", supplied::statement_required),
    ("policy-fixed", supplied::policy_fixed),
    ("policy-default", supplied::policy_default),
    ("grant-default", grants::grant_default),
    ("grant-offered", grants::grant_offered),
    ("code-needs-its-grant", grants::code_needs_its_grant),
    ("some-grant", grants::some_grant),
    ("refresh-needs-code", grants::refresh_needs_code),
    ("response-types-follow-grants", grants::response_types_follow_grants),
    ("redirect-uris-required", redirects::redirect_uris_required),
    ("redirect-kind", redirects::redirect_kind),
    ("redirect-host", redirects::redirect_host),
    ("application-type", redirects::application_type),
    ("auth-method-default", authentication::auth_method_default),
    ("auth-method-offered", authentication::auth_method_offered),
    ("machine-authenticates", authentication::machine_authenticates),
    ("scope-registrable", scopes::scope_registrable),
    ("scope-default", scopes::scope_default),
    ("id-token-default", supplied::id_token_default),
    ("encryption-offered", supplied::encryption_offered),
    ("encryption-default", supplied::encryption_default),
];

/// Applies a policy to a registration or to an update.
pub fn apply(policy: &Policy, input: PolicyInput) -> Result<Decision, Refusal> {
    let PolicyInput { verified, context, scopes, current } = input;
    let mut case = Case { policy, context, scopes, current, metadata: verified.into_inner() };
    let mut findings = Vec::new();
    for (name, step) in STEPS {
        step(&mut case, &mut Report::new(name, &mut findings));
    }
    let findings = accept(findings)?;
    let metadata = rules::check(case.metadata, context)?.into_inner();
    let pkce_required = metadata.has_grant(CODE_GRANT)
        && match policy.require_pkce {
            PkceRule::AllClients => true,
            PkceRule::PublicClients => metadata.is_public(),
            PkceRule::None => false,
        };
    Ok(Decision { metadata, findings, pkce_required })
}

pub(super) const CODE_GRANT: &str = "authorization_code";
pub(super) const REFRESH_GRANT: &str = "refresh_token";
pub(super) const MACHINE_GRANT: &str = "client_credentials";

/// A registration under way.
pub(super) struct Case<'a> {
    pub(super) policy: &'a Policy,
    pub(super) context: &'a RuleContext<'a>,
    pub(super) scopes: &'a [Scope],
    pub(super) current: Option<&'a ClientMetadata>,
    pub(super) metadata: ClientMetadata,
}

impl Case<'_> {
    /// Whether this is a registration and no update.
    pub(super) fn is_new(&self) -> bool {
        self.current.is_none()
    }

    /// Whether the grant is offered, or in force already.
    pub(super) fn offers_grant(&self, grant: &str) -> bool {
        let offered = self.context.grant_types.contains(&grant) && lists(&self.policy.grant_types, grant);
        offered || self.current.is_some_and(|current| current.has_grant(grant))
    }
}

/// Whether a list of names holds a name.
pub(super) fn lists(names: &[String], name: &str) -> bool {
    names.iter().any(|own| own == name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::super::{DefaultAuthMethod, ScopeRule};
    use super::*;
    use crate::model::json::{Object, parse_object};
    use crate::model::redirect_uri::RedirectKind;
    use crate::model::registration::findings::{ErrorCode, Outcome};
    use crate::model::registration::normalize::normalize;
    use crate::model::registration::rules::testing::CONTEXT;
    use crate::model::scope::ScopeSet;

    fn scope(name: &str, reserved: bool, self_registrable: bool) -> Scope {
        let (label, description) = (name.to_owned(), String::new());
        Scope { name: name.to_owned(), label, description, hidden: reserved, reserved, self_registrable, version: 1 }
    }

    fn scopes() -> Vec<Scope> {
        vec![
            scope("openid", false, true),
            scope("orders:read", false, true),
            scope("orders:write", false, true),
            scope("internal", false, false),
            // Flagged by mistake: reserved wins.
            scope("dcr_admin", true, true),
        ]
    }

    fn object(value: Value) -> Object {
        match value {
            Value::Object(members) => members,
            other => panic!("not an object: {other}"),
        }
    }

    fn decide(policy: &Policy, body: Object, current: Option<&ClientMetadata>) -> Result<Decision, Refusal> {
        let verified = rules::check(normalize(body)?.metadata, &CONTEXT)?;
        apply(policy, PolicyInput { verified, context: &CONTEXT, scopes: &scopes(), current })
    }

    fn registered(policy: &Policy, body: Value) -> Decision {
        decide(policy, object(body), None).unwrap()
    }

    fn refused(policy: &Policy, body: Value) -> Refusal {
        decide(policy, object(body), None).unwrap_err()
    }

    fn updated(policy: &Policy, current: &Value, body: Value) -> Result<Decision, Refusal> {
        let current = ClientMetadata::from_object(object(current.clone())).unwrap();
        decide(policy, object(body), Some(&current))
    }

    fn fixture(policy: &Policy, body: &str) -> Decision {
        decide(policy, parse_object(body.as_bytes()).unwrap(), None).unwrap()
    }

    fn on_wire(decision: &Decision) -> Value {
        Value::Object(decision.metadata.to_object())
    }

    fn outcome(decision: &Decision, rule: &str) -> Option<Outcome> {
        decision.findings.iter().find(|finding| finding.rule == rule).map(|finding| finding.outcome)
    }

    #[test]
    fn a_gateways_single_page_application_becomes_a_public_client_without_implicit() {
        let decision = fixture(&Policy::gateway(), include_str!("../../../../tests/fixtures/apim/browser.json"));
        assert_eq!(
            on_wire(&decision),
            json!({
                "redirect_uris": ["https://shop.example.com/cb"], "response_types": ["code"],
                "grant_types": ["authorization_code"], "application_type": "browser", "client_name": "Shop SPA",
                "token_endpoint_auth_method": "none", "id_token_signed_response_alg": "RS256",
                "require_auth_time": false
            })
        );
        assert!(decision.pkce_required);
        assert_eq!(outcome(&decision, "grant-offered"), Some(Outcome::Narrowed));
        assert_eq!(outcome(&decision, "response-types-follow-grants"), Some(Outcome::Narrowed));
    }

    #[test]
    fn a_gateways_web_application_gets_a_secret_and_keeps_its_claims() {
        let decision = fixture(&Policy::gateway(), include_str!("../../../../tests/fixtures/apim/web.json"));
        let wire = on_wire(&decision);
        assert_eq!(wire["token_endpoint_auth_method"], "client_secret_basic");
        assert_eq!(wire["scope"], "orders:read orders:write");
        assert_eq!(wire["metadata"], json!({"organization": "org-77"}));
        assert!(!decision.pkce_required);
    }

    #[test]
    fn a_gateways_native_application_loses_the_password_grant_only() {
        let decision = fixture(&Policy::gateway(), include_str!("../../../../tests/fixtures/apim/native.json"));
        let wire = on_wire(&decision);
        assert_eq!(wire["grant_types"], json!(["authorization_code", "refresh_token"]));
        assert_eq!(wire["token_endpoint_auth_method"], "none");
    }

    #[test]
    fn a_gateways_machine_client_echoes_its_empty_lists() {
        let body = include_str!("../../../../tests/fixtures/apim/backend_to_backend.json");
        assert_eq!(
            on_wire(&fixture(&Policy::gateway(), body)),
            json!({
                "redirect_uris": [], "response_types": [], "grant_types": ["client_credentials"],
                "application_type": "backend_to_backend", "client_name": "Nightly export", "software_id": "tpl-batch",
                "token_endpoint_auth_method": "client_secret_basic"
            })
        );
    }

    #[test]
    fn an_editor_registers_as_a_public_client_and_loses_the_device_grant_only() {
        let decision = fixture(&Policy::mcp(), include_str!("../../../../tests/fixtures/mcp/vscode.json"));
        let wire = on_wire(&decision);
        assert_eq!(wire["grant_types"], json!(["authorization_code", "refresh_token"]));
        assert_eq!((wire["redirect_uris"].as_array().unwrap().len(), decision.pkce_required), (4, true));
        assert_eq!(wire["token_endpoint_auth_method"], "none");
    }

    #[test]
    fn redirect_uris_alone_give_every_default_that_peers_expect() {
        assert_eq!(
            on_wire(&registered(&Policy::gateway(), json!({"redirect_uris": ["https://a.example/cb"]}))),
            json!({
                "redirect_uris": ["https://a.example/cb"], "application_type": "web", "require_auth_time": false,
                "id_token_signed_response_alg": "RS256", "token_endpoint_auth_method": "client_secret_basic",
                "grant_types": ["authorization_code"], "response_types": ["code"]
            })
        );
    }

    #[rstest]
    // Grants, response types and redirect URI asked for; the grants in force.
    #[case(json!(["implicit"]), json!(["token"]), true, json!(["authorization_code"]))]
    #[case(json!(["refresh_token"]), json!([]), true, json!(["authorization_code", "refresh_token"]))]
    #[case(json!(["password", "urn:x"]), json!([]), true, json!(["authorization_code"]))]
    #[case(json!(["client_credentials"]), json!(["code"]), true, json!(["authorization_code", "client_credentials"]))]
    #[case(json!(["client_credentials"]), json!(["code"]), false, json!(["client_credentials"]))]
    #[case(json!(["client_credentials", "refresh_token"]), json!([]), false, json!(["client_credentials"]))]
    #[case(json!(["client_credentials", "client_credentials"]), json!([]), false, json!(["client_credentials"]))]
    fn grants_are_repaired_rather_than_refused(
        #[case] grants: Value,
        #[case] response_types: Value,
        #[case] redirects: bool,
        #[case] in_force: Value,
    ) {
        let uris: &[&str] = if redirects { &["https://a.example/cb"] } else { &[] };
        let body = json!({"grant_types": grants, "response_types": response_types, "redirect_uris": uris});
        let wire = on_wire(&registered(&Policy::gateway(), body));
        let uses_code = in_force.as_array().unwrap().contains(&json!("authorization_code"));
        assert_eq!(wire["response_types"], if uses_code { json!(["code"]) } else { json!([]) });
        assert_eq!(wire["grant_types"], in_force);
    }

    #[test]
    fn a_redirect_grant_without_redirect_uris_is_refused_with_the_way_out() {
        for body in [json!({}), json!({"client_name": "X"}), json!({"grant_types": ["authorization_code"]})] {
            let refusal = refused(&Policy::gateway(), body);
            assert_eq!(refusal.code, ErrorCode::InvalidRedirectUri);
            assert!(refusal.description().contains("ask for client_credentials only"));
        }
        assert!(!refused(&Policy::mcp(), json!({})).description().contains("client_credentials"));
    }

    #[test]
    fn no_grant_at_all_is_refused_with_those_offered() {
        let refusal = refused(&Policy::gateway(), json!({"grant_types": ["password"]}));
        assert_eq!(refusal.code, ErrorCode::InvalidClientMetadata);
        assert!(refusal.description().contains("use some of authorization_code, refresh_token, client_credentials"));
    }

    #[test]
    fn a_machine_that_names_no_grant_acts_for_itself() {
        let body = json!({"application_type": "BACKEND_TO_BACKEND"});
        let wire = on_wire(&registered(&Policy::gateway(), body));
        assert_eq!(wire["grant_types"], json!(["client_credentials"]));
        assert_eq!(wire["application_type"], "BACKEND_TO_BACKEND");
    }

    #[rstest]
    #[case(json!({"redirect_uris": ["http://127.0.0.1:19876/cb"]}), "native", "none")]
    #[case(json!({"redirect_uris": ["com.example:/cb"]}), "native", "none")]
    #[case(json!({"redirect_uris": ["https://a.example/", "http://localhost/"]}), "native", "none")]
    #[case(json!({"redirect_uris": ["https://a.example/"]}), "web", "client_secret_basic")]
    #[case(json!({"redirect_uris": ["https://a.example/"], "application_type": "native"}), "native", "none")]
    #[case(json!({"redirect_uris": ["http://localhost/"], "application_type": "web"}), "web", "none")]
    #[case(
        json!({"redirect_uris": ["https://a.example/", "http://localhost/"], "application_type": "web"}),
        "web", "client_secret_basic"
    )]
    fn mcp_clients_that_name_no_method_get_the_one_of_their_kind(
        #[case] body: Value,
        #[case] application_type: &str,
        #[case] method: &str,
    ) {
        let wire = on_wire(&registered(&Policy::mcp(), body));
        assert_eq!(
            (&wire["application_type"], &wire["token_endpoint_auth_method"]),
            (&json!(application_type), &json!(method))
        );
    }

    #[test]
    fn a_method_asked_for_is_kept_or_replaced_and_always_told() {
        let keys = json!({"keys": [{"kty": "X"}]});
        for (asked, in_force) in [
            ("none", "none"),
            ("client_secret_post", "client_secret_post"),
            ("private_key_jwt", "private_key_jwt"),
            ("client_secret_jwt", "client_secret_jwt"),
            ("self_signed_tls_client_auth", "client_secret_basic"),
        ] {
            let body = json!({"redirect_uris": ["com.a:/cb"], "token_endpoint_auth_method": asked, "jwks": keys});
            let decision = registered(&Policy::gateway(), body);
            assert_eq!(decision.metadata.token_endpoint_auth_method.as_deref(), Some(in_force));
            let reported = outcome(&decision, "auth-method-offered");
            assert_eq!(reported, (asked != in_force).then_some(Outcome::Substituted), "{asked}");
        }
    }

    #[test]
    fn a_policy_without_public_clients_gives_a_secret_instead() {
        let policy = Policy { auth_methods: vec!["client_secret_post".to_owned()], ..Policy::mcp() };
        let body = json!({"redirect_uris": ["http://localhost/"], "token_endpoint_auth_method": "none"});
        assert_eq!(on_wire(&registered(&policy, body))["token_endpoint_auth_method"], "client_secret_post");
    }

    #[test]
    fn a_fixed_default_method_needs_what_it_rests_on() {
        let fixed = DefaultAuthMethod::Fixed("private_key_jwt".to_owned());
        let only = vec!["private_key_jwt".to_owned()];
        let policy = Policy { default_auth_method: fixed, auth_methods: only, ..Policy::gateway() };
        let refusal = refused(&policy, json!({"redirect_uris": ["https://a.example/"]}));
        assert!(refusal.description().starts_with("token_endpoint_auth_method: was left open, and no other fits"));
    }

    #[test]
    fn a_public_client_cannot_act_for_itself() {
        let body = json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"});
        let refusal = refused(&Policy::gateway(), body);
        assert!(refusal.description().contains("use client_secret_basic"), "{}", refusal.description());
        // A native type makes no public client of a machine.
        let body = json!({"grant_types": ["client_credentials"], "application_type": "native"});
        let wire = on_wire(&registered(&Policy::gateway(), body));
        assert_eq!(wire["token_endpoint_auth_method"], "client_secret_basic");
    }

    #[test]
    fn a_grant_that_the_policy_drops_does_not_make_a_public_client_contradictory() {
        let body = json!({
            "grant_types": ["authorization_code", "client_credentials"], "token_endpoint_auth_method": "none",
            "redirect_uris": ["http://localhost/"]
        });
        assert_eq!(on_wire(&registered(&Policy::mcp(), body))["grant_types"], json!(["authorization_code"]));
    }

    #[test]
    fn scopes_that_may_not_be_registered_are_dropped_and_reserved_ones_never_granted() {
        let body = json!({"redirect_uris": ["https://a.example/"], "scope": "openid internal dcr_admin nonsense"});
        let decision = registered(&Policy::gateway(), body.clone());
        assert_eq!(on_wire(&decision)["scope"], "openid");
        assert_eq!(decision.findings.iter().filter(|finding| finding.rule == "scope-registrable").count(), 3);

        let listed = ScopeRule::Listed(ScopeSet::parse("internal dcr_admin").unwrap());
        let policy = Policy { scopes: listed, ..Policy::gateway() };
        assert_eq!(on_wire(&registered(&policy, body))["scope"], "internal");
    }

    #[test]
    fn nothing_left_of_the_scope_gives_the_policys_default() {
        let default_scope = ScopeSet::parse("internal dcr_admin unknown").unwrap();
        let policy = Policy { default_scope, ..Policy::gateway() };
        for scope in [json!(null), json!("nonsense"), json!("dcr_admin")] {
            let body = json!({"redirect_uris": ["https://a.example/"], "scope": scope});
            assert_eq!(on_wire(&registered(&policy, body))["scope"], "internal");
        }
        let none = registered(&Policy::gateway(), json!({"redirect_uris": ["com.a:/"], "scope": "nonsense"}));
        assert_eq!(none.metadata.scope, None);
    }

    #[test]
    fn kinds_and_hosts_of_redirect_uris_are_the_policys_choice() {
        let policy = Policy {
            redirect_kinds: vec![RedirectKind::Https],
            allowed_redirect_hosts: vec![".example.com".to_owned(), "Example.org".to_owned()],
            denied_redirect_hosts: vec!["bad.example.com".to_owned()],
            ..Policy::gateway()
        };
        for (uri, good) in [
            ("https://app.example.com/cb", true),
            ("https://EXAMPLE.org/cb", true),
            ("https://example.com/cb", false),
            ("https://badexample.com/cb", false),
            ("https://bad.example.com/cb", false),
            ("http://localhost/cb", false),
            ("com.example:/cb", false),
        ] {
            let decision = decide(&policy, object(json!({"redirect_uris": [uri]})), None);
            assert_eq!(decision.is_ok(), good, "{uri}");
            assert!(decision.map_or_else(|refusal| refusal.code == ErrorCode::InvalidRedirectUri, |_| true));
        }
    }

    #[test]
    fn a_policy_may_demand_a_software_statement() {
        let policy = Policy { require_software_statement: true, ..Policy::gateway() };
        let refusal = refused(&policy, json!({"redirect_uris": ["https://a.example/"]}));
        assert_eq!(refusal.code, ErrorCode::InvalidSoftwareStatement);
    }

    #[test]
    fn fixed_members_are_forced_and_defaults_only_supplied() {
        let policy = Policy {
            fixed: object(json!({"client_uri": "https://corp.example/", "tenant": "t1"})),
            defaults: object(
                json!({"contacts": ["ops@corp.example"], "grant_types": ["authorization_code", "refresh_token"]}),
            ),
            ..Policy::gateway()
        };
        let body =
            json!({"redirect_uris": ["https://a.example/"], "client_uri": "https://x.example/", "contacts": ["me@x"]});
        let decision = registered(&policy, body);
        let wire = on_wire(&decision);
        assert_eq!((&wire["client_uri"], &wire["tenant"]), (&json!("https://corp.example/"), &json!("t1")));
        assert_eq!(wire["contacts"], json!(["me@x"]));
        assert_eq!(wire["grant_types"], json!(["authorization_code", "refresh_token"]));
        assert_eq!(outcome(&decision, "policy-fixed"), Some(Outcome::Substituted));
    }

    #[test]
    fn what_the_policy_sets_passes_the_rules_too() {
        let policy = Policy { fixed: object(json!({"client_uri": "javascript:x"})), ..Policy::gateway() };
        let refusal = refused(&policy, json!({"redirect_uris": ["https://a.example/"]}));
        assert_eq!(refusal.findings[0].rule, "web-uri");
    }

    #[test]
    fn a_cipher_is_supplied_beside_a_key_algorithm() {
        let body = json!({"redirect_uris": ["https://a.example/"], "request_object_encryption_alg": "RSA-OAEP"});
        assert_eq!(on_wire(&registered(&Policy::gateway(), body))["request_object_encryption_enc"], "A128CBC-HS256");
    }

    #[test]
    fn encrypted_answers_are_not_promised() {
        for kind in ["id_token", "userinfo", "authorization", "introspection"] {
            let (alg, enc) = (format!("{kind}_encrypted_response_alg"), format!("{kind}_encrypted_response_enc"));
            let body = json!({"redirect_uris": ["https://a.example/"], &alg: "RSA-OAEP", &enc: "A128GCM"});
            let decision = registered(&Policy::gateway(), body);
            let dropped = decision.findings.iter().filter(|finding| finding.rule == "encryption-offered");
            assert!(
                dropped
                    .map(|finding| (&finding.member, finding.outcome))
                    .eq([(&alg, Outcome::Dropped), (&enc, Outcome::Dropped)])
            );
            let wire = on_wire(&decision);
            assert!(wire.get(&alg).is_none() && wire.get(&enc).is_none(), "{wire}");
        }
    }

    #[test]
    fn an_update_keeps_what_is_in_force_though_the_policy_became_stricter() {
        let current = json!({
            "redirect_uris": ["http://localhost/"], "grant_types": ["authorization_code", "client_credentials"],
            "response_types": ["code"], "token_endpoint_auth_method": "client_secret_jwt",
            "scope": "internal dcr_admin", "application_type": "web"
        });
        let policy = Policy {
            grant_types: vec!["authorization_code".to_owned()],
            redirect_kinds: vec![RedirectKind::Https],
            default_scope: ScopeSet::parse("openid").unwrap(),
            ..Policy::gateway()
        };
        let wire = on_wire(&updated(&policy, &current, current.clone()).unwrap());
        for (name, value) in current.as_object().unwrap() {
            assert_eq!(&wire[name], value);
        }
        let mut added = current.clone();
        added["scope"] = json!("internal dcr_admin secret openid");
        added["grant_types"] = json!(["authorization_code", "client_credentials", "refresh_token"]);
        let wire = on_wire(&updated(&policy, &current, added).unwrap());
        assert_eq!(
            (&wire["scope"], &wire["grant_types"]),
            (&json!("internal dcr_admin openid"), &current["grant_types"])
        );

        let mut moved = current.clone();
        moved["redirect_uris"] = json!(["http://localhost/", "http://localhost/new"]);
        assert_eq!(updated(&policy, &current, moved).unwrap_err().findings[0].rule, "redirect-kind");
    }

    #[test]
    fn an_update_does_not_bring_a_default_scope_back() {
        let policy = Policy { default_scope: ScopeSet::parse("openid").unwrap(), ..Policy::gateway() };
        let current = json!({"redirect_uris": ["https://a.example/"], "grant_types": ["authorization_code"]});
        assert_eq!(updated(&policy, &current, current.clone()).unwrap().metadata.scope, None);
    }

    #[test]
    fn a_public_client_that_comes_to_act_for_itself_gets_a_secret() {
        let current = json!({"redirect_uris": ["com.a:/"], "token_endpoint_auth_method": "none"});
        let body = json!({"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]});
        let decision = updated(&Policy::gateway(), &current, body).unwrap();
        assert_eq!(decision.metadata.token_endpoint_auth_method.as_deref(), Some("client_secret_basic"));
        assert_eq!(outcome(&decision, "machine-authenticates"), Some(Outcome::Substituted));
    }

    #[test]
    fn steps_have_names_of_their_own() {
        for (index, (name, _)) in STEPS.iter().enumerate() {
            assert!(STEPS[index + 1..].iter().all(|(other, _)| other != name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_decided_is_complete_consistent_and_stable(
            grants in prop::collection::vec(prop::sample::select(&[
                "authorization_code", "refresh_token", "client_credentials", "implicit", "password", "x"
            ][..]), 0..4),
            kinds in prop::collection::vec(prop::sample::select(&["code", "token", "id_token"][..]), 0..3),
            uris in prop::collection::vec(
                prop::sample::select(&["https://a.example/", "com.a:/", "http://localhost/"][..]), 0..3
            ),
            kind in prop::option::of(prop::sample::select(&["web", "NATIVE", "browser", "service", "x"][..])),
            method in prop::option::of(prop::sample::select(&["none", "client_secret_post", "client_secret_jwt"][..])),
            mcp in any::<bool>(),
        ) {
            let policy = if mcp { Policy::mcp() } else { Policy::gateway() };
            let body = json!({
                "grant_types": grants, "response_types": kinds, "redirect_uris": uris, "application_type": kind,
                "token_endpoint_auth_method": method, "scope": "openid nonsense"
            });
            if let Ok(decision) = decide(&policy, object(body), None) {
                let metadata = &decision.metadata;
                let granted = metadata.grant_types.as_ref().unwrap();
                prop_assert!(!granted.is_empty() && granted.iter().all(|grant| policy.grant_types.contains(grant)));
                prop_assert_eq!(metadata.has_grant(CODE_GRANT), !metadata.response_types.as_ref().unwrap().is_empty());
                prop_assert!(!metadata.has_grant(CODE_GRANT) || !metadata.redirects().is_empty());
                prop_assert!(!metadata.has_grant(MACHINE_GRANT) || !metadata.is_public());
                prop_assert!(metadata.token_endpoint_auth_method.is_some() && metadata.application_type.is_some());
                // The answer, sent back as a new registration or as an update, comes out as it went in.
                let echo = metadata.to_object();
                prop_assert_eq!(&decide(&policy, echo.clone(), None).unwrap().metadata, metadata);
                let again = decide(&policy, echo, Some(metadata)).unwrap();
                prop_assert_eq!(&again.metadata, metadata);
                prop_assert_eq!(again.findings, []);
            }
        }
    }
}
