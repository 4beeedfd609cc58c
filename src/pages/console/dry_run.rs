//! A registration that is tried out.

use askama::Template;

use super::frame::ConsoleFrame;
use super::parts::{Choice, Tab};
use super::showing::Outcome;
use crate::pages::{Claimed, Href};

/// `form#dry-run`: a body and who sends it; below, what would be answered, rule by rule.
#[derive(Debug, Clone, Template)]
#[template(path = "console/dry_run.html")]
pub struct DryRun {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// The pages beside this one.
    pub tabs: Vec<Tab>,
    /// Where the form is posted.
    pub action: Href,
    /// Who registers.
    pub who: Vec<Choice>,
    /// What is wrong with who registers.
    pub who_error: Option<String>,
    /// The body as typed.
    pub body: String,
    /// What is wrong with the body as such.
    pub body_error: Option<String>,
    /// What would be answered; `None`: nothing was tried yet.
    pub answer: Option<Foretold>,
}

/// What a registration would be answered.
#[derive(Debug, Clone)]
pub struct Foretold {
    /// Whether it would succeed.
    pub accepted: bool,
    /// The answer in one sentence.
    pub summary: Claimed,
    /// The error in words, if it would be refused.
    pub error: Option<Claimed>,
    /// What the rules did: how it ended, which member and rule, and why.
    pub steps: Vec<(Outcome, Claimed, Claimed)>,
    /// The members of the record that the registrant would be given.
    pub record: Vec<(Claimed, Claimed)>,
    /// Those that are made anew for each registration.
    pub generated: String,
}

impl Foretold {
    /// How the answer is meant.
    pub fn kind(&self) -> &'static str {
        if self.accepted { "done" } else { "risk" }
    }
}
