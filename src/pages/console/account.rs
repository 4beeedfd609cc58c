//! An administrator's own account: password, second factor, sessions.

use askama::Template;

use super::frame::ConsoleFrame;
use super::parts::Column;
use super::qr::QrCode;
use crate::pages::{Claimed, Href, Moment};

/// `/console/account`. Every form is posted to `action` with the button's name `action`: `change_password`,
/// `begin_second_factor`, `confirm_second_factor`, `remove_second_factor`, `end_session`, `end_other_sessions`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/account.html")]
pub struct Account {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Where the forms are posted.
    pub action: Href,
    /// The least length of a password.
    pub password_min: usize,
    /// Where the second factor stands.
    pub second_factor: SecondFactorState,
    /// The sessions, the current one first.
    pub sessions: Vec<Session>,
    /// Why a form did not work.
    pub errors: AccountErrors,
}

impl Account {
    /// The headings of the table of sessions.
    pub fn columns(&self) -> Vec<Column> {
        ["Browser", "Address", "Since", "Last seen", "End"].map(Column::new).to_vec()
    }

    /// What a new password has to be.
    pub fn password_hint(&self) -> String {
        format!("At least {} characters.", self.password_min)
    }

    /// Whether there is another session to end.
    pub fn has_other_sessions(&self) -> bool {
        self.sessions.iter().any(|session| !session.current)
    }
}

/// Where the second factor stands.
#[derive(Debug, Clone)]
pub enum SecondFactorState {
    /// There is none. `begin_second_factor` (with `current_password`) makes a secret.
    Off,
    /// A secret was made and waits for its first code (`confirm_second_factor`, posted as `code` and `sealed`).
    Enrolling(Enrolment),
    /// It is asked for. `remove_second_factor` (with `current_password`) ends that.
    On,
}

/// A second factor being set up.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The `otpauth://` address as a code to be scanned; `None`: the text alone is shown.
    pub qr: Option<QrCode>,
    /// The secret in Base32, in groups of four, for those who type it.
    pub secret: String,
    /// What is carried to the confirmation, sealed by the server; empty if it keeps the secret itself.
    pub sealed: String,
}

/// A browser in which the administrator is logged in.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its identifier, posted as `session`.
    pub id: String,
    /// The browser, in words.
    pub device: Claimed,
    /// The address it began at.
    pub address: Claimed,
    /// When it began.
    pub since: Moment,
    /// When it was last seen.
    pub last_seen: Moment,
    /// Whether it is this one.
    pub current: bool,
}

/// Why a form of the account page did not work.
#[derive(Debug, Clone, Default)]
pub struct AccountErrors {
    /// `current_password` of the form that changes the password.
    pub current_password: Option<String>,
    /// `new_password`.
    pub new_password: Option<String>,
    /// `current_password` of the form that begins or removes the second factor.
    pub second_factor_password: Option<String>,
    /// `code` of the form that confirms it.
    pub code: Option<String>,
}
