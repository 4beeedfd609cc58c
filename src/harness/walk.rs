//! Somebody on their way through login and consent, by the requests that a browser would send.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN};
use http::{Method, Request};
use url::form_urlencoded::Serializer;

use super::control::Control;
use super::page::{hidden, inside, text};
use super::people::Decision;
use super::seen::pairs;
use crate::app::App;
use crate::model::id::AttemptId;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::session::Session;
use crate::model::user::User;
use crate::oauth::browser::session_cookie_name;
use crate::people::browser_session::Device;
use crate::store::cache::DomainEntry;

/// How many pages follow one another at the most.
const MOST_STEPS: usize = 8;

/// How the device of such a login is called.
const DEVICE: Device<'static> = Device { agent: "harness", source: "127.0.0.1" };

/// A browser in which somebody is logged in.
#[derive(Debug, Clone)]
pub(super) struct LoggedIn {
    pub(super) session: Session,
    pub(super) name: String,
    pub(super) secret: Secret,
}

impl LoggedIn {
    pub(super) fn cookie(&self) -> String {
        format!("{}={}", self.name, self.secret.expose())
    }
}

/// Somebody on their way through the pages.
pub(super) struct Walk<'a> {
    control: &'a Control,
    app: App,
    domain: &'a DomainEntry,
    pub(super) browser: LoggedIn,
    decision: Decision,
}

/// Logs a person in, in a browser of its own.
pub(super) async fn logged_in(app: &App, domain: &DomainEntry, person: &User) -> Result<LoggedIn, OAuthError> {
    let refused = || OAuthError::invalid_request("user: is disabled, and cannot log in");
    let (session, secret) = app.people.begin_session(domain, person, DEVICE, None).await?.ok_or_else(refused)?;
    Ok(LoggedIn { session, name: session_cookie_name(app, &domain.domain.name), secret })
}

impl<'a> Walk<'a> {
    pub(super) async fn begin(
        control: &'a Control,
        domain: &'a DomainEntry,
        person: &User,
        decision: Decision,
    ) -> Result<Self, OAuthError> {
        let app = control.app();
        let browser = logged_in(&app, domain, person).await?;
        Ok(Self { control, app, domain, browser, decision })
    }

    /// From page to page, until an answer leads away from the server.
    pub(super) async fn from(&self, start: &str) -> Result<Response, OAuthError> {
        let mut path = start.to_owned();
        for _ in 0..MOST_STEPS {
            let answer = self.send(Method::GET, &path, None).await;
            let Some(next) = self.own(&answer) else { return self.explained(answer).await };
            path = match self.page(&next) {
                Some(("consent", id)) => {
                    let answer = self.consent(&next, &id).await;
                    match self.own(&answer) {
                        Some(next) => next,
                        // Whoever cancels is sent to the client at once.
                        None if self.decision == Decision::Deny => return self.explained(answer).await,
                        None => self.back(&id),
                    }
                }
                Some((_, id)) => self.note_login(&id).await?,
                None => next,
            };
        }
        Err(OAuthError::server_error(anyhow::anyhow!("the login goes round in circles at {path}")))
    }

    async fn send(&self, method: Method, path: &str, form: Option<String>) -> Response {
        let mut request = Request::builder().method(method).uri(path).header(COOKIE, self.browser.cookie());
        if form.is_some() {
            request = request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(ORIGIN, self.app.public_url.as_str());
        }
        match request.body(form.map_or_else(Body::empty, Body::from)) {
            Ok(request) => self.control.present().answer(request).await,
            Err(error) => OAuthError::invalid_request(format!("url: cannot be requested: {error}")).into_response(),
        }
    }

    /// The path on this server that an answer leads to.
    fn own(&self, answer: &Response) -> Option<String> {
        let location = answer.headers().get(LOCATION)?.to_str().ok()?;
        if location.starts_with('/') {
            return Some(location.to_owned());
        }
        let rest = location.strip_prefix(self.app.public_url.as_str())?;
        let pages = ["login", "register", "consent", "oauth/authorize"];
        let own = format!("/{}/", self.domain.domain.name);
        let page = rest.strip_prefix(&own)?;
        pages.iter().any(|known| page.starts_with(known)).then(|| rest.to_owned())
    }

    /// The page that a path leads to, and the interaction it is part of.
    fn page(&self, path: &str) -> Option<(&'static str, AttemptId)> {
        let (path, query) = path.split_once('?')?;
        let name = path.strip_prefix(&format!("/{}/", self.domain.domain.name))?;
        let name = ["login", "register", "consent"].into_iter().find(|known| *known == name)?;
        let (_, id) = pairs(query.as_bytes()).into_iter().find(|(name, _)| name == "interaction")?;
        Some((name, AttemptId::parse(&id)?))
    }

    /// They cancel on the login page.
    pub(super) async fn cancel(&self, id: &AttemptId) -> Result<Response, OAuthError> {
        let form = Serializer::new(String::new())
            .append_pair("interaction", id.as_str())
            .append_pair("decision", "cancel")
            .finish();
        let answer = self.send(Method::POST, &format!("/{}/login", self.domain.domain.name), Some(form)).await;
        self.explained(answer).await
    }

    async fn consent(&self, path: &str, id: &AttemptId) -> Response {
        let page = text(self.send(Method::GET, path, None).await).await;
        let decision = if self.decision == Decision::Allow { "allow" } else { "cancel" };
        let form = Serializer::new(String::new())
            .append_pair("interaction", id.as_str())
            .append_pair("asked", &hidden(&page).remove("asked").unwrap_or_default())
            .append_pair("decision", decision)
            .finish();
        self.send(Method::POST, &format!("/{}/consent", self.domain.domain.name), Some(form)).await
    }

    /// They log in on the page, which the session is the proof of.
    async fn note_login(&self, id: &AttemptId) -> Result<String, OAuthError> {
        let store = &self.app.store;
        if let Some(mut waiting) = store.interaction(self.domain.id(), id).await? {
            waiting.progress.logged_in = Some(self.browser.session.id);
            store.update_interaction(&waiting).await?;
        }
        Ok(self.back(id))
    }

    fn back(&self, id: &AttemptId) -> String {
        format!("/{}/oauth/authorize?interaction={id}", self.domain.domain.name)
    }

    /// The error that says what the server shows on its error page.
    async fn explained(&self, answer: Response) -> Result<Response, OAuthError> {
        let status = answer.status().as_u16();
        if status < 400 {
            return Ok(answer);
        }
        let page = text(answer).await;
        let told = inside(&page, "id=\"explanation\"").unwrap_or_default();
        Err(OAuthError::new("invalid_request", 422, format!("the server shows an error page ({status}): {told}")))
    }
}
