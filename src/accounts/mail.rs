//! Mails that people are sent while they wait, with a bound on the waiting.

use std::time::Duration;

use super::respond::{changed_elsewhere, frame, link};
use crate::model::id::AttemptId;
use crate::model::oauth_error::OAuthError;
use crate::model::user::User;
use crate::oauth::request::InDomain;
use crate::pages::{MailText, VerifyAddressMail};
use crate::people::links::{NewLink, VERIFY_LIFETIME};
use crate::people::mail::Mail;
use crate::store::users::LinkPurpose;

/// How long a mail may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends a mail. The log learns why it failed, which names neither the address nor the link.
pub async fn send(at: &InDomain, to: &str, text: &impl MailText) -> Result<(), OAuthError> {
    let mail = text.mail();
    let mail = Mail { to: to.to_owned(), subject: mail.subject, text: mail.text };
    let cause = match tokio::time::timeout(PATIENCE, at.app.people.mailer.send(mail)).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it took too long".to_owned(),
    };
    tracing::warn!(domain = at.domain.domain.name, request_id = &*at.caller.request_id, cause, "a mail was not sent");
    Err(OAuthError::temporarily_unavailable("the mail could not be sent; try again later"))
}

/// Asks a user by mail to show that an address is theirs; the link comes back to the interaction.
pub async fn send_verification(
    at: &InDomain,
    user: &User,
    address: &str,
    interaction: Option<&AttemptId>,
) -> Result<(), OAuthError> {
    let new = NewLink {
        purpose: LinkPurpose::Verify,
        user: Some(user),
        email: Some(address.to_owned()),
        lifetime: VERIFY_LIFETIME,
    };
    let secret = at.app.people.make_link(at.domain.id(), new).await?.ok_or_else(changed_elsewhere)?;
    let mail = VerifyAddressMail {
        domain_name: frame(at).domain_name,
        link: link(at, &format!("/verify?token={}", secret.expose()), interaction),
        lifetime: VERIFY_LIFETIME,
    };
    send(at, address, &mail).await
}
