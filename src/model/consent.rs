//! What a person allowed a client, and whether it is remembered.

use serde::{Deserialize, Serialize};

use super::id::{ClientId, DomainId, UserId};
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

/// A person's connection to a resource by one client: allowed, and the person's login there is alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The client.
    pub client_id: ClientId,
    /// The person.
    pub user_id: UserId,
    /// What the person logs in with.
    pub username: String,
    /// What the person allowed there.
    pub scope: ScopeSet,
    /// When the person allowed it.
    pub granted_at: UnixTime,
    /// When a token was last issued from a login of the person in this client.
    pub last_used_at: UnixTime,
}

/// Where a list of connections goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionPlace {
    /// Of the last one listed.
    pub granted_at: UnixTime,
    /// Of the last one listed.
    pub user_id: UserId,
    /// Of the last one listed.
    pub client_id: ClientId,
}

impl Connection {
    /// Where a list goes on that ends here.
    pub fn place(&self) -> ConnectionPlace {
        ConnectionPlace { granted_at: self.granted_at, user_id: self.user_id, client_id: self.client_id.clone() }
    }
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
