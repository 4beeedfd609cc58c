//! The applications that may act for a person, as the account page lists them (RFC 6749 §1.4, OIDC Core §17.5).

use std::collections::BTreeMap;

use super::asking::KnownClient;
use super::consent::{resource_in_words, scope_in_words};
use crate::model::oauth_error::OAuthError;
use crate::model::scope::ScopeSet;
use crate::model::time::UnixTime;
use crate::model::user::User;
use crate::oauth::request::InDomain;
use crate::pages::{AccountApplication, Claimed};

/// What is known of one application.
#[derive(Debug)]
struct Connection {
    resources: Vec<String>,
    scope: ScopeSet,
    since: UnixTime,
    last_used: Option<UnixTime>,
}

impl Connection {
    fn since(time: UnixTime) -> Self {
        Self { resources: Vec::new(), scope: ScopeSet::default(), since: time, last_used: None }
    }

    fn add(&mut self, resource: &str, scope: &ScopeSet) {
        if !resource.is_empty() && !self.resources.iter().any(|known| known == resource) {
            self.resources.push(resource.to_owned());
        }
        for scope in scope.iter() {
            self.scope.insert(scope);
        }
    }
}

/// What a person allowed, and what their logins established, by client.
pub async fn applications(at: &InDomain, user: &User) -> Result<Vec<AccountApplication>, OAuthError> {
    let mut connections: BTreeMap<String, Connection> = BTreeMap::new();
    for consent in at.app.store.consents_of_user(at.domain.id(), user.id).await? {
        let known = connections.entry(consent.client_id).or_insert_with(|| Connection::since(consent.granted_at));
        known.since = known.since.min(consent.granted_at);
        known.add(&consent.resource, &consent.scope);
    }
    for grant in at.app.store.login_grants_of_user(at.domain.id(), user.id).await? {
        let known = connections.entry(grant.client_id.0).or_insert_with(|| Connection::since(grant.created_at));
        known.last_used = known.last_used.max(Some(grant.last_used_at));
        known.add("", &grant.scope);
        for resource in &grant.details.resources {
            known.add(resource, &ScopeSet::default());
        }
    }
    let mut listed = Vec::with_capacity(connections.len());
    for (client_id, connection) in connections {
        listed.push(application(at, client_id, &connection).await?);
    }
    Ok(listed)
}

async fn application(
    at: &InDomain,
    client_id: String,
    connection: &Connection,
) -> Result<AccountApplication, OAuthError> {
    let resources = connection.resources.iter().map(|resource| resource_in_words(at, resource).name);
    Ok(AccountApplication {
        name: KnownClient::find(at, &client_id).await?.name,
        client_id,
        resources: resources.collect::<Vec<Claimed>>(),
        scopes: connection.scope.iter().map(|scope| scope_in_words(at, scope).label).collect(),
        since: connection.since.into(),
        last_used: connection.last_used.map(Into::into),
    })
}
