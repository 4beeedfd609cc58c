//! `client_secret_jwt` (OIDC Core §9): an assertion whose HMAC key is the client's secret.

use jsonwebtoken::DecodingKey;

use super::assertion::{Assertion, refused};
use super::{Attempt, Authenticated};
use crate::model::oauth_error::OAuthError;

/// By an HMAC with any still valid secret of which a sealed copy is kept.
pub(super) async fn client_secret_jwt(attempt: &Attempt<'_>) -> Result<Authenticated, OAuthError> {
    let assertion = Assertion::read(attempt, "client_secret_jwt").await?;
    let secrets = attempt.at.app.registry.open_secrets(&assertion.entry)?;
    if secrets.is_empty() {
        return Err(refused("the client has no valid secret that can be used as a key; renew its secret"));
    }
    let keys = secrets.iter().map(|(_, secret)| DecodingKey::from_secret(secret));
    let matching = assertion.is_signed_by(keys);
    let position = matching.ok_or_else(|| refused("the signature is not by a valid secret of the client"))?;
    let entry = assertion.believe(attempt.at).await?;
    Ok(Authenticated { entry, secret: Some(secrets[position].0), proven: true })
}
