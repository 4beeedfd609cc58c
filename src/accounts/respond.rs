//! How pages answer: a page, or a redirect by 303 so that no form is posted twice (RFC 9110 §15.4.4).

use axum::response::{Html, IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use crate::domains::look;
use crate::model::audit_event::AuditEvent;
use crate::model::id::{AttemptId, UserId};
use crate::model::oauth_error::OAuthError;
use crate::oauth::request::InDomain;
use crate::pages::{Frame, Page};

/// What a page shows around its content.
pub fn frame(at: &InDomain) -> Frame {
    look::frame(&at.domain)
}

/// The path of a page of the domain: `rest` begins with a slash. The interaction goes along if there is one.
pub fn path(at: &InDomain, rest: &str, interaction: Option<&AttemptId>) -> String {
    let path = format!("/{}{rest}", at.domain.domain.name);
    match interaction {
        Some(id) => {
            let joint = if rest.contains('?') { '&' } else { '?' };
            let id: String = url::form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect();
            format!("{path}{joint}interaction={id}")
        }
        None => path,
    }
}

/// The same as a link for mails.
pub fn link(at: &InDomain, rest: &str, interaction: Option<&AttemptId>) -> String {
    format!("{}{}", at.app.public_url.as_str(), path(at, rest, interaction))
}

/// A page.
pub fn show(status: StatusCode, page: &impl Page) -> Response {
    (status, Html(page.html())).into_response()
}

/// To another page of the domain.
pub fn go(path: &str) -> Response {
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

/// Back to the authorization endpoint, which checks everything again and goes on.
pub fn go_on(at: &InDomain, interaction: &AttemptId) -> Response {
    go(&path(at, "/oauth/authorize", Some(interaction)))
}

/// The error of an interaction that is over.
pub fn gone() -> OAuthError {
    OAuthError::new("interaction_expired", 410, crate::pages::texts::INTERACTION_GONE)
}

/// The error of an account that was changed between the read and the write.
pub fn changed_elsewhere() -> OAuthError {
    OAuthError::conflict("the account was changed elsewhere at the same time; try again")
}

/// What a person did, for the audit log.
pub fn did(at: &InDomain, user_id: UserId, action: &'static str) -> AuditEvent {
    let actor = at.caller.actor(format!("user:{user_id}"));
    actor.did(&at.app.clock, Some(at.domain.id()), action, &user_id.to_string())
}
