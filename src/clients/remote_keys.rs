//! Key sets that somebody else publishes: a client's `jwks_uri`, a statement issuer's.

use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;

use super::Registry;
use crate::fetch::FetchError;

/// How long a fetched key set is used without asking again, in seconds, where its server does not say.
const KEPT: i64 = 300;

/// What its server says counts within these bounds, in seconds.
const KEPT_BOUNDS: (i64, i64) = (60, 86_400);

impl Registry {
    /// A key set from memory, or fetched. The error says which rule or which failure stood in the way, in words fit for
    /// the caller.
    pub async fn key_set(&self, uri: &str) -> Result<JwkSet, String> {
        let now = self.store.clock().now();
        if let Some((until, keys)) = self.key_sets.get(uri)
            && now < until
        {
            return Ok(keys);
        }
        let fetched = self.fetcher.get_json(uri).await.map_err(|error: FetchError| error.to_string())?;
        let keys = parse_key_set(&fetched.value)?;
        let (least, most) = KEPT_BOUNDS;
        let kept = fetched.max_age.unwrap_or(KEPT).clamp(least, most);
        self.key_sets.insert(uri.to_owned(), (now.plus(kept), keys.clone()));
        Ok(keys)
    }
}

/// Reads a key set; keys that are not understood are passed over (RFC 7517 §5).
pub fn parse_key_set(document: &Value) -> Result<JwkSet, String> {
    let keys = document.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or_else(|| "the document is not a key set (RFC 7517 section 5)".to_owned())?;
    Ok(JwkSet { keys: keys.iter().filter_map(|key| serde_json::from_value(key.clone()).ok()).collect() })
}
