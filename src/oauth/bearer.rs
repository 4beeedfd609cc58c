//! Bearer tokens in the `Authorization` header (RFC 6750 §2.1).

use super::request::{InDomain, authorization};
use crate::model::oauth_error::{Challenge, OAuthError};
use crate::tokens::verify::LiveToken;

/// The bearer token of a request. A header of another scheme, or with nothing in it, is refused: it decides.
pub fn bearer(headers: &http::HeaderMap) -> Result<Option<&str>, OAuthError> {
    let Some(header) = authorization(headers)? else { return Ok(None) };
    let refused = || OAuthError::invalid_token("the Authorization header must be: Bearer, a blank, the token");
    let (scheme, token) = header.split_once(' ').ok_or_else(refused)?;
    let token = token.trim();
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || !token.bytes().all(is_token) {
        return Err(refused());
    }
    Ok(Some(token))
}

/// The error for a request without any token (RFC 6750 §3.1: no error code in the challenge).
pub fn missing(description: &str) -> OAuthError {
    OAuthError::invalid_token(description).with_challenge(Challenge::BearerMissing)
}

/// An access token of the domain that is alive.
pub async fn live(at: &InDomain, token: &str) -> Result<Option<LiveToken>, OAuthError> {
    let issuer = at.issuer();
    at.app.verifier.live(&at.app.issuer, &at.app.registry, (at.find_in(), &issuer), token).await
}
