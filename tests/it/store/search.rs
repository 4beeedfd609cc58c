//! Search words: written with what they lead to, and found by.

use registrar::model::client::{Client, ClientSecret, Origin};
use registrar::model::cursor::Total;
use registrar::model::id::{ClientId, PolicyId};
use registrar::model::time::UnixTime;
use registrar::store::client_list::ClientListQuery;
use registrar::store::clients::{ClientUpdate, SecretChange};
use rstest::rstest;

use super::Story;
use super::lists::{all_clients, page};
use crate::support::Backend;

fn named(story: &Story, id: &str, name: &str) -> Client {
    let mut client = story.client(id);
    client.metadata.client_name = Some(name.to_owned());
    client
}

async fn found(story: &Story, typed: &str) -> String {
    let query = ClientListQuery { search: typed.to_owned(), limit: 2, ..ClientListQuery::default() };
    let found = all_clients(story, query.clone()).await;
    let total = page(story, &query).await.total;
    assert_eq!(total, Total { count: i64::try_from(found.len()).unwrap(), exact: true }, "{typed}");
    found.join(" ")
}

#[rstest]
#[tokio::test]
async fn clients_are_found_by_id_its_beginning_and_words(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    for (id, name) in [
        ("Kx9-abc", "Acme CRM"),
        ("Kx9-abd", "Acme Portal (crmlike)"),
        ("q1", "CRM crmplus Kx9"),
        ("crm", "Billing"),
        ("zz", "\u{c4}rzte-Portal"),
        ("abc", "Kx9 tool"),
    ] {
        story.add(&named(&story, id, name), None).await;
    }
    for (typed, expected) in [
        ("Kx9-abc", "Kx9-abc abc"),
        ("kx9-AB", "Kx9-abc Kx9-abd abc"),
        ("crm", "crm Kx9-abc q1 Kx9-abd"),
        ("portal", "Kx9-abd zz"),
        ("\u{e4}rz", "zz"),
        ("acme crm", "Kx9-abc Kx9-abd"),
        ("crm tool", ""),
        ("rtal", ""),
        ("%", ""),
        ("kx9", "abc q1 Kx9-abc Kx9-abd"),
    ] {
        assert_eq!(found(&story, typed).await, expected, "{typed}");
    }
    story.add_domain("other").await;
    let other = story.store.domain_named("other").await.unwrap().unwrap().id();
    let query = ClientListQuery { search: "crm".to_owned(), limit: 9, ..ClientListQuery::default() };
    assert!(story.store.list_clients(other, &query).await.unwrap().unwrap().items.is_empty());
}

#[rstest]
#[tokio::test]
async fn words_follow_their_client(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, policy) = (&story.store, PolicyId::new(&story.clock));
    let addressed = Client { origin: Origin::ContentAddressed, ..named(&story, "one", "Alpha Beta") };
    story.add(&addressed, None).await;
    let mut client = store.read_client(story.domain_id, &ClientId("one".to_owned())).await.unwrap().unwrap().client;
    client.metadata.client_name = Some("Beta Gamma".to_owned());
    let audit = story.audit("client.update");
    let update = ClientUpdate { client: &client, secrets: SecretChange::Keep, audit: &audit };
    assert!(store.update_client(&update).await.unwrap());
    assert_eq!((found(&story, "alpha").await, found(&story, "beta gam").await), (String::new(), "one".to_owned()));
    let client = store.read_client(story.domain_id, &ClientId("one".to_owned())).await.unwrap().unwrap().client;
    assert!(store.delete_client(&client, &story.audit("client.delete")).await.unwrap());
    assert_eq!(story.count("search_words").await, 0);
    assert!(store.restore_client(story.domain_id, &client.client_id, &story.audit("client.restore")).await.unwrap());
    assert_eq!(found(&story, "gamma").await, "one");

    for (id, origin) in [("two", Origin::Open), ("three", Origin::ContentAddressed)] {
        let unused = Client { origin, policy_id: Some(policy), created_at: UnixTime(1), ..named(&story, id, "Unused") };
        story.add(&unused, None).await;
    }
    assert_eq!(found(&story, "unused").await, "three two");
    assert_eq!(store.remove_unused_clients(story.domain_id, policy, UnixTime(2)).await.unwrap(), 2);
    assert_eq!(story.count("search_words where target <> 'one'").await, 0);
}

#[rstest]
#[tokio::test]
async fn what_is_older_than_the_words_gets_them(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    for number in 0..650 {
        story.add(&named(&story, &format!("c{number}"), &format!("Older {number}")), None).await;
    }
    let gone = store.read_client(story.domain_id, &ClientId("c7".to_owned())).await.unwrap().unwrap().client;
    assert!(store.delete_client(&gone, &story.audit("client.delete")).await.unwrap());
    let users = ["ada", "bob"];
    for name in users {
        let user = super::lists::user(&story, name);
        store.create_user(&user, None, &story.audit("user.create")).await.unwrap();
    }
    let words = story.count("search_words").await;
    story.database.execute("delete from search_words").await;
    let mut rounds = 1;
    while !store.fill_search_words().await.unwrap() {
        rounds += 1;
    }
    assert_eq!((story.count("search_words").await, rounds), (words, 6));
    assert_eq!(found(&story, "older 64").await.split(' ').count(), 11);
    story.database.execute("delete from search_words").await;
    assert!(store.fill_search_words().await.unwrap(), "done once and for all");
    assert_eq!(story.count("search_words").await, 0);
}

#[rstest]
#[tokio::test]
async fn secrets_about_to_end_are_listed(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let now = story.clock.now();
    let ending = |seconds: Option<i64>, superseded: bool| ClientSecret {
        expires_at: seconds.map(|seconds| now.plus(seconds)),
        superseded,
        ..story.secret("v")
    };
    for (id, secret) in [
        ("later", ending(Some(50), false)),
        ("soon", ending(Some(20), false)),
        ("ended", ending(Some(-1), false)),
        ("replaced", ending(Some(20), true)),
        ("never", ending(None, false)),
        ("much-later", ending(Some(500), false)),
    ] {
        story.add(&named(&story, id, "N"), Some(&secret)).await;
    }
    let list = async |limit| {
        let listed = story.store.expiring_secrets(story.domain_id, now.plus(100), limit).await.unwrap();
        listed.into_iter().map(|one| (one.client_id.0, one.name, one.expires_at.since(now))).collect::<Vec<_>>()
    };
    let expected = [("soon".to_owned(), "N".to_owned(), 20), ("later".to_owned(), "N".to_owned(), 50)];
    assert_eq!(list(9).await, expected);
    assert_eq!(list(1).await, expected[..1]);
}
