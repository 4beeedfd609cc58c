//! Software statements (RFC 7591 §2.3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use registrar::keys::generate::new_private_key;
use registrar::keys::signer::Signer;
use registrar::model::domain::{StatementIssuer, TokenType};
use registrar::model::signing_key::SigningAlgorithm;
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::{fixture, kept};
use crate::support::{Backend, Origin, START, TestServer};

const ISSUER: &str = "https://vouch.example.com";

async fn signer(kid: &str) -> Signer {
    let key = new_private_key(SigningAlgorithm::Es256).await.unwrap();
    Signer::new(kid, SigningAlgorithm::Es256, &key).unwrap()
}

/// The claims of a statement, with others; null removes one.
fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "iat": START.seconds(), "exp": START.seconds() + 1_000, "jti": "one", "sub": "vendor",
        "client_name": "Vouched CRM", "software_id": "crm", "tos_uri": "https://vouch.example.com/tos",
        "client_secret": "smuggled-in", "trusted": true,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn with(statement: &str) -> Value {
    let mut body = fixture("web");
    body["software_statement"] = json!(statement);
    body
}

async fn believe(server: &TestServer, issuer: StatementIssuer) {
    server.set_domain(|settings| settings.software_statement_issuers = vec![issuer]).await;
}

fn by_value(signer: &Signer) -> StatementIssuer {
    let Value::Object(jwks) = json!({ "keys": [signer.public_jwk()] }) else { unreachable!() };
    StatementIssuer { issuer: ISSUER.to_owned(), jwks: Some(jwks), jwks_uri: None }
}

/// A token of three parts with this header and no good signature.
fn forged(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[rstest]
#[tokio::test]
async fn the_values_of_a_believed_statement_win_over_those_beside_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let signer = signer("s1").await;
    believe(&server, by_value(&signer)).await;
    let statement = signer.sign(TokenType::Jwt, &claims(&json!({}))).unwrap();
    let token = server.admin_token().await;
    let record = server.api.register(&token, &with(&statement)).await.expect(201);
    kept(&record);
    let vouched = |record: &Value| {
        ["client_name", "software_id", "tos_uri", "software_statement"].map(|member| record[member].clone())
    };
    let expected = [json!("Vouched CRM"), json!("crm"), json!("https://vouch.example.com/tos"), json!(statement)];
    assert_eq!(vouched(&record), expected);
    assert_eq!(record["policy_uri"], "https://crm.example.com/privacy", "what it is silent on is the registrant's");
    for claim in ["iss", "iat", "exp", "jti", "sub", "trusted"] {
        assert!(record.get(claim).is_none(), "{claim}");
    }
    assert!(!record["client_secret"].to_string().contains("smuggled"));
    // On an update as well, even when the statement has expired since.
    server.advance(2_000);
    let renamed =
        kept(&record).put_body(&json!({ "client_name": "Not vouched for", "logo_uri": "https://l.example.com/" }));
    let after = server.api.put(&record, &renamed).await.expect(200);
    assert_eq!((vouched(&after), &after["logo_uri"]), (expected, &json!("https://l.example.com/")));
    let mut other = renamed.clone();
    other["software_statement"] = json!(signer.sign(TokenType::Jwt, &claims(&json!({ "client_name": "V2" }))).unwrap());
    server.api.put(&record, &other).await.expect_error(400, "invalid_software_statement");
    let fresh = claims(&json!({ "client_name": "V2", "exp": null, "iat": null }));
    other["software_statement"] = json!(signer.sign(TokenType::Jwt, &fresh).unwrap());
    assert_eq!(server.api.put(&record, &other).await.expect(200)["client_name"], "V2");
}

#[rstest]
#[tokio::test]
async fn an_issuers_keys_are_fetched_from_its_url_and_remembered(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let signer = signer("s1").await;
    let uri = origin.publish("/keys", json!({ "keys": [signer.public_jwk()] }));
    let issuer = |uri: String| StatementIssuer { issuer: ISSUER.to_owned(), jwks: None, jwks_uri: Some(uri) };
    believe(&server, issuer(uri.clone())).await;
    let token = server.admin_token().await;
    let statement = signer.sign(TokenType::Jwt, &claims(&json!({}))).unwrap();
    for _ in 0..3 {
        server.api.register(&token, &with(&statement)).await.expect(201);
    }
    assert_eq!(origin.requests(), 1);
    believe(&server, issuer(uri.replace("/keys", "/missing"))).await;
    let told = server.api.register(&token, &with(&statement)).await;
    told.expect_error(400, "unapproved_software_statement");
}

#[rstest]
#[tokio::test]
async fn statements_that_nobody_vouches_for_are_refused(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (signer, other) = (signer("s1").await, signer("s1").await);
    let token = server.admin_token().await;
    let good = signer.sign(TokenType::Jwt, &claims(&json!({}))).unwrap();
    let unapproved = server.api.register(&token, &with(&good)).await;
    unapproved.expect_error(400, "unapproved_software_statement");
    believe(&server, by_value(&signer)).await;
    let before = server.client_count().await;
    let sign = |signer: &Signer, changes: Value| signer.sign(TokenType::Jwt, &claims(&changes)).unwrap();
    let now = START.seconds();
    let hmac = forged(&json!({ "alg": "HS256", "typ": "JWT" }), &claims(&json!({})), "AAAA");
    let none = forged(&json!({ "alg": "none" }), &claims(&json!({})), "");
    let tampered = {
        let parts: Vec<&str> = good.split('.').collect();
        let claims = URL_SAFE_NO_PAD.encode(claims(&json!({ "client_name": "Tampered" })).to_string());
        format!("{}.{claims}.{}", parts[0], parts[2])
    };
    for (what, statement, code) in [
        ("another key", sign(&other, json!({})), "invalid_software_statement"),
        ("an unapproved issuer", sign(&signer, json!({ "iss": "https://x.example" })), "unapproved_software_statement"),
        ("no issuer", sign(&signer, json!({ "iss": null })), "invalid_software_statement"),
        ("expired", sign(&signer, json!({ "exp": now })), "invalid_software_statement"),
        ("not yet", sign(&signer, json!({ "nbf": now + 3_600 })), "invalid_software_statement"),
        ("a shared secret", hmac, "invalid_software_statement"),
        ("no signature", none, "invalid_software_statement"),
        ("tampered with", tampered, "invalid_software_statement"),
        ("no token", "garbage".to_owned(), "invalid_software_statement"),
        ("two parts", "a.b".to_owned(), "invalid_software_statement"),
    ] {
        let answer = server.api.register(&token, &with(&statement)).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text);
        answer.expect_error(400, code);
    }
    assert_eq!(server.client_count().await, before);
    server.api.register(&token, &with(&good)).await.expect(201);
}

#[rstest]
#[tokio::test]
async fn a_policy_can_demand_a_statement(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let signer = signer("s1").await;
    believe(&server, by_value(&signer)).await;
    server.set_policy("gateway", |policy| policy.require_software_statement = true).await;
    let token = server.admin_token().await;
    server.api.register(&token, &fixture("web")).await.expect_error(400, "invalid_software_statement");
    let statement = signer.sign(TokenType::Jwt, &claims(&json!({}))).unwrap();
    let record = server.api.register(&token, &with(&statement)).await.expect(201);
    server.api.put(&record, &kept(&record).put_body(&json!({}))).await.expect(200);
}
