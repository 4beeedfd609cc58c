//! The mails people get, in plain text (RFC 5322): the first line of a template is the subject.
//!
//! # Design
//! No mail repeats what a stranger typed into a form, so that nobody can make the server send a text of their own.

use askama::Template;

use super::{Claimed, rendered, texts};

/// A mail, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// Plain data that becomes a mail.
pub trait MailText {
    /// Subject and text.
    fn mail(&self) -> Mail;
}

macro_rules! mails {
    ($($mail:ty),* $(,)?) => {$(
        impl MailText for $mail {
            fn mail(&self) -> Mail {
                split(&rendered(self))
            }
        }
    )*};
}

mails![InvitationMail, ResetPasswordMail, SignUpAttemptMail, VerifyAddressMail];

fn split(whole: &str) -> Mail {
    let (subject, text) = whole.split_once("\n\n").unwrap_or((whole, ""));
    Mail { subject: subject.trim().to_owned(), text: format!("{}\n", text.trim()) }
}

/// Asks somebody to prove that an address is theirs.
#[derive(Debug, Clone, Template)]
#[template(path = "mail/verify_address.txt")]
pub struct VerifyAddressMail {
    /// The domain's name.
    pub domain_name: Claimed,
    /// The link that proves it.
    pub link: String,
    /// For how many seconds the link works.
    pub lifetime: i64,
}

/// Lets somebody choose a new password.
#[derive(Debug, Clone, Template)]
#[template(path = "mail/reset_password.txt")]
pub struct ResetPasswordMail {
    /// The domain's name.
    pub domain_name: Claimed,
    /// The link to the form.
    pub link: String,
    /// For how many seconds the link works.
    pub lifetime: i64,
}

/// Invites somebody.
#[derive(Debug, Clone, Template)]
#[template(path = "mail/invitation.txt")]
pub struct InvitationMail {
    /// The domain's name.
    pub domain_name: Claimed,
    /// The link to the sign-up.
    pub link: String,
    /// For how many seconds the link works.
    pub lifetime: i64,
}

/// Tells somebody who has an account that their address was used to sign up again.
#[derive(Debug, Clone, Template)]
#[template(path = "mail/sign_up_attempt.txt")]
pub struct SignUpAttemptMail {
    /// The domain's name.
    pub domain_name: Claimed,
    /// Where one logs in.
    pub login: String,
    /// Where one asks for a new password.
    pub forgot: String,
}
