//! Browser steps that wait for a person, and what people allowed.

use sqlx::types::Json;

use super::Store;
use super::backend::Tx;
use crate::model::audit_event::AuditEvent;
use crate::model::consent::Consent;
use crate::model::id::{AttemptId, ClientId, DomainId, UserId};
use crate::model::interaction::{Interaction, Progress, StoredRequest};
use crate::model::scope::ScopeSet;
use crate::model::time::UnixTime;

#[derive(sqlx::FromRow)]
struct InteractionRow {
    id: AttemptId,
    domain_id: DomainId,
    client_id: String,
    request: Json<StoredRequest>,
    progress: Json<Progress>,
    version: i64,
    created_at: UnixTime,
    expires_at: UnixTime,
}

impl From<InteractionRow> for Interaction {
    fn from(row: InteractionRow) -> Self {
        Self {
            id: row.id,
            domain_id: row.domain_id,
            client_id: row.client_id,
            request: row.request.0,
            progress: row.progress.0,
            version: row.version,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

impl Store {
    /// Keeps a new interaction.
    pub async fn begin_interaction(&self, interaction: &Interaction) -> Result<(), sqlx::Error> {
        let sql = "insert into interactions (id, domain_id, client_id, request, progress, version, created_at,
                   expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
        on_backend!(write self, |db| sqlx::query(sql)
            .bind(&interaction.id)
            .bind(interaction.domain_id)
            .bind(&interaction.client_id)
            .bind(Json(&interaction.request))
            .bind(Json(&interaction.progress))
            .bind(interaction.version)
            .bind(interaction.created_at)
            .bind(interaction.expires_at)
            .execute(db)
            .await
            .map(drop))
    }

    /// An interaction that is neither over nor completed.
    pub async fn interaction(&self, domain_id: DomainId, id: &AttemptId) -> Result<Option<Interaction>, sqlx::Error> {
        let now = self.clock().now();
        let sql = "select id, domain_id, client_id, request, progress, version, created_at, expires_at
                   from interactions where domain_id = $1 and id = $2 and expires_at > $3";
        let row: Option<InteractionRow> = on_backend!(read self, |db| sqlx::query_as(sql)
            .bind(domain_id)
            .bind(id)
            .bind(now)
            .fetch_optional(db)
            .await)?;
        Ok(row.map(Interaction::from))
    }

    /// The interactions of a domain that are neither over nor completed, oldest first.
    pub async fn waiting_interactions(&self, domain_id: DomainId) -> Result<Vec<Interaction>, sqlx::Error> {
        let sql = "select id, domain_id, client_id, request, progress, version, created_at, expires_at
                   from interactions where domain_id = $1 and expires_at > $2 order by created_at, id limit 1000";
        let now = self.clock().now();
        let rows: Vec<InteractionRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(now).fetch_all(db).await)?;
        Ok(rows.into_iter().map(Interaction::from).collect())
    }

    /// Notes how far an interaction got, unless another window was faster.
    pub async fn update_interaction(&self, interaction: &Interaction) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let updated = tx.write_progress(interaction).await?;
        tx.commit().await?;
        Ok(updated)
    }

    /// Ends an interaction. `false`: it is over.
    pub async fn end_interaction(&self, domain_id: DomainId, id: &AttemptId) -> Result<bool, sqlx::Error> {
        let now = self.clock().now();
        let sql = "delete from interactions where domain_id = $1 and id = $2 and expires_at > $3";
        on_backend!(write self, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(id)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() > 0))
    }

    /// Notes that the person allowed what was asked, and remembers it: for each consent the scopes add up.
    pub async fn allow_interaction(
        &self,
        interaction: &Interaction,
        consents: &[Consent],
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        if !tx.write_progress(interaction).await? {
            return Ok(false);
        }
        for consent in consents {
            tx.remember(consent).await?;
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What a person allowed a client.
    pub async fn consents(
        &self,
        domain_id: DomainId,
        user_id: UserId,
        client_id: &str,
    ) -> Result<Vec<Consent>, sqlx::Error> {
        let sql = "select client_id, resource, scope, granted_at from consents
                   where domain_id = $1 and user_id = $2 and client_id = $3 order by resource";
        let rows: Vec<(String, String, String, UnixTime)> = on_backend!(read self, |db| sqlx::query_as(sql)
            .bind(domain_id)
            .bind(user_id)
            .bind(client_id)
            .fetch_all(db)
            .await)?;
        Ok(rows.into_iter().map(|row| consent(domain_id, user_id, row)).collect())
    }

    /// What a person allowed all clients.
    pub async fn consents_of_user(&self, domain_id: DomainId, user_id: UserId) -> Result<Vec<Consent>, sqlx::Error> {
        let sql = "select client_id, resource, scope, granted_at from consents
                   where domain_id = $1 and user_id = $2 order by client_id, resource";
        let rows: Vec<(String, String, String, UnixTime)> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(user_id).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|row| consent(domain_id, user_id, row)).collect())
    }

    /// A person takes back what they allowed a client: consents and everything issued to it end.
    pub async fn disconnect_client(
        &self,
        (domain_id, user_id): (DomainId, UserId),
        client_id: &str,
        until: UnixTime,
        audit: &AuditEvent,
    ) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        // Logins first, as where a user is deleted: two that wait for one another would both be late.
        tx.revoke_grants_of_user(domain_id, user_id, Some(client_id), until).await?;
        let sql = "delete from consents where domain_id = $1 and user_id = $2 and client_id = $3";
        on_tx!(tx, |db| sqlx::query(sql).bind(domain_id).bind(user_id).bind(client_id).execute(db).await.map(drop))?;
        tx.audit(audit).await?;
        tx.commit().await
    }
}

fn consent(
    domain_id: DomainId,
    user_id: UserId,
    (client_id, resource, scope, granted_at): (String, String, String, UnixTime),
) -> Consent {
    Consent { domain_id, user_id, client_id, resource, scope: ScopeSet::parse(&scope).unwrap_or_default(), granted_at }
}

impl Tx {
    /// Forgets what people allowed a client.
    pub(super) async fn forget_consents(
        &mut self,
        domain_id: DomainId,
        client_id: &ClientId,
    ) -> Result<(), sqlx::Error> {
        let sql = "delete from consents where domain_id = $1 and client_id = $2";
        on_tx!(self, |db| sqlx::query(sql).bind(domain_id).bind(client_id).execute(db).await.map(drop))
    }

    async fn write_progress(&mut self, interaction: &Interaction) -> Result<bool, sqlx::Error> {
        let sql = "update interactions set progress = $1, version = version + 1
                   where domain_id = $2 and id = $3 and version = $4";
        let updated = on_tx!(self, |db| sqlx::query(sql)
            .bind(Json(&interaction.progress))
            .bind(interaction.domain_id)
            .bind(&interaction.id)
            .bind(interaction.version)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(updated > 0)
    }

    async fn remember(&mut self, consent: &Consent) -> Result<(), sqlx::Error> {
        let sql = "select scope from consents
                   where domain_id = $1 and user_id = $2 and client_id = $3 and resource = $4";
        let known: Option<String> = on_tx!(self, |db| sqlx::query_scalar(sql)
            .bind(consent.domain_id)
            .bind(consent.user_id)
            .bind(&consent.client_id)
            .bind(&consent.resource)
            .fetch_optional(db)
            .await)?;
        let mut scope = ScopeSet::parse(&known.unwrap_or_default()).unwrap_or_default();
        for added in consent.scope.iter() {
            scope.insert(added);
        }
        let sql = "insert into consents (domain_id, user_id, client_id, resource, scope, granted_at)
                   values ($1, $2, $3, $4, $5, $6)
                   on conflict (domain_id, user_id, client_id, resource)
                   do update set scope = excluded.scope, granted_at = excluded.granted_at";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(consent.domain_id)
            .bind(consent.user_id)
            .bind(&consent.client_id)
            .bind(&consent.resource)
            .bind(scope.to_string())
            .bind(consent.granted_at)
            .execute(db)
            .await
            .map(drop))
    }
}
