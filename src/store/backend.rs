//! The two databases behind one face: connecting, migrating, transactions.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, PgConnection, PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use uuid::Uuid;

use super::cache::Cache;
use super::changes::Change;
use super::sqlite::{connect_sqlite, open_memory};
use crate::model::random::Random;
use crate::model::secret::Secret;
use crate::model::time::Clock;

/// A connection that takes longer than this to answer a ping is given up.
const PING_PATIENCE: Duration = Duration::from_secs(1);

pub(super) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// Where the database is and how to hold it.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// `postgres://…`, or `sqlite:PATH`. May hold a password.
    pub url: Secret,
    /// Connections to PostgreSQL, or reading connections to SQLite (which has one for writing).
    pub max_connections: u32,
    /// How long a request waits for a connection, in seconds.
    pub acquire_timeout: u64,
    /// Whether this process is the one server of an SQLite file; the command line opens the file beside it.
    pub exclusive: bool,
    /// Bytes that the cache of clients may take.
    pub cache_capacity: u64,
}

/// The database, its cache, and the clock that stamps what is written. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) backend: Backend,
    pub(super) cache: Cache,
    pub(super) clock: Clock,
    random: Random,
    statements: AtomicU64,
    /// Held for as long as the server runs on an SQLite file.
    _lock: Option<File>,
}

#[derive(Debug)]
pub(super) enum Backend {
    Postgres(PgPool),
    /// Many connections read; one writes, because SQLite has one writer and a queue is faster than a fight.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
}

/// Runs one statement outside of a transaction, compiled for both databases.
macro_rules! on_backend {
    (read $store:expr, |$db:ident| $body:expr) => {{
        $store.count_statement();
        match &$store.inner.backend {
            $crate::store::backend::Backend::Postgres($db) => $body,
            $crate::store::backend::Backend::Sqlite { read: $db, .. } => $body,
        }
    }};
    (write $store:expr, |$db:ident| $body:expr) => {{
        $store.count_statement();
        match &$store.inner.backend {
            $crate::store::backend::Backend::Postgres($db) => $body,
            $crate::store::backend::Backend::Sqlite { write: $db, .. } => $body,
        }
    }};
}

/// Runs one statement inside a transaction, compiled for both databases.
macro_rules! on_tx {
    ($tx:expr, |$db:ident| $body:expr) => {{
        $tx.store.count_statement();
        match &mut $tx.open {
            $crate::store::backend::Open::Postgres(transaction) => {
                let $db = &mut **transaction;
                $body
            }
            $crate::store::backend::Open::Sqlite(transaction) => {
                let $db = &mut **transaction;
                $body
            }
        }
    }};
}

/// A statement that locks the rows it reads until the transaction ends. SQLite has one writer, and no such words.
macro_rules! locking {
    ($tx:expr, $sql:literal, $lock:literal) => {
        match &$tx.open {
            $crate::store::backend::Open::Postgres(_) => concat!($sql, " ", $lock),
            $crate::store::backend::Open::Sqlite(_) => $sql,
        }
    };
}

impl Store {
    /// Opens the database and brings its tables up to date.
    pub async fn connect(options: &ConnectOptions, clock: Clock) -> anyhow::Result<Self> {
        let url = options.url.expose();
        let (backend, lock) = if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            (connect_postgres(options).await?, None)
        } else if let Some(path) = url.strip_prefix("sqlite:") {
            connect_sqlite(path.trim_start_matches("//"), options).await?
        } else {
            bail!("the database URL must begin with postgres:// or sqlite:");
        };
        match &backend {
            Backend::Postgres(pool) => MIGRATIONS.run(pool).await,
            Backend::Sqlite { write, .. } => MIGRATIONS.run(write).await,
        }
        .context("the database's tables could not be brought up to date")?;
        Ok(Self::new(backend, options.cache_capacity, (clock, Random::System), lock))
    }

    fn new(backend: Backend, cache_capacity: u64, (clock, random): (Clock, Random), lock: Option<File>) -> Self {
        let (cache, statements) = (Cache::new(cache_capacity), AtomicU64::new(0));
        Self { inner: Arc::new(Inner { backend, cache, clock, random, statements, _lock: lock }) }
    }

    /// A database in memory that ends with its last handle: empty with its tables made, or as `image` says, which
    /// [`Store::image`] took of another one.
    pub async fn in_memory(
        image: Option<&[u8]>,
        cache_capacity: u64,
        surroundings: (Clock, Random),
    ) -> anyhow::Result<Self> {
        let backend = open_memory(image).await?;
        Ok(Self::new(backend, cache_capacity, surroundings, None))
    }

    /// Everything that an SQLite database holds, as of now.
    pub async fn image(&self) -> anyhow::Result<Vec<u8>> {
        let Backend::Sqlite { write, .. } = &self.inner.backend else { bail!("only SQLite gives an image of itself") };
        Ok(write.acquire().await?.serialize(None).await?.to_vec())
    }

    /// The clock that stamps what is written.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Where what is told to others comes from.
    pub fn random(&self) -> &Random {
        &self.inner.random
    }

    /// What is kept in memory.
    pub fn cache(&self) -> &Cache {
        &self.inner.cache
    }

    /// Whether the database is PostgreSQL, which several processes may share.
    pub fn is_shared(&self) -> bool {
        matches!(self.inner.backend, Backend::Postgres(_))
    }

    /// How many statements this process has sent, the change feed's polls aside.
    pub fn statements(&self) -> u64 {
        self.inner.statements.load(Ordering::Relaxed)
    }

    pub(super) fn count_statement(&self) {
        self.inner.statements.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        match &self.inner.backend {
            Backend::Postgres(pool) => sqlx::query("select 1").execute(pool).await.map(drop),
            Backend::Sqlite { read, .. } => sqlx::query("select 1").execute(read).await.map(drop),
        }
    }

    /// Closes all connections, after what is under way.
    pub async fn close(&self) {
        match &self.inner.backend {
            Backend::Postgres(pool) => pool.close().await,
            Backend::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
        }
    }

    pub(super) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        self.count_statement();
        let open = match &self.inner.backend {
            Backend::Postgres(pool) => Open::Postgres(pool.begin().await?),
            // Taking the write lock at once: a transaction that reads first could fail when it comes to write.
            Backend::Sqlite { write, .. } => Open::Sqlite(write.begin_with("begin immediate").await?),
        };
        Ok(Tx { store: self.clone(), open, changes: Vec::new() })
    }
}

/// A transaction under way; dropped, it is rolled back. Never leaves the store.
#[derive(Debug)]
pub(super) struct Tx {
    pub(super) store: Store,
    pub(super) open: Open,
    pub(super) changes: Vec<Change>,
}

#[derive(Debug)]
pub(super) enum Open {
    Postgres(Transaction<'static, Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
}

impl Tx {
    /// Deletes what is above domains, by a statement whose parameters are its id and its version; without a version
    /// whatever version it has. Whether it was there.
    pub(super) async fn delete_version(
        &mut self,
        sql: &'static str,
        id: Uuid,
        version: Option<i64>,
    ) -> Result<bool, sqlx::Error> {
        let deleted = on_tx!(self, |db| sqlx::query(sql)
            .bind(id)
            .bind(version)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(deleted > 0)
    }

    /// Commits, and applies what changed to this process's cache.
    pub(super) async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.write_changes().await?;
        let Self { store, open, changes } = self;
        match open {
            Open::Postgres(transaction) => transaction.commit().await?,
            Open::Sqlite(transaction) => transaction.commit().await?,
        }
        for change in &changes {
            store.inner.cache.apply(change);
        }
        Ok(())
    }
}

async fn connect_postgres(options: &ConnectOptions) -> anyhow::Result<Backend> {
    let parsed: PgConnectOptions =
        options.url.expose().parse().map_err(|_| anyhow::anyhow!("the PostgreSQL URL is malformed"))?;
    let pool = PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(Duration::from_secs(options.acquire_timeout))
        // A transaction whose client has vanished would hold its locks until the system's TCP gives up, hours later.
        .after_connect(|connection, _| {
            Box::pin(async move {
                // A database that does not know the setting goes without.
                let _ = sqlx::query("set idle_in_transaction_session_timeout = '5s'").execute(connection).await;
                Ok(())
            })
        })
        // A ping on each use would double the round trips; one after a quiet second finds what the server dropped.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > Duration::from_secs(1) {
                    return answers(connection).await;
                }
                Ok(true)
            })
        })
        // The pool tries a connection that is given back, but waits for ever for one whose peer has vanished.
        .after_release(|connection, _| Box::pin(answers(connection)))
        .connect_with(parsed.disable_statement_logging())
        .await
        .context("PostgreSQL cannot be reached; check DATABASE_URL")?;
    Ok(Backend::Postgres(pool))
}

async fn answers(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let pinged = tokio::time::timeout(PING_PATIENCE, sqlx::Connection::ping(connection)).await;
    pinged.map_or(Ok(false), |pinged| pinged.map(|()| true))
}
