//! Registering, changing and finding clients; used by HTTP, the command line and provisioning alike.

pub mod administer;
pub mod admission;
pub mod application;
pub mod bulk;
pub mod client_id_document;
pub mod credentials;
pub mod dry_run;
pub mod find;
pub mod flights;
pub mod manual;
pub mod prepare;
pub mod record;
pub mod register;
pub mod remote_keys;
pub mod renew;
pub mod software_statement;
pub mod standing;
pub mod update;

use std::sync::Arc;

use crate::fetch::Fetcher;
use crate::keys::argon2_pool::Argon2Pool;
use crate::keys::data_keys::DataKeys;
use crate::model::id::{ClientId, DomainId, InitialAccessTokenId};
use crate::model::registration::rules::RuleContext;
use crate::store::Store;

/// What registering clients takes.
#[derive(Debug)]
pub struct Registry {
    /// Where clients are kept.
    pub store: Store,
    /// What hashes and seals their secrets.
    pub keys: Arc<DataKeys>,
    /// What fetches the documents that their metadata names.
    pub fetcher: Arc<Fetcher>,
    /// What hashes secrets by Argon2id.
    pub argon2: Argon2Pool,
    /// What this server offers.
    pub offered: RuleContext<'static>,
    /// Verified Argon2id secrets, remembered as keyed hashes.
    pub remembered: credentials::Remembered,
    /// What others publish: key sets, metadata documents.
    pub remote: RemoteMemory,
}

/// What was fetched from others, in memory and within bounds.
#[derive(Debug)]
pub struct RemoteMemory {
    /// Key sets by their URL.
    key_sets: moka::sync::Cache<String, remote_keys::RemoteKeys>,
    /// Clients made of metadata documents.
    document_clients: moka::sync::Cache<(DomainId, ClientId), client_id_document::DocumentClient>,
    /// What is being fetched, and what could not be.
    flights: flights::Flights,
}

impl Default for RemoteMemory {
    fn default() -> Self {
        Self {
            key_sets: remote_keys::memory(),
            document_clients: client_id_document::memory(),
            flights: flights::Flights::default(),
        }
    }
}

/// Who registers (RFC 7591 §3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registrant {
    /// A gateway, by a token with scope `dcr_admin`.
    Gateway(ClientId),
    /// The holder of an initial access token.
    InitialAccessToken(InitialAccessTokenId),
    /// Nobody in particular; from this address prefix.
    Open {
        /// What the quota is counted by.
        source: String,
    },
}
