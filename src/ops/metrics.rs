//! Prometheus metrics, in the `OpenMetrics` text format.
//!
//! # Design
//! A registry per server, no process-wide state. A family's lock is taken to find a labelled metric: what the hot path
//! counts is therefore found once and kept, per route ([`RouteMetrics`]) and per domain ([`DomainMetrics`]). No label
//! holds anything a stranger can choose freely.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::model::statistics::Counted;

/// Label names and values; the sets are short and their lookups off the hot path.
type Labels = Vec<(&'static str, String)>;
type Counters = Family<Labels, Counter>;

/// Seconds; a warm token takes well under a millisecond, a password hash 25 ms.
const BUCKETS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Statuses whose counters a route keeps at hand.
const STATUSES: [u16; 18] = [200, 201, 204, 302, 303, 304, 400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 502, 503];

/// All metrics of one server.
pub struct Metrics {
    registry: Registry,
    requests: Counters,
    durations: Family<Labels, Histogram, fn() -> Histogram>,
    tokens: Counters,
    registrations: Counters,
    introspections: Counters,
    refusals: Counters,
    cache_lookups: Counters,
    rate_limited: Counters,
    password_hashes: Family<Labels, Gauge>,
    /// Statements sent to the database.
    pub database_statements: Counter,
    /// Audit events that did not fit into the queue.
    pub audit_events_dropped: Counter,
    /// Steps of timelines that were not kept.
    pub trace_steps_dropped: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Fresh metrics, all zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("registrar"),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            tokens: Family::default(),
            registrations: Family::default(),
            introspections: Family::default(),
            refusals: Family::default(),
            cache_lookups: Family::default(),
            rate_limited: Family::default(),
            password_hashes: Family::default(),
            database_statements: Counter::default(),
            audit_events_dropped: Counter::default(),
            trace_steps_dropped: Counter::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The running program", build);
        registry.register("http_requests", "Requests answered", self.requests.clone());
        registry.register("http_request_duration_seconds", "From headers to answer", self.durations.clone());
        registry.register("tokens_issued", "Token responses by grant", self.tokens.clone());
        registry.register("registrations", "Client registrations by origin and outcome", self.registrations.clone());
        registry.register("introspections", "Introspections by their answer", self.introspections.clone());
        registry.register("refusals", "Refusals by code and rule", self.refusals.clone());
        registry.register("cache_lookups", "Lookups in the cache by outcome", self.cache_lookups.clone());
        registry.register("rate_limited", "Requests refused by a rate limit", self.rate_limited.clone());
        registry.register("password_hashes_pending", "Running and waiting per pool", self.password_hashes.clone());
        registry.register("database_statements", "Statements sent", self.database_statements.clone());
        registry.register(
            "audit_events_dropped",
            "Events the queue had no room for",
            self.audit_events_dropped.clone(),
        );
        registry.register("trace_steps_dropped", "Steps of logins not kept", self.trace_steps_dropped.clone());
    }

    /// The handles of one route, to be found once per route and method. `route` is the path's pattern.
    pub fn route(&self, route: &'static str, method: &'static str) -> RouteMetrics {
        let duration = self.durations.get_or_create_owned(&vec![("route", route.to_owned())]);
        RouteMetrics { requests: self.requests.clone(), known: Default::default(), duration, route, method }
    }

    /// The handles of one domain, to be kept with the cached domain. `grants` are the names the server knows.
    pub fn domain(&self, domain: &str, grants: &[&'static str]) -> DomainMetrics {
        let label = |name, value: &str| vec![("domain", domain.to_owned()), (name, value.to_owned())];
        let tokens = |grant: &&'static str| (*grant, self.tokens.get_or_create_owned(&label("grant", grant)).into());
        DomainMetrics {
            tokens: grants.iter().map(tokens).collect(),
            active: self.introspections.get_or_create_owned(&label("active", "true")).into(),
            inactive: self.introspections.get_or_create_owned(&label("active", "false")).into(),
        }
    }

    /// The two counters of one cache, to be kept with it.
    pub fn cache(&self, cache: &'static str) -> CacheMetrics {
        let find = |outcome: &str| {
            self.cache_lookups.get_or_create_owned(&vec![("cache", cache.to_owned()), ("outcome", outcome.to_owned())])
        };
        CacheMetrics { hits: find("hit"), misses: find("miss") }
    }

    /// Counts a registration: `origin` is who registered (`open`, `initial_token`, `registrar`, …), `outcome` what
    /// became of it (`created`, `known`, `refused`).
    pub fn registration(&self, domain: &str, origin: &'static str, outcome: &'static str) {
        let labels =
            vec![("domain", domain.to_owned()), ("origin", origin.to_owned()), ("outcome", outcome.to_owned())];
        self.registrations.get_or_create(&labels).inc();
    }

    /// Counts a refusal by its error code and, if there is one, the name of the rule behind it.
    pub fn refusal(&self, code: &'static str, rule: &'static str) {
        self.refusals.get_or_create(&vec![("code", code.to_owned()), ("rule", rule.to_owned())]).inc();
    }

    /// Counts a request refused by a rate limit.
    pub fn rate_limited(&self, kind: &'static str) {
        self.rate_limited.get_or_create(&vec![("kind", kind.to_owned())]).inc();
    }

    /// Sets how many password hashes run and wait in a pool.
    pub fn password_hashes(&self, pool: &'static str, depth: usize) {
        let depth = i64::try_from(depth).unwrap_or(i64::MAX);
        self.password_hashes.get_or_create(&vec![("pool", pool.to_owned())]).set(depth);
    }

    /// Everything as `OpenMetrics` text (`application/openmetrics-text; version=1.0.0; charset=utf-8`).
    pub fn encode(&self) -> String {
        let mut output = String::new();
        match text::encode(&mut output, &self.registry) {
            Ok(()) => output,
            Err(std::fmt::Error) => String::from("# EOF\n"),
        }
    }
}

/// The handles of one route and method.
pub struct RouteMetrics {
    requests: Counters,
    known: [OnceLock<Counter>; STATUSES.len()],
    duration: Histogram,
    route: &'static str,
    method: &'static str,
}

impl RouteMetrics {
    /// Counts an answered request.
    pub fn answered(&self, status: u16, elapsed: Duration) {
        self.duration.observe(elapsed.as_secs_f64());
        match STATUSES.iter().position(|known| *known == status) {
            Some(index) => self.known[index].get_or_init(|| self.counter(status)).inc(),
            None => self.counter(status).inc(),
        };
    }

    fn counter(&self, status: u16) -> Counter {
        self.requests.get_or_create_owned(&vec![
            ("route", self.route.to_owned()),
            ("method", self.method.to_owned()),
            ("status", status.to_string()),
        ])
    }
}

/// The handles of one domain.
#[derive(Debug)]
pub struct DomainMetrics {
    tokens: Vec<(&'static str, Taken)>,
    active: Taken,
    inactive: Taken,
}

/// A counter, and up to where it has gone into the statistics.
#[derive(Debug)]
struct Taken {
    counter: Counter,
    taken: AtomicU64,
}

impl From<Counter> for Taken {
    fn from(counter: Counter) -> Self {
        // A domain that was deleted and made anew finds the counter of its name, not at zero.
        let taken = AtomicU64::new(counter.get());
        Self { counter, taken }
    }
}

impl Taken {
    /// What it gained since the last time.
    fn take(&self) -> u64 {
        let now = self.counter.get();
        now.saturating_sub(self.taken.swap(now, Ordering::Relaxed))
    }
}

impl DomainMetrics {
    /// Counts a token response.
    pub fn token_issued(&self, grant: &str) {
        if let Some((_, counter)) = self.tokens.iter().find(|(name, _)| *name == grant) {
            counter.counter.inc();
        }
    }

    /// What was counted since the last time, for the statistics.
    pub fn take(&self) -> Vec<(Counted, &'static str, u64)> {
        let tokens = self.tokens.iter().map(|(grant, counter)| (Counted::Token, *grant, counter.take()));
        let answers = [("active", &self.active), ("inactive", &self.inactive)];
        let answers = answers.map(|(label, counter)| (Counted::Introspection, label, counter.take()));
        tokens.chain(answers).filter(|(_, _, gained)| *gained > 0).collect()
    }

    /// Counts an introspection by its answer.
    pub fn introspected(&self, active: bool) {
        if active {
            self.active.counter.inc()
        } else {
            self.inactive.counter.inc()
        };
    }
}

/// The counters of one cache.
#[derive(Debug, Clone)]
pub struct CacheMetrics {
    /// Lookups answered from memory.
    pub hits: Counter,
    /// Lookups that had to ask the database.
    pub misses: Counter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_encoded() {
        let metrics = Metrics::new();
        let route = metrics.route("/{domain}/oauth/token", "POST");
        for status in [200, 200, 418] {
            route.answered(status, Duration::from_millis(2));
        }
        let domain = metrics.domain("main", &["client_credentials", "refresh_token"]);
        domain.token_issued("client_credentials");
        domain.token_issued("urn:example:unknown");
        domain.introspected(false);
        metrics.cache("clients").hits.inc();
        metrics.registration("main", "open", "created");
        metrics.refusal("invalid_redirect_uri", "redirect_fragment");
        metrics.rate_limited("registration");
        metrics.password_hashes("people", 3);
        metrics.database_statements.inc_by(7);
        let text = metrics.encode();
        for line in [
            r#"registrar_http_requests_total{route="/{domain}/oauth/token",method="POST",status="200"} 2"#,
            r#"registrar_http_requests_total{route="/{domain}/oauth/token",method="POST",status="418"} 1"#,
            r#"registrar_http_request_duration_seconds_count{route="/{domain}/oauth/token"} 3"#,
            r#"registrar_tokens_issued_total{domain="main",grant="client_credentials"} 1"#,
            r#"registrar_introspections_total{domain="main",active="false"} 1"#,
            r#"registrar_cache_lookups_total{cache="clients",outcome="hit"} 1"#,
            r#"registrar_registrations_total{domain="main",origin="open",outcome="created"} 1"#,
            r#"registrar_refusals_total{code="invalid_redirect_uri",rule="redirect_fragment"} 1"#,
            r#"registrar_rate_limited_total{kind="registration"} 1"#,
            r#"registrar_password_hashes_pending{pool="people"} 3"#,
            "registrar_database_statements_total 7",
            "registrar_audit_events_dropped_total 0",
            "registrar_trace_steps_dropped_total 0",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
        assert!(text.contains(concat!("version=\"", env!("CARGO_PKG_VERSION"), "\"")));
    }

    #[test]
    fn the_statistics_take_each_count_once() {
        let metrics = Metrics::new();
        let domain = metrics.domain("main", &["refresh_token"]);
        domain.token_issued("refresh_token");
        domain.token_issued("refresh_token");
        domain.introspected(true);
        let expected = [(Counted::Token, "refresh_token", 2), (Counted::Introspection, "active", 1)];
        assert_eq!(domain.take(), expected);
        assert_eq!(domain.take(), []);
        domain.introspected(false);
        assert_eq!(domain.take(), [(Counted::Introspection, "inactive", 1)]);
        assert_eq!(metrics.domain("main", &["refresh_token"]).take(), [], "another of this name begins anew");
    }

    #[test]
    fn servers_in_one_process_count_apart() {
        let (one, other) = (Metrics::new(), Metrics::new());
        one.rate_limited("sign_up");
        assert!(!other.encode().contains("sign_up"));
    }
}
