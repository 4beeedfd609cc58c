//! Deleted clients: the row stays, so that the id is never given to anybody else.

use super::Store;
use super::changes::Change;
use super::search_words::WordKind;
use crate::model::audit_event::AuditEvent;
use crate::model::client::Client;
use crate::model::id::{ClientId, DomainId};
use crate::model::search::client_words;

impl Store {
    /// Deletes a client: its id stays taken, its tokens end, its secrets are gone. `false` if it changed since it was
    /// read, or is deleted already.
    pub async fn delete_client(&self, client: &Client, audit: &AuditEvent) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        let (domain_id, client_id) = (client.domain_id, &client.client_id);
        // The logins first, as where a code is redeemed: so neither waits for the other.
        let sql = "update authorizations set status = 'revoked' where domain_id = $1 and client_id = $2";
        on_tx!(tx, |db| sqlx::query(sql).bind(domain_id).bind(client_id).execute(db).await.map(drop))?;
        let sql =
            "update clients set status = 'deleted', registration_token = null, previous_registration_token = null,
                   template = null, tokens_not_before = $1, updated_at = $1, version = version + 1
                   where domain_id = $2 and client_id = $3 and version = $4 and status <> 'deleted'";
        let deleted = on_tx!(tx, |db| sqlx::query(sql)
            .bind(now)
            .bind(domain_id)
            .bind(client_id)
            .bind(client.version)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if deleted == 0 {
            return Ok(false);
        }
        tx.release_quota(domain_id, client_id).await?;
        tx.drop_secrets(domain_id, client_id).await?;
        tx.drop_words(domain_id, WordKind::Client, client_id.as_str()).await?;
        let sql = "delete from resource_grants where domain_id = $1 and client_id = $2";
        on_tx!(tx, |db| sqlx::query(sql).bind(domain_id).bind(client_id).execute(db).await.map(drop))?;
        // What people allowed it does not come back with it; its tokens end by the mark above.
        tx.forget_consents(domain_id, client_id).await?;
        tx.audit(audit).await?;
        // The grants are part of the domain's entry.
        tx.changed(Change::Domain(domain_id));
        tx.changed(Change::Client(domain_id, client_id.clone()));
        tx.commit().await?;
        Ok(true)
    }

    /// Lifts the block on a content-addressed client that an administrator deleted: its metadata may be registered and
    /// used again. Tokens from before stay ended. `false` if there is no such block.
    pub async fn restore_client(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        let sql = "update clients set status = 'active', updated_at = $1, version = version + 1
                   where domain_id = $2 and client_id = $3 and status = 'deleted' and origin = 'content_addressed'";
        let restored = on_tx!(tx, |db| sqlx::query(sql)
            .bind(now)
            .bind(domain_id)
            .bind(client_id)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if restored == 0 {
            return Ok(false);
        }
        let sql = "select name from clients where domain_id = $1 and client_id = $2";
        let name: String =
            on_tx!(tx, |db| sqlx::query_scalar(sql).bind(domain_id).bind(client_id).fetch_one(db).await)?;
        let words = client_words(&name, client_id.as_str());
        tx.add_words(domain_id, (WordKind::Client, client_id.as_str()), words).await?;
        tx.audit(audit).await?;
        tx.changed(Change::Client(domain_id, client_id.clone()));
        tx.commit().await?;
        Ok(true)
    }
}
