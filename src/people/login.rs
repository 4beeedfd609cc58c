//! Logging in: user name or e-mail address, and password (OpenID Connect Core §3.1.2.3).

use super::People;
use super::browser_session::Current;
use super::throttle::Familiarity;
use crate::model::id::DomainId;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::user::{User, fold};
use crate::ops::rate_limit::SourcePrefix;

/// No user name and no address is longer, in bytes.
const MAX_LOGIN: usize = 256;

/// Somebody says who they are.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The user name or e-mail address, as it was typed.
    pub login: &'a str,
    /// The password.
    pub password: Secret,
    /// Where it comes from.
    pub source: SourcePrefix,
    /// Who is logged in in that browser already.
    pub current: Option<&'a Current>,
}

/// How an attempt ended.
#[derive(Debug)]
pub enum LoginOutcome {
    /// It is this user.
    LoggedIn(User),
    /// No such user, a wrong password, or one who may not log in; which of them is for the audit log only.
    Wrong(Option<User>),
    /// Too early: so many seconds to wait.
    Wait(u32),
}

impl People {
    /// Checks who somebody is. An unknown name takes as long as a wrong password.
    pub async fn log_in(&self, domain_id: DomainId, attempt: Attempt<'_>) -> Result<LoginOutcome, OAuthError> {
        let login = if attempt.login.len() > MAX_LOGIN { "" } else { attempt.login };
        let user = self.store.user_by_login(domain_id, login).await?;
        let account = user.as_ref().map_or_else(|| fold(login), |user| user.id.to_string());
        let familiarity = self.familiarity(user.as_ref(), &attempt).await?;
        if let Err(wait) = self.throttle.admit(domain_id, &account, attempt.source, familiarity) {
            return Ok(LoginOutcome::Wait(wait));
        }
        let kept = user.as_ref().and_then(|user| user.password.as_deref());
        let checked = self.verify_password(attempt.password, kept).await;
        match (checked, user) {
            (Ok(true), Some(user)) if user.enabled => {
                self.throttle.forgive(domain_id, &account, attempt.source);
                self.throttle.acquaint(user.id, attempt.source);
                Ok(LoginOutcome::LoggedIn(user))
            }
            (Ok(_), user) => Ok(LoginOutcome::Wrong(user)),
            (Err(error), _) => {
                self.throttle.take_back(domain_id, &account, attempt.source);
                Err(error)
            }
        }
    }

    /// Whether a person who is logged in knows their password: asked before what cannot be undone. Whoever finds the
    /// browser open may not try for ever.
    pub async fn confirm_password(
        &self,
        user: &User,
        password: Secret,
        source: SourcePrefix,
    ) -> Result<bool, OAuthError> {
        let account = user.id.to_string();
        if let Err(wait) = self.throttle.admit(user.domain_id, &account, source, Familiarity::Browser) {
            return Err(
                OAuthError::too_many_requests("too many wrong passwords; wait and try again").with_retry_after(wait)
            );
        }
        let right = self.verify_password(password, user.password.as_deref()).await?;
        if right {
            self.throttle.forgive(user.domain_id, &account, source);
        }
        Ok(right)
    }

    async fn familiarity(&self, user: Option<&User>, attempt: &Attempt<'_>) -> Result<Familiarity, OAuthError> {
        let Some(user) = user else { return Ok(Familiarity::Stranger) };
        if attempt.current.is_some_and(|current| current.user.id == user.id) {
            return Ok(Familiarity::Browser);
        }
        if self.throttle.is_acquainted(user.id, attempt.source) {
            return Ok(Familiarity::Address);
        }
        let sessions = self.store.sessions_of_user(user.domain_id, user.id).await?;
        let mut sources = sessions.iter().filter_map(|session| session.source.parse().ok()).map(SourcePrefix::of);
        let known = sources.any(|source| source == attempt.source);
        Ok(if known { Familiarity::Address } else { Familiarity::Stranger })
    }
}
