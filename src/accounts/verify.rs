//! The link that shows that an e-mail address is somebody's (OpenID Connect Core §5.1, `email_verified`).

use axum::response::Response;
use http::StatusCode;

use super::asking::interaction;
use super::form::{Form, Query};
use super::respond::{did, frame, go_on, path, show as show_page};
use crate::model::oauth_error::OAuthError;
use crate::model::user::User;
use crate::oauth::browser::Browser;
use crate::oauth::request::InDomain;
use crate::pages::{ConfirmAddress, Link, Notice, texts};
use crate::store::users::{LinkPurpose, PutUserOutcome, UserLink};

/// `GET /{domain}/verify`: asks for a press. Programs that read mails follow the links in them, and nobody is to own an
/// address because a program did.
pub async fn show(browser: Browser, Query(query): Query) -> Result<Response, OAuthError> {
    let at = &browser.at;
    let secret = query.get("token").unwrap_or_default();
    let (link, user) = opened(at, secret).await?;
    let waiting = interaction(at, &query).await.ok().flatten().map(|interaction| interaction.id);
    let page = ConfirmAddress {
        frame: frame(at),
        action: path(at, "/verify", waiting.as_ref()).into(),
        token: secret.to_owned(),
        address: link.email.unwrap_or_default().into(),
        username: user.username.as_str().into(),
    };
    Ok(show_page(StatusCode::OK, &page))
}

/// `POST /{domain}/verify`: nobody is logged in by it, for mails are read by others too.
pub async fn submit(browser: Browser, Query(query): Query, sent: Form) -> Result<Response, OAuthError> {
    let at = &browser.at;
    confirm(at, sent.field("token")).await?;
    // The address is theirs all the same if what they came for is over.
    let waiting = interaction(at, &query).await.ok().flatten().map(|interaction| interaction.id);
    if let (Some(id), Some(_)) = (&waiting, &browser.current) {
        return Ok(go_on(at, id));
    }
    let (target, text) = match browser.current {
        Some(_) => ("/account", texts::TO_ACCOUNT),
        None => ("/login", texts::TO_LOGIN),
    };
    let page = Notice {
        frame: frame(at),
        title: texts::VERIFIED_TITLE.to_owned(),
        text: texts::VERIFIED.to_owned(),
        link: Some(Link { href: path(at, target, waiting.as_ref()).into(), text: text.to_owned() }),
    };
    Ok(show_page(StatusCode::OK, &page))
}

/// The link that the secret opens, and its user.
async fn opened(at: &InDomain, secret: &str) -> Result<(UserLink, User), OAuthError> {
    let link = at.app.people.link(at.domain.id(), LinkPurpose::Verify, secret).await?.ok_or_else(gone)?;
    let user = match link.user_id {
        Some(id) => at.app.store.user(at.domain.id(), id).await?,
        None => None,
    };
    Ok((link, user.ok_or_else(gone)?))
}

fn gone() -> OAuthError {
    OAuthError::new("link_expired", 410, texts::VERIFICATION_GONE)
}

/// Uses the link up. It also brings a new address into force, which was not the user's until now.
async fn confirm(at: &InDomain, secret: &str) -> Result<(), OAuthError> {
    let people = &at.app.people;
    let (link, user) = opened(at, secret).await?;
    let Some(email) = link.email else { return Err(gone()) };
    if !at.app.store.use_user_link(at.domain.id(), &link.hash).await? {
        return Err(gone());
    }
    let event = did(at, user.id, "user.verify_email");
    let outcome = people
        .update_person(&user, &event, |user| {
            user.email = Some(email.clone());
            user.email_verified = true;
        })
        .await?;
    match outcome {
        PutUserOutcome::Stored => Ok(()),
        PutUserOutcome::Conflict => Err(gone()),
        PutUserOutcome::EmailTaken | PutUserOutcome::UsernameTaken => {
            Err(OAuthError::conflict(texts::EMAIL_TAKEN_MEANWHILE))
        }
    }
}
