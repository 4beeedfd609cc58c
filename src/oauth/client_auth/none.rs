//! `none`: a public client names itself and proves nothing (RFC 6749 §2.1, §3.2.1).

use super::{Attempt, Authenticated, find, usable};
use crate::model::oauth_error::OAuthError;

/// By `client_id` alone; only for clients registered so.
pub(super) async fn none(attempt: &Attempt<'_>) -> Result<Authenticated, OAuthError> {
    let id = attempt.params.get("client_id").ok_or_else(|| {
        OAuthError::invalid_client("the client is not named; send client_id and client_secret, or Basic credentials")
    })?;
    let entry = find(attempt.at, id).await?;
    if !entry.client.is_public() {
        return Err(OAuthError::invalid_client("this client must authenticate with its secret"));
    }
    usable(&entry)?;
    Ok(Authenticated { entry, secret: None, proven: false })
}
