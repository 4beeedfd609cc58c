//! What logins established for clients: the families of everything issued from them.

use sqlx::types::Json;

use super::Store;
use super::backend::Tx;
use super::changes::Change;
use crate::model::audit_event::AuditEvent;
use crate::model::authorization::{AuthorizationCode, GrantDetails, GrantStatus, LoginGrant};
use crate::model::id::{AttemptId, AuthorizationId, ClientId, DomainId, SessionId, UserId};
use crate::model::scope::ScopeSet;
use crate::model::time::UnixTime;

#[derive(sqlx::FromRow)]
pub(super) struct GrantRow {
    id: AuthorizationId,
    domain_id: DomainId,
    client_id: ClientId,
    user_id: UserId,
    session_id: Option<SessionId>,
    attempt: AttemptId,
    scope: String,
    details: Json<GrantDetails>,
    status: String,
    created_at: UnixTime,
    last_used_at: UnixTime,
    expires_at: UnixTime,
}

impl From<GrantRow> for LoginGrant {
    fn from(row: GrantRow) -> Self {
        Self {
            id: row.id,
            domain_id: row.domain_id,
            client_id: row.client_id,
            user_id: row.user_id,
            session_id: row.session_id,
            attempt: row.attempt,
            scope: ScopeSet::parse(&row.scope).unwrap_or_default(),
            details: row.details.0,
            // What cannot be read gives nothing away.
            status: GrantStatus::parse(&row.status).unwrap_or(GrantStatus::Revoked),
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        }
    }
}

macro_rules! select_grant {
    ($rest:literal) => {
        concat!(
            "select id, domain_id, client_id, user_id, session_id, attempt, scope, details, status, created_at,
             last_used_at, expires_at from authorizations ",
            $rest
        )
    };
}

/// How establishing something by a login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantOutcome {
    /// It is established.
    Established,
    /// Another window has completed the interaction.
    Over,
    /// The session it comes from has ended.
    LoggedOut,
}

impl Store {
    /// Keeps what a login established, with its code, and completes the interaction it came from. The session that
    /// `grant` names must be there.
    pub async fn establish_grant(
        &self,
        grant: &LoginGrant,
        code: &AuthorizationCode,
        interaction: Option<&AttemptId>,
    ) -> Result<GrantOutcome, sqlx::Error> {
        let mut tx = self.begin().await?;
        if let Some(id) = interaction {
            let sql = "delete from interactions where domain_id = $1 and id = $2";
            let completed = on_tx!(tx, |db| sqlx::query(sql)
                .bind(grant.domain_id)
                .bind(id)
                .execute(db)
                .await
                .map(|done| done.rows_affected()))?;
            if completed == 0 {
                return Ok(GrantOutcome::Over);
            }
        }
        if !tx.insert_grant(grant).await? {
            return Ok(GrantOutcome::LoggedOut);
        }
        tx.insert_code(grant, code).await?;
        tx.commit().await?;
        Ok(GrantOutcome::Established)
    }

    /// What a login established, by its id.
    pub async fn login_grant(
        &self,
        domain_id: DomainId,
        id: AuthorizationId,
    ) -> Result<Option<LoginGrant>, sqlx::Error> {
        let sql = select_grant!("where domain_id = $1 and id = $2");
        let row: Option<GrantRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(id).fetch_optional(db).await)?;
        Ok(row.map(LoginGrant::from))
    }

    /// What a person's logins established that is alive, the latest used first.
    pub async fn login_grants_of_user(
        &self,
        domain_id: DomainId,
        user_id: UserId,
    ) -> Result<Vec<LoginGrant>, sqlx::Error> {
        let now = self.clock().now();
        let sql = select_grant!(
            "where domain_id = $1 and user_id = $2 and status = 'active' and expires_at > $3
             order by last_used_at desc, id"
        );
        let rows: Vec<GrantRow> = on_backend!(read self, |db| sqlx::query_as(sql)
            .bind(domain_id)
            .bind(user_id)
            .bind(now)
            .fetch_all(db)
            .await)?;
        Ok(rows.into_iter().map(LoginGrant::from).collect())
    }

    /// Ends what a login established: no token is issued from it any more, and those that were are believed no longer.
    /// `until`: when the last access token issued from it ends by itself. `false` if it had ended already.
    pub async fn end_grant(
        &self,
        domain_id: DomainId,
        id: AuthorizationId,
        until: UnixTime,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        if !tx.revoke_grant(domain_id, id, until).await? {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Store {
    /// Ends every login of a client, whoever logged in.
    pub async fn end_grants_of_client(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
        until: UnixTime,
        audit: &AuditEvent,
    ) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        let sql = "select id from authorizations where domain_id = $1 and client_id = $2 and status <> 'revoked'
                   order by id";
        let ids: Vec<AuthorizationId> =
            on_tx!(tx, |db| sqlx::query_scalar(sql).bind(domain_id).bind(client_id).fetch_all(db).await)?;
        for id in ids {
            tx.revoke_grant(domain_id, id, until).await?;
        }
        tx.audit(audit).await?;
        tx.commit().await
    }
}

impl Tx {
    /// `false`: the session that the grant names has ended.
    async fn insert_grant(&mut self, grant: &LoginGrant) -> Result<bool, sqlx::Error> {
        let sql = if grant.session_id.is_none() {
            "insert into authorizations (id, domain_id, client_id, user_id, session_id, attempt, scope, details,
             status, created_at, last_used_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        } else {
            // Locked, because whoever ends a person's sessions then ends the grants they find: this one is among them.
            locking!(
                self,
                "insert into authorizations (id, domain_id, client_id, user_id, session_id, attempt, scope, details,
                 status, created_at, last_used_at, expires_at)
                 select $1, domain_id, $3, user_id, id, $6, $7, $8, $9, $10, $11, $12 from sessions
                 where domain_id = $2 and user_id = $4 and id = $5",
                "for key share"
            )
        };
        let inserted = on_tx!(self, |db| sqlx::query(sql)
            .bind(grant.id)
            .bind(grant.domain_id)
            .bind(&grant.client_id)
            .bind(grant.user_id)
            .bind(grant.session_id)
            .bind(&grant.attempt)
            .bind(grant.scope.to_string())
            .bind(Json(&grant.details))
            .bind(grant.status.as_str())
            .bind(grant.created_at)
            .bind(grant.last_used_at)
            .bind(grant.expires_at)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(inserted == 1)
    }

    /// Ends one login's family.
    pub(super) async fn revoke_grant(
        &mut self,
        domain_id: DomainId,
        id: AuthorizationId,
        until: UnixTime,
    ) -> Result<bool, sqlx::Error> {
        let sql =
            "update authorizations set status = 'revoked' where domain_id = $1 and id = $2 and status <> 'revoked'";
        let revoked = on_tx!(self, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(id)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if revoked == 0 {
            return Ok(false);
        }
        let sql = "delete from refresh_tokens where domain_id = $1 and authorization_id = $2";
        on_tx!(self, |db| sqlx::query(sql).bind(domain_id).bind(id).execute(db).await.map(drop))?;
        let mark = id.to_string();
        let sql = "insert into revoked_tokens (domain_id, jti, expires_at) values ($1, $2, $3) on conflict do nothing";
        on_tx!(self, |db| sqlx::query(sql).bind(domain_id).bind(&mark).bind(until).execute(db).await.map(drop))?;
        self.changed(Change::RevokedToken(domain_id, mark, until));
        Ok(true)
    }

    /// Ends the families of a person, all or one client's.
    pub(super) async fn revoke_grants_of_user(
        &mut self,
        domain_id: DomainId,
        user_id: UserId,
        client_id: Option<&str>,
        until: UnixTime,
    ) -> Result<(), sqlx::Error> {
        let sql = "select id from authorizations
                   where domain_id = $1 and user_id = $2 and status <> 'revoked' and ($3 is null or client_id = $3)
                   order by id";
        let ids: Vec<AuthorizationId> = on_tx!(self, |db| sqlx::query_scalar(sql)
            .bind(domain_id)
            .bind(user_id)
            .bind(client_id)
            .fetch_all(db)
            .await)?;
        for id in ids {
            self.revoke_grant(domain_id, id, until).await?;
        }
        Ok(())
    }
}
