//! The sign-up page (OpenID Connect Prompt Create 1.0).

use askama::Template;

use super::{AskingClient, Frame, Href};

/// `form#sign-up`.
#[derive(Debug, Clone, Template)]
#[template(path = "sign_up.html")]
pub struct SignUp {
    /// What every page shows.
    pub frame: Frame,
    /// Where the form is posted.
    pub action: Href,
    /// The stored request that continues afterwards, if one does.
    pub interaction: Option<String>,
    /// The invitation that admits this person, if one does.
    pub invite: Option<String>,
    /// The client that asks.
    pub client: Option<AskingClient>,
    /// What was typed before.
    pub username: String,
    /// What was typed before, or the address that was invited.
    pub email: String,
    /// What was typed before.
    pub name: String,
    /// How many characters a password needs.
    pub password_min: usize,
    /// What is wrong, by field.
    pub errors: SignUpErrors,
    /// Where one logs in instead.
    pub login: Option<Href>,
}

/// What is wrong with a sign-up, by field; [`super::texts`] has the usual sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignUpErrors {
    /// About the form as a whole.
    pub form: Option<String>,
    /// About the user name.
    pub username: Option<String>,
    /// About the e-mail address.
    pub email: Option<String>,
    /// About the full name.
    pub name: Option<String>,
    /// About the password.
    pub password: Option<String>,
}
