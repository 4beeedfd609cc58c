//! A real server to throw away: in memory, ready in milliseconds, every rule enforced, and steered by the tests that
//! use it.
//!
//! # Design
//! The harness stands in front of the server and is no part of it. [`control::Control`] holds the present server, which
//! is a whole one: its parts are put together by `startup` as for `serve`, only on a database in memory, with a clock
//! that can be moved, with signing keys that come with the program, and with values that wait in line before random
//! ones. A reset or a restore puts a new server together on an image of the database, so nothing that the old one had in
//! memory is left. `front` handles each request on its way in and out; `api` is the control API. What people and tokens
//! need beyond that is done as a browser or a client would do it, by requests to the server in this process.

pub mod api;
pub mod approvals;
mod asked;
pub mod baked;
pub mod control;
pub mod ending;
pub mod fault;
pub mod faults;
pub mod forge;
mod front;
mod instance;
pub mod mint;
mod notice;
pub mod options;
mod order;
mod page;
pub mod people;
pub mod record;
pub mod requests;
mod rules;
mod seen;
pub mod token_changes;
mod walk;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::administrators::api_tokens::NewApiToken;
use crate::app::App;
use crate::config::{BaseUrl, Settings};
use crate::fetch::Fetcher;
use crate::model::administrator::Role;
use crate::model::secret::Secret;
use crate::model::time::{Clock, Hand};
use crate::server::{self, ServerLimits};
use crate::startup::{make_first_domain, provision_all};
pub use control::{Control, HarnessCard, Snapshot};
use control::{Secrets, actor};
use instance::{Instance, Lasting};
pub use options::Options;

/// Where the control API is.
pub const CONTROL: &str = "/harness/v1";

/// A server to throw away, in this process. Dropped, it is gone.
#[derive(Debug)]
pub struct Harness {
    control: Control,
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<anyhow::Result<()>>,
}

impl Deref for Harness {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.control
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Harness {
    /// A harness on a free port of 127.0.0.1 with the domain `main`; it answers when this returns.
    pub async fn start() -> anyhow::Result<Self> {
        Box::pin(Self::start_with(Options::default())).await
    }

    /// The same as the options say.
    ///
    /// # Errors
    /// Options that no throw-away server is meant by, an address that is taken, a provisioning file that is wrong.
    pub async fn start_with(options: Options) -> anyhow::Result<Self> {
        let settings = options.checked()?;
        let listener = TcpListener::bind(settings.listen)
            .await
            .with_context(|| format!("cannot listen on {}; is another server running there?", settings.listen))?;
        let address = listener.local_addr()?;
        let public_url = match &settings.public_url {
            Some(url) => url.clone(),
            None => own_url(&settings, address)?,
        };
        let limits = ServerLimits { drain: std::time::Duration::ZERO, ..ServerLimits::from(&settings) };
        let tls = server::tls::from_settings(&settings.tls)?;
        let control = Box::pin(begin(settings, (public_url, address), options)).await?;
        let stop = CancellationToken::new();
        let (router, stopped) = (api::router(&control), stop.clone());
        let serving = tokio::spawn(async move { server::serve(listener, router, &limits, tls, stopped).await });
        Ok(Self { control, address, stop, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL, without a trailing slash.
    pub fn base_url(&self) -> String {
        self.app().public_url.as_str().to_owned()
    }

    /// A URL of a domain: `url("main", "/oauth/token")`.
    pub fn url(&self, domain: &str, path: &str) -> String {
        format!("{}/{domain}{path}", self.app().public_url)
    }

    /// The id and the secret of the gateway registrar, which registers clients and introspects tokens.
    ///
    /// # Errors
    /// A provisioning file said what is there from the start.
    pub async fn gateway(&self) -> anyhow::Result<(String, String)> {
        let gateway = self.card().await?.card.gateway.context("a provisioned harness has no gateway registrar")?;
        let secret = gateway.client_secret.context("the gateway registrar has no secret")?;
        Ok((gateway.client_id, secret.expose().to_owned()))
    }

    /// The issuer of a domain.
    pub fn issuer(&self, domain: &str) -> String {
        self.app().issuer_of(domain)
    }

    /// The hand of its clock.
    pub fn clock(&self) -> Arc<Hand> {
        Arc::clone(&self.control.hand)
    }

    /// Stops it, and waits until it has.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        (&mut self.serving).await?
    }

    /// Serves until `signal` is ready or the listener fails.
    pub async fn until(mut self, signal: impl Future<Output = ()>) -> anyhow::Result<()> {
        tokio::select! {
            () = signal => self.stop().await,
            ended = &mut self.serving => ended?,
        }
    }
}

/// The first server, with what is there from the start.
async fn begin(
    settings: Settings,
    (public_url, address): (BaseUrl, SocketAddr),
    options: Options,
) -> anyhow::Result<Control> {
    let listens_at = own_url(&settings, address)?.as_str().to_owned();
    let (clock, hand) = match options.clock {
        Some(Clock::Movable(hand)) => (Clock::Movable(Arc::clone(&hand)), hand),
        Some(Clock::System) | None => Clock::movable(),
    };
    let fetcher = match options.fetcher {
        Some(fetcher) => fetcher,
        None => Fetcher::guarded(&settings.fetch)?,
    };
    let (queue, outbox, order) = (Arc::default(), Arc::default(), Arc::default());
    let lasting = Lasting { settings, clock, queue, outbox, order, fetcher: Arc::new(fetcher) };
    let instance = Instance::empty(&lasting, public_url).await?;
    let gateway = match &options.provision {
        Some(file) => provision_all(&instance.app, file).await.map(|_| None)?,
        None => Some(make_first_domain(&instance.app).await?),
    };
    let api_token = owner_token(&instance.app).await?;
    Control::new(lasting, hand, instance, (Secrets { gateway, api_token }, listens_at)).await
}

/// Where this machine reaches the listener, even if that is on every address.
fn own_url(settings: &Settings, mut address: SocketAddr) -> anyhow::Result<BaseUrl> {
    let scheme = if settings.tls.certificate.is_some() { "https" } else { "http" };
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    format!("{scheme}://{address}").parse().map_err(|problem: String| anyhow!(problem))
}

async fn owner_token(app: &App) -> anyhow::Result<Secret> {
    let new = NewApiToken { label: "harness".to_owned(), role: Role::Owner, domain_id: None, lifetime: None };
    let (_, token) = app.administrators.create_api_token(new, &actor()).await?;
    Ok(token)
}
