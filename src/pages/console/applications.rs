//! The list of applications, and what became of many at once.

use askama::Template;

use super::frame::ConsoleFrame;
use super::parts::{Badge, Choice, Column, Pager};
use crate::pages::{Claimed, Href, Moment};

/// `/console/domains/{domain}/applications`. The bulk form posts `client` for each ticked row and an `action`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/applications.html")]
pub struct Applications {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What was searched for.
    pub search: String,
    /// The filters beside the search: the parameter, its label, its values.
    pub filters: Vec<(&'static str, &'static str, Vec<Choice>)>,
    /// Where the bulk form is posted: this page, narrowed as it is.
    pub action: Href,
    /// The rows.
    pub table: ApplicationsTable,
}

/// The rows of the list: what the page asks for again and again.
#[derive(Debug, Clone, Template)]
#[template(path = "console/applications_table.html")]
pub struct ApplicationsTable {
    /// Where the list is.
    pub list: Href,
    /// Where this fragment is found.
    pub refresh: Href,
    /// Whether a search or a filter is set.
    pub narrowed: bool,
    /// Whether the person may change what is listed.
    pub may_edit: bool,
    /// The applications.
    pub rows: Vec<ApplicationRow>,
    /// What stands below.
    pub pager: Pager,
}

/// An application in the list.
#[derive(Debug, Clone)]
pub struct ApplicationRow {
    /// Its client id.
    pub client_id: String,
    /// Its name, empty if it has none.
    pub name: Claimed,
    /// What it is: "Web", "Gateway registrar".
    pub kind: &'static str,
    /// How it came to be: "by hand".
    pub origin: &'static str,
    /// Who registered it; empty: nobody in particular.
    pub registrant: Claimed,
    /// When it was made.
    pub created: Moment,
    /// When it last got a token.
    pub last_used: Option<Moment>,
    /// Whether it may be used.
    pub state: Badge,
}

impl ApplicationsTable {
    /// The headings of the table.
    pub fn columns(&self) -> Vec<Column> {
        ["Name", "Type", "Origin", "Registrant", "Created", "Last used", "State"].map(Column::new).to_vec()
    }

    /// The name of the rows' checkboxes.
    pub fn bulk(&self) -> &'static str {
        if self.may_edit { "client" } else { "" }
    }

    /// The address of an application.
    pub fn href(&self, row: &ApplicationRow) -> String {
        format!("{}/{}", self.list, row.client_id)
    }
}

/// What became of many applications: shown where not all of it could be done.
#[derive(Debug, Clone, Template)]
#[template(path = "console/applications_outcome.html")]
pub struct ApplicationsOutcome {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What was wanted: "Suspend 12 applications".
    pub title: String,
    /// How many it was done to.
    pub done: usize,
    /// Those it was not done to: the client id, and why.
    pub refused: Vec<(Claimed, String)>,
    /// The list.
    pub back: Href,
}

impl ApplicationsOutcome {
    /// The headings of the table.
    pub fn columns(&self) -> Vec<Column> {
        ["Client id", "Why not"].map(Column::new).to_vec()
    }
}
