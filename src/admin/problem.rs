//! Errors of the administration API: problem details (RFC 9457).

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoResponses, ToSchema};

use crate::oauth::error::ErrorCode;

/// No description is longer than this.
const MOST: usize = 16 * 1_024;

/// What went wrong (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// The kind of problem, as a URL relative to this server; the page there explains it.
    #[schema(example = "/api/v1#precondition_failed")]
    r#type: String,
    /// The HTTP status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this request: the member, the rule and the remedy, on one line.
    detail: String,
    /// The kind of problem in one word.
    code: String,
    /// The request, as logs and the audit log name it.
    request_id: String,
}

/// What an answer says that carries an error.
#[derive(Debug, Deserialize)]
struct Told {
    error: String,
    error_description: String,
}

/// The answer as problem details if it is an error, else as it is. Status and headers are kept.
pub async fn for_programs(request_id: &str, response: Response) -> Response {
    if response.extensions().get::<ErrorCode>().is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, MOST).await.unwrap_or_default();
    let Ok(told) = serde_json::from_slice::<Told>(&body) else { return Response::from_parts(parts, Body::from(body)) };
    let problem = Problem {
        r#type: format!("/api/v1#{}", told.error),
        title: title(parts.status),
        status: parts.status.as_u16(),
        detail: told.error_description,
        code: told.error,
        request_id: request_id.to_owned(),
    };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body))
}

fn title(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or("Error").to_owned()
}

macro_rules! problems {
    ($(#[$doc:meta])* $name:ident { $($(#[$response:meta])* $variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, IntoResponses)]
        pub enum $name {
            $($(#[$response])* $variant(#[to_schema] Problem),)*
        }
    };
}

problems! {
    /// What every request may be answered.
    AnyProblem {
        /// Malformed: a parameter that is not known, or a value that is not one.
        #[response(status = 400, content_type = "application/problem+json")]
        Malformed,
        /// No API token, or one that is unknown, has expired or was revoked.
        #[response(status = 401, content_type = "application/problem+json")]
        Unauthenticated,
        /// The token's role does not allow it.
        #[response(status = 403, content_type = "application/problem+json")]
        Forbidden,
        /// There is no such thing within reach.
        #[response(status = 404, content_type = "application/problem+json")]
        NotFound,
        /// Too many failed attempts from this address; `Retry-After` says when to try again.
        #[response(status = 429, content_type = "application/problem+json")]
        TooMany,
        /// The server cannot answer now; `Retry-After` says when to try again.
        #[response(status = 503, content_type = "application/problem+json")]
        Unavailable,
    }
}

problems! {
    /// What a change may be answered besides.
    ChangeProblem {
        /// It contradicts what is there: a name that is taken, a state in which it cannot be done.
        #[response(status = 409, content_type = "application/problem+json")]
        Conflict,
        /// `If-Match` names another version than the current one.
        #[response(status = 412, content_type = "application/problem+json")]
        Stale,
        /// The body is too large.
        #[response(status = 413, content_type = "application/problem+json")]
        TooLarge,
        /// The body is not JSON.
        #[response(status = 415, content_type = "application/problem+json")]
        NotJson,
        /// The idempotency key was used with another request.
        #[response(status = 422, content_type = "application/problem+json")]
        OtherRequest,
        /// `If-Match` is missing.
        #[response(status = 428, content_type = "application/problem+json")]
        PreconditionRequired,
    }
}
