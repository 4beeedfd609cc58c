//! What the API and the console share about clients.

use super::managing::ManagingDomain;
use crate::model::client::Client;
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;
use crate::store::cache::ClientEntry;
use crate::store::client_list::{ClientListQuery, ClientPage};

/// The client that a path or a form names, as the database has it.
pub async fn client_named(at: &ManagingDomain, id: &str) -> Result<ClientEntry, OAuthError> {
    let unknown = || OAuthError::not_found("there is no such client in this domain; check its client_id");
    // A text that PostgreSQL cannot hold names nothing.
    if id.contains('\0') {
        return Err(unknown());
    }
    at.app.store.read_client(at.domain.id(), &ClientId(id.to_owned())).await?.ok_or_else(unknown)
}

/// A page of the domain's clients.
pub async fn listed(at: &ManagingDomain, query: &ClientListQuery) -> Result<ClientPage, OAuthError> {
    let texts = [&query.application_type, &query.registrant, &query.cursor];
    if query.search.contains('\0') || texts.into_iter().flatten().any(|text| text.contains('\0')) {
        return Err(OAuthError::invalid_request("the query: the character U+0000 is not allowed"));
    }
    let page = at.app.store.list_clients(at.domain.id(), query).await?;
    page.ok_or_else(|| OAuthError::invalid_request("cursor: is not one of this list; begin again without it"))
}

/// The name of the policy that admitted a client, as long as there is one.
pub fn policy_name(at: &ManagingDomain, client: &Client) -> Option<String> {
    let id = client.policy_id?;
    at.domain.policies.iter().find(|policy| policy.id == id).map(|policy| policy.name.clone())
}
