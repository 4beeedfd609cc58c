//! Creating clients: everything a registration needs, in one transaction (RFC 7591 §3), and what its registrant knows.

use sqlx::types::Json;

use super::Store;
use super::backend::Tx;
use super::quotas::Quota;
use crate::model::audit_event::AuditEvent;
use crate::model::client::{Client, ClientSecret};
use crate::model::id::InitialAccessTokenId;

/// A client about to be registered.
#[derive(Debug)]
pub struct NewClient<'a> {
    /// The client.
    pub client: &'a Client,
    /// Its secret, where it has one.
    pub secret: Option<&'a ClientSecret>,
    /// The initial access token that pays for it.
    pub initial_access_token: Option<InitialAccessTokenId>,
    /// The quota it counts against.
    pub quota: Option<&'a Quota>,
    /// What the audit log keeps.
    pub audit: &'a AuditEvent,
}

/// How a registration ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisterOutcome {
    /// The client is registered.
    Registered,
    /// A client of this id is there already (or was, and is deleted).
    Exists,
    /// The initial access token was used up, revoked or has expired meanwhile.
    TokenRefused,
    /// The quota is full.
    QuotaFull,
}

impl Store {
    /// Registers a client: all of it or nothing. What is refused consumes no use and no quota.
    pub async fn register_client(&self, new: &NewClient<'_>) -> Result<RegisterOutcome, sqlx::Error> {
        let mut tx = self.begin().await?;
        let client = new.client;
        let quota_source = match new.quota {
            Some(quota) => match tx.take_quota(client.domain_id, quota).await? {
                Some(source) => Some(source),
                None => return Ok(RegisterOutcome::QuotaFull),
            },
            None => None,
        };
        if let Some(id) = new.initial_access_token
            && !tx.use_initial_access_token(client.domain_id, id).await?
        {
            return Ok(RegisterOutcome::TokenRefused);
        }
        if !tx.insert_client(client, quota_source.as_deref()).await? {
            return Ok(RegisterOutcome::Exists);
        }
        if let Some(secret) = new.secret {
            tx.insert_secret(client.domain_id, &client.client_id, secret).await?;
        }
        tx.add_client_words(client).await?;
        tx.audit(new.audit).await?;
        // Absence is never cached, so a new client changes nothing that is; templates and credentials neither.
        tx.commit().await?;
        Ok(RegisterOutcome::Registered)
    }

    /// Notes what the registrant was told by a read, unless the client changed meanwhile; whoever changed it also told.
    pub async fn note_told(&self, client: &Client) -> Result<(), sqlx::Error> {
        let sql = "update clients set registration = $1 where domain_id = $2 and client_id = $3 and version = $4";
        on_backend!(write self, |db| sqlx::query(sql)
            .bind(Json(&client.registration))
            .bind(client.domain_id)
            .bind(&client.client_id)
            .bind(client.version)
            .execute(db)
            .await
            .map(drop))
    }

    /// Forgets the token before a rotation: the new one has been used.
    pub async fn confirm_registration_token(&self, client: &Client) -> Result<(), sqlx::Error> {
        let sql = "update clients set previous_registration_token = null
                   where domain_id = $1 and client_id = $2 and registration_token = $3";
        on_backend!(write self, |db| sqlx::query(sql)
            .bind(client.domain_id)
            .bind(&client.client_id)
            .bind(client.registration_token.as_deref())
            .execute(db)
            .await
            .map(drop))
    }
}

impl Tx {
    async fn insert_client(&mut self, client: &Client, quota_source: Option<&str>) -> Result<bool, sqlx::Error> {
        let sql = "insert into clients (domain_id, client_id, name, origin, status, registrant, policy_id, metadata,
                   settings, registration, registration_token, previous_registration_token, quota_source, template,
                   tokens_not_before, version, created_at, updated_at)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
                   on conflict (domain_id, client_id) do nothing";
        let inserted = on_tx!(self, |db| sqlx::query(sql)
            .bind(client.domain_id)
            .bind(&client.client_id)
            .bind(client.metadata.client_name.as_deref().unwrap_or(""))
            .bind(client.origin.as_str())
            .bind(client.status.as_str())
            .bind(client.registrant.as_deref())
            .bind(client.policy_id)
            .bind(Json(&client.metadata))
            .bind(Json(&client.settings))
            .bind(Json(&client.registration))
            .bind(client.registration_token.as_deref())
            .bind(client.previous_registration_token.as_deref())
            .bind(quota_source)
            .bind(client.settings.template.as_deref())
            .bind(client.tokens_not_before)
            .bind(client.version)
            .bind(client.created_at)
            .bind(client.updated_at)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(inserted > 0)
    }
}
