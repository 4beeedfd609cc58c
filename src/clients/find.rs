//! Finding a client by its `client_id`, however it came to be: registered, made by hand, or a document at a URL.

use std::sync::Arc;

use super::Registry;
use crate::model::client::ClientStatus;
use crate::model::client_id_document::is_document_id;
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;
use crate::store::cache::{ClientEntry, DomainEntry};

/// The longest `client_id` that is looked for.
const MAX_LENGTH: usize = 300;

/// Where a client is looked for.
#[derive(Debug, Clone, Copy)]
pub struct FindIn<'a> {
    /// The domain.
    pub domain: &'a DomainEntry,
    /// Whether a URL may stand for its metadata document here.
    pub documents: bool,
}

/// Whether a document may be fetched in order to find a client. A request of nobody in particular must not make the
/// server send one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetching {
    /// It may.
    Allowed,
    /// Only what is known counts, and counts for longer.
    No,
}

/// What was found.
#[derive(Debug, Clone)]
pub enum Found {
    /// The client; whether it may be used is for its status to say.
    Known(Arc<ClientEntry>),
    /// The id is a document's URL; what it says is not known, and was not to be fetched.
    NeedsFetch,
    /// The client was deleted.
    Deleted,
    /// There is no such client.
    Unknown,
}

impl Registry {
    /// The client of that id. The error says why a document is not taken, in words fit for whoever asked; a status of
    /// 500 and above is the server's own failure.
    pub async fn find_client(&self, at: FindIn<'_>, client_id: &str, fetching: Fetching) -> Result<Found, OAuthError> {
        if client_id.is_empty() || client_id.len() > MAX_LENGTH || client_id.contains('\0') {
            return Ok(Found::Unknown);
        }
        let id = ClientId(client_id.to_owned());
        if at.documents && is_document_id(client_id) {
            // Rare, and large: whoever is found in memory need not carry it.
            return Box::pin(self.document_client(at, &id, fetching)).await;
        }
        Ok(match self.store.client(at.domain.id(), &id).await? {
            None => Found::Unknown,
            Some(entry) if entry.client.status == ClientStatus::Deleted => Found::Deleted,
            Some(entry) => Found::Known(entry),
        })
    }
}
