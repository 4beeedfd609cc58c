//! Client ID metadata documents: kept, changed, evicted, removed.

use registrar::model::client::Origin;
use registrar::model::client_id_document::{ClientDocument, DocumentSource};
use registrar::model::id::ClientId;
use registrar::store::usage::ClientUse;
use rstest::rstest;
use serde_json::{Value, json};

use super::Story;
use crate::support::{Backend, audit_log};

fn document(story: &Story, id: &str, identity: &str) -> ClientDocument {
    let Value::Object(metadata) = json!({ "client_name": id }) else { unreachable!() };
    let now = story.clock.now();
    ClientDocument {
        domain_id: story.domain_id,
        client_id: ClientId(id.to_owned()),
        metadata,
        source: DocumentSource::Fetched,
        identity: identity.to_owned(),
        fetched_at: now,
        fresh_until: now.plus(300),
        usable_until: now.plus(1_000),
    }
}

async fn keep(story: &Story, document: &ClientDocument, most: i64) -> bool {
    let audit = story.audit("client_document.change");
    story.store.keep_client_document(document, most, &audit).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn a_document_is_kept_and_a_change_is_noticed(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let id = ClientId("https://a.example/c".to_owned());
    let first = document(&story, id.as_str(), "one");
    assert!(story.store.client_document(story.domain_id, &id).await.unwrap().is_none());
    assert!(!keep(&story, &first, 10).await, "nobody knew it");
    assert_eq!(*story.store.client_document(story.domain_id, &id).await.unwrap().unwrap(), first);
    story.clock.advance(10);
    let mut renamed = document(&story, id.as_str(), "one");
    renamed.source = DocumentSource::BuiltIn;
    assert!(!keep(&story, &renamed, 10).await);
    assert_eq!(*story.store.client_document(story.domain_id, &id).await.unwrap().unwrap(), renamed);
    let changed_at = "select changed_at from client_documents";
    assert_eq!(story.database.count(changed_at).await, first.fetched_at.seconds());
    assert!(keep(&story, &document(&story, id.as_str(), "two"), 10).await);
    assert_eq!(story.database.count(changed_at).await, renamed.fetched_at.seconds());
    let audited = audit_log(&story.store, story.domain_id).await;
    assert_eq!(audited.iter().filter(|event| event.action == "client_document.change").count(), 1);
    assert!(story.add_domain("other").await);
    let other = story.store.domain_named("other").await.unwrap().unwrap().id();
    assert!(story.store.client_document(other, &id).await.unwrap().is_none(), "each domain has its own");
}

#[rstest]
#[tokio::test]
async fn over_the_bound_the_longest_unread_goes(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    for id in ["a", "b", "c"] {
        keep(&story, &document(&story, id, "one"), 3).await;
        story.clock.advance(1);
    }
    let (client_id, origin) = (ClientId("b".to_owned()), Origin::ClientDocument);
    let used = ClientUse { domain_id: story.domain_id, client_id: client_id.clone(), origin, at: story.clock.now() };
    story.store.write_client_usage(&[used]).await.unwrap();
    keep(&story, &document(&story, "a", "one"), 3).await;
    assert!(story.store.client_document(story.domain_id, &client_id).await.unwrap().is_some());
    keep(&story, &document(&story, "0", "one"), 3).await;
    assert!(
        story.store.client_document(story.domain_id, &client_id).await.unwrap().is_none(),
        "read before the others"
    );
    assert_eq!((story.count("client_documents").await, story.count("client_usage").await), (3, 0));
}

#[rstest]
#[tokio::test]
async fn what_people_consented_to_outlives_what_strangers_bring(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let ada = story.add_user("ada").await;
    keep(&story, &document(&story, "theirs", "one"), 3).await;
    let sql = format!(
        "insert into consents (domain_id, user_id, client_id, resource, scope, granted_at)
         select domain_id, id, 'theirs', '', 'openid', 1 from users where username = '{}'",
        ada.username
    );
    assert_eq!(story.database.execute(&sql).await, 1);
    for id in ["a", "b", "c", "d"] {
        story.clock.advance(1);
        keep(&story, &document(&story, id, "one"), 3).await;
    }
    let kept = async |id: &str| {
        let id = ClientId(id.to_owned());
        story.store.client_document(story.domain_id, &id).await.unwrap().is_some()
    };
    assert_eq!(story.count("client_documents").await, 3);
    assert!(kept("theirs").await && kept("c").await && kept("d").await);
    assert_eq!(story.count("consents").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_document_is_removed_and_the_others_hear_of_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let id = ClientId("https://a.example/c".to_owned());
    keep(&story, &document(&story, id.as_str(), "one"), 3).await;
    story.store.client_document(story.domain_id, &id).await.unwrap().unwrap();
    for removed in [true, false] {
        let audit = story.audit("client_document.remove");
        assert_eq!(story.store.remove_client_document(story.domain_id, &id, &audit).await.unwrap(), removed);
        assert!(story.store.client_document(story.domain_id, &id).await.unwrap().is_none());
    }
    assert_eq!(story.count("changes where subject = 'https://a.example/c'").await, 2);
}
