//! Accounts of administrators: creating, changing, deleting, passwords.

use serde_json::{Value, json};

use super::Administrators;
use super::sessions::Current;
use crate::model::administrator::{Administrator, Reach, Role};
use crate::model::audit_event::{Actor, AuditEvent};
use crate::model::domain::Domain;
use crate::model::id::{AdministratorId, AdministratorSessionId};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::user::check_username;
use crate::ops::rate_limit::SourcePrefix;
use crate::people::password::{self, PasswordProblem, check_password, hash_password};
use crate::store::administrator_sessions::EndAdministratorSessions;
use crate::store::administrators::PutAdministratorOutcome;

/// How often a change for any version is tried.
const TRIES: usize = 20;

/// How many characters an administrator's password has at least.
pub const MIN_PASSWORD: usize = 12;

/// An administrator that somebody wants.
#[derive(Debug)]
pub struct NewAdministrator {
    /// What the person logs in with.
    pub username: String,
    /// What the person may do.
    pub role: Role,
    /// Where; an owner reaches every domain.
    pub reach: Reach,
    /// The password.
    pub password: Secret,
    /// Whether the person may not log in.
    pub disabled: bool,
}

/// What changes of an administrator; what is absent stays.
#[derive(Debug, Default)]
pub struct AdministratorEdit {
    /// What the person logs in with.
    pub username: Option<String>,
    /// What the person may do.
    pub role: Option<Role>,
    /// Where; an owner reaches every domain.
    pub reach: Option<Reach>,
    /// The password. Other sessions end.
    pub password: Option<Secret>,
    /// Whether the person may log in. Where that stops, every session ends.
    pub enabled: Option<bool>,
    /// Whether it counts whatever others change at the same time: whoever keeps changing an account must not keep an
    /// owner from it.
    pub any_version: bool,
}

impl AdministratorEdit {
    /// The administrator as they will be, the password aside.
    fn applied_to(&self, administrator: &Administrator, domains: &[Domain]) -> Result<Administrator, OAuthError> {
        let mut changed = administrator.clone();
        changed.username = self.username.clone().unwrap_or(changed.username);
        changed.role = self.role.unwrap_or(changed.role);
        changed.enabled = self.enabled.unwrap_or(changed.enabled);
        if let Some(reach) = &self.reach {
            changed.reach = reach.clone();
            check_reach(&changed, domains)?;
        }
        check_account(&changed)?;
        Ok(changed)
    }
}

/// Why an administrator's own password did not change.
#[derive(Debug)]
pub enum OwnPasswordRefused {
    /// The password they know: it is not theirs, or was tried too often.
    Current(OAuthError),
    /// The new one: it may not be chosen, for this reason.
    New(String),
    /// The account: somebody else changed it meanwhile, or it cannot be reached.
    Account(OAuthError),
}

impl Administrators {
    /// Creates an administrator.
    pub async fn create(&self, new: NewAdministrator, actor: &Actor) -> Result<Administrator, OAuthError> {
        let clock = self.store.clock();
        let now = clock.now();
        let mut administrator = Administrator {
            id: AdministratorId::new(clock),
            username: new.username,
            role: new.role,
            reach: new.reach,
            password: String::new(),
            totp: None,
            totp_last_step: 0,
            enabled: !new.disabled,
            version: 1,
            created_at: now,
            updated_at: now,
            last_login_at: None,
        };
        let domains = self.store.domains().await?;
        check_account(&administrator)?;
        check_reach(&administrator, &domains)?;
        administrator.password = self.chosen_password(&administrator.username, new.password).await?;
        let audit = actor.did(clock, None, "administrator.create", &administrator.id.to_string());
        let audit = audit.with("username", administrator.username.as_str());
        let audit = audit.changed(&Object::new(), &told(&administrator, &domains));
        stored(self.store.create_administrator(&administrator, &audit).await?, &administrator.username)?;
        Ok(administrator)
    }

    /// Changes an administrator, unless somebody else changed it since it was read and the edit is not for any version.
    /// `kept`: the session that goes on when the password changes, that of whoever changes their own.
    pub async fn change(
        &self,
        administrator: &Administrator,
        mut edit: AdministratorEdit,
        kept: Option<AdministratorSessionId>,
        actor: &Actor,
    ) -> Result<Administrator, OAuthError> {
        let domains = self.store.domains().await?;
        // Once: it takes so long that whoever keeps changing the account would be faster each time.
        let password = match edit.password.take() {
            Some(password) => {
                let username = edit.applied_to(administrator, &domains)?.username;
                Some(self.chosen_password(&username, password).await?)
            }
            None => None,
        };
        let (mut administrator, mut tries) = (administrator.clone(), if edit.any_version { TRIES } else { 1 });
        loop {
            let mut changed = edit.applied_to(&administrator, &domains)?;
            let mut audit = self.told_change((&administrator, &changed), &domains, actor);
            let mut ending = None;
            if let Some(password) = &password {
                changed.password.clone_from(password);
                ending = Some(EndAdministratorSessions::AllBut(kept));
                audit = audit.with("password", "changed");
            }
            if administrator.enabled && !changed.enabled {
                ending = Some(EndAdministratorSessions::AllBut(None));
            }
            let outcome = self.store.update_administrator(&changed, ending, &audit).await?;
            tries -= 1;
            if outcome != PutAdministratorOutcome::Conflict || tries == 0 {
                stored(outcome, &changed.username)?;
                return self.store.administrator(administrator.id).await?.ok_or_else(gone);
            }
            administrator = self.store.administrator(administrator.id).await?.ok_or_else(gone)?;
        }
    }

    fn told_change(
        &self,
        (administrator, changed): (&Administrator, &Administrator),
        domains: &[Domain],
        actor: &Actor,
    ) -> AuditEvent {
        let action = match (administrator.enabled, changed.enabled) {
            (false, true) => "administrator.enable",
            (true, false) => "administrator.disable",
            _ => "administrator.update",
        };
        let audit = actor.did(self.store.clock(), None, action, &administrator.id.to_string());
        let audit = audit.with("username", changed.username.as_str());
        audit.changed(&told(administrator, domains), &told(changed, domains))
    }

    /// Deletes an administrator; every session ends. With a version, only if that is still the present one.
    pub async fn delete(
        &self,
        administrator: &Administrator,
        version: Option<i64>,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        let domains = self.store.domains().await?;
        let audit = actor.did(self.store.clock(), None, "administrator.delete", &administrator.id.to_string());
        let audit = audit.with("username", administrator.username.as_str());
        let audit = audit.changed(&told(administrator, &domains), &Object::new());
        match self.store.delete_administrator(administrator.id, version, &audit).await? {
            PutAdministratorOutcome::Conflict => Err(OAuthError::not_deleted(version, "the administrator")),
            outcome => stored(outcome, &administrator.username),
        }
    }

    /// Gives the administrator who is logged in another password, for the one they know; their other sessions end.
    pub async fn change_own_password(
        &self,
        current: &Current,
        (old, new): (Secret, Secret),
        source: SourcePrefix,
        actor: &Actor,
    ) -> Result<(), OwnPasswordRefused> {
        let own = &current.administrator;
        let same = old.expose() == new.expose();
        self.confirm_password(own, old, source).await.map_err(OwnPasswordRefused::Current)?;
        if same {
            return Err(OwnPasswordRefused::New("is the one you have; choose another one".to_owned()));
        }
        check_administrators_password(new.expose(), &own.username).map_err(OwnPasswordRefused::New)?;
        let edit = AdministratorEdit { password: Some(new), ..AdministratorEdit::default() };
        let changed = self.change(own, edit, Some(current.session.id), actor).await;
        changed.map(drop).map_err(OwnPasswordRefused::Account)
    }

    /// The form in which a password that was chosen is kept.
    async fn chosen_password(&self, username: &str, password: Secret) -> Result<String, OAuthError> {
        check_administrators_password(password.expose(), username)
            .map_err(|problem| OAuthError::invalid_request(format!("password: {problem}")))?;
        hash_password(&self.argon2, password).await
    }
}

/// Whether an administrator may choose a password. The error says what to change.
pub fn check_administrators_password(text: &str, username: &str) -> Result<(), String> {
    let checked = match text.chars().count() {
        0..MIN_PASSWORD => Err(PasswordProblem::TooShort),
        _ => check_password(text, &[username]),
    };
    checked.map_err(|problem| password::in_words(problem, MIN_PASSWORD))
}

fn check_account(administrator: &Administrator) -> Result<(), OAuthError> {
    check_username(&administrator.username)
        .map_err(|problem| OAuthError::invalid_request(format!("username: {problem}")))?;
    if administrator.role == Role::Owner && administrator.reach != Reach::All {
        return Err(OAuthError::invalid_request(
            "domains: an owner reaches every domain; give all, or the role editor or auditor",
        ));
    }
    Ok(())
}

fn check_reach(administrator: &Administrator, domains: &[Domain]) -> Result<(), OAuthError> {
    let Reach::Domains(reached) = &administrator.reach else { return Ok(()) };
    if reached.is_empty() {
        return Err(OAuthError::invalid_request("domains: name at least one domain, or all"));
    }
    if reached.iter().any(|id| domains.iter().all(|domain| domain.id != *id)) {
        return Err(OAuthError::invalid_request("domains: one of them does not exist; name domains that do"));
    }
    Ok(())
}

/// What the audit log tells of an account: domains by their names.
fn told(administrator: &Administrator, domains: &[Domain]) -> Object {
    let reach = match &administrator.reach {
        Reach::All => json!("all"),
        Reach::Domains(reached) => {
            let named = domains.iter().filter(|domain| reached.contains(&domain.id));
            named.map(|domain| Value::from(domain.name.as_str())).collect()
        }
    };
    Object::from_iter([
        ("username".to_owned(), administrator.username.as_str().into()),
        ("role".to_owned(), administrator.role.as_str().into()),
        ("domains".to_owned(), reach),
        ("enabled".to_owned(), administrator.enabled.into()),
    ])
}

fn stored(outcome: PutAdministratorOutcome, username: &str) -> Result<(), OAuthError> {
    Err(OAuthError::conflict(match outcome {
        PutAdministratorOutcome::Stored => return Ok(()),
        PutAdministratorOutcome::UsernameTaken => {
            format!("username: another administrator logs in as {username}; choose another name")
        }
        PutAdministratorOutcome::LastOwner => {
            format!("role: {username} is the last owner who may log in; make another administrator an owner first")
        }
        PutAdministratorOutcome::Conflict => return Err(OAuthError::changed_meanwhile("the administrator")),
    }))
}

fn gone() -> OAuthError {
    OAuthError::not_found("the administrator was deleted meanwhile")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_administrators_password_is_longer_and_neither_common_nor_the_name() {
        let check = |text: &str| check_administrators_password(text, "ada.lovelace.1");
        assert_eq!(check("elevenchars"), Err("must have at least 12 characters".to_owned()));
        assert_eq!(check("twelve chars"), Ok(()));
        assert!(check("ADA.lovelace.1").is_err() && check("Administrator").is_err() && check("password1234").is_err());
        assert!(check(&"x".repeat(257)).is_err());
    }
}
