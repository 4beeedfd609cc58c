//! People without a browser: they log in and decide by the same requests that a browser would send.

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN};
use http::{Method, Request, StatusCode};
use serde::{Deserialize, Serialize};
use tower::ServiceExt as _;
use url::Url;
use url::form_urlencoded::Serializer;
use utoipa::ToSchema;

use super::control::Control;
use super::forge::user;
use super::seen::pairs;
use crate::app::App;
use crate::config::BaseUrl;
use crate::model::id::AttemptId;
use crate::model::interaction::{Decision as Noted, Interaction};
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

/// What the person decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// What is asked is allowed.
    #[default]
    Allow,
    /// They cancel.
    Deny,
}

/// Where the browser ends: at the client.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Arrival {
    /// The redirect URI with its parameters.
    pub location: String,
    /// The parameters: `code`, `state` and `iss`, or `error` and what goes with it.
    pub parameters: BTreeMap<String, String>,
}

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
struct Walk<'a> {
    control: &'a Control,
    app: App,
    domain: &'a DomainEntry,
    browser: LoggedIn,
    decision: Decision,
}

impl Control {
    /// Sends a person through login and consent: `url` is the authorization request as the client built it.
    ///
    /// # Errors
    /// 422 where the server shows an error page, with what it says; 400 where the person is unknown.
    pub async fn authorize(
        &self,
        domain: &str,
        (url, login): (&str, &str),
        decision: Decision,
    ) -> Result<Arrival, OAuthError> {
        let wrong = |_| OAuthError::invalid_request("url: must be the URL of an authorization request");
        let url = Url::parse(url).map_err(wrong)?;
        self.leads_here(domain, &url)?;
        let answer = self.walk(domain, url.query().unwrap_or_default(), login, decision).await?;
        arrival(answer).await
    }

    /// A client that sends people elsewhere is not to pass its tests.
    fn leads_here(&self, domain: &str, url: &Url) -> Result<(), OAuthError> {
        let app = self.app();
        let mut bases = app.settings.extra_base_urls.iter().map(BaseUrl::as_str).chain([app.public_url.as_str()]);
        let path = format!("/{domain}/oauth/authorize");
        if url.path() == path && bases.any(|base| base == url.origin().ascii_serialization()) {
            return Ok(());
        }
        Err(OAuthError::invalid_request(format!(
            "url: leads to {}{}, not to {}{path}, the authorization endpoint",
            url.origin().ascii_serialization(),
            url.path(),
            app.public_url
        )))
    }

    /// The answer to an authorization request, once this person has logged in and decided.
    pub(super) async fn walk(
        &self,
        domain: &str,
        query: &str,
        login: &str,
        decision: Decision,
    ) -> Result<Response, OAuthError> {
        let domain = self.domain(domain).await?;
        let person = user(&self.app(), &domain, login).await?;
        let mut query = query.to_owned();
        // Who cancels is asked, whatever they allowed before.
        if decision == Decision::Deny && !pairs(query.as_bytes()).iter().any(|(name, _)| name == "prompt") {
            query.push_str("&prompt=consent");
        }
        let walk = Walk::begin(self, &domain, &person, decision).await?;
        walk.from(&format!("/{}/oauth/authorize?{query}", domain.domain.name)).await
    }

    /// Goes on with a login that waits for a person.
    ///
    /// # Errors
    /// 404 where nothing waits under this id.
    pub async fn decide(
        &self,
        domain: &str,
        (interaction, login): (&str, &str),
        decision: Decision,
    ) -> Result<Arrival, OAuthError> {
        let (app, domain) = (self.app(), self.domain(domain).await?);
        let gone = || OAuthError::not_found("nothing waits under this id; it may be over");
        let id = AttemptId::parse(interaction).ok_or_else(gone)?;
        let mut waiting = app.store.interaction(domain.id(), &id).await?.ok_or_else(gone)?;
        if waiting.progress.decision == Some(Noted::Denied) {
            return Err(gone());
        }
        let person = user(&app, &domain, login).await?;
        let walk = Walk::begin(self, &domain, &person, decision).await?;
        waiting.progress.logged_in = Some(walk.browser.session.id);
        if decision == Decision::Deny {
            waiting.progress.decision = Some(Noted::Denied);
        }
        if !app.store.update_interaction(&waiting).await? {
            return Err(gone());
        }
        let answer = walk.from(&format!("/{}/oauth/authorize?interaction={id}", domain.domain.name)).await?;
        arrival(answer).await
    }

    /// The logins of a domain that wait for a person, oldest first.
    pub async fn interactions(&self, domain: &str) -> Result<Vec<Interaction>, OAuthError> {
        let domain = self.domain(domain).await?;
        let mut waiting = self.app().store.waiting_interactions(domain.id()).await?;
        waiting.retain(|waiting| waiting.progress.decision != Some(Noted::Denied));
        Ok(waiting)
    }

    /// Logs a person in, in a browser of its own.
    pub(super) async fn log_in(&self, domain: &str, login: &str) -> Result<LoggedIn, OAuthError> {
        let (app, domain) = (self.app(), self.domain(domain).await?);
        let person = user(&app, &domain, login).await?;
        logged_in(&app, &domain, &person).await
    }
}

async fn logged_in(app: &App, domain: &DomainEntry, person: &User) -> Result<LoggedIn, OAuthError> {
    if !person.enabled {
        return Err(OAuthError::invalid_request("user: is disabled, and cannot log in"));
    }
    let (session, secret) = app.people.begin_session(domain, person.id, DEVICE, None).await?;
    Ok(LoggedIn { session, name: session_cookie_name(app, &domain.domain.name), secret })
}

impl<'a> Walk<'a> {
    async fn begin(
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
    async fn from(&self, start: &str) -> Result<Response, OAuthError> {
        let mut path = start.to_owned();
        for _ in 0..MOST_STEPS {
            let answer = self.send(Method::GET, &path, None).await;
            let Some(next) = self.own(&answer) else { return self.explained(answer).await };
            path = match self.page(&next) {
                Some(("consent", id)) => self.consent(&next, &id).await?,
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
        self.serve(request.body(form.map_or_else(Body::empty, Body::from))).await
    }

    async fn serve(&self, request: Result<Request<Body>, http::Error>) -> Response {
        let Ok(request) = request else { return Response::new(Body::empty()) };
        let instance = self.control.present();
        let Ok(answer) = instance.router.clone().oneshot(request).await;
        answer
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

    async fn consent(&self, path: &str, id: &AttemptId) -> Result<String, OAuthError> {
        let page = text(self.send(Method::GET, path, None).await).await;
        let decision = if self.decision == Decision::Allow { "allow" } else { "cancel" };
        let form = Serializer::new(String::new())
            .append_pair("interaction", id.as_str())
            .append_pair("asked", &hidden(&page).remove("asked").unwrap_or_default())
            .append_pair("decision", decision)
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

/// The text of the element with this attribute.
fn inside(page: &str, attribute: &str) -> Option<String> {
    let rest = page.split_once(attribute)?.1.split_once('>')?.1;
    Some(unescaped(rest.split_once('<')?.0))
}

async fn text(answer: Response) -> String {
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap_or_default();
    String::from_utf8_lossy(&body).into_owned()
}

/// Where an answer sends the browser: by a redirect, or by a form that posts itself.
async fn arrival(answer: Response) -> Result<Arrival, OAuthError> {
    if let Some(location) = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned) {
        let parameters = Url::parse(&location).map(|url| parameters(&url)).unwrap_or_default();
        return Ok(Arrival { location, parameters });
    }
    let status = answer.status();
    let page = text(answer).await;
    match attribute(&page, "<form id=\"respond\"", "action") {
        Some(location) if status == StatusCode::OK => Ok(Arrival { location, parameters: hidden(&page) }),
        _ => Err(OAuthError::new("invalid_request", 422, "the server shows a page on which nobody can go on")),
    }
}

fn parameters(url: &Url) -> BTreeMap<String, String> {
    let fragment = url.fragment().map(|fragment| pairs(fragment.as_bytes())).unwrap_or_default();
    pairs(url.query().unwrap_or_default().as_bytes()).into_iter().chain(fragment).collect()
}

/// The hidden fields of a page of the server's own.
fn hidden(page: &str) -> BTreeMap<String, String> {
    page.split("<input type=\"hidden\"")
        .skip(1)
        .filter_map(|rest| {
            let tag = rest.split_once('>')?.0;
            Some((attribute(tag, "", "name")?, attribute(tag, "", "value")?))
        })
        .collect()
}

fn attribute(page: &str, element: &str, name: &str) -> Option<String> {
    let rest = &page[page.find(element)? + element.len()..];
    let tag = rest.split_once('>').map_or(rest, |(tag, _)| tag);
    let value = &tag[tag.find(&format!(" {name}=\""))? + name.len() + 3..];
    Some(unescaped(value.split_once('"')?.0))
}

/// Numeric character references are the only ones that the templates write.
fn unescaped(text: &str) -> String {
    let mut parts = text.split("&#");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(';').and_then(|(code, rest)| Some((char::from_u32(code.parse().ok()?)?, rest))) {
            Some((character, rest)) => {
                plain.push(character);
                plain.push_str(rest);
            }
            None => plain.push_str(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_a_browser_would() {
        let page = "<form id=\"respond\" method=\"post\" action=\"https://a.example/cb?x=1&#38;y=2\">\n\
                    <input type=\"hidden\" name=\"code\" value=\"ac_1\">\n<input type=\"hidden\" name=\"state\" value=\"a&#34;b\">";
        assert_eq!(attribute(page, "<form id=\"respond\"", "action").as_deref(), Some("https://a.example/cb?x=1&y=2"));
        let found = hidden(page);
        assert_eq!((found["code"].as_str(), found["state"].as_str()), ("ac_1", "a\"b"));
    }
}
