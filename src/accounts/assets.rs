//! The stylesheet: its path names its content, so browsers may keep it for ever (RFC 9111 §5.2, RFC 8246).

use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};

use crate::pages::{STYLESHEET, STYLESHEET_PATH};

/// `GET /assets/registrar-….css`
pub async fn stylesheet(headers: HeaderMap) -> Response {
    let tag = format!("\"{}\"", STYLESHEET_PATH.trim_start_matches('/'));
    let known = headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    let fresh = known == "*" || known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag);
    let kept = [(CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()), (ETAG, tag)];
    if fresh {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(CONTENT_TYPE, "text/css; charset=utf-8")], STYLESHEET).into_response()
}
