//! A fresh database for each test, on SQLite and on PostgreSQL.

use std::path::PathBuf;
use std::sync::Arc;

use registrar::model::id::DomainId;
use registrar::model::secret::Secret;
use registrar::store::Store;
use registrar::store::audit::AuditRecord;
use registrar::store::audit_list::AuditQuery;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;

/// Where the PostgreSQL for tests is; `scripts/test` sets it.
const POSTGRES: &str = "REGISTRAR_TEST_POSTGRES";

/// The database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// A database of one test's own; gone with it.
#[derive(Debug, Clone)]
pub struct Database {
    pub url: String,
    kept: Arc<Kept>,
}

#[derive(Debug)]
enum Kept {
    Sqlite { folder: TempDir },
    Postgres { server: Box<PgConnectOptions>, name: String },
    Memory(Store),
}

impl Database {
    /// A fresh one; `None` where there is no PostgreSQL to test on.
    pub async fn fresh(backend: Backend) -> Option<Self> {
        match backend {
            Backend::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", folder.path().join("registrar.db").display());
                Some(Self { url, kept: Arc::new(Kept::Sqlite { folder }) })
            }
            Backend::Postgres => {
                let Ok(url) = std::env::var(POSTGRES) else {
                    eprintln!("skipped on PostgreSQL: {POSTGRES} is not set (scripts/test sets it)");
                    return None;
                };
                let server: PgConnectOptions = url.parse().unwrap();
                let name = format!("registrar_test_{}", uuid::Uuid::new_v4().simple());
                let mut admin = connect(&server).await;
                let sql = format!("create database {name}");
                sqlx::query(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
                let url = server.clone().database(&name).to_url_lossy().to_string();
                Some(Self { url, kept: Arc::new(Kept::Postgres { server: Box::new(server), name }) })
            }
        }
    }

    /// The URL as settings take it.
    pub fn secret_url(&self) -> Secret {
        Secret::new(self.url.clone())
    }

    /// The folder of an SQLite database.
    pub fn folder(&self) -> Option<PathBuf> {
        match &*self.kept {
            Kept::Sqlite { folder } => Some(folder.path().to_owned()),
            Kept::Postgres { .. } | Kept::Memory(_) => None,
        }
    }

    /// The database of a server of the harness mode: it can be looked at, and only the server changes it.
    pub fn in_memory(store: Store) -> Self {
        Self { url: String::new(), kept: Arc::new(Kept::Memory(store)) }
    }

    /// Runs one statement, for what no interface of the server does.
    pub async fn execute(&self, sql: &str) -> u64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match &*self.kept {
            Kept::Sqlite { .. } => {
                let mut db = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query(sql).execute(&mut db).await.unwrap().rows_affected()
            }
            Kept::Memory(_) => panic!("only the server changes its database in memory"),
            Kept::Postgres { server, name } => {
                let mut db = connect(&(**server).clone().database(name)).await;
                sqlx::query(sql).execute(&mut db).await.unwrap().rows_affected()
            }
        }
    }

    /// Runs a query for one text.
    pub async fn text(&self, sql: &str) -> String {
        self.try_text(sql).await.unwrap().unwrap()
    }

    /// The same where there may be no such row, or no such table.
    pub async fn try_text(&self, sql: &str) -> Result<Option<String>, sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        match &*self.kept {
            Kept::Sqlite { .. } => {
                let mut db = sqlx::SqliteConnection::connect(&self.url).await?;
                sqlx::query_scalar(sql).fetch_optional(&mut db).await
            }
            Kept::Memory(store) => {
                let (_folder, mut db) = copy(store).await;
                sqlx::query_scalar(sql).fetch_optional(&mut db).await
            }
            Kept::Postgres { server, name } => {
                let mut db = connect(&server.clone().database(name)).await;
                sqlx::query_scalar(sql).fetch_optional(&mut db).await
            }
        }
    }

    /// Runs a query for one number: `select count(*) from …`.
    pub async fn count(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match &*self.kept {
            Kept::Sqlite { .. } => {
                let mut db = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut db).await.unwrap()
            }
            Kept::Memory(store) => {
                let (_folder, mut db) = copy(store).await;
                sqlx::query_scalar(sql).fetch_one(&mut db).await.unwrap()
            }
            Kept::Postgres { server, name } => {
                let mut db = connect(&(**server).clone().database(name)).await;
                sqlx::query_scalar(sql).fetch_one(&mut db).await.unwrap()
            }
        }
    }
}

async fn copy(store: &Store) -> (TempDir, sqlx::SqliteConnection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.db");
    std::fs::write(&path, store.image().await.unwrap()).unwrap();
    let db = sqlx::SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    (folder, db)
}

/// All that the audit log of a domain holds, newest first.
pub async fn audit_log(store: &Store, domain_id: DomainId) -> Vec<AuditRecord> {
    let (mut events, mut query) = (Vec::new(), AuditQuery { limit: 200, ..AuditQuery::default() });
    loop {
        let page = store.audit_events(domain_id, &query).await.unwrap().unwrap();
        events.extend(page.items);
        query.cursor = page.next;
        if query.cursor.is_none() {
            return events;
        }
    }
}

async fn connect(options: &PgConnectOptions) -> PgConnection {
    PgConnection::connect_with(options).await.unwrap()
}

impl Drop for Kept {
    fn drop(&mut self) {
        let Self::Postgres { server, name } = self else { return };
        let (server, sql) = (server.clone(), format!("drop database if exists {name} with (force)"));
        // A test's runtime may be gone by now.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut admin = connect(&server).await;
                sqlx::query(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
            });
        });
        let _ = dropped.join();
    }
}
