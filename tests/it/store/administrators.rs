//! Administrators, their sessions and second factors, and API tokens.

use std::collections::BTreeSet;

use registrar::model::administrator::{Administrator, AdministratorSession, ApiToken, Reach, Role};
use registrar::model::audit_event::{Actor, AuditEvent};
use registrar::model::id::{AdministratorId, AdministratorSessionId, ApiTokenId, DomainId};
use registrar::store::administrator_sessions::{ConfirmOutcome, EndAdministratorSessions};
use registrar::store::administrators::PutAdministratorOutcome;
use rstest::rstest;
use tokio::task::JoinSet;

use super::Story;
use crate::support::Backend;

fn audit(story: &Story, action: &'static str) -> AuditEvent {
    Actor::local("story").did(&story.clock, None, action, "")
}

fn administrator(story: &Story, username: &str, role: Role, reach: Reach) -> Administrator {
    let now = story.clock.now();
    Administrator {
        id: AdministratorId::new(&story.clock),
        username: username.to_owned(),
        role,
        reach,
        password: "hash".to_owned(),
        totp: None,
        totp_last_step: 0,
        enabled: true,
        version: 1,
        created_at: now,
        updated_at: now,
        last_login_at: None,
    }
}

async fn add(story: &Story, one: &Administrator) -> PutAdministratorOutcome {
    story.store.create_administrator(one, &audit(story, "administrator.create")).await.unwrap()
}

async fn owner(story: &Story, username: &str) -> Administrator {
    let made = administrator(story, username, Role::Owner, Reach::All);
    assert_eq!(add(story, &made).await, PutAdministratorOutcome::Stored);
    made
}

async fn change(
    story: &Story,
    one: &Administrator,
    ending: Option<EndAdministratorSessions>,
) -> PutAdministratorOutcome {
    story.store.update_administrator(one, ending, &audit(story, "administrator.update")).await.unwrap()
}

fn session(story: &Story, of: &Administrator, confirmed: bool) -> AdministratorSession {
    let now = story.clock.now();
    AdministratorSession {
        id: AdministratorSessionId::new(&story.clock),
        administrator_id: of.id,
        confirmed,
        device: "browser".to_owned(),
        source: "192.0.2.1".to_owned(),
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus(600),
    }
}

async fn begin(story: &Story, session: &AdministratorSession, hash: u8) {
    let audit = audit(story, "administrator.login");
    let noted = Some(&audit).filter(|_| session.confirmed);
    assert!(story.store.begin_administrator_session(session, &[hash; 32], "hash", noted).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn an_administrator_is_kept_with_what_it_reaches(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    assert!(!store.has_administrators().await.unwrap());
    let root = owner(&story, "Root").await;
    assert!(store.has_administrators().await.unwrap());
    story.add_domain("other").await;
    let other = store.domain_named("other").await.unwrap().unwrap().id();
    let reach = Reach::Domains(BTreeSet::from([story.domain_id, other]));
    let ada = administrator(&story, "ada", Role::Editor, reach.clone());
    assert_eq!(add(&story, &ada).await, PutAdministratorOutcome::Stored);
    let posing = administrator(&story, " rOOT", Role::Auditor, Reach::All);
    assert_eq!(add(&story, &posing).await, PutAdministratorOutcome::UsernameTaken);

    let found = store.administrator(ada.id).await.unwrap().unwrap();
    assert_eq!((found.username.as_str(), found.role, &found.reach, found.enabled), ("ada", Role::Editor, &reach, true));
    let found = store.administrator_by_username("ROOT").await.unwrap().unwrap();
    assert_eq!((found.id, found.role, found.reach), (root.id, Role::Owner, Reach::All));
    assert!(store.administrator_by_username("eve").await.unwrap().is_none());
    let page = store.administrators("", 1).await.unwrap();
    assert_eq!((page.len(), page[0].id, &page[0].reach), (1, ada.id, &reach));
    let page = store.administrators(&page[0].username, 5).await.unwrap();
    assert_eq!((page.len(), page[0].id, &page[0].reach), (1, root.id, &Reach::All));

    let mut changed = store.administrator(ada.id).await.unwrap().unwrap();
    let gone = DomainId(uuid::Uuid::from_u128(1));
    changed.reach = Reach::Domains(BTreeSet::from([other, gone]));
    assert_eq!(change(&story, &changed, None).await, PutAdministratorOutcome::Stored);
    assert_eq!(change(&story, &changed, None).await, PutAdministratorOutcome::Conflict, "it was changed since");
    changed.username = "ROOT".to_owned();
    assert_eq!(change(&story, &changed, None).await, PutAdministratorOutcome::UsernameTaken);
    let found = store.administrator(ada.id).await.unwrap().unwrap();
    assert_eq!((found.reach, found.version), (Reach::Domains(BTreeSet::from([other])), 2));
    assert!(store.delete_domain(other, None, &story.audit("domain.delete")).await.unwrap());
    let found = store.administrator(ada.id).await.unwrap().unwrap();
    assert_eq!(found.reach, Reach::Domains(BTreeSet::new()), "not everything, when nothing is left");
    let deleted = store.delete_administrator(ada.id, None, &audit(&story, "administrator.delete")).await.unwrap();
    assert_eq!(deleted, PutAdministratorOutcome::Stored);
    let again = store.delete_administrator(ada.id, None, &audit(&story, "administrator.delete")).await.unwrap();
    assert_eq!(again, PutAdministratorOutcome::Conflict);
    let told = "select count(*) from audit_events where domain_id is null and action like 'administrator.%'";
    assert_eq!(story.database.count(told).await, 4, "only what was done");
}

#[rstest]
#[tokio::test]
async fn the_last_owner_stays_one(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (one, two) = (owner(&story, "one").await, owner(&story, "two").await);
    let asleep = Administrator { enabled: false, ..two.clone() };
    assert_eq!(change(&story, &asleep, None).await, PutAdministratorOutcome::Stored);
    for lost in [Administrator { role: Role::Editor, ..one.clone() }, Administrator { enabled: false, ..one.clone() }] {
        assert_eq!(change(&story, &lost, None).await, PutAdministratorOutcome::LastOwner);
    }
    let delete =
        async |id| story.store.delete_administrator(id, None, &audit(&story, "administrator.delete")).await.unwrap();
    assert_eq!(delete(one.id).await, PutAdministratorOutcome::LastOwner);
    assert_eq!(delete(two.id).await, PutAdministratorOutcome::Stored, "one who may not log in owns nothing");
    let renamed = Administrator { username: "uno".to_owned(), ..one.clone() };
    assert_eq!(change(&story, &renamed, None).await, PutAdministratorOutcome::Stored);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_owners_who_leave_at_once_one_stays(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    for round in 0..10 {
        let mut owners = Vec::new();
        for number in 0..3 {
            owners.push(owner(&story, &format!("owner-{round}-{number}")).await);
        }
        if round > 0 {
            // Whoever stayed in the round before.
            let before = story.store.administrators("", 100).await.unwrap();
            for old in before.iter().filter(|old| owners.iter().all(|new| new.id != old.id)) {
                story.store.delete_administrator(old.id, None, &audit(&story, "administrator.delete")).await.unwrap();
            }
        }
        let mut leaving = JoinSet::new();
        for (number, one) in owners.into_iter().enumerate() {
            let (store, audit) = (story.store.clone(), audit(&story, "administrator.update"));
            leaving.spawn(async move {
                match number {
                    0 => store.delete_administrator(one.id, None, &audit).await.unwrap(),
                    1 => {
                        let changed = Administrator { enabled: false, ..one };
                        store.update_administrator(&changed, None, &audit).await.unwrap()
                    }
                    _ => {
                        let changed = Administrator { role: Role::Auditor, ..one };
                        store.update_administrator(&changed, None, &audit).await.unwrap()
                    }
                }
            });
        }
        let outcomes = leaving.join_all().await;
        let stayed = outcomes.iter().filter(|outcome| **outcome == PutAdministratorOutcome::LastOwner).count();
        assert_eq!(stayed, 1, "{outcomes:?}");
    }
}

#[rstest]
#[tokio::test]
async fn sessions_begin_are_confirmed_once_listed_and_ended(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, all) = (&story.store, EndAdministratorSessions::AllBut(None));
    let (ada, eve) = (owner(&story, "ada").await, owner(&story, "eve").await);
    let (first, second, other) =
        (session(&story, &ada, true), session(&story, &ada, false), session(&story, &eve, true));
    begin(&story, &first, 1).await;
    assert_eq!(store.administrator(ada.id).await.unwrap().unwrap().last_login_at, Some(story.clock.now()));
    begin(&story, &other, 3).await;
    story.clock.advance(30);
    begin(&story, &second, 2).await;
    let found = store.administrator_session_by_hash(&[2; 32]).await.unwrap().unwrap();
    assert_eq!((found.id, found.administrator_id, found.confirmed), (second.id, ada.id, false));
    assert!(store.administrator_session_by_hash(&[9; 32]).await.unwrap().is_none());
    assert_eq!(store.administrator(ada.id).await.unwrap().unwrap().last_login_at, Some(first.created_at));

    let longer = AdministratorSession { expires_at: second.expires_at.plus(5_000), ..second.clone() };
    let confirm = async |step| {
        let audit = audit(&story, "administrator.login");
        store.confirm_administrator_session(&longer, &[4; 32], step, &audit).await.unwrap()
    };
    assert!(store.set_totp((ada.id, first.id), b"sealed", 70, &audit(&story, "a")).await.unwrap());
    assert_eq!(confirm(71).await, ConfirmOutcome::Gone, "a second factor ends the other sessions");
    begin(&story, &second, 2).await;
    assert_eq!(confirm(70).await, ConfirmOutcome::Used, "by which it was put in force");
    assert!(!store.administrator_session_by_hash(&[2; 32]).await.unwrap().unwrap().confirmed, "nothing changed");
    assert_eq!(confirm(71).await, ConfirmOutcome::Confirmed);
    assert_eq!(confirm(72).await, ConfirmOutcome::Gone, "it was confirmed before");
    assert!(
        store.administrator_session_by_hash(&[2; 32]).await.unwrap().is_none(),
        "the earlier cookie is worth nothing"
    );
    let found = store.administrator_session_by_hash(&[4; 32]).await.unwrap().unwrap();
    assert_eq!((found.id, found.confirmed, found.expires_at), (second.id, true, longer.expires_at));
    let known = store.administrator(ada.id).await.unwrap().unwrap();
    assert_eq!((known.totp_last_step, known.last_login_at), (71, Some(story.clock.now())));

    story.clock.advance(5);
    store.touch_administrator_session(first.id).await.unwrap();
    let listed = store.administrator_sessions(ada.id).await.unwrap();
    assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), [first.id, second.id], "the latest seen first");
    let end = async |which| store.end_administrator_sessions(ada.id, which, &audit(&story, "end")).await.unwrap();
    assert_eq!(end(EndAdministratorSessions::One(other.id)).await, 0, "somebody else's");
    assert_eq!(end(EndAdministratorSessions::AllBut(Some(first.id))).await, 1);
    assert_eq!(end(EndAdministratorSessions::One(first.id)).await, 1);
    assert_eq!(end(all).await, 0);
    assert_eq!(story.database.count("select count(*) from audit_events where action = 'end'").await, 2);
    // By now there is a second factor.
    begin(&story, &AdministratorSession { confirmed: false, ..first }, 1).await;
    let known = store.administrator(ada.id).await.unwrap().unwrap();
    assert_eq!(change(&story, &known, Some(all)).await, PutAdministratorOutcome::Stored);
    assert!(store.administrator_sessions(ada.id).await.unwrap().is_empty());
    assert_eq!(store.administrator_sessions(eve.id).await.unwrap().len(), 1);
    story.clock.advance(600);
    store.remove_expired().await.unwrap();
    assert_eq!(story.count("administrator_sessions").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_login_is_of_the_account_as_it_is_when_it_begins(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, ada) = (&story.store, owner(&story, "ada").await);
    owner(&story, "eve").await;
    let log_in = async |hash: u8, password: &str, confirmed: bool| {
        let audit = audit(&story, "administrator.login");
        let session = session(&story, &ada, confirmed);
        let noted = Some(&audit).filter(|_| confirmed);
        store.begin_administrator_session(&session, &[hash; 32], password, noted).await.unwrap()
    };
    assert!(log_in(1, "hash", true).await);
    assert!(!log_in(2, "before", true).await && !log_in(2, "before", false).await, "another password by now");
    let nowhere = AdministratorSessionId::new(&story.clock);
    assert!(store.set_totp((ada.id, nowhere), b"sealed", 7, &audit(&story, "set")).await.unwrap());
    assert!(!log_in(3, "hash", true).await, "a second factor came into force");
    assert!(log_in(4, "hash", false).await);
    let known = store.administrator(ada.id).await.unwrap().unwrap();
    let all = EndAdministratorSessions::AllBut(None);
    let off = Administrator { enabled: false, ..known };
    assert_eq!(change(&story, &off, Some(all)).await, PutAdministratorOutcome::Stored);
    assert!(!log_in(5, "hash", false).await && !log_in(5, "hash", true).await, "may not log in");
    assert_eq!(story.count("administrator_sessions").await, 0);
    let noted = "select count(*) from audit_events where action = 'administrator.login'";
    assert_eq!(story.database.count(noted).await, 1, "only what was done");
    let delete = async |version| {
        store.delete_administrator(ada.id, version, &audit(&story, "administrator.delete")).await.unwrap()
    };
    let version = store.administrator(ada.id).await.unwrap().unwrap().version;
    assert_eq!(delete(Some(version - 1)).await, PutAdministratorOutcome::Conflict);
    assert_eq!(delete(Some(version)).await, PutAdministratorOutcome::Stored);
}

#[rstest]
#[tokio::test]
async fn a_second_factor_is_set_once_and_taken_away(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, ada) = (&story.store, owner(&story, "ada").await);
    let nowhere = AdministratorSessionId::new(&story.clock);
    let set = async |sealed: &[u8]| store.set_totp((ada.id, nowhere), sealed, 7, &audit(&story, "set")).await.unwrap();
    assert!(!store.clear_totp(ada.id, &audit(&story, "clear")).await.unwrap());
    assert!(set(b"one").await);
    assert!(!set(b"two").await, "the one there is must be taken away first");
    let known = store.administrator(ada.id).await.unwrap().unwrap();
    assert_eq!((known.totp.as_deref(), known.totp_last_step, known.version), (Some(&b"one"[..]), 7, 2));
    let renamed = Administrator { username: "lovelace".to_owned(), totp: None, ..known };
    assert_eq!(change(&story, &renamed, None).await, PutAdministratorOutcome::Stored);
    assert!(store.administrator(ada.id).await.unwrap().unwrap().totp.is_some(), "no other change touches it");
    assert!(store.clear_totp(ada.id, &audit(&story, "clear")).await.unwrap());
    let known = store.administrator(ada.id).await.unwrap().unwrap();
    assert_eq!((known.totp, known.totp_last_step), (None, 0));
    let count = async |action: &str| {
        story.database.count(&format!("select count(*) from audit_events where action = '{action}'")).await
    };
    assert_eq!((count("set").await, count("clear").await), (1, 1));
}

#[rstest]
#[tokio::test]
async fn api_tokens_are_kept_listed_used_and_revoked(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, now) = (&story.store, story.clock.now());
    let token = |label: &str, domain_id: Option<DomainId>| ApiToken {
        id: ApiTokenId::new(&story.clock),
        label: label.to_owned(),
        role: Role::Editor,
        domain_id,
        created_by: "cli".to_owned(),
        created_at: now,
        expires_at: domain_id.map(|_| now.plus(100)),
        last_used_at: None,
        revoked_at: None,
    };
    let create = async |token: &ApiToken, hash: u8| {
        store.create_api_token(token, &[hash; 32], &audit(&story, "api_token.create")).await.unwrap()
    };
    let (wide, narrow) = (token("wide", None), token("narrow", Some(story.domain_id)));
    assert!(create(&wide, 1).await);
    story.clock.advance(1);
    let narrow = ApiToken { id: ApiTokenId::new(&story.clock), ..narrow };
    assert!(create(&narrow, 2).await);
    assert!(!create(&token("nowhere", Some(DomainId(uuid::Uuid::from_u128(1)))), 3).await);

    let found = store.api_token_by_hash(&[2; 32]).await.unwrap().unwrap();
    assert_eq!((found.id, found.role, found.domain_id), (narrow.id, Role::Editor, Some(story.domain_id)));
    assert!(store.api_token_by_hash(&[3; 32]).await.unwrap().is_none());
    assert_eq!(store.api_token(wide.id).await.unwrap().unwrap().label, "wide");
    let labels = store.api_token_labels(&[wide.id.0, uuid::Uuid::from_u128(1)]).await.unwrap();
    assert_eq!(labels, [(wide.id.0, "wide".to_owned())]);
    assert!(store.api_token_labels(&[]).await.unwrap().is_empty());
    let ada = owner(&story, "ada").await;
    let names = store.administrator_names(&[ada.id.0, wide.id.0]).await.unwrap();
    assert_eq!(names, [(ada.id.0, "ada".to_owned())]);
    assert!(store.administrator_names(&[]).await.unwrap().is_empty());
    let ids = |tokens: Vec<ApiToken>| tokens.into_iter().map(|token| token.id).collect::<Vec<_>>();
    assert_eq!(ids(store.api_tokens(None, 1).await.unwrap()), [wide.id]);
    assert_eq!(ids(store.api_tokens(Some(wide.id), 5).await.unwrap()), [narrow.id]);

    let used = async || store.api_token(wide.id).await.unwrap().unwrap();
    let first = story.clock.now();
    for (wait, seen) in [(0, first), (59, first), (1, first.plus(60))] {
        story.clock.advance(wait);
        store.touch_api_token(&used().await).await.unwrap();
        assert_eq!(used().await.last_used_at, Some(seen), "to the minute");
    }
    let revoke = async || store.revoke_api_token(wide.id, &audit(&story, "api_token.revoke")).await.unwrap();
    assert!(revoke().await && !revoke().await);
    assert_eq!(used().await.revoked_at, Some(story.clock.now()));

    story.clock.advance(30 * 86_400 - 1);
    store.remove_expired().await.unwrap();
    assert_eq!(story.count("api_tokens").await, 2, "what has ended can be looked up for a month");
    story.clock.advance(100);
    store.remove_expired().await.unwrap();
    assert_eq!(story.count("api_tokens").await, 0);
    assert!(create(&token("gone", Some(story.domain_id)), 4).await);
    assert!(store.delete_domain(story.domain_id, None, &story.audit("domain.delete")).await.unwrap());
    assert_eq!(story.count("api_tokens").await, 0, "a token goes with its domain");
}
