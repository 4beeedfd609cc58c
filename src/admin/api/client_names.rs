//! The names of clients, beside their ids in lists.

use std::collections::HashMap;

use crate::admin::managing::ManagingDomain;
use crate::clients::find::{Fetching, FindIn, Found};
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;

/// The names of clients, each looked up once.
#[derive(Debug, Default)]
pub struct ClientNames(HashMap<ClientId, Option<String>>);

impl ClientNames {
    /// The name that a client claims, if it is known and has one.
    pub async fn of(&mut self, at: &ManagingDomain, client_id: &ClientId) -> Result<Option<String>, OAuthError> {
        if let Some(known) = self.0.get(client_id) {
            return Ok(known.clone());
        }
        let name = client_name(at, client_id.as_str()).await?;
        self.0.insert(client_id.clone(), name.clone());
        Ok(name)
    }
}

async fn client_name(at: &ManagingDomain, client_id: &str) -> Result<Option<String>, OAuthError> {
    let domain = &at.domain;
    let documents = at.app.takes_client_documents(&domain.domain.settings);
    match at.app.registry.find_client(FindIn { domain, documents }, client_id, Fetching::No).await {
        Ok(Found::Known(entry)) => Ok(entry.client.metadata.client_name.clone()),
        Ok(_) => Ok(None),
        // A document that is not taken any more.
        Err(error) if error.status < 500 => Ok(None),
        Err(error) => Err(error),
    }
}
