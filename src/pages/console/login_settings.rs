//! How people log in and sign up, and how the pages look to them.

use askama::Template;

use super::frame::ConsoleFrame;
use crate::pages::{Claimed, Href};

/// The login settings of a domain.
#[derive(Debug, Clone, Template)]
#[template(path = "console/login_settings.html")]
pub struct LoginSettings {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Where the form is posted.
    pub action: Href,
    /// Where the logo is posted.
    pub logo_action: Href,
    /// The version that is shown.
    pub version: i64,
    /// Whether people may sign up by themselves.
    pub sign_up: bool,
    /// The hosts that their addresses must be at, one in each line.
    pub email_hosts: String,
    /// Whether they have to confirm the address.
    pub verify_email: bool,
    /// The lifetimes, in seconds.
    pub lifetimes: Vec<LifetimeField>,
    /// The name that people know the domain by.
    pub display_name: String,
    /// The accent, as `#rrggbb`.
    pub accent_color: String,
    /// What has to be corrected.
    pub errors: LoginErrors,
    /// How it looks.
    pub preview: LookPreview,
}

/// A lifetime that may be set.
#[derive(Debug, Clone)]
pub struct LifetimeField {
    /// The setting.
    pub id: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it means.
    pub hint: &'static str,
    /// What was typed.
    pub value: String,
    /// What has to be corrected.
    pub error: Option<String>,
}

/// What has to be corrected in the login settings.
#[derive(Debug, Clone, Default)]
pub struct LoginErrors {
    /// In the form as a whole.
    pub form: Option<String>,
    /// In the hosts.
    pub email_hosts: Option<String>,
    /// In the name.
    pub display_name: Option<String>,
    /// In the colour.
    pub accent_color: Option<String>,
    /// In the logo.
    pub logo: Option<String>,
}

/// A small login page, as people would see it.
#[derive(Debug, Clone)]
pub struct LookPreview {
    /// The colours of the preview alone, if they differ from the common ones.
    pub stylesheet: Option<Href>,
    /// The logo.
    pub logo: Option<Href>,
    /// The name.
    pub name: Claimed,
    /// Whether signing up is offered.
    pub sign_up: bool,
}
