//! The login page (OpenID Connect Core §3.1.2.3): user name or e-mail address, and password.

use askama::Template;

use super::{Claimed, Frame, Href, ReturnsTo};

/// The client on whose behalf a person logs in or signs up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskingClient {
    /// Its name, as it claims.
    pub name: Claimed,
    /// Who receives the answer.
    pub returns_to: ReturnsTo,
}

/// `form#login`.
#[derive(Debug, Clone, Template)]
#[template(path = "login.html")]
pub struct Login {
    /// What every page shows.
    pub frame: Frame,
    /// Where the form is posted.
    pub action: Href,
    /// The stored request that continues afterwards, if one does.
    pub interaction: Option<String>,
    /// The client that asks; with it there is a cancel button.
    pub client: Option<AskingClient>,
    /// What was typed before, or the client's `login_hint`.
    pub username: String,
    /// Why the last attempt did not work.
    pub error: Option<String>,
    /// Where one signs up, if the domain allows it.
    pub sign_up: Option<Href>,
    /// Where one asks for a new password, if the server can send mail.
    pub forgot: Option<Href>,
}
