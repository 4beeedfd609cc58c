//! Bodies of requests, read within their limit.

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT};
use http::request::Parts;
use http::{HeaderValue, Version};
use http_body_util::BodyExt as _;

use crate::model::oauth_error::OAuthError;

/// How much of a body beyond its limit is read and dropped, in bytes.
const MOST_DROPPED: usize = 16 * 1024 * 1024;

/// Reads the body before anybody decides anything: a connection on which it was left unread cannot be used again, and
/// a peer that is still sending would lose the answer. What is over the limit is read up to a point, and dropped.
pub(crate) async fn read(parts: &Parts, mut body: Body, limit: usize) -> Result<Bytes, OAuthError> {
    let too_large = || OAuthError::request_too_large(format!("the body may have at most {limit} bytes here"));
    let length = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let announced = length.unwrap_or(0);
    if announced > limit && (announced > limit + MOST_DROPPED || parts.headers.contains_key(EXPECT)) {
        return Err(too_large());
    }
    let (mut bytes, mut total) = (BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| OAuthError::new("invalid_request", 408, "the body did not arrive in full"))?;
        let Ok(data) = frame.into_data() else { continue };
        total += data.len();
        if total <= limit {
            bytes.extend_from_slice(&data);
        } else if total > limit + MOST_DROPPED {
            break;
        }
    }
    if total > limit { Err(too_large()) } else { Ok(bytes.freeze()) }
}

/// The last answer on its connection: what is left of the request would be taken for the next one's head.
pub(crate) fn last(mut response: Response, version: Version) -> Response {
    if version < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
