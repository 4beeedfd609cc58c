//! Access tokens revoked before their end (RFC 7009).

use std::collections::HashMap;

use super::Store;
use super::changes::Change;
use crate::model::audit_event::AuditEvent;
use crate::model::id::DomainId;
use crate::model::time::UnixTime;

impl Store {
    /// Puts a token on the denylist until it expires by itself.
    pub async fn revoke_token(
        &self,
        domain_id: DomainId,
        jti: &str,
        expires_at: UnixTime,
        audit: &AuditEvent,
    ) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        let sql = "insert into revoked_tokens (domain_id, jti, expires_at) values ($1, $2, $3) on conflict do nothing";
        on_tx!(tx, |db| sqlx::query(sql).bind(domain_id).bind(jti).bind(expires_at).execute(db).await.map(drop))?;
        tx.audit(audit).await?;
        tx.changed(Change::RevokedToken(domain_id, jti.to_owned(), expires_at));
        tx.commit().await
    }

    /// Reads the whole denylist into memory: at start, and whenever the feed was lost.
    pub async fn load_revoked_tokens(&self) -> Result<(), sqlx::Error> {
        let now = self.clock().now();
        let sql = "select domain_id, jti, expires_at from revoked_tokens where expires_at > $1";
        let rows: Vec<(DomainId, String, UnixTime)> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(now).fetch_all(db).await)?;
        let revoked: HashMap<_, _> = rows.into_iter().map(|(id, jti, end)| ((id, jti), end)).collect();
        self.cache().replace_revoked(revoked);
        Ok(())
    }
}
