//! What is kept in memory: domains, clients and client documents as they were last read, and the denylist of revoked tokens.
//!
//! A read-through cache emptied by the change feed. A load is kept only if no invalidation of its key arrived while it
//! was under way, or a plain cache would keep the stale value. Absence is never cached.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use serde_json::Value;

use super::changes::Change;
use super::policies::NamedPolicy;
use crate::model::client::{Client, ClientSecret};
use crate::model::client_id_document::ClientDocument;
use crate::model::domain::Domain;
use crate::model::id::{ClientId, DomainId, SecretId};
use crate::model::json::Object;
use crate::model::look::Logo;
use crate::model::resource::Resource;
use crate::model::scope::Scope;
use crate::model::signing_key::SigningKey;
use crate::model::time::UnixTime;

/// A domain with everything a request needs to know of it.
#[derive(Debug)]
pub struct DomainEntry {
    /// The domain.
    pub domain: Domain,
    /// Its scopes.
    pub scopes: Vec<Scope>,
    /// Its policies.
    pub policies: Vec<NamedPolicy>,
    /// Its resources.
    pub resources: Vec<Resource>,
    /// Its signing keys, the revoked ones too.
    pub signing_keys: Vec<SigningKey>,
    /// The logo on its pages.
    pub logo: Option<Logo>,
    /// Its discovery document under the public base URL with the document's entity tag, once it was asked for.
    pub discovery: OnceLock<(Bytes, String)>,
}

impl DomainEntry {
    /// The domain's identifier.
    pub fn id(&self) -> DomainId {
        self.domain.id
    }

    /// A scope by its name.
    pub fn scope(&self, name: &str) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.name == name)
    }

    /// A policy by its name.
    pub fn policy(&self, name: &str) -> Option<&NamedPolicy> {
        self.policies.iter().find(|policy| policy.name == name)
    }
}

/// A client with its secrets.
#[derive(Debug)]
pub struct ClientEntry {
    /// The client.
    pub client: Client,
    /// Its secrets: the current one first, ended ones included.
    pub secrets: Vec<ClientSecret>,
    last_noted: AtomicI64,
    last_secret: AtomicU64,
}

impl ClientEntry {
    /// A client as it was read.
    pub fn new(client: Client, secrets: Vec<ClientSecret>) -> Self {
        Self { client, secrets, last_noted: AtomicI64::new(i64::MIN), last_secret: AtomicU64::new(0) }
    }

    /// Whether a use at this time is to be noted: the last noted one is further back than `resolution` seconds, or was
    /// with another secret.
    pub fn note_use(&self, now: UnixTime, secret: Option<SecretId>, resolution: i64) -> bool {
        let last = self.last_noted.load(Ordering::Relaxed);
        let secret = secret.map_or(0, |id| id.0.as_u64_pair().1);
        let due = last == i64::MIN
            || now.0.saturating_sub(last) >= resolution
            || self.last_secret.load(Ordering::Relaxed) != secret;
        if due {
            self.last_noted.store(now.0, Ordering::Relaxed);
            self.last_secret.store(secret, Ordering::Relaxed);
        }
        due
    }

    /// The secret that is not superseded, if it has not ended.
    pub fn current_secret(&self, now: UnixTime) -> Option<&ClientSecret> {
        self.secrets.iter().find(|secret| !secret.superseded && secret.is_valid_at(now))
    }
}

type ClientKey = (DomainId, ClientId);
const SHARDS: usize = 64;

/// What this process keeps in memory.
#[derive(Debug)]
pub struct Cache {
    domain_names: RwLock<HashMap<String, DomainId>>,
    domains: RwLock<HashMap<DomainId, Arc<DomainEntry>>>,
    /// Domains as they were once, invalidated or not: for what must go on without the database.
    last_known: RwLock<HashMap<DomainId, Arc<DomainEntry>>>,
    clients: moka::sync::Cache<ClientKey, Arc<ClientEntry>>,
    documents: moka::sync::Cache<ClientKey, Arc<ClientDocument>>,
    revoked: RwLock<HashMap<(DomainId, String), UnixTime>>,
    epochs: [Mutex<u64>; SHARDS],
    hasher: RandomState,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// Taken before a load; what was loaded is kept only if nothing was invalidated meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct LoadTicket {
    shard: usize,
    epoch: u64,
}

impl Cache {
    pub(super) fn new(capacity_bytes: u64) -> Self {
        let clients = moka::sync::Cache::builder()
            .max_capacity(capacity_bytes)
            .weigher(|_: &ClientKey, entry: &Arc<ClientEntry>| weight(entry))
            .build();
        Self {
            domain_names: RwLock::default(),
            domains: RwLock::default(),
            last_known: RwLock::default(),
            clients,
            documents: moka::sync::Cache::builder()
                .max_capacity(capacity_bytes / 8)
                .weigher(|_: &ClientKey, document: &Arc<ClientDocument>| {
                    u32::try_from(1024 + object_weight(&document.metadata)).unwrap_or(u32::MAX)
                })
                .build(),
            revoked: RwLock::default(),
            epochs: std::array::from_fn(|_| Mutex::new(0)),
            hasher: RandomState::new(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// How many look-ups memory answered, and how many went to the database.
    pub fn hits_and_misses(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    /// A domain by its name.
    pub fn domain_named(&self, name: &str) -> Option<Arc<DomainEntry>> {
        let id = *read(&self.domain_names).get(name)?;
        self.domain(id)
    }

    /// A domain by its name as it was last known, which may be out of date.
    pub fn last_known_domain(&self, name: &str) -> Option<Arc<DomainEntry>> {
        let id = *read(&self.domain_names).get(name)?;
        read(&self.last_known).get(&id).cloned()
    }

    /// A domain by its id.
    pub fn domain(&self, id: DomainId) -> Option<Arc<DomainEntry>> {
        read(&self.domains).get(&id).cloned()
    }

    /// A client by its id.
    pub fn client(&self, domain_id: DomainId, client_id: &ClientId) -> Option<Arc<ClientEntry>> {
        let found = self.clients.get(&(domain_id, client_id.clone()));
        (if found.is_some() { &self.hits } else { &self.misses }).fetch_add(1, Ordering::Relaxed);
        found
    }

    /// A client's metadata document by its URL.
    pub fn document(&self, domain_id: DomainId, client_id: &ClientId) -> Option<Arc<ClientDocument>> {
        self.documents.get(&(domain_id, client_id.clone()))
    }

    /// Whether an access token was revoked before its end.
    pub fn is_revoked(&self, domain_id: DomainId, jti: &str) -> bool {
        let revoked = read(&self.revoked);
        !revoked.is_empty() && revoked.contains_key(&(domain_id, jti.to_owned()))
    }

    /// Begins a load of what the key names.
    pub(super) fn ticket(&self, key: &impl Hash) -> LoadTicket {
        let shard = self.shard(key);
        LoadTicket { shard, epoch: *self.epoch(shard) }
    }

    pub(super) fn keep_domain(&self, ticket: LoadTicket, entry: &Arc<DomainEntry>) {
        let epoch = self.epoch(ticket.shard);
        if *epoch == ticket.epoch {
            write(&self.domain_names).insert(entry.domain.name.clone(), entry.id());
            write(&self.domains).insert(entry.id(), Arc::clone(entry));
            write(&self.last_known).insert(entry.id(), Arc::clone(entry));
        }
    }

    pub(super) fn keep_client(&self, ticket: LoadTicket, entry: &Arc<ClientEntry>) {
        let epoch = self.epoch(ticket.shard);
        if *epoch == ticket.epoch {
            let key = (entry.client.domain_id, entry.client.client_id.clone());
            self.clients.insert(key, Arc::clone(entry));
        }
    }

    pub(super) fn keep_document(&self, ticket: LoadTicket, document: &Arc<ClientDocument>) {
        let epoch = self.epoch(ticket.shard);
        if *epoch == ticket.epoch {
            self.documents.insert((document.domain_id, document.client_id.clone()), Arc::clone(document));
        }
    }

    pub(super) fn replace_revoked(&self, revoked: HashMap<(DomainId, String), UnixTime>) {
        // Merged, not replaced: a revocation may have been applied after the rows were read.
        write(&self.revoked).extend(revoked);
    }

    /// Forgets revocations of tokens that have expired by themselves.
    pub fn forget_expired(&self, now: UnixTime) {
        write(&self.revoked).retain(|_, end| *end > now);
    }

    /// Applies a change, whoever made it.
    pub(super) fn apply(&self, change: &Change) {
        match change {
            Change::Domain(id) => {
                *self.epoch(self.shard(id)) += 1;
                write(&self.domains).remove(id);
            }
            Change::Client(domain_id, client_id) => {
                let key = (*domain_id, client_id.clone());
                *self.epoch(self.shard(&key)) += 1;
                self.clients.invalidate(&key);
                self.documents.invalidate(&key);
            }
            Change::RevokedToken(domain_id, jti, end) => {
                write(&self.revoked).insert((*domain_id, jti.clone()), *end);
            }
        }
    }

    /// Forgets everything that may be stale, after the feed was lost. Revocations only ever add up, so they stay.
    pub fn clear(&self) {
        for shard in 0..SHARDS {
            *self.epoch(shard) += 1;
        }
        write(&self.domains).clear();
        self.clients.invalidate_all();
        self.documents.invalidate_all();
    }

    fn shard(&self, key: &impl Hash) -> usize {
        usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0)
    }

    fn epoch(&self, shard: usize) -> MutexGuard<'_, u64> {
        self.epochs[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn weight(entry: &ClientEntry) -> u32 {
    let secrets: usize =
        entry.secrets.iter().map(|s| s.verifier.len() + s.sealed.as_ref().map_or(0, Vec::len) + 96).sum();
    let registration = &entry.client.registration;
    // The metadata are a third object like the other two.
    let objects = object_weight(&registration.asked) + object_weight(&registration.told) * 2;
    // Measured: with the allocator's slack and the cache's own tables, half as much again.
    u32::try_from((1024 + secrets + objects) * 3 / 2).unwrap_or(u32::MAX)
}

/// Near what the parsed form takes: whoever registers decides how long texts are, not how much memory there is.
fn object_weight(object: &Object) -> usize {
    object.iter().map(|(name, value)| name.len() + 64 + value_weight(value)).sum()
}

fn value_weight(value: &Value) -> usize {
    32 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(value_weight).sum(),
        Value::Object(object) => object_weight(object),
        _ => 0,
    }
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
