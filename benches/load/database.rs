//! An installation to be measured: its database, what is in it, and the server on it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use registrar::model::audit_event::Actor;
use registrar::model::domain::DomainSettings;
use registrar::model::secret::Secret;
use registrar::model::signing_key::SigningAlgorithm;
use registrar::model::time::Clock;
use registrar::startup::FIRST_DOMAIN;
use registrar::store::{ConnectOptions, Store};
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tokio::runtime::Runtime;

use crate::generator;
use crate::process::{Process, free_address};

/// Any key will do.
const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Longer than a process needs to hear of a change.
const HEARD: Duration = Duration::from_millis(2_500);

/// What a gateway sends for an application.
pub const REGISTRATION: &str = r#"{"redirect_uris":["https://crm.example.com/oidc/callback"],
"response_types":["code"],"grant_types":["authorization_code","refresh_token","client_credentials"],
"application_type":"web","client_name":"CRM","policy_uri":"https://crm.example.com/privacy",
"token_endpoint_auth_method":"client_secret_basic","metadata":{"organization":"org-77"}}"#;

/// A client's id and secret.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl Credentials {
    /// The `Authorization` header of this client.
    pub fn basic(&self) -> String {
        basic(&self.id, &self.secret)
    }
}

/// The `Authorization` header of a client.
pub fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The id of the copied client of this number.
pub fn copied_id(number: u32) -> String {
    format!("bench-{number:016}")
}

/// An installation: a database that a server can be started on.
#[derive(Debug)]
pub struct Installation {
    folder: PathBuf,
    /// The database.
    pub url: String,
    address: SocketAddr,
    /// The gateway's registrar.
    pub gateway: Credentials,
    /// What runs whatever the library does here.
    pub runtime: Runtime,
}

impl Installation {
    /// On an SQLite file in this folder.
    pub fn on_sqlite(folder: &Path) -> anyhow::Result<Self> {
        Self::new(folder, format!("sqlite:{}", folder.join("registrar.db").display()))
    }

    /// On an empty PostgreSQL database.
    pub fn on_postgres(folder: &Path, url: &str) -> anyhow::Result<Self> {
        Self::new(folder, url.to_owned())
    }

    fn new(folder: &Path, url: String) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let gateway = Credentials { id: String::new(), secret: String::new() };
        let address = free_address()?;
        let mut installation = Self { folder: folder.to_owned(), url, address, gateway, runtime };
        let (_server, line) = Process::start(&mut installation.command(), address)?;
        let card: Value = serde_json::from_str(&line)?;
        installation.gateway.id = text(&card["gateway"], "client_id")?;
        installation.gateway.secret = text(&card["gateway"], "client_secret")?;
        Ok(installation)
    }

    /// Whether the database is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        !self.url.starts_with("sqlite:")
    }

    /// The release binary as it serves this installation.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_registrar"));
        command.args(["serve", "--card", "json", "--set", "log.level=warn"]);
        command.arg("--listen").arg(self.address.to_string());
        command.current_dir(&self.folder).env_remove("REGISTRAR_TEST_POSTGRES");
        command.env("DATABASE_URL", &self.url).env("REGISTRAR_MASTER_KEY", MASTER_KEY);
        command
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the server.
    pub fn start(&self) -> anyhow::Result<Process> {
        Ok(Process::start(&mut self.command(), self.address)?.0)
    }

    /// Registers a client over HTTP.
    pub fn register(&self) -> anyhow::Result<Credentials> {
        let request = self.registration()?;
        let record: Value = serde_json::from_slice(&generator::once(self.address, &request)?)?;
        Ok(Credentials { id: text(&record, "client_id")?, secret: text(&record, "client_secret")? })
    }

    /// A registration by the gateway.
    pub fn registration(&self) -> anyhow::Result<Vec<u8>> {
        let token = self.token(&self.gateway, "&scope=dcr_admin")?;
        let path = format!("/{FIRST_DOMAIN}/oidc/register");
        Ok(generator::post(&path, &format!("Bearer {token}"), "application/json", REGISTRATION))
    }

    /// An access token of a client.
    pub fn token(&self, client: &Credentials, more: &str) -> anyhow::Result<String> {
        let request = token_request(&client.basic(), more);
        let answer: Value = serde_json::from_slice(&generator::once(self.address, &request)?)?;
        text(&answer, "access_token")
    }

    /// Has access tokens signed by this algorithm; a running server has heard of it when this returns.
    pub fn sign_with(&self, algorithm: SigningAlgorithm) -> anyhow::Result<()> {
        self.change_domain(|settings| settings.access_token_algorithm = algorithm)
    }

    /// Changes the domain's settings; a running server has heard of it when this returns.
    pub fn change_domain(&self, change: impl FnOnce(&mut DomainSettings)) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            let options = ConnectOptions {
                url: Secret::new(self.url.clone()),
                max_connections: 1,
                acquire_timeout: 30,
                exclusive: false,
                cache_capacity: 0,
            };
            let store = Store::connect(&options, Clock::System).await?;
            let entry = store.domain_named(FIRST_DOMAIN).await?.context("the domain is missing")?;
            let mut settings = entry.domain.settings.clone();
            change(&mut settings);
            let audit = Actor::local("bench").did(&Clock::System, Some(entry.id()), "domain.update", FIRST_DOMAIN);
            ensure!(store.update_domain(entry.id(), entry.domain.version, &settings, &audit).await?, "not updated");
            store.close().await;
            anyhow::Ok(())
        })?;
        std::thread::sleep(HEARD);
        Ok(())
    }

    /// Copies a registered client, secret and all, until there are `total` copies. SQLite only.
    pub fn copy_client(&self, id: &str, existing: u32, total: u32) -> anyhow::Result<()> {
        const ROWS: u32 = 50_000;
        self.runtime.block_on(async {
            let mut connection = SqliteConnection::connect_with(&self.sqlite()?).await?;
            let mut from = existing;
            while from < total {
                let to = total.min(from + ROWS);
                let mut transaction = connection.begin().await?;
                for sql in COPY {
                    sqlx::query(*sql).bind(from).bind(to - 1).bind(id).execute(&mut *transaction).await?;
                }
                transaction.commit().await?;
                from = to;
            }
            sqlx::query("pragma wal_checkpoint(truncate)").execute(&mut connection).await?;
            connection.close().await?;
            Ok(())
        })
    }

    /// How the file is opened besides the server.
    pub fn sqlite(&self) -> anyhow::Result<SqliteConnectOptions> {
        let path = self.url.strip_prefix("sqlite:").context("not SQLite")?;
        Ok(SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_mins(1)))
    }
}

/// `$1` to `$2`: the numbers of the copies; `$3`: the client to copy.
const COPY: &[&str] = &[
    "with recursive numbers (n) as (select $1 union all select n + 1 from numbers where n < $2)
     insert into clients (domain_id, client_id, name, origin, status, registrant, policy_id, metadata, settings,
     registration, registration_token, tokens_not_before, version, created_at, updated_at)
     select domain_id, printf('bench-%016d', n), name, origin, status, registrant, policy_id, metadata, settings,
     registration, randomblob(32), tokens_not_before, version, created_at, updated_at
     from numbers, clients where client_id = $3",
    "with recursive numbers (n) as (select $1 union all select n + 1 from numbers where n < $2)
     insert into client_secrets (id, domain_id, client_id, verifier, sealed, superseded, created_at)
     select randomblob(16), domain_id, printf('bench-%016d', n), verifier, sealed, superseded, created_at
     from numbers, client_secrets where client_id = $3",
];

/// A request for a token by client credentials.
pub fn token_request(authorization: &str, more: &str) -> Vec<u8> {
    let path = format!("/{FIRST_DOMAIN}/oauth/token");
    generator::form(&path, authorization, &format!("grant_type=client_credentials{more}"))
}

/// A member that is a text.
pub fn text(object: &Value, member: &str) -> anyhow::Result<String> {
    Ok(object[member].as_str().with_context(|| format!("{member} is missing"))?.to_owned())
}

/// A database of one's own on a PostgreSQL server.
#[derive(Debug)]
pub struct Postgres;

impl Postgres {
    /// Makes a database, hands its URL over, and drops it again.
    pub fn with(server: &str, work: impl FnOnce(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let name = format!("registrar_bench_{}", std::process::id());
        statement(server, &format!("create database {name}"))?;
        let (base, _) = server.rsplit_once('/').context("the URL names no database")?;
        let worked = work(&format!("{base}/{name}"));
        statement(server, &format!("drop database {name} with (force)"))?;
        worked
    }
}

fn statement(url: &str, sql: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await.context("PostgreSQL cannot be reached")?;
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await?;
        Ok(())
    })
}
