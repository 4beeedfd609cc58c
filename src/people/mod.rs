//! People: their passwords, browser sessions and mail.

pub mod browser_session;
pub mod connections;
pub mod links;
pub mod login;
pub mod mail;
pub mod password;
pub mod sent_links;
pub mod sign_up;
pub mod throttle;
mod user_edit;
pub mod users;

use std::sync::Arc;

use crate::config::Settings;
use crate::keys::argon2_pool::Argon2Pool;
use crate::keys::data_keys::DataKeys;
use crate::store::Store;
use mail::{Mailer, Outbox};
use throttle::Throttle;

/// What serving people takes.
#[derive(Debug)]
pub struct People {
    /// Where they are kept.
    pub store: Store,
    /// What hashes the secrets of sessions and links.
    pub keys: Arc<DataKeys>,
    /// What hashes passwords.
    pub argon2: Argon2Pool,
    /// What sends mail.
    pub mailer: Mailer,
    /// Who has to wait.
    pub throttle: Throttle,
}

impl People {
    /// What the settings ask for, for a server and for the command line alike.
    /// `outbox`: where mail is kept instead of being sent.
    pub fn new(
        settings: &Settings,
        store: Store,
        keys: Arc<DataKeys>,
        outbox: Option<Arc<Outbox>>,
    ) -> anyhow::Result<Self> {
        let clock = store.clock().clone();
        Ok(Self {
            argon2: Argon2Pool::new(settings.keys.argon2_people, settings.keys.argon2_queue),
            throttle: Throttle::new(store.clock().clone(), settings.rate_limit.enabled),
            mailer: match outbox {
                Some(outbox) => Mailer::keeping(outbox, clock),
                None => Mailer::new(&settings.mail, clock)?,
            },
            store,
            keys,
        })
    }
}
