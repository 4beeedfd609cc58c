//! Under which names the control API answers.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::HOST;
use http::uri::Authority;
use url::Url;

use crate::config::BaseUrl;
use crate::harness::control::Control;
use crate::model::oauth_error::OAuthError;

/// A page may let its own name lead to this machine, and is then no page of another site. So the name has to be one of
/// the server's, unless everybody may steer it.
pub(super) async fn known(State(control): State<Control>, request: Request, next: Next) -> Response {
    let in_url = request.uri().authority().map(|name| Some(name.clone()));
    let in_headers = request.headers().get_all(HOST).iter().map(readable);
    // One that cannot be read may be any.
    let is_known = |name: Option<Authority>| name.is_some_and(|name| is_own(&control, name.host()));
    if in_url.into_iter().chain(in_headers).all(is_known) {
        return next.run(request).await;
    }
    let told = "the Host header names neither this machine nor a base URL of the server: ask under control_url of the card, or start it with --base-url for this name";
    OAuthError::new("forbidden", 403, told).into_response()
}

fn readable(host: &HeaderValue) -> Option<Authority> {
    host.to_str().ok()?.parse().ok()
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
