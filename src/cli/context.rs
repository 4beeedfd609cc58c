//! What commands on the database itself share: the opened database and the services on it.

use std::sync::Arc;

use anyhow::bail;

use super::Cli;
use super::administration::local::{public_url, there_is_a_database};
use crate::administrators::Administrators;
use crate::clients::Registry;
use crate::config::{BaseUrl, Settings};
use crate::domains::Domains;
use crate::fetch::Fetcher;
use crate::keys::data_keys::DataKeys;
use crate::keys::generate::KeySource;
use crate::model::audit_event::Actor;
use crate::model::time::Clock;
use crate::people::People;
use crate::startup;
use crate::store::Store;

/// What commands on the database itself work with.
#[derive(Debug)]
pub struct Context {
    /// The settings.
    pub settings: Settings,
    /// The database, beside a server that may be running on it.
    pub store: Store,
    /// What hashes and seals.
    pub keys: Arc<DataKeys>,
    /// What registers and changes clients.
    pub registry: Registry,
    /// What makes and changes domains and what is in them.
    pub domains: Domains,
    /// Who acts, for the audit log.
    pub actor: Actor,
    /// Whether results are printed as JSON.
    pub json: bool,
}

impl Context {
    /// Opens a database that is there, for a command of this name.
    pub async fn open(cli: &Cli, command: &str) -> anyhow::Result<Self> {
        let settings = cli.settings(Vec::new())?;
        only_here(cli, command)?;
        there_is_a_database(&settings)?;
        Self::with(cli, settings).await
    }

    /// Opens the database, and makes it where there is none.
    pub async fn open_or_create(cli: &Cli, command: &str) -> anyhow::Result<Self> {
        only_here(cli, command)?;
        let settings = cli.settings(Vec::new())?;
        Self::with(cli, settings).await
    }

    async fn with(cli: &Cli, settings: Settings) -> anyhow::Result<Self> {
        let (store, keys) = startup::open(&settings, Clock::System, false).await?;
        let fetcher = Arc::new(Fetcher::guarded(&settings.fetch)?);
        let domains = Domains { store: store.clone(), keys: Arc::clone(&keys), source: KeySource::Generated };
        Ok(Self {
            registry: startup::registry(&settings, store.clone(), Arc::clone(&keys), fetcher),
            domains,
            actor: Actor::local("cli"),
            json: cli.options.json,
            settings,
            store,
            keys,
        })
    }

    /// What serves people.
    pub fn people(&self) -> anyhow::Result<People> {
        People::new(&self.settings, self.store.clone(), Arc::clone(&self.keys), None)
    }

    /// What serves administrators.
    pub fn administrators(&self) -> Administrators {
        Administrators::new(&self.settings, self.store.clone(), Arc::clone(&self.keys))
    }

    /// The base URL under which everybody reaches the server.
    pub async fn public_url(&self) -> anyhow::Result<BaseUrl> {
        public_url(&self.settings, &self.store).await
    }
}

/// Fails where a server far away is named.
pub fn only_here(cli: &Cli, command: &str) -> anyhow::Result<()> {
    if cli.options.server.is_some() {
        bail!(
            "`registrar {command}` works on the database and not over the network: run it beside the server, without --server and REGISTRAR_SERVER"
        );
    }
    Ok(())
}
