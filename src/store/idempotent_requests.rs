//! Requests with an idempotency key, and what they were answered. They belong to whoever sent them, not to a domain.

use super::Store;
use crate::model::time::UnixTime;

/// What is known of a request with an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is the first, and has been noted.
    First,
    /// The same request came before, and what became of it is not known: it runs, or was cut off.
    Unanswered,
    /// The same request came before, and was answered so: status, and the sealed answer.
    Answered(i64, Vec<u8>),
    /// The key came with another request.
    Other,
}

#[derive(sqlx::FromRow)]
struct Row {
    request_hash: Vec<u8>,
    status: Option<i64>,
    answer: Option<Vec<u8>>,
}

/// Which request: who sent it, and its key by a keyed hash.
#[derive(Debug, Clone)]
pub struct RequestKey {
    /// Who sent it, as the audit log names them.
    pub owner: String,
    /// The keyed hash of the key.
    pub key_hash: Vec<u8>,
}

impl Store {
    /// Notes a request with a key, or says what is known of an earlier one.
    pub async fn begin_idempotent(
        &self,
        key: &RequestKey,
        request_hash: &[u8],
        expires_at: UnixTime,
    ) -> Result<Known, sqlx::Error> {
        let now = self.clock().now();
        let mut tx = self.begin().await?;
        let over = "delete from idempotent_requests where owner = $1 and key_hash = $2 and expires_at <= $3";
        on_tx!(tx, |db| sqlx::query(over).bind(&key.owner).bind(&key.key_hash).bind(now).execute(db).await.map(drop))?;
        let sql = "insert into idempotent_requests (owner, key_hash, request_hash, created_at, expires_at)
                   values ($1, $2, $3, $4, $5) on conflict (owner, key_hash) do nothing";
        let noted = on_tx!(tx, |db| sqlx::query(sql)
            .bind(&key.owner)
            .bind(&key.key_hash)
            .bind(request_hash)
            .bind(now)
            .bind(expires_at)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if noted > 0 {
            tx.commit().await?;
            return Ok(Known::First);
        }
        let sql = "select request_hash, status, answer from idempotent_requests where owner = $1 and key_hash = $2";
        let row: Option<Row> =
            on_tx!(tx, |db| sqlx::query_as(sql).bind(&key.owner).bind(&key.key_hash).fetch_optional(db).await)?;
        tx.commit().await?;
        Ok(match row {
            Some(row) if row.request_hash != request_hash => Known::Other,
            Some(Row { status: Some(status), answer: Some(answer), .. }) => Known::Answered(status, answer),
            // Gone between the two statements: whoever had it is done with it, and the caller may try again.
            Some(_) | None => Known::Unanswered,
        })
    }

    /// Keeps what a request was answered.
    pub async fn answer_idempotent(&self, key: &RequestKey, status: i64, answer: &[u8]) -> Result<(), sqlx::Error> {
        let sql = "update idempotent_requests set status = $1, answer = $2 where owner = $3 and key_hash = $4";
        on_backend!(write self, |db| sqlx::query(sql)
            .bind(status)
            .bind(answer)
            .bind(&key.owner)
            .bind(&key.key_hash)
            .execute(db)
            .await
            .map(drop))
    }

    /// Forgets a request that changed nothing, so that it may be sent again under its key.
    pub async fn forget_idempotent(&self, key: &RequestKey) -> Result<(), sqlx::Error> {
        let sql = "delete from idempotent_requests where owner = $1 and key_hash = $2 and status is null";
        on_backend!(write self, |db| sqlx::query(sql).bind(&key.owner).bind(&key.key_hash).execute(db).await.map(drop))
    }
}
