//! What the gateway asks about each call (check 9).

use http::Method;
use rstest::rstest;
use serde_json::json;

use super::{assert_says_nothing_empty, fixture, registered};
use crate::support::{Backend, Credentials, TestServer, basic};

#[rstest]
#[tokio::test]
async fn check_09_introspection_answers_200_whatever_the_token_is(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let application = Credentials::of(&registered(&server, &fixture("backend_to_backend")).await);
    let stranger = Credentials::of(&registered(&server, &fixture("backend_to_backend")).await);
    let token = api.token(&application, "").await;

    let active = api.introspect(&server.gateway, &token).await;
    assert_eq!(active.header("content-type"), "application/json");
    let active = active.expect(200);
    assert_says_nothing_empty(&active);
    assert_eq!((&active["active"], &active["client_id"]), (&json!(true), &json!(application.id)));
    assert_eq!((&active["sub"], &active["aud"]), (&json!(application.id), &json!(application.id)));
    assert_eq!(active["exp"], json!(server.clock.now().seconds() + 3600));
    assert!(active.get("scope").is_none(), "what is empty is left out");
    assert!(api.is_active(&application, &token).await);
    assert!(!api.is_active(&stranger, &token).await, "a registered client sees its own tokens only");

    let elsewhere = server.add_domain("other").await;
    let other = api.in_domain("other");
    let foreign = other.token(&elsewhere, "dcr_admin").await;
    assert!(other.is_active(&elsewhere, &foreign).await);
    let mut broken = token.clone();
    broken.replace_range(broken.len() - 5.., "AAAAA");
    for dead in [foreign.as_str(), "unknown", "a.b.c", &broken, &"x".repeat(9_000), "ünknown"] {
        assert!(!api.is_active(&server.gateway, dead).await, "{dead}");
    }
    let revoked = api.token(&application, "").await;
    api.revoke(&application, &revoked).await;
    assert!(!api.is_active(&server.gateway, &revoked).await);
    assert!(api.is_active(&server.gateway, &token).await);
    server.advance(3600);
    assert!(!api.is_active(&server.gateway, &token).await, "expired");
}

#[rstest]
#[tokio::test]
async fn check_09_wrong_credentials_of_the_gateway_are_401(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let token = server.admin_token().await;
    let wrong = Credentials { secret: "wrong".to_owned(), ..server.gateway.clone() };
    for path in ["/oauth/introspect", "/oauth/check_token"] {
        let form = format!("token={token}");
        server.api.form(path, &wrong, &form).await.expect_error(401, "invalid_client");
        server.api.form_post(path, &form).await.expect_error(401, "invalid_client");
        server.api.form(path, &server.gateway, "other=x").await.expect_error(400, "invalid_request");
    }
    let public = registered(&server, &fixture("browser")).await;
    let form = format!("token={token}&client_id={}", public["client_id"].as_str().unwrap());
    server.api.form_post("/oauth/introspect", &form).await.expect_error(401, "invalid_client");
}

#[rstest]
#[tokio::test]
async fn check_09_the_alias_of_old_plugins_answers_200_for_active_tokens_only(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let token = server.admin_token().await;
    let check = |token: &str| {
        let (server, form) = (&server, format!("token={token}"));
        async move { server.api.form("/oauth/check_token", &server.gateway, &form).await }
    };
    let active = check(&token).await.expect(200);
    assert_eq!((&active["active"], &active["client_id"]), (&json!(true), &json!(server.gateway.id)));
    check("unknown").await.expect_error(400, "invalid_token");
    server.advance(3600);
    check(&token).await.expect_error(400, "invalid_token");
}

#[rstest]
#[tokio::test]
async fn check_09_introspection_by_get_is_an_option_of_the_domain(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let token = server.admin_token().await;
    let basic = basic(&server.gateway);
    let get = |token: &str| {
        let url = server.api.url(&format!("/oauth/introspect?token={token}"));
        let (api, basic) = (server.api.clone(), basic.clone());
        async move { api.send(Method::GET, &url, &[("authorization", &basic)], "").await }
    };
    get(&token).await.expect_error(405, "method_not_allowed");
    server.set_domain(|settings| settings.introspection_by_get = true).await;
    assert_eq!(get(&token).await.expect(200)["client_id"], server.gateway.id);
    assert_eq!(get("unknown").await.expect(200), json!({ "active": false }));
    let without = server.api.get(&server.api.url(&format!("/oauth/introspect?token={token}"))).await;
    without.expect_error(401, "invalid_client");
}
