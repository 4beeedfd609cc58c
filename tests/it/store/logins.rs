//! Logins: what they establish, their codes and refresh tokens, and what is left when they have had their time.

use registrar::model::authorization::{AuthorizationCode, GrantDetails, GrantStatus, LoginGrant, RefreshToken};
use registrar::model::id::{AttemptId, AuthorizationId, ClientId, SessionId, UserId};
use registrar::model::session::Session;
use registrar::model::user::{User, UserClaims};
use registrar::store::authorization_codes::RedeemOutcome;
use registrar::store::login_grants::GrantOutcome;
use registrar::store::refresh_tokens::{RefreshOutcome, RefreshUse};
use registrar::store::sessions::EndSessions;
use registrar::store::users::PutUserOutcome;
use rstest::rstest;
use tokio::task::JoinSet;

use super::Story;
use super::users::session;
use crate::support::{Backend, scopes};

/// For how long a rotated token gives the same successor.
const GRACE: i64 = 60;

impl Story {
    /// A user who is stored.
    pub async fn add_user(&self, name: &str) -> User {
        let user = User {
            id: UserId::new(&self.clock),
            domain_id: self.domain_id,
            username: name.to_owned(),
            email: None,
            email_verified: false,
            password: None,
            claims: UserClaims::default(),
            enabled: true,
            version: 1,
            created_at: self.clock.now(),
            updated_at: self.clock.now(),
        };
        let outcome = self.store.create_user(&user, None, &self.audit("user.create")).await.unwrap();
        assert_eq!(outcome, PutUserOutcome::Stored);
        user
    }

    pub fn login(&self, user: &User, client_id: &str) -> LoginGrant {
        let now = self.clock.now();
        LoginGrant {
            id: AuthorizationId::new(&self.clock),
            domain_id: self.domain_id,
            client_id: ClientId(client_id.to_owned()),
            user_id: user.id,
            session_id: None,
            attempt: AttemptId::random(),
            scope: scopes("openid read"),
            details: GrantDetails {
                subject: user.id.to_string(),
                resources: vec!["https://a.example".to_owned()],
                auth_time: now,
                nonce: Some("n".to_owned()),
            },
            status: GrantStatus::Pending,
            created_at: now,
            last_used_at: now,
            expires_at: now.plus(100_000),
        }
    }

    pub fn code(&self, grant: &LoginGrant, hash: u8) -> AuthorizationCode {
        let now = self.clock.now();
        AuthorizationCode {
            hash: vec![hash; 32],
            client_id: grant.client_id.clone(),
            redirect_uri: "https://app.example/cb".to_owned(),
            redirect_uri_sent: true,
            code_challenge: Some("c".to_owned()),
            created_at: now,
            expires_at: now.plus(60),
            redeemed_at: None,
        }
    }

    pub fn refresh_token(&self, hash: u8) -> RefreshToken {
        let now = self.clock.now();
        RefreshToken { hash: vec![hash; 32], created_at: now, expires_at: now.plus(10_000), rotated_at: None }
    }

    /// A login whose code was redeemed, with the refresh token of this hash.
    pub async fn redeemed(&self, user: &User, client_id: &str, hash: u8) -> LoginGrant {
        let grant = self.login(user, client_id);
        assert_eq!(
            self.store.establish_grant(&grant, &self.code(&grant, hash), None).await.unwrap(),
            GrantOutcome::Established
        );
        assert_eq!(self.redeem(&grant, hash, Some(&self.refresh_token(hash))).await, RedeemOutcome::Redeemed);
        self.store.login_grant(self.domain_id, grant.id).await.unwrap().unwrap()
    }

    async fn redeem(&self, grant: &LoginGrant, hash: u8, token: Option<&RefreshToken>) -> RedeemOutcome {
        let until = self.clock.now().plus(3_600);
        self.store.redeem_code((self.domain_id, &[hash; 32]), grant, token, until).await.unwrap()
    }

    async fn use_token(&self, grant: &LoginGrant, hash: u8, successor: Option<&RefreshToken>) -> RefreshOutcome {
        let now = self.clock.now();
        let (expires_at, until) = (now.plus(10_000), now.plus(3_600));
        let refresh = RefreshUse { hash: &[hash; 32], successor, grace: GRACE, expires_at, until };
        self.store.use_refresh_token(grant, &refresh).await.unwrap()
    }

    fn is_marked(&self, grant: &LoginGrant) -> bool {
        self.store.cache().is_revoked(self.domain_id, &grant.id.to_string())
    }
}

#[rstest]
#[tokio::test]
async fn a_code_stands_for_its_login_and_is_redeemed_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, ada) = (&story.store, story.add_user("ada").await);
    let grant = story.login(&ada, "c");
    let kept = story.code(&grant, 1);
    assert_eq!(store.establish_grant(&grant, &kept, None).await.unwrap(), GrantOutcome::Established);
    let (code, found) = store.authorization_code(story.domain_id, &[1; 32]).await.unwrap().unwrap();
    assert_eq!((code.redirect_uri, code.redirect_uri_sent), (kept.redirect_uri, true));
    assert_eq!((code.code_challenge, code.expires_at, code.redeemed_at), (kept.code_challenge, kept.expires_at, None));
    assert_eq!((found.id, found.user_id, found.attempt), (grant.id, ada.id, grant.attempt.clone()));
    assert_eq!((found.scope, found.details, found.status), (grant.scope.clone(), grant.details.clone(), grant.status));
    assert!(store.authorization_code(story.domain_id, &[2; 32]).await.unwrap().is_none());
    story.add_domain("other").await;
    let other = store.domain_named("other").await.unwrap().unwrap().id();
    assert!(store.authorization_code(other, &[1; 32]).await.unwrap().is_none());
    assert!(store.login_grant(other, grant.id).await.unwrap().is_none());

    assert_eq!(story.redeem(&grant, 1, Some(&story.refresh_token(1))).await, RedeemOutcome::Redeemed);
    let active = store.login_grant(story.domain_id, grant.id).await.unwrap().unwrap();
    assert!(active.is_alive(story.clock.now()) && !story.is_marked(&grant));
    assert_eq!(store.login_grants_of_user(story.domain_id, ada.id).await.unwrap().len(), 1);
    assert_eq!(story.redeem(&grant, 1, None).await, RedeemOutcome::Replayed);
    assert!(story.is_marked(&grant));
    let ended = store.login_grant(story.domain_id, grant.id).await.unwrap().unwrap();
    assert_eq!(ended.status, GrantStatus::Revoked);
    assert!(store.refresh_token(story.domain_id, &[1; 32]).await.unwrap().is_none());
    assert_eq!(store.login_grants_of_user(story.domain_id, ada.id).await.unwrap().len(), 0);
}

#[rstest]
#[tokio::test]
async fn a_code_ends_and_so_may_its_login_before_it_is_redeemed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, ada) = (&story.store, story.add_user("ada").await);
    let (late, ended) = (story.login(&ada, "c"), story.login(&ada, "c"));
    assert_eq!(store.establish_grant(&late, &story.code(&late, 1), None).await.unwrap(), GrantOutcome::Established);
    assert_eq!(store.establish_grant(&ended, &story.code(&ended, 2), None).await.unwrap(), GrantOutcome::Established);
    let until = story.clock.now().plus(3_600);
    assert!(store.end_grant(story.domain_id, ended.id, until, &story.audit("grant.end")).await.unwrap());
    assert!(!store.end_grant(story.domain_id, ended.id, until, &story.audit("grant.end")).await.unwrap());
    assert_eq!(story.redeem(&ended, 2, None).await, RedeemOutcome::Ended);
    assert_eq!(story.redeem(&ended, 9, None).await, RedeemOutcome::Ended, "no such code");
    story.clock.advance(60);
    assert_eq!(story.redeem(&late, 1, None).await, RedeemOutcome::Ended);
    assert!(!story.is_marked(&late));
}

#[rstest]
#[tokio::test]
async fn a_refresh_token_rotates_or_stays(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, ada) = (&story.store, story.add_user("ada").await);
    let grant = story.redeemed(&ada, "c", 1).await;
    story.clock.advance(9_999);
    assert_eq!(story.use_token(&grant, 1, None).await, RefreshOutcome::Used);
    let (token, used) = store.refresh_token(story.domain_id, &[1; 32]).await.unwrap().unwrap();
    assert_eq!((token.expires_at, token.rotated_at), (story.clock.now().plus(10_000), None));
    assert_eq!(used.last_used_at, story.clock.now());

    let successor = story.refresh_token(2);
    assert_eq!(story.use_token(&grant, 1, Some(&successor)).await, RefreshOutcome::Used);
    let rotated = store.refresh_token(story.domain_id, &[1; 32]).await.unwrap().unwrap().0;
    assert!(rotated.rotated_at.is_some() && !rotated.is_current(story.clock.now()));
    story.clock.advance(GRACE - 1);
    assert_eq!(story.use_token(&grant, 1, Some(&successor)).await, RefreshOutcome::Again);
    story.clock.advance(1);
    assert_eq!(story.use_token(&grant, 1, Some(&successor)).await, RefreshOutcome::Replayed);
    assert!(story.is_marked(&grant));
    assert_eq!(story.use_token(&grant, 2, None).await, RefreshOutcome::Ended);
    let idle = story.redeemed(&ada, "c", 3).await;
    story.clock.advance(10_000);
    assert_eq!(story.use_token(&idle, 3, None).await, RefreshOutcome::Ended);
    let over = story.redeemed(&ada, "c", 4).await;
    story.clock.advance(100_000);
    assert_eq!(story.use_token(&over, 4, None).await, RefreshOutcome::Ended);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_rotate_a_token_at_once_one_does_and_all_get_its_successor(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let ada = story.add_user("ada").await;
    let grant = story.redeemed(&ada, "c", 1).await;
    let (one, two) = (story.store.clone(), story.beside().await);
    let mut tasks = JoinSet::new();
    for number in 0..16 {
        let store = if number % 2 == 0 { one.clone() } else { two.clone() };
        let (grant, successor, now) = (grant.clone(), story.refresh_token(2), story.clock.now());
        tasks.spawn(async move {
            let (expires_at, until) = (now.plus(10_000), now.plus(3_600));
            let refresh = RefreshUse { hash: &[1; 32], successor: Some(&successor), grace: GRACE, expires_at, until };
            store.use_refresh_token(&grant, &refresh).await.unwrap()
        });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == RefreshOutcome::Used).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == RefreshOutcome::Again).count(), 15);
    assert_eq!(story.count("refresh_tokens").await, 2);
}

#[rstest]
#[tokio::test]
async fn a_person_takes_a_client_back_and_a_deleted_one_takes_all(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, ada, bob) = (&story.store, story.add_user("ada").await, story.add_user("bob").await);
    let one = story.redeemed(&ada, "one", 1).await;
    let two = story.redeemed(&ada, "two", 2).await;
    let bobs = story.redeemed(&bob, "one", 3).await;
    let (until, audit) = (story.clock.now().plus(3_600), story.audit("client.disconnect"));
    store.disconnect_client((story.domain_id, ada.id), "one", until, &audit).await.unwrap();
    assert!(story.is_marked(&one) && !story.is_marked(&two) && !story.is_marked(&bobs));
    let left = store.login_grants_of_user(story.domain_id, ada.id).await.unwrap();
    assert_eq!(left.iter().map(|grant| grant.id).collect::<Vec<_>>(), [two.id]);
    assert!(store.delete_user(story.domain_id, (ada.id, None), until, &story.audit("user.delete")).await.unwrap());
    assert!(story.is_marked(&two) && !story.is_marked(&bobs));
    assert_eq!(story.count("authorizations").await, 1);
    assert_eq!(story.count("refresh_tokens").await, 1);
}

#[rstest]
#[tokio::test]
async fn logins_are_kept_as_long_as_somebody_may_ask(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, ada) = (&story.store, story.add_user("ada").await);
    let never = story.login(&ada, "never");
    assert_eq!(store.establish_grant(&never, &story.code(&never, 9), None).await.unwrap(), GrantOutcome::Established);
    let grant = story.redeemed(&ada, "c", 1).await;
    let mut long = story.refresh_token(2);
    long.expires_at = story.clock.now().plus(90_000);
    assert_eq!(story.use_token(&grant, 1, Some(&long)).await, RefreshOutcome::Used);
    let tables = async || {
        let mut left = Vec::new();
        for table in ["authorizations", "authorization_codes", "refresh_tokens"] {
            left.push(story.count(table).await);
        }
        left
    };
    store.remove_expired().await.unwrap();
    assert_eq!(tables().await, [2, 2, 2]);
    // Codes are kept for an hour after their end, so that their reuse is seen; so is what nobody redeemed.
    story.clock.advance(3_659);
    store.remove_expired().await.unwrap();
    assert_eq!(tables().await, [1, 1, 2], "a login whose code was never redeemed goes, its code with it");
    story.clock.advance(1);
    store.remove_expired().await.unwrap();
    assert_eq!(tables().await, [1, 0, 2]);
    story.clock.advance(10_000);
    store.remove_expired().await.unwrap();
    assert_eq!(tables().await, [1, 0, 1], "the rotated token has ended");
    story.clock.advance(100_000);
    store.remove_expired().await.unwrap();
    assert_eq!(tables().await, [0, 0, 0]);

    let revoked = story.redeemed(&ada, "c", 3).await;
    let mut kept = story.login(&ada, "c");
    kept.expires_at = story.clock.now().plus(100 * 86_400);
    assert_eq!(store.establish_grant(&kept, &story.code(&kept, 4), None).await.unwrap(), GrantOutcome::Established);
    assert_eq!(story.redeem(&kept, 4, None).await, RedeemOutcome::Redeemed);
    let until = story.clock.now().plus(3_600);
    for grant in [&revoked, &kept] {
        assert!(store.end_grant(story.domain_id, grant.id, until, &story.audit("grant.end")).await.unwrap());
    }
    story.clock.advance(30 * 86_400 - 1);
    store.remove_expired().await.unwrap();
    assert_eq!(tables().await, [1, 0, 0], "one that was ended is told of for a month");
    story.clock.advance(1);
    store.remove_expired().await.unwrap();
    assert_eq!(tables().await, [0, 0, 0]);
}

#[rstest]
#[tokio::test]
async fn nothing_is_established_from_a_session_that_has_ended(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, ada, begun) = (&story.store, story.add_user("ada").await, story.interaction());
    store.begin_interaction(&begun).await.unwrap();
    let session = session(&story, &ada);
    assert!(store.begin_session(&session, b"one", None, None).await.unwrap());
    let from = |user: &User| LoginGrant { session_id: Some(session.id), ..story.login(user, "c") };
    let grant = from(&ada);
    assert_eq!(store.establish_grant(&grant, &story.code(&grant, 1), None).await.unwrap(), GrantOutcome::Established);
    let kept = store.login_grant(story.domain_id, grant.id).await.unwrap().unwrap();
    assert_eq!((kept.session_id, kept.user_id, kept.scope), (Some(session.id), ada.id, grant.scope));
    let bobs = from(&story.add_user("bob").await);
    assert_eq!(store.establish_grant(&bobs, &story.code(&bobs, 2), None).await.unwrap(), GrantOutcome::LoggedOut);
    // What was read before the session ended counts for nothing.
    assert_eq!(store.end_sessions(story.domain_id, ada.id, EndSessions::AllBut(None)).await.unwrap(), 1);
    let late = from(&ada);
    let outcome = store.establish_grant(&late, &story.code(&late, 3), Some(&begun.id)).await.unwrap();
    assert_eq!(outcome, GrantOutcome::LoggedOut);
    assert!(store.interaction(story.domain_id, &begun.id).await.unwrap().is_some(), "the person can log in and go on");
    assert_eq!((story.count("authorizations").await, story.count("authorization_codes").await), (1, 1));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_what_is_established_while_a_person_is_kept_out_nothing_lives(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    for round in 0..20_u8 {
        let ada = story.add_user(&format!("ada{round}")).await;
        let now = story.clock.now();
        let session = session(&story, &ada);
        assert!(story.store.begin_session(&session, &[round], None, None).await.unwrap());
        let later = Session { id: SessionId::new(&story.clock), ..session.clone() };
        let grant = LoginGrant { session_id: Some(session.id), ..story.login(&ada, "c") };
        let changed = User { password: Some("new".to_owned()), ..ada.clone() };
        let (code, audit, hash) = (story.code(&grant, round), story.audit("user.update"), [round, 1]);
        let (established, begun, put) = tokio::join!(
            story.store.establish_grant(&grant, &code, None),
            story.store.begin_session(&later, &hash, None, None),
            story.store.update_user(&changed, Some(now.plus(60)), &audit),
        );
        assert_eq!(put.unwrap(), PutUserOutcome::Stored);
        assert_ne!(established.unwrap(), GrantOutcome::Over);
        begun.unwrap();
        assert!(store_sessions(&story, ada.id).await.is_empty(), "round {round}");
        assert!(story.store.login_grants_of_user(story.domain_id, ada.id).await.unwrap().is_empty(), "round {round}");
        let left = "select count(*) from authorizations where status <> 'revoked'";
        assert_eq!(story.database.count(left).await, 0, "round {round}");
    }
}

async fn store_sessions(story: &Story, user_id: UserId) -> Vec<Session> {
    story.store.sessions_of_user(story.domain_id, user_id).await.unwrap()
}
