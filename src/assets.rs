//! Stylesheets and the console's script: a path names its content, so browsers may keep it for ever (RFC 9111 §5.2,
//! RFC 8246).

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};

use crate::pages::{
    CONSOLE_SCRIPT, CONSOLE_SCRIPT_PATH, CONSOLE_STYLESHEET, CONSOLE_STYLESHEET_PATH, STYLESHEET, STYLESHEET_PATH,
};

/// The media type of stylesheets.
pub const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// What is under a URL that names its content does not change.
pub const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// `GET /assets/registrar-….css`
pub async fn stylesheet(headers: HeaderMap) -> Response {
    asset(&headers, STYLESHEET_PATH, CSS, STYLESHEET)
}

/// `GET /assets/console-….css`
pub async fn console_stylesheet(headers: HeaderMap) -> Response {
    asset(&headers, CONSOLE_STYLESHEET_PATH, CSS, CONSOLE_STYLESHEET)
}

/// `GET /assets/console-….js`
pub async fn console_script(headers: HeaderMap) -> Response {
    asset(&headers, CONSOLE_SCRIPT_PATH, SCRIPT, CONSOLE_SCRIPT)
}

fn asset(headers: &HeaderMap, path: &str, media_type: &str, content: &'static str) -> Response {
    kept(headers, (path.trim_start_matches('/'), FOR_EVER), (media_type, content))
}

/// An answer that browsers keep, told from others by its tag; 304 where they have it.
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
