//! The store story: every public method of the store, on both databases.

mod administrators;
mod changes;
mod clients;
mod documents;
mod domains;
mod expiry;
mod interactions;
mod keys;
mod lists;
mod logins;
mod operation;
mod quotas;
mod search;
mod statistics;
mod traces;
mod users;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use registrar::domains::Domains;
use registrar::keys::data_keys::DataKeys;
use registrar::keys::master_key::MasterKey;
use registrar::model::audit_event::{Actor, AuditEvent};
use registrar::model::client::{Client, ClientSecret, ClientSettings, ClientStatus, Origin, Registration};
use registrar::model::client_metadata::ClientMetadata;
use registrar::model::domain::DomainSettings;
use registrar::model::id::{ClientId, DomainId, SecretId};
use registrar::model::secret::Secret;
use registrar::model::time::{Clock, UnixTime};
use registrar::store::cache::DomainEntry;
use registrar::store::registrations::{NewClient, RegisterOutcome};
use registrar::store::{ConnectOptions, Store};

use crate::support::{Backend, Database, START, baked_keys};

/// The master key of the stories.
pub fn master_key() -> MasterKey {
    MasterKey::parse(&Secret::new("11".repeat(32))).unwrap()
}

/// A store on a database of its own, with the domain `main`.
pub struct Story {
    pub store: Store,
    pub keys: Arc<DataKeys>,
    pub clock: Clock,
    pub database: Database,
    pub domain_id: DomainId,
}

impl Story {
    pub async fn begin(backend: Backend) -> Option<Self> {
        let (database, clock) = (Database::fresh(backend).await?, Clock::manual(START));
        let store = connect(&database, &clock).await;
        let keys = Arc::new(DataKeys::load(&store, master_key()).await.unwrap());
        let mut begun = Self { store, keys, clock, database, domain_id: DomainId(uuid::Uuid::nil()) };
        assert!(begun.add_domain("main").await);
        begun.domain_id = begun.store.domain_named("main").await.unwrap().unwrap().id();
        Some(begun)
    }

    /// What another process on the same database has.
    pub async fn beside(&self) -> Store {
        connect(&self.database, &self.clock).await
    }

    pub async fn add_domain(&self, name: &str) -> bool {
        let (store, keys) = (self.store.clone(), Arc::clone(&self.keys));
        let domains = Domains { store, keys, source: baked_keys() };
        domains.create(name, DomainSettings::default(), &Actor::local("story")).await.unwrap()
    }

    pub async fn domain(&self) -> Arc<DomainEntry> {
        self.store.domain(self.domain_id).await.unwrap().unwrap()
    }

    pub fn audit(&self, action: &'static str) -> AuditEvent {
        Actor::local("story").did(&self.clock, Some(self.domain_id), action, "")
    }

    /// A client that is not stored yet.
    pub fn client(&self, id: &str) -> Client {
        let now = self.clock.now();
        Client {
            domain_id: self.domain_id,
            client_id: ClientId(id.to_owned()),
            origin: Origin::Gateway,
            status: ClientStatus::Active,
            registrant: None,
            policy_id: None,
            metadata: ClientMetadata { client_name: Some(id.to_owned()), ..ClientMetadata::default() },
            settings: ClientSettings::default(),
            registration: Registration::default(),
            registration_token: None,
            previous_registration_token: None,
            tokens_not_before: UnixTime(0),
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    pub fn secret(&self, verifier: &str) -> ClientSecret {
        ClientSecret {
            id: SecretId::new(&self.clock),
            verifier: verifier.to_owned(),
            sealed: Some(vec![1, 2, 3]),
            created_at: self.clock.now(),
            expires_at: None,
            superseded: false,
        }
    }

    pub async fn add(&self, client: &Client, secret: Option<&ClientSecret>) -> RegisterOutcome {
        let audit = self.audit("client.register");
        let new = NewClient { client, secret, initial_access_token: None, quota: None, audit: &audit };
        self.store.register_client(&new).await.unwrap()
    }

    pub async fn count(&self, table: &str) -> i64 {
        self.database.count(&format!("select count(*) from {table}")).await
    }
}

async fn connect(database: &Database, clock: &Clock) -> Store {
    let options = ConnectOptions {
        url: database.secret_url(),
        max_connections: 5,
        acquire_timeout: 30,
        exclusive: false,
        cache_capacity: 1 << 20,
    };
    Store::connect(&options, clock.clone()).await.unwrap()
}

/// The text of all Rust files in a folder of this package.
fn sources(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn the_story_calls_every_method_of_the_store() {
    let told = sources("tests/it/store").concat();
    let mut names: Vec<String> = Vec::new();
    for source in sources("src/store") {
        names.extend(source.split("pub async fn ").skip(1).map(|rest| rest.split('(').next().unwrap().to_owned()));
    }
    assert!(names.len() > 40, "{names:?}");
    names.retain(|name| !told.contains(&format!(".{name}(")) && !told.contains(&format!("::{name}(")));
    assert!(names.is_empty(), "the story is silent on {names:?}");
}
