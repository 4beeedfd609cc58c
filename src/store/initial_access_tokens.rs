//! Initial access tokens (RFC 7591 §3): opaque, kept as keyed hashes.

use super::Store;
use super::backend::Tx;
use crate::model::audit_event::AuditEvent;
use crate::model::id::{DomainId, InitialAccessTokenId, PolicyId};
use crate::model::time::UnixTime;

/// An initial access token, as it is stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct InitialAccessToken {
    /// Its identifier.
    pub id: InitialAccessTokenId,
    /// Keyed hash of the token.
    pub hash: Vec<u8>,
    /// What people call it.
    pub label: String,
    /// The policy that binds what it registers.
    pub policy_id: Option<PolicyId>,
    /// How many registrations it allows; none: any number.
    pub max_uses: Option<i64>,
    /// How many it has made.
    pub uses: i64,
    /// When it ends.
    pub expires_at: Option<UnixTime>,
    /// When it was revoked.
    pub revoked_at: Option<UnixTime>,
    /// When it was made.
    pub created_at: UnixTime,
}

impl InitialAccessToken {
    /// Why it cannot be used at the given time, if so.
    pub fn refusal(&self, now: UnixTime) -> Option<&'static str> {
        if self.revoked_at.is_some() {
            Some("the initial access token was revoked")
        } else if self.expires_at.is_some_and(|end| end <= now) {
            Some("the initial access token has expired")
        } else if self.max_uses.is_some_and(|max| self.uses >= max) {
            Some("the initial access token is used up")
        } else {
            None
        }
    }
}

impl Store {
    /// Keeps a new token.
    pub async fn create_initial_access_token(
        &self,
        domain_id: DomainId,
        token: &InitialAccessToken,
        audit: &AuditEvent,
    ) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        let sql =
            "insert into initial_access_tokens (id, domain_id, hash, label, policy_id, max_uses, uses, expires_at,
                   revoked_at, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        on_tx!(tx, |db| sqlx::query(sql)
            .bind(token.id)
            .bind(domain_id)
            .bind(&token.hash)
            .bind(&token.label)
            .bind(token.policy_id)
            .bind(token.max_uses)
            .bind(token.uses)
            .bind(token.expires_at)
            .bind(token.revoked_at)
            .bind(token.created_at)
            .execute(db)
            .await
            .map(drop))?;
        tx.audit(audit).await?;
        tx.commit().await
    }

    /// The token with that hash.
    pub async fn initial_access_token(
        &self,
        domain_id: DomainId,
        hash: &[u8],
    ) -> Result<Option<InitialAccessToken>, sqlx::Error> {
        let sql = "select id, hash, label, policy_id, max_uses, uses, expires_at, revoked_at, created_at
                   from initial_access_tokens where domain_id = $1 and hash = $2";
        on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(hash).fetch_optional(db).await)
    }

    /// A domain's tokens, oldest first.
    pub async fn initial_access_tokens(&self, domain_id: DomainId) -> Result<Vec<InitialAccessToken>, sqlx::Error> {
        let sql = "select id, hash, label, policy_id, max_uses, uses, expires_at, revoked_at, created_at
                   from initial_access_tokens where domain_id = $1 order by id";
        on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).fetch_all(db).await)
    }

    /// Revokes a token. `false` if there is none, or it was revoked before.
    pub async fn revoke_initial_access_token(
        &self,
        domain_id: DomainId,
        id: InitialAccessTokenId,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        let sql = "update initial_access_tokens set revoked_at = $1
                   where domain_id = $2 and id = $3 and revoked_at is null";
        let revoked = on_tx!(tx, |db| sqlx::query(sql)
            .bind(now)
            .bind(domain_id)
            .bind(id)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if revoked == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Tx {
    /// Counts one use, unless the token is used up, expired or revoked by now. Says whether it was counted.
    pub(super) async fn use_initial_access_token(
        &mut self,
        domain_id: DomainId,
        id: InitialAccessTokenId,
    ) -> Result<bool, sqlx::Error> {
        let now = self.store.clock().now();
        let sql = "update initial_access_tokens set uses = uses + 1 where domain_id = $1 and id = $2
                   and revoked_at is null and (expires_at is null or expires_at > $3)
                   and (max_uses is null or uses < max_uses)";
        let used = on_tx!(self, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(id)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(used > 0)
    }
}
