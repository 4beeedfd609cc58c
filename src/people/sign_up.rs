//! New users, and changes to those there are (OpenID Connect Prompt Create 1.0 §1).

use super::People;
use crate::model::audit_event::{Actor, AuditEvent};
use crate::model::id::{DomainId, UserId};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::user::{User, UserClaims};
use crate::store::users::PutUserOutcome;

/// How often a change is tried that others keep getting ahead of.
const TRIES: usize = 3;

/// Somebody who wants an account; what they typed has been checked.
#[derive(Debug)]
pub struct NewPerson<'a> {
    /// The user name.
    pub username: &'a str,
    /// The e-mail address.
    pub email: &'a str,
    /// Whether it is known to be theirs.
    pub email_verified: bool,
    /// The full name; empty: none.
    pub name: &'a str,
    /// The password.
    pub password: Secret,
    /// The hash of the invitation's secret, which is used up.
    pub invitation: Option<Vec<u8>>,
}

impl People {
    /// Makes an account. The outcome says what is taken; a conflict means that the invitation is no longer good.
    pub async fn sign_up(
        &self,
        domain_id: DomainId,
        new: NewPerson<'_>,
        actor: Actor,
    ) -> Result<(User, PutUserOutcome), OAuthError> {
        let clock = self.store.clock();
        let mut claims = Object::new();
        if !new.name.is_empty() {
            claims.insert("name".to_owned(), new.name.into());
        }
        let user = User {
            id: UserId::new(clock),
            domain_id,
            username: new.username.to_owned(),
            email: Some(new.email.to_owned()),
            email_verified: new.email_verified,
            password: Some(self.hash_password(new.password).await?),
            claims: UserClaims(claims),
            enabled: true,
            version: 1,
            created_at: clock.now(),
            updated_at: clock.now(),
        };
        let actor = Actor { name: format!("user:{}", user.id), ..actor };
        let event = actor
            .did(clock, Some(domain_id), "user.sign_up", &user.id.to_string())
            .with("invited", new.invitation.is_some());
        let outcome = self.store.create_user(&user, new.invitation.as_deref(), &event).await?;
        Ok((user, outcome))
    }

    /// Changes a user, over again if somebody else was faster. A conflict means that the user is gone, or has another
    /// password by now: whoever asked for the change may be whom it is to keep out.
    pub async fn update_person(
        &self,
        user: &User,
        event: &AuditEvent,
        change: impl Fn(&mut User),
    ) -> Result<PutUserOutcome, OAuthError> {
        let (verified, mut user) = (user.password.clone(), user.clone());
        for _ in 0..TRIES {
            change(&mut user);
            let outcome = self.store.update_user(&user, None, event).await?;
            if outcome != PutUserOutcome::Conflict {
                return Ok(outcome);
            }
            match self.store.user(user.domain_id, user.id).await? {
                Some(newer) if newer.password == verified => user = newer,
                _ => break,
            }
        }
        Ok(PutUserOutcome::Conflict)
    }
}
