//! What happens around every request: who asks, limits, CORS, security headers, metrics, the request log.

pub(crate) mod body;
mod problem;

use std::any::Any;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use axum::body::Body as HttpBody;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use futures_util::FutureExt as _;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, CONTENT_SECURITY_POLICY, HOST};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use rustls_pki_types::CertificateDer;
use tower_http::csrf::CsrfLayer;

use crate::admin::admit::{Admission, Entrance, admit};
use crate::admin::console::once;
use crate::admin::idempotency;
use crate::admin::problem::for_programs;
use crate::app::App;
use crate::config::LogRequests;
use crate::model::oauth_error::OAuthError;
use crate::oauth::error::{Cause, ErrorCode};
use crate::oauth::request::{Caller, wants_json};
use crate::ops::metrics::RouteMetrics;
use crate::ops::rate_limit::client_address;
use crate::ops::request_id::X_REQUEST_ID;
use crate::ops::security_headers::{account_page, api, console_page, cors, no_store, page, preflight};
use crate::routes::{Access, Body, Route, Surface};

/// Who is at the other end: an extension of every request.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The address of the connection; behind a proxy, the proxy's.
    pub address: SocketAddr,
    /// The certificate that the peer presented in the TLS handshake.
    pub certificate: Option<Arc<CertificateDer<'static>>>,
}

/// The methods that metrics tell apart.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// What an administrator may send at once, in bytes: the largest is a logo.
const MANAGEMENT_BODY: usize = 256 * 1024;

/// How many headers an answer usually has, so that the map grows once.
const USUAL_HEADERS: usize = 12;

/// What the edge knows of a route.
#[derive(Clone)]
struct Guard {
    app: App,
    route: Route,
    limit: usize,
    /// One per name in [`METHODS`], and one for all others.
    metrics: Arc<[RouteMetrics]>,
}

/// Puts the edge around a route's handlers.
pub fn guard(handler: MethodRouter<App>, app: &App, route: &Route) -> MethodRouter<App, Infallible> {
    let limits = &app.settings.limits;
    let limit = match route.body {
        Body::None => 1_024,
        Body::Form => limits.form_body_bytes,
        Body::Json => limits.registration_body_bytes,
        Body::Management => MANAGEMENT_BODY,
    };
    let guard = Guard {
        app: app.clone(),
        route: *route,
        limit,
        metrics: METHODS.into_iter().chain(["other"]).map(|name| app.metrics.route(route.path, name)).collect(),
    };
    let handler = match route.access {
        Access::Administrator(needs) => {
            let entrance = if route.surface == Surface::Console { Entrance::Cookie } else { Entrance::Bearer };
            let admission = Admission { app: app.clone(), pattern: route.path, needs, entrance };
            let handler = match entrance {
                Entrance::Bearer => handler.layer(from_fn_with_state(app.clone(), idempotency::once)),
                Entrance::Cookie => handler.layer(from_fn_with_state(app.clone(), once::once)),
            };
            handler.layer(from_fn_with_state(admission, admit))
        }
        _ => handler,
    };
    let handler = match route.surface {
        Surface::Page | Surface::OwnPage | Surface::Console => handler.layer(only_own_forms(app)),
        Surface::Api | Surface::Endpoint | Surface::Management => handler,
    };
    handler.layer(from_fn_with_state(guard, pass))
}

/// Forms of people are taken from our own pages only. The public URL is named because a proxy may send another `Host`.
fn only_own_forms(app: &App) -> CsrfLayer {
    let scheme = if app.public_url.is_https() { "https" } else { "http" };
    let own = format!("{scheme}://{}", app.public_url.authority());
    CsrfLayer::new().add_trusted_origin(&own).unwrap_or_default()
}

/// The headers that protect whoever reads the answer. What a handler has decided about its page stands.
fn protect(headers: &mut HeaderMap, surface: Surface, https: bool) {
    headers.reserve(USUAL_HEADERS.saturating_sub(headers.len()));
    let decided = headers.get(CONTENT_SECURITY_POLICY).cloned();
    match surface {
        Surface::Api => api(headers, https),
        Surface::Management => {
            api(headers, https);
            no_store(headers);
        }
        Surface::Page | Surface::Endpoint => page(headers, https),
        Surface::OwnPage => account_page(headers, https),
        Surface::Console => console_page(headers, https),
    }
    if let Some(policy) = decided.filter(|_| !matches!(surface, Surface::Api | Surface::Management)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
}

/// A bug in a handler is one failed request, not a lost connection.
fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    OAuthError::server_error(anyhow!("a handler panicked: {}", text.unwrap_or("without a text"))).into_response()
}

async fn pass(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let request_id: Arc<str> = guard.app.request_ids.of(request.headers()).into();
    let peer = request.extensions().get::<Peer>().map(|peer| peer.address);
    // In process, without a connection, a request comes from this machine.
    let peer = peer.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0));
    let trusted = &guard.app.settings.rate_limit.trusted_proxies;
    let address = client_address(peer, request.headers(), trusted);
    request.extensions_mut().insert(Caller { address, request_id: Arc::clone(&request_id) });
    let surface = guard.route.surface;
    let programs = matches!(surface, Surface::Api | Surface::Management);
    let for_people = !programs && !wants_json(request.headers());
    let path = (for_people || tells_all(&guard)).then(|| request.uri().path().to_owned());
    name_host(&mut request);

    let mut response = answer(&guard, request, next).await;

    if for_people {
        response = problem::for_people(&guard.app, path.as_deref().unwrap_or_default(), &request_id, response).await;
    }
    if surface == Surface::Management {
        response = for_programs(&request_id, response).await;
    }
    let headers = response.headers_mut();
    protect(headers, guard.route.surface, guard.app.public_url.is_https());
    if !guard.route.cors.is_empty() {
        cors(headers);
    }
    if let Ok(id) = HeaderValue::try_from(&*request_id) {
        headers.insert(X_REQUEST_ID, id);
    }
    let elapsed = began.elapsed();
    let status = response.status().as_u16();
    let at = METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len());
    guard.metrics[at].answered(status, elapsed);
    if let Some(Cause(cause)) = response.extensions().get() {
        tracing::error!(
            route = guard.route.path,
            status,
            cause = &**cause,
            request_id = &*request_id,
            "a request failed"
        );
    }
    log(&guard, &response, &Line { method, path, address, request_id, elapsed });
    response
}

/// HTTP/2 names the host in the URL, HTTP/1.1 in a header (RFC 9113 §8.3.1): handlers read the header.
fn name_host(request: &mut Request) {
    if !request.headers().contains_key(HOST)
        && let Some(host) = request.uri().authority().and_then(|host| HeaderValue::try_from(host.as_str()).ok())
    {
        request.headers_mut().insert(HOST, host);
    }
}

async fn answer(guard: &Guard, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS && !guard.route.cors.is_empty() {
        let preflighted = request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let headers = if preflighted { preflight(guard.route.cors) } else { HeaderMap::new() };
        return (StatusCode::NO_CONTENT, headers).into_response();
    }
    if guard.route.fresh && !guard.app.feed.is_fresh() {
        return OAuthError::temporarily_unavailable("the server has lost touch with its database; try again shortly")
            .into_response();
    }
    let version = request.version();
    let patience = Duration::from_secs(guard.app.settings.limits.request_timeout_seconds);
    let work = async {
        let (parts, sent) = request.into_parts();
        match body::read(&parts, sent, guard.limit).await {
            Ok(body) => {
                let answered =
                    AssertUnwindSafe(next.run(Request::from_parts(parts, HttpBody::from(body)))).catch_unwind();
                answered.await.unwrap_or_else(|panic| panicked(&*panic))
            }
            Err(error) => body::last(error.into_response(), version),
        }
    };
    // A database that has vanished without a word would keep its requests for ever.
    tokio::time::timeout(patience, work).await.unwrap_or_else(|_| {
        let error = OAuthError::temporarily_unavailable("the request took too long; it may be tried again");
        body::last(error.into_response(), version)
    })
}

struct Line {
    method: Method,
    path: Option<String>,
    address: IpAddr,
    request_id: Arc<str>,
    elapsed: Duration,
}

fn tells_all(guard: &Guard) -> bool {
    guard.app.settings.log.requests == LogRequests::All
}

/// One line per request that the setting asks for; never a query, a header or a body, which may hold secrets.
fn log(guard: &Guard, response: &Response, line: &Line) {
    let settings = &guard.app.settings.log;
    let status = response.status();
    let slow = line.elapsed >= Duration::from_millis(settings.slow_milliseconds);
    let wanted = match settings.requests {
        LogRequests::Off => false,
        LogRequests::Errors => status.is_server_error() || slow,
        LogRequests::All => true,
    };
    if !wanted {
        return;
    }
    let error = response.extensions().get::<ErrorCode>().map(|code| code.0);
    tracing::info!(
        target: "registrar::request",
        method = %line.method,
        route = guard.route.path,
        path = line.path.as_deref().filter(|_| tells_all(guard)),
        status = status.as_u16(),
        milliseconds = u64::try_from(line.elapsed.as_millis()).unwrap_or(u64::MAX),
        error,
        source = %line.address,
        request_id = &*line.request_id,
        slow,
    );
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::to_bytes;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;
    use crate::harness::Harness;
    use crate::routes::routes;

    async fn broken() -> Response {
        panic!("a bug");
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_one_failed_request() {
        let harness = Harness::start().await.unwrap();
        let app = harness.app();
        let route = Route { path: "/broken", handler: || get(broken), ..*routes().next().unwrap() };
        let router = Router::new().route(route.path, guard((route.handler)(), &app, &route)).with_state(app);
        for _ in 0..2 {
            let answer =
                router.clone().oneshot(Request::get("/broken").body(HttpBody::empty()).unwrap()).await.unwrap();
            assert_eq!(answer.status(), 500);
            assert!(answer.headers().contains_key(X_REQUEST_ID));
            let body = to_bytes(answer.into_body(), 1_024).await.unwrap();
            let body = String::from_utf8_lossy(&body);
            assert!(body.contains("server_error") && !body.contains("a bug"), "{body}");
        }
    }
}
