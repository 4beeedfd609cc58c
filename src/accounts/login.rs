//! The login page (OpenID Connect Core §3.1.2.3).

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;

use super::arrive::arrive;
use super::asking::{asking_client, cancel, interaction};
use super::form::{Form, Query};
use super::mail::send_verification;
use super::respond::{frame, go, path, show as show_page};
use crate::model::flow_trace::Step;
use crate::model::id::AttemptId;
use crate::model::interaction::Interaction;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::statistics::Counted;
use crate::model::user::{User, fold};
use crate::oauth::browser::Browser;
use crate::oauth::request::InDomain;
use crate::ops::rate_limit::RateKind;
use crate::pages::{Link, Login, Notice, texts};
use crate::people::login::{Attempt, LoginOutcome};
use crate::store::cache::DomainEntry;

/// Why a login did not work.
struct Refused {
    status: StatusCode,
    error: String,
    wait: Option<u32>,
}

impl Refused {
    fn wait(seconds: u32) -> Self {
        let error = texts::too_many_attempts(seconds.into());
        Self { status: StatusCode::TOO_MANY_REQUESTS, error, wait: Some(seconds) }
    }
}

/// `GET /{domain}/login`
pub async fn show(browser: Browser, Query(query): Query) -> Result<Response, OAuthError> {
    let at = &browser.at;
    let interaction = interaction(at, &query).await?;
    if interaction.is_none() && browser.current.is_some() {
        return Ok(go(&path(at, "/account", None)));
    }
    let hint = interaction.as_ref().and_then(|interaction| interaction.progress.login.as_ref()?.login_hint.clone());
    form(at, interaction.as_ref(), hint.as_deref().unwrap_or_default(), None).await
}

/// `POST /{domain}/login`
pub async fn submit(browser: Browser, form_sent: Form) -> Result<Response, OAuthError> {
    let at = &browser.at;
    let interaction = interaction(at, &form_sent.0).await?;
    if form_sent.field("decision") == "cancel" {
        return match interaction {
            Some(interaction) => cancel(&browser, interaction).await,
            None => Ok(go(&path(at, "/login", None))),
        };
    }
    let (login, password) = (form_sent.trimmed("username"), form_sent.field("password"));
    if login.is_empty() || password.is_empty() {
        let refused =
            Refused { status: StatusCode::BAD_REQUEST, error: texts::WRONG_CREDENTIALS.to_owned(), wait: None };
        return form(at, interaction.as_ref(), login, Some(refused)).await;
    }
    let attempt = Attempt {
        login,
        password: Secret::new(password),
        source: at.caller.source(),
        current: browser.current.as_ref(),
    };
    let refused = |code: &str, reason: &str| {
        if let Some(interaction) = &interaction {
            at.trace_page(interaction, Step::Login, Some((code, reason)));
        }
    };
    let outcome = match at.app.people.log_in(at.domain.id(), attempt).await? {
        LoginOutcome::LoggedIn(user) if !must_verify(&at.domain, &user) => {
            if let Some(arrived) = arrive(&browser, &user, interaction.as_ref(), Step::Login).await? {
                at.app.count(at.domain.id(), Counted::Login, "done");
                return Ok(arrived);
            }
            // The password was another one before the session could begin.
            LoginOutcome::Wrong(Some(user))
        }
        outcome => outcome,
    };
    match outcome {
        LoginOutcome::LoggedIn(user) => {
            at.app.count(at.domain.id(), Counted::Login, "refused");
            refused("unverified", "the address has to be verified first; a link was sent");
            ask_to_verify(at, &user, interaction.as_ref().map(|interaction| &interaction.id)).await
        }
        LoginOutcome::Wrong(user) => {
            at.app.count(at.domain.id(), Counted::Login, "refused");
            refused("access_denied", why(user.as_ref()));
            let answer = wrong(at, user.as_ref());
            form(at, interaction.as_ref(), login, Some(answer)).await
        }
        LoginOutcome::Wait(seconds) => {
            at.app.count(at.domain.id(), Counted::Login, "refused");
            refused("too_many_requests", "too many failed logins, the person has to wait");
            at.app.metrics.rate_limited(RateKind::FailedLogin.name());
            form(at, interaction.as_ref(), login, Some(Refused::wait(seconds))).await
        }
    }
}

/// Whether the domain wants to know first that the user's address is theirs.
pub fn must_verify(domain: &DomainEntry, user: &User) -> bool {
    domain.domain.settings.verify_email && user.email.is_some() && !user.email_verified
}

/// Sends the verification mail again and says so. To whoever knows the password only.
async fn ask_to_verify(at: &InDomain, user: &User, interaction: Option<&AttemptId>) -> Result<Response, OAuthError> {
    if let Some(address) = &user.email
        && at.app.people.throttle.may_mail(at.domain.id(), &fold(address))
    {
        send_verification(at, user, address, interaction).await?;
    }
    Ok(show_page(StatusCode::OK, &check_your_mail(at, interaction)))
}

/// What a person is told who must follow a link first.
pub fn check_your_mail(at: &InDomain, interaction: Option<&AttemptId>) -> Notice {
    Notice {
        frame: frame(at),
        title: texts::CHECK_MAIL_TITLE.to_owned(),
        text: texts::CHECK_MAIL.to_owned(),
        link: Some(Link { href: path(at, "/login", interaction).into(), text: texts::TO_LOGIN.to_owned() }),
    }
}

/// Why a login failed, for the administrator alone.
fn why(user: Option<&User>) -> &'static str {
    match user {
        None => "there is no such user",
        Some(user) if !user.enabled => "the user is disabled",
        Some(_) => "the password is wrong",
    }
}

/// Counts a failed login and says what the person is told.
fn wrong(at: &InDomain, user: Option<&User>) -> Refused {
    let target = user.map_or_else(|| "unknown".to_owned(), |user| user.id.to_string());
    let actor = at.caller.actor("anonymous".to_owned());
    let event = actor.did(&at.app.clock, Some(at.domain.id()), "user.login", &target).refused(why(user));
    at.app.audit_refusal(event);
    match at.app.rate_limits.check(RateKind::FailedLogin, at.caller.source(), at.domain.id()) {
        Ok(()) => Refused { status: StatusCode::FORBIDDEN, error: texts::WRONG_CREDENTIALS.to_owned(), wait: None },
        Err(wait) => {
            at.app.metrics.rate_limited(RateKind::FailedLogin.name());
            at.app.people.throttle.hold_source(at.domain.id(), at.caller.source(), wait.0);
            Refused::wait(wait.0)
        }
    }
}

async fn form(
    at: &InDomain,
    interaction: Option<&Interaction>,
    username: &str,
    refused: Option<Refused>,
) -> Result<Response, OAuthError> {
    let id = interaction.map(|interaction| &interaction.id);
    let client = match interaction {
        Some(interaction) => Some(asking_client(at, interaction).await?),
        None => None,
    };
    let sign_up = at.domain.domain.settings.sign_up;
    let page = Login {
        frame: frame(at),
        action: path(at, "/login", None).into(),
        interaction: id.map(ToString::to_string),
        client,
        username: username.to_owned(),
        error: refused.as_ref().map(|refused| refused.error.clone()),
        sign_up: sign_up.then(|| path(at, "/register", id).into()),
        forgot: Some(path(at, "/password/forgot", id).into()),
    };
    let status = refused.as_ref().map_or(StatusCode::OK, |refused| refused.status);
    let page = show_page(status, &page);
    Ok(match refused.and_then(|refused| refused.wait) {
        Some(seconds) => ([(RETRY_AFTER, seconds.to_string())], page).into_response(),
        None => page,
    })
}
