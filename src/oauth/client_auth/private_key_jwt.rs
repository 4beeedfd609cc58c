//! `private_key_jwt` (OIDC Core §9): an assertion signed with a key that the client registered or publishes.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use super::assertion::{Assertion, refused};
use super::{Attempt, Authenticated};
use crate::clients::remote_keys::parse_key_set;
use crate::model::oauth_error::OAuthError;

/// By a signature that one of the client's public keys verifies.
pub(super) async fn private_key_jwt(attempt: &Attempt<'_>) -> Result<Authenticated, OAuthError> {
    let assertion = Assertion::read(attempt, "private_key_jwt").await?;
    let metadata = &assertion.entry.client.metadata;
    let registry = &attempt.at.app.registry;
    let cannot_be_had =
        |problem: String| refused(format!("the keys at the client's jwks_uri cannot be had: {problem}"));
    match (&metadata.jwks, &metadata.jwks_uri) {
        (Some(keys), _) => {
            let keys = parse_key_set(&Value::Object(keys.clone())).map_err(|problem| refused(&problem))?;
            prove(&assertion, &keys)?;
        }
        (None, Some(uri)) => {
            let keys = registry.key_set(uri).await.map_err(cannot_be_had)?;
            if prove(&assertion, &keys).is_err() {
                // The client may have a new key since.
                let keys = registry.key_set_again(uri).await.map_err(cannot_be_had)?;
                prove(&assertion, &keys)?;
            }
        }
        (None, None) => return Err(refused("the client has registered no keys; add jwks or jwks_uri")),
    }
    let entry = assertion.believe(attempt.at).await?;
    Ok(Authenticated { entry, secret: None, proven: true })
}

fn prove(assertion: &Assertion<'_>, keys: &JwkSet) -> Result<(), OAuthError> {
    let named = |key: &&Jwk| assertion.kid.is_none() || key.common.key_id == assertion.kid;
    let fitting: Vec<&Jwk> = keys.keys.iter().filter(named).filter(|key| fits(key, assertion.algorithm)).collect();
    if fitting.is_empty() {
        return Err(refused("kid and alg name no key of the client; register it, or publish it at jwks_uri"));
    }
    let usable = fitting.into_iter().filter_map(|key| DecodingKey::from_jwk(key).ok());
    assertion.is_signed_by(usable).map(drop).ok_or_else(|| refused("the signature is not by a key of the client"))
}

/// Whether the key is of the algorithm's type, and meant for signatures (RFC 7517 §4.2, §4.4).
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let for_signatures = key.common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
    let named = key.common.key_algorithm.as_ref().is_none_or(|named| named.to_string() == format!("{algorithm:?}"));
    let of_its_type = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256 | Algorithm::PS256) => true,
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => key.curve == EllipticCurve::P256,
        (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDSA) => key.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    for_signatures && named && of_its_type
}
