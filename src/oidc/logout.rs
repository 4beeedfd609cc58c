//! Logging out at the request of a client (OpenID Connect RP-Initiated Logout 1.0).
//!
//! # Design
//! What ends is the browser's session, nothing else: the tokens of the person's applications are theirs, with or without
//! `offline_access`, and end by revocation or on the account page. A request with an ID token of this very session is
//! the client's own; any other could come from a page that only wants to annoy, and is put to the person first. The
//! answer to that question carries a value that only a page shown in this session can know.

use axum::extract::{FromRequestParts as _, Request, State};
use axum::response::{Html, IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

use crate::app::App;
use crate::domains::look;
use crate::keys::data_keys::HashPurpose;
use crate::model::client::ClientStatus;
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;
use crate::model::random::encode;
use crate::model::secret::same;
use crate::oauth::browser::{Browser, clear_session_cookie};
use crate::oauth::params::Params;
use crate::oauth::request::{InDomain, read_body};
use crate::ops::security_headers;
use crate::pages::{Claimed, ErrorPage, Frame, LoggedOut, LogoutConfirm, Page};
use crate::people::browser_session::Current;
use crate::store::cache::ClientEntry;
use crate::store::sessions::EndSessions;
use crate::tokens::id_token::Hint;
use crate::tokens::subject::subject;

/// What a request may say (RP-Initiated Logout §2); the question repeats it.
const PARAMETERS: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

/// Where the answer to the question carries what only its page knows.
const CONFIRMATION: &str = "confirmation";

/// `GET` and `POST /{domain}/oidc/logout`.
pub async fn logout(State(app): State<App>, request: Request) -> Result<Response, OAuthError> {
    let (mut parts, body) = request.into_parts();
    let browser = Browser::from_request_parts(&mut parts, &app).await?;
    let at = &browser.at;
    let posted = parts.method == Method::POST;
    let params = if posted {
        Params::parse(&read_body(body).await?)
    } else {
        Params::parse(parts.uri.query().unwrap_or_default().as_bytes())
    };
    let params = match params {
        Ok(params) => params,
        Err(error) => return Ok(problem(at, &error)),
    };
    if posted && browser.current.is_none() && !is_own_page(&parts.headers) {
        // A form on another site's page comes without our cookie (SameSite=Lax); a redirect brings it along.
        return Ok(see_other(&format!("{}?{}", own_url(at), query(&params))));
    }
    let asked = match Asked::read(at, &params).await? {
        Ok(asked) => asked,
        Err(error) => return Ok(problem(at, &error)),
    };
    if let Some(current) = &browser.current {
        let expected = confirmation(at, current);
        let confirmed =
            posted && params.get(CONFIRMATION).is_some_and(|sent| same(sent.as_bytes(), expected.as_bytes()));
        if !confirmed && !asked.is_about(at, current) {
            return Ok(question(at, current, (&asked, &params), expected));
        }
        at.app.store.end_sessions(at.domain.id(), current.user.id, EndSessions::One(current.session.id)).await?;
    }
    let mut response = match asked.back_to(&browser) {
        Some(uri) => see_other(uri),
        None => shown(at, StatusCode::OK, &LoggedOut { frame: frame(at), login: None }),
    };
    clear_session_cookie(response.headers_mut(), at);
    Ok(response)
}

/// What a request asks for, checked.
struct Asked {
    hint: Option<Hint>,
    client: Option<std::sync::Arc<ClientEntry>>,
    /// Where the person goes afterwards, `state` included.
    back_to: Option<String>,
}

impl Asked {
    /// Checks a request. A hint that cannot be read any more (its key is long gone) counts as none: the person is asked.
    async fn read(at: &InDomain, params: &Params) -> Result<Result<Self, OAuthError>, OAuthError> {
        let hint = params.get("id_token_hint").and_then(|text| at.app.issuer.hint(&at.domain, &at.issuer(), text));
        let named = params.get("client_id");
        let issued_to = hint.as_ref().map(|hint| hint.aud.as_str());
        if let (Some(named), Some(issued_to)) = (named, issued_to)
            && named != issued_to
        {
            return Ok(Err(OAuthError::invalid_request(
                "client_id is not the client that the id_token_hint was issued to",
            )));
        }
        let client = match issued_to.or(named) {
            Some(id) if id.len() <= 300 => at.app.store.client(at.domain.id(), &ClientId(id.to_owned())).await?,
            _ => None,
        };
        let client = client.filter(|entry| entry.client.status == ClientStatus::Active);
        let known = client.as_ref().filter(|entry| hint.is_some() || !entry.client.origin.is_open());
        let Some((uri, entry)) = params.get("post_logout_redirect_uri").zip(known) else {
            // Whose address it would be is not known, or only by the word of somebody whom nobody has checked and who
            // has never logged this person in; the person is told that they are logged out.
            return Ok(Ok(Self { hint, client, back_to: None }));
        };
        let registered = entry.client.metadata.post_logout_redirect_uris.as_deref().unwrap_or_default();
        if !registered.iter().any(|own| own == uri) {
            return Ok(Err(OAuthError::invalid_request(
                "post_logout_redirect_uri is not registered for this client; register it exactly as it is sent",
            )));
        }
        let back_to = Some(with_state(uri, params.get("state")));
        Ok(Ok(Self { hint, client, back_to }))
    }

    /// Where the person goes. To a client that nobody has checked only from a browser in which it has logged this very
    /// person in: its own ID token, which anybody can get for themselves, must not make a link that leads anybody there.
    fn back_to(&self, browser: &Browser) -> Option<&str> {
        let open = self.client.as_ref().is_none_or(|entry| entry.client.origin.is_open());
        let theirs = || browser.current.as_ref().is_some_and(|current| self.names(&browser.at, current));
        self.back_to.as_deref().filter(|_| !open || theirs())
    }

    /// Whether the hint is of this session: then its client may end it without a question.
    fn is_about(&self, at: &InDomain, current: &Current) -> bool {
        let session = current.session.id.to_string();
        let sid = self.hint.as_ref().and_then(|hint| hint.sid.as_ref());
        self.names(at, current) && sid.is_none_or(|sid| *sid == session)
    }

    /// Whether the hint is of whoever is logged in.
    fn names(&self, at: &InDomain, current: &Current) -> bool {
        let known = self.hint.as_ref().zip(self.client.as_ref());
        known.is_some_and(|(hint, entry)| hint.sub == subject(&at.app.keys, &entry.client, current.user.id))
    }
}

/// The question, with everything that was asked and the value that its answer must carry.
fn question(at: &InDomain, current: &Current, (asked, params): (&Asked, &Params), expected: String) -> Response {
    let said =
        PARAMETERS.iter().filter_map(|name| params.get(name).map(|value| ((*name).to_owned(), value.to_owned())));
    let page = LogoutConfirm {
        frame: frame(at),
        action: own_url(at).into(),
        parameters: said.chain([(CONFIRMATION.to_owned(), expected)]).collect(),
        client: asked.client.as_ref().map(|entry| {
            let client = &entry.client;
            Claimed::of_application(client.metadata.client_name.as_deref().unwrap_or(client.client_id.as_str()))
        }),
        signed_in_as: Some(Claimed::from(current.user.display_name()).or(&current.user.username)),
        account: Some(format!("/{}/account", at.domain.domain.name).into()),
    };
    shown(at, StatusCode::OK, &page)
}

/// What only a page shown in this session knows.
fn confirmation(at: &InDomain, current: &Current) -> String {
    encode(&at.app.keys.hash(HashPurpose::LogoutConfirmation, &current.session.id.to_string()))
}

/// Whether a form was sent from a page of our own (Fetch Metadata §2.4).
fn is_own_page(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin")
}

fn own_url(at: &InDomain) -> String {
    format!("{}/{}/oidc/logout", at.app.public_url.as_str(), at.domain.domain.name)
}

fn query(params: &Params) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in PARAMETERS {
        if let Some(value) = params.get(name) {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else { return uri.to_owned() };
    let joint = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{joint}state={}", utf8_percent_encode(state, NON_ALPHANUMERIC))
}

fn frame(at: &InDomain) -> Frame {
    look::frame(&at.domain)
}

fn problem(at: &InDomain, error: &OAuthError) -> Response {
    let page = ErrorPage {
        frame: frame(at),
        title: "You are not signed out".to_owned(),
        explanation: "The application that sent you here asked in a way that this server does not take.".to_owned(),
        technical: Some(format!("{}.", error.description)),
        remedies: vec!["Go back and close the application's window, or sign out on your account page.".to_owned()],
        code: error.code.to_owned(),
        trace_id: None,
    };
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    shown(at, status, &page)
}

fn shown(at: &InDomain, status: StatusCode, page: &impl Page) -> Response {
    let mut response = (status, Html(page.html())).into_response();
    security_headers::page(response.headers_mut(), at.app.public_url.is_https());
    response
}

fn see_other(uri: &str) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, uri)]).into_response();
    security_headers::no_store(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_comes_back_as_it_was_sent() {
        assert_eq!(with_state("https://a.example/out", None), "https://a.example/out");
        assert_eq!(
            with_state("https://a.example/out?a=1", Some("x +/&=é")),
            "https://a.example/out?a=1&state=x%20%2B%2F%26%3D%C3%A9"
        );
        assert_eq!(with_state("com.app:/out", Some("1")), "com.app:/out?state=1");
    }
}
