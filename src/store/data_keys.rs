//! Data keys, as the master key wrapped them, and facts about this installation.

use uuid::Uuid;

use super::Store;
use super::backend::Tx;
use crate::model::time::UnixTime;

/// A random key wrapped by the master key.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct WrappedKey {
    /// Its identifier; bound into the wrapping.
    pub id: Uuid,
    /// What it is for: `hashing`, `sealing`, `fingerprint`.
    pub purpose: String,
    /// The domain it is for, or the empty text.
    pub scope: String,
    /// Counts up where a newer key takes over.
    pub version: i64,
    /// The key under the master key.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: UnixTime,
}

impl Store {
    /// All data keys, newest version first.
    pub async fn data_keys(&self) -> Result<Vec<WrappedKey>, sqlx::Error> {
        let sql = "select id, purpose, scope, version, wrapped, created_at from data_keys order by version desc";
        on_backend!(read self, |db| sqlx::query_as(sql).fetch_all(db).await)
    }

    /// Adds data keys where none of their purpose, scope and version is there yet (another process may be first).
    pub async fn add_data_keys(&self, keys: &[WrappedKey]) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        for key in keys {
            tx.insert_data_key(key).await?;
        }
        tx.commit().await
    }

    /// Replaces every wrapping at once: the old master key is of no use afterwards. Says whether all keys were the ones
    /// that were read before; if not, nothing is changed.
    pub async fn rewrap_data_keys(&self, old: &[WrappedKey], new: &[WrappedKey]) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        for (before, after) in old.iter().zip(new) {
            let sql = "update data_keys set wrapped = $1 where id = $2 and wrapped = $3";
            let changed = on_tx!(tx, |db| sqlx::query(sql)
                .bind(&after.wrapped)
                .bind(before.id)
                .bind(&before.wrapped)
                .execute(db)
                .await
                .map(|done| done.rows_affected()))?;
            if changed != 1 {
                return Ok(false);
            }
        }
        let count = "select count(*) from data_keys";
        let there: i64 = on_tx!(tx, |db| sqlx::query_scalar(count).fetch_one(db).await)?;
        if usize::try_from(there).ok() != Some(new.len()) {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// A fact about this installation.
    pub async fn fact(&self, name: &str) -> Result<Option<String>, sqlx::Error> {
        let sql = "select value from server_facts where name = $1";
        on_backend!(read self, |db| sqlx::query_scalar(sql).bind(name).fetch_optional(db).await)
    }

    /// Sets a fact unless it is known already; returns it as it is known then, whoever was first.
    pub async fn claim_fact(&self, name: &str, value: &str) -> Result<String, sqlx::Error> {
        let sql = "insert into server_facts (name, value) values ($1, $2) on conflict (name) do nothing";
        on_backend!(write self, |db| sqlx::query(sql).bind(name).bind(value).execute(db).await.map(drop))?;
        Ok(self.fact(name).await?.unwrap_or_default())
    }

    /// Sets a fact about this installation.
    pub async fn set_fact(&self, name: &str, value: &str) -> Result<(), sqlx::Error> {
        let sql = "insert into server_facts (name, value) values ($1, $2)
                   on conflict (name) do update set value = excluded.value";
        on_backend!(write self, |db| sqlx::query(sql).bind(name).bind(value).execute(db).await.map(drop))
    }
}

impl Tx {
    pub(super) async fn insert_data_key(&mut self, key: &WrappedKey) -> Result<(), sqlx::Error> {
        let sql = "insert into data_keys (id, purpose, scope, version, wrapped, created_at)
                   values ($1, $2, $3, $4, $5, $6) on conflict do nothing";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(key.id)
            .bind(&key.purpose)
            .bind(&key.scope)
            .bind(key.version)
            .bind(&key.wrapped)
            .bind(key.created_at)
            .execute(db)
            .await
            .map(drop))
    }
}

/// A decoding failure with its reason: the database holds what this version does not know.
pub(super) fn undecodable(what: impl Into<String>) -> sqlx::Error {
    sqlx::Error::Decode(what.into().into())
}
