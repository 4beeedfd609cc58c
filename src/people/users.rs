//! What an administrator does to the users of a domain: creating, changing, deleting, inviting.

use serde_json::json;

use super::People;
use super::links::{NewLink, RESET_LIFETIME};
use super::password::{MIN_PASSWORD, check_password, in_words};
use crate::model::audit_event::Actor;
use crate::model::id::{SessionId, UserId};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::time::UnixTime;
use crate::model::user::{User, UserClaims, check_email, check_username};
use crate::store::cache::DomainEntry;
use crate::store::sessions::EndSessions;
use crate::store::users::{LinkPurpose, PutUserOutcome};
use crate::tokens::audience::longest_lifetime;

/// The longest an invitation may work, in seconds.
const MAX_INVITATION: i64 = 365 * 86_400;

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
}

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

    /// Changes a user, unless somebody else changed it since it was read.
    pub async fn change_user(
        &self,
        domain: &DomainEntry,
        user: &User,
        edit: UserEdit,
        actor: &Actor,
    ) -> Result<User, OAuthError> {
        let mut changed = user.clone();
        changed.username = edit.username.unwrap_or(changed.username);
        if let Some(email) = edit.email {
            let email = Some(email).filter(|email| !email.is_empty());
            changed.email_verified &= email == user.email;
            changed.email = email;
        }
        changed.email_verified = edit.email_verified.unwrap_or(changed.email_verified);
        changed.claims = edit.claims.unwrap_or(changed.claims);
        changed.enabled = edit.enabled.unwrap_or(changed.enabled);
        check_user(&changed)?;
        let clock = self.store.clock();
        let mut action = "user.update";
        if user.enabled != changed.enabled {
            action = if changed.enabled { "user.enable" } else { "user.disable" };
        }
        let mut audit = actor.did(clock, Some(domain.id()), action, &user.id.to_string());
        audit = audit.with("username", changed.username.as_str()).changed(&told(user), &told(&changed));
        let mut ending = (user.enabled && !changed.enabled).then(|| self.tokens_end(domain));
        if let Some(password) = edit.password {
            changed.password = Some(self.chosen_password(&changed, password).await?);
            ending = Some(self.tokens_end(domain));
            audit = audit.with("password", "changed");
        }
        stored(self.store.update_user(&changed, ending, &audit).await?, &changed)?;
        let read = self.store.user(domain.id(), user.id).await?;
        read.ok_or_else(|| OAuthError::not_found("the user was deleted meanwhile"))
    }

    /// Deletes a user with everything that was theirs.
    pub async fn delete_user(&self, domain: &DomainEntry, user: &User, actor: &Actor) -> Result<(), OAuthError> {
        let audit = actor.did(self.store.clock(), Some(domain.id()), "user.delete", &user.id.to_string());
        let audit = audit.with("username", user.username.as_str());
        if self.store.delete_user(domain.id(), user.id, self.tokens_end(domain), &audit).await? {
            return Ok(());
        }
        Err(OAuthError::not_found("the user was deleted meanwhile"))
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
        let link = NewLink { purpose: LinkPurpose::Invite, user_id: None, email: email.map(str::to_owned), lifetime };
        let secret = self.make_link(domain.id(), link).await?;
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
            user_id: Some(user.id),
            email: user.email.clone(),
            lifetime: RESET_LIFETIME,
        };
        let secret = self.make_link(user.domain_id, link).await?;
        let audit = actor.did(self.store.clock(), Some(user.domain_id), "user.reset_password", &user.id.to_string());
        self.store.write_audit(&[audit.with("expires_at", expires_at.seconds())]).await?;
        Ok((secret, expires_at))
    }

    /// The form in which a password that somebody chose for a user is kept.
    async fn chosen_password(&self, user: &User, password: Secret) -> Result<String, OAuthError> {
        let names = [user.username.as_str(), user.email.as_deref().unwrap_or_default()];
        check_password(password.expose(), &names)
            .map_err(|problem| OAuthError::invalid_request(format!("password: {}", in_words(problem, MIN_PASSWORD))))?;
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

fn check_user(user: &User) -> Result<(), OAuthError> {
    let refused = |member: &'static str| move |problem| OAuthError::invalid_request(format!("{member}: {problem}"));
    check_username(&user.username).map_err(refused("username"))?;
    match &user.email {
        Some(email) => check_email(email).map_err(refused("email"))?,
        None if user.email_verified => {
            return Err(OAuthError::invalid_request("email_verified: there is no e-mail address to be verified"));
        }
        None => {}
    }
    user.claims.check().map_err(refused("claims"))
}

fn stored(outcome: PutUserOutcome, user: &User) -> Result<(), OAuthError> {
    let taken = match outcome {
        PutUserOutcome::Stored => return Ok(()),
        PutUserOutcome::UsernameTaken => format!("username: another user of the domain logs in as {}", user.username),
        PutUserOutcome::EmailTaken => {
            let email = user.email.as_deref().unwrap_or_default();
            format!("email: another user of the domain logs in as {email}")
        }
        PutUserOutcome::Conflict => "the user was changed by somebody else meanwhile; look at it and try again".into(),
    };
    Err(OAuthError::conflict(taken))
}
