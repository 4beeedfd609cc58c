//! Secrets of clients: several may be valid at once while one replaces another.

use super::Store;
use super::backend::Tx;
use super::changes::Change;
use crate::model::audit_event::AuditEvent;
use crate::model::client::ClientSecret;
use crate::model::id::{ClientId, DomainId, SecretId};
use crate::model::time::UnixTime;

/// How many superseded secrets of a client may be valid at once.
const MAX_SUPERSEDED: usize = 5;

#[derive(sqlx::FromRow)]
struct Superseded {
    id: SecretId,
    expires_at: Option<UnixTime>,
    used: Option<UnixTime>,
}

/// A secret that is about to end.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ExpiringSecret {
    /// Whose.
    pub client_id: ClientId,
    /// The client's name; empty where it has none.
    pub name: String,
    /// The secret's identifier.
    pub secret_id: SecretId,
    /// When it ends.
    pub expires_at: UnixTime,
}

impl Store {
    /// The secrets of a domain's clients that end before a time and that no newer one has superseded, the next first.
    pub async fn expiring_secrets(
        &self,
        domain_id: DomainId,
        until: UnixTime,
        limit: i64,
    ) -> Result<Vec<ExpiringSecret>, sqlx::Error> {
        let sql = "select s.client_id, c.name, s.id as secret_id, s.expires_at from client_secrets s
                   join clients c on c.domain_id = s.domain_id and c.client_id = s.client_id
                   where s.domain_id = $1 and s.expires_at < $2 and s.expires_at > $3 and not s.superseded
                   order by s.expires_at, s.id limit $4";
        on_backend!(read self, |db| sqlx::query_as(sql)
            .bind(domain_id)
            .bind(until)
            .bind(self.clock().now())
            .bind(limit)
            .fetch_all(db)
            .await)
    }

    /// Ends one secret of a client at once. `false` if the client has no such secret.
    pub async fn end_secret(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
        id: SecretId,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let sql = "delete from client_secrets where domain_id = $1 and client_id = $2 and id = $3";
        let ended = on_tx!(tx, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(client_id)
            .bind(id)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if ended == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.changed(Change::Client(domain_id, client_id.clone()));
        tx.commit().await?;
        Ok(true)
    }
}

impl Tx {
    pub(super) async fn insert_secret(
        &mut self,
        domain_id: DomainId,
        client_id: &ClientId,
        secret: &ClientSecret,
    ) -> Result<(), sqlx::Error> {
        let sql = "insert into client_secrets (id, domain_id, client_id, verifier, sealed, superseded, created_at,
                   expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(secret.id)
            .bind(domain_id)
            .bind(client_id)
            .bind(&secret.verifier)
            .bind(secret.sealed.as_deref())
            .bind(secret.superseded)
            .bind(secret.created_at)
            .bind(secret.expires_at)
            .execute(db)
            .await
            .map(drop))
    }

    pub(super) async fn drop_secrets(&mut self, domain_id: DomainId, client_id: &ClientId) -> Result<(), sqlx::Error> {
        let sql = "delete from client_secrets where domain_id = $1 and client_id = $2";
        on_tx!(self, |db| sqlx::query(sql).bind(domain_id).bind(client_id).execute(db).await.map(drop))
    }

    /// Gives each current secret its grace, ends what has had it, and keeps to [`MAX_SUPERSEDED`]: those never used go
    /// first, then the oldest.
    pub(super) async fn supersede_secrets(
        &mut self,
        domain_id: DomainId,
        client_id: &ClientId,
        grace: i64,
    ) -> Result<(), sqlx::Error> {
        let now = self.store.clock().now();
        let sql = "select s.id, s.expires_at, u.last_used_at as used from client_secrets s
                   left join secret_usage u on u.secret_id = s.id
                   where s.domain_id = $1 and s.client_id = $2 order by s.id desc";
        let all: Vec<Superseded> =
            on_tx!(self, |db| sqlx::query_as(sql).bind(domain_id).bind(client_id).fetch_all(db).await)?;
        let ends = |secret: &Superseded| secret.expires_at.map_or(now.plus(grace), |end| end.min(now.plus(grace)));
        let (mut kept, mut gone): (Vec<_>, Vec<_>) = all.into_iter().partition(|secret| ends(secret) > now);
        // Newest first and stable, so that after the used ones the youngest of the others stay.
        kept.sort_by_key(|secret| secret.used.is_none());
        gone.extend(kept.drain(kept.len().min(MAX_SUPERSEDED)..));
        for secret in gone {
            let sql = "delete from client_secrets where domain_id = $1 and client_id = $2 and id = $3";
            on_tx!(self, |db| sqlx::query(sql)
                .bind(domain_id)
                .bind(client_id)
                .bind(secret.id)
                .execute(db)
                .await
                .map(drop))?;
        }
        for secret in kept {
            let sql = "update client_secrets set superseded = true, expires_at = $1
                       where domain_id = $2 and client_id = $3 and id = $4";
            on_tx!(self, |db| sqlx::query(sql)
                .bind(ends(&secret))
                .bind(domain_id)
                .bind(client_id)
                .bind(secret.id)
                .execute(db)
                .await
                .map(drop))?;
        }
        Ok(())
    }
}
