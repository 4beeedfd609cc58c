//! Logging out: the question that RP-Initiated Logout 1.0 §2 asks for, and what comes after it.

use askama::Template;

use super::{Claimed, Frame, Href};

/// `form#logout` with `button#confirm-logout`.
#[derive(Debug, Clone, Template)]
#[template(path = "logout_confirm.html")]
pub struct LogoutConfirm {
    /// What every page shows.
    pub frame: Frame,
    /// Where the form is posted.
    pub action: Href,
    /// The parameters of the request, posted again.
    pub parameters: Vec<(String, String)>,
    /// The client that asks for it, if it is known.
    pub client: Option<Claimed>,
    /// Who is logged in.
    pub signed_in_as: Option<Claimed>,
    /// Where one goes who stays.
    pub account: Option<Href>,
}

/// Shown when nobody is logged in any more.
#[derive(Debug, Clone, Template)]
#[template(path = "logged_out.html")]
pub struct LoggedOut {
    /// What every page shows.
    pub frame: Frame,
    /// Where one logs in again.
    pub login: Option<Href>,
}
