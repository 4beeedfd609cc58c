//! Signing keys of a domain.

use sqlx::types::Json;

use super::Store;
use super::backend::Tx;
use super::changes::Change;
use super::data_keys::undecodable;
use crate::model::audit_event::AuditEvent;
use crate::model::id::{DomainId, SigningKeyId};
use crate::model::json::Object;
use crate::model::signing_key::{KeyStatus, SigningKey};
use crate::model::time::UnixTime;

#[derive(sqlx::FromRow)]
struct SigningKeyRow {
    id: SigningKeyId,
    domain_id: DomainId,
    kid: String,
    algorithm: String,
    status: String,
    public_jwk: Json<Object>,
    sealed_private: Vec<u8>,
    created_at: UnixTime,
    activates_at: UnixTime,
    gone_at: Option<UnixTime>,
}

impl TryFrom<SigningKeyRow> for SigningKey {
    type Error = sqlx::Error;

    fn try_from(row: SigningKeyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id,
            domain_id: row.domain_id,
            kid: row.kid,
            algorithm: row.algorithm.parse().map_err(|error: String| undecodable(error))?,
            status: KeyStatus::parse(&row.status).ok_or_else(|| undecodable("an unknown key status"))?,
            public_jwk: row.public_jwk.0,
            sealed_private: row.sealed_private,
            created_at: row.created_at,
            activates_at: row.activates_at,
            gone_at: row.gone_at,
        })
    }
}

/// A step in a key's life.
#[derive(Debug, Clone, Copy)]
pub struct KeyStep {
    /// The key.
    pub id: SigningKeyId,
    /// The status it must have now.
    pub from: KeyStatus,
    /// The status it gets.
    pub to: KeyStatus,
    /// When it begins to sign, if that is another time than was planned.
    pub activates_at: Option<UnixTime>,
    /// When it leaves the key set, once retired.
    pub gone_at: Option<UnixTime>,
}

impl Store {
    /// The signing keys of a domain, oldest first, revoked ones included.
    pub async fn signing_keys(&self, domain_id: DomainId) -> Result<Vec<SigningKey>, sqlx::Error> {
        let sql = "select id, domain_id, kid, algorithm, status, public_jwk, sealed_private, created_at,
                   activates_at, gone_at from signing_keys where domain_id = $1 order by created_at, id";
        let rows: Vec<SigningKeyRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).fetch_all(db).await)?;
        rows.into_iter().map(SigningKey::try_from).collect()
    }

    /// Adds keys and moves others on, all or nothing. `false` if a key was not in the status it was thought to be in.
    pub async fn turn_signing_keys(
        &self,
        domain_id: DomainId,
        new: &[SigningKey],
        steps: &[KeyStep],
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        for key in new {
            tx.insert_signing_key(key).await?;
        }
        for step in steps {
            let sql = "update signing_keys set status = $1, gone_at = $2, activates_at = coalesce($6, activates_at)
                       where domain_id = $3 and id = $4 and status = $5";
            let moved = on_tx!(tx, |db| sqlx::query(sql)
                .bind(step.to.as_str())
                .bind(step.gone_at)
                .bind(domain_id)
                .bind(step.id)
                .bind(step.from.as_str())
                .bind(step.activates_at)
                .execute(db)
                .await
                .map(|done| done.rows_affected()))?;
            if moved == 0 {
                return Ok(false);
            }
        }
        tx.audit(audit).await?;
        tx.changed(Change::Domain(domain_id));
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes retired and revoked keys whose last token has expired.
    pub async fn forget_signing_keys(&self, domain_id: DomainId, now: UnixTime) -> Result<u64, sqlx::Error> {
        let mut tx = self.begin().await?;
        let sql =
            "delete from signing_keys where domain_id = $1 and status in ('retired', 'revoked') and gone_at <= $2";
        let gone = on_tx!(tx, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if gone > 0 {
            tx.changed(Change::Domain(domain_id));
        }
        tx.commit().await?;
        Ok(gone)
    }
}

impl Tx {
    pub(super) async fn insert_signing_key(&mut self, key: &SigningKey) -> Result<(), sqlx::Error> {
        let sql = "insert into signing_keys (id, domain_id, kid, algorithm, status, public_jwk, sealed_private,
                   created_at, activates_at, gone_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(key.id)
            .bind(key.domain_id)
            .bind(&key.kid)
            .bind(key.algorithm.as_str())
            .bind(key.status.as_str())
            .bind(Json(&key.public_jwk))
            .bind(&key.sealed_private)
            .bind(key.created_at)
            .bind(key.activates_at)
            .bind(key.gone_at)
            .execute(db)
            .await
            .map(drop))
    }
}
