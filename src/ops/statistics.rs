//! What happens, counted by the hour: collected in memory until it is written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::metrics::DomainMetrics;
use crate::model::id::DomainId;
use crate::model::statistics::{Counted, Increment, hour_of};
use crate::model::time::UnixTime;
use crate::store::Store;

type Key = (DomainId, UnixTime, Counted, &'static str);

/// What was counted since the last writing. What is counted for every token is not here: it is the difference of the
/// metrics' counters, so that the hot path counts once.
#[derive(Debug, Default)]
pub struct Statistics {
    collected: Mutex<HashMap<Key, u64>>,
}

impl Statistics {
    /// Counts one. `label` is of a set of our own, never what a stranger typed.
    pub fn note(&self, domain_id: DomainId, now: UnixTime, (counted, label): (Counted, &'static str)) {
        self.add((domain_id, hour_of(now), counted, label), 1);
    }

    /// Writes what was collected, and what the counters of each domain gained since the last time, which counts as of
    /// this hour. What cannot be written is kept for the next time.
    pub async fn flush(&self, store: &Store, counters: Vec<(DomainId, Arc<DomainMetrics>)>) -> Result<(), sqlx::Error> {
        let hour = hour_of(store.clock().now());
        for (domain_id, counters) in counters {
            for (counted, label, gained) in counters.take() {
                self.add((domain_id, hour, counted, label), gained);
            }
        }
        let collected = std::mem::take(&mut *self.collected.lock().unwrap_or_else(PoisonError::into_inner));
        let increment = |(key, count): (&Key, &u64)| {
            let (domain_id, hour, counted, label) = *key;
            Increment { domain_id, hour, counted, label, count: *count }
        };
        let written = store.add_counts(collected.iter().map(increment).collect()).await;
        if written.is_err() {
            for (key, count) in collected {
                self.add(key, count);
            }
        }
        written
    }

    fn add(&self, key: Key, count: u64) {
        if count > 0 {
            *self.collected.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += count;
        }
    }
}
