//! A forgotten password: asking for a link, and choosing a new one (NIST SP 800-63B §3.1.1).

use askama::Template;

use super::{Frame, Href};

/// `form#forgot`.
#[derive(Debug, Clone, Template)]
#[template(path = "forgot_password.html")]
pub struct ForgotPassword {
    /// What every page shows.
    pub frame: Frame,
    /// Where the form is posted.
    pub action: Href,
    /// What was typed before.
    pub email: String,
    /// Why the last attempt did not work.
    pub error: Option<String>,
    /// Back to the login.
    pub login: Option<Href>,
}

/// `form#reset`.
#[derive(Debug, Clone, Template)]
#[template(path = "reset_password.html")]
pub struct ResetPassword {
    /// What every page shows.
    pub frame: Frame,
    /// Where the form is posted.
    pub action: Href,
    /// The user name, so that a password manager knows whose password this is.
    pub username: Option<String>,
    /// The token from the mail.
    pub token: String,
    /// How many characters a password needs.
    pub password_min: usize,
    /// Why the last attempt did not work.
    pub error: Option<String>,
}
