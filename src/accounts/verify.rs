//! The link that shows that an e-mail address is somebody's (OpenID Connect Core §5.1, `email_verified`).

use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode};

use super::asking::interaction;
use super::form::Query;
use super::respond::{did, frame, go_on, path, show};
use crate::model::oauth_error::OAuthError;
use crate::oauth::browser::Browser;
use crate::oauth::request::InDomain;
use crate::pages::{Link, Notice, texts};
use crate::store::users::{LinkPurpose, PutUserOutcome};

/// `GET /{domain}/verify`: nobody is logged in by it, for mails are read by others too.
pub async fn verify(method: Method, browser: Browser, Query(query): Query) -> Result<Response, OAuthError> {
    // Mail servers look at links in this way before anybody follows them.
    if method == Method::HEAD {
        return Ok(StatusCode::OK.into_response());
    }
    let at = &browser.at;
    let used = |_| OAuthError::new("link_expired", 410, texts::VERIFICATION_GONE);
    let secret = query.required("token").map_err(used)?;
    confirm(at, secret).await?;
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
    Ok(show(StatusCode::OK, &page))
}

/// Uses the link up. It also brings a new address into force, which was not the user's until now.
async fn confirm(at: &InDomain, secret: &str) -> Result<(), OAuthError> {
    let gone = || OAuthError::new("link_expired", 410, texts::VERIFICATION_GONE);
    let people = &at.app.people;
    let link = people.link(at.domain.id(), LinkPurpose::Verify, secret).await?.ok_or_else(gone)?;
    let (Some(user_id), Some(email)) = (link.user_id, link.email) else { return Err(gone()) };
    let user = at.app.store.user(at.domain.id(), user_id).await?.ok_or_else(gone)?;
    if !at.app.store.use_user_link(at.domain.id(), &link.hash).await? {
        return Err(gone());
    }
    let event = did(at, user.id, "user.verify_email");
    let outcome = people
        .update_person(&user, None, &event, |user| {
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
