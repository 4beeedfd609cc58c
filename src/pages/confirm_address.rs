//! The page behind the link in a verification mail (OpenID Connect Core §5.1, `email_verified`).

use askama::Template;

use super::{Claimed, Frame, Href};

/// `form#confirm-address`. It takes a press, because programs follow the links in mails too.
#[derive(Debug, Clone, Template)]
#[template(path = "confirm_address.html")]
pub struct ConfirmAddress {
    /// What every page shows.
    pub frame: Frame,
    /// Where the form is posted.
    pub action: Href,
    /// The link's secret.
    pub token: String,
    /// `#address`: what is to be confirmed.
    pub address: Claimed,
    /// `#account`: whose address it will be.
    pub username: Claimed,
}
