//! API tokens: access of programs to administration, kept as keyed hashes.

use uuid::Uuid;

use super::Store;
use super::administrators::role;
use super::names::push_list;
use super::statement::Statement;
use crate::model::administrator::ApiToken;
use crate::model::audit_event::AuditEvent;
use crate::model::id::{ApiTokenId, DomainId};
use crate::model::time::UnixTime;

/// How often the use of a token is noted, in seconds.
const NOTED_EVERY: i64 = 60;

#[derive(sqlx::FromRow)]
struct ApiTokenRow {
    id: ApiTokenId,
    label: String,
    role: String,
    domain_id: Option<DomainId>,
    created_by: String,
    created_at: UnixTime,
    expires_at: Option<UnixTime>,
    last_used_at: Option<UnixTime>,
    revoked_at: Option<UnixTime>,
}

impl TryFrom<ApiTokenRow> for ApiToken {
    type Error = sqlx::Error;

    fn try_from(row: ApiTokenRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            role: role(&row.role)?,
            id: row.id,
            label: row.label,
            domain_id: row.domain_id,
            created_by: row.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        })
    }
}

macro_rules! select_api_token {
    ($rest:literal) => {
        concat!(
            "select id, label, role, domain_id, created_by, created_at, expires_at, last_used_at, revoked_at
             from api_tokens ",
            $rest
        )
    };
}

impl Store {
    /// Keeps a new token. `false`: its domain was deleted meanwhile.
    pub async fn create_api_token(
        &self,
        token: &ApiToken,
        hash: &[u8],
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        if let Some(domain_id) = token.domain_id {
            let sql = "select count(*) from domains where id = $1";
            let there: i64 = on_tx!(tx, |db| sqlx::query_scalar(sql).bind(domain_id).fetch_one(db).await)?;
            if there == 0 {
                return Ok(false);
            }
        }
        let sql = "insert into api_tokens (id, hash, label, role, domain_id, created_by, created_at, expires_at)
                   values ($1, $2, $3, $4, $5, $6, $7, $8)";
        on_tx!(tx, |db| sqlx::query(sql)
            .bind(token.id)
            .bind(hash)
            .bind(&token.label)
            .bind(token.role.as_str())
            .bind(token.domain_id)
            .bind(&token.created_by)
            .bind(token.created_at)
            .bind(token.expires_at)
            .execute(db)
            .await
            .map(drop))?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A page of tokens, ended ones too, oldest first, after the given one.
    pub async fn api_tokens(&self, after: Option<ApiTokenId>, limit: i64) -> Result<Vec<ApiToken>, sqlx::Error> {
        let sql = select_api_token!("where ($1 is null or id > $1) order by id limit $2");
        let rows: Vec<ApiTokenRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(after).bind(limit).fetch_all(db).await)?;
        rows.into_iter().map(ApiToken::try_from).collect()
    }

    /// A token by its id, ended or not.
    pub async fn api_token(&self, id: ApiTokenId) -> Result<Option<ApiToken>, sqlx::Error> {
        let sql = select_api_token!("where id = $1");
        let row: Option<ApiTokenRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(id).fetch_optional(db).await)?;
        row.map(ApiToken::try_from).transpose()
    }

    /// What tokens are called, ended or not, by their ids.
    pub async fn api_token_labels(&self, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Statement::default();
        sql.push("select id, label from api_tokens where id in ");
        push_list(&mut sql, ids.iter().copied());
        self.rows(sql).await
    }

    /// The token with that hash, ended or not.
    pub async fn api_token_by_hash(&self, hash: &[u8]) -> Result<Option<ApiToken>, sqlx::Error> {
        let sql = select_api_token!("where hash = $1");
        let row: Option<ApiTokenRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(hash).fetch_optional(db).await)?;
        row.map(ApiToken::try_from).transpose()
    }

    /// Notes that a token was used, at most once a minute.
    pub async fn touch_api_token(&self, token: &ApiToken) -> Result<(), sqlx::Error> {
        let now = self.clock().now();
        if token.last_used_at.is_some_and(|last| now.since(last) < NOTED_EVERY) {
            return Ok(());
        }
        let sql = "update api_tokens set last_used_at = $1 where id = $2";
        on_backend!(write self, |db| sqlx::query(sql).bind(now).bind(token.id).execute(db).await.map(drop))
    }

    /// Revokes a token. `false` if there is none, or it was revoked before.
    pub async fn revoke_api_token(&self, id: ApiTokenId, audit: &AuditEvent) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        let sql = "update api_tokens set revoked_at = $1 where id = $2 and revoked_at is null";
        let revoked =
            on_tx!(tx, |db| sqlx::query(sql).bind(now).bind(id).execute(db).await.map(|done| done.rows_affected()))?;
        if revoked == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }
}
