//! Stylesheets and the console's script: a path names its content, so browsers may keep it for ever (RFC 9111 §5.2,
//! RFC 8246).

use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};

use crate::pages::{
    CONSOLE_SCRIPT, CONSOLE_SCRIPT_PATH, CONSOLE_STYLESHEET, CONSOLE_STYLESHEET_PATH, STYLESHEET, STYLESHEET_PATH,
};

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

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

fn asset(headers: &HeaderMap, path: &str, media_type: &'static str, content: &'static str) -> Response {
    let tag = format!("\"{}\"", path.trim_start_matches('/'));
    let known = headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    let fresh = known == "*" || known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag);
    let kept = [(CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()), (ETAG, tag)];
    if fresh {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(CONTENT_TYPE, media_type)], content).into_response()
}
