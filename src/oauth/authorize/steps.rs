//! What is left to a person: the request is kept, and the browser sent to a page.

use axum::response::Response;

use super::Attempt;
use super::asked::Asked;
use super::client::Redirect;
use super::request::AuthorizationRequest;
use super::respond::{Stop, see_other};
use crate::model::client::Client;
use crate::model::flow_trace::Step;
use crate::model::interaction::{
    ConsentRequest, Decision, INTERACTION_LIFETIME, Interaction, LoginRequest, Progress, StoredRequest,
};
use crate::model::oauth_error::OAuthError;
use crate::oauth::request::InDomain;
use crate::ops::rate_limit::RateKind;
use crate::people::browser_session::Current;

/// What the list came to, and how the browser is told.
#[derive(Debug)]
pub(super) struct Reached {
    /// For the attempt's timeline.
    pub(super) step: Step,
    /// The answer.
    pub(super) response: Response,
}

impl Attempt {
    /// The login page, or the sign-up page where the client wants that.
    pub(super) async fn ask_to_log_in(
        &mut self,
        client: &Client,
        redirect: &Redirect,
        request: &AuthorizationRequest,
    ) -> Result<Reached, Stop> {
        let login = LoginRequest {
            login_hint: request.login_hint.clone(),
            sign_up: request.prompt.create,
            ..login_for(client, redirect)
        };
        let sign_up = request.prompt.create && self.at().domain.domain.settings.sign_up;
        let page = if sign_up { "register" } else { "login" };
        self.wait(page, Progress { login: Some(login), ..Progress::default() }).await
    }

    /// The login page while it is not known yet what the client's document says: it is fetched for people who are
    /// known here only, so that a stranger cannot make this server fetch anything.
    pub(super) async fn ask_to_log_in_first(&mut self) -> Result<Reached, Stop> {
        if self.decision() == Some(&Decision::Denied) {
            return Err(Stop::Page(OAuthError::access_denied("you have cancelled the request")));
        }
        if self.params.get("prompt") == Some("none") {
            return Err(Stop::Page(OAuthError::login_required(
                "the client's metadata document is not known here yet, and is fetched once somebody has logged in",
            )));
        }
        let client_id = self.params.get("client_id").unwrap_or_default();
        let host = url::Url::parse(client_id).ok().and_then(|url| url.host_str().map(str::to_owned));
        let login = LoginRequest {
            client_name: host.unwrap_or_default(),
            login_hint: self.params.get("login_hint").map(str::to_owned),
            ..LoginRequest::default()
        };
        self.wait("login", Progress { login: Some(login), ..Progress::default() }).await
    }

    /// The login page before a client that nobody vouches for is told that its request is wrong.
    pub(super) async fn ask_who_is_there(&mut self, client: &Client, redirect: &Redirect) -> Result<Reached, Stop> {
        let login = login_for(client, redirect);
        self.wait("login", Progress { login: Some(login), ..Progress::default() }).await
    }

    /// The consent page.
    pub(super) async fn ask_to_consent(
        &mut self,
        redirect: &Redirect,
        asked: &Asked,
        current: &Current,
    ) -> Result<Reached, Stop> {
        let consent = ConsentRequest {
            session_id: current.session.id,
            scope: asked.scope.clone(),
            resources: asked.resources.clone(),
            redirect_uri: redirect.uri.as_str().to_owned(),
        };
        let logged_in = self.interaction.as_ref().and_then(|interaction| interaction.progress.logged_in);
        self.wait("consent", Progress { consent: Some(consent), logged_in, ..Progress::default() }).await
    }

    /// Keeps the request with what the page needs to know, and sends the browser there.
    async fn wait(&mut self, page: &str, progress: Progress) -> Result<Reached, Stop> {
        let at = self.at().clone();
        let now = at.app.clock.now();
        let stored = if let Some(interaction) = &mut self.interaction {
            interaction.progress = progress;
            at.app.store.update_interaction(interaction).await
        } else {
            begin(&at)?;
            let interaction = Interaction {
                id: self.id.clone(),
                domain_id: at.domain.id(),
                client_id: self.params.get("client_id").unwrap_or_default().to_owned(),
                request: StoredRequest { params: self.params.pairs().to_vec() },
                progress,
                version: 1,
                created_at: now,
                expires_at: now.plus(INTERACTION_LIFETIME),
            };
            at.app.store.begin_interaction(&interaction).await.map(|()| true)
        };
        if !stored.map_err(OAuthError::from)? {
            return Err(Stop::Over);
        }
        let page_url = format!("{}/{}/{page}?interaction={}", at.app.public_url, at.domain.domain.name, self.id);
        let step = if page == "consent" { Step::ConsentPage } else { Step::LoginPage };
        Ok(Reached { step, response: see_other(&page_url) })
    }
}

/// What every login page says of a client that is known.
fn login_for(client: &Client, redirect: &Redirect) -> LoginRequest {
    LoginRequest {
        client_name: client.metadata.client_name.clone().unwrap_or_else(|| client.client_id.to_string()),
        redirect_uri: redirect.uri.as_str().to_owned(),
        ..LoginRequest::default()
    }
}

/// Counts what a stranger makes the server keep, or fetch.
pub(super) fn begin(at: &InDomain) -> Result<(), OAuthError> {
    at.app.rate_limits.check(RateKind::LoginBegun, at.caller.source(), at.domain.id()).map_err(|wait| {
        at.app.metrics.rate_limited(RateKind::LoginBegun.name());
        OAuthError::too_many_requests("too many logins were begun from this address; wait a moment and try again")
            .with_retry_after(wait.0)
    })
}
