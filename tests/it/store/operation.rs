//! Leases, clean-up, the audit log, last-used times, revoked tokens, initial access tokens.

use registrar::model::audit_event::Actor;
use registrar::model::client::Origin;
use registrar::model::id::{ClientId, InitialAccessTokenId, SecretId};
use registrar::store::clients::{ClientUpdate, SecretChange};
use registrar::store::idempotent_requests::{Known, RequestKey};
use registrar::store::initial_access_tokens::InitialAccessToken;
use registrar::store::registrations::{NewClient, RegisterOutcome};
use registrar::store::usage::ClientUse;
use rstest::rstest;

use super::Story;
use crate::support::Backend;

#[rstest]
#[tokio::test]
async fn a_lease_has_one_holder_at_a_time(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (one, two) = (story.store.clone(), story.beside().await);
    assert!(one.take_lease("work", "one", 60).await.unwrap());
    assert!(!two.take_lease("work", "two", 60).await.unwrap());
    assert!(two.take_lease("other work", "two", 60).await.unwrap());
    story.clock.advance(59);
    assert!(one.take_lease("work", "one", 60).await.unwrap(), "prolonged");
    story.clock.advance(59);
    assert!(!two.take_lease("work", "two", 60).await.unwrap());
    two.release_lease("work", "two").await.unwrap();
    assert!(!two.take_lease("work", "two", 60).await.unwrap(), "nobody gives back what another holds");
    story.clock.advance(1);
    assert!(two.take_lease("work", "two", 60).await.unwrap(), "it has ended");
    two.release_lease("work", "two").await.unwrap();
    assert!(one.take_lease("work", "one", 60).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn of_many_who_want_a_lease_one_gets_it(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..16 {
        let store = story.store.clone();
        tasks.spawn(async move { store.take_lease("work", &format!("holder {number}"), 60).await.unwrap() });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|taken| *taken).count(), 1);
}

#[rstest]
#[tokio::test]
async fn what_has_had_its_time_is_removed(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, now) = (&story.store, story.clock.now());
    store.revoke_token(story.domain_id, "short", now.plus(10), &story.audit("access_token.revoke")).await.unwrap();
    store.revoke_token(story.domain_id, "long", now.plus(10_000), &story.audit("access_token.revoke")).await.unwrap();
    store.take_lease("work", "one", 10).await.unwrap();
    let client = story.client("c");
    story.add(&client, Some(&story.secret("v1"))).await;
    let (second, audit) = (story.secret("v2"), story.audit("client_secret.renew"));
    let secrets = SecretChange::Renew { new: &second, grace: 10 };
    assert!(store.update_client(&ClientUpdate { client: &client, secrets, audit: &audit }).await.unwrap());
    assert_eq!(store.remove_expired().await.unwrap(), 0);
    assert!(store.cache().is_revoked(story.domain_id, "short"));
    story.clock.advance(10);
    assert_eq!(store.remove_expired().await.unwrap(), 3, "a revocation, a secret, a lease");
    assert!(!store.cache().is_revoked(story.domain_id, "short") && store.cache().is_revoked(story.domain_id, "long"));
    story.clock.advance(600);
    assert!(store.remove_expired().await.unwrap() > 0, "rows of the feed");
    assert_eq!(story.count("changes").await, 0);
    let left = [("revoked_tokens", 1), ("client_secrets", 1), ("leases", 0)];
    for (table, rows) in left {
        assert_eq!(story.count(table).await, rows, "{table}");
    }
}

#[rstest]
#[tokio::test]
async fn openly_registered_clients_that_nobody_used_are_removed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let policy = story.domain().await.policies[0].id;
    let origins = [Origin::Open, Origin::ContentAddressed, Origin::Gateway, Origin::Manual, Origin::Open];
    for (number, origin) in origins.into_iter().enumerate() {
        let mut client = story.client(&format!("c{number}"));
        (client.origin, client.policy_id) = (origin, Some(policy));
        story.add(&client, None).await;
    }
    let used = ClientId("c4".to_owned());
    let now = story.clock.now();
    let uses = [ClientUse { domain_id: story.domain_id, client_id: used.clone(), origin: Origin::Open, at: now }];
    story.store.write_client_usage(&uses).await.unwrap();
    assert_eq!(story.store.client_last_used(story.domain_id, &used).await.unwrap(), Some(now));
    assert_eq!(story.store.remove_unused_clients(story.domain_id, policy, now).await.unwrap(), 0);
    assert_eq!(story.store.remove_unused_clients(story.domain_id, policy, now.plus(1)).await.unwrap(), 2);
    assert_eq!(story.count("clients").await, 4, "of the content-addressed one nothing stays");
    assert_eq!(story.count("clients where status = 'deleted'").await, 1);
}

#[rstest]
#[tokio::test]
async fn what_a_registrant_did_is_told_apart_from_what_administrators_did(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let id = ClientId("c".to_owned());
    let event = |(actor, action, target): (&str, &'static str, &str)| {
        story.clock.advance(1);
        Actor::local(actor).did(&story.clock, Some(story.domain_id), action, target)
    };
    let mut events: Vec<_> = [
        ("client:gateway", "client.register", "c"),
        ("client:gateway", "client.update", "c"),
        ("registration_access_token:c", "client.update", "c"),
        ("api_token:1", "client.update", "c"),
        ("administrator:1", "client.suspend", "c"),
        ("client:gateway", "client.register", "d"),
    ]
    .into_iter()
    .map(event)
    .collect();
    events.push(event(("client:gateway", "client.update", "c")).refused("because"));
    story.store.write_audit(&events).await.unwrap();
    let told = story.store.registrant_requests(story.domain_id, &id, 10).await.unwrap();
    let told: Vec<_> = told.iter().map(|event| (event.actor.as_str(), event.action.as_str())).collect();
    let (update, register) = ("client.update", "client.register");
    assert_eq!(
        told,
        [("registration_access_token:c", update), ("client:gateway", update), ("client:gateway", register)]
    );
    assert_eq!(story.store.registrant_requests(story.domain_id, &id, 1).await.unwrap().len(), 1);
}

#[rstest]
#[tokio::test]
async fn last_used_times_are_written_in_batches(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    let uses = |seconds: i64| -> Vec<ClientUse> {
        let client = |number: i32| ClientId(format!("c{number}"));
        let at = story.clock.now().plus(seconds);
        let used =
            |number| ClientUse { domain_id: story.domain_id, client_id: client(number), origin: Origin::Gateway, at };
        (0..1_100).map(used).collect()
    };
    for seconds in [0, 5] {
        store.write_client_usage(&uses(seconds)).await.unwrap();
    }
    assert_eq!(story.count("client_usage").await, 1_100);
    let last = store.client_last_used(story.domain_id, &ClientId("c1099".to_owned())).await.unwrap();
    assert_eq!(last, Some(story.clock.now().plus(5)));
    assert_eq!(store.client_last_used(story.domain_id, &ClientId("x".to_owned())).await.unwrap(), None);
    let secret = story.secret("v");
    story.add(&story.client("c"), Some(&secret)).await;
    let gone = SecretId::new(&story.clock);
    for _ in 0..2 {
        store.write_secret_usage(&[(secret.id, story.clock.now()), (gone, story.clock.now())]).await.unwrap();
    }
    assert_eq!(story.count("secret_usage").await, 1, "a secret that is gone is left out");
    let used = store.secrets_last_used(story.domain_id, &ClientId("c".to_owned())).await.unwrap();
    assert_eq!(used, [(secret.id, story.clock.now())]);
}

#[rstest]
#[tokio::test]
async fn revoked_tokens_are_known_after_a_restart(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let end = story.clock.now().plus(100);
    for _ in 0..2 {
        story.store.revoke_token(story.domain_id, "jti", end, &story.audit("access_token.revoke")).await.unwrap();
    }
    let restarted = story.beside().await;
    assert!(!restarted.cache().is_revoked(story.domain_id, "jti"));
    restarted.load_revoked_tokens().await.unwrap();
    assert!(restarted.cache().is_revoked(story.domain_id, "jti"));
    assert!(!restarted.cache().is_revoked(story.domain_id, "other"));
    restarted.ping().await.unwrap();
    restarted.close().await;
    assert!(restarted.ping().await.is_err());
}

#[rstest]
#[tokio::test]
async fn initial_access_tokens_are_kept_listed_used_and_revoked(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    let token = InitialAccessToken {
        id: InitialAccessTokenId::new(&story.clock),
        hash: vec![9; 32],
        label: "for the portal".to_owned(),
        policy_id: None,
        max_uses: Some(1),
        uses: 0,
        expires_at: Some(story.clock.now().plus(60)),
        revoked_at: None,
        created_at: story.clock.now(),
    };
    let audit = story.audit("initial_access_token.create");
    store.create_initial_access_token(story.domain_id, &token, &audit).await.unwrap();
    let found = store.initial_access_token(story.domain_id, &token.hash).await.unwrap().unwrap();
    assert_eq!((found.id, &found.label, found.expires_at), (token.id, &token.label, token.expires_at));
    assert!(store.initial_access_token(story.domain_id, &[1]).await.unwrap().is_none());
    let labels = store.initial_access_token_labels(story.domain_id, &[token.id.0, uuid::Uuid::from_u128(1)]).await;
    assert_eq!(labels.unwrap(), [(token.id.0, "for the portal".to_owned())]);
    assert!(store.initial_access_token_labels(story.domain_id, &[]).await.unwrap().is_empty());
    let register = async |name: &str| {
        let (client, audit) = (story.client(name), story.audit("client.register"));
        let initial_access_token = Some(token.id);
        let new = NewClient { client: &client, secret: None, initial_access_token, quota: None, audit: &audit };
        store.register_client(&new).await.unwrap()
    };
    assert_eq!(register("one").await, RegisterOutcome::Registered);
    assert_eq!(register("two").await, RegisterOutcome::TokenRefused);
    assert_eq!(story.count("clients").await, 1);
    assert_eq!(store.initial_access_tokens(story.domain_id).await.unwrap()[0].uses, 1);
    for revoked in [true, false] {
        let audit = story.audit("initial_access_token.revoke");
        assert_eq!(store.revoke_initial_access_token(story.domain_id, token.id, &audit).await.unwrap(), revoked);
    }
    let found = store.initial_access_token(story.domain_id, &token.hash).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(story.clock.now()));
}

#[rstest]
#[tokio::test]
async fn an_assertion_is_used_once_per_client_until_it_has_ended(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (one, two) = (ClientId("one".to_owned()), ClientId("two".to_owned()));
    let end = story.clock.now().plus(60);
    let taken = async |client: &ClientId, jti: &[u8]| {
        story.store.use_assertion(story.domain_id, client, jti, end).await.unwrap()
    };
    assert!(taken(&one, b"a").await && taken(&one, b"b").await && taken(&two, b"a").await);
    assert!(!taken(&one, b"a").await);
    assert_eq!(story.store.remove_expired().await.unwrap(), 0);
    story.clock.advance(60);
    assert_eq!(story.store.remove_expired().await.unwrap(), 3);
    assert!(taken(&one, b"a").await);
}

#[rstest]
#[tokio::test]
async fn a_request_with_a_key_is_noted_answered_and_forgotten(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    let key = |owner: &str| RequestKey { owner: owner.to_owned(), key_hash: vec![7; 32] };
    let until = story.clock.now().plus(60);
    let begin = async |owner: &str, request: u8| store.begin_idempotent(&key(owner), &[request], until).await.unwrap();
    assert_eq!(begin("cli", 1).await, Known::First);
    assert_eq!(begin("cli", 1).await, Known::Unanswered, "it may still run");
    assert_eq!(begin("cli", 2).await, Known::Other);
    assert_eq!(begin("api_token:1", 2).await, Known::First, "a key is its owner's");
    store.answer_idempotent(&key("cli"), 201, b"sealed").await.unwrap();
    assert_eq!(begin("cli", 1).await, Known::Answered(201, b"sealed".to_vec()));
    store.forget_idempotent(&key("cli")).await.unwrap();
    assert_eq!(begin("cli", 1).await, Known::Answered(201, b"sealed".to_vec()), "what was answered stays");
    store.forget_idempotent(&key("api_token:1")).await.unwrap();
    assert_eq!(begin("api_token:1", 3).await, Known::First);
    story.clock.advance(60);
    assert_eq!(begin("cli", 4).await, Known::First, "it has ended");
}
