//! The account page: what a person sees and ends of their sessions and connected applications (OpenID Connect Core §17).

use askama::Template;

use super::{Claimed, Frame, Href, Moment};

/// `/account`. Every form is posted with the button's name `action`.
#[derive(Debug, Clone, Template)]
#[template(path = "account.html")]
pub struct Account {
    /// What every page shows.
    pub frame: Frame,
    /// Where the forms are posted.
    pub action: Href,
    /// Where `form#logout` is posted.
    pub logout: Href,
    /// The user name.
    pub username: Claimed,
    /// The full name, if one was given.
    pub name: String,
    /// The e-mail address.
    pub email: Claimed,
    /// Whether the address is known to be theirs.
    pub email_verified: bool,
    /// Whether a verification mail can be asked for (`send_verification`).
    pub may_send_verification: bool,
    /// `section#sessions`, the current one first.
    pub sessions: Vec<AccountSession>,
    /// `section#applications`.
    pub applications: Vec<AccountApplication>,
    /// How many characters a password needs.
    pub password_min: usize,
    /// What is wrong, by form.
    pub errors: AccountErrors,
}

impl Account {
    fn has_other_sessions(&self) -> bool {
        self.sessions.iter().any(|session| !session.current)
    }
}

/// A session of the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSession {
    /// What the form posts as `session`; not the cookie.
    pub id: String,
    /// Browser and system in words.
    pub device: Claimed,
    /// The network address it was last seen from.
    pub address: Claimed,
    /// When it was last used.
    pub last_seen: Moment,
    /// Whether it is the one that looks at the page.
    pub current: bool,
}

/// An application that may act for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountApplication {
    /// What the form posts as `client_id`.
    pub client_id: String,
    /// Its name, as it claims.
    pub name: Claimed,
    /// The resources it may use, by name.
    pub resources: Vec<Claimed>,
    /// What it may do, as scope labels.
    pub scopes: Vec<Claimed>,
    /// When the person allowed it.
    pub since: Moment,
    /// When it last got a token.
    pub last_used: Option<Moment>,
}

/// What is wrong, by form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountErrors {
    /// `form#profile`.
    pub profile: Option<String>,
    /// `form#change-password`, about the current password.
    pub current_password: Option<String>,
    /// `form#change-password`, about the new password.
    pub new_password: Option<String>,
    /// `form#delete-account`.
    pub delete_account: Option<String>,
}
