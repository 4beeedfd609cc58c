//! Every URL of the server, one line each. The router, the middleware and the tests are built from this table.

use axum::Router;
use axum::routing::{MethodRouter, any, get, post};
use http::Method;

use crate::accounts::{account, assets, consent, login, password, sign_up, verify};
use crate::app::App;
use crate::model::oauth_error::OAuthError;
use crate::oauth::{authorize, introspection, jwks, metadata, revocation, token};
use crate::oidc::{logout, userinfo};
use crate::ops::security_headers::{CONFIGURATION_METHODS, PROTOCOL_METHODS};
use crate::pages::STYLESHEET_PATH;
use crate::registration::{manage, register, templates};
use crate::{edge, health};

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
    /// Whom its answers are for.
    pub surface: Surface,
}

const DISCOVERY: Route = Route {
    path: "",
    handler: || get(metadata::metadata),
    access: Access::Public,
    cors: PROTOCOL_METHODS,
    body: Body::None,
    fresh: false,
    surface: Surface::Api,
};

const BACK_CHANNEL: Route = Route {
    path: "",
    handler: || post(token::token),
    access: Access::Client,
    cors: PROTOCOL_METHODS,
    body: Body::Form,
    fresh: true,
    surface: Surface::Api,
};

const USERINFO: Route = Route {
    path: "",
    handler: || get(userinfo::userinfo).post(userinfo::userinfo),
    access: Access::Login,
    cors: PROTOCOL_METHODS,
    body: Body::Form,
    fresh: true,
    surface: Surface::Api,
};

/// Where clients send browsers.
const ENDPOINT: Route = Route {
    path: "",
    handler: || get(authorize::authorize).post(authorize::authorize),
    access: Access::Visitor,
    cors: &[],
    body: Body::Form,
    fresh: true,
    surface: Surface::Endpoint,
};

const REGISTRATION: Route = Route {
    path: "",
    handler: || post(register::register),
    access: Access::Registrant,
    cors: PROTOCOL_METHODS,
    body: Body::Json,
    fresh: true,
    surface: Surface::Api,
};

const OPERATION: Route = Route {
    path: "",
    handler: || get(health::healthz),
    access: Access::Public,
    cors: &[],
    body: Body::None,
    fresh: false,
    surface: Surface::Api,
};

/// Pages on the way back to a client.
const PAGE: Route = Route {
    path: "",
    handler: || get(login::show).post(login::submit),
    access: Access::Visitor,
    cors: &[],
    body: Body::Form,
    fresh: true,
    surface: Surface::Page,
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
    Route { path: "/{domain}/oauth/authorize", ..ENDPOINT },
    Route { path: "/{domain}/oauth/token", ..BACK_CHANNEL },
    Route { path: "/{domain}/oauth/revoke", handler: || post(revocation::revoke), ..BACK_CHANNEL },
    Route { path: "/{domain}/oauth/introspect", handler: || post(introspection::introspect).get(introspection::introspect_by_get), cors: &[], ..BACK_CHANNEL },
    Route { path: "/{domain}/oauth/check_token", handler: || post(introspection::check_token), cors: &[], ..BACK_CHANNEL },
    // OpenID Connect Core; the second path is an alias that older gateway plugins call.
    Route { path: "/{domain}/oidc/userinfo", ..USERINFO },
    Route { path: "/{domain}/userinfo", ..USERINFO },
    Route { path: "/{domain}/oidc/logout", handler: || get(logout::logout).post(logout::logout), ..ENDPOINT },
    // Registration: RFC 7591, RFC 7592.
    Route { path: "/{domain}/oidc/register", ..REGISTRATION },
    Route { path: "/{domain}/oidc/register/{client_id}", handler: || get(manage::read).put(manage::put).patch(manage::patch).delete(manage::delete), access: Access::Manager, cors: CONFIGURATION_METHODS, ..REGISTRATION },
    Route { path: "/{domain}/oidc/register/{client_id}/renew_secret", handler: || post(manage::renew).put(manage::renew).patch(manage::renew), access: Access::Manager, cors: CONFIGURATION_METHODS, ..REGISTRATION },
    Route { path: "/{domain}/oidc/register_templates", handler: || get(templates::templates), body: Body::None, ..REGISTRATION },
    // Pages for people.
    Route { path: "/{domain}/login", ..PAGE },
    Route { path: "/{domain}/register", handler: || get(sign_up::show).post(sign_up::submit), ..PAGE },
    Route { path: "/{domain}/consent", handler: || get(consent::show).post(consent::submit), ..PAGE },
    Route { path: "/{domain}/password/forgot", handler: || get(password::forgot).post(password::send), surface: Surface::OwnPage, ..PAGE },
    Route { path: "/{domain}/password/reset", handler: || get(password::choose).post(password::reset), surface: Surface::OwnPage, ..PAGE },
    Route { path: "/{domain}/verify", handler: || get(verify::show).post(verify::submit), surface: Surface::OwnPage, ..PAGE },
    Route { path: "/{domain}/account", handler: || get(account::show).post(account::submit), access: Access::Person, surface: Surface::OwnPage, ..PAGE },
    Route { path: STYLESHEET_PATH, handler: || get(assets::stylesheet), ..OPERATION },
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
