//! OpenID conformance suite 5.2.4, registration: success, errors and software statements.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use registrar::model::domain::StatementIssuer;
use rstest::rstest;
use serde_json::{Value, json};

use super::{PUBLIC_URL, https_server, registered, request};
use crate::support::{Answer, Backend, START, TestServer};

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

fn without(mut body: Value, name: &str) -> Value {
    body.as_object_mut().unwrap().remove(name);
    body
}

async fn register(server: &TestServer, body: &Value) -> Answer {
    server.api.register(&server.admin_token().await, body).await
}

#[rstest]
#[tokio::test]
async fn success_is_201_json_without_error(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let server = https_server!(backend);
    let answer = register(&server, &request()).await;
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "no-store"));
    let record = answer.expect(201);
    assert_eq!(record.get("error"), None);
    assert!(record["client_id"].as_str().is_some_and(|id| id.len() == 22));
}

#[rstest]
#[tokio::test]
async fn management_credentials_come_together_over_https(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let server = https_server!(backend);
    let record = registered(&server).await;
    let expected = format!("{PUBLIC_URL}/main/oidc/register/{}", record["client_id"].as_str().unwrap());
    assert_eq!(record["registration_client_uri"], expected);
    assert!(record["registration_access_token"].as_str().is_some_and(|token| token.starts_with("rat_")));
    // Nobody owns an openly registered public client: neither of the two.
    server.set_domain(|settings| settings.open_registration = true).await;
    let body = with(request(), "token_endpoint_auth_method", json!("none"));
    let open = server.api.register("", &body).await.expect(201);
    assert_eq!((open.get("registration_client_uri"), open.get("registration_access_token")), (None, None));
}

#[rstest]
#[tokio::test]
async fn a_secret_comes_with_its_end_and_neither_comes_alone(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let server = https_server!(backend);
    let record = registered(&server).await;
    assert!(record["client_secret"].as_str().is_some_and(|secret| secret.len() == 43));
    assert_eq!(record["client_secret_expires_at"], 0);
    server.set_policy("gateway", |policy| policy.secret_lifetime = Some(1_000)).await;
    assert_eq!(registered(&server).await["client_secret_expires_at"], START.seconds() + 1_000);
    let body = with(request(), "token_endpoint_auth_method", json!("none"));
    let public = register(&server, &body).await.expect(201);
    assert_eq!((public.get("client_secret"), public.get("client_secret_expires_at")), (None, None));
}

#[rstest]
#[tokio::test]
async fn the_scope_holds_what_was_asked_for_and_no_more(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let server = https_server!(backend);
    assert_eq!(registered(&server).await["scope"], "openid email");
    let without_scope = register(&server, &without(request(), "scope")).await.expect(201);
    assert_eq!(without_scope.get("scope"), None);
}

#[rstest]
#[tokio::test]
async fn errors_are_400_json_with_a_code_and_no_client_id(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let server = https_server!(backend);
    for (name, value, code) in [
        ("redirect_uris", json!(["https://suite.example.com/#fragment"]), "invalid_redirect_uri"),
        ("redirect_uris", json!([]), "invalid_redirect_uri"),
        ("redirect_uris", json!("https://suite.example.com/"), "invalid_redirect_uri"),
        ("jwks_uri", json!("http://suite.example.com/jwks"), "invalid_client_metadata"),
        ("jwks", json!({ "keys": [{ "kty": "oct", "k": "AA" }] }), "invalid_client_metadata"),
        ("id_token_signed_response_alg", json!("none"), "invalid_client_metadata"),
        ("token_endpoint_auth_method", json!("magic"), "invalid_client_metadata"),
        ("software_statement", json!("not-a-jwt"), "invalid_software_statement"),
    ] {
        // `expect_error` holds that there are two members only.
        let answer = register(&server, &with(request(), name, value)).await;
        let said = answer.expect_error(400, code);
        assert!(said.starts_with(name), "{said}");
    }
}

#[rstest]
#[tokio::test]
async fn what_is_too_large_is_refused_by_member(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let server = https_server!(backend);
    let uris = |count: usize| (0..count).map(|n| format!("https://s.example/{n}")).collect::<Vec<_>>();
    let nested = |depth: usize| (1..depth).fold(json!(1), |inner, _| json!([inner]));
    let key = |length: usize| json!({ "keys": [{ "kty": "X", "x": "A".repeat(length) }] });
    for (name, fits, too_large) in [
        ("contacts", json!(vec!["a@b.example"; 100]), json!(vec!["a@b.example"; 101])),
        ("post_logout_redirect_uris", json!(uris(100)), json!(uris(101))),
        ("x", json!("x".repeat(2_048)), json!("x".repeat(2_049))),
        ("jwks", key(10_000), key(16_400)),
        ("x", nested(16), nested(17)),
    ] {
        register(&server, &with(request(), name, fits)).await.expect(201);
        let answer = register(&server, &with(request(), name, too_large)).await;
        answer.expect_error(400, "invalid_client_metadata");
    }
    let body = with(request(), "x", json!("x".repeat(64 * 1_024)));
    register(&server, &body).await.expect_error(413, "request_too_large");
}

fn signing_key() -> EncodingKey {
    EncodingKey::from_ec_der(include_bytes!("../../fixtures/keys/ec.pk8"))
}

fn statement(claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(Algorithm::ES256), claims, &signing_key()).unwrap()
}

/// Believes the statements of one issuer, and requires them.
async fn require_statements(server: &TestServer) {
    let key = serde_json::to_value(Jwk::from_encoding_key(&signing_key(), Algorithm::ES256).unwrap()).unwrap();
    let Value::Object(jwks) = json!({ "keys": [{ "kty": "AKP", "alg": "of a later day" }, key] }) else {
        unreachable!()
    };
    let issuer = StatementIssuer { issuer: "https://directory.example".to_owned(), jwks: Some(jwks), jwks_uri: None };
    server.set_domain(|settings| settings.software_statement_issuers = vec![issuer]).await;
    server.set_policy("gateway", |policy| policy.require_software_statement = true).await;
}

fn claims() -> Value {
    json!({
        "iss": "https://directory.example", "iat": START.seconds(), "software_id": "suite",
        "redirect_uris": ["https://suite.example.com/from-the-statement"], "client_name": "As vouched for"
    })
}

#[rstest]
#[tokio::test]
async fn a_statement_is_required_where_the_policy_says_so(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let server = https_server!(backend);
    require_statements(&server).await;
    register(&server, &request()).await.expect_error(400, "invalid_software_statement");
    let body = with(request(), "software_statement", json!(statement(&claims())));
    let record = register(&server, &body).await.expect(201);
    // The statement's values win, and it is echoed as it was sent (RFC 7591 §2.3, §3.2.1).
    assert_eq!(record["client_name"], "As vouched for");
    assert_eq!(record["redirect_uris"], json!(["https://suite.example.com/from-the-statement"]));
    assert_eq!(record["software_statement"], body["software_statement"]);
    let body = with(body, "client_name", json!("Mine"));
    assert_eq!(server.api.put(&record, &body).await.expect(200)["client_name"], "As vouched for");
}

#[rstest]
#[tokio::test]
async fn a_bad_statement_is_refused_by_what_is_wrong_with_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let server = https_server!(backend);
    require_statements(&server).await;
    let good = statement(&claims());
    let (head, signature) = good.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", good.split('.').nth(1).unwrap());
    let symmetric = EncodingKey::from_secret(b"secret");
    let symmetric = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(), &symmetric).unwrap();
    let expired = statement(&with(claims(), "exp", json!(START.seconds() - 1)));
    let early = statement(&with(claims(), "nbf", json!(START.seconds() + 3_600)));
    let anonymous = statement(&without(claims(), "iss"));
    let foreign = statement(&with(claims(), "iss", json!("https://elsewhere.example")));
    for (what, bad, code) in [
        ("forged", forged, "invalid_software_statement"),
        ("unsigned", unsigned, "invalid_software_statement"),
        ("symmetric", symmetric, "invalid_software_statement"),
        ("expired", expired, "invalid_software_statement"),
        ("not valid yet", early, "invalid_software_statement"),
        ("without issuer", anonymous, "invalid_software_statement"),
        ("foreign", foreign, "unapproved_software_statement"),
    ] {
        let body = with(request(), "software_statement", json!(bad));
        let said = register(&server, &body).await.expect_error(400, code);
        assert!(said.starts_with("software_statement: "), "{what}: {said}");
    }
    // What a statement says passes the rules like anything else.
    let bad = statement(&with(claims(), "redirect_uris", json!(["https://suite.example.com/#x"])));
    let body = with(request(), "software_statement", json!(bad));
    register(&server, &body).await.expect_error(400, "invalid_redirect_uri");
}
