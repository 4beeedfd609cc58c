//! Every URL of the server, one line each. The router, the middleware and the tests are built from this table.

use axum::Router;
use axum::routing::{MethodRouter, any, get, post};
use http::Method;

use crate::app::App;
use crate::model::oauth_error::OAuthError;
use crate::oauth::{authorize, introspection, jwks, metadata, revocation, token};
use crate::ops::security_headers::{CONFIGURATION_METHODS, PROTOCOL_METHODS};
use crate::registration::{manage, register, templates};
use crate::{edge, health};

/// Who may call a route. Each handler enforces it; the table says it, and a test holds one against the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// An authenticated client.
    Client,
    /// Whoever may register: by token, or anybody where open registration is on.
    Registrant,
    /// Whoever may manage the client that the path names.
    Manager,
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
}

const DISCOVERY: Route = Route {
    path: "",
    handler: || get(metadata::metadata),
    access: Access::Public,
    cors: PROTOCOL_METHODS,
    body: Body::None,
    fresh: false,
};

const BACK_CHANNEL: Route = Route {
    path: "",
    handler: || post(token::token),
    access: Access::Client,
    cors: PROTOCOL_METHODS,
    body: Body::Form,
    fresh: true,
};

const REGISTRATION: Route = Route {
    path: "",
    handler: || post(register::register),
    access: Access::Registrant,
    cors: PROTOCOL_METHODS,
    body: Body::Json,
    fresh: true,
};

const OPERATION: Route = Route {
    path: "",
    handler: || get(health::healthz),
    access: Access::Public,
    cors: &[],
    body: Body::None,
    fresh: false,
};

/// Every URL.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    // Discovery: RFC 8414 and OpenID Connect Discovery, in every form that clients try.
    Route { path: "/.well-known/oauth-authorization-server/{domain}/oidc", ..DISCOVERY },
    Route { path: "/.well-known/openid-configuration/{domain}/oidc", ..DISCOVERY },
    Route { path: "/{domain}/oidc/.well-known/openid-configuration", ..DISCOVERY },
    Route { path: "/{domain}/oidc/.well-known/oauth-authorization-server", ..DISCOVERY },
    Route { path: "/{domain}/.well-known/openid-configuration", ..DISCOVERY },
    Route { path: "/{domain}/.well-known/oauth-authorization-server", ..DISCOVERY },
    Route { path: "/{domain}/oidc/.well-known/jwks.json", handler: || get(jwks::jwks), ..DISCOVERY },
    // OAuth 2: RFC 6749, RFC 7662, RFC 7009.
    Route { path: "/{domain}/oauth/authorize", handler: || get(authorize::authorize).post(authorize::authorize), access: Access::Public, cors: &[], ..BACK_CHANNEL },
    Route { path: "/{domain}/oauth/token", ..BACK_CHANNEL },
    Route { path: "/{domain}/oauth/revoke", handler: || post(revocation::revoke), ..BACK_CHANNEL },
    Route { path: "/{domain}/oauth/introspect", handler: || post(introspection::introspect).get(introspection::introspect_by_get), cors: &[], ..BACK_CHANNEL },
    Route { path: "/{domain}/oauth/check_token", handler: || post(introspection::check_token), cors: &[], ..BACK_CHANNEL },
    // Registration: RFC 7591, RFC 7592.
    Route { path: "/{domain}/oidc/register", ..REGISTRATION },
    Route { path: "/{domain}/oidc/register/{client_id}", handler: || get(manage::read).put(manage::put).patch(manage::patch).delete(manage::delete), access: Access::Manager, cors: CONFIGURATION_METHODS, ..REGISTRATION },
    Route { path: "/{domain}/oidc/register/{client_id}/renew_secret", handler: || post(manage::renew).put(manage::renew).patch(manage::renew), access: Access::Manager, cors: CONFIGURATION_METHODS, ..REGISTRATION },
    Route { path: "/{domain}/oidc/register_templates", handler: || get(templates::templates), body: Body::None, ..REGISTRATION },
    // Operation.
    Route { path: "/healthz", ..OPERATION },
    Route { path: "/readyz", handler: || get(health::readyz), ..OPERATION },
];

/// `/metrics`, on the main listener or on one of its own.
const METRICS: Route = Route { path: "/metrics", handler: || get(health::metrics), ..OPERATION };

/// What answers where no route does.
const NOWHERE: Route = Route { path: "(none)", handler: || any(nowhere), cors: PROTOCOL_METHODS, ..OPERATION };

/// The router of the main listener.
pub fn router(app: &App) -> Router {
    let own_listener = app.settings.metrics.listen.is_some();
    let metrics = if own_listener { &[][..] } else { &[METRICS][..] };
    assemble(app, ROUTES.iter().chain(metrics))
}

/// The router of the listener for metrics.
pub fn metrics_router(app: &App) -> Router {
    assemble(app, &[METRICS])
}

fn assemble<'a>(app: &App, routes: impl IntoIterator<Item = &'a Route>) -> Router {
    let mut table = Router::new();
    for route in routes {
        let handler = (route.handler)().fallback(wrong_method);
        table = table.route(route.path, edge::guard(handler, app, route));
    }
    table
        .fallback_service(edge::guard((NOWHERE.handler)(), app, &NOWHERE).with_state(app.clone()))
        .with_state(app.clone())
}

/// A path that no route serves: JSON, never HTML, a redirect or 5xx, because discovery goes on only after a 404.
async fn nowhere() -> OAuthError {
    OAuthError::not_found("nothing is served under this path")
}

async fn wrong_method(method: Method) -> OAuthError {
    OAuthError::method_not_allowed(format!("{method} is not served under this path"))
}
