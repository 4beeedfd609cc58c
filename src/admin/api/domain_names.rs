//! The names of domains: administrators and tokens name them, the database keeps their ids.

use std::collections::{BTreeSet, HashMap};

use crate::admin::managing::Managing;
use crate::model::administrator::Reach;
use crate::model::id::DomainId;
use crate::model::oauth_error::OAuthError;

/// The names of all domains: administrators and tokens name them, the database keeps their ids.
pub(super) struct DomainNames(HashMap<DomainId, String>);

impl DomainNames {
    pub(super) async fn read(managing: &Managing) -> Result<Self, OAuthError> {
        let domains = managing.app.store.domains().await?;
        Ok(Self(domains.into_iter().map(|domain| (domain.id, domain.name)).collect()))
    }

    pub(super) fn name(&self, id: DomainId) -> Option<String> {
        self.0.get(&id).cloned()
    }

    pub(super) fn id(&self, name: &str) -> Result<DomainId, OAuthError> {
        let found = self.0.iter().find(|(_, known)| *known == name).map(|(id, _)| *id);
        found.ok_or_else(|| OAuthError::invalid_request(format!("domains: there is no domain {name}")))
    }

    pub(super) fn reach(&self, names: &[String]) -> Result<Reach, OAuthError> {
        let ids: Result<BTreeSet<DomainId>, OAuthError> = names.iter().map(|name| self.id(name)).collect();
        ids.map(Reach::Domains)
    }
}
