//! Token revocation (RFC 7009).

use http::Method;
use rstest::rstest;
use serde_json::json;

use crate::support::{Answer, Api, Backend, Credentials, TestServer};

async fn revoke(api: &Api, client: &Credentials, more: &str) -> Answer {
    api.form("/oauth/revoke", client, more).await
}

async fn is_active(server: &TestServer, client: &Credentials, token: &str) -> bool {
    server.api.introspect(client, token).await.expect(200)["active"] == true
}

#[rstest]
#[tokio::test]
async fn a_revoked_token_is_dead_at_once_and_the_others_live_on(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    let (token, other) = (api.token(&client, "").await, api.token(&client, "").await);
    let answer = revoke(api, &client, &format!("token={token}")).await;
    assert_eq!((answer.header("cache-control"), answer.text.as_str()), ("no-store", ""));
    assert_eq!(answer.status, 200);
    assert!(!is_active(&server, &client, &token).await);
    assert!(is_active(&server, &client, &other).await);
    // Again, and after its end, is no error (RFC 7009 §2.2).
    revoke(api, &client, &format!("token={token}")).await.expect(200);
    server.advance(4_000);
    revoke(api, &client, &format!("token={other}")).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn what_is_no_token_is_answered_like_one(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client = server.add_machine("").await;
    let long = "x".repeat(10_000);
    for token in ["nonsense", "a.b.c", "%C3%A9", "rt_abcdef", "rat_abcdef", &long] {
        revoke(&server.api, &client, &format!("token={token}")).await.expect(200);
    }
}

#[rstest]
#[tokio::test]
async fn the_hint_is_a_hint(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client = server.add_machine("").await;
    for hint in ["access_token", "refresh_token", "nonsense", ""] {
        let token = server.api.token(&client, "").await;
        let form = format!("token={token}&token_type_hint={hint}");
        revoke(&server.api, &client, &form).await.expect(200);
        assert!(!is_active(&server, &client, &token).await, "{hint}");
    }
}

#[rstest]
#[tokio::test]
async fn another_clients_token_is_refused_and_lives_on(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, owner) = (&server.api, server.add_machine("").await);
    let token = api.token(&owner, "").await;
    let public = json!({ "redirect_uris": ["https://app.example.com/cb"], "token_endpoint_auth_method": "none" });
    let public = api.register(&server.admin_token().await, &public).await.expect(201);
    for thief in [&server.gateway, &server.add_machine("").await] {
        revoke(api, thief, &format!("token={token}")).await.expect_error(400, "unauthorized_client");
    }
    let form = format!("token={token}&client_id={}", public["client_id"].as_str().unwrap());
    api.form_post("/oauth/revoke", &form).await.expect_error(400, "unauthorized_client");
    assert!(is_active(&server, &owner, &token).await);
}

#[rstest]
#[tokio::test]
async fn the_client_authenticates_and_names_a_token(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    let token = api.token(&client, "").await;
    api.form_post("/oauth/revoke", &format!("token={token}")).await.expect_error(401, "invalid_client");
    let wrong = Credentials { secret: "wrong".to_owned(), ..client.clone() };
    let answer = revoke(api, &wrong, &format!("token={token}")).await;
    assert!(answer.header("www-authenticate").starts_with("Basic "));
    answer.expect_error(401, "invalid_client");
    assert!(is_active(&server, &client, &token).await);
    let said = revoke(api, &client, "").await.expect_error(400, "invalid_request");
    assert!(said.contains("token is missing"), "{said}");
    revoke(api, &client, "token=").await.expect_error(400, "invalid_request");
    revoke(api, &client, "token=a&token=b").await.expect_error(400, "invalid_request");
    let url = format!("{}?token={token}", api.url("/oauth/revoke"));
    api.send(Method::POST, &url, &[], "").await.expect_error(400, "invalid_request");
    api.get(&api.url("/oauth/revoke")).await.expect_error(405, "method_not_allowed");
}

#[rstest]
#[tokio::test]
async fn a_revoked_admin_token_registers_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, admin) = (&server.api, server.admin_token().await);
    let body = json!({ "grant_types": ["client_credentials"] });
    let record = api.register(&admin, &body).await.expect(201);
    revoke(api, &server.gateway, &format!("token={admin}")).await.expect(200);
    api.register(&admin, &body).await.expect_error(401, "invalid_token");
    let answer = api.bare(Method::GET, &api.client_url(&record), &admin).await;
    answer.expect_error(401, "invalid_token");
}

#[rstest]
#[tokio::test]
async fn tokens_of_another_domain_are_none_of_ours(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let foreign = server.add_domain("other").await;
    let other = server.api.in_domain("other");
    let token = other.token(&foreign, "dcr_admin").await;
    revoke(&server.api, &server.gateway, &format!("token={token}")).await.expect(200);
    assert_eq!(other.introspect(&foreign, &token).await.expect(200)["active"], true);
}
