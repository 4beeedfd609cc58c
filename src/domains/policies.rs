//! The registration policies of a domain.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Domains;
use crate::model::audit_event::Actor;
use crate::model::client::Client;
use crate::model::id::{PolicyId, check_names_a_page};
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
                "name: a policy's name is 1 to 63 letters, digits, '-', '_' and '.', not beginning with '-'",
            ));
        }
        check_names_a_page(name).map_err(|problem| OAuthError::invalid_request(format!("name: {problem}")))?;
        rules.validate().map_err(OAuthError::invalid_request)?;
        let clock = self.store.clock();
        let id = PolicyId::new(clock);
        let policy = NamedPolicy { id, name: name.to_owned(), rules, version: 1, created_at: clock.now() };
        let audit = actor.did(clock, Some(domain.id()), "policy.create", name);
        let audit = audit.changed(&Object::new(), &members(&policy.rules));
        if self.store.create_policy(domain.id(), &policy, &audit).await? {
            return Ok(policy);
        }
        Err(OAuthError::conflict(format!("name: the domain has a policy {name} already")))
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
        Err(OAuthError::changed_meanwhile("the policy"))
    }

    /// Deletes a policy that the domain does not name.
    pub async fn delete_policy(
        &self,
        domain: &DomainEntry,
        policy: &NamedPolicy,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        self.check_policy_unused(domain, policy).await?;
        let audit = actor.did(self.store.clock(), Some(domain.id()), "policy.delete", &policy.name);
        let audit = audit.changed(&members(&policy.rules), &Object::new());
        if self.store.delete_policy(domain.id(), policy, &audit).await? {
            return Ok(());
        }
        Err(OAuthError::changed_meanwhile("the policy"))
    }

    /// Says who needs a policy, so that it cannot be deleted: the domain itself, or what the policy binds.
    pub async fn check_policy_unused(&self, domain: &DomainEntry, policy: &NamedPolicy) -> Result<(), OAuthError> {
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
        Ok(())
    }
}

/// A policy of a domain by its name.
pub fn find_policy<'a>(domain: &'a DomainEntry, name: &str) -> Result<&'a NamedPolicy, OAuthError> {
    domain.policy(name).ok_or_else(|| OAuthError::not_found(format!("the domain has no policy {name}")))
}

/// The names of the policies under which a template may be named.
pub fn policies_with_template(domain: &DomainEntry, template: &Client) -> Vec<String> {
    let slug = template.settings.template.as_deref();
    let names = |listed: &String| Some(listed.as_str()) == slug || listed == template.client_id.as_str();
    let listing = domain.policies.iter().filter(|policy| policy.rules.templates.iter().any(names));
    listing.map(|policy| policy.name.clone()).collect()
}

/// What a policy may start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PolicyPreset {
    /// For the applications that an API gateway registers.
    Gateway,
    /// For MCP clients, which register by themselves.
    Mcp,
}

impl PolicyPreset {
    /// The rules of the preset.
    pub fn rules(self) -> Policy {
        match self {
            Self::Gateway => Policy::gateway(),
            Self::Mcp => Policy::mcp(),
        }
    }
}

/// The rules that a new policy starts from: a preset's, or those of a policy of the domain.
pub fn starting_point(
    domain: &DomainEntry,
    preset: Option<PolicyPreset>,
    copy_of: Option<&str>,
) -> Result<Policy, OAuthError> {
    match (preset, copy_of) {
        (Some(_), Some(_)) => {
            Err(OAuthError::invalid_request("copy_of: a policy starts from one thing; leave out preset or copy_of"))
        }
        (preset, None) => Ok(preset.unwrap_or(PolicyPreset::Gateway).rules()),
        (None, Some(name)) => match domain.policy(name) {
            Some(policy) => Ok(policy.rules.clone()),
            None => Err(OAuthError::invalid_request(format!(
                "copy_of: {name} is not a policy of this domain; name one of its policies"
            ))),
        },
    }
}
