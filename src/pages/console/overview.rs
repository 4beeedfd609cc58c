//! A domain at a glance.

use askama::Template;

use super::chart::Chart;
use super::frame::ConsoleFrame;
use super::parts::{BadgeKind, grouped};
use super::showing::{Copyable, Outcome, Stat};
use crate::pages::{Claimed, Href, Moment};

/// `/console/domains/{domain}`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/overview.html")]
pub struct Overview {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Numbers: applications, users, MCP servers, tokens of the last day …
    pub stats: Vec<Stat>,
    /// Registrations, tokens, refusals over time.
    pub charts: Vec<Chart>,
    /// Applications by who registered them, the most first.
    pub origins: Vec<Origin>,
    /// Secrets and keys that end soon, the soonest first.
    pub expiring: Vec<Expiring>,
    /// Why requests were refused, the most frequent first.
    pub refusals: Vec<Refusal>,
    /// The time that `refusals` are about: "in the last 24 hours".
    pub window: String,
    /// What to do next; shown while any is not done.
    pub next_steps: Vec<NextStep>,
    /// The domain's addresses, to be copied.
    pub addresses: Vec<Copyable>,
}

impl Overview {
    /// Whether something is still to do before the domain is of use.
    pub fn has_next_steps(&self) -> bool {
        self.next_steps.iter().any(|step| !step.done)
    }

    /// The share of an origin, in percent.
    pub fn share(&self, origin: &Origin) -> u64 {
        let sum: u64 = self.origins.iter().map(|origin| origin.count).sum();
        (origin.count.saturating_mul(100)).checked_div(sum).unwrap_or_default()
    }
}

/// Applications of one origin.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Who registered them: "Gateway", "MCP clients", "By hand".
    pub name: &'static str,
    /// How many.
    pub count: u64,
    /// The list of them.
    pub href: Href,
}

impl Origin {
    /// The number as people read it.
    pub fn words(&self) -> String {
        grouped(self.count)
    }
}

/// Something that ends soon.
#[derive(Debug, Clone)]
pub struct Expiring {
    /// What: "Secret of Project wiki", "Signing key RS256".
    pub what: Claimed,
    /// When.
    pub at: Moment,
    /// How long that is: "in 3 days".
    pub left: String,
    /// `Warn`, or `Bad` where it has ended already.
    pub kind: BadgeKind,
    /// Where it is renewed.
    pub href: Href,
}

/// A reason for which requests were refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The error code: `invalid_redirect_uri`.
    pub code: String,
    /// The reason in words.
    pub reason: Claimed,
    /// How often.
    pub count: u64,
    /// The events.
    pub href: Href,
}

impl Refusal {
    /// The number as people read it.
    pub fn words(&self) -> String {
        grouped(self.count)
    }
}

/// Something to do before a domain is of use.
#[derive(Debug, Clone)]
pub struct NextStep {
    /// What: "Connect Gravitee APIM".
    pub title: &'static str,
    /// Why, and how.
    pub text: &'static str,
    /// Where.
    pub href: Href,
    /// What the link says.
    pub link: &'static str,
    /// Whether it was done.
    pub done: bool,
}

impl NextStep {
    /// How the list draws it.
    pub fn outcome(&self) -> Outcome {
        if self.done { Outcome::Done } else { Outcome::Waiting }
    }
}
