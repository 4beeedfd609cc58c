//! People without a browser: they log in and decide by the same requests that a browser would send.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use url::Url;
use utoipa::{IntoParams, ToSchema};

use super::control::Control;
use super::mint::user;
use super::page::{attribute, hidden, inside, text};
use super::requests::check_wait;
use super::seen::pairs;
use super::walk::{LoggedIn, Walk, logged_in};
use crate::config::BaseUrl;
use crate::model::id::AttemptId;
use crate::model::interaction::Interaction;
use crate::model::oauth_error::OAuthError;

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

/// Which logins that wait are meant, and for how long to wait for them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InteractionFilter {
    /// Of this client.
    pub client_id: Option<String>,
    /// How many are waited for; 1 where absent.
    #[param(minimum = 1)]
    pub count: Option<usize>,
    /// For how many seconds at the most; not at all where absent.
    #[param(minimum = 0, maximum = 60)]
    pub wait: Option<f64>,
}

/// An authorization request as a browser brings it, and who answers it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Errand<'a> {
    pub(super) query: &'a str,
    pub(super) accept: Option<&'a HeaderValue>,
    pub(super) login: &'a str,
    pub(super) decision: Decision,
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
        let query = url.query().unwrap_or_default();
        let answer = self.walk(domain, Errand { query, accept: None, login, decision }).await?;
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
    pub(super) async fn walk(&self, domain: &str, errand: Errand<'_>) -> Result<Response, OAuthError> {
        let domain = self.domain(domain).await?;
        let person = user(&self.app(), &domain, errand.login).await?;
        let walk = Walk::begin(self, &domain, &person, errand.decision).await?;
        walk.accepting(errand.accept.cloned()).request(errand.query).await
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
        let person = user(&app, &domain, login).await?;
        let walk = Walk::begin(self, &domain, &person, decision).await?;
        if decision == Decision::Deny {
            return arrival(walk.cancel(&id).await).await;
        }
        waiting.progress.logged_in = Some(walk.browser.session.id);
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
        self.lasting().order.sort(&mut waiting);
        Ok(waiting)
    }

    /// Those that are meant, once there are as many as are waited for or the time is over, and whether there are.
    pub async fn find_interactions(
        &self,
        domain: &str,
        filter: &InteractionFilter,
    ) -> Result<(Vec<Interaction>, bool), OAuthError> {
        check_wait(filter.wait)?;
        if filter.count == Some(0) {
            return Err(OAuthError::invalid_request("count: must be 1 or more"));
        }
        let deadline = Instant::now() + Duration::from_secs_f64(filter.wait.unwrap_or(0.0));
        let mut signs = Arc::clone(&self.lasting().order).signs();
        loop {
            signs.mark_unchanged();
            let mut found = self.interactions(domain).await?;
            found.retain(|waiting| filter.client_id.as_ref().is_none_or(|client_id| *client_id == waiting.client_id));
            let complete = found.len() >= filter.count.unwrap_or(1);
            if complete || Instant::now() >= deadline {
                return Ok((found, complete));
            }
            // At the deadline it is looked once more.
            let _ = timeout_at(deadline, signs.changed()).await;
        }
    }

    /// Logs a person in, in a browser of its own.
    pub(super) async fn log_in(&self, domain: &str, login: &str) -> Result<LoggedIn, OAuthError> {
        let (app, domain) = (self.app(), self.domain(domain).await?);
        let person = user(&app, &domain, login).await?;
        logged_in(&app, &domain, &person).await
    }
}

/// Where an answer sends the browser: by a redirect, or by a form that posts itself.
async fn arrival(answer: Response) -> Result<Arrival, OAuthError> {
    if let Some(location) = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned) {
        let parameters = Url::parse(&location).map(|url| parameters(&url)).unwrap_or_default();
        return Ok(Arrival { location, parameters });
    }
    let status = answer.status();
    let page = text(answer).await;
    if status.as_u16() >= 400 {
        let told = inside(&page, "id=\"technical\"").or_else(|| inside(&page, "id=\"explanation\""));
        let told = told.unwrap_or_default();
        let told = format!("the server shows an error page ({}): {told}", status.as_u16());
        return Err(OAuthError::new("invalid_request", 422, told));
    }
    match attribute(&page, "<form id=\"respond\"", "action") {
        Some(location) if status == StatusCode::OK => Ok(Arrival { location, parameters: hidden(&page) }),
        _ => Err(OAuthError::new("invalid_request", 422, "the server shows a page on which nobody can go on")),
    }
}

fn parameters(url: &Url) -> BTreeMap<String, String> {
    let fragment = url.fragment().map(|fragment| pairs(fragment.as_bytes())).unwrap_or_default();
    pairs(url.query().unwrap_or_default().as_bytes()).into_iter().chain(fragment).collect()
}
