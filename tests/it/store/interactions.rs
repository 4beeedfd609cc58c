//! Browser steps that wait for a person, and what people allowed.

use registrar::model::authorization::GrantStatus;
use registrar::model::consent::Consent;
use registrar::model::id::{AttemptId, SessionId};
use registrar::model::interaction::{Decision, Interaction, LoginRequest, Progress, StoredRequest};
use registrar::model::user::User;
use registrar::store::login_grants::GrantOutcome;
use rstest::rstest;

use super::Story;
use crate::support::{Backend, scopes};

impl Story {
    pub fn interaction(&self) -> Interaction {
        let params = vec![("client_id".to_owned(), "c".to_owned()), ("state".to_owned(), "\u{e9} +&=".to_owned())];
        Interaction {
            id: AttemptId::random(),
            domain_id: self.domain_id,
            client_id: "c".to_owned(),
            request: StoredRequest { params },
            progress: Progress::default(),
            version: 1,
            created_at: self.clock.now(),
            expires_at: self.clock.now().plus(1_800),
        }
    }

    fn consent(&self, user: &User, resource: &str, scope: &str) -> Consent {
        Consent {
            domain_id: self.domain_id,
            user_id: user.id,
            client_id: "c".to_owned(),
            resource: resource.to_owned(),
            scope: scopes(scope),
            granted_at: self.clock.now(),
        }
    }
}

#[rstest]
#[tokio::test]
async fn an_interaction_goes_on_in_one_window_and_ends(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, begun) = (&story.store, story.interaction());
    store.begin_interaction(&begun).await.unwrap();
    let mut found = store.interaction(story.domain_id, &begun.id).await.unwrap().unwrap();
    assert_eq!((&found.request, &found.progress, found.version), (&begun.request, &begun.progress, 1));
    assert!(store.interaction(story.domain_id, &AttemptId::random()).await.unwrap().is_none());
    let login = LoginRequest { client_name: "App".to_owned(), ..LoginRequest::default() };
    found.progress = Progress {
        login: Some(login),
        logged_in: Some(SessionId::new(&story.clock)),
        decision: Some(Decision::Denied),
        ..Progress::default()
    };
    assert!(store.update_interaction(&found).await.unwrap());
    assert!(!store.update_interaction(&found).await.unwrap(), "another window was faster");
    let read = store.interaction(story.domain_id, &begun.id).await.unwrap().unwrap();
    assert_eq!((read.progress, read.version), (found.progress, 2));
    story.clock.advance(1_800);
    assert!(store.interaction(story.domain_id, &begun.id).await.unwrap().is_none());
    store.remove_expired().await.unwrap();
    assert_eq!(story.count("interactions").await, 0);
}

#[rstest]
#[tokio::test]
async fn of_what_strangers_begin_the_oldest_goes(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    assert!(story.add_domain("other").await);
    let other = story.store.domain_named("other").await.unwrap().unwrap().id();
    let elsewhere = Interaction { domain_id: other, ..story.interaction() };
    story.store.begin_interaction(&elsewhere).await.unwrap();
    let mut begun = Vec::new();
    for _ in 0..5 {
        story.clock.advance(1);
        begun.push(story.interaction());
        story.store.begin_interaction(begun.last().unwrap()).await.unwrap();
    }
    assert_eq!(story.store.remove_surplus(5, 9).await.unwrap(), 0);
    assert_eq!(story.store.remove_surplus(3, 9).await.unwrap(), 2);
    for (place, interaction) in begun.iter().enumerate() {
        let found = story.store.interaction(story.domain_id, &interaction.id).await.unwrap();
        assert_eq!(found.is_some(), place >= 2, "{place}");
    }
    assert!(story.store.interaction(other, &elsewhere.id).await.unwrap().is_some(), "another domain's");
}

#[rstest]
#[tokio::test]
async fn an_interaction_is_completed_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, ada, begun) = (&story.store, story.add_user("ada").await, story.interaction());
    store.begin_interaction(&begun).await.unwrap();
    let (first, second) = (story.login(&ada, "c"), story.login(&ada, "c"));
    assert_eq!(
        store.establish_grant(&first, &story.code(&first, 1), Some(&begun.id)).await.unwrap(),
        GrantOutcome::Established
    );
    assert_eq!(
        store.establish_grant(&second, &story.code(&second, 2), Some(&begun.id)).await.unwrap(),
        GrantOutcome::Over
    );
    assert!(store.interaction(story.domain_id, &begun.id).await.unwrap().is_none());
    assert_eq!((story.count("authorizations").await, story.count("authorization_codes").await), (1, 1));
}

#[rstest]
#[tokio::test]
async fn an_interaction_that_is_ended_is_over(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, one, two) = (&story.store, story.interaction(), story.interaction());
    for begun in [&one, &two] {
        store.begin_interaction(begun).await.unwrap();
    }
    assert!(store.end_interaction(story.domain_id, &one.id).await.unwrap());
    assert!(!store.end_interaction(story.domain_id, &one.id).await.unwrap());
    assert!(store.interaction(story.domain_id, &one.id).await.unwrap().is_none());
    assert!(store.interaction(story.domain_id, &two.id).await.unwrap().is_some());
    story.clock.advance(1_800);
    assert!(!store.end_interaction(story.domain_id, &two.id).await.unwrap(), "it has ended by itself");
}

#[rstest]
#[tokio::test]
async fn what_was_allowed_adds_up_until_it_is_taken_back(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, ada, begun) = (&story.store, story.add_user("ada").await, story.interaction());
    store.begin_interaction(&begun).await.unwrap();
    let mut interaction = begun.clone();
    for consents in [
        vec![story.consent(&ada, "", "openid"), story.consent(&ada, "https://a.example", "read")],
        vec![story.consent(&ada, "https://a.example", "write read")],
    ] {
        assert!(store.allow_interaction(&interaction, &consents, &story.audit("consent.allow")).await.unwrap());
        interaction = store.interaction(story.domain_id, &begun.id).await.unwrap().unwrap();
    }
    let late = [story.consent(&ada, "https://b.example", "read")];
    assert!(!store.allow_interaction(&begun, &late, &story.audit("consent.allow")).await.unwrap());
    let known = store.consents(story.domain_id, ada.id, "c").await.unwrap();
    let said: Vec<(&str, String)> = known.iter().map(|own| (own.resource.as_str(), own.scope.to_string())).collect();
    assert_eq!(said, [("", "openid".to_owned()), ("https://a.example", "read write".to_owned())]);
    assert_eq!(store.consents_of_user(story.domain_id, ada.id).await.unwrap(), known);
    assert!(store.consents(story.domain_id, ada.id, "other").await.unwrap().is_empty());
    let until = story.clock.now().plus(60);
    let audit = story.audit("client.disconnect");
    store.disconnect_client((story.domain_id, ada.id), "c", until, &audit).await.unwrap();
    assert!(store.consents_of_user(story.domain_id, ada.id).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn connections_are_consents_of_people_who_are_logged_in(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, here) = (&story.store, "https://a.example");
    let mut expected = Vec::new();
    for (at, (name, client, resource, logged_in)) in [
        ("ada", "one", here, true),
        ("ada", "two", here, true),
        ("bob", "one", here, true),
        ("cy", "one", "https://elsewhere.example", true),
        ("dee", "one", here, false),
    ]
    .into_iter()
    .enumerate()
    {
        let user = match store.user_by_login(story.domain_id, name).await.unwrap() {
            Some(known) => known,
            None => story.add_user(name).await,
        };
        let begun = story.interaction();
        store.begin_interaction(&begun).await.unwrap();
        let consent = Consent { client_id: client.to_owned(), ..story.consent(&user, resource, "read") };
        assert!(store.allow_interaction(&begun, &[consent], &story.audit("consent.allow")).await.unwrap());
        if logged_in {
            let mut login = story.login(&user, client);
            login.status = GrantStatus::Active;
            let code = story.code(&login, u8::try_from(at).unwrap());
            assert_eq!(store.establish_grant(&login, &code, None).await.unwrap(), GrantOutcome::Established);
        }
        if logged_in && resource == here {
            expected.insert(0, (name.to_owned(), client.to_owned()));
        }
        // The two of one second stand in one order all the same.
        story.clock.advance(i64::from(at != 1));
    }
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = store.connections(story.domain_id, here, after.as_ref(), 1).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.place());
        listed.push((last.username.clone(), last.client_id.0.clone()));
    }
    let whole = store.connections(story.domain_id, here, None, 50).await.unwrap();
    let whole: Vec<_> = whole.into_iter().map(|one| (one.username, one.client_id.0)).collect();
    assert_eq!(listed, whole, "page by page as at once");
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected, "each once");
}
