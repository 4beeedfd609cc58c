//! Logging in to administration: user name and password, then the second factor where there is one.

use super::sessions::{SESSION_LIFETIME, UNCONFIRMED_LIFETIME};
use super::{Administrators, REALM};
use crate::model::administrator::{Administrator, AdministratorSession};
use crate::model::audit_event::Actor;
use crate::model::id::UserId;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::user::fold;
use crate::ops::rate_limit::SourcePrefix;
use crate::people::browser_session::Device;
use crate::people::password::verify_password;
use crate::people::throttle::Familiarity;

/// No user name is longer, in bytes.
const MAX_USERNAME: usize = 256;

/// Somebody says that they administer.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The user name, as it was typed.
    pub username: &'a str,
    /// The password.
    pub password: Secret,
    /// The browser.
    pub device: Device<'a>,
    /// Where it comes from.
    pub source: SourcePrefix,
}

/// How an attempt ended. The secret is what the cookie holds.
#[derive(Debug)]
pub enum LoginOutcome {
    /// The person is logged in.
    Session(AdministratorSession, Secret),
    /// The password was right; the session is good for nothing but giving the second factor.
    NeedsSecondFactor(AdministratorSession, Secret),
    /// No such administrator, a wrong password, or one who may not log in; which of them is in the audit log only.
    Wrong,
    /// Too early: so many seconds to wait.
    Wait(u32),
}

impl Administrators {
    /// Checks who somebody is and begins a session. An unknown name takes as long as a wrong password. `actor`: where it
    /// comes from; the name is found here.
    pub async fn log_in(&self, attempt: Attempt<'_>, actor: &Actor) -> Result<LoginOutcome, OAuthError> {
        let username = if attempt.username.len() > MAX_USERNAME { "" } else { attempt.username };
        let known = self.store.administrator_by_username(username).await?;
        let account = known.as_ref().map_or_else(|| fold(username), |known| known.id.to_string());
        let familiarity = self.familiarity(known.as_ref(), attempt.source).await?;
        if let Err(wait) = self.throttle.admit(REALM, &account, attempt.source, familiarity) {
            return Ok(LoginOutcome::Wait(wait));
        }
        let kept = known.as_ref().map(|known| known.password.as_str());
        let right = match verify_password(&self.argon2, attempt.password, kept).await {
            Ok(right) => right,
            Err(error) => {
                self.throttle.take_back(REALM, &account, attempt.source);
                return Err(error);
            }
        };
        match known {
            Some(administrator) if right && administrator.enabled => {
                self.throttle.forgive(REALM, &account, attempt.source);
                self.throttle.acquaint(acquaintance(&administrator), attempt.source);
                self.admit(&administrator, attempt.device, actor).await
            }
            known => {
                let why = match &known {
                    None => "there is no such administrator",
                    Some(known) if !known.enabled => "the administrator is disabled",
                    Some(_) => "the password is wrong",
                };
                self.refuse_login(known.as_ref(), why, actor).await?;
                Ok(LoginOutcome::Wrong)
            }
        }
    }

    async fn admit(
        &self,
        administrator: &Administrator,
        device: Device<'_>,
        actor: &Actor,
    ) -> Result<LoginOutcome, OAuthError> {
        let confirmed = administrator.totp.is_none();
        let lifetime = if confirmed { SESSION_LIFETIME } else { UNCONFIRMED_LIFETIME };
        let (session, secret, hash) = self.new_session(administrator.id, device, (confirmed, lifetime));
        let audit = self.logged_in(administrator, &session, actor);
        let (noted, password) = (Some(&audit).filter(|_| confirmed), &administrator.password);
        if !self.store.begin_administrator_session(&session, &hash, password, noted).await? {
            self.refuse_login(Some(administrator), "the account changed while the password was checked", actor).await?;
            return Ok(LoginOutcome::Wrong);
        }
        Ok(if confirmed {
            LoginOutcome::Session(session, secret)
        } else {
            LoginOutcome::NeedsSecondFactor(session, secret)
        })
    }

    /// Notes a login that failed. `known`: whose, if there is such an administrator.
    pub(super) async fn refuse_login(
        &self,
        known: Option<&Administrator>,
        why: &str,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        let target = known.map_or_else(|| "unknown".to_owned(), |known| known.id.to_string());
        let actor = Actor { name: "anonymous".to_owned(), ..actor.clone() };
        let mut event = actor.did(self.store.clock(), None, "administrator.login", &target).refused(why);
        // What was typed where there is no such name may be a password in the wrong field.
        if let Some(known) = known {
            event = event.with("username", known.username.as_str());
        }
        Ok(self.store.write_audit(&[event]).await?)
    }

    /// Checks the password of somebody who is logged in: asked before what an open browser must not be enough for.
    /// Whoever finds one may not try for ever.
    pub async fn confirm_password(
        &self,
        administrator: &Administrator,
        password: Secret,
        source: SourcePrefix,
    ) -> Result<(), OAuthError> {
        let account = administrator.id.to_string();
        if let Err(wait) = self.throttle.admit(REALM, &account, source, Familiarity::Browser) {
            return Err(
                OAuthError::too_many_requests("too many wrong passwords; wait and try again").with_retry_after(wait)
            );
        }
        if !verify_password(&self.argon2, password, Some(&administrator.password)).await? {
            return Err(OAuthError::invalid_request("password: is wrong; give the one you log in with"));
        }
        self.throttle.forgive(REALM, &account, source);
        Ok(())
    }

    async fn familiarity(
        &self,
        known: Option<&Administrator>,
        source: SourcePrefix,
    ) -> Result<Familiarity, OAuthError> {
        let Some(known) = known else { return Ok(Familiarity::Stranger) };
        if self.throttle.is_acquainted(acquaintance(known), source) {
            return Ok(Familiarity::Address);
        }
        let sessions = self.store.administrator_sessions(known.id).await?;
        let confirmed = sessions.iter().filter(|session| session.confirmed);
        let mut sources = confirmed.filter_map(|session| session.source.parse().ok()).map(SourcePrefix::of);
        Ok(if sources.any(|known| known == source) { Familiarity::Address } else { Familiarity::Stranger })
    }
}

/// Whom the throttle remembers: identifiers of administrators and of users are never the same.
fn acquaintance(administrator: &Administrator) -> UserId {
    UserId(administrator.id.0)
}
