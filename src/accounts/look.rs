//! A domain's colours and logo, as its pages show them. Their URLs name their content, so browsers may keep them for
//! ever.

use axum::extract::{Path, RawQuery};
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;

use crate::domains::look;
use crate::model::oauth_error::OAuthError;
use crate::oauth::request::InDomain;
use crate::ops::kept::{CSS, FOR_EVER, kept};

/// How long what may change under its URL is kept.
const FOR_A_WHILE: &str = "public, max-age=300";

/// Which stylesheet a page means.
#[derive(Debug, Deserialize)]
pub struct File {
    file: String,
}

/// `GET /{domain}/look/{file}`
pub async fn look(at: InDomain, Path(File { file }): Path<File>, headers: HeaderMap) -> Result<Response, OAuthError> {
    match look::stylesheet(&at.domain.domain) {
        Some((current, css)) if current == file => Ok(kept(&headers, (&file, FOR_EVER), (CSS, css))),
        _ => Err(OAuthError::not_found("the domain's pages have no such stylesheet any more; load the page again")),
    }
}

/// `GET /{domain}/logo`
pub async fn logo(at: InDomain, RawQuery(query): RawQuery, headers: HeaderMap) -> Result<Response, OAuthError> {
    let logo = at.domain.logo.as_ref().ok_or_else(|| OAuthError::not_found("this domain has no logo"))?;
    let named = query.is_some_and(|query| query.strip_prefix("v=") == Some(&logo.tag));
    let keep = if named { FOR_EVER } else { FOR_A_WHILE };
    Ok(kept(&headers, (&logo.tag, keep), (&logo.media_type, logo.image.clone())))
}
