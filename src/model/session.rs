//! A browser in which a person is logged in.

use super::id::{DomainId, SessionId, UserId};
use super::time::UnixTime;

/// A browser session. The cookie holds a secret of which only a keyed hash is kept.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its identifier; the `sid` of ID tokens (OpenID Connect Front-Channel Logout §3).
    pub id: SessionId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// Who is logged in.
    pub user_id: UserId,
    /// When the person last proved who they are (`auth_time`).
    pub auth_time: UnixTime,
    /// The browser by its own account, shortened.
    pub device: String,
    /// The address it came from.
    pub source: String,
    /// When it began.
    pub created_at: UnixTime,
    /// When it was last seen.
    pub last_seen_at: UnixTime,
    /// When it ends at the latest.
    pub expires_at: UnixTime,
}

impl Session {
    /// Whether the session is alive: neither at its end, nor idle for longer than `idle` seconds.
    pub fn is_alive(&self, now: UnixTime, idle: i64) -> bool {
        now < self.expires_at && now < self.last_seen_at.plus(idle)
    }
}
