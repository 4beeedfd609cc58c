//! SQLite: a file for one server, or a database in memory.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteOwnedBuf, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqlitePool};

use super::backend::{Backend, ConnectOptions};

/// An SQLite database with its tables and nothing in them: making them takes longer than all else that a throw-away
/// server does before it answers. A unit test compares it with the migrations, and makes it anew.
const EMPTY: &[u8] = include_bytes!("empty.db");

/// How long a request waits for its turn at a database in memory.
const MEMORY_PATIENCE: Duration = Duration::from_secs(10);

/// Opens the database file, and makes it where there is none.
pub(super) async fn connect_sqlite(path: &str, options: &ConnectOptions) -> anyhow::Result<(Backend, Option<File>)> {
    let path = PathBuf::from(path);
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_private_folder(folder).with_context(|| format!("the folder {} cannot be created", folder.display()))?;
    }
    let lock = if options.exclusive { Some(lock_file(&path)?) } else { None };
    let settings = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    let pool = |max: u32| {
        SqlitePoolOptions::new()
            .max_connections(max)
            .acquire_timeout(Duration::from_secs(options.acquire_timeout))
            .test_before_acquire(false)
    };
    let describe = || format!("the database {} cannot be opened", path.display());
    let write = pool(1).connect_with(settings.clone()).await.with_context(describe)?;
    let read = pool(options.max_connections.clamp(1, 4))
        .connect_with(settings.read_only(true))
        .await
        .with_context(describe)?;
    Ok((Backend::Sqlite { read, write }, lock))
}

/// A database in memory as `image` says; without one, with its tables and nothing in them.
pub(super) async fn open_memory(image: Option<&[u8]>) -> anyhow::Result<Backend> {
    let pool = memory_pool().await?;
    let image = SqliteOwnedBuf::try_from(image.unwrap_or(EMPTY))?;
    pool.acquire().await?.deserialize(None, image, false).await?;
    Ok(Backend::Sqlite { read: pool.clone(), write: pool })
}

/// One connection: a database in memory is that connection's own.
async fn memory_pool() -> anyhow::Result<SqlitePool> {
    let settings = SqliteConnectOptions::new()
        .in_memory(true)
        .journal_mode(SqliteJournalMode::Memory)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(true)
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        // Closed, it would take the database with it.
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(MEMORY_PATIENCE);
    pool.connect_with(settings).await.context("a database in memory cannot be made")
}

fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Two servers on one SQLite file would each trust a cache that the other makes stale.
fn lock_file(database: &Path) -> anyhow::Result<File> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("the lock file {} cannot be opened", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => bail!(
            "another server is running on {}; stop it, or use PostgreSQL (DATABASE_URL) to run several",
            database.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::random::Random;
    use crate::model::secret::Secret;
    use crate::model::time::Clock;
    use crate::store::Store;
    use crate::store::backend::MIGRATIONS;

    /// What a database consists of, what the migrator notes for itself aside.
    async fn schema(pool: &SqlitePool) -> Vec<(String, String)> {
        let sql = "select name, coalesce(sql, '') from sqlite_master
                   where name not like '%sqlx_migrations%' order by type, name";
        sqlx::query_as(sql).fetch_all(pool).await.unwrap()
    }

    #[tokio::test]
    async fn the_empty_database_is_what_the_migrations_make() {
        let pool = memory_pool().await.unwrap();
        // Small pages: there are a hundred tables and indexes, and each takes one at least.
        sqlx::query("pragma page_size = 512").execute(&pool).await.unwrap();
        MIGRATIONS.run(&pool).await.unwrap();
        let expected = schema(&pool).await;
        if std::env::var_os("REGISTRAR_UPDATE_EMPTY_DATABASE").is_some() {
            sqlx::query("drop table _sqlx_migrations").execute(&pool).await.unwrap();
            sqlx::query("vacuum").execute(&pool).await.unwrap();
            let image = pool.acquire().await.unwrap().serialize(None).await.unwrap().to_vec();
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/empty.db"), image).unwrap();
            return;
        }
        let store = Store::in_memory(None, 0, (Clock::System, Random::System)).await.unwrap();
        let Backend::Sqlite { write, .. } = &store.inner.backend else { panic!("not SQLite") };
        let remedy = "after a change of the migrations: REGISTRAR_UPDATE_EMPTY_DATABASE=yes cargo test empty_database";
        assert_eq!(schema(write).await, expected, "{remedy}");
    }

    #[tokio::test]
    async fn sqlite_commits_reach_the_disk_before_they_are_answered() {
        let folder = tempfile::tempdir().unwrap();
        let options = ConnectOptions {
            url: Secret::new(format!("sqlite:{}", folder.path().join("registrar.db").display())),
            max_connections: 2,
            acquire_timeout: 5,
            exclusive: true,
            cache_capacity: 0,
        };
        let store = Store::connect(&options, Clock::System).await.unwrap();
        let Backend::Sqlite { write, .. } = &store.inner.backend else { panic!("not SQLite") };
        let pragma = async |name: &str| -> String {
            let sql = format!("select cast({name} as text) from pragma_{name}");
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(write).await.unwrap()
        };
        // 2 is FULL: in WAL mode the log is synced at every commit.
        assert_eq!((pragma("synchronous").await.as_str(), pragma("journal_mode").await.as_str()), ("2", "wal"));
        assert_eq!(pragma("foreign_keys").await, "1");
    }
}
