//! Where the console begins, and where it has no page.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header::ACCEPT;
use http::{HeaderMap, Method, Uri};

use super::respond::{go, problem};
use crate::admin::admit::console_cookie;
use crate::admin::managing::Managing;
use crate::app::App;
use crate::model::oauth_error::OAuthError;
use crate::oauth::request::Caller;

/// `GET /console`: to the one domain within reach, or to the list of them.
pub async fn home(managing: Managing) -> Result<Response, OAuthError> {
    let domains = managing.app.store.domains().await?;
    let reached: Vec<_> = domains.iter().filter(|domain| managing.authority.reach.covers(domain.id)).collect();
    Ok(match reached.as_slice() {
        [only] => go(&format!("/console/domains/{}", only.name)),
        _ => go("/console/domains"),
    })
}

/// Whether a browser asks for the server's root, or for a page that the console does not have.
pub fn is_astray(request: &Request) -> bool {
    let accepts = |value: &http::HeaderValue| value.to_str().is_ok_and(|value| value.contains("text/html"));
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path();
    looks && (path == "/" || path.starts_with("/console/")) && request.headers().get_all(ACCEPT).iter().any(accepts)
}

/// The root leads to the console; anything else is not there, and said so in the console's frame to those logged in.
pub async fn astray(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    caller: axum::Extension<Caller>,
) -> Result<Response, OAuthError> {
    if uri.path() == "/" {
        return Ok(go("/console"));
    }
    let missing = OAuthError::not_found("the console has no page under this address");
    let Some(cookie) = console_cookie(&app, &headers) else { return Err(missing) };
    let Some(current) = app.administrators.session(cookie).await? else { return Err(missing) };
    let authority = current.authority();
    let managing = Managing { app, authority, caller: caller.0, session: Some(current) };
    Ok(problem(&managing, (None, uri.path()), missing.into_response()).await)
}
