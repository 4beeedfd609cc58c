//! Security domains and their scopes.

use std::sync::{Arc, OnceLock};

use sqlx::types::Json;

use super::Store;
use super::backend::Tx;
use super::cache::DomainEntry;
use super::changes::Change;
use super::data_keys::WrappedKey;
use super::policies::NamedPolicy;
use crate::model::audit_event::AuditEvent;
use crate::model::domain::{Domain, DomainSettings};
use crate::model::id::DomainId;
use crate::model::scope::Scope;
use crate::model::signing_key::SigningKey;
use crate::model::time::UnixTime;

/// A domain with all it is born with.
#[derive(Debug)]
pub struct NewDomain {
    /// The domain.
    pub domain: Domain,
    /// Its system scopes.
    pub scopes: Vec<Scope>,
    /// Its preset policies.
    pub policies: Vec<NamedPolicy>,
    /// Its first signing keys.
    pub signing_keys: Vec<SigningKey>,
    /// Its fingerprint key.
    pub fingerprint_key: WrappedKey,
}

#[derive(sqlx::FromRow)]
struct DomainRow {
    id: DomainId,
    name: String,
    settings: Json<DomainSettings>,
    version: i64,
    created_at: UnixTime,
}

impl From<DomainRow> for Domain {
    fn from(row: DomainRow) -> Self {
        Self { id: row.id, name: row.name, settings: row.settings.0, version: row.version, created_at: row.created_at }
    }
}

impl Store {
    /// Whether any domain has a signing key whose id begins like this.
    pub async fn has_signing_keys_like(&self, prefix: &str) -> Result<bool, sqlx::Error> {
        let sql = "select count(*) from signing_keys where substr(kid, 1, length($1)) = $1";
        let count: i64 = on_backend!(read self, |db| sqlx::query_scalar(sql).bind(prefix).fetch_one(db).await)?;
        Ok(count > 0)
    }

    /// Creates a domain. `false` if the name is taken.
    pub async fn create_domain(&self, new: &NewDomain, audit: &AuditEvent) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let domain = &new.domain;
        let sql = "insert into domains (id, name, settings, version, created_at, updated_at)
                   values ($1, $2, $3, $4, $5, $5) on conflict (name) do nothing";
        let created = on_tx!(tx, |db| sqlx::query(sql)
            .bind(domain.id)
            .bind(&domain.name)
            .bind(Json(&domain.settings))
            .bind(domain.version)
            .bind(domain.created_at)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if created == 0 {
            return Ok(false);
        }
        for scope in &new.scopes {
            tx.insert_scope(domain.id, scope).await?;
        }
        for policy in &new.policies {
            tx.insert_policy(domain.id, policy).await?;
        }
        for key in &new.signing_keys {
            tx.insert_signing_key(key).await?;
        }
        tx.insert_data_key(&new.fingerprint_key).await?;
        tx.audit(audit).await?;
        tx.changed(Change::Domain(domain.id));
        tx.commit().await?;
        Ok(true)
    }

    /// All domains by name.
    pub async fn domains(&self) -> Result<Vec<Domain>, sqlx::Error> {
        let sql = "select id, name, settings, version, created_at from domains order by name";
        let rows: Vec<DomainRow> = on_backend!(read self, |db| sqlx::query_as(sql).fetch_all(db).await)?;
        Ok(rows.into_iter().map(Domain::from).collect())
    }

    /// A domain with everything a request needs to know of it, from memory where possible.
    pub async fn domain_named(&self, name: &str) -> Result<Option<Arc<DomainEntry>>, sqlx::Error> {
        if let Some(entry) = self.cache().domain_named(name) {
            return Ok(Some(entry));
        }
        // Nearly every request ends above; what reads the database is large, and is not carried along for nothing.
        Box::pin(self.read_domain_named(name)).await
    }

    async fn read_domain_named(&self, name: &str) -> Result<Option<Arc<DomainEntry>>, sqlx::Error> {
        let sql = "select id from domains where name = $1";
        let id: Option<DomainId> =
            on_backend!(read self, |db| sqlx::query_scalar(sql).bind(name).fetch_optional(db).await)?;
        match id {
            Some(id) => self.domain(id).await,
            None => Ok(None),
        }
    }

    /// A domain by its id, from memory where possible.
    pub async fn domain(&self, id: DomainId) -> Result<Option<Arc<DomainEntry>>, sqlx::Error> {
        if let Some(entry) = self.cache().domain(id) {
            return Ok(Some(entry));
        }
        let ticket = self.cache().ticket(&id);
        let sql = "select id, name, settings, version, created_at from domains where id = $1";
        let row: Option<DomainRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(id).fetch_optional(db).await)?;
        let Some(row) = row else { return Ok(None) };
        let entry = Arc::new(DomainEntry {
            domain: row.into(),
            scopes: self.scopes(id).await?,
            policies: self.policies(id).await?,
            resources: self.resources(id).await?,
            signing_keys: self.signing_keys(id).await?,
            logo: self.logo(id).await?,
            discovery: OnceLock::new(),
        });
        self.cache().keep_domain(ticket, &entry);
        Ok(Some(entry))
    }

    /// Changes a domain's settings. `false` if somebody else changed them since `version`.
    pub async fn update_domain(
        &self,
        id: DomainId,
        version: i64,
        settings: &DomainSettings,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        let sql = "update domains set settings = $1, version = version + 1, updated_at = $2
                   where id = $3 and version = $4";
        let changed = on_tx!(tx, |db| sqlx::query(sql)
            .bind(Json(settings))
            .bind(now)
            .bind(id)
            .bind(version)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if changed == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.changed(Change::Domain(id));
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a domain with everything in it. `false` if it is not there, or of another version than the given one.
    pub async fn delete_domain(
        &self,
        id: DomainId,
        version: Option<i64>,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let sql = "delete from data_keys where scope = $1";
        on_tx!(tx, |db| sqlx::query(sql).bind(id.to_string()).execute(db).await.map(drop))?;
        for sql in [
            "delete from client_usage where domain_id = $1",
            "delete from search_words where domain_id = $1",
            "delete from hourly_counts where domain_id = $1",
        ] {
            on_tx!(tx, |db| sqlx::query(sql).bind(id).execute(db).await.map(drop))?;
        }
        let sql = "delete from domains where id = $1 and ($2 is null or version = $2)";
        if !tx.delete_version(sql, id.0, version).await? {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.changed(Change::Domain(id));
        tx.commit().await?;
        Ok(true)
    }

    /// The scopes of a domain by name.
    pub async fn scopes(&self, domain_id: DomainId) -> Result<Vec<Scope>, sqlx::Error> {
        let sql = "select name, label, description, hidden, reserved, self_registrable, version
                   from scopes where domain_id = $1 order by name";
        on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).fetch_all(db).await)
    }

    /// Creates a scope whose version is 0, else changes the one of that name. `false` if the name is taken, or if
    /// somebody else changed the scope since `scope.version`.
    pub async fn put_scope(&self, domain_id: DomainId, scope: &Scope, audit: &AuditEvent) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let put = if scope.version == 0 {
            tx.insert_scope(domain_id, scope).await?
        } else {
            tx.update_scope(domain_id, scope).await?
        };
        if put == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.changed(Change::Domain(domain_id));
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a scope. `false` if it is not there, or if somebody else changed it since `scope.version`.
    pub async fn delete_scope(
        &self,
        domain_id: DomainId,
        scope: &Scope,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let sql = "delete from scopes where domain_id = $1 and name = $2 and version = $3";
        let deleted = on_tx!(tx, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(&scope.name)
            .bind(scope.version)
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
    async fn insert_scope(&mut self, domain_id: DomainId, scope: &Scope) -> Result<u64, sqlx::Error> {
        let sql =
            "insert into scopes (domain_id, name, label, description, hidden, reserved, self_registrable, version)
                   values ($1, $2, $3, $4, $5, $6, $7, 1) on conflict do nothing";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(&scope.name)
            .bind(&scope.label)
            .bind(&scope.description)
            .bind(scope.hidden)
            .bind(scope.reserved)
            .bind(scope.self_registrable)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
    }

    async fn update_scope(&mut self, domain_id: DomainId, scope: &Scope) -> Result<u64, sqlx::Error> {
        let sql = "update scopes set label = $1, description = $2, hidden = $3, reserved = $4, self_registrable = $5,
                   version = version + 1 where domain_id = $6 and name = $7 and version = $8";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(&scope.label)
            .bind(&scope.description)
            .bind(scope.hidden)
            .bind(scope.reserved)
            .bind(scope.self_registrable)
            .bind(domain_id)
            .bind(&scope.name)
            .bind(scope.version)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
    }
}
