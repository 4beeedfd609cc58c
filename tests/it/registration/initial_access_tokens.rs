//! Initial access tokens (RFC 7591 §3).

use registrar::model::audit_event::Actor;
use registrar::model::registration::policy::Policy;
use rstest::rstest;
use serde_json::json;

use crate::apim::{fixture, kept};
use crate::support::{Backend, TestServer};

#[rstest]
#[tokio::test]
async fn a_token_registers_until_it_expires(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let end = server.clock.now().plus(100);
    let (_, token) = server.initial_access_token(|token| token.expires_at = Some(end)).await;
    assert!(token.len() < 128, "it fits into a gateway's form");
    let record = server.api.register(&token, &fixture("web")).await.expect(201);
    kept(&record);
    assert_eq!(server.api.read(&record).await.expect(200), record);
    server.advance(99);
    server.api.register(&token, &fixture("web")).await.expect(201);
    server.advance(1);
    let told = server.api.register(&token, &fixture("web")).await.expect_error(401, "invalid_token");
    assert!(told.contains("expired"), "{told}");
    server.api.read(&record).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn a_use_is_counted_only_when_a_registration_succeeds(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (_, token) = server.initial_access_token(|token| token.max_uses = Some(2)).await;
    let refused = json!({ "redirect_uris": ["http://example.com/cb"] });
    for _ in 0..3 {
        server.api.register(&token, &refused).await.expect_error(400, "invalid_redirect_uri");
    }
    server.set_policy("gateway", |policy| policy.quota = Some(0)).await;
    server.api.register(&token, &fixture("web")).await.expect_error(429, "too_many_requests");
    server.set_policy("gateway", |policy| policy.quota = None).await;
    for _ in 0..2 {
        server.api.register(&token, &fixture("web")).await.expect(201);
    }
    let told = server.api.register(&token, &fixture("web")).await.expect_error(401, "invalid_token");
    assert!(told.contains("used up"), "{told}");
}

#[rstest]
#[tokio::test]
async fn the_uses_of_a_token_hold_under_parallel_registrations(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (_, token) = server.initial_access_token(|token| token.max_uses = Some(3)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (api, token) = (server.api.clone(), token.clone());
        tasks.spawn(async move { api.register(&token, &fixture("web")).await.status.as_u16() });
    }
    let mut statuses = tasks.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [[201; 3].as_slice(), &[401; 9]].concat());
}

#[rstest]
#[tokio::test]
async fn a_revoked_token_registers_nothing_more(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (id, token) = server.initial_access_token(|_| {}).await;
    server.api.register(&token, &fixture("web")).await.expect(201);
    let domain = server.domain().await.id();
    let audit = Actor::local("test").did(&server.clock, Some(domain), "initial_access_token.revoke", "");
    assert!(server.app.store.revoke_initial_access_token(domain, id, &audit).await.unwrap());
    let told = server.api.register(&token, &fixture("web")).await.expect_error(401, "invalid_token");
    assert!(told.contains("revoked"), "{told}");
}

#[rstest]
#[tokio::test]
async fn a_token_carries_the_policy_that_narrows_what_it_registers(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let machines = Policy { grant_types: vec!["client_credentials".to_owned()], ..Policy::gateway() };
    let id = server.add_policy("machines", machines).await;
    let (_, token) = server.initial_access_token(|token| token.policy_id = Some(id)).await;
    let mut body = fixture("web");
    body["grant_types"] = json!(["authorization_code", "client_credentials"]);
    let record = server.api.register(&token, &body).await.expect(201);
    assert_eq!(record["grant_types"], json!(["client_credentials"]));
    let refused = server.api.put(&record, &fixture("web")).await;
    refused.expect_error(400, "invalid_client_metadata");
    let (_, plain) = server.initial_access_token(|_| {}).await;
    let record = server.api.register(&plain, &body).await.expect(201);
    assert_eq!(record["grant_types"], body["grant_types"]);
    // Without its policy, what it narrowed does not become wide.
    let domain = server.domain().await;
    let audit = Actor::local("test").did(&server.clock, Some(domain.id()), "policy.delete", "machines");
    let machines = domain.policy("machines").unwrap();
    assert!(server.app.store.delete_policy(domain.id(), machines, &audit).await.unwrap());
    server.api.register(&token, &body).await.expect_error(401, "invalid_token");
}
