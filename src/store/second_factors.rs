//! The second factors of administrators (RFC 6238), sealed.

use super::Store;
use super::administrator_sessions::EndAdministratorSessions;
use super::backend::Tx;
use crate::model::audit_event::AuditEvent;
use crate::model::id::{AdministratorId, AdministratorSessionId};

impl Store {
    /// Keeps a confirmed second factor and the step it was confirmed with; every other session ends. `false`: there is
    /// one already, or the administrator is gone.
    pub async fn set_totp(
        &self,
        (id, kept): (AdministratorId, AdministratorSessionId),
        sealed: &[u8],
        step: i64,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        let sql = "update administrators set totp = $1, totp_last_step = $2, updated_at = $3, version = version + 1
                   where id = $4 and totp is null";
        let set = on_tx!(tx, |db| sqlx::query(sql)
            .bind(sealed)
            .bind(step)
            .bind(now)
            .bind(id)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if set == 0 {
            return Ok(false);
        }
        tx.end_administrator_sessions(id, EndAdministratorSessions::AllBut(Some(kept))).await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Forgets the second factor. `false`: there is none.
    pub async fn clear_totp(&self, id: AdministratorId, audit: &AuditEvent) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        let sql = "update administrators set totp = null, totp_last_step = 0, updated_at = $1, version = version + 1
                   where id = $2 and totp is not null";
        let cleared =
            on_tx!(tx, |db| sqlx::query(sql).bind(now).bind(id).execute(db).await.map(|done| done.rows_affected()))?;
        if cleared == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Tx {
    /// Uses the code of a time step up. `false`: it, or a later one, was used before.
    pub(super) async fn use_totp_step(&mut self, id: AdministratorId, step: i64) -> Result<bool, sqlx::Error> {
        let sql = "update administrators set totp_last_step = $1 where id = $2 and totp_last_step < $1";
        let used =
            on_tx!(self, |db| sqlx::query(sql).bind(step).bind(id).execute(db).await.map(|done| done.rows_affected()))?;
        Ok(used > 0)
    }
}
