//! The URLs of the administration API. Each has its description in the OpenAPI document; a test compares the two.

use axum::Extension;
use axum::routing::{delete, get, post, put};

use super::{Access, Body, Route, Surface};
use crate::admin::admit::Needs;
use crate::admin::api::{
    administrators, api_tokens, audit, client_list, client_registration, client_secrets, client_steps, clients,
    domains, dry_run, initial_access_tokens, keys, logo, policies, resource_access, resources, scopes, statistics,
    templates, traces, user_access, users,
};
use crate::admin::openapi;
use crate::admin::resource_test::InProcess;
use crate::model::administrator::Role;

/// What is in a domain: auditors look, editors change.
const IN_DOMAIN: Route = Route {
    path: "",
    handler: || get(domains::list),
    access: Access::Administrator(Needs::IN_DOMAIN),
    cors: &[],
    body: Body::Management,
    fresh: true,
    surface: Surface::Management,
};

/// What is posted, and changes nothing: auditors may as well.
const LOOKS: Route = Route { access: Access::Administrator(Needs::OWN), ..IN_DOMAIN };

/// What is beside and above domains: owners look and change.
const OF_SERVER: Route = Route { access: Access::Administrator(Needs::OF_SERVER), ..IN_DOMAIN };

/// What describes the API itself.
const DESCRIPTION: Route = Route { access: Access::Public, body: Body::None, fresh: false, ..IN_DOMAIN };

/// What the test of a resource asks of this server.
pub(super) const DISCOVERY: InProcess = InProcess(super::discovery_router);

#[rustfmt::skip]
pub(super) const API: &[Route] = &[
    Route { path: "/api/v1", handler: || get(async |app, headers| openapi::page(app, headers, needs_of).await), surface: Surface::OwnPage, ..DESCRIPTION },
    Route { path: "/api/v1/openapi.json", handler: || get(async |app, headers| openapi::document(app, headers, needs_of).await), ..DESCRIPTION },
    // Signing keys.
    Route { path: "/api/v1/domains/{domain}/keys", handler: || get(keys::list), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/keys/rotate", handler: || post(keys::rotate), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/keys/{kid}/revoke", handler: || post(keys::revoke), ..IN_DOMAIN },
    // What happened.
    Route { path: "/api/v1/domains/{domain}/statistics", handler: || get(statistics::read), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/audit", handler: || get(audit::list), ..IN_DOMAIN },
    Route { path: "/api/v1/audit", handler: || get(audit::list_of_server), ..OF_SERVER },
    // Timelines of login attempts.
    Route { path: "/api/v1/domains/{domain}/traces", handler: || get(traces::list), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/traces/{attempt}", handler: || get(traces::read), ..IN_DOMAIN },
    // Domains.
    Route { path: "/api/v1/domains", handler: || get(domains::list).post(domains::create), access: Access::Administrator(Needs::OWNER_CHANGES), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}", handler: || get(domains::read).patch(domains::change).delete(domains::delete), access: Access::Administrator(Needs { delete: Role::Owner, ..Needs::IN_DOMAIN }), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/apply-preset", handler: || post(domains::apply_preset), ..IN_DOMAIN },
    // What registrations may ask for.
    Route { path: "/api/v1/domains/{domain}/scopes", handler: || get(scopes::list).post(scopes::create), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/scopes/{scope}", handler: || get(scopes::read).patch(scopes::change).delete(scopes::delete), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/policies", handler: || get(policies::list).post(policies::create), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/policies/{policy}", handler: || get(policies::read).put(policies::replace).patch(policies::change).delete(policies::delete), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/policies/{policy}/dry-run", handler: || post(dry_run::under_policy), body: Body::Json, ..LOOKS },
    Route { path: "/api/v1/domains/{domain}/dry-run", handler: || post(dry_run::as_registrant), body: Body::Json, ..LOOKS },
    Route { path: "/api/v1/domains/{domain}/templates", handler: || get(templates::list), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/initial-access-tokens", handler: || get(initial_access_tokens::list).post(initial_access_tokens::create), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/initial-access-tokens/{id}", handler: || get(initial_access_tokens::read).delete(initial_access_tokens::revoke), ..IN_DOMAIN },
    // Clients.
    Route { path: "/api/v1/domains/{domain}/clients", handler: || get(client_list::list).post(clients::create), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/clients-bulk", handler: || post(client_steps::bulk), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/clients/{client_id}", handler: || get(clients::read).patch(clients::change).delete(clients::delete), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/clients/{client_id}/suspend", handler: || post(client_steps::suspend), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/clients/{client_id}/resume", handler: || post(client_steps::resume), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/clients/{client_id}/approve", handler: || post(client_steps::approve), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/clients/{client_id}/restore", handler: || post(client_steps::restore), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/clients/{client_id}/reassign", handler: || post(client_steps::reassign), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/clients/{client_id}/secrets", handler: || get(client_secrets::list).post(client_secrets::create), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/clients/{client_id}/secrets/{secret_id}", handler: || delete(client_secrets::end), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/clients/{client_id}/registration", handler: || get(client_registration::read), ..IN_DOMAIN },
    // What registrations may ask for.
    Route { path: "/api/v1/domains/{domain}/logo", handler: || get(logo::read_logo).put(logo::replace_logo).delete(logo::remove_logo), ..IN_DOMAIN },
    // Resources.
    Route { path: "/api/v1/domains/{domain}/resources", handler: || get(resources::list).post(resources::create), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/resources/{resource_id}", handler: || get(resources::read).patch(resources::change).delete(resources::delete), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/resources/{resource_id}/credentials", handler: || post(resource_access::renew), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/resources/{resource_id}/metadata", handler: || get(resource_access::metadata), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/resources/{resource_id}/grants/{client_id}", handler: || put(resource_access::grant).delete(resource_access::revoke_grant), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/resources/{resource_id}/connections", handler: || get(resource_access::connections), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/resources/{resource_id}/test", handler: || post(resource_access::test).layer(Extension(DISCOVERY)), ..IN_DOMAIN },
    // People.
    Route { path: "/api/v1/domains/{domain}/users", handler: || get(users::list).post(users::create), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/users/{user_id}", handler: || get(users::read).patch(users::change).delete(users::delete), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/users/{user_id}/sessions", handler: || get(user_access::sessions).delete(user_access::end_sessions), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/users/{user_id}/sessions/{session_id}", handler: || delete(user_access::end_session), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/users/{user_id}/connections", handler: || get(user_access::connections), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/users/{user_id}/connections/{client_id}", handler: || delete(user_access::disconnect), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/users/{user_id}/reset-link", handler: || post(user_access::reset_link), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}/invitations", handler: || post(user_access::invite), ..IN_DOMAIN },
    // Those who administer.
    Route { path: "/api/v1/administrators", handler: || get(administrators::list).post(administrators::create), ..OF_SERVER },
    Route { path: "/api/v1/administrators/{administrator_id}", handler: || get(administrators::read).patch(administrators::change).delete(administrators::delete), ..OF_SERVER },
    Route { path: "/api/v1/administrators/{administrator_id}/sessions", handler: || get(administrators::sessions).delete(administrators::end_sessions), ..OF_SERVER },
    Route { path: "/api/v1/administrators/{administrator_id}/sessions/{session_id}", handler: || delete(administrators::end_session), ..OF_SERVER },
    Route { path: "/api/v1/administrators/{administrator_id}/second-factor", handler: || delete(administrators::remove_second_factor), ..OF_SERVER },
    Route { path: "/api/v1/api-tokens", handler: || get(api_tokens::list).post(api_tokens::create), ..OF_SERVER },
    Route { path: "/api/v1/api-tokens/{token_id}", handler: || get(api_tokens::read).delete(api_tokens::revoke), ..OF_SERVER },
];

/// What a path of the API takes, for its description.
fn needs_of(path: &str) -> Option<Needs> {
    API.iter().find(|route| route.path == path).and_then(|route| match route.access {
        Access::Administrator(needs) => Some(needs),
        _ => None,
    })
}
