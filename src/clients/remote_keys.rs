//! Key sets that somebody else publishes: a client's `jwks_uri`, a statement issuer's.

use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;

use super::Registry;
use super::flights::Failure;
use crate::fetch::FetchError;
use crate::model::time::UnixTime;

/// How long a fetched key set is used without asking again, in seconds, where its server does not say.
const KEPT: i64 = 300;

/// What its server says counts within these bounds, in seconds.
const KEPT_BOUNDS: (i64, i64) = (60, 86_400);

/// A key that is not in the set makes the server look again, but not before so many seconds, whoever sends such keys.
const LOOK_AGAIN_AFTER: i64 = 60;

/// How many keys are kept in memory: their publishers decide how many stand in one set.
const REMEMBERED: u64 = 5_000;

/// A key set as it was fetched.
#[derive(Debug, Clone)]
pub struct RemoteKeys {
    fetched_at: UnixTime,
    kept_until: UnixTime,
    keys: JwkSet,
}

/// Key sets by their URL, within bounds.
pub(super) fn memory() -> moka::sync::Cache<String, RemoteKeys> {
    let weight = |_: &String, kept: &RemoteKeys| u32::try_from(kept.keys.keys.len()).unwrap_or(u32::MAX).max(1);
    moka::sync::Cache::builder().max_capacity(REMEMBERED).weigher(weight).build()
}

impl Registry {
    /// A key set from memory, or fetched. The error says which rule or which failure stood in the way, in words fit for
    /// the caller.
    pub async fn key_set(&self, uri: &str) -> Result<JwkSet, String> {
        self.newer_key_set(uri, |kept, now| now < kept.kept_until).await
    }

    /// The key set for a signature that no key of the one in memory made: fetched again, unless that was just done.
    pub async fn key_set_again(&self, uri: &str) -> Result<JwkSet, String> {
        self.newer_key_set(uri, |kept, now| now.since(kept.fetched_at) < LOOK_AGAIN_AFTER).await
    }

    async fn newer_key_set(
        &self,
        uri: &str,
        will_do: impl Fn(&RemoteKeys, UnixTime) -> bool,
    ) -> Result<JwkSet, String> {
        let kept = || self.remote.key_sets.get(uri).filter(|kept| will_do(kept, self.store.clock().now()));
        if let Some(kept) = kept() {
            return Ok(kept.keys);
        }
        // Of many who ask at once, one fetches.
        let flight = self.remote.flights.join(uri);
        let _first = flight.lock().await;
        if let Some(kept) = kept() {
            return Ok(kept.keys);
        }
        let now = self.store.clock().now();
        if let Some(failure) = self.remote.flights.recent_failure(uri, now) {
            return Err(failure.problem);
        }
        self.fetch_key_set(uri, now).await.inspect_err(|problem| {
            self.remote.flights.failed(uri, now, Failure { problem: problem.clone(), definitive: false });
        })
    }

    async fn fetch_key_set(&self, uri: &str, now: UnixTime) -> Result<JwkSet, String> {
        let fetched = self.fetcher.get_json(uri).await.map_err(|error: FetchError| error.told(uri))?;
        let keys = parse_key_set(&fetched.value)?;
        let (least, most) = KEPT_BOUNDS;
        let kept_until = now.plus(fetched.max_age.unwrap_or(KEPT).clamp(least, most));
        self.remote.key_sets.insert(uri.to_owned(), RemoteKeys { fetched_at: now, kept_until, keys: keys.clone() });
        Ok(keys)
    }
}

/// Reads a key set; keys that are not understood are passed over (RFC 7517 §5).
pub fn parse_key_set(document: &Value) -> Result<JwkSet, String> {
    let keys = document.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or_else(|| "the document is not a key set (RFC 7517 section 5)".to_owned())?;
    Ok(JwkSet { keys: keys.iter().filter_map(|key| serde_json::from_value(key.clone()).ok()).collect() })
}
