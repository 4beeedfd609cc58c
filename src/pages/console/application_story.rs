//! What became of what an application's registrant asked for, and what happened to it since.

use askama::Template;

use super::application::ApplicationHead;
use super::audit::Named;
use super::frame::ConsoleFrame;
use super::parts::{Badge, Column, Pager};
use crate::pages::{Claimed, Moment};

/// `…/registration`: what its registrant asked for, and what became of it.
#[derive(Debug, Clone, Template)]
#[template(path = "console/application_registration.html")]
pub struct ApplicationRegistration {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What every page of an application shows.
    pub head: ApplicationHead,
    /// How it came to be, by whom.
    pub origin: Claimed,
    /// The policy that binds it; empty: it is gone.
    pub policy: String,
    /// When it registered, as far as the audit log goes back.
    pub registered: Option<Moment>,
    /// When its registrant last updated it.
    pub updated: Option<Moment>,
    /// Whether the policy, as it stands now, would refuse what was last sent.
    pub refused_today: bool,
    /// Where what is in force is not what was last sent.
    pub drift: Vec<DriftRow>,
    /// What was done to it and why: the member, what was done, the words.
    pub findings: Vec<(Claimed, Badge, Claimed)>,
    /// What was last sent: the member and its value as JSON.
    pub asked: Vec<(Claimed, Claimed)>,
    /// Whether its metadata can be changed.
    pub may_take: bool,
}

/// A member whose value in force is not what was last sent.
#[derive(Debug, Clone)]
pub struct DriftRow {
    /// The member, as it is posted.
    pub member: String,
    /// The member, as it is shown.
    pub name: Claimed,
    /// What was last sent.
    pub sent: Claimed,
    /// What is in force.
    pub in_force: Claimed,
    /// Whose doing it is.
    pub because: Badge,
    /// Whether what was sent can be put in force.
    pub served: bool,
}

impl ApplicationRegistration {
    /// The headings of the table of differences.
    pub fn drift_columns(&self) -> Vec<Column> {
        let take = if self.may_take { "Action" } else { "" };
        let all = ["Member", "Registrant sent", "In force", "Because of", take];
        all.into_iter().filter(|text| !text.is_empty()).map(Column::new).collect()
    }

    /// The headings of the table of findings.
    pub fn finding_columns(&self) -> Vec<Column> {
        ["Member", "What was done", "Why"].map(Column::new).to_vec()
    }

    /// The headings of the table of what was asked.
    pub fn asked_columns(&self) -> Vec<Column> {
        ["Member", "Value"].map(Column::new).to_vec()
    }
}

/// `…/activity`: what the audit log has of it.
#[derive(Debug, Clone, Template)]
#[template(path = "console/application_activity.html")]
pub struct ApplicationActivity {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What every page of an application shows.
    pub head: ApplicationHead,
    /// The events, newest first.
    pub events: Vec<ActivityEvent>,
    /// What stands below.
    pub pager: Pager,
}

/// Something that happened to an application.
#[derive(Debug, Clone)]
pub struct ActivityEvent {
    /// When.
    pub at: Moment,
    /// What, in words.
    pub what: Claimed,
    /// How it is drawn: `good`, `bad`, `quiet`.
    pub kind: &'static str,
    /// What, as it is stored.
    pub action: String,
    /// Who.
    pub actor: Named,
    /// The address it came from.
    pub from: Claimed,
    /// Why it was refused.
    pub reason: Claimed,
    /// What changed: the member, before, after.
    pub changes: Vec<(Claimed, Claimed, Claimed)>,
}
