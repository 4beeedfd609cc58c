//! Under which names the control API answers.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use http::header::HOST;
use http::uri::Authority;
use url::Url;

use crate::config::BaseUrl;
use crate::harness::control::Control;
use crate::model::oauth_error::OAuthError;

/// A page may let its own name lead to this machine, and is then no page of another site. So the name has to be one of
/// the server's, unless everybody may steer it.
pub(super) async fn known(State(control): State<Control>, request: Request, next: Next) -> Response {
    let named = request.uri().authority().cloned().or_else(|| host_header(request.headers()));
    let known = named.is_none_or(|name| is_own(&control, name.host()));
    if known {
        return next.run(request).await;
    }
    let told = "the Host header names neither this machine nor a base URL of the server: ask under control_url of the card, or start it with --base-url for this name";
    OAuthError::new("forbidden", 403, told).into_response()
}

fn host_header(headers: &HeaderMap) -> Option<Authority> {
    headers.get(HOST)?.to_str().ok()?.parse().ok()
}

fn is_own(control: &Control, host: &str) -> bool {
    let settings = &control.lasting().settings;
    if !settings.listen.ip().is_loopback() {
        return true;
    }
    // An address is no name that could lead elsewhere tomorrow.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() {
        return true;
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    let public_url = control.app().public_url.clone();
    let mut bases = settings.extra_base_urls.iter().chain([&public_url]).map(BaseUrl::as_str);
    bases.any(|base| Url::parse(base).is_ok_and(|url| url.host_str() == Some(host.as_str())))
}
