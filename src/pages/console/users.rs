//! The pages about users: the list, a new one, an invitation, and the page of each.

use askama::Template;

use super::form::OwnSecret;
use super::frame::ConsoleFrame;
use super::parts::{Badge, Choice, Column, FieldProblem, Pager};
use crate::pages::{Claimed, Href, Moment};

/// The list of users.
#[derive(Debug, Clone, Template)]
#[template(path = "console/users.html")]
pub struct Users {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What was searched for.
    pub search: String,
    /// Who may log in, and who may not.
    pub states: Vec<Choice>,
    /// Who was found.
    pub rows: Vec<UserRow>,
    /// Where the list goes on.
    pub pager: Pager,
}

/// A row of the list.
#[derive(Debug, Clone)]
pub struct UserRow {
    /// Its identifier.
    pub id: String,
    /// What the person logs in with.
    pub username: Claimed,
    /// The full name.
    pub name: Claimed,
    /// The e-mail address.
    pub email: Claimed,
    /// Whether the person may log in.
    pub state: Badge,
    /// When it was made.
    pub created: Moment,
}

impl Users {
    /// The columns.
    pub fn columns(&self) -> Vec<Column> {
        ["User", "E-mail", "State", "Created"].map(Column::new).to_vec()
    }

    /// Whether the list was narrowed.
    pub fn is_narrowed(&self) -> bool {
        !self.search.is_empty() || self.states.iter().any(|choice| choice.chosen && !choice.value.is_empty())
    }
}

/// What has to be corrected in a form about a user.
#[derive(Debug, Clone, Default)]
pub struct UserErrors {
    /// In the form as a whole.
    pub form: Option<String>,
    /// In the user name.
    pub username: Option<String>,
    /// In the address.
    pub email: Option<String>,
    /// In the claims.
    pub claims: Option<String>,
    /// In the password.
    pub password: Option<String>,
    /// In what was typed to confirm a deletion.
    pub confirm: Option<String>,
}

/// What a form about a user holds.
#[derive(Debug, Clone, Default)]
pub struct UserForm {
    /// What the person logs in with.
    pub username: String,
    /// The full name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// Whether the address is known to be the person's.
    pub email_verified: bool,
    /// The other claims, one in each line: `locale=en-GB`.
    pub claims: String,
    /// What has to be corrected.
    pub errors: UserErrors,
}

impl UserForm {
    /// What the summary above the form lists.
    fn problems(&self) -> Vec<FieldProblem> {
        FieldProblem::among(&[
            ("username", "User name", &self.errors.username),
            ("email", "E-mail", &self.errors.email),
            ("claims", "Other claims", &self.errors.claims),
        ])
    }
}

/// A one-time link, shown this once.
#[derive(Debug, Clone)]
pub struct ShownLink {
    /// Where it leads.
    pub link: String,
    /// When it ends.
    pub expires: Moment,
    /// What became of the mail, if one was wanted.
    pub mail: Option<String>,
}

/// A new user.
#[derive(Debug, Clone, Template)]
#[template(path = "console/new_user.html")]
pub struct NewUser {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Where the form is posted.
    pub action: Href,
    /// What was typed.
    pub form: UserForm,
    /// A password that is chosen for the person.
    pub password: OwnSecret,
}

impl NewUser {
    /// What the summary above the form lists.
    fn problems(&self) -> Vec<FieldProblem> {
        FieldProblem::among(&[
            ("username", "User name", &self.form.errors.username),
            ("name", "Full name", &self.form.errors.claims),
            ("email", "E-mail", &self.form.errors.email),
            ("password", "Password", &self.password.error),
        ])
    }
}

/// An invitation.
#[derive(Debug, Clone, Template)]
#[template(path = "console/invite.html")]
pub struct Invite {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Where the form is posted.
    pub action: Href,
    /// The address that was typed.
    pub email: String,
    /// How long the link works.
    pub lifetimes: Vec<Choice>,
    /// Whether it is mailed as well.
    pub send: bool,
    /// What becomes of the mail.
    pub mail_hint: String,
    /// What has to be corrected.
    pub error: Option<String>,
    /// The link, once it is made.
    pub link: Option<ShownLink>,
}

/// A user.
#[derive(Debug, Clone, Template)]
#[template(path = "console/user.html")]
pub struct User {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Where the forms are posted.
    pub action: Href,
    /// Its identifier.
    pub id: String,
    /// The version that is shown.
    pub version: i64,
    /// What the person is called.
    pub title: Claimed,
    /// What the person logs in with, as it is.
    pub username: Claimed,
    /// Whether the person may log in.
    pub enabled: bool,
    /// Whether a password was chosen.
    pub has_password: bool,
    /// When it was made.
    pub created: Moment,
    /// When it last changed.
    pub updated: Moment,
    /// What may be changed.
    pub form: UserForm,
    /// What becomes of a mail with a link.
    pub mail_hint: String,
    /// A link just made.
    pub link: Option<ShownLink>,
    /// Where the person is logged in.
    pub sessions: Vec<UserSession>,
    /// What acts for the person.
    pub applications: Vec<UserApplication>,
}

impl User {
    /// The columns of sessions.
    pub fn session_columns(&self) -> Vec<Column> {
        self.with_button(&["Browser", "Address", "Since", "Last seen"], "End")
    }

    /// The columns of applications.
    pub fn application_columns(&self) -> Vec<Column> {
        self.with_button(&["Application", "Allowed", "Last token"], "Disconnect")
    }

    fn with_button(&self, texts: &[&'static str], button: &'static str) -> Vec<Column> {
        let last = self.frame.may_edit.then_some(button);
        texts.iter().copied().chain(last).map(Column::new).collect()
    }
}

/// A browser in which a user is logged in.
#[derive(Debug, Clone)]
pub struct UserSession {
    /// Its identifier.
    pub id: String,
    /// The browser, by its own account.
    pub device: Claimed,
    /// The address it came from.
    pub address: Claimed,
    /// When it began.
    pub since: Moment,
    /// When it was last seen.
    pub last_seen: Moment,
}

/// An application that may act for a user.
#[derive(Debug, Clone)]
pub struct UserApplication {
    /// The client's id.
    pub client_id: String,
    /// The client's page.
    pub href: Href,
    /// Its name.
    pub name: Claimed,
    /// What was allowed it.
    pub allowed: Vec<Claimed>,
    /// When a token was last issued to it.
    pub last_used: Option<Moment>,
}
