//! Registration policies of a domain.

use sqlx::types::Json;

use super::Store;
use super::backend::Tx;
use super::changes::Change;
use crate::model::audit_event::AuditEvent;
use crate::model::id::{DomainId, PolicyId};
use crate::model::registration::policy::Policy;
use crate::model::time::UnixTime;

/// A policy under its name.
#[derive(Debug, Clone)]
pub struct NamedPolicy {
    /// Its identifier; clients keep it, so that the policy binds them as it stands now.
    pub id: PolicyId,
    /// Its name, unique in the domain.
    pub name: String,
    /// What it allows.
    pub rules: Policy,
    /// Counts the changes.
    pub version: i64,
    /// When it was created.
    pub created_at: UnixTime,
}

#[derive(sqlx::FromRow)]
struct PolicyRow {
    id: PolicyId,
    name: String,
    rules: Json<Policy>,
    version: i64,
    created_at: UnixTime,
}

impl From<PolicyRow> for NamedPolicy {
    fn from(row: PolicyRow) -> Self {
        Self { id: row.id, name: row.name, rules: row.rules.0, version: row.version, created_at: row.created_at }
    }
}

impl Store {
    /// The policies of a domain by name.
    pub async fn policies(&self, domain_id: DomainId) -> Result<Vec<NamedPolicy>, sqlx::Error> {
        let sql = "select id, name, rules, version, created_at from policies where domain_id = $1 order by name";
        let rows: Vec<PolicyRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).fetch_all(db).await)?;
        Ok(rows.into_iter().map(NamedPolicy::from).collect())
    }

    /// Creates a policy. `false` if the name is taken.
    pub async fn create_policy(
        &self,
        domain_id: DomainId,
        policy: &NamedPolicy,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        if tx.insert_policy(domain_id, policy).await? == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.changed(Change::Domain(domain_id));
        tx.commit().await?;
        Ok(true)
    }

    /// Changes a policy's rules. `false` if somebody else changed them since `policy.version`.
    pub async fn update_policy(
        &self,
        domain_id: DomainId,
        policy: &NamedPolicy,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        let sql = "update policies set rules = $1, version = version + 1, updated_at = $2
                   where domain_id = $3 and id = $4 and version = $5";
        let changed = on_tx!(tx, |db| sqlx::query(sql)
            .bind(Json(&policy.rules))
            .bind(now)
            .bind(domain_id)
            .bind(policy.id)
            .bind(policy.version)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if changed == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.changed(Change::Domain(domain_id));
        tx.commit().await?;
        Ok(true)
    }

    /// How many clients and usable initial access tokens a policy binds.
    pub async fn policy_users(&self, domain_id: DomainId, id: PolicyId) -> Result<i64, sqlx::Error> {
        let sql =
            "select (select count(*) from clients where domain_id = $1 and policy_id = $2 and status <> 'deleted')
                   + (select count(*) from initial_access_tokens
                      where domain_id = $1 and policy_id = $2 and revoked_at is null)";
        on_backend!(read self, |db| sqlx::query_scalar(sql).bind(domain_id).bind(id).fetch_one(db).await)
    }

    /// Deletes a policy. `false` if it is not there, or if somebody else changed it since `policy.version`.
    pub async fn delete_policy(
        &self,
        domain_id: DomainId,
        policy: &NamedPolicy,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let sql = "delete from policies where domain_id = $1 and id = $2 and version = $3";
        let deleted = on_tx!(tx, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(policy.id)
            .bind(policy.version)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if deleted == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.changed(Change::Domain(domain_id));
        tx.commit().await?;
        Ok(true)
    }
}

impl Tx {
    pub(super) async fn insert_policy(
        &mut self,
        domain_id: DomainId,
        policy: &NamedPolicy,
    ) -> Result<u64, sqlx::Error> {
        let sql = "insert into policies (id, domain_id, name, rules, version, created_at, updated_at)
                   values ($1, $2, $3, $4, $5, $6, $6) on conflict do nothing";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(policy.id)
            .bind(domain_id)
            .bind(&policy.name)
            .bind(Json(&policy.rules))
            .bind(policy.version)
            .bind(policy.created_at)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
    }
}
