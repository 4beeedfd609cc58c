//! What the audit log keeps of registrations and refusals.

use http::Method;
use rstest::rstest;
use serde_json::json;

use crate::apim::{fixture, registered, renewed, updated};
use crate::support::{Backend, TestServer};

#[rstest]
#[tokio::test]
async fn what_a_gateway_did_is_kept_with_who_where_and_by_which_token(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("browser")).await;
    let id = record["client_id"].as_str().unwrap();
    let event = server.audited(|event| event.action == "client.register" && event.target == id).await;
    assert_eq!((event.outcome.as_str(), event.actor.clone()), ("done", format!("client:{}", server.gateway.id)));
    assert_eq!((event.source.as_deref(), event.reason), (Some("127.0.0.1"), None));
    assert!(event.request_id.is_some() && event.detail["token_id"].is_string());
    assert_eq!(event.detail["policy"], "gateway");
    let rules: Vec<&str> =
        event.detail["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"grant-offered") && rules.contains(&"auth-method-default"), "{rules:?}");
}

#[rstest]
#[tokio::test]
async fn every_change_of_a_client_is_kept(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("web")).await;
    let id = record["client_id"].as_str().unwrap();
    updated(&server, &record, &fixture("web")).await;
    renewed(&server, &record).await;
    server.api.delete(&record).await.expect(204);
    for action in ["client.update", "client_secret.renew", "client.delete"] {
        let event = server.audited(|event| event.action == action && event.target == id).await;
        assert_eq!(event.actor, format!("registration_access_token:{id}"));
        assert_eq!(event.outcome, "done");
    }
    let token = server.admin_token().await;
    server.api.revoke(&server.gateway, &token).await;
    server.audited(|event| event.action == "access_token.revoke").await;
}

#[rstest]
#[tokio::test]
async fn a_refusal_is_kept_with_its_reason_and_without_secrets(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let token = server.admin_token().await;
    let bad = json!({ "redirect_uris": ["http://plain.example.com/cb"], "client_secret": "smuggled-in" });
    let told = api.register(&token, &bad).await.expect_error(400, "invalid_redirect_uri");
    let event = server.audited(|event| event.outcome == "refused" && event.reason.as_deref() == Some(&told)).await;
    assert_eq!((event.action.as_str(), event.actor), ("client.register", format!("client:{}", server.gateway.id)));
    assert_eq!(event.detail["error"], "invalid_redirect_uri");
    let shown = serde_json::to_string(&event.detail).unwrap();
    assert!(!shown.contains("smuggled-in") && !shown.contains(&token), "{shown}");

    let told = api.register("null", &bad).await.expect_error(401, "invalid_token");
    let event = server.audited(|event| event.reason.as_deref() == Some(&told)).await;
    assert_eq!((event.action.as_str(), event.actor.as_str()), ("client.register", "unauthenticated"));

    let record = registered(&server, &fixture("web")).await;
    let told = api.put(&record, &bad).await.expect_error(400, "invalid_client_metadata");
    let event = server.audited(|event| event.action == "client.update" && event.outcome == "refused").await;
    assert_eq!(
        (event.reason.as_deref(), event.target.as_str()),
        (Some(told.as_str()), record["client_id"].as_str().unwrap())
    );

    // Somebody who reaches for the client of another.
    let other = server.add_gateway().await;
    let other = api.token(&other, "dcr_admin").await;
    let told = api.bare(Method::DELETE, &api.client_url(&record), &other).await;
    let told = told.expect_error(403, "registration_forbidden");
    server.audited(|event| event.outcome == "refused" && event.reason.as_deref() == Some(&told)).await;
    let told = api.put(&fixture_with_wrong_token(&record), &bad).await.expect_error(401, "invalid_token");
    server.audited(|event| event.outcome == "refused" && event.reason.as_deref() == Some(&told)).await;
}

fn fixture_with_wrong_token(record: &serde_json::Value) -> serde_json::Value {
    let mut record = record.clone();
    record["registration_access_token"] = json!(format!("rat_{}", "x".repeat(43)));
    record
}
