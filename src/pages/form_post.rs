//! The answer to a client as a form that posts itself (OAuth 2.0 Form Post Response Mode §2).

use askama::Template;

use super::{Frame, Href};

/// The script of the page, the only one that its Content-Security-Policy lets run. A parameter of the answer could be
/// called `submit` and would hide the form's own.
pub const FORM_POST_SCRIPT: &str = "HTMLFormElement.prototype.submit.call(document.getElementById(\"respond\"));";

/// `form#respond`.
#[derive(Debug, Clone, Template)]
#[template(path = "form_post.html")]
pub struct FormPost {
    /// What every page shows.
    pub frame: Frame,
    /// The client's redirect URI, by [`Href::web`]: a private-use scheme cannot be posted to.
    pub redirect_uri: Href,
    /// The parameters of the answer.
    pub parameters: Vec<(String, String)>,
}
