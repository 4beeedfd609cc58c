//! What a protected resource must fulfil in its domain (RFC 8707).

use crate::model::oauth_error::OAuthError;
use crate::model::resource::{Resource, ResourceIdentifier, ResourceSettings};
use crate::store::cache::DomainEntry;

/// What a resource must fulfil in its domain. `public_url`: this server's own.
pub fn check_resource(domain: &DomainEntry, resource: &Resource, public_url: &str) -> Result<(), OAuthError> {
    problems(domain, resource, public_url).into_iter().next().map_or(Ok(()), Err)
}

/// All that is wrong with a resource, one error for each of its members.
pub fn problems(domain: &DomainEntry, resource: &Resource, public_url: &str) -> Vec<OAuthError> {
    let checked = [
        check_name(domain, resource),
        check_identifiers(domain, resource, public_url),
        check_scopes(domain, &resource.settings),
        check_lifetime(&resource.settings),
    ];
    checked.into_iter().filter_map(Result::err).collect()
}

fn others<'a>(domain: &'a DomainEntry, resource: &'a Resource) -> impl Iterator<Item = &'a Resource> {
    domain.resources.iter().filter(|other| other.id != resource.id)
}

fn check_name(domain: &DomainEntry, resource: &Resource) -> Result<(), OAuthError> {
    let name = &resource.name;
    if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
        return Err(OAuthError::invalid_request("a resource's name is 1 to 100 characters on one line"));
    }
    if others(domain, resource).any(|other| other.name == *name) {
        return Err(name_taken(name));
    }
    Ok(())
}

fn check_identifiers(domain: &DomainEntry, resource: &Resource, public_url: &str) -> Result<(), OAuthError> {
    let settings = &resource.settings;
    if settings.identifiers.is_empty() {
        return Err(OAuthError::invalid_target("a resource needs at least one identifier"));
    }
    let own = ResourceIdentifier::parse(public_url).map_err(OAuthError::invalid_target)?;
    for (at, text) in settings.identifiers.iter().enumerate() {
        let identifier = ResourceIdentifier::parse(text)
            .map_err(|problem| OAuthError::invalid_target(format!("identifier {text}: {problem}")))?;
        if url::Url::parse(text).is_ok_and(|url| !url.username().is_empty() || url.password().is_some()) {
            return Err(OAuthError::invalid_target(format!(
                "identifier {text}: must not carry a user name or a password; clients would send them along"
            )));
        }
        if own.covers(&identifier, true) {
            return Err(OAuthError::invalid_target(format!(
                "identifier {text}: is a URL of this server itself, which is no resource"
            )));
        }
        let same = |other: &String| ResourceIdentifier::parse(other).is_ok_and(|other| other == identifier);
        if settings.identifiers[..at].iter().any(same) {
            return Err(OAuthError::invalid_target(format!("identifier {text}: is given twice")));
        }
        if let Some(other) = others(domain, resource).find(|other| other.settings.identifiers.iter().any(same)) {
            return Err(identifier_taken(text, &other.name));
        }
    }
    Ok(())
}

fn check_scopes(domain: &DomainEntry, settings: &ResourceSettings) -> Result<(), OAuthError> {
    if let Some(scope) = settings.scopes.iter().find(|scope| domain.scope(scope).is_none()) {
        return Err(OAuthError::invalid_scope(format!("{scope} is not a scope of this domain; create it first")));
    }
    Ok(())
}

fn check_lifetime(settings: &ResourceSettings) -> Result<(), OAuthError> {
    if settings.access_token_lifetime.is_some_and(|seconds| !(10..=86_400).contains(&seconds)) {
        return Err(OAuthError::invalid_request("access_token_lifetime must be between 10 and 86400 seconds"));
    }
    Ok(())
}

pub(super) fn name_taken(name: &str) -> OAuthError {
    OAuthError::conflict(format!("the domain has a resource {name} already"))
}

pub(super) fn identifier_taken(identifier: &str, by: &str) -> OAuthError {
    OAuthError::conflict(format!("identifier {identifier}: belongs to {by} already"))
}
