//! The browsers in which administrators are logged in, found by a keyed hash of what the cookie holds.

use super::Store;
use super::backend::Tx;
use crate::model::administrator::AdministratorSession;
use crate::model::audit_event::AuditEvent;
use crate::model::id::{AdministratorId, AdministratorSessionId};
use crate::model::time::UnixTime;

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: AdministratorSessionId,
    administrator_id: AdministratorId,
    confirmed: bool,
    device: String,
    source: String,
    created_at: UnixTime,
    last_seen_at: UnixTime,
    expires_at: UnixTime,
}

impl From<SessionRow> for AdministratorSession {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id,
            administrator_id: row.administrator_id,
            confirmed: row.confirmed,
            device: row.device,
            source: row.source,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
        }
    }
}

macro_rules! select_session {
    ($rest:literal) => {
        concat!(
            "select id, administrator_id, confirmed, device, source, created_at, last_seen_at, expires_at
             from administrator_sessions ",
            $rest
        )
    };
}

/// Which of an administrator's sessions to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndAdministratorSessions {
    /// This one.
    One(AdministratorSessionId),
    /// All but this one, if it is given.
    AllBut(Option<AdministratorSessionId>),
}

/// How giving the second factor ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmOutcome {
    /// The session is logged in.
    Confirmed,
    /// The code was used before.
    Used,
    /// The session has ended, or was confirmed before.
    Gone,
}

impl Store {
    /// Begins a session. With an audit event the login is complete, and noted; without, the second factor is missing.
    /// `password`: the verifier that the administrator had when it was seen who they are. `false`: they have another one
    /// by now, may not log in, or would have to give a second factor; then nothing happened.
    pub async fn begin_administrator_session(
        &self,
        session: &AdministratorSession,
        hash: &[u8],
        password: &str,
        audit: Option<&AuditEvent>,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        // Locked, because such a change ends the sessions it finds: this one is there before, or not at all.
        let sql = locking!(
            tx,
            "insert into administrator_sessions (id, administrator_id, hash, confirmed, device, source, created_at,
             last_seen_at, expires_at) select $1, id, $3, $4, $5, $6, $7, $8, $9 from administrators
             where id = $2 and enabled and password = $10 and (not $4 or totp is null)",
            "for no key update"
        );
        let begun = on_tx!(tx, |db| sqlx::query(sql)
            .bind(session.id)
            .bind(session.administrator_id)
            .bind(hash)
            .bind(session.confirmed)
            .bind(&session.device)
            .bind(&session.source)
            .bind(session.created_at)
            .bind(session.last_seen_at)
            .bind(session.expires_at)
            .bind(password)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if begun == 0 {
            return Ok(false);
        }
        if let Some(audit) = audit {
            tx.note_login(session.administrator_id).await?;
            tx.audit(audit).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Completes a login by the code of a time step, which is used up; the session goes on under another hash, until
    /// `session.expires_at`.
    pub async fn confirm_administrator_session(
        &self,
        session: &AdministratorSession,
        hash: &[u8],
        step: i64,
        audit: &AuditEvent,
    ) -> Result<ConfirmOutcome, sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        let sql = "update administrator_sessions set confirmed = true, hash = $1, last_seen_at = $2, expires_at = $3
                   where id = $4 and administrator_id = $5 and not confirmed and expires_at > $2";
        let confirmed = on_tx!(tx, |db| sqlx::query(sql)
            .bind(hash)
            .bind(now)
            .bind(session.expires_at)
            .bind(session.id)
            .bind(session.administrator_id)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if confirmed == 0 {
            return Ok(ConfirmOutcome::Gone);
        }
        if !tx.use_totp_step(session.administrator_id, step).await? {
            return Ok(ConfirmOutcome::Used);
        }
        tx.note_login(session.administrator_id).await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(ConfirmOutcome::Confirmed)
    }

    /// The session that a cookie names, ended or not.
    pub async fn administrator_session_by_hash(
        &self,
        hash: &[u8],
    ) -> Result<Option<AdministratorSession>, sqlx::Error> {
        let sql = select_session!("where hash = $1");
        let row: Option<SessionRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(hash).fetch_optional(db).await)?;
        Ok(row.map(AdministratorSession::from))
    }

    /// Notes that a session was seen.
    pub async fn touch_administrator_session(&self, id: AdministratorSessionId) -> Result<(), sqlx::Error> {
        let now = self.clock().now();
        let sql = "update administrator_sessions set last_seen_at = $1 where id = $2";
        on_backend!(write self, |db| sqlx::query(sql).bind(now).bind(id).execute(db).await.map(drop))
    }

    /// An administrator's sessions, the latest seen first.
    pub async fn administrator_sessions(&self, id: AdministratorId) -> Result<Vec<AdministratorSession>, sqlx::Error> {
        let sql = select_session!("where administrator_id = $1 order by last_seen_at desc, id");
        let rows: Vec<SessionRow> = on_backend!(read self, |db| sqlx::query_as(sql).bind(id).fetch_all(db).await)?;
        Ok(rows.into_iter().map(AdministratorSession::from).collect())
    }

    /// Ends one session of an administrator, or all of them but one. Returns how many ended; where none did, nothing
    /// happened that the audit log would tell.
    pub async fn end_administrator_sessions(
        &self,
        id: AdministratorId,
        which: EndAdministratorSessions,
        audit: &AuditEvent,
    ) -> Result<u64, sqlx::Error> {
        let mut tx = self.begin().await?;
        let ended = tx.end_administrator_sessions(id, which).await?;
        if ended > 0 {
            tx.audit(audit).await?;
            tx.commit().await?;
        }
        Ok(ended)
    }
}

impl Tx {
    pub(super) async fn end_administrator_sessions(
        &mut self,
        id: AdministratorId,
        which: EndAdministratorSessions,
    ) -> Result<u64, sqlx::Error> {
        let (one, kept) = match which {
            EndAdministratorSessions::One(session) => (Some(session), None),
            EndAdministratorSessions::AllBut(kept) => (None, kept),
        };
        let sql = "delete from administrator_sessions where administrator_id = $1
                   and ($2 is null or id = $2) and ($3 is null or id <> $3)";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(id)
            .bind(one)
            .bind(kept)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
    }

    async fn note_login(&mut self, id: AdministratorId) -> Result<(), sqlx::Error> {
        let now = self.store.clock().now();
        let sql = "update administrators set last_login_at = $1 where id = $2";
        on_tx!(self, |db| sqlx::query(sql).bind(now).bind(id).execute(db).await.map(drop))
    }
}
