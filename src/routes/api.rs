//! The URLs of the administration API. Each has its description in the OpenAPI document; a test compares the two.

use axum::routing::{delete, get};

use super::{Access, Body, Route, Surface};
use crate::admin::admit::Needs;
use crate::admin::api::{administrators, api_tokens, domains};
use crate::admin::openapi;

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

/// What is beside and above domains: owners look and change.
const OF_SERVER: Route = Route { access: Access::Administrator(Needs::OF_SERVER), ..IN_DOMAIN };

/// What describes the API itself.
const DESCRIPTION: Route = Route { access: Access::Public, body: Body::None, fresh: false, ..IN_DOMAIN };

#[rustfmt::skip]
pub(super) const API: &[Route] = &[
    Route { path: "/api/v1", handler: || get(openapi::page), surface: Surface::OwnPage, ..DESCRIPTION },
    Route { path: "/api/v1/openapi.json", handler: || get(openapi::document), ..DESCRIPTION },
    // Domains.
    Route { path: "/api/v1/domains", handler: || get(domains::list).post(domains::create), access: Access::Administrator(Needs::OWNER_CHANGES), ..IN_DOMAIN },
    Route { path: "/api/v1/domains/{domain}", handler: || get(domains::read).patch(domains::change).delete(domains::delete), access: Access::Administrator(Needs { delete: crate::model::administrator::Role::Owner, ..Needs::IN_DOMAIN }), ..IN_DOMAIN },
    // Those who administer.
    Route { path: "/api/v1/administrators", handler: || get(administrators::list).post(administrators::create), ..OF_SERVER },
    Route { path: "/api/v1/administrators/{administrator_id}", handler: || get(administrators::read).patch(administrators::change).delete(administrators::delete), ..OF_SERVER },
    Route { path: "/api/v1/administrators/{administrator_id}/sessions", handler: || get(administrators::sessions).delete(administrators::end_sessions), ..OF_SERVER },
    Route { path: "/api/v1/administrators/{administrator_id}/sessions/{session_id}", handler: || delete(administrators::end_session), ..OF_SERVER },
    Route { path: "/api/v1/administrators/{administrator_id}/second-factor", handler: || delete(administrators::remove_second_factor), ..OF_SERVER },
    Route { path: "/api/v1/api-tokens", handler: || get(api_tokens::list).post(api_tokens::create), ..OF_SERVER },
    Route { path: "/api/v1/api-tokens/{token_id}", handler: || get(api_tokens::read).delete(api_tokens::revoke), ..OF_SERVER },
];
