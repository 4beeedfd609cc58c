//! How the authorization endpoint answers: to the client by way of the browser, or to the person by a page.

use axum::response::{Html, IntoResponse as _, Response};
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Attempt;
use super::client::Redirect;
use crate::domains::look;
use crate::model::id::AttemptId;
use crate::model::oauth_error::OAuthError;
use crate::model::redirect_uri::RedirectKind;
use crate::oauth::error::{Cause, ErrorCode};
use crate::oauth::request::InDomain;
use crate::ops::security_headers::{form_post_page, no_store, page as page_headers};
use crate::pages::{ErrorPage, FormPost, Frame, Href, Page, Product, UnknownClient};

/// What needs no encoding in a query (RFC 3986 §2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why the list ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The person is told, because it is not known whom else to tell.
    Page(OAuthError),
    /// The client is not known: the person is told how to make it register again.
    UnknownClient {
        /// The `client_id` as it came.
        client_id: String,
        /// Why it is not known.
        reason: &'static str,
    },
    /// The interaction is over: too old, or completed in another window.
    Over,
    /// The client is told.
    Client(Box<(Recipient, OAuthError)>),
}

impl From<OAuthError> for Stop {
    fn from(error: OAuthError) -> Self {
        Self::Page(error)
    }
}

/// Who gets the answer, and how.
#[derive(Debug, Clone)]
pub(super) struct Recipient {
    redirect_uri: String,
    by_post: bool,
    state: Option<String>,
    issuer: String,
}

impl Recipient {
    /// The client's redirect URI, by the response mode that the request names.
    pub(super) fn new(attempt: &Attempt, redirect: &Redirect) -> Self {
        let by_post = attempt.params.get("response_mode") == Some("form_post");
        Self {
            redirect_uri: redirect.uri.as_str().to_owned(),
            // Nothing can be posted to an app that answers to a scheme.
            by_post: by_post && redirect.uri.kind() != RedirectKind::PrivateUse,
            state: attempt.params.get("state").map(str::to_owned),
            issuer: attempt.at().issuer(),
        }
    }

    /// The list ends with an error that the client is told.
    pub(super) fn refused(&self, error: OAuthError) -> Stop {
        Stop::Client(Box::new((self.clone(), error)))
    }

    /// The client gets its code.
    pub(super) fn succeeded(&self, at: &InDomain, code: &str) -> Response {
        self.answer(at, vec![("code", code.to_owned())])
    }

    fn failed(&self, at: &InDomain, error: &OAuthError) -> Response {
        self.answer(at, vec![("error", error.code.to_owned()), ("error_description", error.description.clone())])
    }

    /// Every answer carries the state exactly as it came, and the issuer (RFC 9207 §2).
    fn answer(&self, at: &InDomain, mut answer: Vec<(&str, String)>) -> Response {
        answer.extend(self.state.clone().map(|state| ("state", state)));
        answer.push(("iss", self.issuer.clone()));
        if self.by_post {
            return self.post(at, answer);
        }
        let pairs = answer.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, UNRESERVED)));
        let query = pairs.collect::<Vec<_>>().join("&");
        let joint = match self.redirect_uri.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        see_other(&format!("{}{joint}{query}", self.redirect_uri))
    }

    /// A page whose form goes to the client (OAuth 2.0 Form Post Response Mode).
    fn post(&self, at: &InDomain, answer: Vec<(&str, String)>) -> Response {
        let Some(redirect_uri) = Href::web(&self.redirect_uri) else { return see_other(&self.redirect_uri) };
        let page = FormPost {
            frame: frame(at),
            redirect_uri,
            parameters: answer.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        };
        let mut response = Html(page.html()).into_response();
        form_post_page(response.headers_mut(), at.app.public_url.is_https());
        response
    }
}

/// Answers the browser of an attempt that ended early.
pub(super) fn stopped(attempt: &Attempt, stop: Stop) -> Response {
    let at = attempt.at();
    match stop {
        // A program that keeps an id for ever looks here whether it is still good, and registers again if not.
        Stop::UnknownClient { .. } if attempt.by_program => {
            OAuthError::invalid_client("this client is not known here, or was deleted; register again").into_response()
        }
        Stop::Page(error) if attempt.by_program => error.into_response(),
        Stop::Client(told) => {
            let (recipient, error) = *told;
            let mut response = recipient.failed(at, &error);
            note(&mut response, error);
            response
        }
        Stop::UnknownClient { client_id, reason } => {
            let likely = attempt.params.get("redirect_uri").and_then(Product::of_redirect_uri);
            let page = UnknownClient {
                frame: frame(at),
                client_id: client_id.as_str().into(),
                reason: reason.to_owned(),
                likely,
                trace_id: Some(attempt.id.to_string()),
            };
            let mut response = html(at, StatusCode::BAD_REQUEST, &page);
            response.extensions_mut().insert(ErrorCode("invalid_client"));
            response
        }
        stop => page(at, stop, &attempt.id),
    }
}

/// Tells the person.
pub(super) fn page(at: &InDomain, stop: Stop, attempt: &AttemptId) -> Response {
    let error = match stop {
        Stop::Page(error) => error,
        Stop::Over => return over(at, attempt),
        Stop::UnknownClient { reason, .. } => OAuthError::invalid_client(reason),
        Stop::Client(told) => told.1,
    };
    let ours = error.status >= 500;
    let (title, remedies) = if ours {
        ("This server cannot go on", vec!["Go back to the application and try again in a moment."])
    } else {
        (
            "This request cannot go on",
            vec![
                "Go back to the application and start again.",
                "If that does not help, tell whoever runs the application what this page says.",
            ],
        )
    };
    let plain = plain_words(&error.description);
    let page = ErrorPage {
        frame: frame(at),
        title: title.to_owned(),
        explanation: plain.map_or_else(|| sentence(&error.description), str::to_owned),
        technical: plain.map(|_| sentence(&error.description)),
        remedies: remedies.into_iter().map(str::to_owned).collect(),
        code: error.code.to_owned(),
        trace_id: Some(attempt.to_string()),
    };
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = html(at, status, &page);
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    note(&mut response, error);
    response
}

fn over(at: &InDomain, attempt: &AttemptId) -> Response {
    let page = ErrorPage {
        frame: frame(at),
        title: "This login is over".to_owned(),
        explanation: "It was finished already, perhaps in another window, or it waited for too long.".to_owned(),
        technical: None,
        remedies: vec!["Go back to the application and start again.".to_owned()],
        code: "invalid_request".to_owned(),
        trace_id: Some(attempt.to_string()),
    };
    html(at, StatusCode::GONE, &page)
}

fn html(at: &InDomain, status: StatusCode, page: &impl Page) -> Response {
    let mut response = (status, Html(page.html())).into_response();
    page_headers(response.headers_mut(), at.app.public_url.is_https());
    response
}

fn frame(at: &InDomain) -> Frame {
    look::frame(&at.domain)
}

/// Sends the browser on; always by GET, or some would post the person's form to the client (RFC 9700 §4.12).
pub(super) fn see_other(url: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    no_store(response.headers_mut());
    if let Ok(url) = HeaderValue::try_from(url) {
        response.headers_mut().insert(LOCATION, url);
    }
    response
}

/// For metrics and the log.
fn note(response: &mut Response, error: OAuthError) {
    response.extensions_mut().insert(ErrorCode(error.code));
    if let Some(cause) = error.cause {
        response.extensions_mut().insert(Cause(format!("{cause:#}").into()));
    }
}

/// What people can make of a description that speaks of parameters; `None`: it is in plain words itself.
fn plain_words(description: &str) -> Option<&'static str> {
    let first = description.split(' ').next().unwrap_or_default();
    if description.starts_with("redirect_uri is not") {
        Some("The application sent you here with an address it has not registered.")
    } else if description.contains("redirect_uri") {
        Some("The application did not say where to send you back.")
    } else if first.contains(['_', '=', ':']) || description.contains("the parameter ") {
        Some("The application sent you here in a way that this server does not take.")
    } else {
        None
    }
}

/// A description as a sentence; the name of a parameter keeps its form.
fn sentence(description: &str) -> String {
    let description = description.trim_end_matches('.');
    if description.split(' ').next().is_some_and(|word| word.contains('_')) {
        return format!("The parameter {description}.");
    }
    let mut characters = description.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_plain_words_first() {
        for (description, plain) in [
            ("redirect_uri is not one that this application has registered", "an address it has not registered"),
            ("the parameter redirect_uri is missing; this application has several", "where to send you back"),
            ("max_age must be a whole number of seconds", "in a way that this server does not take"),
            ("resource x: is unknown", ""),
            ("this application was suspended by an administrator", ""),
        ] {
            let told = plain_words(description).unwrap_or_default();
            assert!(told.contains(plain) && told.is_empty() == plain.is_empty(), "{description}: {told}");
        }
        assert_eq!(sentence("max_age is odd"), "The parameter max_age is odd.");
    }
}
