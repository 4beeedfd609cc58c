//! Everything that a request may use.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use http::HeaderMap;
use http::header::HOST;

use crate::administrators::Administrators;
use crate::clients::Registry;
use crate::config::{BaseUrl, Settings};
use crate::keys::data_keys::DataKeys;
use crate::keys::generate::KeySource;
use crate::keys::rotation::{Rotator, Schedule};
use crate::model::audit_event::AuditEvent;
use crate::model::domain::{Domain, DomainSettings};
use crate::model::id::DomainId;
use crate::model::statistics::Counted;
use crate::model::time::Clock;
use crate::ops::audit::AuditQueue;
use crate::ops::feed::FeedHealth;
use crate::ops::flow_trace::FlowTraces;
use crate::ops::metrics::{DomainMetrics, Metrics};
use crate::ops::rate_limit::RateLimits;
use crate::ops::request_id::RequestIds;
use crate::ops::statistics::Statistics;
use crate::ops::usage::Usage;
use crate::people::People;
use crate::store::Store;
use crate::tokens::issue::Issuer;
use crate::tokens::verify::Verifier;

/// Everything that a request may use. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

/// What [`App`] consists of.
pub struct Parts {
    /// The settings this server was started with.
    pub settings: Settings,
    /// The base URL under which everybody reaches it.
    pub public_url: BaseUrl,
    /// What time it is.
    pub clock: Clock,
    /// The database and its cache.
    pub store: Store,
    /// What hashes and seals.
    pub keys: Arc<DataKeys>,
    /// Where new signing keys come from.
    pub key_source: KeySource,
    /// What registers and changes clients.
    pub registry: Registry,
    /// What serves people.
    pub people: People,
    /// What serves administrators.
    pub administrators: Administrators,
    /// What signs tokens.
    pub issuer: Issuer,
    /// What checks tokens.
    pub verifier: Verifier,
    /// What is counted.
    pub metrics: Metrics,
    /// The counters of each domain, found once.
    pub domain_metrics: RwLock<HashMap<DomainId, Arc<DomainMetrics>>>,
    /// The names of the grants, as metric labels.
    pub grants: &'static [&'static str],
    /// Who overdoes it.
    pub rate_limits: RateLimits,
    /// Makes the ids of requests.
    pub request_ids: RequestIds,
    /// How long ago this process last knew of every change.
    pub feed: FeedHealth,
    /// Last-used times on their way to the database.
    pub usage: Usage,
    /// What happens, on its way to the database.
    pub statistics: Statistics,
    /// Refusals on their way to the database.
    pub audit: AuditQueue,
    /// Steps of login attempts on their way to the database.
    pub trace: FlowTraces,
    /// Whether the server is thrown away after a test: then the quick start's conveniences act, whoever reaches it.
    pub throw_away: bool,
    /// Whether a graceful stop has begun.
    pub stopping: AtomicBool,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Parts {
    /// The issuer of a domain: exactly this text, everywhere (RFC 8414 §2).
    pub fn issuer_of(&self, domain: &str) -> String {
        format!("{}/{domain}/oidc", self.public_url.as_str())
    }

    /// The base URL under which this request reached the server: one of the configured ones, else the public one.
    pub fn base_url_of(&self, headers: &HeaderMap) -> &str {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let reached = self.settings.extra_base_urls.0.iter().find(|url| url.authority().eq_ignore_ascii_case(host));
        reached.unwrap_or(&self.public_url).as_str()
    }

    /// The counters of a domain.
    pub fn counters_of(&self, domain: &Domain) -> Arc<DomainMetrics> {
        if let Some(known) = self.domain_metrics.read().unwrap_or_else(PoisonError::into_inner).get(&domain.id) {
            return Arc::clone(known);
        }
        let found = Arc::new(self.metrics.domain(&domain.name, self.grants));
        self.domain_metrics.write().unwrap_or_else(PoisonError::into_inner).insert(domain.id, Arc::clone(&found));
        found
    }

    /// Counts something for the statistics. `label` is of a set of our own, never what a stranger typed.
    pub fn count(&self, domain_id: DomainId, counted: Counted, label: &'static str) {
        self.statistics.note(domain_id, self.clock.now(), (counted, label));
    }

    /// Writes what was collected in memory; what cannot be written is kept for the next time.
    pub async fn flush(&self) -> Result<(), sqlx::Error> {
        let used = self.usage.flush(&self.store).await;
        self.statistics.flush(&self.store, self.all_counters()).await.and(used)
    }

    fn all_counters(&self) -> Vec<(DomainId, Arc<DomainMetrics>)> {
        let known = self.domain_metrics.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(id, counters)| (*id, Arc::clone(counters))).collect()
    }

    /// Whether anybody may register in a domain where registration is on: by its switch, or because the server is only
    /// being tried out and no other machine reaches it.
    pub fn is_open(&self, settings: &DomainSettings) -> bool {
        settings.registration && (settings.open_registration || (settings.quick_start && self.is_own_machine()))
    }

    /// Whether a request may name a resource that is not registered: only while no other machine reaches the server.
    pub fn takes_any_resource(&self, settings: &DomainSettings) -> bool {
        (settings.allow_unregistered_resources || settings.quick_start) && self.is_own_machine()
    }

    /// Whether a URL may stand for its metadata document as a client id, by the domain's switch or for the same reason.
    pub fn takes_client_documents(&self, settings: &DomainSettings) -> bool {
        settings.client_documents || (settings.quick_start && self.is_own_machine())
    }

    /// Whether no other machine reaches the server, or it does not matter.
    fn is_own_machine(&self) -> bool {
        self.throw_away || (self.public_url.is_loopback() && self.settings.listen.ip().is_loopback())
    }

    /// What rotates signing keys.
    pub fn rotator(&self) -> Rotator<'_> {
        Rotator {
            store: &self.store,
            keys: &self.keys,
            source: &self.key_source,
            schedule: Schedule {
                lifetime: self.settings.rotation.signing_key_lifetime_seconds,
                publish_lead: self.settings.rotation.publish_lead_seconds,
            },
        }
    }

    /// Hands a refusal to the audit log; a full queue loses it, and the loss is counted.
    pub fn audit_refusal(&self, event: AuditEvent) {
        if !self.audit.push(event) {
            self.metrics.audit_events_dropped.inc();
        }
    }

    /// Whether this process may be sent requests.
    pub fn is_ready(&self) -> bool {
        self.feed.is_fresh() && !self.stopping.load(Ordering::Relaxed)
    }
}
