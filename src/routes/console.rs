//! The URLs of the console.

use axum::Extension;
use axum::routing::{get, post};

use super::api::DISCOVERY;
use super::{Access, Body, Route, Surface};
use crate::admin::admit::Needs;
use crate::admin::console::{
    account, administrators, api_tokens, application, application_secrets, application_story, applications, audit,
    domain_settings, domains, dry_run, home, initial_access_tokens, keys, login, login_settings, mcp_server,
    mcp_server_connections, mcp_servers, new_application, overview, policies, scopes, traces, user, users,
};
use crate::assets;
use crate::model::administrator::Role;
use crate::pages::{CONSOLE_SCRIPT_PATH, CONSOLE_STYLESHEET_PATH};

/// Pages about what is in a domain: auditors look, editors change.
const IN_DOMAIN: Route = Route {
    path: "",
    handler: || get(home::home),
    access: Access::Administrator(Needs::IN_DOMAIN),
    cors: &[],
    body: Body::Management,
    fresh: true,
    surface: Surface::Console,
};

/// Pages that are there to change something: editors only.
const EDITS: Route =
    Route { access: Access::Administrator(Needs { read: Role::Editor, ..Needs::IN_DOMAIN }), ..IN_DOMAIN };

/// Pages about what is above domains: owners only.
const OF_SERVER: Route = Route { access: Access::Administrator(Needs::OF_SERVER), ..IN_DOMAIN };

/// Pages about oneself.
const OWN: Route = Route { access: Access::Administrator(Needs::OWN), ..IN_DOMAIN };

/// The doors.
const DOOR: Route = Route { access: Access::Visitor, body: Body::Form, ..IN_DOMAIN };

/// What pages are made with.
const ASSET: Route =
    Route { access: Access::Public, body: Body::None, fresh: false, surface: Surface::Api, ..IN_DOMAIN };

#[rustfmt::skip]
pub(super) const CONSOLE: &[Route] = &[
    Route { path: CONSOLE_STYLESHEET_PATH, handler: || get(assets::console_stylesheet), ..ASSET },
    Route { path: CONSOLE_SCRIPT_PATH, handler: || get(assets::console_script), ..ASSET },
    Route { path: "/console/login", handler: || get(login::show_login).post(login::log_in), ..DOOR },
    Route { path: "/console/second-factor", handler: || get(login::show_second_factor).post(login::give_second_factor), ..DOOR },
    Route { path: "/console/logout", handler: || post(login::log_out), ..DOOR },
    // A domain at a glance, its keys, and what happened.
    Route { path: "/console/domains/{domain}", handler: || get(overview::show_overview), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/keys", handler: || get(keys::show_keys).post(keys::rotate), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/keys/rotate-now", handler: || get(keys::confirm_rotation), ..EDITS },
    Route { path: "/console/domains/{domain}/keys/{kid}/revoke", handler: || get(keys::confirm_revocation).post(keys::revoke), ..EDITS },
    Route { path: "/console/domains/{domain}/audit", handler: || get(audit::show_audit), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/audit/export", handler: || get(audit::export), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/traces", handler: || get(traces::show_traces), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/traces/{attempt}", handler: || get(traces::show_trace), ..IN_DOMAIN },
    Route { path: "/console/audit", handler: || get(audit::show_server_audit), ..OF_SERVER },
    Route { path: "/console/audit/export", handler: || get(audit::export_server), ..OF_SERVER },
    // Domains, their settings and scopes.
    Route { path: "/console/domains", handler: || get(domains::list), ..OWN },
    Route { path: "/console/domains/new", handler: || get(domains::show_new).post(domains::create), ..OF_SERVER },
    Route { path: "/console/domains/{domain}/delete", handler: || get(domains::ask_delete).post(domains::delete), ..OF_SERVER },
    Route { path: "/console/domains/{domain}/settings", handler: || get(domain_settings::show_settings).post(domain_settings::change_settings), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/scopes", handler: || get(scopes::list), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/scopes/new", handler: || get(scopes::show_new).post(scopes::create), ..EDITS },
    Route { path: "/console/domains/{domain}/scopes/{scope}", handler: || get(scopes::read).post(scopes::change), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/scopes/{scope}/delete", handler: || get(scopes::ask_delete).post(scopes::delete), ..EDITS },
    // Who may register, and what.
    Route { path: "/console/domains/{domain}/registration", handler: || get(domain_settings::show_registration).post(domain_settings::change_registration), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/registration/policies", handler: || get(policies::list), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/registration/policies/new", handler: || get(policies::show_new).post(policies::create), ..EDITS },
    Route { path: "/console/domains/{domain}/registration/policies/{policy}", handler: || get(policies::read).post(policies::change), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/registration/policies/{policy}/delete", handler: || get(policies::ask_delete).post(policies::delete), ..EDITS },
    Route { path: "/console/domains/{domain}/registration/tokens", handler: || get(initial_access_tokens::list).post(initial_access_tokens::revoke), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/registration/tokens/new", handler: || get(initial_access_tokens::show_new).post(initial_access_tokens::create), ..EDITS },
    Route { path: "/console/domains/{domain}/registration/templates", handler: || get(initial_access_tokens::templates), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/registration/dry-run", handler: || get(dry_run::show_form).post(dry_run::answer), ..OWN },
    // Oneself.
    Route { path: "/console", ..OWN },
    // MCP servers.
    Route { path: "/console/domains/{domain}/mcp-servers", handler: || get(mcp_servers::list), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/mcp-servers/new", handler: || get(mcp_servers::new).post(mcp_servers::create), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/mcp-servers/{resource_id}", handler: || get(mcp_server::general).post(mcp_server::change), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/mcp-servers/{resource_id}/credentials", handler: || get(mcp_server::credentials).post(mcp_server::renew), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/mcp-servers/{resource_id}/connections", handler: || get(mcp_server_connections::connections).post(mcp_server_connections::change_connections), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/mcp-servers/{resource_id}/metadata", handler: || get(mcp_server::metadata), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/mcp-servers/{resource_id}/test", handler: || get(mcp_server::show_test).post(mcp_server::run_test).layer(Extension(DISCOVERY)), ..IN_DOMAIN },
    // People.
    Route { path: "/console/domains/{domain}/users", handler: || get(users::list), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/users/new", handler: || get(users::new).post(users::create), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/users/invite", handler: || get(users::show_invite).post(users::invite), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/users/{user_id}", handler: || get(user::show_user).post(user::change), ..IN_DOMAIN },
    // Login settings.
    Route { path: "/console/domains/{domain}/login", handler: || get(login_settings::show_settings).post(login_settings::change), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/login/logo", handler: || post(login_settings::change_logo), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/login/preview.css", handler: || get(login_settings::preview_stylesheet), ..IN_DOMAIN },
    Route { path: "/console/account", handler: || get(account::show_account).post(account::change_account), ..OWN },
    // Those who administer.
    Route { path: "/console/administrators", handler: || get(administrators::list), ..OF_SERVER },
    Route { path: "/console/administrators/new", handler: || get(administrators::new).post(administrators::create), ..OF_SERVER },
    Route { path: "/console/administrators/{administrator_id}", handler: || get(administrators::read).post(administrators::change), ..OF_SERVER },
    Route { path: "/console/api-tokens", handler: || get(api_tokens::list).post(api_tokens::change), ..OF_SERVER },
    // Applications.
    Route { path: "/console/domains/{domain}/applications", handler: || get(applications::list).post(applications::change_many), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/applications/new", handler: || get(new_application::show_new).post(new_application::make), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/applications/{client_id}", handler: || get(application::show_general).post(application::change), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/applications/{client_id}/delete", handler: || get(application::ask_delete).post(application::delete), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/applications/{client_id}/endpoints", handler: || get(application_story::show_endpoints), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/applications/{client_id}/scopes", handler: || get(application_secrets::show_scopes).post(application_secrets::change_scopes), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/applications/{client_id}/secrets", handler: || get(application_secrets::show_secrets).post(application_secrets::change_secrets), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/applications/{client_id}/registration", handler: || get(application_story::show_registration).post(application_story::take), ..IN_DOMAIN },
    Route { path: "/console/domains/{domain}/applications/{client_id}/activity", handler: || get(application_story::show_activity), ..IN_DOMAIN },
];
