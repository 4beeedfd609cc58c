//! The URLs of the protocol, of people's pages and of operation.

use axum::routing::{get, post};

use super::{Access, Body, Route, Surface};
use crate::accounts::{account, consent, login, look, password, sign_up, verify};
use crate::assets;
use crate::health;
use crate::oauth::{authorize, introspection, jwks, metadata, revocation, token};
use crate::oidc::{logout, userinfo};
use crate::ops::security_headers::{CONFIGURATION_METHODS, PROTOCOL_METHODS};
use crate::pages::STYLESHEET_PATH;
use crate::registration::{manage, register, templates};

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

pub(super) const OPERATION: Route = Route {
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

/// Every URL of the protocol.
#[rustfmt::skip]
pub(super) const PROTOCOL: &[Route] = &[
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
    Route { path: "/{domain}/look/{file}", handler: || get(look::look), ..OPERATION },
    Route { path: "/{domain}/logo", handler: || get(look::logo), ..OPERATION },
    // Operation.
    Route { path: "/healthz", ..OPERATION },
    Route { path: "/readyz", handler: || get(health::readyz), ..OPERATION },
];
