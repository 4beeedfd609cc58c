//! Errors as people see them: what a browser is answered in place of the JSON of an error (RFC 9110 §15).

use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use tower_http::csrf::ProtectionError;

use crate::app::App;
use crate::domains::look;
use crate::model::oauth_error::OAuthError;
use crate::oauth::error::ErrorCode;
use crate::pages::{ErrorPage, Frame, Page as _};

/// No description is longer than this.
const MOST: usize = 16 * 1_024;

/// What an answer says that carries an error.
#[derive(Debug, Deserialize)]
struct Told {
    error: String,
    error_description: String,
}

/// The answer as a page if it is an error, else as it is. Status and headers are kept.
pub async fn for_people(app: &App, path: &str, request_id: &str, response: Response) -> Response {
    let response = match response.extensions().get::<ProtectionError>() {
        Some(_) => cross_site().into_response(),
        None => response,
    };
    // An error of the console is a page already.
    let is_page = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page || response.extensions().get::<ErrorCode>().is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, MOST).await.unwrap_or_default();
    let Ok(told) = serde_json::from_slice::<Told>(&body) else { return Response::from_parts(parts, Body::from(body)) };
    let page = ErrorPage {
        frame: frame(app, path),
        title: title(parts.status).to_owned(),
        explanation: sentence(&told.error_description),
        technical: None,
        remedies: remedies(parts.status).iter().map(|remedy| (*remedy).to_owned()).collect(),
        code: told.error,
        trace_id: Some(request_id.to_owned()),
    };
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(page.html()))
}

fn cross_site() -> OAuthError {
    OAuthError::new("cross_site_request", 403, "this form was sent by another site, so nothing was done")
}

/// Of the domain that the path names, if there is one; else of the server.
fn frame(app: &App, path: &str) -> Frame {
    let first = path.split('/').nth(1).unwrap_or_default();
    app.store.cache().last_known_domain(first).map_or_else(|| Frame::new("Registrar"), |known| look::frame(&known))
}

/// Descriptions begin in lower case and end without a stop, for they stand in lists and logs.
fn sentence(description: &str) -> String {
    let mut letters = description.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    let stop = if description.ends_with(['.', '!', '?']) { "" } else { "." };
    first.chain(letters).chain(stop.chars()).collect()
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        403 => "This is not allowed",
        404 => "There is nothing here",
        405 => "This cannot be done here",
        409 => "Something changed meanwhile",
        410 => "This has expired",
        413 => "This is too long",
        429 => "Too many attempts",
        503 => "The server is busy",
        500.. => "Something went wrong",
        _ => "This request cannot be answered",
    }
}

fn remedies(status: StatusCode) -> &'static [&'static str] {
    match status.as_u16() {
        403 => &["Go back to the application and start again.", "If it happens again, ask the administrator."],
        404 | 405 => &["Check the address.", "Go back to the application and start again."],
        410 => &["Go back to the application and start again."],
        409 | 500.. => &["Wait a moment and try again.", "If it happens again, ask the administrator."],
        413 => &["Go back and write less."],
        429 => &["Wait a moment and try again."],
        _ => &["Go back to the application and start again.", "If it happens again, tell the application's developer."],
    }
}
