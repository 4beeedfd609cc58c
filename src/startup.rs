//! From settings to a running server: database, keys, first start, background work, listeners.

mod assembly;
mod card;
mod first;
mod tasks;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::{BaseUrl, Settings};
use crate::fetch::Fetcher;
use crate::keys::data_keys::DataKeys;
use crate::keys::generate::{KeySource, TEST_KEY_PREFIX};
use crate::keys::master_key::MasterKey;
use crate::model::time::Clock;
use crate::provisioning::file::ProvisioningFile;
use crate::routes;
use crate::server::{self, ServerLimits};
use crate::store::{ConnectOptions, Store};
pub use assembly::{Assembly, assemble, registry};
pub use card::{AdministratorCard, Card, GatewayCard};
pub(crate) use card::{FirstSecrets, card};
use first::first_start;
pub(crate) use first::{make_first_domain, provision_all};
pub(crate) use tasks::spawn_tasks;

/// The domain that the first start makes.
pub const FIRST_DOMAIN: &str = "main";

/// Facts about this installation, by name.
pub const FACT_PUBLIC_URL: &str = "public_url";
/// The client id of the first domain's gateway registrar.
pub const FACT_GATEWAY: &str = "gateway_client_id";
const FACT_FIRST_START: &str = "first_start";

/// What a server is started from.
#[derive(Debug, Default)]
pub struct Start {
    /// The settings.
    pub settings: Settings,
    /// What time it is.
    pub clock: Clock,
    /// Where new signing keys come from.
    pub key_source: KeySource,
    /// What fetches documents; made from the settings where absent.
    pub fetcher: Option<Fetcher>,
    /// Whether the first start makes no domain and no gateway registrar.
    pub without_first_domain: bool,
    /// What shall be there before the server answers; then the first start makes nothing of its own.
    pub provision: Option<ProvisioningFile>,
}

/// A server that answers.
#[derive(Debug)]
pub struct Running {
    /// Its parts.
    pub app: App,
    /// Where it listens.
    pub address: SocketAddr,
    /// What an administrator needs to know.
    pub card: Card,
    stop: CancellationToken,
    background: CancellationToken,
    serving: JoinSet<anyhow::Result<()>>,
    tasks: JoinSet<()>,
}

/// Opens the database as the settings say. `exclusive`: as the one server of an SQLite file.
pub async fn open_store(settings: &Settings, clock: Clock, exclusive: bool) -> anyhow::Result<Store> {
    let options = ConnectOptions {
        url: settings.database.url.clone(),
        max_connections: settings.database.max_connections,
        acquire_timeout: settings.database.acquire_timeout_seconds,
        exclusive,
        cache_capacity: settings.cache.capacity_bytes,
    };
    Store::connect(&options, clock).await
}

/// The master key as the settings say; beside an embedded database it is made where there is none.
pub fn master_key(settings: &Settings) -> anyhow::Result<MasterKey> {
    if let Some(key) = &settings.keys.master_key {
        return MasterKey::parse(key);
    }
    if let Some(path) = &settings.keys.master_key_file {
        return MasterKey::load(path);
    }
    match embedded_key_file(settings) {
        Some(path) => MasterKey::load_or_create(&path),
        None => bail!(
            "a PostgreSQL database needs a master key: set REGISTRAR_MASTER_KEY (or keys.master_key_file); make one with `registrar keys generate-master` or `openssl rand -hex 32`, and keep it apart from the database"
        ),
    }
}

/// Where the master key of an embedded database is: beside it.
pub fn embedded_key_file(settings: &Settings) -> Option<PathBuf> {
    let path = settings.database.url.expose().strip_prefix("sqlite:")?.trim_start_matches("//");
    Some(PathBuf::from(path).with_extension("key"))
}

/// Opens the database and unwraps its data keys. `exclusive`: as the one server of an SQLite file.
pub async fn open(settings: &Settings, clock: Clock, exclusive: bool) -> anyhow::Result<(Store, Arc<DataKeys>)> {
    // The key of an embedded database stands in a folder that opening makes; any other is looked for first.
    let named = match embedded_key_file(settings) {
        Some(_) => None,
        None => Some(master_key(settings)?),
    };
    let store = open_store(settings, clock, exclusive).await?;
    let master = match named {
        Some(master) => master,
        None => master_key(settings)?,
    };
    let keys = Arc::new(DataKeys::load(&store, master).await?);
    Ok((store, keys))
}

/// Starts a server; it answers when this returns.
pub async fn start(start: Start) -> anyhow::Result<Running> {
    let Start { settings, clock, key_source, fetcher, without_first_domain, provision } = start;
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}; is another server running there?", settings.listen))?;
    let address = listener.local_addr()?;
    let public_url = settings.base_url(address)?;
    let (store, keys) = open(&settings, clock, true).await?;
    check_public_url(&store, &settings, &public_url).await?;
    refuse_test_keys(&store).await?;
    let (fetcher, outbox, throw_away) = (fetcher.map(Arc::new), None, false);
    let (app, outlets) =
        assemble(Assembly { settings, public_url, store, keys, key_source, fetcher, outbox, throw_away })?;
    if let Some(file) = &provision {
        provision_all(&app, file).await?;
    }
    let card = first_start(&app, without_first_domain || provision.is_some()).await?;
    // Known before the first request: a revoked token stays revoked over a restart.
    app.store.load_revoked_tokens().await?;
    let (stop, background) = (CancellationToken::new(), CancellationToken::new());
    let tasks = spawn_tasks(&app, outlets, &background);
    let serving = spawn_listeners(&app, listener, &stop).await?;
    Ok(Running { app, address, card, stop, background, serving, tasks })
}

impl Running {
    /// Serves until `signal` is ready or a listener fails, then stops gracefully.
    pub async fn until(mut self, signal: impl Future<Output = ()>) -> anyhow::Result<()> {
        let failed = tokio::select! {
            () = signal => None,
            ended = self.serving.join_next() => ended,
        };
        let stopped = self.stop().await;
        match failed {
            Some(ended) => ended.context("a listener ended")?,
            None => stopped,
        }
    }

    /// Stops gracefully: no new connections, requests under way are answered, what is in memory is written.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.app.stopping.store(true, Ordering::Relaxed);
        self.stop.cancel();
        let mut result = Ok(());
        while let Some(ended) = self.serving.join_next().await {
            // The first failure is told, after everything else is put away.
            result = result.and(ended.map_err(anyhow::Error::from).flatten());
        }
        self.background.cancel();
        while self.tasks.join_next().await.is_some() {}
        if let Err(error) = self.app.flush().await {
            tracing::warn!(%error, "last-used times and statistics could not be written");
        }
        self.app.store.close().await;
        result
    }
}

/// Every issued token and registration names the issuer, so a new one must be meant.
async fn check_public_url(store: &Store, settings: &Settings, public_url: &BaseUrl) -> anyhow::Result<()> {
    let known = store.claim_fact(FACT_PUBLIC_URL, public_url.as_str()).await?;
    if known == public_url.as_str() {
        return Ok(());
    }
    if !settings.accept_new_issuer {
        bail!(
            "this database was made with public_url {known}, and now it is {public_url}: every issuer would change; set public_url back, or start once with --accept-new-issuer"
        );
    }
    Ok(store.set_fact(FACT_PUBLIC_URL, public_url.as_str()).await?)
}

/// A database of the harness mode never serves: everybody has the private keys.
async fn refuse_test_keys(store: &Store) -> anyhow::Result<()> {
    if store.has_signing_keys_like(TEST_KEY_PREFIX).await? {
        bail!(
            "this database has signing keys of the harness mode, whose private part anybody can read in the program's source; it never serves: start with a database of its own"
        );
    }
    Ok(())
}

async fn spawn_listeners(
    app: &App,
    listener: TcpListener,
    stop: &CancellationToken,
) -> anyhow::Result<JoinSet<anyhow::Result<()>>> {
    let mut serving = JoinSet::new();
    let tls = server::tls::from_settings(&app.settings.tls)?;
    let limits = ServerLimits::from(&app.settings);
    if let Some(address) = app.settings.metrics.listen {
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let (router, limits, stop) = (routes::metrics_router(app), limits.clone(), stop.clone());
        serving.spawn(async move { server::serve(listener, router, &limits, None, stop).await });
    }
    let (served, stop) = (routes::serving(app), stop.clone());
    serving.spawn(async move { server::serve(listener, served, &limits, tls, stop).await });
    Ok(serving)
}
