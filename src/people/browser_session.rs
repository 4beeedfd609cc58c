//! Browser sessions: a random secret in a cookie, of which a keyed hash is kept.

use super::People;
use crate::keys::data_keys::HashPurpose;
use crate::model::id::SessionId;
use crate::model::random;
use crate::model::secret::Secret;
use crate::model::session::{Session, browser_name};
use crate::model::user::User;
use crate::store::cache::DomainEntry;

/// How often it is noted that a session was seen, in seconds.
const NOTED_EVERY: i64 = 60;

/// A session that is alive, and its user.
#[derive(Debug, Clone)]
pub struct Current {
    /// The session.
    pub session: Session,
    /// Who is logged in.
    pub user: User,
}

/// Where a session begins.
#[derive(Debug, Clone, Copy)]
pub struct Device<'a> {
    /// The browser by its own account (`User-Agent`).
    pub agent: &'a str,
    /// The address it comes from.
    pub source: &'a str,
}

impl People {
    /// Begins a session for somebody who has just proved who they are. A browser's earlier session ends: the secret is
    /// new at each login, so that nobody can have planted it. Returns what the cookie holds; nothing if the user, as they
    /// were read then, has another password by now or may not log in.
    pub async fn begin_session(
        &self,
        domain: &DomainEntry,
        user: &User,
        device: Device<'_>,
        replaces: Option<SessionId>,
    ) -> Result<Option<(Session, Secret)>, sqlx::Error> {
        let clock = self.store.clock();
        let now = clock.now();
        let secret = Secret::new(random::secret());
        let session = Session {
            id: SessionId::new(clock),
            domain_id: domain.id(),
            user_id: user.id,
            auth_time: now,
            device: browser_name(device.agent),
            source: device.source.to_owned(),
            created_at: now,
            last_seen_at: now,
            expires_at: now.plus(domain.domain.settings.session_lifetime),
        };
        let hash = self.keys.hash(HashPurpose::Session, secret.expose());
        let begun = self.store.begin_session(&session, &hash, user.password.as_deref(), replaces).await?;
        Ok(begun.then_some((session, secret)))
    }

    /// The session that a cookie names, if it is alive and its user may log in.
    pub async fn session(&self, domain: &DomainEntry, cookie: &str) -> Result<Option<Current>, sqlx::Error> {
        let hash = self.keys.hash(HashPurpose::Session, cookie);
        let Some(session) = self.store.session_by_hash(domain.id(), &hash).await? else { return Ok(None) };
        let now = self.store.clock().now();
        if !session.is_alive(now, domain.domain.settings.session_idle_lifetime) {
            return Ok(None);
        }
        let user = self.store.user(domain.id(), session.user_id).await?;
        let Some(user) = user.filter(|user| user.enabled) else { return Ok(None) };
        if now.since(session.last_seen_at) >= NOTED_EVERY {
            self.store.touch_session(domain.id(), session.id).await?;
        }
        Ok(Some(Current { session, user }))
    }
}
