//! The real binary as a process of its own: how it starts, what it prints, how it ends.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use registrar::clients::Registry;
use registrar::config::Settings;
use registrar::fetch::Fetcher;
use registrar::keys::data_keys::{DataKeys, HashPurpose};
use registrar::model::audit_event::Actor;
use registrar::model::client::Client;
use registrar::model::domain::DomainSettings;
use registrar::model::id::{ClientId, InitialAccessTokenId};
use registrar::model::random;
use registrar::model::secret::Secret;
use registrar::model::time::Clock;
use registrar::startup::{open, registry};
use registrar::store::Store;
use registrar::store::cache::DomainEntry;
use registrar::store::clients::{ClientUpdate, SecretChange};
use registrar::store::initial_access_tokens::InitialAccessToken;
use serde_json::Value;
use tempfile::TempDir;

use super::{Api, Credentials, Database};

/// The master key of every process on PostgreSQL.
pub const MASTER_KEY: &str = "1f2e3d4c5b6a79880716253443526170a1b2c3d4e5f60718293a4b5c6d7e8f90";

/// The public URL of every process, wherever it listens: replicas and restarts share one.
const PUBLIC_URL: &str = "http://127.0.0.1:8080";

const PATIENCE: Duration = Duration::from_mins(1);

/// A server about to be started.
#[derive(Debug, Clone)]
pub struct Launch {
    url: String,
    settings: Vec<String>,
}

/// A server in a process of its own; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    folder: TempDir,
    url: String,
    /// What it printed on stdout.
    pub card: Value,
    /// The gateway registrar; the secret is empty after the first start.
    pub gateway: Credentials,
    /// The domain `main`.
    pub api: Api,
}

impl Launch {
    /// A server on this database, without rate limits.
    pub fn on(database: &Database) -> Self {
        Self::on_url(&database.url)
    }

    /// A server on the database at this URL.
    pub fn on_url(url: &str) -> Self {
        Self { url: url.to_owned(), settings: vec!["rate_limit.enabled=false".to_owned()] }
    }

    /// The same with one more setting: `set("cache.listen=false")`.
    #[must_use]
    pub fn set(mut self, setting: &str) -> Self {
        self.settings.push(setting.to_owned());
        self
    }

    /// Starts it and waits until it answers.
    pub async fn start(&self) -> Process {
        let (mut child, folder) = self.spawn();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (stdout, stderr) = (read(&folder, "stdout"), read(&folder, "stderr"));
            if let (Some((card, _)), Some(address)) = (stdout.split_once('\n'), address(&stderr)) {
                let card: Value = serde_json::from_str(card).unwrap();
                let text = |name: &str| card["gateway"][name].as_str().unwrap_or_default().to_owned();
                let gateway = Credentials { id: text("client_id"), secret: text("client_secret") };
                let api = Api::new(format!("http://{address}"), "main");
                return Process { child, folder, url: self.url.clone(), card, gateway, api };
            }
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "the server did not start ({ended:?}): {stderr}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts it and kills it after this time, whatever it has come to.
    pub async fn start_and_kill(&self, after: Duration) {
        let (mut child, _folder) = self.spawn();
        tokio::time::sleep(after).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Starts it and expects it to refuse; returns what it said on stderr.
    pub async fn refuses(&self) -> String {
        let (mut child, folder) = self.spawn();
        let deadline = Instant::now() + PATIENCE;
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                let _ = child.kill();
                panic!("the server did not refuse to start");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(!child.wait().unwrap().success());
        read(&folder, "stderr")
    }

    fn spawn(&self) -> (Child, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_registrar"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REGISTRAR_") || name == "DATABASE_URL") {
            command.env_remove(name);
        }
        if self.url.starts_with("postgres") {
            command.env("DATABASE_URL", &self.url).env("REGISTRAR_MASTER_KEY", MASTER_KEY);
        } else {
            command.env("REGISTRAR_DATABASE__URL", &self.url);
        }
        command.args(["serve", "--card", "json", "--listen", "127.0.0.1:0", "--public-url", PUBLIC_URL]);
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        let file = |name: &str| File::create(folder.path().join(name)).unwrap();
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr"));
        (command.spawn().unwrap(), folder)
    }
}

impl Process {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(&mut self) {
        self.signal("TERM");
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the server did not stop");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends it a signal by name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// What it printed on stdout so far.
    pub fn stdout(&self) -> String {
        read(&self.folder, "stdout")
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        read(&self.folder, "stderr")
    }

    /// Resident memory in KiB; `None` where the system does not say.
    pub fn resident_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
    }

    /// Somebody who administers the same database from another process: this one.
    pub async fn administrator(&self) -> Administrator {
        let mut settings = Settings::default();
        settings.database.url = Secret::new(self.url.clone());
        settings.database.max_connections = 2;
        settings.keys.master_key = self.url.starts_with("postgres").then(|| Secret::new(MASTER_KEY));
        let (store, keys) = open(&settings, Clock::System, false).await.unwrap();
        let fetcher = Arc::new(Fetcher::guarded(&settings.fetch).unwrap());
        Administrator { registry: registry(&settings, store.clone(), Arc::clone(&keys), fetcher), store, keys }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody who administers a server's database beside it.
#[derive(Debug)]
pub struct Administrator {
    pub store: Store,
    pub keys: Arc<DataKeys>,
    pub registry: Registry,
}

impl Administrator {
    /// The domain `main`, straight from the database.
    pub async fn domain(&self) -> Arc<DomainEntry> {
        self.store.cache().clear();
        self.store.domain_named("main").await.unwrap().unwrap()
    }

    /// Changes the settings of the domain `main`.
    pub async fn set_domain(&self, change: impl FnOnce(&mut DomainSettings)) {
        let domain = self.domain().await;
        let mut settings = domain.domain.settings.clone();
        change(&mut settings);
        let audit = Actor::local("test").did(self.store.clock(), Some(domain.id()), "domain.update", "main");
        assert!(self.store.update_domain(domain.id(), domain.domain.version, &settings, &audit).await.unwrap());
    }

    /// Changes a client's row.
    pub async fn change_client(&self, client_id: &str, change: impl FnOnce(&mut Client)) {
        let domain = self.domain().await;
        let id = ClientId(client_id.to_owned());
        let mut client = self.store.read_client(domain.id(), &id).await.unwrap().unwrap().client;
        change(&mut client);
        let audit = Actor::local("test").did(self.store.clock(), Some(domain.id()), "client.update", client_id);
        let update = ClientUpdate { client: &client, secrets: SecretChange::Keep, audit: &audit };
        assert!(self.store.update_client(&update).await.unwrap());
    }

    /// An initial access token that allows so many registrations.
    pub async fn initial_access_token(&self, max_uses: i64) -> String {
        let domain = self.domain().await;
        make_initial_access_token(&self.store, &self.keys, (&domain, max_uses)).await
    }
}

/// Makes an initial access token that allows so many registrations.
pub async fn make_initial_access_token(
    store: &Store,
    keys: &DataKeys,
    (domain, max_uses): (&DomainEntry, i64),
) -> String {
    let text = format!("iat_{}", random::secret());
    let clock = store.clock();
    let token = InitialAccessToken {
        id: InitialAccessTokenId::new(clock),
        hash: keys.hash(HashPurpose::InitialAccessToken, &text),
        label: "test".to_owned(),
        policy_id: None,
        max_uses: Some(max_uses),
        uses: 0,
        expires_at: None,
        revoked_at: None,
        created_at: clock.now(),
    };
    let audit = Actor::local("test").did(clock, Some(domain.id()), "initial_access_token.create", "test");
    store.create_initial_access_token(domain.id(), &token, &audit).await.unwrap();
    text
}

/// Waits until `reached` says so, looking every 20 ms; says how long it took, or panics.
pub async fn eventually(what: &str, patience: Duration, mut reached: impl AsyncFnMut() -> bool) -> Duration {
    let began = Instant::now();
    loop {
        if reached().await {
            return began.elapsed();
        }
        assert!(began.elapsed() < patience, "not within {patience:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn read(folder: &TempDir, name: &str) -> String {
    let path: PathBuf = folder.path().join(name);
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

/// Where the log says that the server listens, as text or as JSON.
fn address(log: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains("serving") && line.contains("public_url"))?;
    let (_, rest) = line.split_once("address=").or_else(|| line.split_once("\"address\":\""))?;
    rest.split_once([' ', '"']).map(|(address, _)| address.to_owned())
}
