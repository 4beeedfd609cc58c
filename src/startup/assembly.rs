//! The parts of a server, put together.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};

use crate::administrators::Administrators;
use crate::app::{App, Parts};
use crate::clients::credentials::Remembered;
use crate::clients::{Registry, RemoteMemory};
use crate::config::{BaseUrl, Settings};
use crate::fetch::Fetcher;
use crate::keys::argon2_pool::Argon2Pool;
use crate::keys::data_keys::DataKeys;
use crate::keys::generate::KeySource;
use crate::keys::signer::Signers;
use crate::model::registration::rules::{REGISTRABLE_GRANTS, RuleContext};
use crate::oauth::client_auth::METHOD_NAMES;
use crate::oauth::grants::GRANT_NAMES;
use crate::ops::audit::{self, AuditOutlet};
use crate::ops::feed::FeedHealth;
use crate::ops::flow_trace::{self, TraceOutlet};
use crate::ops::metrics::Metrics;
use crate::ops::rate_limit::RateLimits;
use crate::ops::request_id::RequestIds;
use crate::ops::statistics::Statistics;
use crate::ops::usage::Usage;
use crate::people::People;
use crate::people::mail::Outbox;
use crate::store::Store;
use crate::tokens::issue::Issuer;
use crate::tokens::verify::Verifier;

/// What a server is put together from.
#[derive(Debug)]
pub struct Assembly {
    /// The settings.
    pub settings: Settings,
    /// The base URL under which everybody reaches it.
    pub public_url: BaseUrl,
    /// The database.
    pub store: Store,
    /// What hashes and seals.
    pub keys: Arc<DataKeys>,
    /// Where new signing keys come from.
    pub key_source: KeySource,
    /// What fetches documents; made from the settings where absent.
    pub fetcher: Option<Arc<Fetcher>>,
    /// Where mail is kept instead of being sent.
    pub outbox: Option<Arc<Outbox>>,
    /// Whether it is thrown away after a test: then the quick start's conveniences act, whoever reaches it.
    pub throw_away: bool,
}

/// Puts the parts of a server together.
pub fn assemble(assembly: Assembly) -> anyhow::Result<(App, (AuditOutlet, TraceOutlet))> {
    let Assembly { settings, public_url, store, keys, key_source, fetcher, outbox, throw_away } = assembly;
    let clock = store.clock().clone();
    let metrics = Metrics::new();
    let (audit, refusals) = audit::queue();
    let (trace, steps) = flow_trace::queue(clock.clone(), metrics.trace_steps_dropped.clone());
    let fetcher = match fetcher {
        Some(fetcher) => fetcher,
        None => Arc::new(Fetcher::guarded(&settings.fetch)?),
    };
    let app = App::new(Parts {
        registry: registry(&settings, store.clone(), Arc::clone(&keys), fetcher),
        people: People::new(&settings, store.clone(), Arc::clone(&keys), outbox)?,
        administrators: Administrators::new(&settings, store.clone(), Arc::clone(&keys)),
        issuer: Issuer {
            keys: Arc::clone(&keys),
            signers: Signers::default(),
            clock: clock.clone(),
            random: store.random().clone(),
        },
        verifier: Verifier::default(),
        metrics,
        domain_metrics: RwLock::default(),
        rate_limits: RateLimits::new(&settings.rate_limit, clock.clone()),
        request_ids: RequestIds::default(),
        feed: FeedHealth::default(),
        usage: Usage::default(),
        statistics: Statistics::default(),
        stopping: AtomicBool::new(false),
        grants: GRANT_NAMES,
        throw_away,
        settings,
        public_url,
        clock,
        store,
        keys,
        key_source,
        audit,
        trace,
    });
    Ok((app, (refusals, steps)))
}

/// What registers clients, for a server and for the command line alike.
pub fn registry(settings: &Settings, store: Store, keys: Arc<DataKeys>, fetcher: Arc<Fetcher>) -> Registry {
    Registry {
        store,
        keys,
        fetcher,
        argon2: Argon2Pool::new(settings.keys.argon2_clients, settings.keys.argon2_queue),
        offered: RuleContext {
            grant_types: REGISTRABLE_GRANTS,
            auth_methods: METHOD_NAMES,
            signing_algorithms: &["RS256", "ES256"],
        },
        remembered: Remembered::default(),
        remote: RemoteMemory::default(),
    }
}
