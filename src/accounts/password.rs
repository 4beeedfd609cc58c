//! A forgotten password: asking for a link, and choosing a new one (NIST SP 800-63B §4.2).

use std::time::Duration;

use axum::response::Response;
use http::StatusCode;

use super::asking::interaction;
use super::form::{Form, Query};
use super::login::check_your_mail;
use super::mail::send as send_mail;
use super::profile::password_problem;
use super::respond::{did, frame, link, path, show};
use super::sign_up::limit;
use crate::model::id::AttemptId;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::user::{User, check_email, fold};
use crate::oauth::browser::Browser;
use crate::oauth::request::InDomain;
use crate::pages::{ForgotPassword, Link, Notice, ResetPassword, ResetPasswordMail, texts};
use crate::people::links::{NewLink, RESET_LIFETIME};
use crate::people::password::MIN_PASSWORD;
use crate::store::users::{LinkPurpose, UserLink};
use crate::tokens::audience::longest_lifetime;

/// How long the answer takes, whether or not there is somebody to send a mail to.
const ANSWER_TAKES: Duration = Duration::from_millis(300);

/// `GET /{domain}/password/forgot`
pub async fn forgot(browser: Browser, Query(query): Query) -> Result<Response, OAuthError> {
    let at = &browser.at;
    let waiting = interaction(at, &query).await?.map(|interaction| interaction.id);
    Ok(show(StatusCode::OK, &forgot_page(at, waiting.as_ref(), "", None)))
}

/// `POST /{domain}/password/forgot`: the answer and its timing do not tell whether there is such an account.
pub async fn send(browser: Browser, Query(query): Query, sent: Form) -> Result<Response, OAuthError> {
    let at = &browser.at;
    let waiting = interaction(at, &query).await?.map(|interaction| interaction.id);
    let email = sent.trimmed("email");
    if check_email(email).is_err() {
        let page = forgot_page(at, waiting.as_ref(), email, Some(texts::EMAIL_INVALID.to_owned()));
        return Ok(show(StatusCode::BAD_REQUEST, &page));
    }
    limit(at)?;
    let (background, address, id) = (at.clone(), email.to_owned(), waiting.clone());
    // It goes on when the answer has been given, and a failure is in the log only.
    drop(tokio::spawn(async move {
        if let Err(error) = send_link(&background, &address, id.as_ref()).await {
            tracing::warn!(domain = background.domain.domain.name, %error, "a link for a new password was not sent");
        }
    }));
    tokio::time::sleep(ANSWER_TAKES).await;
    let page = Notice { text: texts::RESET_MAIL.to_owned(), ..check_your_mail(at, waiting.as_ref()) };
    Ok(show(StatusCode::OK, &page))
}

async fn send_link(at: &InDomain, address: &str, id: Option<&AttemptId>) -> Result<(), OAuthError> {
    let user = at.app.store.user_by_login(at.domain.id(), address).await?.filter(|user| user.enabled);
    let Some((user, email)) = user.and_then(|user| user.email.clone().map(|email| (user, email))) else {
        return Ok(());
    };
    if !at.app.people.throttle.may_mail(at.domain.id(), &fold(&email)) {
        return Ok(());
    }
    let new = NewLink {
        purpose: LinkPurpose::Reset,
        user: Some(&user),
        email: Some(email.clone()),
        lifetime: RESET_LIFETIME,
    };
    // Nothing goes to an address that is another one by now.
    let Some(secret) = at.app.people.make_link(at.domain.id(), new).await? else { return Ok(()) };
    let mail = ResetPasswordMail {
        domain_name: frame(at).domain_name,
        link: link(at, &format!("/password/reset?token={}", secret.expose()), id),
        lifetime: RESET_LIFETIME,
    };
    send_mail(at, &email, &mail).await
}

/// `GET /{domain}/password/reset`
pub async fn choose(browser: Browser, Query(query): Query) -> Result<Response, OAuthError> {
    let at = &browser.at;
    let secret = query.get("token").unwrap_or_default();
    let waiting = interaction(at, &query).await.ok().flatten().map(|interaction| interaction.id);
    let (_, user) = match reset_link(at, secret).await {
        Err(error) if error.status == 410 => return Ok(another_link(at, waiting.as_ref())),
        found => found?,
    };
    Ok(show(StatusCode::OK, &reset_page(at, waiting.as_ref(), (secret, &user), None)))
}

/// `POST /{domain}/password/reset`: every session and login of the person ends.
pub async fn reset(browser: Browser, Query(query): Query, sent: Form) -> Result<Response, OAuthError> {
    let at = &browser.at;
    let waiting = interaction(at, &query).await.ok().flatten().map(|interaction| interaction.id);
    let (secret, password) = (sent.field("token"), sent.field("password"));
    let (link, user) = match reset_link(at, secret).await {
        Err(error) if error.status == 410 => return Ok(another_link(at, waiting.as_ref())),
        found => found?,
    };
    let names = [user.username.as_str(), user.email.as_deref().unwrap_or_default()];
    if let Some(problem) = password_problem(password, &names) {
        let page = reset_page(at, waiting.as_ref(), (secret, &user), Some(problem));
        return Ok(show(StatusCode::BAD_REQUEST, &page));
    }
    let hash = at.app.people.hash_password(Secret::new(password)).await?;
    let until = at.app.clock.now().plus(longest_lifetime(&at.domain.domain.settings));
    let event = did(at, user.id, "user.password").with("by", "mail");
    if !at.app.store.reset_password(at.domain.id(), &link, (&hash, until), &event).await? {
        return Err(reset_gone());
    }
    at.app.people.throttle.acquaint(user.id, at.caller.source());
    let next = Link { href: path(at, "/login", waiting.as_ref()).into(), text: texts::TO_LOGIN.to_owned() };
    let page = Notice {
        frame: frame(at),
        title: texts::PASSWORD_SET_TITLE.to_owned(),
        text: texts::PASSWORD_SET.to_owned(),
        link: Some(next),
    };
    Ok(show(StatusCode::OK, &page))
}

/// The link that the secret opens and its user, who may log in.
async fn reset_link(at: &InDomain, secret: &str) -> Result<(UserLink, User), OAuthError> {
    let link = at.app.people.link(at.domain.id(), LinkPurpose::Reset, secret).await?.ok_or_else(reset_gone)?;
    let user = match link.user_id {
        Some(id) => at.app.store.user(at.domain.id(), id).await?,
        None => None,
    };
    let user = user.filter(|user| user.enabled).ok_or_else(reset_gone)?;
    Ok((link, user))
}

/// The link has ended: the form for another one.
fn another_link(at: &InDomain, id: Option<&AttemptId>) -> Response {
    show(StatusCode::GONE, &forgot_page(at, id, "", Some(texts::RESET_GONE.to_owned())))
}

fn reset_gone() -> OAuthError {
    OAuthError::new("link_expired", 410, texts::RESET_GONE)
}

fn forgot_page(at: &InDomain, id: Option<&AttemptId>, email: &str, error: Option<String>) -> ForgotPassword {
    ForgotPassword {
        frame: frame(at),
        action: path(at, "/password/forgot", id).into(),
        email: email.to_owned(),
        error,
        login: Some(path(at, "/login", id).into()),
    }
}

fn reset_page(
    at: &InDomain,
    id: Option<&AttemptId>,
    (token, user): (&str, &User),
    error: Option<String>,
) -> ResetPassword {
    ResetPassword {
        frame: frame(at),
        action: path(at, "/password/reset", id).into(),
        username: Some(user.username.clone()),
        token: token.to_owned(),
        password_min: MIN_PASSWORD,
        error,
    }
}
