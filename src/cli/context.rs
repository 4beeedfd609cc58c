//! What commands share: the opened database, the services on it, and how things are found by their names.

use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};

use super::Cli;
use crate::administrators::Administrators;
use crate::clients::Registry;
use crate::config::Settings;
use crate::domains::Domains;
use crate::fetch::Fetcher;
use crate::keys::data_keys::DataKeys;
use crate::keys::generate::KeySource;
use crate::keys::rotation::{Rotator, Schedule};
use crate::model::audit_event::Actor;
use crate::model::client_id_document::is_document_id;
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;
use crate::model::time::{Clock, UnixTime};
use crate::people::People;
use crate::startup::{self, FACT_PUBLIC_URL};
use crate::store::Store;
use crate::store::cache::{ClientEntry, DomainEntry};
use crate::store::policies::NamedPolicy;

/// What commands on the database work with.
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
    /// Opens a database that is there.
    pub async fn open(cli: &Cli) -> anyhow::Result<Self> {
        let settings = cli.settings(Vec::new())?;
        let path = settings.database.url.expose().strip_prefix("sqlite:").map(|path| path.trim_start_matches("//"));
        if let Some(path) = path.filter(|path| !std::path::Path::new(path).exists()) {
            bail!("there is no database {path} yet; start `registrar serve`, or name the database: --database-url");
        }
        Self::with(cli, settings).await
    }

    /// Opens the database, and makes it where there is none.
    pub async fn open_or_create(cli: &Cli) -> anyhow::Result<Self> {
        let settings = cli.settings(Vec::new())?;
        Self::with(cli, settings).await
    }

    async fn with(cli: &Cli, settings: Settings) -> anyhow::Result<Self> {
        let (store, keys) = startup::open(&settings, Clock::System, false).await?;
        let fetcher = Fetcher::guarded(&settings.fetch)?;
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
        People::new(&self.settings, self.store.clone(), Arc::clone(&self.keys))
    }

    /// What serves administrators.
    pub fn administrators(&self) -> Administrators {
        Administrators::new(&self.settings, self.store.clone(), Arc::clone(&self.keys))
    }

    /// A domain by its name.
    pub async fn domain(&self, name: &str) -> anyhow::Result<Arc<DomainEntry>> {
        if let Some(domain) = self.store.domain_named(name).await? {
            return Ok(domain);
        }
        let names: Vec<String> = self.store.domains().await?.into_iter().map(|domain| domain.name).collect();
        match names.as_slice() {
            [] => bail!("there is no domain {name:?}; there is none at all: `registrar domain create` makes one"),
            names => bail!("there is no domain {name:?}; there is {}", names.join(", ")),
        }
    }

    /// A client by its id, deleted ones too.
    pub async fn client(&self, domain: &DomainEntry, id: &str) -> anyhow::Result<ClientEntry> {
        let entry = self.store.read_client(domain.id(), &ClientId(id.to_owned())).await?;
        entry.with_context(|| {
            let name = &domain.domain.name;
            if is_document_id(id) {
                return format!(
                    "{id} is a metadata document, which is not registered; to keep it out, add it to the list: `registrar domain set {name} client_document_denied_hosts={id}`"
                );
            }
            format!("domain {name} has no client {id:?}; `registrar client list {name}` lists them")
        })
    }

    /// The base URL under which everybody reaches the server.
    pub async fn public_url(&self) -> anyhow::Result<String> {
        if let Some(url) = &self.settings.public_url {
            return Ok(url.as_str().to_owned());
        }
        // The server wrote it down when it started.
        match self.store.fact(FACT_PUBLIC_URL).await? {
            Some(url) => Ok(url),
            None => Ok(self.settings.base_url(self.settings.listen)?.as_str().to_owned()),
        }
    }

    /// What rotates signing keys.
    pub fn rotator(&self) -> Rotator<'_> {
        Rotator {
            store: &self.store,
            keys: &self.keys,
            source: &self.domains.source,
            schedule: Schedule {
                lifetime: self.settings.rotation.signing_key_lifetime_seconds,
                publish_lead: self.settings.rotation.publish_lead_seconds,
            },
        }
    }

    /// What time it is.
    pub fn now(&self) -> UnixTime {
        self.store.clock().now()
    }
}

/// A policy by its name.
pub fn policy<'a>(domain: &'a DomainEntry, name: &str) -> anyhow::Result<&'a NamedPolicy> {
    domain.policy(name).with_context(|| {
        let names: Vec<&str> = domain.policies.iter().map(|policy| policy.name.as_str()).collect();
        format!("domain {} has no policy {name:?}; there is {}", domain.domain.name, names.join(", "))
    })
}

/// The error for people: what was refused, or what really failed.
pub fn told(error: OAuthError) -> anyhow::Error {
    error.cause.unwrap_or_else(|| anyhow!(error.description))
}
