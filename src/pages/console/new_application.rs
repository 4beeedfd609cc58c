//! A new application, in steps that work without script, and the page that shows its secret this once.

use askama::Template;

use super::form::OwnSecret;
use super::frame::ConsoleFrame;
use super::parts::{Choice, FieldProblem};
use super::showing::{Copyable, WizardStep};
use crate::pages::{Claimed, Href};

/// `/console/domains/{domain}/applications/new`. The first step is a GET form with `kind`; the second posts the details.
#[derive(Debug, Clone, Template)]
#[template(path = "console/new_application.html")]
pub struct NewApplication {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Where the forms lead.
    pub action: Href,
    /// The kinds to choose from.
    pub kinds: Vec<Choice>,
    /// The details of the kind that was chosen; `None`: it is still to be chosen.
    pub details: Option<NewApplicationDetails>,
}

/// The second step.
#[derive(Debug, Clone, Default)]
pub struct NewApplicationDetails {
    /// The kind, as it is posted.
    pub kind: String,
    /// The kind, as people read it.
    pub kind_name: &'static str,
    /// What such an application is born with, one sentence each.
    pub brings: Vec<&'static str>,
    /// Whether it has redirect URIs, and an example of one.
    pub redirect_hint: Option<&'static str>,
    /// Whether it has a secret.
    pub has_secret: bool,
    /// The name as typed.
    pub name: String,
    /// The redirect URIs as typed.
    pub redirect_uris: String,
    /// The client id as typed.
    pub client_id: String,
    /// What is wrong with the name.
    pub name_error: Option<String>,
    /// What is wrong with the redirect URIs.
    pub redirect_error: Option<String>,
    /// What is wrong with the client id.
    pub client_id_error: Option<String>,
    /// A secret of one's own.
    pub secret: OwnSecret,
    /// What is wrong otherwise.
    pub error: Option<String>,
}

impl NewApplicationDetails {
    /// What the summary above the form lists.
    fn problems(&self) -> Vec<FieldProblem> {
        FieldProblem::among(&[
            ("name", "Name", &self.name_error),
            ("redirect_uris", "Redirect URIs", &self.redirect_error),
            ("client_id", "Client id", &self.client_id_error),
            ("client_secret", "Client secret", &self.secret.error),
        ])
    }
}

impl NewApplication {
    /// Where one is.
    pub fn steps(&self) -> Vec<WizardStep> {
        WizardStep::all(&["Kind", "Details", "Credentials"], usize::from(self.details.is_some()))
    }
}

/// An application just made, or one that has a new secret: the secret is shown here and nowhere else.
#[derive(Debug, Clone, Template)]
#[template(path = "console/application_made.html")]
pub struct ApplicationMade {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What was done: "Nightly export is ready".
    pub title: Claimed,
    /// Whether it ends the wizard.
    pub wizard: bool,
    /// What to know about it, one sentence each.
    pub remarks: Vec<String>,
    /// Its client id.
    pub client_id: String,
    /// Its secret, if one was generated.
    pub secret: Option<String>,
    /// Values to go on with.
    pub values: Vec<Copyable>,
    /// What the form of APIM's registration provider is filled with, by its own labels, in its order.
    pub provider: Vec<Copyable>,
    /// The application.
    pub href: Href,
}

impl ApplicationMade {
    /// Where one is.
    pub fn steps(&self) -> Vec<WizardStep> {
        WizardStep::all(&["Kind", "Details", "Credentials"], 2)
    }
}
