//! Lists in pages: clients, users, audit events.

use std::collections::BTreeSet;

use registrar::model::audit_event::{Actor, AuditEvent, Outcome};
use registrar::model::client::{Client, ClientStatus, Origin};
use registrar::model::cursor::Total;
use registrar::model::id::{ClientId, PolicyId, UserId};
use registrar::model::time::UnixTime;
use registrar::model::user::{User, UserClaims};
use registrar::store::audit_list::AuditQuery;
use registrar::store::client_list::{ClientListQuery, ClientPage, Direction, Unused};
use registrar::store::usage::ClientUse;
use registrar::store::user_list::UserListQuery;
use rstest::rstest;
use serde_json::json;

use super::Story;
use crate::support::Backend;

/// What a list has, page by page, each page checked to be no longer than asked for.
pub async fn all_clients(story: &Story, query: ClientListQuery) -> Vec<String> {
    let (mut found, mut query) = (Vec::new(), query);
    loop {
        let page = page(story, &query).await;
        assert!(page.items.len() <= usize::try_from(query.limit).unwrap());
        found.extend(page.items.into_iter().map(|item| item.client.client_id.0));
        query.cursor = page.next;
        if query.cursor.is_none() {
            return found;
        }
    }
}

pub async fn page(story: &Story, query: &ClientListQuery) -> ClientPage {
    story.store.list_clients(story.domain_id, query).await.unwrap().unwrap()
}

fn asked(limit: i64) -> ClientListQuery {
    ClientListQuery { limit, ..ClientListQuery::default() }
}

/// Nine clients of every kind; `c8` is deleted.
async fn many(story: &Story) -> PolicyId {
    let policy = PolicyId::new(&story.clock);
    for number in 0..9 {
        let mut client = story.client(&format!("c{number}"));
        client.created_at = UnixTime(100 + number / 2);
        client.origin = if number % 2 == 0 { Origin::Gateway } else { Origin::Open };
        client.status = if number == 3 { ClientStatus::Suspended } else { ClientStatus::Active };
        client.metadata.application_type = Some(if number < 4 { "web" } else { "NATIVE" }.to_owned());
        client.registrant = (number == 2).then(|| "gateway".to_owned());
        client.settings.template = (number == 4).then(|| "tpl".to_owned());
        client.settings.resource_credentials = number == 5;
        client.policy_id = (number == 6).then_some(policy);
        story.add(&client, None).await;
    }
    let last = story.store.read_client(story.domain_id, &ClientId("c8".to_owned())).await.unwrap().unwrap().client;
    assert!(story.store.delete_client(&last, &story.audit("client.delete")).await.unwrap());
    let used = |number: i64, at: i64| ClientUse {
        domain_id: story.domain_id,
        client_id: ClientId(format!("c{number}")),
        origin: Origin::Gateway,
        at: UnixTime(at),
    };
    story.store.write_client_usage(&[used(0, 500), used(1, 600)]).await.unwrap();
    policy
}

#[rstest]
#[tokio::test]
async fn clients_are_listed_by_age_and_filtered(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let policy = many(&story).await;
    let oldest = ClientListQuery { direction: Direction::OldestFirst, ..asked(3) };
    assert_eq!(all_clients(&story, oldest.clone()).await, ["c0", "c1", "c2", "c3", "c4", "c6", "c7"]);
    assert_eq!(all_clients(&story, asked(2)).await, ["c7", "c6", "c4", "c3", "c2", "c1", "c0"]);
    let q = || oldest.clone();
    for (query, expected) in [
        (ClientListQuery { with_resource_credentials: true, origin: Some(Origin::Open), ..q() }, "c1 c3 c5 c7"),
        (ClientListQuery { status: Some(ClientStatus::Suspended), ..q() }, "c3"),
        (ClientListQuery { status: Some(ClientStatus::Deleted), ..q() }, "c8"),
        (ClientListQuery { status: Some(ClientStatus::Active), ..q() }, "c0 c1 c2 c4 c6 c7"),
        (ClientListQuery { origin: Some(Origin::Open), status: Some(ClientStatus::Active), ..q() }, "c1 c7"),
        (ClientListQuery { origin: Some(Origin::ClientDocument), ..q() }, ""),
        (ClientListQuery { application_type: Some("native".to_owned()), ..q() }, "c4 c6 c7"),
        (ClientListQuery { registrant: Some("gateway".to_owned()), ..q() }, "c2"),
        (ClientListQuery { template: Some(true), ..q() }, "c4"),
        (ClientListQuery { template: Some(false), origin: Some(Origin::Gateway), ..q() }, "c0 c2 c6"),
        (ClientListQuery { policy_id: Some(policy), ..q() }, "c6"),
        (ClientListQuery { unused: Some(Unused::Ever), ..q() }, "c2 c3 c4 c6 c7"),
        (ClientListQuery { unused: Some(Unused::Since(UnixTime(600))), ..q() }, "c0 c2 c3 c4 c6 c7"),
        (ClientListQuery { created_from: Some(UnixTime(101)), created_before: Some(UnixTime(103)), ..q() }, "c2 c3 c4"),
        (ClientListQuery { search: "c".to_owned(), origin: Some(Origin::Gateway), ..q() }, "c0 c2 c4 c6"),
        (ClientListQuery { search: "c".to_owned(), unused: Some(Unused::Ever), ..q() }, "c2 c3 c4 c6 c7"),
        (ClientListQuery { search: "c".to_owned(), created_before: Some(UnixTime(101)), ..q() }, "c0 c1"),
    ] {
        assert_eq!(all_clients(&story, query.clone()).await.join(" "), expected, "{query:?}");
        let count = i64::try_from(expected.split_whitespace().count()).unwrap();
        assert_eq!(page(&story, &query).await.total, Total { count, exact: true }, "{query:?}");
    }
    let used: Vec<_> = page(&story, &oldest).await.items.iter().map(|item| item.last_used_at).collect();
    assert_eq!(used, [Some(UnixTime(500)), Some(UnixTime(600)), None]);
    assert_eq!(page(&story, &asked(0)).await.items.len(), 1, "a page has one at least");
    assert!(page(&story, &asked(1)).await.examined_all);
}

#[rstest]
#[tokio::test]
async fn a_cursor_is_of_its_query(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    many(&story).await;
    let cursor = page(&story, &asked(2)).await.next;
    let with = |query: ClientListQuery| ClientListQuery { cursor: cursor.clone(), ..query };
    assert_eq!(page(&story, &with(asked(1))).await.items.len(), 1, "the page size may change");
    for other in [
        ClientListQuery { origin: Some(Origin::Open), ..asked(2) },
        ClientListQuery { search: "c".to_owned(), ..asked(2) },
        ClientListQuery { direction: Direction::OldestFirst, ..asked(2) },
        ClientListQuery { cursor: Some("no cursor".to_owned()), ..asked(2) },
    ] {
        let other = ClientListQuery { cursor: other.cursor.clone().or(cursor.clone()), ..other };
        assert!(story.store.list_clients(story.domain_id, &other).await.unwrap().is_none(), "{other:?}");
    }
    let users = UserListQuery { cursor: cursor.clone(), limit: 2, ..UserListQuery::default() };
    assert!(story.store.list_users(story.domain_id, &users).await.unwrap().is_none());
    let events = AuditQuery { cursor, limit: 2, ..AuditQuery::default() };
    assert!(story.store.audit_events(story.domain_id, &events).await.unwrap().is_none());
    let after = asked(2).after(&story.client("c0"));
    let page = page(&story, &ClientListQuery { cursor: Some(after), ..asked(2) }).await;
    assert_eq!(page.total.count, 7, "counted from the beginning");
}

#[rstest]
#[tokio::test]
async fn pages_lose_nothing_while_clients_come(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(Direction::NewestFirst, Direction::OldestFirst)] direction: Direction,
    #[values("", "c")] search: &str,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let add = async |id: String, at: i64| {
        let client = Client { created_at: UnixTime(at), ..story.client(&id) };
        story.add(&client, None).await;
    };
    let mut old = BTreeSet::new();
    for number in 0..40 {
        old.insert(format!("c{number}"));
        add(format!("c{number}"), 1_000 + number / 7).await;
    }
    let (mut found, mut query, mut number) = (Vec::new(), ClientListQuery { direction, ..asked(3) }, 0);
    query.search = search.to_owned();
    loop {
        let page = page(&story, &query).await;
        found.extend(page.items.into_iter().map(|item| item.client.client_id.0));
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
        for at in [990, 1_003, 1_010] {
            number += 1;
            add(format!("c-new-{number}"), at).await;
        }
    }
    let unique: BTreeSet<_> = found.iter().cloned().collect();
    assert_eq!(unique.len(), found.len(), "each is met once");
    assert!(old.is_subset(&unique), "none is lost: {:?}", old.difference(&unique).collect::<Vec<_>>());
}

pub fn user(story: &Story, name: &str) -> User {
    User {
        id: UserId::new(&story.clock),
        domain_id: story.domain_id,
        username: name.to_owned(),
        email: Some(format!("{name}@example.com")),
        email_verified: false,
        password: None,
        claims: UserClaims(json!({"name": format!("{name} Lovelace")}).as_object().unwrap().clone()),
        enabled: true,
        version: 1,
        created_at: story.clock.now(),
        updated_at: story.clock.now(),
    }
}

async fn all_users(story: &Story, query: UserListQuery) -> String {
    let (mut found, mut query) = (Vec::new(), query);
    loop {
        let page = story.store.list_users(story.domain_id, &query).await.unwrap().unwrap();
        found.extend(page.items.into_iter().map(|user| user.username));
        query.cursor = page.next;
        if query.cursor.is_none() {
            return found.join(" ");
        }
    }
}

#[rstest]
#[tokio::test]
async fn users_are_listed_by_name_searched_and_filtered(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    for name in ["eve", "Ada", "bob", "grace-h", "dora"] {
        let mut user = user(&story, name);
        user.enabled = name != "bob";
        store.create_user(&user, None, &story.audit("user.create")).await.unwrap();
    }
    let asked = |search: &str| UserListQuery { search: search.to_owned(), limit: 2, ..UserListQuery::default() };
    assert_eq!(all_users(&story, asked("")).await, "Ada bob dora eve grace-h");
    assert_eq!(all_users(&story, UserListQuery { enabled: Some(false), ..asked("") }).await, "bob");
    assert_eq!(all_users(&story, asked("LOVE")).await, "Ada bob dora eve grace-h");
    assert_eq!(all_users(&story, UserListQuery { enabled: Some(true), ..asked("love") }).await, "Ada dora eve grace-h");
    assert_eq!(all_users(&story, asked("ada@Exam")).await, "Ada");
    assert_eq!(all_users(&story, asked("grace-h")).await, "grace-h");
    assert_eq!(all_users(&story, asked("lovelace grace")).await, "grace-h");
    assert_eq!(all_users(&story, asked("nobody")).await, "");
    let page = store.list_users(story.domain_id, &asked("love")).await.unwrap().unwrap();
    assert_eq!((page.total, page.examined_all), (Total { count: 5, exact: true }, true));
    assert_eq!(store.user_count(story.domain_id).await.unwrap(), Total { count: 5, exact: true });
    let after = UserListQuery { cursor: Some(asked("").after("DORA")), ..asked("") };
    assert_eq!(all_users(&story, after).await, "eve grace-h");

    let dora = store.user_by_login(story.domain_id, "dora").await.unwrap().unwrap();
    let renamed = User { username: "Theodora".to_owned(), email: None, ..dora.clone() };
    store.update_user(&renamed, None, &story.audit("user.update")).await.unwrap();
    assert_eq!(all_users(&story, asked("dora")).await, "Theodora", "by the name claim");
    assert_eq!(all_users(&story, asked("theo")).await, "Theodora");
    store.delete_user(story.domain_id, (dora.id, None), story.clock.now(), &story.audit("user.delete")).await.unwrap();
    assert_eq!(story.count("search_words where target = 'theodora'").await, 0);
}

#[rstest]
#[tokio::test]
async fn the_audit_log_is_read_in_pages_newest_first(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let start = story.clock.now();
    let mut events: Vec<AuditEvent> = Vec::new();
    for number in 0..6_i64 {
        story.clock.advance(10);
        let actor = Actor {
            request_id: Some(format!("r{number}")),
            ..Actor::local(if number % 2 == 0 { "client:g" } else { "cli" })
        };
        let action = if number < 4 { "client.register" } else { "client_secret.renew" };
        let domain = (number != 5).then_some(story.domain_id);
        let event = actor.did(&story.clock, domain, action, if number == 1 { "c1" } else { "c0" }).with("n", number);
        events.push(if number == 3 { event.refused("because") } else { event });
    }
    story.store.write_audit(&events).await.unwrap();
    let list = async |query: &AuditQuery| {
        let (mut found, mut query) = (Vec::new(), query.clone());
        loop {
            let page = story.store.audit_events(story.domain_id, &query).await.unwrap().unwrap();
            assert!(page.examined_all && page.items.len() <= 2);
            found.extend(page.items.iter().filter_map(|event| event.detail.get("n")?.as_i64()));
            query.cursor = page.next;
            if query.cursor.is_none() {
                return found;
            }
        }
    };
    let q = || AuditQuery { limit: 2, ..AuditQuery::default() };
    let text = |text: &str| Some(text.to_owned());
    for (query, expected) in [
        (q(), vec![4, 3, 2, 1, 0]),
        (AuditQuery { actor: text("cli"), action: text("client.register"), ..q() }, vec![3, 1]),
        (AuditQuery { action: text("client."), ..q() }, vec![3, 2, 1, 0]),
        (AuditQuery { action: text("client_secret."), ..q() }, vec![4]),
        (AuditQuery { action: text("client%"), ..q() }, vec![]),
        (AuditQuery { action: text("clien_."), ..q() }, vec![]),
        (AuditQuery { target: text("c1"), ..q() }, vec![1]),
        (AuditQuery { outcome: Some(Outcome::Refused), ..q() }, vec![3]),
        (AuditQuery { request_id: text("r2"), ..q() }, vec![2]),
        (AuditQuery { from: Some(start.plus(20)), before: Some(start.plus(40)), ..q() }, vec![2, 1]),
    ] {
        assert_eq!(list(&query).await, expected, "{query:?}");
    }
    let own = story.store.server_audit_events(&q()).await.unwrap().unwrap();
    assert_eq!(own.items.iter().map(|event| event.detail["n"].as_i64().unwrap()).collect::<Vec<_>>(), [5]);
    let page = story.store.audit_events(story.domain_id, &q()).await.unwrap().unwrap();
    let elsewhere = AuditQuery { cursor: page.next, ..q() };
    assert!(story.store.server_audit_events(&elsewhere).await.unwrap().is_none(), "a cursor is of its domain");
}
