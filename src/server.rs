//! The accept loop: limits on time, size and number that a general-purpose loop leaves open, TLS, graceful stop.
//!
//! # Design
//! Each connection is one task. `connection` watches its bytes and closes it when a peer dawdles; `body` bounds the
//! time a request's body may take; [`tls`] builds what speaks TLS. What the HTTP library refuses by itself (431, 400
//! for a malformed head) has no body.

mod body;
mod connection;
pub mod tls;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt as _};

use crate::config::{Network, Settings};
use crate::edge::Peer;
use crate::ops::rate_limit::SourcePrefix;
use body::{RequestBody, ResponseBody};
use connection::{Activity, Watched};

/// Pause after the system refused a connection (no file descriptors left), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What the HTTP library takes without allocating per request.
const DEFAULT_HEADER_COUNT: usize = 100;

/// What the accept loop allows.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// For the TLS handshake, and for a request's headers.
    pub header_timeout: Duration,
    /// For a request's body, from its headers on.
    pub body_timeout: Duration,
    /// For a connection without a request, and for a peer that does not read its answer.
    pub idle_timeout: Duration,
    /// For requests under way after the stop signal.
    pub drain: Duration,
    /// Largest request head, bytes; at least 8192.
    pub header_bytes: usize,
    /// Most headers of an HTTP/1 request.
    pub header_count: usize,
    /// Concurrent requests on one HTTP/2 connection.
    pub http2_streams: u32,
    /// Open connections in total.
    pub max_connections: usize,
    /// Open connections per source.
    pub max_connections_per_source: usize,
    /// Sources that may open as many as they like: reverse proxies.
    pub exempt: Vec<Network>,
}

impl From<&Settings> for ServerLimits {
    fn from(settings: &Settings) -> Self {
        let limits = &settings.limits;
        Self {
            header_timeout: Duration::from_secs(limits.header_timeout_seconds),
            body_timeout: Duration::from_secs(limits.body_timeout_seconds),
            idle_timeout: Duration::from_secs(limits.idle_timeout_seconds),
            drain: Duration::from_secs(settings.shutdown.drain_seconds),
            header_bytes: limits.header_bytes,
            header_count: limits.header_count,
            http2_streams: limits.http2_streams,
            max_connections: limits.max_connections,
            max_connections_per_source: limits.max_connections_per_source,
            exempt: settings.rate_limit.trusted_proxies.to_vec(),
        }
    }
}

/// What a listener serves.
pub trait Serves:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Serves for S where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Serves until `shutdown` is cancelled; then stops accepting, lets requests under way finish, and drops the rest.
pub async fn serve(
    listener: TcpListener,
    service: impl Serves,
    limits: &ServerLimits,
    tls: Option<Arc<ServerConfig>>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let server = Arc::new(Server::new(service, limits.clone(), tls, shutdown.clone()));
    let total = Arc::new(Semaphore::new(limits.max_connections.min(Semaphore::MAX_PERMITS)));
    let sources = Arc::new(Sources::default());
    let graceful = GracefulShutdown::new();
    let kill = CancellationToken::new();
    let accepting = async {
        // The semaphore is never closed: the loop ends when `shutdown` drops it.
        while let Ok(permit) = total.clone().acquire_owned().await {
            let (stream, address) = accept(&listener).await;
            let Some(slot) = sources.admit(address.ip(), limits) else {
                tracing::debug!(%address, "connection closed: too many from this source");
                continue;
            };
            let (server, watcher, kill) = (server.clone(), graceful.watcher(), kill.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = kill.cancelled() => {}
                    () = server.connection(stream, address, watcher) => {}
                }
                drop((permit, slot));
            });
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = accepting => {}
    }
    drop(listener);
    if timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(seconds = limits.drain.as_secs(), "requests still under way after the stop signal are dropped");
        kill.cancel();
    }
    Ok(())
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_about_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

struct Server<S> {
    service: S,
    limits: ServerLimits,
    tls: Option<TlsAcceptor>,
    http: Builder<TokioExecutor>,
    shutdown: CancellationToken,
}

impl<S: Serves> Server<S> {
    fn new(service: S, limits: ServerLimits, tls: Option<Arc<ServerConfig>>, shutdown: CancellationToken) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        // The library's own timeout would also end idle connections; `Watched` tells the two apart.
        http.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(limits.header_bytes.max(8192));
        if limits.header_count != DEFAULT_HEADER_COUNT {
            http.http1().max_headers(limits.header_count);
        }
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.http2_streams)
            .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
            .keep_alive_interval(limits.idle_timeout / 2)
            .keep_alive_timeout(limits.header_timeout);
        Self { service, limits, tls: tls.map(TlsAcceptor::from), http, shutdown }
    }

    /// One connection, from the first byte to the last.
    async fn connection(&self, stream: TcpStream, address: SocketAddr, watcher: Watcher) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%address, %error, "connection lost at once");
            return;
        }
        let Some(acceptor) = &self.tls else {
            return self.http(stream, Peer { address, certificate: None }, watcher).await;
        };
        let handshake = timeout(self.limits.header_timeout, acceptor.accept(stream));
        let stream = tokio::select! {
            () = self.shutdown.cancelled() => return,
            stream = handshake => stream,
        };
        match stream {
            Ok(Ok(stream)) => {
                let certificates = stream.get_ref().1.peer_certificates();
                let certificate = certificates.and_then(<[_]>::first).cloned().map(Arc::new);
                self.http(stream, Peer { address, certificate }, watcher).await;
            }
            Ok(Err(error)) => tracing::debug!(%address, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%address, "TLS handshake took too long"),
        }
    }

    async fn http<IO>(&self, stream: IO, peer: Peer, watcher: Watcher)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::new(Activity::new());
        let io = Watched::new(stream, activity.clone(), self.limits.header_timeout, self.limits.idle_timeout);
        let address = peer.address;
        let (service, body_timeout) = (self.service.clone(), self.limits.body_timeout);
        let answers = service_fn(move |request: Request<Incoming>| {
            answer(service.clone(), peer.clone(), activity.clone(), body_timeout, request)
        });
        if let Err(error) = watcher.watch(self.http.serve_connection(TokioIo::new(io), answers)).await {
            tracing::debug!(%address, %error, "connection ended");
        }
    }
}

async fn answer(
    service: impl Serves,
    peer: Peer,
    activity: Arc<Activity>,
    body_timeout: Duration,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Cut> {
    let version = request.version();
    let underway = activity.enter(version);
    let (body, late) = RequestBody::within(body_timeout, &request);
    let mut request = request.map(|incoming| Body::new(body.carrying(incoming)));
    request.extensions_mut().insert(peer);
    let Ok(response) = service.oneshot(request).await;
    if let Some(cut) = response.extensions().get::<Cut>() {
        return Err(*cut);
    }
    let response = if late.happened() { body::too_late(response, version) } else { response };
    Ok(response.map(|body| ResponseBody::new(body, underway)))
}

/// An extension of a response that is not sent: its connection is cut instead.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the connection was cut on purpose")]
pub struct Cut;

/// Open connections by source.
#[derive(Default)]
struct Sources(Mutex<HashMap<SourcePrefix, usize>>);

impl Sources {
    /// A place for one more connection, or nothing when the source has as many as it may have.
    fn admit(self: &Arc<Self>, address: IpAddr, limits: &ServerLimits) -> Option<Slot> {
        if limits.exempt.iter().any(|network| network.contains(address)) {
            return Some(Slot(None));
        }
        let source = SourcePrefix::of(address);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(source).or_default();
        if *count >= limits.max_connections_per_source {
            return None;
        }
        *count += 1;
        Some(Slot(Some((self.clone(), source))))
    }
}

/// A place that is given back when dropped.
struct Slot(Option<(Arc<Sources>, SourcePrefix)>);

impl Drop for Slot {
    fn drop(&mut self) {
        let Some((sources, source)) = self.0.take() else { return };
        let mut open = sources.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut entry) = open.entry(source) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests;
