//! Where the console begins.

use axum::response::Response;

use super::respond::go;
use crate::admin::managing::Managing;
use crate::model::oauth_error::OAuthError;

/// `GET /console`: to the one domain within reach, or to the list of them.
pub async fn home(managing: Managing) -> Result<Response, OAuthError> {
    let domains = managing.app.store.domains().await?;
    let reached: Vec<_> = domains.iter().filter(|domain| managing.authority.reach.covers(domain.id)).collect();
    Ok(match reached.as_slice() {
        [only] => go(&format!("/console/domains/{}", only.name)),
        _ => go("/console/domains"),
    })
}
