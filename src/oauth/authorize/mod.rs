//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2, RFC 9207).
//!
//! # Design
//! One list of checks, in the order that matters: until client and redirect URI are known to belong together, an error
//! is a page; from then on it is an answer to the client. Where a person has to do something, the request is kept and
//! the browser sent to a page; when it comes back, the whole list runs again with what the person did.

mod asked;
mod client;
mod consent;
mod grant;
mod login;
mod request;
mod respond;
mod steps;
mod trace;

use axum::extract::{FromRequestParts as _, Request, State};
use axum::response::Response;
use http::Method;

use super::browser::Browser;
use super::params::Params;
use super::request::{InDomain, has_media_type, read_body, wants_json};
use crate::app::App;
use crate::model::client::Client;
use crate::model::id::AttemptId;
use crate::model::interaction::{Decision, Interaction};
use crate::model::oauth_error::OAuthError;
use client::Redirect;
use request::AuthorizationRequest;
use respond::{Recipient, Stop};
use steps::Reached;

/// One run of the list: the request, who is at the browser, and what they did so far.
#[derive(Debug)]
struct Attempt {
    browser: Browser,
    /// Of the interaction, and of the attempt's timeline.
    id: AttemptId,
    params: Params,
    /// What is kept of the request, once a page was needed.
    interaction: Option<Interaction>,
    /// Whether no person but a program asks, to find out whether the client is still known.
    by_program: bool,
}

/// `GET` and `POST /{domain}/oauth/authorize`; with the parameter `interaction`, a browser that comes back from a page.
pub async fn authorize(State(app): State<App>, request: Request) -> Result<Response, OAuthError> {
    let (mut parts, body) = request.into_parts();
    let browser = Browser::from_request_parts(&mut parts, &app).await?;
    let (at, id) = (browser.at.clone(), AttemptId::random());
    let by_program = wants_json(&parts.headers);
    let params = match parts.method {
        Method::POST if has_media_type(&parts.headers, "application/x-www-form-urlencoded") => {
            Params::parse(&read_body(body).await?)
        }
        Method::POST => Err(OAuthError::invalid_request("the body must be application/x-www-form-urlencoded")),
        _ => Params::parse(parts.uri.query().unwrap_or_default().as_bytes()),
    };
    let params = match params {
        Ok(params) => params,
        Err(error) => {
            trace::unreadable(&at, &id, &error);
            return Ok(respond::page(&at, Stop::Page(error), &id));
        }
    };
    let attempt = match params.get("interaction") {
        None => Attempt { browser, id, params, interaction: None, by_program },
        Some(named) => {
            // What a URL names may be anything; only what was given out here is looked for, noted and shown.
            let given_out = AttemptId::parse(named);
            let found = match &given_out {
                Some(given_out) => at.app.store.interaction(at.domain.id(), given_out).await?,
                None => None,
            };
            let Some(interaction) = found else {
                if let Some(given_out) = &given_out {
                    trace::over(&at, given_out);
                }
                let id = given_out.unwrap_or(id);
                return Ok(respond::page(&at, Stop::Over, &id));
            };
            let params = Params::from_pairs(interaction.request.params.clone());
            Attempt { browser, id: interaction.id.clone(), params, interaction: Some(interaction), by_program }
        }
    };
    Ok(attempt.run().await)
}

/// The answer for a request that the person at this very browser has cancelled; the interaction is over. It is given
/// where they cancelled and not where a link leads, or that link would lead anybody to the client.
pub async fn cancelled(browser: Browser, mut interaction: Interaction) -> Response {
    interaction.progress.decision = Some(Decision::Denied);
    let params = Params::from_pairs(interaction.request.params.clone());
    let id = interaction.id.clone();
    Attempt { browser, id, params, interaction: Some(interaction), by_program: false }.run().await
}

impl Attempt {
    /// Runs the list and answers the browser.
    async fn run(mut self) -> Response {
        let ended = self.checks().await;
        trace::note(&self, &ended);
        match ended {
            Ok(reached) => reached.response,
            Err(stop) => respond::stopped(&self, stop),
        }
    }

    /// The list.
    async fn checks(&mut self) -> Result<Reached, Stop> {
        // Until here an error is a page.
        let Some(entry) = client::find(self).await? else { return self.ask_to_log_in_first().await };
        let client = &entry.client;
        let redirect = client::redirect(self, client)?;
        // From here on an error goes to the client.
        let to = Recipient::new(self, &redirect);
        let read = request::parse(self, client).and_then(|request| Ok((request, asked::narrow(self, client)?)));
        let (request, asked) = match read {
            Ok(read) => read,
            Err(_) if self.is_strangers_link(client) => return self.ask_who_is_there(client, &redirect).await,
            Err(error) => return Err(to.refused(error)),
        };
        if self.decision() == Some(&Decision::Denied) {
            return Err(to.refused(OAuthError::access_denied("the person at the browser cancelled the request")));
        }
        // What a person has to do.
        let Some(current) = login::current(self, client, &request).map_err(|error| to.refused(error))? else {
            return self.nobody(client, &redirect, &request).await;
        };
        if !consent::is_given(self, (client, &redirect), (&request, &asked), &current).await? {
            if request.prompt.none {
                return Err(to.refused(OAuthError::consent_required("the person has to be asked first")));
            }
            return self.ask_to_consent(&redirect, &asked, &current).await;
        }
        match grant::establish(self, (client, &redirect), (&request, &asked), &current, &to).await? {
            Some(reached) => Ok(reached),
            None => self.nobody(client, &redirect, &request).await,
        }
    }

    /// Nobody is logged in who fits the request: the login page, unless there must be no page.
    async fn nobody(
        &mut self,
        client: &Client,
        redirect: &Redirect,
        request: &AuthorizationRequest,
    ) -> Result<Reached, Stop> {
        if request.prompt.none {
            let error = OAuthError::login_required("nobody is logged in who could go on without a page");
            return Err(Recipient::new(self, redirect).refused(error));
        }
        self.ask_to_log_in(client, redirect, request).await
    }

    /// Whether somebody may have made this request only to lead people through this server to a place of their own:
    /// nobody vouches for the client, and nobody at the browser has done anything yet (RFC 9700 §4.11.2).
    fn is_strangers_link(&self, client: &Client) -> bool {
        let vouched_for = !client.is_self_registered() || client.settings.trusted;
        let silent = self.params.get("prompt").is_some_and(|values| values.split(' ').any(|value| value == "none"));
        !vouched_for && !silent && self.browser.current.is_none() && self.decision() != Some(&Decision::Denied)
    }

    fn at(&self) -> &InDomain {
        &self.browser.at
    }

    fn decision(&self) -> Option<&Decision> {
        self.interaction.as_ref()?.progress.decision.as_ref()
    }
}
