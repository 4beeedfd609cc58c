//! Renewal of secrets (check 7).

use http::Method;
use rstest::rstest;
use serde_json::Value;

use super::{fixture, kept, registered, renewed};
use crate::support::{Backend, Credentials, TestServer};

const DAY: i64 = 24 * 60 * 60;

#[rstest]
#[tokio::test]
async fn check_07_renewal_by_post_put_and_patch_takes_no_body_and_no_content_type(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let token = record["registration_access_token"].as_str().unwrap();
    let mut secrets = vec![Credentials::of(&record)];
    for method in [Method::POST, Method::PUT, Method::PATCH] {
        let answer = server.api.bare(method, &server.api.renewal_url(&record), token).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let renewed = answer.expect(200);
        kept(&renewed);
        let mut same = renewed.clone();
        same["client_secret"] = record["client_secret"].clone();
        assert_eq!(same, record, "only the secret is new");
        secrets.push(Credentials::of(&renewed));
    }
    secrets.sort_by(|a, b| a.secret.cmp(&b.secret));
    secrets.dedup_by(|a, b| a.secret == b.secret);
    assert_eq!(secrets.len(), 4, "each renewal gives another secret");
    for secret in &secrets {
        assert!(server.api.accepts(secret).await);
    }
    server.api.bare(Method::GET, &server.api.renewal_url(&record), token).await.expect_error(405, "method_not_allowed");
}

#[rstest]
#[tokio::test]
async fn check_07_the_old_secret_works_for_its_grace_of_a_day_and_not_longer(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let old = registered(&server, &fixture("backend_to_backend")).await;
    let new = renewed(&server, &old).await;
    server.advance(DAY - 1);
    assert!(server.api.accepts(&Credentials::of(&old)).await);
    server.advance(1);
    assert!(!server.api.accepts(&Credentials::of(&old)).await);
    assert!(server.api.accepts(&Credentials::of(&new)).await);
    server.housekeeping().await;
    assert!(server.api.accepts(&Credentials::of(&new)).await);
}

#[rstest]
#[tokio::test]
async fn check_07_without_grace_the_old_secret_ends_at_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_policy("gateway", |policy| policy.secret_grace = 0).await;
    let old = registered(&server, &fixture("backend_to_backend")).await;
    assert!(server.api.accepts(&Credentials::of(&old)).await);
    let new = renewed(&server, &old).await;
    assert!(!server.api.accepts(&Credentials::of(&old)).await);
    assert!(server.api.accepts(&Credentials::of(&new)).await);
}

#[rstest]
#[tokio::test]
async fn check_07_each_superseded_secret_lives_to_its_own_end(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let first = registered(&server, &fixture("backend_to_backend")).await;
    let second = renewed(&server, &first).await;
    server.advance(DAY / 2);
    let third = renewed(&server, &second).await;
    server.advance(DAY / 2);
    let alive = |record: &Value| {
        let (api, credentials) = (server.api.clone(), Credentials::of(record));
        async move { api.accepts(&credentials).await }
    };
    assert_eq!((alive(&first).await, alive(&second).await, alive(&third).await), (false, true, true));
    server.advance(DAY / 2);
    assert_eq!((alive(&second).await, alive(&third).await), (false, true));
}

#[rstest]
#[tokio::test]
async fn check_07_at_most_five_superseded_secrets_live_and_those_never_used_go_first(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let mut secrets = vec![Credentials::of(&record)];
    for number in 0..6 {
        // All but the third are used while they are the current one.
        if number != 2 {
            assert!(server.api.accepts(&secrets[number]).await);
        }
        server.advance(1);
        secrets.push(Credentials::of(&renewed(&server, &record).await));
    }
    let mut alive = Vec::new();
    for secret in &secrets {
        alive.push(server.api.accepts(secret).await);
    }
    assert_eq!(alive, [true, true, false, true, true, true, true], "the one never used made room");
    server.advance(1);
    let newest = Credentials::of(&renewed(&server, &record).await);
    assert!(!server.api.accepts(&secrets[0]).await, "then the oldest");
    assert!(server.api.accepts(&secrets[1]).await && server.api.accepts(&newest).await);
}
