//! `client_secret_basic` and `client_secret_post` (RFC 6749 §2.3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Attempt, Authenticated, find, usable};
use crate::model::oauth_error::OAuthError;
use crate::oauth::params::decode;

/// By the `Authorization` header. Gateways send id and secret raw, RFC 6749 wants them form-encoded: raw is tried
/// first, then decoded.
pub(super) async fn basic(attempt: &Attempt<'_>) -> Result<Authenticated, OAuthError> {
    let malformed =
        || OAuthError::invalid_client("the Basic credentials are not base64 of client_id:client_secret in UTF-8");
    let (id, secret) = basic_pair(attempt.basic.unwrap_or_default()).ok_or_else(malformed)?;
    let (id, secret) = (id.as_str(), secret.as_str());
    let decoded = |text: &str| decode(text.as_bytes()).ok().filter(|decoded| decoded != text);
    let (id_decoded, secret_decoded) = (decoded(id), decoded(secret));
    let named = |own: &str| attempt.params.get("client_id").is_none_or(|named| named == own);
    if !named(id) && !id_decoded.as_deref().is_some_and(named) {
        return Err(OAuthError::invalid_request("client_id in the body is not the one in the Authorization header"));
    }
    match prove(attempt, id, &[secret, secret_decoded.as_deref().unwrap_or_default()]).await {
        Err(error) if error.code == "invalid_client" && id_decoded.is_some() => {
            let id = id_decoded.as_deref().unwrap_or_default();
            prove(attempt, id, &[secret_decoded.as_deref().unwrap_or(secret), secret]).await
        }
        result => result,
    }
}

/// Client id and secret of Basic credentials, as they were sent: form-encoded or not.
pub(crate) fn basic_pair(encoded: &str) -> Option<(String, String)> {
    let mut id = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let secret = id.split_off(id.find(':')? + 1);
    id.pop();
    Some((id, secret))
}

/// By `client_id` and `client_secret` in the body.
pub(super) async fn post(attempt: &Attempt<'_>) -> Result<Authenticated, OAuthError> {
    let id = attempt.params.required("client_id")?;
    prove(attempt, id, &[attempt.params.get("client_secret").unwrap_or_default()]).await
}

async fn prove(attempt: &Attempt<'_>, id: &str, secrets: &[&str]) -> Result<Authenticated, OAuthError> {
    let entry = find(attempt.at, id).await?;
    if entry.client.takes_assertions() {
        // A secret that was left over, or read on its way, must not stand for the key.
        return Err(OAuthError::invalid_client("this client must authenticate with a client_assertion"));
    }
    for secret in secrets {
        if let Some(secret) = attempt.at.app.registry.matching_secret(&entry, secret).await? {
            usable(&entry)?;
            return Ok(Authenticated { entry, secret: Some(secret), proven: true });
        }
    }
    Err(OAuthError::invalid_client("the client is unknown or its secret is wrong"))
}
