//! What an administrator does to the users of a domain: creating, changing, deleting, inviting.

use serde_json::json;

use super::People;
use super::links::{NewLink, RESET_LIFETIME};
pub use super::user_edit::{NewUser, UserEdit};
use super::user_edit::{check_chosen, check_user};
use crate::model::audit_event::{Actor, AuditEvent};
use crate::model::id::{SessionId, UserId};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::time::UnixTime;
use crate::model::user::{User, check_email};
use crate::store::cache::DomainEntry;
use crate::store::sessions::EndSessions;
use crate::store::users::{LinkPurpose, PutUserOutcome};
use crate::tokens::audience::longest_lifetime;

/// The longest an invitation may work, in seconds.
const MAX_INVITATION: i64 = 365 * 86_400;

/// How often a change for any version is tried.
const TRIES: usize = 20;

impl People {
    /// Creates a user.
    pub async fn create_user(&self, domain: &DomainEntry, new: NewUser, actor: &Actor) -> Result<User, OAuthError> {
        let clock = self.store.clock();
        let now = clock.now();
        let mut user = User {
            id: UserId::new(clock),
            domain_id: domain.id(),
            username: new.username,
            email: new.email,
            email_verified: new.email_verified,
            password: None,
            claims: new.claims,
            enabled: !new.disabled,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        check_user(&user)?;
        if let Some(password) = new.password {
            user.password = Some(self.chosen_password(&user, password).await?);
        }
        let audit = actor.did(clock, Some(domain.id()), "user.create", &user.id.to_string());
        let audit = audit.with("username", user.username.as_str()).changed(&Object::new(), &told(&user));
        stored(self.store.create_user(&user, None, &audit).await?, &user)?;
        Ok(user)
    }

    /// Changes a user, unless somebody else changed it since it was read and the edit is not for any version.
    pub async fn change_user(
        &self,
        domain: &DomainEntry,
        user: &User,
        mut edit: UserEdit,
        actor: &Actor,
    ) -> Result<User, OAuthError> {
        let gone = || OAuthError::not_found("the user was deleted meanwhile");
        // Once: it takes so long that whoever keeps changing the account would be faster each time.
        let password = match edit.password.take() {
            Some(password) => Some(self.chosen_password(&edit.applied_to(user)?, password).await?),
            None => None,
        };
        let (mut user, mut tries) = (user.clone(), if edit.any_version { TRIES } else { 1 });
        loop {
            let mut changed = edit.applied_to(&user)?;
            let audit = self.told_change(domain, (&user, &changed), actor);
            let mut ending = (user.enabled && !changed.enabled).then(|| self.tokens_end(domain));
            let audit = match &password {
                Some(password) => {
                    changed.password = Some(password.clone());
                    ending = Some(self.tokens_end(domain));
                    audit.with("password", "changed")
                }
                None => audit,
            };
            let outcome = self.store.update_user(&changed, ending, &audit).await?;
            tries -= 1;
            if outcome != PutUserOutcome::Conflict || tries == 0 {
                stored(outcome, &changed)?;
                return self.store.user(domain.id(), user.id).await?.ok_or_else(gone);
            }
            user = self.store.user(domain.id(), user.id).await?.ok_or_else(gone)?;
        }
    }

    fn told_change(&self, domain: &DomainEntry, (user, changed): (&User, &User), actor: &Actor) -> AuditEvent {
        let action = match (user.enabled, changed.enabled) {
            (false, true) => "user.enable",
            (true, false) => "user.disable",
            _ => "user.update",
        };
        let audit = actor.did(self.store.clock(), Some(domain.id()), action, &user.id.to_string());
        audit.with("username", changed.username.as_str()).changed(&told(user), &told(changed))
    }

    /// Deletes a user with everything that was theirs; with a version, only if that is still the present one.
    pub async fn delete_user(
        &self,
        domain: &DomainEntry,
        user: &User,
        version: Option<i64>,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        let audit = actor.did(self.store.clock(), Some(domain.id()), "user.delete", &user.id.to_string());
        let audit = audit.with("username", user.username.as_str());
        if self.store.delete_user(domain.id(), (user.id, version), self.tokens_end(domain), &audit).await? {
            return Ok(());
        }
        Err(OAuthError::not_deleted(version, "the user"))
    }

    /// Ends one session of a user, or all. Returns how many ended.
    pub async fn end_user_sessions(
        &self,
        user: &User,
        one: Option<SessionId>,
        actor: &Actor,
    ) -> Result<u64, OAuthError> {
        let which = one.map_or(EndSessions::AllBut(None), EndSessions::One);
        let ended = self.store.end_sessions(user.domain_id, user.id, which).await?;
        if ended == 0 && one.is_some() {
            return Err(OAuthError::not_found("the user has no such session"));
        }
        let audit = actor.did(self.store.clock(), Some(user.domain_id), "session.end", &user.id.to_string());
        let ids = one.map_or_else(|| "all".to_owned(), |id| id.to_string());
        self.store.write_audit(&[audit.with("session", ids)]).await?;
        Ok(ended)
    }

    /// Takes back for a user what they allowed a client: consents and everything issued to it end.
    pub async fn disconnect_user(
        &self,
        domain: &DomainEntry,
        user: &User,
        client_id: &str,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        let consents = self.store.consents(domain.id(), user.id, client_id).await?;
        let grants = self.store.login_grants_of_user(domain.id(), user.id).await?;
        if consents.is_empty() && !grants.iter().any(|grant| grant.client_id.as_str() == client_id) {
            return Err(OAuthError::not_found(format!("{client_id} is not connected to this user")));
        }
        let audit = actor.did(self.store.clock(), Some(domain.id()), "consent.revoke", &user.id.to_string());
        let (whose, audit) = ((domain.id(), user.id), audit.with("client_id", client_id));
        Ok(self.store.disconnect_client(whose, client_id, self.tokens_end(domain), &audit).await?)
    }

    /// Makes an invitation to sign up, whatever the domain's settings: the secret of its link, and when that ends.
    pub async fn invite(
        &self,
        domain: &DomainEntry,
        email: Option<&str>,
        lifetime: i64,
        actor: &Actor,
    ) -> Result<(Secret, UnixTime), OAuthError> {
        if !(60..=MAX_INVITATION).contains(&lifetime) {
            return Err(OAuthError::invalid_request(format!("an invitation works for 60 to {MAX_INVITATION} seconds")));
        }
        if let Some(email) = email {
            check_email(email).map_err(|problem| OAuthError::invalid_request(format!("email: {problem}")))?;
            if self.store.user_by_login(domain.id(), email).await?.is_some() {
                return Err(OAuthError::conflict(format!("a user of the domain has the address {email} already")));
            }
        }
        let expires_at = self.store.clock().now().plus(lifetime);
        let link = NewLink { purpose: LinkPurpose::Invite, user: None, email: email.map(str::to_owned), lifetime };
        let secret =
            self.make_link(domain.id(), link).await?.ok_or_else(|| OAuthError::changed_meanwhile("the user"))?;
        let audit = actor.did(self.store.clock(), Some(domain.id()), "user.invite", email.unwrap_or_default());
        self.store.write_audit(&[audit.with("expires_at", expires_at.seconds())]).await?;
        Ok((secret, expires_at))
    }

    /// Makes a link by which a user chooses a new password: its secret, and when it ends.
    pub async fn reset_link(&self, user: &User, actor: &Actor) -> Result<(Secret, UnixTime), OAuthError> {
        if !user.enabled {
            return Err(OAuthError::conflict("the user is disabled; enable it first"));
        }
        let expires_at = self.store.clock().now().plus(RESET_LIFETIME);
        let link = NewLink {
            purpose: LinkPurpose::Reset,
            user: Some(user),
            email: user.email.clone(),
            lifetime: RESET_LIFETIME,
        };
        let secret =
            self.make_link(user.domain_id, link).await?.ok_or_else(|| OAuthError::changed_meanwhile("the user"))?;
        let audit = actor.did(self.store.clock(), Some(user.domain_id), "user.reset_password", &user.id.to_string());
        self.store.write_audit(&[audit.with("expires_at", expires_at.seconds())]).await?;
        Ok((secret, expires_at))
    }

    /// The form in which a password that somebody chose for a user is kept.
    async fn chosen_password(&self, user: &User, password: Secret) -> Result<String, OAuthError> {
        check_chosen((&user.username, user.email.as_deref()), &password)?;
        self.hash_password(password).await
    }

    /// When the last access token that was issued by now has ended by itself.
    fn tokens_end(&self, domain: &DomainEntry) -> UnixTime {
        self.store.clock().now().plus(longest_lifetime(&domain.domain.settings))
    }
}

/// Where an invitation leads. `base`: the server's public URL.
pub fn invitation_url(base: &str, domain: &str, secret: &Secret) -> Secret {
    Secret::new(format!("{base}/{domain}/register?invite={}", secret.expose()))
}

/// Where a link to choose a new password leads. `base`: the server's public URL.
pub fn reset_url(base: &str, domain: &str, secret: &Secret) -> Secret {
    Secret::new(format!("{base}/{domain}/password/reset?token={}", secret.expose()))
}

/// What the audit log tells of a user: never the password.
fn told(user: &User) -> Object {
    Object::from_iter([
        ("username".to_owned(), user.username.as_str().into()),
        ("email".to_owned(), json!(user.email)),
        ("email_verified".to_owned(), user.email_verified.into()),
        ("claims".to_owned(), json!(user.claims)),
        ("enabled".to_owned(), user.enabled.into()),
    ])
}

fn stored(outcome: PutUserOutcome, user: &User) -> Result<(), OAuthError> {
    let taken = match outcome {
        PutUserOutcome::Stored => return Ok(()),
        PutUserOutcome::UsernameTaken => format!("username: another user of the domain logs in as {}", user.username),
        PutUserOutcome::EmailTaken => {
            let email = user.email.as_deref().unwrap_or_default();
            format!("email: another user of the domain logs in as {email}")
        }
        PutUserOutcome::Conflict => return Err(OAuthError::changed_meanwhile("the user")),
    };
    Err(OAuthError::conflict(taken))
}
