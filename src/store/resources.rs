//! Protected resources, their identifiers and the clients that may have tokens for them.

use std::collections::HashMap;

use sqlx::types::Json;

use super::Store;
use super::backend::Tx;
use super::changes::Change;
use crate::model::audit_event::AuditEvent;
use crate::model::id::{ClientId, DomainId, ResourceId};
use crate::model::resource::{Resource, ResourceSettings};
use crate::model::time::UnixTime;

#[derive(sqlx::FromRow)]
struct ResourceRow {
    id: ResourceId,
    domain_id: DomainId,
    name: String,
    credentials: Option<ClientId>,
    settings: Json<ResourceSettings>,
    version: i64,
    created_at: UnixTime,
}

/// How storing a resource ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutResourceOutcome {
    /// It is stored.
    Stored,
    /// Another resource of the domain has this name.
    NameTaken,
    /// Another resource of the domain has this identifier.
    IdentifierTaken(String),
    /// It changed since it was read, or is gone.
    Conflict,
}

impl Store {
    /// The resources of a domain by name.
    pub async fn resources(&self, domain_id: DomainId) -> Result<Vec<Resource>, sqlx::Error> {
        let sql = "select id, domain_id, name, credentials, settings, version, created_at from resources
                   where domain_id = $1 order by name";
        let rows: Vec<ResourceRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).fetch_all(db).await)?;
        let sql = "select resource_id, client_id from resource_grants where domain_id = $1 order by client_id";
        let grants: Vec<(ResourceId, ClientId)> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).fetch_all(db).await)?;
        let mut granted: HashMap<ResourceId, Vec<ClientId>> = HashMap::new();
        for (resource_id, client_id) in grants {
            granted.entry(resource_id).or_default().push(client_id);
        }
        Ok(rows
            .into_iter()
            .map(|row| Resource {
                id: row.id,
                domain_id: row.domain_id,
                name: row.name,
                credentials: row.credentials,
                settings: row.settings.0,
                granted_clients: granted.remove(&row.id).unwrap_or_default(),
                version: row.version,
                created_at: row.created_at,
            })
            .collect())
    }

    /// Creates a resource whose version is 0; changes any other, unless it changed since that version.
    pub async fn put_resource(
        &self,
        resource: &Resource,
        audit: &AuditEvent,
    ) -> Result<PutResourceOutcome, sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        let sql = "select id from resources where domain_id = $1 and name = $2";
        let holder: Option<ResourceId> = on_tx!(tx, |db| sqlx::query_scalar(sql)
            .bind(resource.domain_id)
            .bind(&resource.name)
            .fetch_optional(db)
            .await)?;
        if holder.is_some_and(|holder| holder != resource.id) {
            return Ok(PutResourceOutcome::NameTaken);
        }
        if !tx.write_resource(resource, now).await? {
            let new = resource.version == 0;
            return Ok(if new { PutResourceOutcome::NameTaken } else { PutResourceOutcome::Conflict });
        }
        let sql = "delete from resource_identifiers where domain_id = $1 and resource_id = $2";
        on_tx!(tx, |db| sqlx::query(sql).bind(resource.domain_id).bind(resource.id).execute(db).await.map(drop))?;
        for identifier in &resource.settings.identifiers {
            let sql = "insert into resource_identifiers (domain_id, identifier, resource_id) values ($1, $2, $3)
                       on conflict do nothing";
            let stored = on_tx!(tx, |db| sqlx::query(sql)
                .bind(resource.domain_id)
                .bind(identifier)
                .bind(resource.id)
                .execute(db)
                .await
                .map(|done| done.rows_affected()))?;
            if stored == 0 {
                return Ok(PutResourceOutcome::IdentifierTaken(identifier.clone()));
            }
        }
        tx.audit(audit).await?;
        tx.changed(Change::Domain(resource.domain_id));
        tx.commit().await?;
        Ok(PutResourceOutcome::Stored)
    }

    /// Deletes a resource. `false` if it is not there, or of another version than the given one.
    pub async fn delete_resource(
        &self,
        domain_id: DomainId,
        id: ResourceId,
        version: Option<i64>,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let sql = "delete from resources where domain_id = $1 and id = $2 and ($3 is null or version = $3)";
        let deleted = on_tx!(tx, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(id)
            .bind(version)
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

    /// Lets a client have tokens for a resource by client credentials, or stops it. Granting twice is no error.
    pub async fn grant_resource(
        &self,
        resource: &Resource,
        client_id: &ClientId,
        granted: bool,
        audit: &AuditEvent,
    ) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        if granted {
            let sql = "insert into resource_grants (domain_id, resource_id, client_id, created_at)
                       values ($1, $2, $3, $4) on conflict do nothing";
            on_tx!(tx, |db| sqlx::query(sql)
                .bind(resource.domain_id)
                .bind(resource.id)
                .bind(client_id)
                .bind(now)
                .execute(db)
                .await
                .map(drop))?;
        } else {
            let sql = "delete from resource_grants where domain_id = $1 and resource_id = $2 and client_id = $3";
            on_tx!(tx, |db| sqlx::query(sql)
                .bind(resource.domain_id)
                .bind(resource.id)
                .bind(client_id)
                .execute(db)
                .await
                .map(drop))?;
        }
        tx.audit(audit).await?;
        tx.changed(Change::Domain(resource.domain_id));
        tx.commit().await
    }
}

impl Tx {
    /// Inserts a resource whose version is 0, or changes the one of that version. `false`: nothing was written.
    async fn write_resource(&mut self, resource: &Resource, now: UnixTime) -> Result<bool, sqlx::Error> {
        let sql = if resource.version == 0 {
            "insert into resources (id, domain_id, name, credentials, settings, version, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $7 + 1, $6, $6) on conflict do nothing"
        } else {
            "update resources set name = $3, credentials = $4, settings = $5, version = version + 1, updated_at = $6
             where id = $1 and domain_id = $2 and version = $7"
        };
        let written = on_tx!(self, |db| sqlx::query(sql)
            .bind(resource.id)
            .bind(resource.domain_id)
            .bind(&resource.name)
            .bind(resource.credentials.as_ref())
            .bind(Json(&resource.settings))
            .bind(now)
            .bind(resource.version)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(written == 1)
    }
}
