//! Tokens: made, changed, ended.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::InDomain;
use crate::admin::managing::{Segments, Sent, done};
use crate::harness::control::Control;
use crate::harness::ending::{Expiry, Revocation};
use crate::harness::forge::Minted;
use crate::harness::mint::Mint;
use crate::harness::token_changes::{TokenChange, set};
use crate::model::json::each;
use crate::model::oauth_error::OAuthError;

/// What is changed in which tokens.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// For each token, the first that fits counts.
    #[serde(deserialize_with = "each")]
    items: Vec<TokenChange>,
}

/// Makes a token.
#[utoipa::path(post, path = "/harness/v1/domains/{domain}/tokens", tag = "tokens", params(("domain" = String, Path)), request_body = Mint, responses((status = 200, body = Minted)))]
pub async fn mint(
    State(control): State<Control>,
    Segments(at): Segments<InDomain>,
    Sent(wanted): Sent<Mint>,
) -> Result<Json<Minted>, OAuthError> {
    Ok(Json(control.mint(&at.domain, wanted).await?))
}

/// The changes that have times left.
#[utoipa::path(get, path = "/harness/v1/domains/{domain}/token-changes", tag = "tokens", params(("domain" = String, Path)), responses((status = 200, body = Changes)))]
pub async fn changes(
    State(control): State<Control>,
    Segments(at): Segments<InDomain>,
) -> Result<Json<Changes>, OAuthError> {
    control.domain(&at.domain).await?;
    Ok(Json(Changes { items: control.token_changes.of(&at.domain) }))
}

/// Changes the tokens that the token endpoint answers from now on, in place of what was changed before.
#[utoipa::path(put, path = "/harness/v1/domains/{domain}/token-changes", tag = "tokens", params(("domain" = String, Path)), request_body = Changes, responses((status = 200, body = Changes)))]
pub async fn set_changes(
    state: State<Control>,
    Segments(at): Segments<InDomain>,
    Sent(wanted): Sent<Changes>,
) -> Result<Json<Changes>, OAuthError> {
    state.0.domain(&at.domain).await?;
    set(&state.0.token_changes, &at.domain, wanted.items)?;
    changes(state, Segments(at)).await
}

/// Changes no tokens any more.
#[utoipa::path(delete, path = "/harness/v1/domains/{domain}/token-changes", tag = "tokens", params(("domain" = String, Path)), responses((status = 204)))]
pub async fn clear_changes(
    State(control): State<Control>,
    Segments(at): Segments<InDomain>,
) -> Result<Response, OAuthError> {
    control.domain(&at.domain).await?;
    control.token_changes.set(&at.domain, Vec::new());
    Ok(done())
}

/// Revokes something. With `client_id` the clock goes on by a second, so that what is issued afterwards is good.
#[utoipa::path(post, path = "/harness/v1/domains/{domain}/revoke", tag = "tokens", params(("domain" = String, Path)), request_body = Revocation, responses((status = 204), (status = 404)))]
pub async fn revoke(
    State(control): State<Control>,
    Segments(at): Segments<InDomain>,
    Sent(what): Sent<Revocation>,
) -> Result<Response, OAuthError> {
    control.revoke(&at.domain, what).await?;
    Ok(done())
}

/// Lets something expire now.
#[utoipa::path(post, path = "/harness/v1/domains/{domain}/expire", tag = "tokens", params(("domain" = String, Path)), request_body = Expiry, responses((status = 204), (status = 404)))]
pub async fn expire(
    State(control): State<Control>,
    Segments(at): Segments<InDomain>,
    Sent(what): Sent<Expiry>,
) -> Result<Response, OAuthError> {
    control.expire(&at.domain, what).await?;
    Ok(done())
}
