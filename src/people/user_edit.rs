//! What an administrator says of a user: all of a new one, or what changes of one there is.

use super::password::{MIN_PASSWORD, check_password, in_words};
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::user::{User, UserClaims, check_email, check_username};

/// A user that an administrator wants.
#[derive(Debug, Default)]
pub struct NewUser {
    /// What the person logs in with.
    pub username: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the address is known to be the person's.
    pub email_verified: bool,
    /// Profile claims.
    pub claims: UserClaims,
    /// The password; none: the person chooses one by a link.
    pub password: Option<Secret>,
    /// Whether the person may not log in.
    pub disabled: bool,
}

/// What an administrator changes of a user; what is absent stays.
#[derive(Debug, Default)]
pub struct UserEdit {
    /// What the person logs in with.
    pub username: Option<String>,
    /// The e-mail address; an empty text takes it away. Another address is not verified unless the edit says so.
    pub email: Option<String>,
    /// Whether the address is known to be the person's.
    pub email_verified: Option<bool>,
    /// All profile claims.
    pub claims: Option<UserClaims>,
    /// The password. Every session and login ends.
    pub password: Option<Secret>,
    /// Whether the person may log in. Where that stops, every session and login ends.
    pub enabled: Option<bool>,
    /// Whether it counts whatever others change at the same time: whoever keeps changing an account must not keep an
    /// administrator from it.
    pub any_version: bool,
}

impl NewUser {
    /// All that is wrong with it, as far as it shows without a look at the other users.
    pub fn problems(&self) -> Vec<OAuthError> {
        let (username, email) = (self.username.as_str(), self.email.as_deref());
        let mut problems = problems((username, email), self.email_verified, &self.claims);
        problems.extend(self.password.as_ref().and_then(|password| check_chosen((username, email), password).err()));
        problems
    }
}

impl UserEdit {
    /// The user as it will be, the password aside.
    pub(super) fn applied_to(&self, user: &User) -> Result<User, OAuthError> {
        let mut changed = user.clone();
        changed.username = self.username.clone().unwrap_or(changed.username);
        if let Some(email) = &self.email {
            let email = Some(email.clone()).filter(|email| !email.is_empty());
            changed.email_verified &= email == user.email;
            changed.email = email;
        }
        changed.email_verified = self.email_verified.unwrap_or(changed.email_verified);
        changed.claims = self.claims.clone().unwrap_or(changed.claims);
        changed.enabled = self.enabled.unwrap_or(changed.enabled);
        check_user(&changed)?;
        Ok(changed)
    }
}

pub(super) fn check_user(user: &User) -> Result<(), OAuthError> {
    let names = (user.username.as_str(), user.email.as_deref());
    problems(names, user.email_verified, &user.claims).into_iter().next().map_or(Ok(()), Err)
}

/// All that is wrong with what an account says of a person.
fn problems((username, email): (&str, Option<&str>), email_verified: bool, claims: &UserClaims) -> Vec<OAuthError> {
    let refused = |member: &'static str| move |problem| OAuthError::invalid_request(format!("{member}: {problem}"));
    let address = match email {
        Some(email) => check_email(email).map_err(refused("email")),
        None if email_verified => {
            Err(OAuthError::invalid_request("email_verified: there is no e-mail address to be verified"))
        }
        None => Ok(()),
    };
    let username = check_username(username).map_err(refused("username"));
    [username, address, claims.check().map_err(refused("claims"))].into_iter().filter_map(Result::err).collect()
}

/// Whether a password may be chosen for somebody with these names.
pub(super) fn check_chosen((username, email): (&str, Option<&str>), password: &Secret) -> Result<(), OAuthError> {
    check_password(password.expose(), &[username, email.unwrap_or_default()])
        .map_err(|problem| OAuthError::invalid_request(format!("password: {}", in_words(problem, MIN_PASSWORD))))
}
