//! The administration API: one file per thing administered.

pub mod administrators;
pub mod api_tokens;
pub mod audit;
pub mod client_list;
pub mod client_names;
pub mod client_registration;
pub mod client_secrets;
pub mod client_steps;
pub mod client_view;
pub mod clients;
mod domain_names;
pub mod domains;
pub mod dry_run;
pub mod initial_access_tokens;
pub mod keys;
pub mod logo;
pub mod merge_patch;
pub mod page;
pub mod policies;
pub mod resource_access;
pub mod resources;
pub mod scopes;
pub mod statistics;
pub mod templates;
pub mod traces;
pub mod user_access;
pub mod users;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::managing::ManagingDomain;

/// The path of a thing that was made in a domain.
pub fn location(at: &ManagingDomain, kind: &str, name: &str) -> String {
    format!("/api/v1/domains/{}/{kind}/{}", at.domain.domain.name, encoded(name))
}

/// A name as a segment of a path.
pub fn encoded(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}
