//! The change feed: how every process learns what another one changed.
//!
//! Each change of a cached thing writes a row here in its own transaction. Every process polls the table each second
//! with an overlap, because a commit may arrive late; PostgreSQL's `notify` only makes it faster.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::postgres::PgListener;
use uuid::Uuid;

use super::Store;
use super::backend::{Backend, Open, Tx};
use crate::model::id::{ClientId, DomainId, new_uuid};
use crate::model::time::UnixTime;

const CHANNEL: &str = "registrar_changes";

/// How long notifications are gathered before they are answered by one poll, and how many at the most.
const GATHER: Duration = Duration::from_millis(20);
const MOST_GATHERED: usize = 10_000;

/// How far back each poll looks, in seconds: clocks differ, and a transaction may commit long after it began.
const OVERLAP: i64 = 10;

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Change {
    /// A domain, its scopes, policies, resources or signing keys.
    Domain(DomainId),
    /// A client or its secrets.
    Client(DomainId, ClientId),
    /// An access token was revoked before its end.
    RevokedToken(DomainId, String, UnixTime),
}

impl Change {
    fn row(&self) -> (DomainId, &'static str, String) {
        match self {
            Self::Domain(id) => (*id, "domain", String::new()),
            Self::Client(id, client_id) => (*id, "client", client_id.0.clone()),
            Self::RevokedToken(id, jti, end) => (*id, "revoked_token", format!("{} {jti}", end.0)),
        }
    }

    fn parse(row: ChangeRow) -> Option<Self> {
        let domain_id = row.domain_id?;
        match row.kind.as_str() {
            "domain" => Some(Self::Domain(domain_id)),
            "client" => Some(Self::Client(domain_id, ClientId(row.subject))),
            "revoked_token" => {
                let (end, jti) = row.subject.split_once(' ')?;
                Some(Self::RevokedToken(domain_id, jti.to_owned(), UnixTime(end.parse().ok()?)))
            }
            _ => None,
        }
    }
}

#[derive(sqlx::FromRow)]
struct ChangeRow {
    id: Uuid,
    domain_id: Option<DomainId>,
    kind: String,
    subject: String,
}

/// What one process has already seen of the feed.
#[derive(Debug, Default)]
pub struct FeedPosition {
    seen: HashSet<Uuid>,
}

impl Store {
    /// Reads the feed's latest rows and applies the new ones to the cache. Returns how many were new.
    pub async fn poll_changes(&self, position: &mut FeedPosition) -> Result<usize, sqlx::Error> {
        let since = self.clock().now().plus(-OVERLAP);
        let sql = "select id, domain_id, kind, subject from changes where at >= $1 order by at, id";
        // Not counted: the feed is not part of any request.
        let rows: Vec<ChangeRow> = match &self.inner.backend {
            Backend::Postgres(pool) => sqlx::query_as(sql).bind(since).fetch_all(pool).await?,
            Backend::Sqlite { read, .. } => sqlx::query_as(sql).bind(since).fetch_all(read).await?,
        };
        let current: HashSet<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut fresh = 0;
        for row in rows {
            if !position.seen.contains(&row.id)
                && let Some(change) = Change::parse(row)
            {
                self.inner.cache.apply(&change);
                fresh += 1;
            }
        }
        position.seen = current;
        Ok(fresh)
    }

    /// A connection that wakes up when another process commits a change; `None` on SQLite.
    pub async fn listen(&self) -> Result<Option<ChangeListener>, sqlx::Error> {
        let Backend::Postgres(pool) = &self.inner.backend else { return Ok(None) };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(ChangeListener(listener)))
    }
}

/// Wakes up when another process commits a change.
#[derive(Debug)]
pub struct ChangeListener(PgListener);

impl ChangeListener {
    /// Waits for the next notification, and takes those that come with it: one poll answers them all, and a busy
    /// neighbour neither keeps this process polling nor fills its memory. An error means that the connection is gone.
    pub async fn wait(&mut self) -> Result<(), sqlx::Error> {
        self.0.recv().await?;
        tokio::time::sleep(GATHER).await;
        for _ in 0..MOST_GATHERED {
            match tokio::time::timeout(Duration::ZERO, self.0.recv()).await {
                Ok(more) => more?,
                Err(_) => break,
            };
        }
        Ok(())
    }
}

impl Tx {
    /// Notes a change; it is written with the commit.
    pub(super) fn changed(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    pub(super) async fn write_changes(&mut self) -> Result<(), sqlx::Error> {
        let at = self.store.clock().now();
        for change in self.changes.clone() {
            let (domain_id, kind, subject) = change.row();
            let id = new_uuid(self.store.clock());
            on_tx!(self, |db| sqlx::query(
                "insert into changes (id, at, domain_id, kind, subject) values ($1, $2, $3, $4, $5)"
            )
            .bind(id)
            .bind(at)
            .bind(domain_id)
            .bind(kind)
            .bind(subject)
            .execute(db)
            .await
            .map(drop))?;
        }
        // The one statement with a dialect: SQLite has no other process to tell.
        if let (false, Open::Postgres(transaction)) = (self.changes.is_empty(), &mut self.open) {
            sqlx::query("select pg_notify($1, '')").bind(CHANNEL).execute(&mut **transaction).await?;
        }
        Ok(())
    }
}
