//! What ends before its time, and databases in memory.

use std::time::Duration;

use registrar::model::id::ClientId;
use registrar::model::random::{Queue, Random};
use registrar::model::time::Clock;
use registrar::store::Store;
use registrar::store::expiry::Expiring;
use registrar::store::login_grants::GrantOutcome;
use rstest::rstest;

use super::Story;
use crate::support::{Backend, START};

#[rstest]
#[tokio::test]
async fn what_is_named_ends_now_and_nothing_else(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, domain, ada) = (&story.store, story.domain_id, story.add_user("ada").await);
    story.add_domain("other").await;
    let other = store.domain_named("other").await.unwrap().unwrap().id();
    let now = story.clock.now();
    story.redeemed(&ada, "c", 1).await;
    let waiting = story.login(&ada, "c");
    assert_eq!(
        store.establish_grant(&waiting, &story.code(&waiting, 2), None).await.unwrap(),
        GrantOutcome::Established
    );
    let (first, second) = (story.interaction(), story.interaction());
    for begun in [&first, &second] {
        store.begin_interaction(begun).await.unwrap();
    }
    let client = story.client("machine");
    story.add(&client, Some(&story.secret("v"))).await;
    for expiring in [
        Expiring::RefreshToken(&[1; 32]),
        Expiring::AuthorizationCode(&[2; 32]),
        Expiring::Interaction(&first.id),
        Expiring::Secrets(&client.client_id),
    ] {
        assert!(!store.expire(other, expiring).await.unwrap(), "{expiring:?}: another domain's");
        assert!(store.expire(domain, expiring).await.unwrap(), "{expiring:?}");
    }
    let (token, _) = store.refresh_token(domain, &[1; 32]).await.unwrap().unwrap();
    let (code, _) = store.authorization_code(domain, &[2; 32]).await.unwrap().unwrap();
    assert_eq!((token.expires_at, code.expires_at), (now, now));
    let waiting = store.waiting_interactions(domain).await.unwrap();
    assert_eq!(waiting.iter().map(|found| &found.id).collect::<Vec<_>>(), [&second.id]);
    assert!(store.waiting_interactions(other).await.unwrap().is_empty());
    let known = store.client(domain, &client.client_id).await.unwrap().unwrap();
    assert!(known.current_secret(now).is_none(), "the cache has heard of it");
    for unknown in [Expiring::InitialAccessToken(&[9; 32]), Expiring::Secrets(&ClientId("ghost".to_owned()))] {
        assert!(!store.expire(domain, unknown).await.unwrap());
    }
}

#[rstest]
#[tokio::test]
async fn the_logins_of_a_client_end_together(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (ada, bob) = (story.add_user("ada").await, story.add_user("bob").await);
    let ended = [story.redeemed(&ada, "c", 1).await, story.redeemed(&bob, "c", 2).await];
    let left = story.redeemed(&ada, "d", 3).await;
    let until = story.clock.now().plus(3_600);
    let audit = story.audit("client.disconnect");
    let client_id = ClientId("c".to_owned());
    story.store.end_grants_of_client(story.domain_id, &client_id, until, &audit).await.unwrap();
    let is_marked = |id: String| story.store.cache().is_revoked(story.domain_id, &id);
    assert!(ended.iter().all(|grant| is_marked(grant.id.to_string())) && !is_marked(left.id.to_string()));
    for (hash, alive) in [(1, false), (2, false), (3, true)] {
        assert_eq!(story.store.refresh_token(story.domain_id, &[hash; 32]).await.unwrap().is_some(), alive);
    }
}

#[tokio::test]
async fn a_database_in_memory_is_its_image() {
    let surroundings = || (Clock::manual(START), Random::Queued(std::sync::Arc::new(Queue::default())));
    let store = Store::in_memory(None, 1 << 20, surroundings()).await.unwrap();
    store.set_fact("a", "first").await.unwrap();
    let image = store.image().await.unwrap();
    store.set_fact("a", "second").await.unwrap();
    let copy = Store::in_memory(Some(&image), 1 << 20, surroundings()).await.unwrap();
    assert_eq!(copy.fact("a").await.unwrap().as_deref(), Some("first"));
    copy.set_fact("b", "of the copy").await.unwrap();
    assert_eq!(store.fact("b").await.unwrap(), None);
    assert!(!store.has_signing_keys_like("harness-").await.unwrap());
    assert!(matches!(store.random(), Random::Queued(_)));
    // Many at once wait for one another, and all are served.
    let work = (0..50).map(|number| {
        let store = copy.clone();
        async move { store.set_fact(&format!("n{number}"), "x").await }
    });
    let all = futures_util::future::join_all(work);
    assert!(tokio::time::timeout(Duration::from_secs(20), all).await.unwrap().iter().all(Result::is_ok));
}
