//! For whom an access token is and for how long, whatever the grant (RFC 8707 §2, RFC 9068 §2.2).

use super::access_token::AccessToken;
use crate::keys::rotation::MIN_RETIREMENT;
use crate::model::authorization::Audience;
use crate::model::client::Client;
use crate::model::domain::DomainSettings;
use crate::model::oauth_error::OAuthError;
use crate::model::resource::{Resource, ResourceIdentifier};
use crate::model::scope::{ScopeSet, printable};
use crate::store::cache::DomainEntry;

/// No access token lives longer than this, in seconds, unless its domain says so: retired keys stay that long.
const MAX_LIFETIME: i64 = MIN_RETIREMENT;

/// Scopes about the person, not about a resource (OIDC Core §5.4, §11): they mean something everywhere.
const PERSONAL_SCOPES: &[&str] = &["openid", "profile", "email", "address", "phone", "offline_access"];

/// The audience for resources as they stand in `aud`; none: the client itself.
pub fn audience(domain: &DomainEntry, client: &Client, resources: &[String]) -> Audience {
    let settings = &domain.domain.settings;
    if resources.is_empty() {
        return Audience {
            values: vec![client.client_id.0.clone()],
            token_type: settings.client_token_type,
            algorithm: settings.access_token_algorithm,
        };
    }
    let mut values = resources.to_vec();
    values.dedup();
    let algorithm = registered(domain, resources).find_map(|resource| resource.settings.access_token_algorithm);
    Audience {
        values,
        token_type: settings.resource_token_type,
        algorithm: algorithm.unwrap_or(settings.access_token_algorithm),
    }
}

/// How long an access token for these resources lives, in seconds: the shortest of what the client and each resource
/// say; whoever says nothing goes by the domain.
pub fn lifetime(domain: &DomainEntry, client: &Client, resources: &[String]) -> i64 {
    let usual = domain.domain.settings.access_token_lifetime;
    let of_resources =
        registered(domain, resources).map(|resource| resource.settings.access_token_lifetime.unwrap_or(usual));
    let lifetime = match (client.settings.access_token_lifetime, of_resources.min()) {
        (Some(own), Some(theirs)) => own.min(theirs),
        (own, theirs) => own.or(theirs).unwrap_or(usual),
    };
    lifetime.min(longest_lifetime(&domain.domain.settings))
}

/// The longest that an access token issued now can live, in seconds.
pub fn longest_lifetime(settings: &DomainSettings) -> i64 {
    settings.access_token_lifetime.max(MAX_LIFETIME)
}

/// Whether a client that introspects may see this token as active. `any_resource` says whether the domain takes resources
/// that are not registered.
pub fn may_see(domain: &DomainEntry, caller: &Client, claims: &AccessToken, any_resource: bool) -> bool {
    if caller.settings.resource_credentials {
        // A resource sees what names it; one of several audiences is enough (RFC 8707 §2).
        return domain
            .resources
            .iter()
            .filter(|resource| resource.credentials.as_ref() == Some(&caller.client_id))
            .any(|resource| resource.settings.identifiers.iter().any(|own| claims.aud.contains(own)));
    }
    if claims.client_id == caller.client_id {
        return true;
    }
    // While the server is only tried out, a token may be for a resource that nobody has registered.
    let nobodys = || {
        any_resource
            && !domain
                .resources
                .iter()
                .flat_map(|resource| &resource.settings.identifiers)
                .any(|own| claims.aud.contains(own))
    };
    caller.settings.may_introspect && (claims.aud.contains(claims.client_id.as_str()) || nobodys())
}

/// The resource that an `aud` value stands for.
fn of_audience<'a>(domain: &'a DomainEntry, audience: &str) -> Option<&'a Resource> {
    domain.resources.iter().find(|resource| resource.settings.identifiers.iter().any(|own| own == audience))
}

fn registered<'a>(domain: &'a DomainEntry, resources: &'a [String]) -> impl Iterator<Item = &'a Resource> {
    resources.iter().filter_map(|audience| of_audience(domain, audience))
}

/// What a login established, as far as it still exists and as far as a request asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The scopes.
    pub scope: ScopeSet,
    /// The resources as they stand in `aud`; none: the client itself.
    pub resources: Vec<String>,
}

impl Share {
    /// What is left of what was granted: scopes and resources that the domain no longer has are dropped. `any_resource`
    /// says whether the domain takes resources that are not registered. The error says that nothing is left.
    pub fn left_of(domain: &DomainEntry, granted: &Self, any_resource: bool) -> Result<Self, OAuthError> {
        let gone = |what: &str| {
            OAuthError::invalid_grant(format!(
                "{what} that the person allowed exists no more; send the person through login again"
            ))
        };
        let scope = granted.scope.filter(|scope| domain.scope(scope).is_some());
        let mut resources = granted.resources.clone();
        resources.retain(|audience| any_resource || of_audience(domain, audience).is_some());
        // A token for the client itself is something else than what was allowed.
        if resources.is_empty() && !granted.resources.is_empty() {
            return Err(gone("no resource"));
        }
        if scope.is_empty() && !granted.scope.is_empty() {
            return Err(gone("no scope"));
        }
        Ok(Self { scope, resources })
    }

    /// Only the resources that a request names, each of which must have been granted (RFC 8707 §2.2); a request that
    /// names none gets all of them. With fewer resources go the scopes that mean nothing at those that stay.
    pub fn for_resources<'a>(
        self,
        domain: &DomainEntry,
        asked: impl Iterator<Item = &'a str>,
    ) -> Result<Self, OAuthError> {
        let mut named: Vec<String> = Vec::new();
        let mut any = false;
        for text in asked {
            any = true;
            let refused =
                |problem: &str| OAuthError::invalid_target(format!("resource {}: {problem}", printable(text)));
            let identifier = ResourceIdentifier::parse(text).map_err(|problem| refused(&problem))?;
            let granted = self.resources.iter().find(|audience| means(domain, audience, &identifier));
            let granted = granted.ok_or_else(|| {
                refused("is none of those that the person allowed; name one of the authorization request (RFC 8707 section 2.2)")
            })?;
            if !named.contains(granted) {
                named.push(granted.clone());
            }
        }
        if !any || named.len() == self.resources.len() {
            return Ok(self);
        }
        let known: Vec<&Resource> = registered(domain, &named).collect();
        let scope = self.scope.filter(|scope| {
            let means_something =
                |resource: &&Resource| resource.settings.scopes.is_empty() || resource.settings.scopes.contains(scope);
            PERSONAL_SCOPES.contains(&scope) || known.len() < named.len() || known.iter().any(means_something)
        });
        Ok(Self { scope, resources: named })
    }

    /// Only the scopes that a request names (RFC 6749 §6). What was not granted is dropped; nothing left is an error.
    pub fn for_scope(self, asked: Option<&str>) -> Result<Self, OAuthError> {
        let asked = asked.map(ScopeSet::parse).transpose();
        let asked = asked.map_err(|problem| OAuthError::invalid_scope(format!("scope: {problem}")))?;
        let Some(asked) = asked.filter(|asked| !asked.is_empty()) else { return Ok(self) };
        let scope = self.scope.filter(|scope| asked.contains(scope));
        if scope.is_empty() {
            return Err(OAuthError::invalid_scope(
                "scope: the person allowed none of these; leave scope out to get everything that was allowed",
            ));
        }
        Ok(Self { scope, ..self })
    }
}

/// Whether a requested identifier means this `aud` value: the same but for its form, or another name of its resource.
fn means(domain: &DomainEntry, audience: &str, asked: &ResourceIdentifier) -> bool {
    ResourceIdentifier::parse(audience).is_ok_and(|own| own.covers(asked, false))
        || of_audience(domain, audience).is_some_and(|resource| resource.matching_identifier(asked).is_some())
}
