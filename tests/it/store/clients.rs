//! Clients and their secrets.

use registrar::model::client::ClientStatus;
use registrar::model::id::ClientId;
use registrar::store::clients::{ClientUpdate, SecretChange};
use registrar::store::registrations::RegisterOutcome;
use rstest::rstest;
use serde_json::json;

use super::Story;
use crate::support::Backend;

fn id(text: &str) -> ClientId {
    ClientId(text.to_owned())
}

#[rstest]
#[tokio::test]
async fn an_id_is_given_once_even_after_its_client_was_deleted(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let client = story.client("c");
    assert_eq!(story.add(&client, Some(&story.secret("v1"))).await, RegisterOutcome::Registered);
    assert_eq!(story.add(&client, Some(&story.secret("v2"))).await, RegisterOutcome::Exists);
    assert_eq!(story.count("client_secrets").await, 1);
    let stored = story.store.read_client(story.domain_id, &id("c")).await.unwrap().unwrap();
    assert_eq!((&stored.client.metadata, stored.secrets[0].verifier.as_str()), (&client.metadata, "v1"));
    assert!(story.store.delete_client(&stored.client, &story.audit("client.delete")).await.unwrap());
    assert!(!story.store.delete_client(&stored.client, &story.audit("client.delete")).await.unwrap());
    assert_eq!(story.add(&client, None).await, RegisterOutcome::Exists);
    let audit = story.audit("client.restore");
    assert!(!story.store.restore_client(story.domain_id, &id("c"), &audit).await.unwrap(), "it was somebody's own");
    let gone = story.store.client(story.domain_id, &id("c")).await.unwrap().unwrap();
    assert_eq!((gone.client.status, gone.secrets.len()), (ClientStatus::Deleted, 0));
    assert_eq!(gone.client.tokens_not_before, story.clock.now());
    assert!(story.store.client(story.domain_id, &id("nobody")).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn a_change_is_made_only_to_what_was_read(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    story.add(&story.client("c"), Some(&story.secret("v1"))).await;
    let mut client = store.client(story.domain_id, &id("c")).await.unwrap().unwrap().client.clone();
    client.metadata.client_name = Some("Renamed".to_owned());
    client.registration_token = Some(vec![7]);
    let audit = story.audit("client.update");
    let update = ClientUpdate { client: &client, secrets: SecretChange::Keep, audit: &audit };
    assert!(store.update_client(&update).await.unwrap());
    let again = story.audit("client.update");
    let stale = ClientUpdate { client: &client, secrets: SecretChange::Drop, audit: &again };
    assert!(!store.update_client(&stale).await.unwrap());
    let now = store.client(story.domain_id, &id("c")).await.unwrap().unwrap();
    assert_eq!((now.client.metadata.client_name.as_deref(), now.client.version), (Some("Renamed"), 2));
    assert_eq!(now.secrets.len(), 1, "nothing of the stale change was done");

    client.version = 2;
    let (second, audit) = (story.secret("v2"), story.audit("client_secret.renew"));
    let secrets = SecretChange::Renew { new: &second, grace: 60 };
    assert!(store.update_client(&ClientUpdate { client: &client, secrets, audit: &audit }).await.unwrap());
    let now = store.client(story.domain_id, &id("c")).await.unwrap().unwrap();
    let kept: Vec<_> = now.secrets.iter().map(|s| (s.verifier.as_str(), s.superseded, s.expires_at)).collect();
    assert_eq!(kept, [("v2", false, None), ("v1", true, Some(story.clock.now().plus(60)))]);
    let audit = story.audit("client_secret.end");
    assert!(store.end_secret(story.domain_id, &id("c"), now.secrets[1].id, &audit).await.unwrap());
    let audit = story.audit("client_secret.end");
    assert!(!store.end_secret(story.domain_id, &id("c"), now.secrets[1].id, &audit).await.unwrap());
    client.version = 3;
    let audit = story.audit("client.update");
    let update = ClientUpdate { client: &client, secrets: SecretChange::Drop, audit: &audit };
    assert!(store.update_client(&update).await.unwrap());
    assert!(store.client(story.domain_id, &id("c")).await.unwrap().unwrap().secrets.is_empty());
}

#[rstest]
#[tokio::test]
async fn what_a_registrant_was_told_is_noted_unless_the_client_changed_meanwhile(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    story.add(&story.client("c"), None).await;
    let read = async || story.store.read_client(story.domain_id, &id("c")).await.unwrap().unwrap().client;
    let mut client = read().await;
    client.registration.told.insert("client_name".to_owned(), json!("c"));
    story.store.note_told(&client).await.unwrap();
    assert_eq!(read().await.registration, client.registration);
    client.version = 7;
    client.registration.told.clear();
    story.store.note_told(&client).await.unwrap();
    assert_eq!(read().await.registration.told.len(), 1, "whoever changed it also told");
}

#[rstest]
#[tokio::test]
async fn the_token_before_a_rotation_is_forgotten_once_the_new_one_is_used(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let mut client = story.client("c");
    (client.registration_token, client.previous_registration_token) = (Some(vec![2]), Some(vec![1]));
    story.add(&client, None).await;
    let previous = async || {
        let entry = story.store.read_client(story.domain_id, &id("c")).await.unwrap().unwrap();
        entry.client.previous_registration_token
    };
    let other = registrar::model::client::Client { registration_token: Some(vec![3]), ..client.clone() };
    story.store.confirm_registration_token(&other).await.unwrap();
    assert_eq!(previous().await, Some(vec![1]), "another rotation came between");
    story.store.confirm_registration_token(&client).await.unwrap();
    assert_eq!(previous().await, None);
}

#[rstest]
#[tokio::test]
async fn templates_are_found_by_slug_and_by_id(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    for (name, slug) in [("one", Some("tpl-b")), ("two", Some("tpl-a")), ("three", None)] {
        let mut client = story.client(name);
        client.settings.template = slug.map(str::to_owned);
        story.add(&client, None).await;
    }
    let find =
        async |name: &str| story.store.template(story.domain_id, name).await.unwrap().map(|client| client.client_id.0);
    assert_eq!(find("tpl-b").await.as_deref(), Some("one"));
    assert_eq!(story.store.template_holder(story.domain_id, "tpl-a").await.unwrap(), Some(id("two")));
    assert_eq!(story.store.template_holder(story.domain_id, "tpl-c").await.unwrap(), None);
    assert_eq!(find("two").await.as_deref(), Some("two"));
    assert_eq!((find("three").await, find("tpl-c").await), (None, None));
    let all = story.store.templates(story.domain_id).await.unwrap();
    assert_eq!(all.iter().map(|client| client.client_id.as_str()).collect::<Vec<_>>(), ["two", "one"]);
}
