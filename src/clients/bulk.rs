//! One step for many clients at once. Each is a change of its own: some may be refused while others are done.

use std::collections::BTreeSet;

use super::Registry;
use super::administer::Step;
use crate::model::audit_event::Actor;
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;
use crate::store::cache::DomainEntry;

/// How many clients one request may name.
pub const MOST: usize = 200;

/// What is done to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    /// Stop it, and end its tokens.
    Suspend,
    /// Let a suspended one go on.
    Resume,
    /// Delete it.
    Delete,
}

/// What became of one client.
pub type Outcome = (ClientId, Result<(), OAuthError>);

impl Registry {
    /// Does one step to each of these clients, each named once, and tells what became of it.
    pub async fn bulk(
        &self,
        domain: &DomainEntry,
        action: BulkAction,
        ids: Vec<ClientId>,
        actor: &Actor,
    ) -> Result<Vec<Outcome>, OAuthError> {
        if ids.is_empty() || ids.len() > MOST {
            return Err(OAuthError::invalid_request(format!("client_ids: name 1 to {MOST} clients")));
        }
        if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
            return Err(OAuthError::invalid_request("client_ids: name each client once"));
        }
        let mut outcomes = Vec::with_capacity(ids.len());
        for id in ids {
            let outcome = self.bulk_one(domain, action, &id, actor).await;
            outcomes.push((id, outcome));
        }
        Ok(outcomes)
    }

    async fn bulk_one(
        &self,
        domain: &DomainEntry,
        action: BulkAction,
        id: &ClientId,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        let entry = self.store.read_client(domain.id(), id).await?;
        let entry = entry.ok_or_else(|| OAuthError::not_found("there is no such client in this domain"))?;
        match action {
            BulkAction::Suspend => self.turn(&entry, Step::Suspend, actor).await,
            BulkAction::Resume => self.turn(&entry, Step::Resume, actor).await,
            BulkAction::Delete => self.remove(&entry, actor).await,
        }
    }
}
