//! Registering, changing and finding clients; used by HTTP, the command line and provisioning alike.

pub mod administer;
pub mod application;
pub mod credentials;
pub mod manual;
pub mod prepare;
pub mod record;
pub mod register;
pub mod remote_keys;
pub mod renew;
pub mod software_statement;
pub mod update;

use std::sync::Arc;

use jsonwebtoken::jwk::JwkSet;

use crate::fetch::Fetcher;
use crate::keys::argon2_pool::Argon2Pool;
use crate::keys::data_keys::DataKeys;
use crate::model::id::{ClientId, InitialAccessTokenId};
use crate::model::registration::rules::RuleContext;
use crate::model::time::UnixTime;
use crate::store::Store;

/// What registering clients takes.
#[derive(Debug)]
pub struct Registry {
    /// Where clients are kept.
    pub store: Store,
    /// What hashes and seals their secrets.
    pub keys: Arc<DataKeys>,
    /// What fetches the documents that their metadata names.
    pub fetcher: Fetcher,
    /// What hashes secrets by Argon2id.
    pub argon2: Argon2Pool,
    /// What this server offers.
    pub offered: RuleContext<'static>,
    /// Verified Argon2id secrets, remembered as keyed hashes.
    pub remembered: credentials::Remembered,
    /// Key sets of others, and until when they are good.
    pub key_sets: moka::sync::Cache<String, (UnixTime, JwkSet)>,
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
