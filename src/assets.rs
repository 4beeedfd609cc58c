//! Stylesheets and the console's script: a path names its content, so browsers may keep it for ever (RFC 9111 §5.2,
//! RFC 8246).

use axum::response::Response;
use http::HeaderMap;

use crate::ops::kept::{CSS, FOR_EVER, kept};
use crate::pages::{
    CONSOLE_SCRIPT, CONSOLE_SCRIPT_PATH, CONSOLE_STYLESHEET, CONSOLE_STYLESHEET_PATH, STYLESHEET, STYLESHEET_PATH,
};

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

fn asset(headers: &HeaderMap, path: &str, media_type: &str, content: &'static str) -> Response {
    kept(headers, (path.trim_start_matches('/'), FOR_EVER), (media_type, content))
}
