//! A domain's signing keys.

use askama::Template;

use super::Copyable;
use super::frame::ConsoleFrame;
use super::parts::{Badge, Column};
use crate::pages::{Href, Moment};

/// `/console/domains/{domain}/keys`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/keys.html")]
pub struct Keys {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// The keys, the newest first.
    pub rows: Vec<KeyRow>,
    /// Where verifiers find them.
    pub key_set: Copyable,
    /// For how long a key signs: "90 days".
    pub lifetime: String,
    /// For how long it is published before: "10 minutes".
    pub lead: String,
    /// Whether successors wait already, so that none can be published.
    pub waiting: bool,
}

impl Keys {
    fn columns() -> Vec<Column> {
        let mut columns = vec![
            Column::new("Key"),
            Column::new("State"),
            Column::new("Published"),
            Column::new("Signs from"),
            Column::new("Leaves"),
        ];
        columns.push(Column::new("Action"));
        columns
    }
}

/// A signing key.
#[derive(Debug, Clone)]
pub struct KeyRow {
    /// Its `kid`.
    pub kid: String,
    /// What it signs with.
    pub algorithm: &'static str,
    /// Where it is in its life.
    pub state: Badge,
    /// What verifiers see of it.
    pub seen: &'static str,
    /// When it was published.
    pub created: Moment,
    /// When it begins to sign, or began to.
    pub signs: Moment,
    /// When it leaves the key set.
    pub leaves: Option<Moment>,
    /// Where it is revoked; `None`: it is already.
    pub revoke: Option<Href>,
}
