//! Changing and deleting domains.

use super::Domains;
use crate::model::audit_event::Actor;
use crate::model::domain::DomainSettings;
use crate::model::json::{Object, members};
use crate::model::oauth_error::OAuthError;
use crate::model::resource::{Resource, ResourceIdentifier};
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
        check_default_resource(settings, &domain.resources)?;
        let audit = actor.did(self.store.clock(), Some(domain.id()), "domain.update", &domain.domain.name);
        let audit = audit.changed(&members(&domain.domain.settings), &members(settings));
        if self.store.update_domain(domain.id(), domain.domain.version, settings, &audit).await? {
            return Ok(());
        }
        Err(OAuthError::changed_meanwhile("the domain"))
    }

    /// Deletes a domain with everything in it; with a version, only if that is still the present one.
    pub async fn delete(&self, domain: &DomainEntry, version: Option<i64>, actor: &Actor) -> Result<(), OAuthError> {
        let audit = actor.did(self.store.clock(), Some(domain.id()), "domain.delete", &domain.domain.name);
        let audit = audit.changed(&members(&domain.domain.settings), &Object::new());
        if self.store.delete_domain(domain.id(), version, &audit).await? {
            return Ok(());
        }
        Err(OAuthError::not_deleted(version, "the domain"))
    }
}

/// What tokens are for when a request names no resource must be registered.
pub(super) fn check_default_resource(settings: &DomainSettings, resources: &[Resource]) -> Result<(), OAuthError> {
    let Some(text) = &settings.default_resource else { return Ok(()) };
    let wanted = ResourceIdentifier::parse(text)
        .map_err(|problem| OAuthError::invalid_request(format!("default_resource: {problem}")))?;
    if resources.iter().any(|resource| resource.matching_identifier(&wanted).is_some()) {
        return Ok(());
    }
    Err(OAuthError::invalid_request(format!(
        "default_resource: {text} is not an identifier of a resource of this domain; create the resource first"
    )))
}
