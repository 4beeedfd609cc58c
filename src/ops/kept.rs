//! Answers that browsers keep: told from others by a tag, so that a copy is asked for once (RFC 9111 §5.2, RFC 9110
//! §13.1.2).

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};

/// The media type of stylesheets.
pub const CSS: &str = "text/css; charset=utf-8";

/// What is under a URL that names its content does not change.
pub const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// An answer with its tag; 304 where the browser has it.
pub fn kept(
    headers: &HeaderMap,
    (tag, keep): (&str, &'static str),
    (media_type, content): (&str, impl IntoResponse),
) -> Response {
    let tag = format!("\"{tag}\"");
    let known = headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    let fresh = known == "*" || known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag);
    let kept = [(CACHE_CONTROL, keep.to_owned()), (ETAG, tag)];
    if fresh {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(CONTENT_TYPE, media_type.to_owned())], content).into_response()
}
