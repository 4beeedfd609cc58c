//! Those who administer: the list, a new one, and one of them.

use askama::Template;

use super::frame::ConsoleFrame;
use super::parts::{Badge, Choice, Column, FieldProblem};
use crate::pages::{Claimed, Href, Moment};

/// `/console/administrators`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/administrators.html")]
pub struct Administrators {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// By user name.
    pub rows: Vec<AdministratorRow>,
}

impl Administrators {
    /// The headings of the table.
    pub fn columns(&self) -> Vec<Column> {
        ["User name", "Role", "Domains", "Second factor", "Last login", "State"].map(Column::new).to_vec()
    }
}

/// One administrator in the list.
#[derive(Debug, Clone)]
pub struct AdministratorRow {
    /// Its page.
    pub href: Href,
    /// What the person logs in with.
    pub username: Claimed,
    /// What the person may do.
    pub role: String,
    /// The domains within reach, in words.
    pub domains: Claimed,
    /// Whether a second factor is asked for.
    pub second_factor: bool,
    /// When the person last logged in.
    pub last_login: Option<Moment>,
    /// Whether the person may log in.
    pub state: Badge,
}

/// What an administrator is made of, in a form: posted as `username`, `role`, `all_domains`, `domain` (several) and, for
/// a new one, `password`.
#[derive(Debug, Clone)]
pub struct AdministratorForm {
    /// What was typed.
    pub username: String,
    /// The roles.
    pub roles: Vec<Choice>,
    /// Whether every domain is within reach.
    pub all_domains: bool,
    /// The domains.
    pub domains: Vec<Choice>,
    /// What is wrong with the whole.
    pub error: Option<String>,
    /// What is wrong with the user name.
    pub username_error: Option<String>,
    /// What is wrong with the password.
    pub password_error: Option<String>,
    /// What is wrong with the domains.
    pub domains_error: Option<String>,
}

impl AdministratorForm {
    /// What the summary above the form lists.
    fn problems(&self) -> Vec<FieldProblem> {
        FieldProblem::among(&[
            ("username", "User name", &self.username_error),
            ("reach", "Or these domains", &self.domains_error),
        ])
    }
}

/// `form#new-administrator` at `/console/administrators/new`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/new_administrator.html")]
pub struct NewAdministrator {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// The form.
    pub form: AdministratorForm,
    /// What a password has to be.
    pub password_hint: String,
}

/// `/console/administrators/{id}`: `form#administrator`, and others that are posted to the same address with the
/// button's `action`: `save`, `set_password`, `disable`, `enable`, `end_sessions`, `remove_second_factor`, `delete`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/administrator.html")]
pub struct AdministratorPage {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Where the forms are posted.
    pub action: Href,
    /// The user name as it is kept.
    pub username: Claimed,
    /// The version that the forms are about, posted as `version`.
    pub version: i64,
    /// Whether the person may log in.
    pub enabled: bool,
    /// Whether a second factor is asked for.
    pub second_factor: bool,
    /// Whether it is the one who looks.
    pub oneself: bool,
    /// When the account was made.
    pub created: Moment,
    /// When the person last logged in.
    pub last_login: Option<Moment>,
    /// The form.
    pub form: AdministratorForm,
    /// What a password has to be.
    pub password_hint: String,
    /// Where the person is logged in: browser, address, last seen.
    pub sessions: Vec<(Claimed, Claimed, Moment)>,
    /// Why it was not deleted.
    pub confirm_error: Option<String>,
}

impl AdministratorPage {
    /// The headings of the table of sessions.
    pub fn columns(&self) -> Vec<Column> {
        ["Browser", "Address", "Last seen"].map(Column::new).to_vec()
    }
}
