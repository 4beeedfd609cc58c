//! OpenID conformance suite 5.2.4, client management (`CallClientConfigurationEndpoint` and the checks after it).

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::{https_server, registered};
use crate::support::{Answer, Backend, Credentials, TestServer};

/// What the suite takes out of a registration answer before it sends the rest back.
const NOT_SENT_BACK: [&str; 4] =
    ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"];

fn round_trip(record: &Value) -> Value {
    let mut body = record.clone();
    body.as_object_mut().unwrap().retain(|name, _| !NOT_SENT_BACK.contains(&name.as_str()));
    body
}

fn wrong_token() -> String {
    format!("rat_{}", "x".repeat(43))
}

async fn call(server: &TestServer, method: Method, record: &Value, token: &str) -> Answer {
    let body = if method == Method::PUT { round_trip(record).to_string() } else { String::new() };
    server.api.json(method, &server.api.client_url(record), token, &body).await
}

#[rstest]
#[tokio::test]
async fn two_reads_in_a_row_say_the_same(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let server = https_server!(backend);
    let record = registered(&server).await;
    for _ in 0..2 {
        let answer = server.api.read(&record).await;
        assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "no-store"));
        // Same client, redirect URIs and configuration URI; the token is there, and was not rotated.
        assert_eq!(answer.expect(200), record);
    }
}

#[rstest]
#[tokio::test]
async fn the_answer_sent_back_is_accepted_and_changes_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let server = https_server!(backend);
    let record = registered(&server).await;
    assert!(round_trip(&record).get("client_secret").is_some());
    assert_eq!(server.api.put(&record, &round_trip(&record)).await.expect(200), record);
    assert_eq!(server.api.read(&record).await.expect(200), record);
}

#[rstest]
#[tokio::test]
async fn numbers_come_back_to_the_last_digit(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let server = https_server!(backend);
    let mut body = super::request();
    body["ratio"] = json!([-7.053_376_645_557_483e267, 0.1, 1e-300, u64::MAX, i64::MIN]);
    let record = server.api.register(&server.admin_token().await, &body).await.expect(201);
    assert_eq!(record["ratio"], body["ratio"]);
    for _ in 0..3 {
        assert_eq!(server.api.put(&record, &round_trip(&record)).await.expect(200), record);
    }
}

#[rstest]
#[tokio::test]
async fn a_wrong_token_is_401_without_a_client_id(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let server = https_server!(backend);
    let record = registered(&server).await;
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = call(&server, method.clone(), &record, &wrong_token()).await;
        assert!(answer.header("www-authenticate").starts_with("Bearer "), "{method}");
        answer.expect_error(401, "invalid_token");
        call(&server, method, &record, "").await.expect_error(401, "invalid_token");
    }
    assert_eq!(server.api.read(&record).await.expect(200), record);
}

#[rstest]
#[tokio::test]
async fn a_refused_update_keeps_the_old_state(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let server = https_server!(backend);
    let record = registered(&server).await;
    for (name, value, code) in [
        ("redirect_uris", json!(["https://suite.example.com/#x"]), "invalid_redirect_uri"),
        ("redirect_uris", json!(["https://suite.example.com/ok", "not a uri"]), "invalid_redirect_uri"),
        ("jwks", json!({ "keys": [{ "kty": "RSA", "n": "AA", "e": "AQAB", "d": "AA" }] }), "invalid_client_metadata"),
        ("jwks", json!("keys"), "invalid_client_metadata"),
    ] {
        let mut body = round_trip(&record);
        body["client_name"] = json!("Half of a change");
        body[name] = value;
        server.api.put(&record, &body).await.expect_error(400, code);
        assert_eq!(server.api.read(&record).await.expect(200), record);
    }
}

#[rstest]
#[tokio::test]
async fn after_delete_nothing_works_any_more(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let server = https_server!(backend);
    let record = registered(&server).await;
    let token = record["registration_access_token"].as_str().unwrap();
    let answer = call(&server, Method::DELETE, &record, token).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    assert_eq!(answer.header("cache-control"), "no-store");
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        call(&server, method, &record, token).await.expect_error(401, "invalid_token");
    }
    let client = Credentials::of(&record);
    server.api.token_answer(&client, "").await.expect_error(401, "invalid_client");
}
