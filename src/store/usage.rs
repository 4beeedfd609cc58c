//! Last-used times: collected in memory, written in batches, never in a request's transaction.

use sqlx::QueryBuilder;

use super::Store;
use crate::model::client::Origin;
use crate::model::id::{ClientId, DomainId, SecretId};
use crate::model::time::UnixTime;

/// How many rows one statement writes; PostgreSQL and SQLite bound the number of parameters.
const BATCH: usize = 500;

/// A client that was used.
#[derive(Debug, Clone)]
pub struct ClientUse {
    /// Its domain.
    pub domain_id: DomainId,
    /// The client.
    pub client_id: ClientId,
    /// How it came to be: openly registered ones leave their source's quota once used.
    pub origin: Origin,
    /// When it was used last.
    pub at: UnixTime,
}

impl Store {
    /// Writes a batch of last-used times of clients.
    pub async fn write_client_usage(&self, uses: &[ClientUse]) -> Result<(), sqlx::Error> {
        for batch in uses.chunks(BATCH) {
            let head = "insert into client_usage (domain_id, client_id, last_used_at) ";
            let tail = " on conflict (domain_id, client_id) do update set last_used_at = excluded.last_used_at";
            on_backend!(write self, |db| {
                let mut query = QueryBuilder::new(head);
                query.push_values(batch, |mut row, used| {
                    row.push_bind(used.domain_id).push_bind(used.client_id.clone()).push_bind(used.at);
                });
                query.push(tail);
                query.build().execute(db).await.map(drop)
            })?;
        }
        for used in uses.iter().filter(|used| matches!(used.origin, Origin::Open | Origin::ContentAddressed)) {
            let mut tx = self.begin().await?;
            tx.release_quota(used.domain_id, &used.client_id).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Writes a batch of last-used times of secrets; those of secrets that are gone meanwhile are left out.
    pub async fn write_secret_usage(&self, uses: &[(SecretId, UnixTime)]) -> Result<(), sqlx::Error> {
        for batch in uses.chunks(BATCH) {
            // Both databases call the columns of a bare list so.
            let head = "insert into secret_usage (secret_id, last_used_at) select column1, column2 from (";
            let tail = ") as used where exists (select 1 from client_secrets where id = column1)
                        on conflict (secret_id) do update set last_used_at = excluded.last_used_at";
            on_backend!(write self, |db| {
                let mut query = QueryBuilder::new(head);
                query.push_values(batch, |mut row, (id, at)| {
                    row.push_bind(*id).push_bind(*at);
                });
                query.push(tail);
                query.build().execute(db).await.map(drop)
            })?;
        }
        Ok(())
    }

    /// When a client was last used, as far as it is written.
    pub async fn client_last_used(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
    ) -> Result<Option<UnixTime>, sqlx::Error> {
        let sql = "select last_used_at from client_usage where domain_id = $1 and client_id = $2";
        on_backend!(read self, |db| sqlx::query_scalar(sql).bind(domain_id).bind(client_id).fetch_optional(db).await)
    }

    /// When the secrets of a client were last used, as far as it is written; those never used are left out.
    pub async fn secrets_last_used(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
    ) -> Result<Vec<(SecretId, UnixTime)>, sqlx::Error> {
        let sql = "select u.secret_id, u.last_used_at from secret_usage u
                   join client_secrets s on s.id = u.secret_id where s.domain_id = $1 and s.client_id = $2";
        on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(client_id).fetch_all(db).await)
    }
}
