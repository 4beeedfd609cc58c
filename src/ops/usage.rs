//! Last-used times, collected in memory until they are written.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::model::id::{ClientId, DomainId, SecretId};
use crate::model::time::UnixTime;
use crate::store::Store;
use crate::store::cache::ClientEntry;
use crate::store::usage::ClientUse;

/// Uses closer together than this, in seconds, are one.
const RESOLUTION: i64 = 60;

/// What was used since the last writing.
#[derive(Debug, Default)]
pub struct Usage {
    clients: Mutex<HashMap<(DomainId, ClientId), ClientUse>>,
    secrets: Mutex<HashMap<SecretId, UnixTime>>,
}

impl Usage {
    /// Notes that a client got a token, with which of its secrets.
    pub fn note(&self, entry: &ClientEntry, secret: Option<SecretId>, now: UnixTime) {
        if !entry.note_use(now, secret, RESOLUTION) {
            return;
        }
        let client = &entry.client;
        let used = ClientUse {
            domain_id: client.domain_id,
            client_id: client.client_id.clone(),
            origin: client.origin,
            at: now,
        };
        let key = (client.domain_id, client.client_id.clone());
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).insert(key, used);
        if let Some(id) = secret {
            self.secrets.lock().unwrap_or_else(PoisonError::into_inner).insert(id, now);
        }
    }

    /// Writes what was collected. What cannot be written is kept for the next time.
    pub async fn flush(&self, store: &Store) -> Result<(), sqlx::Error> {
        let clients = std::mem::take(&mut *self.clients.lock().unwrap_or_else(PoisonError::into_inner));
        let secrets = std::mem::take(&mut *self.secrets.lock().unwrap_or_else(PoisonError::into_inner));
        // In one order everywhere: two processes that write the same rows at once must not wait for one another.
        let mut uses: Vec<ClientUse> = clients.values().cloned().collect();
        uses.sort_unstable_by(|a, b| (a.domain_id, &a.client_id).cmp(&(b.domain_id, &b.client_id)));
        let mut secret_uses: Vec<_> = secrets.iter().map(|(id, at)| (*id, *at)).collect();
        secret_uses.sort_unstable();
        let written = match store.write_client_usage(&uses).await {
            Ok(()) => store.write_secret_usage(&secret_uses).await,
            Err(error) => Err(error),
        };
        if written.is_err() {
            let mut kept = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, used) in clients {
                kept.entry(key).or_insert(used);
            }
            self.secrets.lock().unwrap_or_else(PoisonError::into_inner).extend(secrets);
        }
        written
    }
}
