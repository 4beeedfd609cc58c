//! How the console answers: a page in its frame, or a redirect by 303 so that no form is posted twice
//! (RFC 9110 §15.4.4).

use axum::body::to_bytes;
use axum::response::{Html, IntoResponse as _, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::fields::Fields;
use super::once::MadeAt;
use crate::admin::managing::{Managing, ManagingDomain};
use crate::model::oauth_error::OAuthError;
use crate::model::random::{self, encode};
use crate::oauth::error::ErrorCode;
use crate::pages::console::{Conflict, ConsoleFrame, NoticeKind, Problem, Section};
use crate::pages::{Link, Page};

/// No error is longer than this, in bytes.
const MOST: usize = 16 * 1_024;

/// What has just been done, as a page says it: the code in the URL, and the sentence.
pub type Told = [(&'static str, &'static str)];

/// The frame of a page that is about no domain.
pub async fn frame(managing: &Managing, section: Section) -> Result<ConsoleFrame, OAuthError> {
    let authority = &managing.authority;
    let domains = managing.app.store.domains().await?;
    let reached = domains.into_iter().filter(|domain| authority.reach.covers(domain.id)).map(|domain| domain.name);
    let frame = ConsoleFrame::new(&authority.name, authority.role, section).with_domains(reached.collect());
    Ok(ConsoleFrame { once: encode(&random::bytes::<16>()), ..frame })
}

/// The frame of a page about the domain that the path names.
pub async fn domain_frame(at: &ManagingDomain, section: Section) -> Result<ConsoleFrame, OAuthError> {
    Ok(frame(at, section).await?.in_domain(at.domain.domain.name.clone()))
}

/// The frame of a page that stands in the place of what was asked for: an error, or what was done already.
pub async fn frame_in_place(managing: &Managing, domain: Option<&str>, path: &str) -> ConsoleFrame {
    let authority = &managing.authority;
    // The frame is part of the page; without it (the database may be away) a bare one does.
    let bare = |_| ConsoleFrame::new(&authority.name, authority.role, Section::Domains);
    let frame = frame(managing, Section::Domains).await.unwrap_or_else(bare);
    let frame = match domain {
        Some(name) => frame.in_domain(name),
        None => frame,
    };
    ConsoleFrame { section: section_of(&frame, path), ..frame }
}

/// The part of the console that an address belongs to, of those that the person sees.
fn section_of(frame: &ConsoleFrame, path: &str) -> Section {
    let of_a_domain = frame.of_the_domain().iter().flat_map(|(_, sections)| sections.iter());
    let seen = of_a_domain.chain(frame.of_the_server()).chain(&[Section::Account]);
    let holding = seen.filter(|section| {
        let root = frame.href(section);
        path == root || path.starts_with(&format!("{root}/"))
    });
    holding.max_by_key(|section| frame.href(section).len()).copied().unwrap_or(Section::Domains)
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

/// A page that shows what was just made, which is found there from now on.
pub fn show_placed(page: &impl Page, place: impl Into<String>) -> Response {
    let mut response = show(page);
    response.extensions_mut().insert(MadeAt(place.into()));
    response
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
pub async fn problem(managing: &Managing, (domain, path): (Option<&str>, &str), response: Response) -> Response {
    if response.extensions().get::<ErrorCode>().is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, MOST).await.unwrap_or_default();
    let told = serde_json::from_slice::<Error>(&body).map(|error| error.error_description).unwrap_or_default();
    let frame = frame_in_place(managing, domain, path).await;
    let back = Link {
        href: frame.section.path(frame.domain_name()).into(),
        text: format!("Back to {}", frame.section.title()),
    };
    let page = Problem {
        frame: frame.at(title(parts.status)),
        title: title(parts.status).to_owned(),
        explanation: sentence(&told),
        links: vec![back],
        reference: parts.status.is_server_error().then(|| managing.caller.request_id.to_string()),
    };
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    parts.headers.remove(CONTENT_LENGTH);
    (parts, page.html()).into_response()
}

/// An error's description, which stands in lists and logs without capital and stop, as a sentence in plain words:
/// without the rule or the specification that it follows from.
pub fn sentence(description: &str) -> String {
    let described = description.strip_prefix("settings: ").unwrap_or(description);
    let plain = without_references(&match machine_name(described) {
        Some((name, rest)) => format!("{}{rest}", spelled(name)),
        None => described.to_owned(),
    });
    let stop = if plain.ends_with(['.', '!', '?']) { "" } else { "." };
    // A word that is no word, such as a host, stays as it is.
    let word = plain.split([' ', ':']).next().unwrap_or_default();
    let first = usize::from(word.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '-' | ',')));
    let mut letters = plain.chars();
    let first: String = letters.by_ref().take(first).flat_map(char::to_uppercase).collect();
    format!("{first}{}{stop}", letters.as_str())
}

/// The same beside the field that it is about, whose name it leaves out.
pub fn beside(description: &str) -> String {
    let described = description.strip_prefix("settings: ").unwrap_or(description);
    let rest = machine_name(described).map(|(_, rest)| rest.trim_start_matches([':', ' ']));
    sentence(rest.unwrap_or(described))
}

/// The name of a member that a description begins with, and the rest: `client_id: must be …`, `quota must be …`.
fn machine_name(description: &str) -> Option<(&str, &str)> {
    let end = description.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c)))?;
    let (name, rest) = description.split_at(end);
    (rest.starts_with(": ") || (name.contains('_') && rest.starts_with(" must "))).then_some((name, rest))
}

/// The name of a member as people write it: `redirect_uris` is `redirect URIs`.
fn spelled(name: &str) -> String {
    let words = name.split(['_', '.']).map(|word| match word {
        "uri" => "URI",
        "uris" => "URIs",
        "jwks" => "keys",
        word => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A description without `(rule …)` and `(RFC …)`.
fn without_references(description: &str) -> String {
    let mut plain = description.to_owned();
    for opening in [" (rule ", " (RFC "] {
        while let Some((before, rest)) = plain.split_once(opening) {
            let Some((_, after)) = rest.split_once(')') else { break };
            plain = format!("{before}{after}");
        }
    }
    plain
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::administrator::Role;

    #[test]
    fn errors_are_told_in_plain_words() {
        for (description, told, by_the_field) in [
            ("the form did not arrive in full", "The form did not arrive in full.", "The form did not arrive in full."),
            (
                "redirect_uris: 'http://a' uses http; use https (rule redirect-uri)",
                "Redirect URIs: 'http://a' uses http; use https.",
                "'http://a' uses http; use https.",
            ),
            ("session_lifetime must be at least 60", "Session lifetime must be at least 60.", "Must be at least 60."),
            ("settings: template: is taken already.", "Template: is taken already.", "Is taken already."),
            (
                "a resource must be an absolute URI (RFC 8707 section 2); add a scheme",
                "A resource must be an absolute URI; add a scheme.",
                "A resource must be an absolute URI; add a scheme.",
            ),
            ("dcr_admin is reserved", "dcr_admin is reserved.", "dcr_admin is reserved."),
        ] {
            assert_eq!((sentence(description).as_str(), beside(description).as_str()), (told, by_the_field));
        }
    }

    #[test]
    fn an_address_belongs_to_the_part_that_begins_it() {
        let section = |role, domain: &str, path| {
            let frame = ConsoleFrame::new("ada", role, Section::Domains);
            section_of(&if domain.is_empty() { frame } else { frame.in_domain(domain) }, path)
        };
        for (path, domain, expected) in [
            ("/console/domains/main/applications/a/secrets", "main", Section::Applications),
            ("/console/domains/main/applicationsx", "main", Section::Overview),
            ("/console/domains/main/delete", "main", Section::Overview),
            ("/console/domains/gone/keys", "", Section::Domains),
            ("/console/audit/export", "", Section::ServerAudit),
            ("/console/account", "", Section::Account),
            ("/console", "", Section::Domains),
        ] {
            assert_eq!(section(Role::Owner, domain, path), expected, "{path}");
        }
        assert_eq!(section(Role::Editor, "", "/console/audit/export"), Section::Domains);
    }
}
