//! The change feed: what one process changes, another one knows.

use std::time::Duration;

use registrar::model::client::ClientStatus;
use registrar::model::domain::DomainSettings;
use registrar::model::id::ClientId;
use registrar::store::changes::FeedPosition;
use registrar::store::clients::{ClientUpdate, SecretChange};
use rstest::rstest;

use super::Story;
use crate::support::Backend;

#[rstest]
#[tokio::test]
async fn a_change_is_in_force_at_once_here_and_with_the_next_poll_elsewhere(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (here, there) = (&story.store, story.beside().await);
    let id = ClientId("c".to_owned());
    story.add(&story.client("c"), None).await;
    let mut position = FeedPosition::default();
    there.poll_changes(&mut position).await.unwrap();
    assert_eq!(there.poll_changes(&mut position).await.unwrap(), 0, "seen rows are not applied again");
    let open = async |store: &registrar::store::Store| {
        store.domain_named("main").await.unwrap().unwrap().domain.settings.open_registration
    };
    let status = async |store: &registrar::store::Store| {
        store.client(story.domain_id, &id).await.unwrap().unwrap().client.status
    };
    assert_eq!((open(&there).await, status(&there).await), (false, ClientStatus::Active));

    let settings = DomainSettings { open_registration: true, ..DomainSettings::default() };
    assert!(here.update_domain(story.domain_id, 1, &settings, &story.audit("domain.update")).await.unwrap());
    let mut client = story.client("c");
    client.status = ClientStatus::Suspended;
    let audit = story.audit("client.update");
    let update = ClientUpdate { client: &client, secrets: SecretChange::Keep, audit: &audit };
    assert!(here.update_client(&update).await.unwrap());
    let end = story.clock.now().plus(60);
    here.revoke_token(story.domain_id, "jti", end, &story.audit("access_token.revoke")).await.unwrap();

    assert_eq!((open(here).await, status(here).await), (true, ClientStatus::Suspended));
    assert!(here.cache().is_revoked(story.domain_id, "jti"));
    assert_eq!((open(&there).await, status(&there).await), (false, ClientStatus::Active), "from memory");
    assert_eq!(there.poll_changes(&mut position).await.unwrap(), 3);
    assert_eq!((open(&there).await, status(&there).await), (true, ClientStatus::Suspended));
    assert!(there.cache().is_revoked(story.domain_id, "jti"));
    let (hits, _) = there.cache().hits_and_misses();
    assert!(hits > 0);
}

#[rstest]
#[tokio::test]
async fn a_change_that_was_stamped_up_to_ten_seconds_ago_is_not_missed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let there = story.beside().await;
    let mut position = FeedPosition::default();
    there.poll_changes(&mut position).await.unwrap();
    let end = story.clock.now().plus(60);
    story.store.revoke_token(story.domain_id, "late", end, &story.audit("access_token.revoke")).await.unwrap();
    story.clock.advance(10);
    there.poll_changes(&mut position).await.unwrap();
    assert!(there.cache().is_revoked(story.domain_id, "late"));
}

#[rstest]
#[tokio::test]
async fn a_notification_hastens_the_feed_where_the_database_has_them(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let there = story.beside().await;
    assert_eq!(there.is_shared(), backend == Backend::Postgres);
    let Some(mut listener) = there.listen().await.unwrap() else {
        assert!(!there.is_shared());
        return;
    };
    let phone = story.domain().await.scope("phone").unwrap().clone();
    assert!(story.store.delete_scope(story.domain_id, &phone, &story.audit("scope.delete")).await.unwrap());
    tokio::time::timeout(Duration::from_secs(20), listener.wait()).await.expect("it is notified").unwrap();
    there.poll_changes(&mut FeedPosition::default()).await.unwrap();
    assert!(there.domain(story.domain_id).await.unwrap().unwrap().scope("phone").is_none());
}
