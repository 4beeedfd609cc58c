//! Two environments of a gateway against one domain (check 14).

use http::Method;
use rstest::rstest;
use serde_json::Value;

use super::{fixture, kept};
use crate::support::{Backend, Credentials, TestServer};

#[rstest]
#[tokio::test]
async fn check_14_registrations_are_never_the_same_client(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (one, two) = (server.admin_token().await, second_token(&server).await);
    let mut ids = Vec::new();
    for token in [&one, &one, &two, &two] {
        for kind in ["browser", "backend_to_backend"] {
            let record = server.api.register(token, &fixture(kind)).await.expect(201);
            kept(&record);
            ids.push(record["client_id"].to_string());
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 8);
}

async fn second_token(server: &TestServer) -> String {
    let gateway = server.add_gateway().await;
    server.api.token(&gateway, "dcr_admin").await
}

#[rstest]
#[tokio::test]
async fn check_14_one_environment_cannot_touch_the_clients_of_the_other(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let (one, two) = (server.admin_token().await, second_token(&server).await);
    let record = api.register(&one, &fixture("backend_to_backend")).await.expect(201);
    let other = api.register(&two, &fixture("backend_to_backend")).await.expect(201);
    let (url, renewal) = (api.client_url(&record), api.renewal_url(&record));
    let foreign = other["registration_access_token"].as_str().unwrap();
    for (token, status, code) in [(two.as_str(), 403, "registration_forbidden"), (foreign, 401, "invalid_token")] {
        api.bare(Method::GET, &url, token).await.expect_error(status, code);
        for method in [Method::PUT, Method::PATCH] {
            let answer = api.json(method, &url, token, r#"{"client_name":"Taken over"}"#).await;
            answer.expect_error(status, code);
        }
        api.bare(Method::DELETE, &url, token).await.expect_error(status, code);
        api.bare(Method::POST, &renewal, token).await.expect_error(status, code);
    }
    assert_eq!(api.read(&record).await.expect(200), record);
    let seen: Value = api.bare(Method::GET, &url, &one).await.expect(200);
    assert_eq!(seen["client_name"], record["client_name"], "its own registrar may");
}

#[rstest]
#[tokio::test]
async fn check_14_each_environment_has_a_quota_of_its_own(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_policy("gateway", |policy| policy.quota = Some(2)).await;
    let api = &server.api;
    let (one, two) = (server.admin_token().await, second_token(&server).await);
    let body = fixture("backend_to_backend");
    let first = api.register(&one, &body).await.expect(201);
    api.register(&one, &body).await.expect(201);
    let before = server.client_count().await;
    let full = api.register(&one, &body).await;
    assert!(!full.header("retry-after").is_empty());
    full.expect_error(429, "too_many_requests");
    assert_eq!(server.client_count().await, before);
    api.register(&two, &body).await.expect(201);
    api.delete(&first).await.expect(204);
    api.register(&one, &body).await.expect(201);
    let used = Credentials::of(&api.register(&two, &body).await.expect(201));
    assert!(api.accepts(&used).await);
    server.write_usage().await;
    api.register(&two, &body).await.expect_error(429, "too_many_requests");
}
