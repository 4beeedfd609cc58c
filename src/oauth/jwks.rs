//! The key set (RFC 7517 §5) of a domain.

use axum::response::Response;
use http::HeaderMap;

use super::metadata::{cacheable, tagged};
use super::request::InDomain;
use crate::keys::jwks::key_set;

/// `GET /{domain}/oidc/.well-known/jwks.json`.
pub async fn jwks(at: InDomain, headers: HeaderMap) -> Response {
    let document = key_set(&at.domain.signing_keys, at.app.clock.now());
    cacheable(&headers, tagged(document.to_string()), false)
}
