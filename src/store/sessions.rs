//! Browser sessions, found by a keyed hash of what the cookie holds.

use super::Store;
use crate::model::id::{DomainId, SessionId, UserId};
use crate::model::session::Session;
use crate::model::time::UnixTime;

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: SessionId,
    domain_id: DomainId,
    user_id: UserId,
    auth_time: UnixTime,
    device: String,
    source: String,
    created_at: UnixTime,
    last_seen_at: UnixTime,
    expires_at: UnixTime,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id,
            domain_id: row.domain_id,
            user_id: row.user_id,
            auth_time: row.auth_time,
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
            "select id, domain_id, user_id, auth_time, device, source, created_at, last_seen_at, expires_at
             from sessions ",
            $rest
        )
    };
}

impl Store {
    /// Begins a session, in place of an earlier one of the same browser where there is one. `password`: the verifier
    /// that the user had when it was seen who they are. `false`: they have another one by now, or may not log in; then
    /// nothing happened.
    pub async fn begin_session(
        &self,
        session: &Session,
        hash: &[u8],
        password: Option<&str>,
        replaces: Option<SessionId>,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        // Locked, because a change of the password ends the sessions it finds: this one is there before, or not at all.
        let sql = locking!(
            tx,
            "insert into sessions (id, domain_id, user_id, hash, auth_time, device, source, created_at, last_seen_at,
             expires_at) select $1, domain_id, id, $4, $5, $6, $7, $8, $9, $10 from users
             where domain_id = $2 and id = $3 and enabled and password is not distinct from $11",
            "for no key update"
        );
        let begun = on_tx!(tx, |db| sqlx::query(sql)
            .bind(session.id)
            .bind(session.domain_id)
            .bind(session.user_id)
            .bind(hash)
            .bind(session.auth_time)
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
        if let Some(old) = replaces {
            let sql = "delete from sessions where domain_id = $1 and id = $2";
            on_tx!(tx, |db| sqlx::query(sql).bind(session.domain_id).bind(old).execute(db).await.map(drop))?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The session that a cookie names, ended or not.
    pub async fn session_by_hash(&self, domain_id: DomainId, hash: &[u8]) -> Result<Option<Session>, sqlx::Error> {
        let sql = select_session!("where domain_id = $1 and hash = $2");
        let row: Option<SessionRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(hash).fetch_optional(db).await)?;
        Ok(row.map(Session::from))
    }

    /// A session by its id.
    pub async fn session(&self, domain_id: DomainId, id: SessionId) -> Result<Option<Session>, sqlx::Error> {
        let sql = select_session!("where domain_id = $1 and id = $2");
        let row: Option<SessionRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(id).fetch_optional(db).await)?;
        Ok(row.map(Session::from))
    }

    /// Notes that a session was seen.
    pub async fn touch_session(&self, domain_id: DomainId, id: SessionId) -> Result<(), sqlx::Error> {
        let now = self.clock().now();
        let sql = "update sessions set last_seen_at = $1 where domain_id = $2 and id = $3";
        on_backend!(write self, |db| sqlx::query(sql).bind(now).bind(domain_id).bind(id).execute(db).await.map(drop))
    }

    /// A user's sessions, the latest seen first.
    pub async fn sessions_of_user(&self, domain_id: DomainId, user_id: UserId) -> Result<Vec<Session>, sqlx::Error> {
        let sql = select_session!("where domain_id = $1 and user_id = $2 order by last_seen_at desc, id");
        let rows: Vec<SessionRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(user_id).fetch_all(db).await)?;
        Ok(rows.into_iter().map(Session::from).collect())
    }

    /// Ends one session of a user, or all of them but one. Returns how many ended.
    pub async fn end_sessions(
        &self,
        domain_id: DomainId,
        user_id: UserId,
        which: EndSessions,
    ) -> Result<u64, sqlx::Error> {
        let (one, kept) = match which {
            EndSessions::One(id) => (Some(id), None),
            EndSessions::AllBut(id) => (None, id),
        };
        let sql = "delete from sessions where domain_id = $1 and user_id = $2
                   and ($3 is null or id = $3) and ($4 is null or id <> $4)";
        on_backend!(write self, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(user_id)
            .bind(one)
            .bind(kept)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
    }
}

/// Which of a user's sessions to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndSessions {
    /// This one.
    One(SessionId),
    /// All but this one, if it is given.
    AllBut(Option<SessionId>),
}
