//! Rate limits: failures are counted per source and domain, successes never.

use registrar::config::{List, Settings};
use rstest::rstest;
use serde_json::json;

use super::{FORM, ask, post};
use crate::support::{Answer, Api, Backend, Credentials, TestServer};

const LIMIT: u32 = 3;

fn limited(settings: &mut Settings) {
    settings.rate_limit.enabled = true;
    settings.rate_limit.failed_authentications_per_minute = LIMIT;
    settings.rate_limit.registrations_per_minute = LIMIT;
}

fn behind_a_proxy(settings: &mut Settings) {
    limited(settings);
    settings.rate_limit.trusted_proxies = List(vec!["127.0.0.0/8".parse().unwrap()]);
}

/// A failed authentication from the source that these headers claim.
async fn fail(api: &Api, forwarded_for: &str) -> Answer {
    let body = "grant_type=client_credentials&client_id=nobody&client_secret=wrong";
    post(api, &[("x-forwarded-for", forwarded_for), FORM], body).await
}

async fn fail_until_limited(api: &Api, forwarded_for: &str) {
    for _ in 0..LIMIT {
        fail(api, forwarded_for).await.expect_error(401, "invalid_client");
    }
    let answer = fail(api, forwarded_for).await;
    let seconds: u32 = answer.header("retry-after").parse().expect("a number of seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    answer.expect_error(429, "too_many_requests");
}

#[rstest]
#[tokio::test]
async fn too_many_failures_are_429_until_time_has_passed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start_with(backend, limited).await else { return };
    fail_until_limited(&server.api, "192.0.2.1").await;
    server.advance(20);
    fail(&server.api, "192.0.2.1").await.expect_error(401, "invalid_client");
}

#[rstest]
#[tokio::test]
async fn successes_are_never_limited(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start_with(backend, limited).await else { return };
    let api = &server.api;
    fail_until_limited(api, "").await;
    for _ in 0..3 * LIMIT {
        ask(api, &server.gateway, "").await.expect(200);
        api.get(&api.url("/oidc/.well-known/openid-configuration")).await.expect(200);
    }
    let admin = server.admin_token().await;
    for _ in 0..3 * LIMIT {
        api.register(&admin, &json!({ "grant_types": ["client_credentials"] })).await.expect(201);
    }
    // What the client itself did wrong is no guess at a secret.
    for _ in 0..3 * LIMIT {
        ask(api, &server.gateway, "&scope=nonsense").await.expect_error(400, "invalid_scope");
    }
}

#[rstest]
#[tokio::test]
async fn refused_tokens_and_secrets_count_together(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start_with(backend, limited).await else { return };
    let api = &server.api;
    let wrong = Credentials { id: server.gateway.id.clone(), secret: "wrong".to_owned() };
    api.register("not-a-token", &json!({})).await.expect_error(401, "invalid_token");
    api.introspect(&wrong, "x").await.expect_error(401, "invalid_client");
    let rat = format!("rat_{}", "x".repeat(43));
    api.bare(http::Method::GET, &api.url("/oidc/register/nobody"), &rat).await.expect_error(401, "invalid_token");
    api.register(&format!("iat_{}", "x".repeat(43)), &json!({})).await.expect_error(429, "too_many_requests");
    api.form("/oauth/revoke", &wrong, "token=x").await.expect_error(429, "too_many_requests");
}

#[rstest]
#[tokio::test]
async fn without_a_trusted_proxy_a_forwarded_address_is_not_believed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start_with(backend, limited).await else { return };
    fail_until_limited(&server.api, "192.0.2.1").await;
    fail(&server.api, "198.51.100.7").await.expect_error(429, "too_many_requests");
}

#[rstest]
#[tokio::test]
async fn behind_a_trusted_proxy_each_source_prefix_counts_by_itself(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start_with(backend, behind_a_proxy).await else { return };
    let api = &server.api;
    fail_until_limited(api, "192.0.2.1").await;
    fail(api, "192.0.2.2").await.expect_error(401, "invalid_client");
    // What stands left of the address that the proxy saw is the client's own claim.
    fail(api, "203.0.113.9, 192.0.2.1").await.expect_error(429, "too_many_requests");
    fail_until_limited(api, "2001:db8:1:2::1").await;
    fail(api, "2001:db8:1:2:ffff::9").await.expect_error(429, "too_many_requests");
    fail(api, "2001:db8:1:3::1").await.expect_error(401, "invalid_client");
}

#[rstest]
#[tokio::test]
async fn domains_count_by_themselves(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start_with(backend, limited).await else { return };
    server.add_domain("other").await;
    fail_until_limited(&server.api, "").await;
    fail(&server.api.in_domain("other"), "").await.expect_error(401, "invalid_client");
}

#[rstest]
#[tokio::test]
async fn open_registrations_count_whether_they_succeed_or_not(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start_with(backend, limited).await else { return };
    server.set_domain(|settings| settings.open_registration = true).await;
    let body = |n: u32| json!({ "redirect_uris": [format!("https://app{n}.example.com/cb")] });
    for n in 1..LIMIT {
        server.api.register("", &body(n)).await.expect(201);
    }
    server.api.register("", &json!({})).await.expect_error(400, "invalid_redirect_uri");
    let answer = server.api.register("", &body(9)).await;
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    answer.expect_error(429, "too_many_requests");
    // Who holds a token is no stranger.
    let admin = server.admin_token().await;
    server.api.register(&admin, &body(10)).await.expect(201);
}
