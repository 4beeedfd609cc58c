//! Pages that are one short table, and what is shown once it was made.

use askama::Template;

use super::frame::ConsoleFrame;
use super::parts::{Badge, Column, Tab};
use crate::pages::{Claimed, Href, Moment};

/// A short table: all its rows on one page.
#[derive(Debug, Clone, Template)]
#[template(path = "console/table_page.html")]
pub struct TablePage {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// The heading.
    pub title: String,
    /// A sentence below it.
    pub lead: String,
    /// The pages beside this one; empty: there are none.
    pub tabs: Vec<Tab>,
    /// The headings of the columns, that of the names first.
    pub headings: &'static [&'static str],
    /// The rows.
    pub rows: Vec<TableRow>,
    /// Where one makes another, and what the link says; `None`: not here.
    pub new: Option<(Href, &'static str)>,
    /// What stands instead of an empty table, and what to do then.
    pub empty: (&'static str, &'static str),
}

impl TablePage {
    /// The headings as columns.
    pub fn columns(&self) -> Vec<Column> {
        self.headings.iter().copied().map(Column::new).collect()
    }

    /// Whether a row without a button ends before the last column.
    pub fn has_more_columns(&self, row: &TableRow) -> bool {
        row.cells.len() + 1 < self.headings.len()
    }
}

/// A row.
#[derive(Debug, Clone)]
pub struct TableRow {
    /// What tells it from the others.
    pub key: String,
    /// Where its name leads.
    pub href: Option<Href>,
    /// Its name.
    pub name: Claimed,
    /// A line below the name.
    pub below: Claimed,
    /// What stands in the other columns.
    pub cells: Vec<Cell>,
    /// What one can do to it, in the last column.
    pub button: Option<RowButton>,
}

/// What stands in a cell.
#[derive(Debug, Clone)]
pub enum Cell {
    /// Words.
    Text(Claimed),
    /// What is read letter by letter.
    Code(Claimed),
    /// Words in pills.
    Badges(Vec<Badge>),
    /// A day.
    Day(Moment),
}

/// A button that cannot be undone.
#[derive(Debug, Clone)]
pub struct RowButton {
    /// Where it posts.
    pub action: Href,
    /// What it posts: a name and a value.
    pub parameter: (&'static str, String),
    /// What it says.
    pub text: &'static str,
    /// What is asked before.
    pub question: &'static str,
}

/// An initial access token that was just made: the only time that it is shown.
#[derive(Debug, Clone, Template)]
#[template(path = "console/token_made.html")]
pub struct TokenMade {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What people call it.
    pub label: Claimed,
    /// The token itself.
    pub token: String,
    /// Where it is used.
    pub registration_url: String,
    /// What it allows: terms and words.
    pub facts: Vec<(&'static str, Claimed)>,
    /// The list of tokens.
    pub back: Href,
}
