//! What would be granted: the scopes and resources that are asked for, as far as this client may have them.

use super::Attempt;
use crate::model::client::Client;
use crate::model::oauth_error::OAuthError;
use crate::model::resource::{self, Resource, ResourceIdentifier};
use crate::model::scope::{ScopeSet, printable};
use crate::store::cache::DomainEntry;

/// Scopes that say something about the person, and so mean something at every resource (OpenID Connect Core §5.4, §11).
const ABOUT_THE_PERSON: &[&str] = &["openid", "profile", "email", "address", "phone", "offline_access"];

/// More resources than this are nobody's request.
const MAX_RESOURCES: usize = 10;

/// What would be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The scopes.
    pub(super) scope: ScopeSet,
    /// The resources as they will stand in `aud`; none: the client itself.
    pub(super) resources: Vec<String>,
}

/// Narrows the request to what this client may have. Scopes are dropped in silence (RFC 6749 §3.3), because clients ask
/// for whatever they see; resources never are, because a token for another one helps nobody (RFC 8707 §2).
pub(super) fn narrow(attempt: &Attempt, client: &Client) -> Result<Asked, OAuthError> {
    let domain = &attempt.at().domain;
    let found = resources(attempt, client)?;
    let registered: Vec<&Resource> = found.iter().filter_map(|(resource, _)| *resource).collect();
    let unregistered = found.len() > registered.len();
    let fits = |scope: &str| {
        found.is_empty()
            || unregistered
            || ABOUT_THE_PERSON.contains(&scope)
            || registered.iter().any(|own| own.settings.scopes.is_empty() || own.settings.scopes.contains(scope))
    };
    let allowed = |scope: &str| may_have(domain, client, scope) && fits(scope);
    let asked = attempt.params.get("scope").map(ScopeSet::parse).transpose();
    let asked = asked.map_err(|problem| OAuthError::invalid_scope(format!("scope: {problem}")))?;
    let scope = match asked.filter(|asked| !asked.is_empty()) {
        Some(asked) => {
            let left = asked.filter(allowed);
            if left.is_empty() {
                return Err(OAuthError::invalid_scope(format!(
                    "this client may have none of the scopes asked for: {}",
                    printable(&asked.to_string())
                )));
            }
            left
        }
        None => defaults(client, &registered).filter(allowed),
    };
    Ok(Asked { scope, resources: found.into_iter().map(|(_, canonical)| canonical).collect() })
}

/// What a request gets that names no scope: the client's defaults, else what it registered, else all of its resources'.
fn defaults(client: &Client, resources: &[&Resource]) -> ScopeSet {
    if !client.settings.default_scopes.is_empty() {
        return client.settings.default_scopes.clone();
    }
    if let Some(registered) = client.metadata.scope.as_ref().filter(|registered| !registered.is_empty()) {
        return registered.clone();
    }
    let mut scope = ScopeSet::default();
    for name in resources.iter().flat_map(|resource| resource.settings.scopes.iter()) {
        scope.insert(name);
    }
    scope
}

/// Whether a person may give this scope to this client: it was granted or registered, or anybody may register it. What a
/// client registered is a ceiling only where its policy says so.
fn may_have(domain: &DomainEntry, client: &Client, name: &str) -> bool {
    let Some(scope) = domain.scope(name) else { return false };
    if client.settings.granted_scopes.contains(name) {
        return true;
    }
    if scope.reserved {
        return false;
    }
    let registered = client.metadata.scope.as_ref().filter(|registered| !registered.is_empty());
    if registered.is_some_and(|registered| registered.contains(name)) {
        return true;
    }
    let policy = client.policy_id.and_then(|id| domain.policies.iter().find(|policy| policy.id == id));
    let ceiling = policy.is_none_or(|policy| policy.rules.scope_is_ceiling);
    scope.self_registrable && !(ceiling && registered.is_some())
}

type Found<'a> = (Option<&'a Resource>, String);

/// The resources asked for, each with the identifier that will stand in `aud`.
fn resources<'a>(attempt: &'a Attempt, client: &Client) -> Result<Vec<Found<'a>>, OAuthError> {
    let at = attempt.at();
    let settings = &at.domain.domain.settings;
    let mut asked: Vec<&str> = attempt.params.all("resource").collect();
    if asked.is_empty() && client.is_self_registered() {
        asked.extend(settings.default_resource.as_deref());
    }
    if asked.len() > MAX_RESOURCES {
        return Err(OAuthError::invalid_target(format!("a request may name at most {MAX_RESOURCES} resources")));
    }
    let mut found: Vec<Found<'_>> = Vec::new();
    for text in asked {
        let refused = |problem: &str| OAuthError::invalid_target(format!("resource {}: {problem}", printable(text)));
        let identifier = ResourceIdentifier::parse(text).map_err(|problem| refused(&problem))?;
        let resource = resource::find(&at.domain.resources, &identifier);
        let canonical = match resource {
            Some(resource) => resource.settings.identifiers.first().cloned(),
            None if at.app.takes_any_resource(settings) => {
                let own = ResourceIdentifier::parse(at.app.public_url.as_str());
                Some(identifier.canonical()).filter(|_| !own.is_ok_and(|own| own.covers(&identifier, true)))
            }
            None => None,
        };
        let canonical =
            canonical.ok_or_else(|| refused("is not a resource of this domain; an administrator can register it"))?;
        if !found.iter().any(|(_, known)| *known == canonical) {
            found.push((resource, canonical));
        }
    }
    Ok(found)
}
