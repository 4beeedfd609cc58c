//! Sessions of administrators: a random secret in a cookie, of which a keyed hash is kept.

use super::Administrators;
use crate::keys::data_keys::HashPurpose;
use crate::model::administrator::{Administrator, AdministratorSession, Authority, Principal};
use crate::model::audit_event::{Actor, AuditEvent};
use crate::model::id::{AdministratorId, AdministratorSessionId};
use crate::model::oauth_error::OAuthError;
use crate::model::random;
use crate::model::secret::Secret;
use crate::model::session::browser_name;
use crate::people::browser_session::Device;
use crate::store::administrator_sessions::EndAdministratorSessions;

/// How long a session lives at the longest, in seconds.
pub const SESSION_LIFETIME: i64 = 12 * 3_600;

/// How long a session lives without a request, in seconds.
pub const SESSION_IDLE: i64 = 3_600;

/// How long somebody may take to give the second factor, in seconds.
pub const UNCONFIRMED_LIFETIME: i64 = 600;

/// How often it is noted that a session was seen, in seconds.
const NOTED_EVERY: i64 = 60;

/// A session that is alive, and its administrator as they are now.
#[derive(Debug, Clone)]
pub struct Current {
    /// The session.
    pub session: AdministratorSession,
    /// Who is logged in.
    pub administrator: Administrator,
}

impl Current {
    /// What the person may do.
    pub fn authority(&self) -> Authority {
        Authority {
            principal: Principal::Administrator(self.administrator.id, self.session.id),
            name: self.administrator.username.clone(),
            role: self.administrator.role,
            reach: self.administrator.reach.clone(),
        }
    }
}

impl Administrators {
    /// The session that a cookie names, if it is alive, its login complete, and its administrator may log in.
    pub async fn session(&self, cookie: &str) -> Result<Option<Current>, sqlx::Error> {
        let Some(current) = self.living(cookie).await?.filter(|current| current.session.confirmed) else {
            return Ok(None);
        };
        if self.store.clock().now().since(current.session.last_seen_at) >= NOTED_EVERY {
            self.store.touch_administrator_session(current.session.id).await?;
        }
        Ok(Some(current))
    }

    /// The session that a cookie names where only the second factor is missing.
    pub async fn unconfirmed_session(&self, cookie: &str) -> Result<Option<Current>, sqlx::Error> {
        Ok(self.living(cookie).await?.filter(|current| !current.session.confirmed))
    }

    async fn living(&self, cookie: &str) -> Result<Option<Current>, sqlx::Error> {
        let hash = self.keys.hash(HashPurpose::AdministratorSession, cookie);
        let Some(session) = self.store.administrator_session_by_hash(&hash).await? else { return Ok(None) };
        if !session.is_alive(self.store.clock().now(), SESSION_IDLE) {
            return Ok(None);
        }
        let administrator = self.store.administrator(session.administrator_id).await?;
        Ok(administrator.filter(|known| known.enabled).map(|administrator| Current { session, administrator }))
    }

    /// An administrator's sessions that are alive, the latest seen first.
    pub async fn sessions(&self, id: AdministratorId) -> Result<Vec<AdministratorSession>, sqlx::Error> {
        let now = self.store.clock().now();
        let mut sessions = self.store.administrator_sessions(id).await?;
        sessions.retain(|session| session.confirmed && session.is_alive(now, SESSION_IDLE));
        Ok(sessions)
    }

    /// Ends one session of an administrator, or all of them but one. Returns how many ended.
    pub async fn end_sessions(
        &self,
        administrator: &Administrator,
        which: EndAdministratorSessions,
        actor: &Actor,
    ) -> Result<u64, OAuthError> {
        let one = match which {
            EndAdministratorSessions::One(id) => id.to_string(),
            EndAdministratorSessions::AllBut(Some(_)) => "others".to_owned(),
            EndAdministratorSessions::AllBut(None) => "all".to_owned(),
        };
        let target = administrator.id.to_string();
        let audit = actor.did(self.store.clock(), None, "administrator_session.end", &target).with("session", one);
        let audit = audit.with("username", administrator.username.as_str());
        let ended = self.store.end_administrator_sessions(administrator.id, which, &audit).await?;
        if ended == 0 && matches!(which, EndAdministratorSessions::One(_)) {
            return Err(OAuthError::not_found("the administrator has no such session"));
        }
        Ok(ended)
    }

    /// Ends the session that somebody is in.
    pub async fn log_out(&self, current: &Current, actor: &Actor) -> Result<(), OAuthError> {
        let (id, which) = (current.administrator.id, EndAdministratorSessions::One(current.session.id));
        let audit = actor.did(self.store.clock(), None, "administrator.logout", &id.to_string());
        let audit = audit.with("username", current.administrator.username.as_str());
        self.store.end_administrator_sessions(id, which, &audit).await?;
        Ok(())
    }

    /// A session to be kept, what its cookie holds, and the hash of that.
    pub(super) fn new_session(
        &self,
        administrator_id: AdministratorId,
        device: Device<'_>,
        (confirmed, lifetime): (bool, i64),
    ) -> (AdministratorSession, Secret, Vec<u8>) {
        let clock = self.store.clock();
        let now = clock.now();
        let session = AdministratorSession {
            id: AdministratorSessionId::new(clock),
            administrator_id,
            confirmed,
            device: browser_name(device.agent),
            source: device.source.to_owned(),
            created_at: now,
            last_seen_at: now,
            expires_at: now.plus(lifetime),
        };
        let (secret, hash) = self.session_secret();
        (session, secret, hash)
    }

    /// A new secret for a session's cookie, and its hash.
    pub(super) fn session_secret(&self) -> (Secret, Vec<u8>) {
        let secret = Secret::new(random::secret());
        let hash = self.keys.hash(HashPurpose::AdministratorSession, secret.expose());
        (secret, hash)
    }

    /// The event of a login that is complete.
    pub(super) fn logged_in(
        &self,
        administrator: &Administrator,
        session: &AdministratorSession,
        actor: &Actor,
    ) -> AuditEvent {
        let id = administrator.id.to_string();
        let actor = Actor { name: format!("administrator:{id}"), ..actor.clone() };
        let audit = actor.did(self.store.clock(), None, "administrator.login", &id);
        audit
            .with("username", administrator.username.as_str())
            .with("device", session.device.as_str())
            .with("second_factor", administrator.totp.is_some())
    }
}
