//! What pages of other origins may call and read: success, errors and preflights alike.

use http::Method;
use rstest::rstest;
use serde_json::json;

use super::{FORM, post};
use crate::support::{Answer, Api, Backend, TestServer, basic};

const ORIGIN: (&str, &str) = ("origin", "https://page.example.com");

#[track_caller]
fn assert_readable(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{}", answer.text);
    assert_eq!(answer.header("access-control-expose-headers"), "WWW-Authenticate, DPoP-Nonce, Retry-After");
    assert_eq!(answer.header("access-control-allow-credentials"), "", "never with credentials");
}

async fn preflight(api: &Api, path: &str, method: &str) -> Answer {
    let asked =
        [ORIGIN, ("access-control-request-method", method), ("access-control-request-headers", "authorization")];
    api.send(Method::OPTIONS, &api.url(path), &asked, "").await
}

#[rstest]
#[tokio::test]
async fn preflights_are_answered_for_any_origin(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let protocol = "GET, POST, OPTIONS";
    let configuration = "GET, POST, PUT, PATCH, DELETE, OPTIONS";
    for (path, methods) in [
        ("/oauth/token", protocol),
        ("/oauth/revoke", protocol),
        ("/oidc/register", protocol),
        ("/oidc/register/some-client", configuration),
        ("/oidc/register/some-client/renew_secret", configuration),
        ("/oidc/.well-known/openid-configuration", protocol),
        ("/oidc/.well-known/jwks.json", protocol),
    ] {
        let answer = preflight(&server.api, path, "POST").await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""), "{path}");
        assert_readable(&answer);
        assert_eq!(answer.header("access-control-allow-methods"), methods, "{path}");
        let headers = "Content-Type, Authorization, Accept, MCP-Protocol-Version, DPoP";
        assert_eq!(answer.header("access-control-allow-headers"), headers);
        assert_eq!(answer.header("access-control-max-age"), "7200");
    }
}

#[rstest]
#[tokio::test]
async fn introspection_is_for_servers_and_has_no_cors(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    for path in ["/oauth/introspect", "/oauth/check_token"] {
        let answer = preflight(&server.api, path, "POST").await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        answer.expect_error(405, "method_not_allowed");
    }
}

#[rstest]
#[tokio::test]
async fn successes_and_errors_can_be_read(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let authorization = basic(&server.gateway);
    let credentials = ("authorization", authorization.as_str());
    let token = server.admin_token().await;
    let revocation = [ORIGIN, FORM, credentials];
    for (answer, status) in [
        (post(api, &[ORIGIN, FORM, credentials], "grant_type=client_credentials").await, 200),
        (post(api, &[ORIGIN, FORM, credentials], "grant_type=nonsense").await, 400),
        (post(api, &[ORIGIN, FORM], "grant_type=client_credentials").await, 401),
        (post(api, &[ORIGIN, FORM], &"x".repeat(20_000)).await, 413),
        (api.send(Method::GET, &api.url("/oauth/token"), &[ORIGIN], "").await, 405),
        (api.send(Method::POST, &api.url("/oauth/revoke"), &revocation, "token=x").await, 200),
        (api.send(Method::POST, &api.url("/oauth/revoke"), &revocation, "").await, 400),
        (api.register("wrong", &json!({})).await, 401),
        (api.register(&token, &json!({ "redirect_uris": ["https://a.example/cb"] })).await, 201),
        (api.register(&token, &json!({ "redirect_uris": ["https://a.example/#"] })).await, 400),
        (api.get(&api.url("/oidc/register/nobody")).await, 401),
        (api.get(&api.url("/nowhere")).await, 404),
        (api.get(&api.url("/oidc/.well-known/openid-configuration")).await, 200),
    ] {
        assert_readable(&answer);
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    }
}
