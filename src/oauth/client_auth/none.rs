//! `none`: a public client names itself and proves nothing (RFC 6749 §2.1, §3.2.1).

use super::{Attempt, Authenticated, find, usable};
use crate::model::oauth_error::OAuthError;

/// By `client_id` alone; only for clients registered so.
pub(super) async fn none(attempt: &Attempt<'_>) -> Result<Authenticated, OAuthError> {
    let id = attempt.params.get("client_id").ok_or_else(|| {
        OAuthError::invalid_client(
            "the client is not named; send client_id and client_secret, Basic credentials or a client_assertion",
        )
    })?;
    let entry = find(attempt.at, id).await?;
    if !entry.client.takes_method("none") {
        let with = if entry.client.takes_assertions() { "a client_assertion" } else { "its secret" };
        return Err(OAuthError::invalid_client(format!("this client must authenticate with {with}")));
    }
    usable(&entry)?;
    Ok(Authenticated { entry, secret: None, proven: false })
}
