//! How long the bodies are that the control API takes.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::edge::body::{last, read};

/// The longest body, in bytes.
const LONGEST: usize = 4 * 1024 * 1024;

/// Reads the body up to its limit, before anybody else does.
pub(super) async fn limited(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match read(&parts, body, LONGEST).await {
        Ok(body) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(error) => last(error.into_response(), parts.version),
    }
}
