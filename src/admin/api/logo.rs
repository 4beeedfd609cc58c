//! The logo on a domain's pages.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG};
use utoipa::OpenApi;

use crate::admin::managing::{ManagingDomain, done};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::model::look::Logo;
use crate::model::oauth_error::OAuthError;
use crate::oauth::request::read_body;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(read_logo, replace_logo, remove_logo))]
pub struct Description;

/// The logo, as people see it.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/logo", tag = "domains", params(("domain" = String, Path, description = "The domain.")), responses((status = 200, content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"))), AnyProblem))]
pub async fn read_logo(at: ManagingDomain) -> Result<Response, OAuthError> {
    let logo = at.domain.logo.as_ref().ok_or_else(|| OAuthError::not_found("the domain has no logo"))?;
    Ok(([(CONTENT_TYPE, logo.media_type.clone()), tag(logo)], logo.image.clone()).into_response())
}

/// Puts a PNG, JPEG or WebP image of at most 128 KiB and 2000 pixels a side on the domain's pages. SVG is not taken.
#[utoipa::path(put, path = "/api/v1/domains/{domain}/logo", tag = "domains", params(("domain" = String, Path, description = "The domain.")), request_body(content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"))), responses((status = 204, description = "It is on the pages."), AnyProblem, ChangeProblem))]
pub async fn replace_logo(at: ManagingDomain, request: Request) -> Result<Response, OAuthError> {
    let (parts, body) = request.into_parts();
    let media_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let logo = at.domains().set_logo(&at.domain, (media_type, read_body(body).await?), &at.actor()).await?;
    Ok((StatusCode::NO_CONTENT, [tag(&logo)]).into_response())
}

/// Takes the logo from the domain's pages.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}/logo", tag = "domains", params(("domain" = String, Path, description = "The domain.")), responses((status = 204, description = "It is gone."), AnyProblem, ChangeProblem))]
pub async fn remove_logo(at: ManagingDomain) -> Result<Response, OAuthError> {
    at.domains().remove_logo(&at.domain, &at.actor()).await?;
    Ok(done())
}

fn tag(logo: &Logo) -> (http::HeaderName, String) {
    (ETAG, format!("\"{}\"", logo.tag))
}
