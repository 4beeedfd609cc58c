//! How long the bodies are that the control API takes.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::BytesMut;
use http_body_util::BodyExt as _;

use crate::model::oauth_error::OAuthError;

/// The longest body, in bytes.
const LONGEST: usize = 4 * 1024 * 1024;

/// How much of a longer one is read and dropped, in bytes: whoever still sends would not see the answer.
const MOST_DROPPED: usize = 16 * 1024 * 1024;

/// Reads the body up to its limit, before anybody else does.
pub(super) async fn limited(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match read(body).await {
        Ok(body) => next.run(Request::from_parts(parts, body)).await,
        Err(error) => error.into_response(),
    }
}

async fn read(mut body: Body) -> Result<Body, OAuthError> {
    let (mut read, mut total) = (BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| OAuthError::new("invalid_request", 408, "the body did not arrive in full"))?;
        let Ok(data) = frame.into_data() else { continue };
        total += data.len();
        if total <= LONGEST {
            read.extend_from_slice(&data);
        } else if total > LONGEST + MOST_DROPPED {
            break;
        }
    }
    if total > LONGEST {
        return Err(OAuthError::request_too_large(format!("the body may have at most {LONGEST} bytes here")));
    }
    Ok(Body::from(read.freeze()))
}
