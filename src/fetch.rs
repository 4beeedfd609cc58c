//! Outbound HTTP: the only place that names the HTTP client.
//!
//! # Design
//! URLs come from strangers (`jwks_uri`, client id metadata documents), so a fetch must not become a way into the
//! network the server stands in. The guard sits in the resolver: the connection is made to exactly the addresses that
//! were checked, and a name cannot answer differently the second time. The client is built at its first use.

mod address;
mod error;
mod exemption;
mod freshness;
pub mod probe;
mod resolver;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use http::header::{ACCEPT, ACCEPT_ENCODING};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response};
use serde_json::Value;
use tokio::sync::Semaphore;
use url::{Host, Url};

use crate::config::{self, Exemption};
use crate::model::json;

pub use address::is_public;
pub use error::FetchError;
use error::reason;
use exemption::{is_exempt_by_name, is_exempt_literal, may_reach};
use freshness::max_age;
use resolver::Resolver;

/// How names are resolved instead of asking the system, for tests: all addresses of a name, none if it is unknown.
pub type Lookup = Arc<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

/// How long an answer to an administrator may take at least, and how many bytes it may have.
const ADMINISTRATION: (Duration, usize) = (Duration::from_mins(1), 16 * 1_024 * 1_024);

const USER_AGENT: &str = concat!("Registrar/", env!("CARGO_PKG_VERSION"));

/// A JSON document and how long it may be kept.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The document.
    pub value: Value,
    /// Seconds it may be kept by its own account (RFC 9111 §4.2.1); 0 if it must not be, `None` if it says nothing.
    pub max_age: Option<i64>,
}

/// Makes outbound requests under one set of rules.
pub struct Fetcher {
    rules: Rules,
    extra_authorities: Vec<Certificate>,
    lookup: Option<Lookup>,
    slots: Semaphore,
    timeout: Duration,
    max_bytes: usize,
    /// Connects to checked addresses only.
    checked: OnceLock<Client>,
    /// Connects to any address: for the operator, and for hosts that are exempt by name.
    unchecked: OnceLock<Client>,
}

/// What a guarded request may do without TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plain {
    /// Nothing: what comes back is trusted.
    Never,
    /// Look at a host that the operator named.
    WhereNamed,
}

#[derive(Clone)]
enum Rules {
    Guarded(Arc<[Exemption]>),
    Operator,
    OwnServer,
    Administration {
        /// Past any proxy: the server is on this machine.
        direct: bool,
    },
}

impl Fetcher {
    /// For the server, whose URLs come from strangers: https only, public addresses only, no redirects, no proxies. Where
    /// the operator named a host, its addresses may be private, and a probe may go there by http.
    pub fn guarded(settings: &config::Fetch) -> anyhow::Result<Self> {
        Self::new(Rules::Guarded(settings.allow.to_vec().into()), settings)
    }

    /// For the command line, whose URLs come from its user: any address, http too.
    pub fn operator(settings: &config::Fetch) -> anyhow::Result<Self> {
        Self::new(Rules::Operator, settings)
    }

    /// For the server on this machine, by its address: no proxy, and no certificate would name that address.
    pub fn own_server(settings: &config::Fetch) -> anyhow::Result<Self> {
        Self::new(Rules::OwnServer, settings)
    }

    /// For the command line, to administer a server far away: what it sends is secret, so http only within this machine.
    pub fn administration(settings: &config::Fetch, base: &Url) -> anyhow::Result<Self> {
        let mut fetcher = Self::new(Rules::Administration { direct: is_loopback(base) }, settings)?;
        fetcher.timeout = fetcher.timeout.max(ADMINISTRATION.0);
        fetcher.max_bytes = ADMINISTRATION.1;
        Ok(fetcher)
    }

    fn new(rules: Rules, settings: &config::Fetch) -> anyhow::Result<Self> {
        let extra_authorities = match &settings.extra_ca_file {
            Some(path) => std::fs::read(path)
                .map_err(anyhow::Error::from)
                .and_then(|pem| Ok(Certificate::from_pem_bundle(&pem)?))
                .with_context(|| format!("fetch.extra_ca_file: cannot read certificates from {}", path.display()))?,
            None => Vec::new(),
        };
        Ok(Self {
            rules,
            extra_authorities,
            lookup: None,
            slots: Semaphore::new(settings.max_concurrent.min(Semaphore::MAX_PERMITS)),
            timeout: Duration::from_secs(settings.timeout_seconds),
            max_bytes: settings.max_bytes,
            checked: OnceLock::new(),
            unchecked: OnceLock::new(),
        })
    }

    /// The same rules with names resolved by a function.
    #[must_use]
    pub fn with_lookup(mut self, lookup: Lookup) -> Self {
        self.lookup = Some(lookup);
        self
    }

    /// Fetches a JSON document; the wait for a free slot counts towards the time it may take.
    pub async fn get_json(&self, url: &str) -> Result<Fetched, FetchError> {
        let (url, client) = self.admit(url, Plain::Never)?;
        let work = async {
            let _slot = self.slots.acquire().await.map_err(|_| FetchError::Failed)?;
            let request = client.get(url).header(ACCEPT, "application/json").header(ACCEPT_ENCODING, "identity");
            let response = request.send().await.map_err(reason)?;
            match response.status().as_u16() {
                200 => {}
                300..=399 => return Err(FetchError::Redirects),
                status => return Err(FetchError::Status(status)),
            }
            let max_age = max_age(response.headers());
            let value = json::parse(&self.read(response).await?).map_err(|_| FetchError::NotJson)?;
            Ok(Fetched { value, max_age })
        };
        tokio::time::timeout(self.timeout, work).await.unwrap_or(Err(FetchError::TimedOut))
    }

    /// Checks what the URL itself says, and picks the client that checks the rest.
    fn admit(&self, url: &str, plain: Plain) -> Result<(Url, &Client), FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::NotAUrl)?;
        let host = url.host().ok_or(FetchError::NotAUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::NotAUrl);
        }
        let client = match &self.rules {
            Rules::Operator | Rules::OwnServer if !matches!(url.scheme(), "http" | "https") => {
                return Err(FetchError::NotHttps);
            }
            Rules::Administration { .. } if !keeps_secrets(&url) => return Err(FetchError::NotHttps),
            Rules::Operator | Rules::OwnServer | Rules::Administration { .. } => self.unchecked()?,
            Rules::Guarded(exemptions) => self.guard(exemptions, (&url, &host), plain)?,
        };
        Ok((url, client))
    }

    /// Checks a stranger's URL.
    fn guard(
        &self,
        exemptions: &Arc<[Exemption]>,
        (url, host): (&Url, &Host<&str>),
        plain: Plain,
    ) -> Result<&Client, FetchError> {
        let by_name = is_exempt_by_name(exemptions, host, url.port_or_known_default());
        let named = by_name || is_exempt_literal(exemptions, host);
        match url.scheme() {
            "https" => {}
            "http" if named && plain == Plain::WhereNamed => {}
            _ => return Err(FetchError::NotHttps),
        }
        match host {
            _ if by_name => self.unchecked(),
            // Literal addresses are not resolved: they are checked here.
            Host::Ipv4(address) if !may_reach(exemptions, (*address).into()) => Err(FetchError::PrivateAddress),
            Host::Ipv6(address) if !may_reach(exemptions, (*address).into()) => Err(FetchError::PrivateAddress),
            _ => self.checked(exemptions),
        }
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, FetchError> {
        let too_large = FetchError::TooLarge(self.max_bytes);
        let announced = response.content_length().unwrap_or(0);
        if usize::try_from(announced).map_or(true, |bytes| bytes > self.max_bytes) {
            return Err(too_large);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reason)? {
            if body.len() + chunk.len() > self.max_bytes {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn checked(&self, exemptions: &Arc<[Exemption]>) -> Result<&Client, FetchError> {
        build_once(&self.checked, || self.client(Some(exemptions.clone())))
    }

    fn unchecked(&self) -> Result<&Client, FetchError> {
        build_once(&self.unchecked, || self.client(None))
    }

    fn client(&self, guard: Option<Arc<[Exemption]>>) -> reqwest::Result<Client> {
        let builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(Policy::none())
            .referer(false)
            .timeout(self.timeout)
            .pool_max_idle_per_host(0)
            .tls_certs_merge(self.extra_authorities.iter().cloned())
            .dns_resolver(Resolver { lookup: self.lookup.clone(), guard });
        match self.rules {
            // A proxy would resolve the name by itself, unchecked. The scheme is checked with the URL, and nothing is
            // redirected.
            Rules::Guarded(_) | Rules::Administration { direct: true } => builder.no_proxy().build(),
            Rules::Operator | Rules::Administration { direct: false } => builder.build(),
            Rules::OwnServer => builder.no_proxy().tls_danger_accept_invalid_certs(true).build(),
        }
    }
}

/// Whether nobody on the way can read what is sent to this URL: https, or http that does not leave this machine.
pub fn keeps_secrets(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guarded = matches!(self.rules, Rules::Guarded(_));
        f.debug_struct("Fetcher").field("guarded", &guarded).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

fn build_once(cell: &OnceLock<Client>, build: impl FnOnce() -> reqwest::Result<Client>) -> Result<&Client, FetchError> {
    if let Some(client) = cell.get() {
        return Ok(client);
    }
    let client = build().map_err(|error| {
        tracing::error!(%error, "the client for outbound requests cannot be built");
        FetchError::Failed
    })?;
    Ok(cell.get_or_init(|| client))
}

#[cfg(test)]
mod tests;
