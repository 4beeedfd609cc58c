//! One-time links that an administrator hands over, or has mailed.

use std::time::Duration;

use super::People;
use super::links::RESET_LIFETIME;
use super::mail::Mail;
use super::users::{invitation_url, reset_url};
use crate::domains::look::shown_name;
use crate::model::audit_event::Actor;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::time::UnixTime;
use crate::model::user::User;
use crate::pages::{InvitationMail, MailText, ResetPasswordMail};
use crate::store::cache::DomainEntry;

/// How long a mail may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A one-time link just made.
#[derive(Debug)]
pub struct SentLink {
    /// Where it leads; told this once.
    pub link: Secret,
    /// When it ends.
    pub expires_at: UnixTime,
    /// Whether it was mailed; where that did not work, it is there to be handed over.
    pub sent: bool,
}

impl People {
    /// Makes an invitation, and mails it to the address that is invited if that is wanted. `base`: the server's public
    /// URL.
    pub async fn invite_by_link(
        &self,
        domain: &DomainEntry,
        (email, lifetime): (Option<&str>, i64),
        (base, send): (&str, bool),
        actor: &Actor,
    ) -> Result<SentLink, OAuthError> {
        let to = email.filter(|_| send);
        if send && to.is_none() {
            return Err(OAuthError::invalid_request("email: without an address nothing can be sent; name one"));
        }
        let (secret, expires_at) = self.invite(domain, email, lifetime, actor).await?;
        let link = invitation_url(base, &domain.domain.name, &secret);
        let domain_name = shown_name(&domain.domain).into();
        let mail = InvitationMail { domain_name, link: link.expose().to_owned(), lifetime };
        Ok(SentLink { sent: self.mailed(to, &mail).await, link, expires_at })
    }

    /// Makes a link to choose a new password, and mails it to the user if that is wanted.
    pub async fn reset_by_link(
        &self,
        domain: &DomainEntry,
        user: &User,
        (base, send): (&str, bool),
        actor: &Actor,
    ) -> Result<SentLink, OAuthError> {
        let to = user.email.as_deref().filter(|_| send);
        if send && to.is_none() {
            return Err(OAuthError::conflict("the user has no e-mail address; give it one, or hand the link over"));
        }
        let (secret, expires_at) = self.reset_link(user, actor).await?;
        let link = reset_url(base, &domain.domain.name, &secret);
        let domain_name = shown_name(&domain.domain).into();
        let mail = ResetPasswordMail { domain_name, link: link.expose().to_owned(), lifetime: RESET_LIFETIME };
        Ok(SentLink { sent: self.mailed(to, &mail).await, link, expires_at })
    }

    /// Whether a mail went out. The log learns why it did not, which names neither the address nor the link.
    async fn mailed(&self, to: Option<&str>, text: &impl MailText) -> bool {
        let Some(to) = to else { return false };
        let mail = text.mail();
        let mail = Mail { to: to.to_owned(), subject: mail.subject, text: mail.text };
        let cause = match tokio::time::timeout(PATIENCE, self.mailer.send(mail)).await {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it took too long".to_owned(),
        };
        tracing::warn!(cause, "a mail with a link was not sent");
        false
    }
}
