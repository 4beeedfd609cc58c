//! A whole server in this process: real sockets, a clock that tests move, baked signing keys.

use registrar::app::App;
use registrar::clients::manual::{Made, Wanted, gateway_registrar};
use registrar::config::Settings;
use registrar::domains::Domains;
use registrar::fetch::Fetcher;
use registrar::harness::{Harness, Options};
use registrar::housekeeping;
use registrar::keys::data_keys::HashPurpose;
use registrar::keys::generate::KeySource;
use registrar::model::audit_event::Actor;
use registrar::model::client::ClientStatus;
use registrar::model::domain::DomainSettings;
use registrar::model::id::{ClientId, InitialAccessTokenId, PolicyId};
use registrar::model::random;
use registrar::model::registration::policy::Policy;
use registrar::model::resource::{Resource, ResourceSettings};
use registrar::model::scope::{Scope, ScopeSet};
use registrar::model::secret::Secret;
use registrar::model::signing_key::SigningAlgorithm;
use registrar::model::time::{Clock, UnixTime};
use registrar::startup::{Card, Running, Start, start};
use registrar::store::audit::AuditRecord;
use registrar::store::cache::{ClientEntry, DomainEntry};
use registrar::store::clients::{ClientUpdate, SecretChange};
use registrar::store::initial_access_tokens::InitialAccessToken;
use registrar::store::policies::NamedPolicy;
use registrar::store::resources::PutResourceOutcome;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Api, Backend, Database, audit_log};

/// The time at which every test begins.
pub const START: UnixTime = UnixTime(1_790_000_000);

/// A server in this process.
#[derive(Debug)]
pub struct TestServer {
    pub app: App,
    pub clock: Clock,
    pub database: Database,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it printed when it was ready.
    pub card: Card,
    serving: Serving,
    /// The gateway registrar of the domain `main`.
    pub gateway: Credentials,
    pub api: Api,
}

/// What serves.
#[derive(Debug)]
enum Serving {
    Server(Box<Running>),
    Harness(Harness),
}

/// The tests of gateways and clients run against the harness mode as well: with this, what would run on SQLite does.
const ON_HARNESS: &str = "REGISTRAR_TEST_HARNESS";

/// A client's id and secret.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub id: String,
    pub secret: String,
}

impl TestServer {
    /// A server on a fresh database; `None` where there is no such database to test on.
    pub async fn start(backend: Backend) -> Option<Self> {
        Self::start_with(backend, |_| {}).await
    }

    /// The same with other settings. Rate limits are off unless `change` turns them on.
    pub async fn start_with(backend: Backend, change: impl FnOnce(&mut Settings)) -> Option<Self> {
        if backend == Backend::Sqlite && std::env::var_os(ON_HARNESS).is_some() {
            return Some(Self::thrown_away(change, None).await);
        }
        Some(Self::on(Database::fresh(backend).await?, change, None).await)
    }

    /// The same with its own way of fetching documents.
    pub async fn start_with_fetcher(backend: Backend, fetcher: Fetcher) -> Option<Self> {
        if backend == Backend::Sqlite && std::env::var_os(ON_HARNESS).is_some() {
            return Some(Self::thrown_away(|_| {}, Some(fetcher)).await);
        }
        Some(Self::on(Database::fresh(backend).await?, |_| {}, Some(fetcher)).await)
    }

    /// A server of the harness mode.
    async fn thrown_away(change: impl FnOnce(&mut Settings), fetcher: Option<Fetcher>) -> Self {
        let clock = Clock::manual(START);
        let mut settings = test_settings(Settings::default().database.url);
        settings.keys.master_key = None;
        change(&mut settings);
        let options = Options { settings, fetcher, clock: Some(clock.clone()), ..Options::default() };
        let harness = Harness::start_with(options).await.unwrap();
        let (app, address) = (harness.app(), harness.address());
        let (card, database) = (harness.card().await.unwrap().card, Database::in_memory(app.store.clone()));
        Self::with((app, clock, database), (address, card), Serving::Harness(harness))
    }

    fn with(
        (app, clock, database): (App, Clock, Database),
        (address, card): (SocketAddr, Card),
        serving: Serving,
    ) -> Self {
        let gateway = card.gateway.as_ref().map_or_else(
            || Credentials { id: String::new(), secret: String::new() },
            |card| Credentials {
                id: card.client_id.clone(),
                secret: card.client_secret.as_ref().map_or_else(String::new, |secret| secret.expose().to_owned()),
            },
        );
        // Where the server listens, whatever its public URL says.
        let api = Api::new(format!("http://{address}"), "main");
        Self { app, clock, database, address, card, serving, gateway, api }
    }

    /// Stops it gracefully.
    pub async fn stop(self) {
        let Self { app, serving, .. } = self;
        drop(app);
        match serving {
            Serving::Server(running) => running.stop().await.unwrap(),
            Serving::Harness(harness) => harness.stop().await.unwrap(),
        }
    }

    /// A server on a database that is there already, such as a second replica.
    pub async fn on(database: Database, change: impl FnOnce(&mut Settings), fetcher: Option<Fetcher>) -> Self {
        let clock = Clock::manual(START);
        let mut settings = test_settings(database.secret_url());
        change(&mut settings);
        let key_source = baked_keys();
        let start_from = Start { settings, clock: clock.clone(), key_source, fetcher, ..Start::default() };
        let running = start(start_from).await.unwrap();
        let (address, card) = (running.address, running.card.clone());
        Self::with((running.app.clone(), clock, database), (address, card), Serving::Server(Box::new(running)))
    }

    /// The domain `main`, as it is now.
    pub async fn domain(&self) -> Arc<DomainEntry> {
        self.app.store.domain_named("main").await.unwrap().unwrap()
    }

    /// Changes the settings of the domain `main`.
    pub async fn set_domain(&self, change: impl FnOnce(&mut DomainSettings)) {
        let domain = self.domain().await;
        let mut settings = domain.domain.settings.clone();
        change(&mut settings);
        let audit = Actor::local("test").did(&self.clock, Some(domain.id()), "domain.update", "main");
        let store = &self.app.store;
        assert!(store.update_domain(domain.id(), domain.domain.version, &settings, &audit).await.unwrap());
    }

    /// Changes a policy of the domain `main`.
    pub async fn set_policy(&self, name: &str, change: impl FnOnce(&mut Policy)) {
        let domain = self.domain().await;
        let mut policy = domain.policy(name).unwrap().clone();
        change(&mut policy.rules);
        let audit = Actor::local("test").did(&self.clock, Some(domain.id()), "policy.update", name);
        assert!(self.app.store.update_policy(domain.id(), &policy, &audit).await.unwrap());
    }

    /// Adds scopes to the domain `main` that clients may register for.
    pub async fn add_scopes(&self, names: &[&str]) {
        for name in names {
            self.add_scope(name, |_| {}).await;
        }
    }

    /// Adds a scope to the domain `main`, self-registrable unless `change` says otherwise.
    pub async fn add_scope(&self, name: &str, change: impl FnOnce(&mut Scope)) {
        let domain = self.domain().await;
        let mut scope = Scope {
            name: name.to_owned(),
            label: String::new(),
            description: String::new(),
            hidden: false,
            reserved: false,
            self_registrable: true,
            version: domain.scope(name).map_or(0, |known| known.version),
        };
        change(&mut scope);
        let audit = Actor::local("test").did(&self.clock, Some(domain.id()), "scope.put", name);
        assert!(self.app.store.put_scope(domain.id(), &scope, &audit).await.unwrap());
    }

    /// Makes another domain with a gateway registrar of its own.
    pub async fn add_domain(&self, name: &str) -> Credentials {
        let domains = Domains {
            store: self.app.store.clone(),
            keys: Arc::clone(&self.app.keys),
            source: self.app.key_source.clone(),
        };
        assert!(domains.create(name, DomainSettings::default(), &Actor::local("test")).await.unwrap());
        let domain = self.app.store.domain_named(name).await.unwrap().unwrap();
        let made = self.app.registry.create(&domain, gateway_registrar("Gateway"), &Actor::local("test")).await;
        credentials(made.unwrap())
    }

    /// Makes another gateway registrar in the domain `main`.
    pub async fn add_gateway(&self) -> Credentials {
        self.create(gateway_registrar("Another gateway")).await
    }

    /// Makes a client by hand in the domain `main`.
    pub async fn create(&self, wanted: Wanted) -> Credentials {
        let domain = self.domain().await;
        credentials(self.app.registry.create(&domain, wanted, &Actor::local("test")).await.unwrap())
    }

    /// Makes a machine client by hand with these registered scopes.
    pub async fn add_machine(&self, scope: &str) -> Credentials {
        let Value::Object(metadata) =
            json!({ "client_name": "Machine", "grant_types": ["client_credentials"], "scope": scope })
        else {
            unreachable!()
        };
        self.create(Wanted { metadata, ..Wanted::default() }).await
    }

    /// Makes a resource in the domain `main` with credentials of its own.
    pub async fn add_resource(&self, name: &str, identifiers: &[&str]) -> (Resource, Credentials) {
        let Value::Object(metadata) = json!({ "client_name": name, "grant_types": [], "response_types": [] }) else {
            unreachable!()
        };
        let mut wanted = Wanted { metadata, ..Wanted::default() };
        wanted.settings.resource_credentials = true;
        let credentials = self.create(wanted).await;
        let domain = self.domain().await;
        let mut resource = Resource {
            id: registrar::model::id::ResourceId::new(&self.clock),
            domain_id: domain.id(),
            name: name.to_owned(),
            credentials: Some(ClientId(credentials.id.clone())),
            settings: ResourceSettings {
                identifiers: identifiers.iter().map(|text| (*text).to_owned()).collect(),
                ..ResourceSettings::default()
            },
            granted_clients: Vec::new(),
            version: 0,
            created_at: self.clock.now(),
        };
        let audit = Actor::local("test").did(&self.clock, Some(domain.id()), "resource.put", name);
        assert_eq!(self.app.store.put_resource(&resource, &audit).await.unwrap(), PutResourceOutcome::Stored);
        resource.version = 1;
        (resource, credentials)
    }

    /// Stores a resource that was changed.
    pub async fn put_resource(&self, resource: &Resource) {
        let audit = Actor::local("test").did(&self.clock, Some(resource.domain_id), "resource.put", &resource.name);
        assert_eq!(self.app.store.put_resource(resource, &audit).await.unwrap(), PutResourceOutcome::Stored);
    }

    /// Lets a client have tokens for a resource by client credentials.
    pub async fn grant(&self, resource: &Resource, client_id: &str) {
        let audit = Actor::local("test").did(&self.clock, Some(resource.domain_id), "resource.grant", client_id);
        let client_id = ClientId(client_id.to_owned());
        self.app.store.grant_resource(resource, &client_id, true, &audit).await.unwrap();
    }

    /// A `dcr_admin` token of the gateway registrar.
    pub async fn admin_token(&self) -> String {
        self.api.token(&self.gateway, "dcr_admin").await
    }

    /// Changes a client's row as an administrator would: metadata and settings.
    pub async fn administrate(&self, client_id: &str, change: impl FnOnce(&mut registrar::model::client::Client)) {
        let domain = self.domain().await;
        let id = ClientId(client_id.to_owned());
        let mut client = self.app.store.read_client(domain.id(), &id).await.unwrap().unwrap().client;
        change(&mut client);
        let audit = Actor::local("administrator").did(&self.clock, Some(domain.id()), "client.update", client_id);
        let update = ClientUpdate { client: &client, secrets: SecretChange::Keep, audit: &audit };
        assert!(self.app.store.update_client(&update).await.unwrap());
    }

    /// A client's row, straight from the database.
    pub async fn stored(&self, client_id: &str) -> Option<ClientEntry> {
        let domain = self.domain().await;
        self.app.store.read_client(domain.id(), &ClientId(client_id.to_owned())).await.unwrap()
    }

    /// Sets a client's status as an administrator would.
    pub async fn set_status(&self, client_id: &str, status: ClientStatus) {
        self.administrate(client_id, |client| client.status = status).await;
    }

    /// Deletes a client as an administrator would.
    pub async fn delete_client(&self, client_id: &str) {
        let entry = self.stored(client_id).await.unwrap();
        self.app.registry.remove(&entry, &Actor::local("administrator")).await.unwrap();
    }

    /// How many clients the database holds, the deleted ones included.
    pub async fn client_count(&self) -> i64 {
        self.database.count("select count(*) from clients").await
    }

    /// Adds a policy to the domain `main` and returns its id.
    pub async fn add_policy(&self, name: &str, rules: Policy) -> PolicyId {
        let policy = NamedPolicy {
            id: PolicyId::new(&self.clock),
            name: name.to_owned(),
            rules,
            version: 1,
            created_at: self.clock.now(),
        };
        let domain = self.domain().await;
        let audit = Actor::local("test").did(&self.clock, Some(domain.id()), "policy.create", name);
        assert!(self.app.store.create_policy(domain.id(), &policy, &audit).await.unwrap());
        policy.id
    }

    /// Issues an initial access token that `change` limits; returns its row's id and the token.
    pub async fn initial_access_token(
        &self,
        change: impl FnOnce(&mut InitialAccessToken),
    ) -> (InitialAccessTokenId, String) {
        let token = format!("iat_{}", random::secret());
        let mut row = InitialAccessToken {
            id: InitialAccessTokenId::new(&self.clock),
            hash: self.app.keys.hash(HashPurpose::InitialAccessToken, &token),
            label: "test".to_owned(),
            policy_id: None,
            max_uses: None,
            uses: 0,
            expires_at: None,
            revoked_at: None,
            created_at: self.clock.now(),
        };
        change(&mut row);
        let domain = self.domain().await;
        let audit = Actor::local("test").did(&self.clock, Some(domain.id()), "initial_access_token.create", "");
        self.app.store.create_initial_access_token(domain.id(), &row, &audit).await.unwrap();
        (row.id, token)
    }

    /// The audit event that fits, once the queue has written it.
    pub async fn audited(&self, fits: impl Fn(&AuditRecord) -> bool) -> AuditRecord {
        let domain = self.domain().await;
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let events = audit_log(&self.app.store, domain.id()).await;
            if let Some(found) = events.iter().find(|event| fits(event)) {
                return found.clone();
            }
            assert!(Instant::now() < deadline, "no such audit event among {events:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Writes the last-used times that are still in memory.
    pub async fn write_usage(&self) {
        self.app.usage.flush(&self.app.store).await.unwrap();
    }

    /// What one process does in the background, once more. A lease of somebody else is waited for by moving the time.
    pub async fn housekeeping(&self) {
        self.advance(91);
        housekeeping::round(&self.app, "test").await.unwrap();
    }

    /// Moves the time forward by seconds.
    pub fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
    }
}

fn credentials(made: Made) -> Credentials {
    Credentials {
        id: made.client.client_id.0,
        secret: made.secret.map_or_else(String::new, |secret: Secret| secret.expose().to_owned()),
    }
}

/// Scopes from a text, for tests that know it is one.
pub fn scopes(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

fn test_settings(database: Secret) -> Settings {
    let listen = ([127, 0, 0, 1], 0).into();
    let mut settings = Settings { listen, accept_new_issuer: true, ..Settings::default() };
    settings.database.url = database;
    settings.database.max_connections = 5;
    settings.keys.master_key = Some(Secret::new("00".repeat(32)));
    settings.rate_limit.enabled = false;
    settings
}

/// Signing keys that nobody has to wait for.
pub fn baked_keys() -> KeySource {
    KeySource::Given(Arc::new(|algorithm, _| {
        let private = match algorithm {
            SigningAlgorithm::Rs256 => &include_bytes!("../../fixtures/keys/rsa.pk8")[..],
            SigningAlgorithm::Es256 => &include_bytes!("../../fixtures/keys/ec.pk8")[..],
        };
        Some((random::identifier(), private.to_vec()))
    }))
}
