//! Things that end now instead of later, for tests.

use super::Store;
use super::changes::Change;
use crate::model::id::{AttemptId, ClientId, DomainId, SessionId};

/// What ends.
#[derive(Debug, Clone, Copy)]
pub enum Expiring<'a> {
    /// A refresh token, by its hash.
    RefreshToken(&'a [u8]),
    /// An authorization code, by its hash.
    AuthorizationCode(&'a [u8]),
    /// An initial access token, by its hash.
    InitialAccessToken(&'a [u8]),
    /// All secrets of a client.
    Secrets(&'a ClientId),
    /// A browser session.
    Session(SessionId),
    /// A browser step that waits for a person.
    Interaction(&'a AttemptId),
}

impl Store {
    /// Lets something expire now. `false`: the domain has no such thing.
    pub async fn expire(&self, domain_id: DomainId, what: Expiring<'_>) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        macro_rules! end {
            ($table:literal, $key:literal, $value:expr) => {{
                let sql = concat!("update ", $table, " set expires_at = $1 where domain_id = $2 and ", $key, " = $3");
                on_tx!(tx, |db| sqlx::query(sql)
                    .bind(now)
                    .bind(domain_id)
                    .bind($value)
                    .execute(db)
                    .await
                    .map(|done| done.rows_affected()))?
            }};
        }
        let ended = match what {
            Expiring::RefreshToken(hash) => end!("refresh_tokens", "hash", hash),
            Expiring::AuthorizationCode(hash) => end!("authorization_codes", "hash", hash),
            Expiring::InitialAccessToken(hash) => end!("initial_access_tokens", "hash", hash),
            Expiring::Session(id) => end!("sessions", "id", id),
            Expiring::Interaction(id) => end!("interactions", "id", id),
            Expiring::Secrets(client_id) => {
                tx.changed(Change::Client(domain_id, client_id.clone()));
                end!("client_secrets", "client_id", client_id)
            }
        };
        tx.commit().await?;
        Ok(ended > 0)
    }
}
