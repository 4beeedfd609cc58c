//! Somebody on their way through login and consent, by the requests that a browser would send.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN};
use http::{HeaderValue, Method, Request};
use url::form_urlencoded::Serializer;

use super::control::Control;
use super::page::{hidden, text};
use super::people::Decision;
use super::seen::pairs;
use crate::accounts::login::must_verify;
use crate::app::App;
use crate::model::id::AttemptId;
use crate::model::interaction::{INTERACTION_LIFETIME, Interaction, Progress, StoredRequest};
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::session::Session;
use crate::model::user::User;
use crate::oauth::browser::session_cookie_name;
use crate::oauth::params::Params;
use crate::people::browser_session::Device;
use crate::store::cache::DomainEntry;
use crate::store::expiry::Expiring;

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
    /// What the browser accepts.
    accept: Option<HeaderValue>,
}

/// Logs a person in, in a browser of its own.
pub(super) async fn logged_in(app: &App, domain: &DomainEntry, person: &User) -> Result<LoggedIn, OAuthError> {
    if must_verify(domain, person) {
        return Err(OAuthError::invalid_request(
            "user: has an e-mail address that must be verified first (verify_email of the domain); open the link that is \
             mailed to it, or set email_verified",
        ));
    }
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
        Ok(Self { control, app, domain, browser, decision, accept: None })
    }

    /// The same walk in a browser that accepts this.
    pub(super) fn accepting(self, accept: Option<HeaderValue>) -> Self {
        Self { accept, ..self }
    }

    /// The answer to an authorization request. Who cancels does so before anything else is looked at, so that neither
    /// what they allowed earlier nor `prompt` gives a code.
    pub(super) async fn request(&self, query: &str) -> Result<Response, OAuthError> {
        match Params::parse(query.as_bytes()) {
            Ok(params) if self.decision == Decision::Deny => {
                let id = self.keep(&params).await?;
                Ok(self.cancel(&id).await)
            }
            _ => self.from(&format!("/{}/oauth/authorize?{query}", self.domain.domain.name)).await,
        }
    }

    /// From page to page, until an answer leads away from the server.
    pub(super) async fn from(&self, start: &str) -> Result<Response, OAuthError> {
        let mut path = start.to_owned();
        let mut asked_to_log_in = false;
        for _ in 0..MOST_STEPS {
            let answer = self.send(Method::GET, &path, None).await;
            let Some(next) = self.own(&answer) else { return Ok(answer) };
            path = match self.page(&next) {
                Some(("consent", id)) => self.consent(&next, &id).await?,
                Some((_, id)) if asked_to_log_in => return Err(self.not_wanted(&id, start).await?),
                Some((_, id)) => {
                    asked_to_log_in = true;
                    self.note_login(&id).await?
                }
                None => next,
            };
        }
        Err(OAuthError::server_error(anyhow::anyhow!("the login goes round in circles at {path}")))
    }

    async fn send(&self, method: Method, path: &str, form: Option<String>) -> Response {
        let mut request = Request::builder().method(method).uri(path).header(COOKIE, self.browser.cookie());
        if let Some(accept) = &self.accept {
            request = request.header(ACCEPT, accept);
        }
        if form.is_some() {
            request = request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(ORIGIN, self.app.public_url.as_str());
        }
        match request.body(form.map_or_else(Body::empty, Body::from)) {
            Ok(request) => {
                let answer = self.control.present().answer(request).await;
                self.control.asked.follow_path(path, answer).await
            }
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
    pub(super) async fn cancel(&self, id: &AttemptId) -> Response {
        let form = Serializer::new(String::new())
            .append_pair("interaction", id.as_str())
            .append_pair("decision", "cancel")
            .finish();
        self.send(Method::POST, &format!("/{}/login", self.domain.domain.name), Some(form)).await
    }

    async fn consent(&self, path: &str, id: &AttemptId) -> Result<String, OAuthError> {
        let page = text(self.send(Method::GET, path, None).await).await;
        let form = Serializer::new(String::new())
            .append_pair("interaction", id.as_str())
            .append_pair("asked", &hidden(&page).remove("asked").unwrap_or_default())
            .append_pair("decision", "allow")
            .finish();
        let answer = self.send(Method::POST, &format!("/{}/consent", self.domain.domain.name), Some(form)).await;
        Ok(self.own(&answer).unwrap_or_else(|| self.back(id)))
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

    /// Keeps a request, as the server does before it shows a page.
    async fn keep(&self, params: &Params) -> Result<AttemptId, OAuthError> {
        let now = self.app.clock.now();
        let kept = Interaction {
            id: AttemptId::random(),
            domain_id: self.domain.id(),
            client_id: params.get("client_id").unwrap_or_default().to_owned(),
            request: StoredRequest { params: params.pairs().to_vec() },
            progress: Progress { logged_in: Some(self.browser.session.id), ..Progress::default() },
            version: 1,
            created_at: now,
            expires_at: now.plus(INTERACTION_LIFETIME),
        };
        self.app.store.begin_interaction(&kept).await?;
        Ok(kept.id)
    }

    /// The error where the server asks for a login although this person has logged in.
    async fn not_wanted(&self, id: &AttemptId, start: &str) -> Result<OAuthError, OAuthError> {
        let waiting = self.app.store.interaction(self.domain.id(), id).await?;
        let asks_for_another =
            waiting.is_some_and(|waiting| waiting.request.params.iter().any(|(name, _)| name == "id_token_hint"));
        // What began with this walk waits for nobody.
        if start != self.back(id) {
            self.app.store.expire(self.domain.id(), Expiring::Interaction(id)).await?;
        }
        let why = if asks_for_another { "id_token_hint names somebody else" } else { "this session does not count" };
        Ok(OAuthError::new("invalid_request", 422, format!("the server shows the login page again: {why}")))
    }

    fn back(&self, id: &AttemptId) -> String {
        format!("/{}/oauth/authorize?interaction={id}", self.domain.domain.name)
    }
}
