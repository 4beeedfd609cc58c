//! The audit log of a domain, or of the server itself.

use askama::Template;

use super::frame::ConsoleFrame;
use super::parts::{Badge, Choice, Pager};
use crate::pages::{Claimed, Href, Moment};

/// `/console/domains/{domain}/audit` and `/console/audit`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/audit.html")]
pub struct Audit {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Where the form is sent: this page.
    pub action: Href,
    /// What was typed to narrow the list.
    pub asked: AuditAsked,
    /// What is wrong with it.
    pub error: Option<String>,
    /// Kinds of actors, and the one asked for.
    pub actors: Vec<Choice>,
    /// Actions and kinds of them.
    pub actions: Vec<Choice>,
    /// `done`, `refused` or both.
    pub outcomes: Vec<Choice>,
    /// The events, newest first.
    pub rows: Vec<AuditRow>,
    /// Older and newer events.
    pub pager: Pager,
    /// The same events as JSON lines.
    pub export: Href,
}

impl Audit {
    fn is_narrowed(&self) -> bool {
        self.asked != AuditAsked::default()
    }
}

/// What was typed to narrow the list, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditAsked {
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To which thing.
    pub target: String,
    /// How it ended.
    pub outcome: String,
    /// The request.
    pub request_id: String,
    /// From this day on.
    pub from: String,
    /// Up to and with this day.
    pub until: String,
}

/// An event.
#[derive(Debug, Clone)]
pub struct AuditRow {
    /// Its identifier.
    pub id: String,
    /// When.
    pub at: Moment,
    /// Who.
    pub actor: Named,
    /// Everything that they did.
    pub of_actor: Href,
    /// What, in words.
    pub what: String,
    /// What, as it is stored.
    pub action: String,
    /// To which thing; `None` where there is none but the actor.
    pub target: Option<Named>,
    /// Everything that happened to it.
    pub of_target: Option<Href>,
    /// How it ended.
    pub outcome: Badge,
    /// The rule that refused it.
    pub reason: Option<Claimed>,
    /// The address it came from.
    pub source: Option<Claimed>,
    /// The request it was part of, and the events of that.
    pub request: Option<(Claimed, Href)>,
    /// What it changed.
    pub changes: Vec<AuditChange>,
    /// What else is worth knowing: names and values.
    pub details: Vec<(Claimed, Claimed)>,
}

impl AuditRow {
    /// To which thing, and everything that happened to it.
    fn thing(&self) -> Option<(&Named, &Href)> {
        self.target.as_ref().zip(self.of_target.as_ref())
    }
}

/// A thing by its name.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// Its name; its id where it has none, or is not known.
    pub name: Claimed,
    /// What it is: "application"; empty where the name says it all.
    pub kind: &'static str,
    /// Its page; `None` where there is none.
    pub href: Option<Href>,
    /// Its id; empty where the name says it all.
    pub id: Claimed,
}

/// A member that was changed.
#[derive(Debug, Clone)]
pub struct AuditChange {
    /// Which.
    pub member: Claimed,
    /// What it was; `None`: it was not there.
    pub before: Option<Claimed>,
    /// What it is; `None`: it is gone.
    pub after: Option<Claimed>,
}
