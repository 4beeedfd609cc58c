//! What a person allowed a client, and whether it is remembered.

use super::id::{DomainId, UserId};
use super::scope::ScopeSet;
use super::time::UnixTime;

/// What a person allowed a client for one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The domain.
    pub domain_id: DomainId,
    /// Who allowed it.
    pub user_id: UserId,
    /// The client.
    pub client_id: String,
    /// The resource as it stands in `aud`; empty: the client itself.
    pub resource: String,
    /// The scopes.
    pub scope: ScopeSet,
    /// When.
    pub granted_at: UnixTime,
}

/// Whether consents cover scopes at resources (none: the client itself).
pub fn covers(consents: &[Consent], scope: &ScopeSet, resources: &[String]) -> bool {
    let at = |resource: &str| {
        consents
            .iter()
            .any(|consent| consent.resource == resource && scope.iter().all(|scope| consent.scope.contains(scope)))
    };
    if resources.is_empty() { at("") } else { resources.iter().all(|resource| at(resource)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Clock;

    #[test]
    fn every_resource_must_be_covered_with_every_scope() {
        let clock = Clock::manual(UnixTime(1));
        let consent = |resource: &str, scope: &str| Consent {
            domain_id: DomainId::new(&clock),
            user_id: UserId::new(&clock),
            client_id: "c".to_owned(),
            resource: resource.to_owned(),
            scope: ScopeSet::parse(scope).unwrap(),
            granted_at: clock.now(),
        };
        let given = [consent("https://a", "read write"), consent("https://b", "read")];
        let covered = |scope: &str, resources: &[&str]| {
            let resources: Vec<String> = resources.iter().map(|text| (*text).to_owned()).collect();
            covers(&given, &ScopeSet::parse(scope).unwrap(), &resources)
        };
        assert!(covered("read", &["https://a", "https://b"]));
        assert!(covered("read write", &["https://a"]));
        assert!(!covered("write", &["https://a", "https://b"]));
        assert!(!covered("read", &[]));
        assert!(!covered("read", &["https://c"]));
    }
}
