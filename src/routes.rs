//! Every URL of the server, one line each. The router, the middleware and the tests are built from this table.

mod api;
mod console;
mod protocol;

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use axum::routing::{MethodRouter, any, get};
use http::Method;
use tower::{Service, ServiceExt as _, service_fn};

use crate::admin::admit::Needs;
use crate::admin::console::home;
use crate::app::App;
use crate::model::oauth_error::OAuthError;
use crate::ops::security_headers::PROTOCOL_METHODS;
use crate::{edge, health};
use protocol::OPERATION;

/// Who may call a route. Each handler enforces it; the table says it, and a test holds one against the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// An authenticated client.
    Client,
    /// Whoever holds the access token of a person's login.
    Login,
    /// Whoever may register: by token, or anybody where open registration is on.
    Registrant,
    /// Whoever may manage the client that the path names.
    Manager,
    /// Anybody with a browser; what they see depends on what they bring.
    Visitor,
    /// A person who is logged in; others are sent to log in.
    Person,
    /// Whoever administers and has the role it takes, for the domain that the path names. Enforced before the handler.
    Administrator(Needs),
}

/// Whom the answers of a route are for, and what protects their reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// Programs: errors are JSON.
    Api,
    /// People, on pages whose forms may end in a redirect to a client. Errors are pages, and only our own pages may
    /// post here.
    Page,
    /// People, on pages whose forms end here. Errors are pages, and only our own pages may post here.
    OwnPage,
    /// Browsers that clients send here. Errors are pages, and any site may post here.
    Endpoint,
    /// Programs that administer, by API token: errors are problem details (RFC 9457).
    Management,
    /// Administrators in a browser. Errors are pages, and only our own pages may post here.
    Console,
}

/// What kind of body a route reads, and so how long it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// None.
    None,
    /// A form.
    Form,
    /// JSON of a registration.
    Json,
    /// What administrators send: JSON, forms, images.
    Management,
}

/// One URL.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The path, as axum writes it.
    pub path: &'static str,
    /// The handlers.
    pub handler: fn() -> MethodRouter<App>,
    /// Who may call it.
    pub access: Access,
    /// The methods that pages of other origins may use; empty: no CORS at all.
    pub cors: &'static [Method],
    /// What body it reads.
    pub body: Body,
    /// Whether it needs to know of every change: it answers 503 while the change feed is lost.
    pub fresh: bool,
    /// Whom its answers are for.
    pub surface: Surface,
}

/// `/metrics`, on the main listener or on one of its own.
const METRICS: Route = Route { path: "/metrics", handler: || get(health::metrics), ..OPERATION };

/// What answers where no route does.
const NOWHERE: Route = Route { path: "(none)", handler: || any(nowhere), cors: PROTOCOL_METHODS, ..OPERATION };

/// What answers a browser at the server's root, and where the console has no page.
const ASTRAY: Route = Route {
    path: "(astray)",
    handler: || any(home::astray),
    access: Access::Visitor,
    surface: Surface::Console,
    ..OPERATION
};

/// Every URL.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    protocol::PROTOCOL.iter().chain(api::API).chain(console::CONSOLE)
}

/// What the main listener serves.
pub fn serving(app: &App) -> Routes {
    let own_listener = app.settings.metrics.listen.is_some();
    let metrics = if own_listener { &[][..] } else { &[METRICS][..] };
    let protocol = assemble(app, protocol::PROTOCOL.iter().chain(metrics));
    Routes { app: app.clone(), protocol, administration: Arc::default() }
}

/// The routes of the protocol, and those of administration. These are about three times as many, and many a server, such
/// as one for tests, is never asked for one: they are put together for the first who asks.
#[derive(Debug, Clone)]
pub struct Routes {
    app: App,
    protocol: Router,
    administration: Arc<OnceLock<Router>>,
}

impl Service<Request> for Routes {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router always is.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if !is_of_administration(request.uri().path()) {
            return self.protocol.call(request);
        }
        let all = || assemble(&self.app, api::API.iter().chain(console::CONSOLE));
        self.administration.get_or_init(all).clone().call(request)
    }
}

fn is_of_administration(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    // The root leads to the console.
    matches!(first, "" | "api" | "console") || path.starts_with("/assets/console-")
}

/// The router of the listener for metrics.
pub fn metrics_router(app: &App) -> Router {
    assemble(app, &[METRICS])
}

/// The router of discovery alone, for requests within the process.
fn discovery_router(app: &App) -> Router {
    assemble(app, routes().filter(|route| route.path.contains("/.well-known/")))
}

fn assemble<'a>(app: &App, routes: impl IntoIterator<Item = &'a Route>) -> Router {
    let (mut table, mut has_console) = (Router::new(), false);
    for route in routes {
        let handler = (route.handler)().fallback(wrong_method);
        table = table.route(route.path, edge::guard(handler, app, route));
        has_console |= route.surface == Surface::Console;
    }
    let lost = |route: &Route| edge::guard((route.handler)(), app, route).with_state::<()>(app.clone());
    let (nowhere, astray) = (lost(&NOWHERE), lost(&ASTRAY));
    let fallback = service_fn(move |request: Request| {
        let to = if has_console && home::is_astray(&request) { &astray } else { &nowhere };
        to.clone().oneshot(request)
    });
    table.fallback_service(fallback).with_state(app.clone())
}

/// A path that no route serves: for programs JSON, never HTML, a redirect or 5xx, because discovery goes on only after a
/// 404.
async fn nowhere() -> OAuthError {
    OAuthError::not_found("nothing is served under this path")
}

async fn wrong_method(method: Method) -> OAuthError {
    OAuthError::method_not_allowed(format!("{method} is not served under this path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_half_has_its_own_paths() {
        for route in protocol::PROTOCOL.iter().chain([&METRICS]) {
            assert!(!is_of_administration(route.path), "{}", route.path);
        }
        for route in api::API.iter().chain(console::CONSOLE) {
            assert!(is_of_administration(route.path), "{}", route.path);
        }
    }
}
