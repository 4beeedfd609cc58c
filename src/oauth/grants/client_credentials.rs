//! The client credentials grant (RFC 6749 §4.4), with resource indicators (RFC 8707).

use crate::model::authorization::Authorization;
use crate::model::client::Client;
use crate::model::oauth_error::OAuthError;
use crate::model::resource::{Resource, ResourceIdentifier};
use crate::model::scope::{ScopeSet, printable};
use crate::oauth::client_request::ClientRequest;
use crate::store::cache::DomainEntry;
use crate::tokens::audience;

/// The client itself, with the scope it asks for or its defaults, for itself or for resources granted to it.
pub(super) async fn authorize(request: &ClientRequest) -> Result<Authorization, OAuthError> {
    let (domain, client) = (&request.at.domain, &request.entry().client);
    if !request.client.proven {
        // RFC 6749 §4.4: only confidential clients.
        return Err(OAuthError::unauthorized_client("a public client cannot use client_credentials; it has no secret"));
    }
    let resources = resources(request)?;
    let scope = scope(request, client, &resources)?;
    let audiences: Vec<String> = resources.iter().map(|(_, identifier)| (*identifier).to_owned()).collect();
    Ok(Authorization {
        subject: client.client_id.0.clone(),
        scope,
        audience: audience::audience(domain, client, &audiences),
        lifetime: audience::lifetime(domain, client, &audiences),
        login: None,
    })
}

/// The resources asked for, each with its canonical identifier. Each must be granted to the client, by an administrator
/// or by the policy that admitted it (RFC 8707 §2).
fn resources(request: &ClientRequest) -> Result<Vec<(&Resource, &str)>, OAuthError> {
    let (domain, client) = (&request.at.domain, &request.entry().client);
    let mut found: Vec<(&Resource, &str)> = Vec::new();
    for asked in request.params.all("resource") {
        let refused = |problem: &str| OAuthError::invalid_target(format!("resource {}: {problem}", printable(asked)));
        let identifier = ResourceIdentifier::parse(asked).map_err(|problem| refused(&problem))?;
        let resource = domain
            .resources
            .iter()
            .find(|resource| resource.matching_identifier(&identifier).is_some())
            .ok_or_else(|| refused("is not a resource of this domain"))?;
        if !resource.is_granted_to(&client.client_id) && !granted_by_policy(domain, client, resource) {
            return Err(refused("is not granted to this client; an administrator can grant it"));
        }
        let Some(canonical) = resource.settings.identifiers.first() else {
            return Err(refused("has no identifier any more"));
        };
        if !found.iter().any(|(known, _)| known.id == resource.id) {
            found.push((resource, canonical));
        }
    }
    Ok(found)
}

fn granted_by_policy(domain: &DomainEntry, client: &Client, resource: &Resource) -> bool {
    let policy = client.policy_id.and_then(|id| domain.policies.iter().find(|policy| policy.id == id));
    policy.is_some_and(|policy| {
        let named = |text: &String| *text == resource.name || resource.settings.identifiers.contains(text);
        policy.rules.resources.iter().any(named)
    })
}

/// The scope asked for, all of which must be the client's; or its defaults (RFC 6749 §3.3).
fn scope(request: &ClientRequest, client: &Client, resources: &[(&Resource, &str)]) -> Result<ScopeSet, OAuthError> {
    let means_something = |scope: &str| {
        resources.is_empty()
            || resources
                .iter()
                .any(|(resource, _)| resource.settings.scopes.is_empty() || resource.settings.scopes.contains(scope))
    };
    let asked = request.params.get("scope").map(ScopeSet::parse).transpose();
    let asked = asked.map_err(|problem| OAuthError::invalid_scope(format!("scope: {problem}")))?;
    // Nothing but blanks names no scope either.
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        let defaults = &client.settings.default_scopes;
        let registered = client.metadata.scope.as_ref();
        let scope = if defaults.is_empty() { registered.cloned().unwrap_or_default() } else { defaults.clone() };
        let known = |scope: &str| request.at.domain.scope(scope).is_some();
        return Ok(scope.filter(|scope| known(scope) && client.may_have_scope(scope) && means_something(scope)));
    };
    for scope in asked.iter() {
        let known = request.at.domain.scope(scope).is_some();
        if !known || !client.may_have_scope(scope) {
            return Err(OAuthError::invalid_scope(format!("scope {} is not granted to this client", printable(scope))));
        }
        if !means_something(scope) {
            return Err(OAuthError::invalid_scope(format!("scope {} is not one of the resource", printable(scope))));
        }
    }
    Ok(asked)
}
