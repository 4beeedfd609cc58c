//! API tokens: how programs administer.

use askama::Template;

use super::frame::ConsoleFrame;
use super::parts::{Badge, Choice, Column, FieldProblem};
use crate::pages::{Claimed, Href, Moment};

/// `/console/api-tokens`: the list, and `form#new-api-token`, posted as `label`, `role`, `domain` and `lifetime`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/api_tokens.html")]
pub struct ApiTokens {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Where the API is described.
    pub reference: Href,
    /// Those that are valid, and those that ended lately.
    pub rows: Vec<ApiTokenRow>,
    /// The token that was just made, with its label.
    pub made: Option<(Claimed, String)>,
    /// What was typed as a label.
    pub label: String,
    /// The roles.
    pub roles: Vec<Choice>,
    /// The domains, all of them first.
    pub domains: Vec<Choice>,
    /// For how long it works.
    pub lifetimes: Vec<Choice>,
    /// What is wrong with the label.
    pub label_error: Option<String>,
    /// What is wrong with the domain.
    pub domain_error: Option<String>,
}

impl ApiTokens {
    /// What the summary above the form lists.
    fn problems(&self) -> Vec<FieldProblem> {
        FieldProblem::among(&[("label", "What it is for", &self.label_error), ("domain", "Domain", &self.domain_error)])
    }

    /// The headings of the table.
    pub fn columns(&self) -> Vec<Column> {
        ["Label", "Role", "Domain", "Created", "Ends", "Last used", "State", "Revoke"].map(Column::new).to_vec()
    }
}

/// One API token in the list.
#[derive(Debug, Clone)]
pub struct ApiTokenRow {
    /// Its identifier, posted as `token` with the action `revoke`.
    pub id: String,
    /// What it is for.
    pub label: Claimed,
    /// What it may do.
    pub role: String,
    /// The domain within its reach, in words.
    pub domain: Claimed,
    /// When it was made.
    pub created: Moment,
    /// When it ends by itself.
    pub ends: Option<Moment>,
    /// When it was last used.
    pub last_used: Option<Moment>,
    /// Whether it works.
    pub state: Badge,
    /// Whether it can be revoked.
    pub revocable: bool,
}
