//! The URLs of the console.

use axum::routing::{get, post};

use super::{Access, Body, Route, Surface};
use crate::admin::admit::Needs;
use crate::admin::console::{account, administrators, api_tokens, home, login};
use crate::assets;
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
    // Oneself.
    Route { path: "/console", ..OWN },
    Route { path: "/console/account", handler: || get(account::show_account).post(account::change_account), ..OWN },
    // Those who administer.
    Route { path: "/console/administrators", handler: || get(administrators::list), ..OF_SERVER },
    Route { path: "/console/administrators/new", handler: || get(administrators::new).post(administrators::create), ..OF_SERVER },
    Route { path: "/console/administrators/{administrator_id}", handler: || get(administrators::read).post(administrators::change), ..OF_SERVER },
    Route { path: "/console/api-tokens", handler: || get(api_tokens::list).post(api_tokens::change), ..OF_SERVER },
];
