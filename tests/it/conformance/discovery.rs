//! OpenID conformance suite 5.2.4, discovery: `CheckDiscEndpoint…`, `ValidateServerMetadataAgainstSchema`, the keys.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::Value;

use super::{PUBLIC_URL, https_server};
use crate::support::{Answer, Backend, TestServer};

/// What the suite's schema knows, as far as we write it, with the type it wants.
/// A member's name, and whether a value is of its type.
type Typed = (&'static str, fn(&Value) -> bool);

const KNOWN: &[Typed] = &[
    ("issuer", Value::is_string),
    ("authorization_endpoint", Value::is_string),
    ("response_modes_supported", Value::is_array),
    ("code_challenge_methods_supported", Value::is_array),
    ("authorization_response_iss_parameter_supported", Value::is_boolean),
    ("prompt_values_supported", Value::is_array),
    ("token_endpoint", Value::is_string),
    ("token_endpoint_auth_methods_supported", Value::is_array),
    ("userinfo_endpoint", Value::is_string),
    ("end_session_endpoint", Value::is_string),
    ("token_endpoint_auth_signing_alg_values_supported", Value::is_array),
    ("jwks_uri", Value::is_string),
    ("registration_endpoint", Value::is_string),
    ("introspection_endpoint", Value::is_string),
    ("introspection_endpoint_auth_methods_supported", Value::is_array),
    ("introspection_endpoint_auth_signing_alg_values_supported", Value::is_array),
    ("revocation_endpoint", Value::is_string),
    ("revocation_endpoint_auth_methods_supported", Value::is_array),
    ("revocation_endpoint_auth_signing_alg_values_supported", Value::is_array),
    ("grant_types_supported", Value::is_array),
    ("response_types_supported", Value::is_array),
    ("subject_types_supported", Value::is_array),
    ("id_token_signing_alg_values_supported", Value::is_array),
    ("userinfo_signing_alg_values_supported", Value::is_array),
    ("claims_supported", Value::is_array),
    ("claims_parameter_supported", Value::is_boolean),
    ("request_parameter_supported", Value::is_boolean),
    ("request_uri_parameter_supported", Value::is_boolean),
    ("scopes_supported", Value::is_array),
    ("client_id_metadata_document_supported", Value::is_boolean),
];

/// What gateways read and no specification has.
const OUR_OWN: &[Typed] =
    &[("registration_renew_secret_endpoint", Value::is_string), ("registration_templates_endpoint", Value::is_string)];

async fn discovered(server: &TestServer) -> Answer {
    server.api.get(&server.api.url("/oidc/.well-known/openid-configuration")).await
}

fn names(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn the_document_is_200_and_json(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let server = https_server!(backend);
    let answer = discovered(&server).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    assert!(answer.header("cache-control").contains("max-age="));
}

#[rstest]
#[tokio::test]
async fn the_issuer_is_the_https_prefix_of_the_url(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let server = https_server!(backend);
    let document = discovered(&server).await.expect(200);
    assert_eq!(document["issuer"], format!("{PUBLIC_URL}/main/oidc"));
    for other in [
        "/.well-known/oauth-authorization-server/main/oidc",
        "/.well-known/openid-configuration/main/oidc",
        "/main/oidc/.well-known/oauth-authorization-server",
        "/main/.well-known/openid-configuration",
        "/main/.well-known/oauth-authorization-server",
    ] {
        assert_eq!(server.api.get(&format!("{}{other}", server.api.base)).await.expect(200), document, "{other}");
    }
}

#[rstest]
#[tokio::test]
async fn every_member_is_known_and_of_its_type(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let server = https_server!(backend);
    server.set_policy("gateway", |policy| policy.templates = vec!["batch".to_owned()]).await;
    server.set_domain(|settings| settings.client_documents = true).await;
    let document = discovered(&server).await.expect(200);
    for (name, value) in document.as_object().unwrap() {
        let known = KNOWN.iter().chain(OUR_OWN).find(|(known, _)| known == name);
        let (_, is_right) = known.unwrap_or_else(|| panic!("{name} is unexpected"));
        assert!(is_right(value), "{name}: {value}");
        assert!(value.as_array().is_none_or(|list| !list.is_empty()), "{name} is empty");
    }
    for (name, _) in KNOWN.iter().chain(OUR_OWN) {
        assert!(document.get(name).is_some(), "{name} is missing");
    }
}

#[rstest]
#[tokio::test]
async fn all_endpoints_are_https_below_the_issuers_host(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let server = https_server!(backend);
    let document = discovered(&server).await.expect(200);
    let urls = document.as_object().unwrap().iter();
    let urls: Vec<_> = urls.filter(|(name, _)| name.ends_with("_endpoint") || name.ends_with("_uri")).collect();
    assert!(urls.len() >= 5);
    for (name, url) in urls {
        assert!(url.as_str().unwrap().starts_with("https://auth.example.com/main/"), "{name}: {url}");
    }
}

#[rstest]
#[tokio::test]
async fn what_is_supported_is_what_the_profiles_need(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let server = https_server!(backend);
    let document = discovered(&server).await.expect(200);
    assert_eq!(names(&document["response_types_supported"]), ["code"]);
    assert_eq!(
        names(&document["grant_types_supported"]),
        ["authorization_code", "refresh_token", "client_credentials"]
    );
    assert!(names(&document["subject_types_supported"]).contains(&"public"));
    let algorithms = names(&document["id_token_signing_alg_values_supported"]);
    assert!(algorithms.contains(&"RS256") && algorithms.contains(&"ES256"), "{algorithms:?}");
    assert!(names(&document["userinfo_signing_alg_values_supported"]).contains(&"RS256"));
    let claims = names(&document["claims_supported"]);
    for claim in ["sub", "iss", "auth_time", "name", "preferred_username", "email", "email_verified", "updated_at"] {
        assert!(claims.contains(&claim), "{claim}");
    }
    let methods = names(&document["token_endpoint_auth_methods_supported"]);
    assert_eq!(methods, ["client_secret_basic", "client_secret_post", "private_key_jwt", "client_secret_jwt", "none"]);
    // Token scanning needs a secret (RFC 7662 §2.1).
    assert!(!names(&document["introspection_endpoint_auth_methods_supported"]).contains(&"none"));
}

#[rstest]
#[tokio::test]
async fn scopes_are_well_formed_hold_openid_and_hide_the_hidden_ones(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let server = https_server!(backend);
    let document = discovered(&server).await.expect(200);
    let scopes = names(&document["scopes_supported"]);
    assert!(scopes.contains(&"openid") && !scopes.contains(&"dcr_admin"), "{scopes:?}");
    let well_formed = |scope: &&str| scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E));
    assert!(scopes.iter().all(well_formed));
}

#[rstest]
#[tokio::test]
async fn the_keys_are_public_and_each_has_a_name_of_its_own(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let server = https_server!(backend);
    let document = discovered(&server).await.expect(200);
    let path = document["jwks_uri"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap();
    let answer = server.api.get(&format!("{}{path}", server.api.base)).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let jwks = answer.expect(200);
    let keys = jwks["keys"].as_array().unwrap();
    let kids: BTreeSet<&str> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(kids.len(), keys.len());
    let algorithms: Vec<&str> = keys.iter().map(|key| key["alg"].as_str().unwrap()).collect();
    assert!(algorithms.contains(&"RS256") && algorithms.contains(&"ES256"), "{algorithms:?}");
    for key in keys {
        assert_eq!(key["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert_eq!(key.get(private), None, "{private}");
        }
        let required: &[&str] = if key["kty"] == "RSA" { &["n", "e"] } else { &["crv", "x", "y"] };
        assert!(required.iter().all(|member| key[member].is_string()), "{key}");
    }
}
