//! Users, their one-time links, and the browsers they are logged in with.

use registrar::model::id::{SessionId, UserId};
use registrar::model::oauth_error::OAuthError;
use registrar::model::session::Session;
use registrar::model::user::{User, UserClaims};
use registrar::store::sessions::EndSessions;
use registrar::store::users::{LinkPurpose, PutUserOutcome, UserLink};
use rstest::rstest;
use serde_json::json;

use super::Story;
use crate::support::{Backend, audit_log};

fn user(story: &Story, username: &str, email: Option<&str>) -> User {
    let now = story.clock.now();
    User {
        id: UserId::new(&story.clock),
        domain_id: story.domain_id,
        username: username.to_owned(),
        email: email.map(str::to_owned),
        email_verified: false,
        password: Some("hash".to_owned()),
        claims: UserClaims(json!({"name": username}).as_object().unwrap().clone()),
        enabled: true,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

async fn add(story: &Story, user: &User) -> PutUserOutcome {
    story.store.create_user(user, None, &story.audit("user.create")).await.unwrap()
}

/// A browser that a user is logged in with, for an hour.
pub(super) fn session(story: &Story, user: &User) -> Session {
    let now = story.clock.now();
    Session {
        id: SessionId::new(&story.clock),
        domain_id: story.domain_id,
        user_id: user.id,
        auth_time: now,
        device: "browser".to_owned(),
        source: "192.0.2.1".to_owned(),
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus(3_600),
    }
}

async fn begin(story: &Story, session: &Session, hash: &[u8], replaces: Option<SessionId>) {
    assert!(story.store.begin_session(session, hash, Some("hash"), replaces).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_user_is_found_by_name_and_address_whatever_the_case(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    let ada = user(&story, "Ada", Some("Ada@example.com"));
    assert_eq!(add(&story, &ada).await, PutUserOutcome::Stored);
    for login in ["ada", "ADA", " ada@EXAMPLE.com "] {
        let found = store.user_by_login(story.domain_id, login).await.unwrap().unwrap();
        assert_eq!((found.id, found.username.as_str(), found.claims), (ada.id, "Ada", ada.claims.clone()), "{login}");
    }
    assert!(store.user_by_login(story.domain_id, "eve").await.unwrap().is_none());
    assert_eq!(add(&story, &user(&story, "aDA", None)).await, PutUserOutcome::UsernameTaken);
    assert_eq!(add(&story, &user(&story, "eve", Some("ada@example.COM"))).await, PutUserOutcome::EmailTaken);
    let posing = user(&story, "ada@example.com", None);
    assert_ne!(add(&story, &posing).await, PutUserOutcome::Stored, "a name that is somebody's address");
    assert_eq!(add(&story, &user(&story, "bob", None)).await, PutUserOutcome::Stored);
    assert_eq!(add(&story, &user(&story, "eve", None)).await, PutUserOutcome::Stored, "two may have no address");

    story.add_domain("other").await;
    let other = store.domain_named("other").await.unwrap().unwrap().id();
    assert!(store.user(other, ada.id).await.unwrap().is_none(), "nothing crosses from one domain to another");
    assert!(store.user_by_login(other, "ada").await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn of_two_who_change_a_user_the_second_is_told(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    let ada = user(&story, "ada", Some("ada@example.com"));
    add(&story, &ada).await;
    add(&story, &user(&story, "bob", Some("bob@example.com"))).await;
    begin(&story, &session(&story, &ada), b"one", None).await;
    story.clock.advance(10);
    let changed = User { email_verified: true, email: Some("ada@example.org".to_owned()), ..ada.clone() };
    let put = async |user: &User, ending| store.update_user(user, ending, &story.audit("user.update")).await.unwrap();
    assert_eq!(put(&changed, None).await, PutUserOutcome::Stored);
    assert_eq!(put(&changed, None).await, PutUserOutcome::Conflict);
    let read = store.user(story.domain_id, ada.id).await.unwrap().unwrap();
    assert_eq!((read.version, read.email_verified, read.updated_at), (2, true, story.clock.now()));
    assert_eq!(read.created_at, ada.created_at);
    assert_eq!(story.count("sessions").await, 1);
    let taking = |username: &str, email: &str| User {
        username: username.to_owned(),
        email: Some(email.to_owned()),
        ..read.clone()
    };
    assert_eq!(put(&taking("Bob", "ada@example.org"), None).await, PutUserOutcome::UsernameTaken);
    assert_eq!(put(&taking("ada", "BOB@example.com"), None).await, PutUserOutcome::EmailTaken);
    let disabled = User { enabled: false, ..read };
    assert_eq!(put(&disabled, Some(story.clock.now().plus(60))).await, PutUserOutcome::Stored);
    assert_eq!(story.count("sessions").await, 0, "they end with it");

    assert!(
        store
            .delete_user(story.domain_id, (ada.id, None), story.clock.now(), &story.audit("user.delete"))
            .await
            .unwrap()
    );
    assert!(
        !store
            .delete_user(story.domain_id, (ada.id, None), story.clock.now(), &story.audit("user.delete"))
            .await
            .unwrap()
    );
    assert!(store.user(story.domain_id, ada.id).await.unwrap().is_none());
    let events = audit_log(store, story.domain_id).await;
    assert_eq!(events.iter().filter(|event| event.action.starts_with("user.")).count(), 5, "only what was done");
}

#[rstest]
#[tokio::test]
async fn a_link_works_once_for_its_purpose_until_it_ends(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, domain_id) = (&story.store, story.domain_id);
    let ada = user(&story, "ada", Some("ada@example.com"));
    add(&story, &ada).await;
    let link = |hash: &[u8], purpose, user_id| UserLink {
        hash: hash.to_vec(),
        purpose,
        user_id,
        email: Some("ada@example.com".to_owned()),
        expires_at: story.clock.now().plus(60),
    };
    assert!(
        store
            .add_user_link(domain_id, &link(b"reset one", LinkPurpose::Reset, Some(ada.id)), Some(&ada))
            .await
            .unwrap()
    );
    assert!(
        store
            .add_user_link(domain_id, &link(b"reset two", LinkPurpose::Reset, Some(ada.id)), Some(&ada))
            .await
            .unwrap()
    );
    assert!(
        store.add_user_link(domain_id, &link(b"verify", LinkPurpose::Verify, Some(ada.id)), Some(&ada)).await.unwrap()
    );
    assert!(store.add_user_link(domain_id, &link(b"invite", LinkPurpose::Invite, None), None).await.unwrap());
    assert!(store.add_user_link(domain_id, &link(b"invite too", LinkPurpose::Invite, None), None).await.unwrap());
    let found = async |purpose, hash: &[u8]| store.user_link(domain_id, purpose, hash).await.unwrap();
    assert!(found(LinkPurpose::Reset, b"reset one").await.is_none(), "a later one took its place");
    assert!(found(LinkPurpose::Verify, b"reset two").await.is_none(), "it is for something else");
    let reset = found(LinkPurpose::Reset, b"reset two").await.unwrap();
    assert_eq!((reset.user_id, reset.email.as_deref()), (Some(ada.id), Some("ada@example.com")));
    assert!(store.use_user_link(domain_id, b"reset two").await.unwrap());
    assert!(!store.use_user_link(domain_id, b"reset two").await.unwrap());

    let audit = story.audit("user.create");
    let invited = user(&story, "eve", None);
    assert_eq!(store.create_user(&invited, Some(b"invite"), &audit).await.unwrap(), PutUserOutcome::Stored);
    let again = user(&story, "mallory", None);
    let audit = story.audit("user.create");
    assert_eq!(store.create_user(&again, Some(b"invite"), &audit).await.unwrap(), PutUserOutcome::Conflict);
    let taken = user(&story, "ada", None);
    assert_eq!(store.create_user(&taken, Some(b"invite too"), &audit).await.unwrap(), PutUserOutcome::UsernameTaken);
    assert!(found(LinkPurpose::Invite, b"invite too").await.is_some(), "a sign-up that fails does not use it up");
    story.clock.advance(60);
    assert!(found(LinkPurpose::Verify, b"verify").await.is_none());
    assert!(!store.use_user_link(domain_id, b"verify").await.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_session_is_found_by_the_hash_of_its_secret_until_it_is_ended(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, domain_id) = (&story.store, story.domain_id);
    let ada = user(&story, "ada", None);
    add(&story, &ada).await;
    let first = session(&story, &ada);
    begin(&story, &first, b"one", None).await;
    let second = session(&story, &ada);
    begin(&story, &second, b"two", Some(first.id)).await;
    assert!(store.session_by_hash(domain_id, b"one").await.unwrap().is_none(), "another took its place");
    let found = store.session_by_hash(domain_id, b"two").await.unwrap().unwrap();
    assert_eq!((found.id, found.user_id, found.expires_at), (second.id, ada.id, second.expires_at));
    for hash in [b"three", b"four ", b"five "] {
        story.clock.advance(1);
        begin(&story, &session(&story, &ada), hash, None).await;
    }
    story.clock.advance(10);
    store.touch_session(domain_id, second.id).await.unwrap();
    assert_eq!(store.session(domain_id, second.id).await.unwrap().unwrap().last_seen_at, story.clock.now());
    let sessions = store.sessions_of_user(domain_id, ada.id).await.unwrap();
    assert_eq!((sessions.len(), sessions[0].id), (4, second.id), "the latest seen first");

    let end = async |which| store.end_sessions(domain_id, ada.id, which).await.unwrap();
    assert_eq!(end(EndSessions::One(sessions[3].id)).await, 1);
    assert_eq!(end(EndSessions::One(sessions[3].id)).await, 0);
    assert_eq!(end(EndSessions::AllBut(Some(second.id))).await, 2);
    assert!(store.session_by_hash(domain_id, b"two").await.unwrap().is_some());
    assert_eq!(end(EndSessions::AllBut(None)).await, 1);
    assert_eq!(story.count("sessions").await, 0);
}

#[rstest]
#[tokio::test]
async fn nobody_logs_in_by_what_was_so_when_they_were_looked_up(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, domain_id) = (&story.store, story.domain_id);
    let ada = user(&story, "ada", None);
    add(&story, &ada).await;
    let other = User { password: Some("other".to_owned()), ..ada.clone() };
    let put = async |user: &User| {
        let ending = Some(story.clock.now().plus(60));
        let outcome = store.update_user(user, ending, &story.audit("user.update")).await.unwrap();
        assert_eq!(outcome, PutUserOutcome::Stored);
    };
    put(&other).await;
    let begin = async |hash: &[u8], password: Option<&str>, replaces| {
        let session = session(&story, &ada);
        store.begin_session(&session, hash, password, replaces).await.unwrap().then_some(session.id)
    };
    assert_eq!(begin(b"one", Some("hash"), None).await, None, "it was the password a moment ago");
    assert_eq!(begin(b"one", None, None).await, None, "they had no password a moment ago");
    let current = begin(b"one", Some("other"), None).await.unwrap();
    assert_eq!(begin(b"two", Some("hash"), Some(current)).await, None);
    assert!(store.session(domain_id, current).await.unwrap().is_some(), "the browser's earlier session goes on");
    let known = store.user(domain_id, ada.id).await.unwrap().unwrap();
    put(&User { enabled: false, ..known }).await;
    assert_eq!(begin(b"two", Some("other"), None).await, None, "they may not log in any more");
    let bob = User { password: None, ..user(&story, "bob", None) };
    add(&story, &bob).await;
    assert!(store.begin_session(&session(&story, &bob), b"bob", None, None).await.unwrap());
    assert_eq!(story.count("sessions").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_password_is_chosen_by_a_link_whatever_changes_at_the_same_time(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, domain_id) = (&story.store, story.domain_id);
    let ada = user(&story, "ada", Some("ada@example.com"));
    add(&story, &ada).await;
    begin(&story, &session(&story, &ada), b"one", None).await;
    let link = |hash: &[u8], purpose| UserLink {
        hash: hash.to_vec(),
        purpose,
        user_id: Some(ada.id),
        email: ada.email.clone(),
        expires_at: story.clock.now().plus(60),
    };
    let (reset, verify) = (link(b"reset", LinkPurpose::Reset), link(b"verify", LinkPurpose::Verify));
    assert!(store.add_user_link(domain_id, &reset, Some(&ada)).await.unwrap());
    assert!(store.add_user_link(domain_id, &verify, Some(&ada)).await.unwrap());
    // Somebody else changes the row after it was read.
    let renamed = User { username: "lovelace".to_owned(), ..ada.clone() };
    assert_eq!(store.update_user(&renamed, None, &story.audit("user.update")).await.unwrap(), PutUserOutcome::Stored);
    let until = story.clock.now().plus(60);
    let choose = async |link: &UserLink| {
        store.reset_password(domain_id, link, ("new", until), &story.audit("user.password")).await.unwrap()
    };
    assert!(!choose(&link(b"unknown", LinkPurpose::Reset)).await);
    assert!(choose(&reset).await);
    assert!(!choose(&reset).await, "a link works once");
    let now = store.user(domain_id, ada.id).await.unwrap().unwrap();
    assert_eq!((now.username.as_str(), now.password.as_deref(), now.email_verified), ("lovelace", Some("new"), true));
    assert_eq!((story.count("sessions").await, story.count("user_links").await), (0, 0));
    assert_eq!(
        store.update_user(&ada, None, &story.audit("user.update")).await.unwrap(),
        PutUserOutcome::Conflict,
        "nobody brings the old one back"
    );
    let late = store.add_user_link(domain_id, &verify, Some(&ada)).await.unwrap();
    assert!(!late, "what was asked for by the old password");
    let moved = User { email: Some("ada@example.org".to_owned()), email_verified: false, ..now.clone() };
    store.update_user(&moved, None, &story.audit("user.update")).await.unwrap();
    assert!(!store.add_user_link(domain_id, &reset, Some(&now)).await.unwrap(), "to the old address");
    assert!(store.add_user_link(domain_id, &reset, Some(&moved)).await.unwrap());
    assert!(choose(&reset).await);
    let now = store.user(domain_id, ada.id).await.unwrap().unwrap();
    assert!(!now.email_verified, "it was sent to another address");
    assert!(store.add_user_link(domain_id, &reset, Some(&now)).await.unwrap());
    let off = User { enabled: false, ..now };
    store.update_user(&off, None, &story.audit("user.disable")).await.unwrap();
    assert!(!choose(&reset).await, "they may not log in");
}

#[rstest]
#[tokio::test]
async fn what_changed_meanwhile_is_not_deleted_and_what_is_gone_is_no_failure_of_the_server(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, domain_id) = (&story.store, story.domain_id);
    let ada = user(&story, "ada", None);
    add(&story, &ada).await;
    begin(&story, &session(&story, &ada), b"one", None).await;
    let changed = User { email_verified: false, ..ada.clone() };
    store.update_user(&changed, None, &story.audit("user.update")).await.unwrap();
    let delete = async |version| {
        let audit = story.audit("user.delete");
        store.delete_user(domain_id, (ada.id, version), story.clock.now(), &audit).await.unwrap()
    };
    assert!(!delete(Some(1)).await && story.count("sessions").await == 1, "nothing of it happened");
    assert!(delete(Some(2)).await);
    assert!(!store.begin_session(&session(&story, &ada), b"two", Some("hash"), None).await.unwrap());
    let link = UserLink {
        hash: b"late".to_vec(),
        purpose: LinkPurpose::Reset,
        user_id: Some(ada.id),
        email: None,
        expires_at: story.clock.now().plus(60),
    };
    let error = OAuthError::from(store.add_user_link(domain_id, &link, None).await.unwrap_err());
    assert_eq!((error.status, error.code), (404, "not_found"), "{:?}", error.cause);
}

#[rstest]
#[tokio::test]
async fn users_and_clients_are_named_by_their_ids(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    let ada = user(&story, "Ada", None);
    store.create_user(&ada, None, &story.audit("user.create")).await.unwrap();
    story.add(&story.client("a"), None).await;
    let mut nameless = story.client("b");
    nameless.metadata.client_name = None;
    story.add(&nameless, None).await;
    let unknown = uuid::Uuid::from_u128(1);
    let names = store.user_names(story.domain_id, &[ada.id.0, unknown]).await.unwrap();
    assert_eq!(names, [(ada.id.0, "Ada".to_owned())]);
    let ids = ["a", "b", "gone"].map(str::to_owned);
    let mut names = store.client_names(story.domain_id, &ids).await.unwrap();
    names.sort();
    assert_eq!(names, [("a", "a"), ("b", "")].map(|(id, name)| (id.to_owned(), name.to_owned())));
    assert!(story.add_domain("other").await);
    let other = store.domain_named("other").await.unwrap().unwrap().id();
    assert!(store.user_names(other, &[ada.id.0]).await.unwrap().is_empty());
    assert!(store.client_names(other, &ids).await.unwrap().is_empty());
    assert!(store.client_names(other, &[]).await.unwrap().is_empty());
}
