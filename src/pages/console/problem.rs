//! The console's problems: an error, something that is not allowed or not there, and a lost update.

use askama::Template;

use super::frame::ConsoleFrame;
use super::parts::Column;
use crate::pages::{Claimed, Href, Link};

/// A page that says what went wrong and what to do. For anybody who is logged in.
#[derive(Debug, Clone, Template)]
#[template(path = "console/problem.html")]
pub struct Problem {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What went wrong: "You may not change this".
    pub title: String,
    /// Why, and what to do.
    pub explanation: String,
    /// Where to go; empty: the domain's overview stands in the navigation.
    pub links: Vec<Link>,
    /// The reference under which the log has it, if it has.
    pub reference: Option<String>,
}

/// Somebody else saved first: what was typed is kept, to be saved over theirs or compared (the version did not match).
#[derive(Debug, Clone, Template)]
#[template(path = "console/conflict.html")]
pub struct Conflict {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What it is about: the name of the application, "Registration settings".
    pub what: Claimed,
    /// The page as it is now.
    pub reload: Href,
    /// Where `Save mine anyway` posts; `None`: not offered.
    pub action: Option<Href>,
    /// Every field that was posted, with the present version in the place of the old one. Secrets are left out.
    pub parameters: Vec<(String, String)>,
    /// What differs: the field's label, what was typed, what is in force now.
    pub differences: Vec<(String, Claimed, Claimed)>,
}

impl Conflict {
    /// The headings of the table of differences.
    pub fn columns(&self) -> Vec<Column> {
        ["Setting", "Yours", "Now in force"].map(Column::new).to_vec()
    }
}
