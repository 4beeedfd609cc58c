//! Administrators: their accounts, how they log in, and the tokens of programs that administer.

pub mod accounts;
pub mod api_tokens;
pub mod login;
pub mod second_factor;
pub mod sessions;

use std::sync::Arc;

use uuid::Uuid;

use crate::config::Settings;
use crate::keys::argon2_pool::Argon2Pool;
use crate::keys::data_keys::DataKeys;
use crate::model::id::DomainId;
use crate::people::throttle::Throttle;
use crate::store::Store;

/// Administrators belong to no domain: this stands for one where failures are counted.
pub const REALM: DomainId = DomainId(Uuid::nil());

/// What serving administrators takes.
#[derive(Debug)]
pub struct Administrators {
    /// Where they are kept.
    pub store: Store,
    /// What hashes the secrets of sessions and tokens, and seals those of second factors.
    pub keys: Arc<DataKeys>,
    /// What hashes passwords. Not the one of the domains' people: their crowds keep no administrator out.
    pub argon2: Argon2Pool,
    /// Who has to wait.
    pub throttle: Throttle,
}

impl Administrators {
    /// What the settings ask for, for a server and for the command line alike.
    pub fn new(settings: &Settings, store: Store, keys: Arc<DataKeys>) -> Self {
        Self {
            argon2: Argon2Pool::new(1, settings.keys.argon2_queue),
            throttle: Throttle::new(store.clock().clone(), settings.rate_limit.enabled),
            store,
            keys,
        }
    }
}
