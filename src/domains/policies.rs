//! The registration policies of a domain.

use super::Domains;
use super::settings::changed_meanwhile;
use crate::model::audit_event::Actor;
use crate::model::id::PolicyId;
use crate::model::json::{Object, members};
use crate::model::oauth_error::OAuthError;
use crate::model::registration::policy::Policy;
use crate::store::cache::DomainEntry;
use crate::store::policies::NamedPolicy;

impl Domains {
    /// Creates a policy.
    pub async fn create_policy(
        &self,
        domain: &DomainEntry,
        name: &str,
        rules: Policy,
        actor: &Actor,
    ) -> Result<NamedPolicy, OAuthError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > 63 || name.starts_with('-') || !name.bytes().all(allowed) {
            return Err(OAuthError::invalid_request(
                "a policy's name is 1 to 63 letters, digits, '-', '_' and '.', not beginning with '-'",
            ));
        }
        rules.validate().map_err(OAuthError::invalid_request)?;
        let clock = self.store.clock();
        let id = PolicyId::new(clock);
        let policy = NamedPolicy { id, name: name.to_owned(), rules, version: 1, created_at: clock.now() };
        let audit = actor.did(clock, Some(domain.id()), "policy.create", name);
        let audit = audit.changed(&Object::new(), &members(&policy.rules));
        if self.store.create_policy(domain.id(), &policy, &audit).await? {
            return Ok(policy);
        }
        Err(OAuthError::conflict(format!("the domain has a policy {name} already")))
    }

    /// Changes a policy's rules, unless somebody else changed them since `policy` was read.
    pub async fn change_policy(
        &self,
        domain: &DomainEntry,
        policy: &NamedPolicy,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        policy.rules.validate().map_err(OAuthError::invalid_request)?;
        let audit = actor.did(self.store.clock(), Some(domain.id()), "policy.update", &policy.name);
        let known = domain.policies.iter().find(|known| known.id == policy.id);
        let before = known.map(|known| members(&known.rules)).unwrap_or_default();
        let audit = audit.changed(&before, &members(&policy.rules));
        if self.store.update_policy(domain.id(), policy, &audit).await? {
            return Ok(());
        }
        Err(changed_meanwhile("the policy"))
    }

    /// Deletes a policy that the domain does not name.
    pub async fn delete_policy(
        &self,
        domain: &DomainEntry,
        policy: &NamedPolicy,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        let settings = &domain.domain.settings;
        for (setting, used) in [("gateway_policy", &settings.gateway_policy), ("open_policy", &settings.open_policy)] {
            if *used == policy.name {
                return Err(OAuthError::conflict(format!(
                    "{used} is the domain's {setting}; set that to another policy first"
                )));
            }
        }
        let users = self.store.policy_users(domain.id(), policy.id).await?;
        if users > 0 {
            return Err(OAuthError::conflict(format!(
                "{users} clients or initial access tokens are bound by this policy; change the policy, or delete them first"
            )));
        }
        let audit = actor.did(self.store.clock(), Some(domain.id()), "policy.delete", &policy.name);
        let audit = audit.changed(&members(&policy.rules), &Object::new());
        if self.store.delete_policy(domain.id(), policy.id, &audit).await? {
            return Ok(());
        }
        Err(OAuthError::not_found("the policy was deleted meanwhile"))
    }
}
