//! The doors of the console: name and password, then the code of the second factor (RFC 6238).

use askama::Template;

use crate::pages::Href;

/// `form#login` at `/console/login`, posted as `username` and `password`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/login.html")]
pub struct Login {
    /// Where the form is posted.
    pub action: Href,
    /// Where one goes afterwards, carried along as `next`; `None`: the console's first page.
    pub next: Option<String>,
    /// What was typed before.
    pub username: String,
    /// What is known before one tries: "Your session has ended".
    pub notice: Option<String>,
    /// Why the last attempt did not work.
    pub error: Option<String>,
}

/// `form#second-factor` at `/console/second-factor`, posted as `code`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/second_factor.html")]
pub struct SecondFactor {
    /// Where the form is posted.
    pub action: Href,
    /// Where one goes afterwards, carried along as `next`.
    pub next: Option<String>,
    /// Where `form#logout`, with which one begins anew, is posted.
    pub logout: Href,
    /// Why the last code did not work.
    pub error: Option<String>,
}
