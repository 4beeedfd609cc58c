//! Login attempts: the list, and one of them as a timeline.

use askama::Template;

use super::audit::Named;
use super::frame::ConsoleFrame;
use super::parts::{Badge, BadgeKind, Choice, Column, Pager};
use crate::pages::{Claimed, Href, Moment};

/// `/console/domains/{domain}/traces`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/traces.html")]
pub struct Traces {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// The client that the list is narrowed to, as it was typed.
    pub client_id: String,
    /// How the last step ended.
    pub outcomes: Vec<Choice>,
    /// The attempts, newest first.
    pub rows: Vec<TraceRow>,
    /// What was refused before there was an attempt.
    pub strays: Vec<TraceEntry>,
    /// Older and newer attempts.
    pub pager: Pager,
}

impl Traces {
    fn columns() -> [Column; 5] {
        let columns = ["Began", "Application", "Person", "Last step"].map(Column::new);
        let [began, application, person, last] = columns;
        [began, application, person, last, Column::number("Steps")]
    }

    fn is_narrowed(&self) -> bool {
        !self.client_id.is_empty() || self.outcomes.iter().any(|choice| choice.chosen && !choice.value.is_empty())
    }
}

/// An attempt of the list.
#[derive(Debug, Clone)]
pub struct TraceRow {
    /// Its identifier.
    pub attempt: String,
    /// The attempt itself.
    pub href: Href,
    /// When it began.
    pub began: Moment,
    /// The client, by its own account.
    pub client: Option<Named>,
    /// Who logged in.
    pub person: Option<Named>,
    /// The last step in words.
    pub last_step: &'static str,
    /// How that ended.
    pub outcome: Badge,
    /// The code of its error.
    pub code: Option<Claimed>,
    /// How many steps it has.
    pub steps: i64,
}

/// `/console/domains/{domain}/traces/{attempt}`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/trace.html")]
pub struct Trace {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Its identifier.
    pub attempt: String,
    /// The client, by its own account.
    pub client: Option<Named>,
    /// Who logged in.
    pub person: Option<Named>,
    /// When it began.
    pub began: Moment,
    /// What came of it: "Succeeded, after one wrong password".
    pub summary: String,
    /// What probably went wrong, the likeliest first.
    pub causes: Vec<Claimed>,
    /// What is waited for and never came.
    pub never_came: Option<&'static str>,
    /// The steps, oldest first.
    pub steps: Vec<TraceEntry>,
}

/// A step of a timeline.
#[derive(Debug, Clone)]
pub struct TraceEntry {
    /// When.
    pub at: Moment,
    /// What, and how it ended: "Login refused".
    pub title: &'static str,
    /// How that is meant.
    pub kind: BadgeKind,
    /// How many seconds after the beginning; `None` for what belongs to no attempt.
    pub after: Option<String>,
    /// Whether it only probably belongs to the attempt.
    pub probable: bool,
    /// Why it was refused.
    pub reason: Option<Claimed>,
    /// The client, where it is not the attempt's.
    pub client: Option<Named>,
    /// The address it came from.
    pub source: Option<Claimed>,
    /// What else is worth knowing.
    pub details: Vec<(Claimed, Claimed)>,
}
