//! The key set of a domain (RFC 7517 §5): every key that signs, will sign, or has signed a token still alive.

use serde_json::{Value, json};

use crate::model::signing_key::{KeyStatus, SigningAlgorithm, SigningKey};
use crate::model::time::UnixTime;

/// Whether a key belongs into the key set, and its signatures are believed.
pub fn is_listed(key: &SigningKey, now: UnixTime) -> bool {
    match key.status {
        KeyStatus::Published | KeyStatus::Active => true,
        KeyStatus::Retired => key.gone_at.is_none_or(|gone| now < gone),
        KeyStatus::Revoked => false,
    }
}

/// The key set as it is served.
pub fn key_set(keys: &[SigningKey], now: UnixTime) -> Value {
    let listed: Vec<_> = keys.iter().filter(|key| is_listed(key, now)).map(|key| &key.public_jwk).collect();
    json!({ "keys": listed })
}

/// The key that signs with an algorithm now: the active one.
pub fn signing_key(keys: &[SigningKey], algorithm: SigningAlgorithm) -> Option<&SigningKey> {
    keys.iter().rev().find(|key| key.algorithm == algorithm && key.status == KeyStatus::Active)
}
