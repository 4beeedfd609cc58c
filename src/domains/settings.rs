//! Changing and deleting domains.

use super::Domains;
use crate::model::audit_event::Actor;
use crate::model::domain::DomainSettings;
use crate::model::oauth_error::OAuthError;
use crate::store::cache::DomainEntry;

impl Domains {
    /// Changes a domain's settings, unless somebody else changed them since `domain` was read.
    pub async fn change(
        &self,
        domain: &DomainEntry,
        settings: &DomainSettings,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        settings.check().map_err(OAuthError::invalid_request)?;
        for (setting, policy) in [("gateway_policy", &settings.gateway_policy), ("open_policy", &settings.open_policy)]
        {
            if domain.policy(policy).is_none() {
                return Err(OAuthError::invalid_request(format!(
                    "{setting}: {policy} is not a policy of this domain; create it first"
                )));
            }
        }
        let audit = actor.did(self.store.clock(), Some(domain.id()), "domain.update", &domain.domain.name);
        if self.store.update_domain(domain.id(), domain.domain.version, settings, &audit).await? {
            return Ok(());
        }
        Err(changed_meanwhile("the domain"))
    }

    /// Deletes a domain with everything in it.
    pub async fn delete(&self, domain: &DomainEntry, actor: &Actor) -> Result<(), OAuthError> {
        let audit = actor.did(self.store.clock(), Some(domain.id()), "domain.delete", &domain.domain.name);
        if self.store.delete_domain(domain.id(), &audit).await? {
            return Ok(());
        }
        Err(OAuthError::not_found("the domain was deleted meanwhile"))
    }
}

pub(super) fn changed_meanwhile(what: &str) -> OAuthError {
    OAuthError::conflict(format!("{what} was changed by somebody else meanwhile; look at it and try again"))
}
