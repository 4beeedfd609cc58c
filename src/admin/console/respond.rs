//! How the console answers: a page in its frame, or a redirect by 303 so that no form is posted twice
//! (RFC 9110 §15.4.4).

use axum::body::to_bytes;
use axum::response::{Html, IntoResponse as _, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::fields::Fields;
use crate::admin::managing::{Managing, ManagingDomain};
use crate::model::oauth_error::OAuthError;
use crate::oauth::error::ErrorCode;
use crate::pages::Page;
use crate::pages::console::{Conflict, ConsoleFrame, NoticeKind, Problem, Section};

/// No error is longer than this, in bytes.
const MOST: usize = 16 * 1_024;

/// What has just been done, as a page says it: the code in the URL, and the sentence.
pub type Told = [(&'static str, &'static str)];

/// The frame of a page that is about no domain.
pub async fn frame(managing: &Managing, section: Section) -> Result<ConsoleFrame, OAuthError> {
    let authority = &managing.authority;
    let domains = managing.app.store.domains().await?;
    let reached = domains.into_iter().filter(|domain| authority.reach.covers(domain.id)).map(|domain| domain.name);
    Ok(ConsoleFrame::new(&authority.name, authority.role, section).with_domains(reached.collect()))
}

/// The frame of a page about the domain that the path names.
pub async fn domain_frame(at: &ManagingDomain, section: Section) -> Result<ConsoleFrame, OAuthError> {
    Ok(frame(at, section).await?.in_domain(at.domain.domain.name.clone()))
}

/// The same frame, saying what the parameter `done` of the page's URL stands for.
#[must_use]
pub fn telling(frame: ConsoleFrame, asked: &Fields, told: &Told) -> ConsoleFrame {
    let code = asked.field("done");
    match told.iter().find(|(known, _)| *known == code) {
        Some((_, sentence)) => frame.with_notice(NoticeKind::Done, *sentence),
        None => frame,
    }
}

/// A page.
pub fn show(page: &impl Page) -> Response {
    show_as(StatusCode::OK, page)
}

/// A page with another status: a form that has to be corrected is 422, a lost update 409.
pub fn show_as(status: StatusCode, page: &impl Page) -> Response {
    (status, Html(page.html())).into_response()
}

/// To another page of the console.
pub fn go(path: &str) -> Response {
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/console"));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

/// To another page of the console, which says what has been done.
pub fn go_telling(path: &str, code: &str) -> Response {
    let joint = if path.contains('?') { '&' } else { '?' };
    go(&format!("{path}{joint}done={code}"))
}

/// 409: what was changed is not what is there any more. Nothing is written.
pub fn stale(frame: ConsoleFrame, what: &str, reload: &str) -> Response {
    show_as(StatusCode::CONFLICT, &Conflict { action: None, ..conflict(frame, what, reload) })
}

/// The page of a lost update: what was typed can be saved over what is there now, where `parameters` say what that is.
pub fn conflict(frame: ConsoleFrame, what: &str, path: &str) -> Conflict {
    Conflict {
        frame: frame.at("Changed meanwhile"),
        what: what.into(),
        reload: path.into(),
        action: Some(path.into()),
        parameters: Vec::new(),
        differences: Vec::new(),
    }
}

/// The page of a lost update with what differs.
pub fn differing(page: Conflict, differences: &[(String, String, String)]) -> Conflict {
    let row = |(title, mine, theirs): &(String, String, String)| (title.clone(), mine.into(), theirs.into());
    Conflict { differences: differences.iter().map(row).collect(), ..page }
}

/// What an answer says that carries an error.
#[derive(Debug, Deserialize)]
struct Error {
    error_description: String,
}

/// The answer as a page of the console if it is an error, else as it is. Status and headers are kept.
pub async fn problem(managing: &Managing, domain: Option<&str>, response: Response) -> Response {
    if response.extensions().get::<ErrorCode>().is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, MOST).await.unwrap_or_default();
    let told = serde_json::from_slice::<Error>(&body).map(|error| error.error_description).unwrap_or_default();
    // The frame is part of the page; without it (the database may be away) a bare one does.
    let authority = &managing.authority;
    let bare = || ConsoleFrame::new(&authority.name, authority.role, Section::Domains);
    let frame = frame(managing, Section::Overview).await.unwrap_or_else(|_| bare());
    let frame = match domain {
        Some(name) => frame.in_domain(name),
        None => ConsoleFrame { section: Section::Domains, ..frame },
    };
    let page = Problem {
        frame: frame.at(title(parts.status)),
        title: title(parts.status).to_owned(),
        explanation: sentence(&told),
        links: Vec::new(),
        reference: parts.status.is_server_error().then(|| managing.caller.request_id.to_string()),
    };
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    parts.headers.remove(CONTENT_LENGTH);
    (parts, page.html()).into_response()
}

/// An error's description, which stands in lists and logs without capital and stop, as a sentence.
pub fn sentence(description: &str) -> String {
    let mut letters = description.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    let stop = if description.ends_with(['.', '!', '?']) { "" } else { "." };
    first.chain(letters).chain(stop.chars()).collect()
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        403 => "You may not do this",
        404 => "There is nothing here",
        405 => "This cannot be done here",
        409 | 412 => "Something changed meanwhile",
        413 => "This is too large",
        429 => "Too many attempts",
        503 => "The server is busy",
        500.. => "Something went wrong",
        _ => "This cannot be done",
    }
}
