//! What a person's applications may, and where the person is logged in, for whoever looks after the account.

use std::collections::BTreeMap;

use super::People;
use crate::model::consent::Consent;
use crate::model::oauth_error::OAuthError;
use crate::model::session::Session;
use crate::model::time::UnixTime;
use crate::model::user::User;
use crate::store::cache::DomainEntry;

/// What a person allowed one client, and what it has of it.
#[derive(Debug)]
pub struct UserConnection {
    /// The client.
    pub client_id: String,
    /// What was allowed it.
    pub consents: Vec<Consent>,
    /// In how many logins it has tokens.
    pub logins: usize,
    /// When a token was last issued to it.
    pub last_used_at: Option<UnixTime>,
}

impl People {
    /// The applications that may act for a person, by client.
    pub async fn connections(&self, user: &User) -> Result<Vec<UserConnection>, OAuthError> {
        let mut connections: BTreeMap<String, UserConnection> = BTreeMap::new();
        let of = |client_id: String| UserConnection { client_id, consents: Vec::new(), logins: 0, last_used_at: None };
        for consent in self.store.consents_of_user(user.domain_id, user.id).await? {
            let id = consent.client_id.clone();
            connections.entry(id.clone()).or_insert_with(|| of(id)).consents.push(consent);
        }
        for grant in self.store.login_grants_of_user(user.domain_id, user.id).await? {
            let connection = connections.entry(grant.client_id.0.clone()).or_insert_with(|| of(grant.client_id.0));
            connection.logins += 1;
            connection.last_used_at = connection.last_used_at.max(Some(grant.last_used_at));
        }
        Ok(connections.into_values().collect())
    }

    /// The sessions of a person that are alive, the latest seen first.
    pub async fn live_sessions(&self, domain: &DomainEntry, user: &User) -> Result<Vec<Session>, OAuthError> {
        let (now, idle) = (self.store.clock().now(), domain.domain.settings.session_idle_lifetime);
        let mut sessions = self.store.sessions_of_user(domain.id(), user.id).await?;
        sessions.retain(|session| session.is_alive(now, idle));
        Ok(sessions)
    }
}
