//! How people log in and sign up, and how the pages look to them.

use askama::Template;

use super::form::FormGroup;
use super::frame::ConsoleFrame;
use super::parts::FieldProblem;
use crate::pages::{Claimed, Href};

/// The login settings of a domain.
#[derive(Debug, Clone, Template)]
#[template(path = "console/login_settings.html")]
pub struct LoginSettings {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Where the form is posted.
    pub action: Href,
    /// The same, with the look in sight afterwards.
    pub preview_action: Href,
    /// Where the logo is posted.
    pub logo_action: Href,
    /// The version that is shown.
    pub version: i64,
    /// Who gets an account, and how long a login lasts.
    pub groups: Vec<FormGroup>,
    /// The name that people know the domain by.
    pub display_name: String,
    /// The accent, as `#rrggbb`.
    pub accent_color: String,
    /// What has to be corrected.
    pub errors: LoginErrors,
    /// How it looks.
    pub preview: LookPreview,
}

impl LoginSettings {
    /// What the summary above the form lists.
    fn problems(&self) -> Vec<FieldProblem> {
        let look = FieldProblem::among(&[
            ("display_name", "Name", &self.errors.display_name),
            ("accent_color", "Accent colour", &self.errors.accent_color),
            ("logo", "Image", &self.errors.logo),
        ]);
        self.groups.iter().flat_map(FormGroup::problems).chain(look).collect()
    }
}

/// What has to be corrected in the login settings.
#[derive(Debug, Clone, Default)]
pub struct LoginErrors {
    /// In the form as a whole.
    pub form: Option<String>,
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
