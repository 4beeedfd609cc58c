//! Registered clients: reading, changing, deleting. `registrations.rs` creates them.

use std::sync::Arc;

use sqlx::types::Json;

use super::Store;
use super::backend::Tx;
use super::cache::ClientEntry;
use super::changes::Change;
use super::data_keys::undecodable;
use crate::model::audit_event::AuditEvent;
use crate::model::client::{Client, ClientSecret, ClientSettings, ClientStatus, Origin, Registration};
use crate::model::client_metadata::ClientMetadata;
use crate::model::id::{ClientId, DomainId, PolicyId, SecretId};
use crate::model::time::UnixTime;

#[derive(sqlx::FromRow)]
pub(super) struct ClientRow {
    domain_id: DomainId,
    client_id: ClientId,
    origin: String,
    status: String,
    registrant: Option<String>,
    policy_id: Option<PolicyId>,
    metadata: Json<ClientMetadata>,
    settings: Json<ClientSettings>,
    registration: Json<Registration>,
    registration_token: Option<Vec<u8>>,
    previous_registration_token: Option<Vec<u8>>,
    tokens_not_before: UnixTime,
    version: i64,
    created_at: UnixTime,
    updated_at: UnixTime,
}

impl TryFrom<ClientRow> for Client {
    type Error = sqlx::Error;

    fn try_from(row: ClientRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            domain_id: row.domain_id,
            client_id: row.client_id,
            origin: Origin::parse(&row.origin).ok_or_else(|| undecodable("an unknown origin of a client"))?,
            status: ClientStatus::parse(&row.status).ok_or_else(|| undecodable("an unknown status of a client"))?,
            registrant: row.registrant,
            policy_id: row.policy_id,
            metadata: row.metadata.0,
            settings: row.settings.0,
            registration: row.registration.0,
            registration_token: row.registration_token,
            previous_registration_token: row.previous_registration_token,
            tokens_not_before: row.tokens_not_before,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

#[derive(sqlx::FromRow)]
struct SecretRow {
    id: SecretId,
    verifier: String,
    sealed: Option<Vec<u8>>,
    created_at: UnixTime,
    expires_at: Option<UnixTime>,
    superseded: bool,
}

impl From<SecretRow> for ClientSecret {
    fn from(row: SecretRow) -> Self {
        Self {
            id: row.id,
            verifier: row.verifier,
            sealed: row.sealed,
            created_at: row.created_at,
            expires_at: row.expires_at,
            superseded: row.superseded,
        }
    }
}

/// The columns of a client, in one place.
macro_rules! select_client {
    ($rest:literal) => {
        concat!(
            "select domain_id, client_id, origin, status, registrant, policy_id, metadata, settings, registration, ",
            "registration_token, previous_registration_token, tokens_not_before, version, created_at, updated_at ",
            "from clients ",
            $rest
        )
    };
}
pub(super) use select_client;

/// A change of a client and its secrets.
#[derive(Debug)]
pub struct ClientUpdate<'a> {
    /// The client as it shall be; `version` is still the one it was read with.
    pub client: &'a Client,
    /// What happens to its secrets.
    pub secrets: SecretChange<'a>,
    /// What the audit log keeps.
    pub audit: &'a AuditEvent,
}

/// What happens to a client's secrets.
#[derive(Debug)]
pub enum SecretChange<'a> {
    /// Nothing.
    Keep,
    /// It loses them all: it authenticates without one from now on.
    Drop,
    /// It gets a new one; the others live for `grace` more seconds at the most.
    Renew {
        /// The new secret.
        new: &'a ClientSecret,
        /// Seconds that a superseded secret still works; 0: not at all.
        grace: i64,
    },
}

impl Store {
    /// A client with its secrets, from memory where possible. Deleted ones are found too.
    pub async fn client(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
    ) -> Result<Option<Arc<ClientEntry>>, sqlx::Error> {
        if let Some(entry) = self.cache().client(domain_id, client_id) {
            return Ok(Some(entry));
        }
        // Nearly every request ends above; what reads the database is large, and is not carried along for nothing.
        Box::pin(self.remember_client(domain_id, client_id)).await
    }

    async fn remember_client(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
    ) -> Result<Option<Arc<ClientEntry>>, sqlx::Error> {
        let ticket = self.cache().ticket(&(domain_id, client_id.clone()));
        let Some(entry) = self.read_client(domain_id, client_id).await? else { return Ok(None) };
        let entry = Arc::new(entry);
        self.cache().keep_client(ticket, &entry);
        Ok(Some(entry))
    }

    /// A client with its secrets, straight from the database: what a change is computed from.
    pub async fn read_client(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
    ) -> Result<Option<ClientEntry>, sqlx::Error> {
        let sql = select_client!("where domain_id = $1 and client_id = $2");
        let row: Option<ClientRow> = on_backend!(read self, |db| sqlx::query_as(sql)
            .bind(domain_id)
            .bind(client_id)
            .fetch_optional(db)
            .await)?;
        let Some(row) = row else { return Ok(None) };
        let secrets = self.client_secrets(domain_id, client_id).await?;
        Ok(Some(ClientEntry::new(row.try_into()?, secrets)))
    }

    async fn client_secrets(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
    ) -> Result<Vec<ClientSecret>, sqlx::Error> {
        let sql = "select id, verifier, sealed, created_at, expires_at, superseded from client_secrets
                   where domain_id = $1 and client_id = $2 order by superseded, id desc";
        let rows: Vec<SecretRow> = on_backend!(read self, |db| sqlx::query_as(sql)
            .bind(domain_id)
            .bind(client_id)
            .fetch_all(db)
            .await)?;
        Ok(rows.into_iter().map(ClientSecret::from).collect())
    }

    /// Changes a client, unless somebody else changed it since it was read. Says whether it was changed.
    pub async fn update_client(&self, update: &ClientUpdate<'_>) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        if !tx.write_client(update.client).await? {
            return Ok(false);
        }
        let (domain_id, client_id) = (update.client.domain_id, &update.client.client_id);
        tx.write_client_words(update.client).await?;
        match &update.secrets {
            SecretChange::Keep => {}
            SecretChange::Drop => tx.drop_secrets(domain_id, client_id).await?,
            SecretChange::Renew { new, grace } => {
                tx.supersede_secrets(domain_id, client_id, *grace).await?;
                tx.insert_secret(domain_id, client_id, new).await?;
            }
        }
        tx.audit(update.audit).await?;
        tx.changed(Change::Client(domain_id, client_id.clone()));
        tx.commit().await?;
        Ok(true)
    }
}

impl Tx {
    /// Writes a client's changed state if its version is still the one it was read with.
    async fn write_client(&mut self, client: &Client) -> Result<bool, sqlx::Error> {
        let now = self.store.clock().now();
        let sql = "update clients set name = $1, status = $2, registrant = $3, policy_id = $4, metadata = $5,
                   settings = $6, registration = $7, registration_token = $8, previous_registration_token = $9,
                   template = $10, tokens_not_before = $11, updated_at = $12, version = version + 1
                   where domain_id = $13 and client_id = $14 and version = $15 and status <> 'deleted'";
        let written = on_tx!(self, |db| sqlx::query(sql)
            .bind(client.metadata.client_name.as_deref().unwrap_or(""))
            .bind(client.status.as_str())
            .bind(client.registrant.as_deref())
            .bind(client.policy_id)
            .bind(Json(&client.metadata))
            .bind(Json(&client.settings))
            .bind(Json(&client.registration))
            .bind(client.registration_token.as_deref())
            .bind(client.previous_registration_token.as_deref())
            .bind(client.settings.template.as_deref())
            .bind(client.tokens_not_before)
            .bind(now)
            .bind(client.domain_id)
            .bind(&client.client_id)
            .bind(client.version)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(written > 0)
    }
}
