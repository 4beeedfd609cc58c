//! People: their passwords, browser sessions and mail.

pub mod browser_session;

use std::sync::Arc;

use crate::keys::argon2_pool::Argon2Pool;
use crate::keys::data_keys::DataKeys;
use crate::store::Store;

/// What serving people takes.
#[derive(Debug)]
pub struct People {
    /// Where they are kept.
    pub store: Store,
    /// What hashes the secrets of sessions and links.
    pub keys: Arc<DataKeys>,
    /// What hashes passwords.
    pub argon2: Argon2Pool,
}
