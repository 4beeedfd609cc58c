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

/// A kind of problem: its code, its status, what it means and what to do.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The `code` member, and the anchor that `type` leads to.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What it means, and the remedy.
    pub meaning: &'static str,
}

/// Every kind of problem that the API answers.
#[rustfmt::skip]
pub const KINDS: &[Kind] = &[
    Kind { code: "invalid_request", status: 400, meaning: "A parameter, a member of the body or a header is unknown, missing or not what it must be. The detail names it, the rule and the remedy. With status 408 the body did not arrive in full." },
    Kind { code: "invalid_client_metadata", status: 400, meaning: "A member of a client's metadata breaks a rule of its kind or of the domain." },
    Kind { code: "invalid_redirect_uri", status: 400, meaning: "A redirection URI breaks a rule: https, loopback and private-use schemes are taken, without fragment and wildcard." },
    Kind { code: "invalid_scope", status: 400, meaning: "A scope is unknown in the domain, malformed, or reserved for what an administrator grants." },
    Kind { code: "invalid_target", status: 400, meaning: "A resource is unknown in the domain, or its identifier is not one." },
    Kind { code: "invalid_software_statement", status: 400, meaning: "A software statement is malformed or its signature is wrong." },
    Kind { code: "unapproved_software_statement", status: 400, meaning: "The issuer of a software statement is not accepted in the domain." },
    Kind { code: "invalid_token", status: 401, meaning: "The API token is missing, unknown, expired or revoked. Send Authorization: Bearer adm_..." },
    Kind { code: "invalid_client", status: 401, meaning: "The client does not exist, or no longer." },
    Kind { code: "forbidden", status: 403, meaning: "The token's role does not allow this. Auditors look, editors change what is in a domain, owners do everything." },
    Kind { code: "registration_forbidden", status: 403, meaning: "The domain, its policy or the client's state does not allow what was asked for." },
    Kind { code: "not_found", status: 404, meaning: "Nothing of that name is within the token's reach. A domain out of reach is, for a token, not there." },
    Kind { code: "method_not_allowed", status: 405, meaning: "The path exists, the method does not. The Allow header lists those that do." },
    Kind { code: "conflict", status: 409, meaning: "It contradicts what is there: a name that is taken, a state in which it cannot be done, a change that came first. Read again and decide anew." },
    Kind { code: "precondition_failed", status: 412, meaning: "If-Match names another version than the present one: somebody changed it since it was read. Read it again and apply the change to what it is now." },
    Kind { code: "request_too_large", status: 413, meaning: "The body is larger than what is taken." },
    Kind { code: "unsupported_media_type", status: 415, meaning: "The body is of another media type than the path takes, mostly application/json." },
    Kind { code: "idempotency_key_reused", status: 422, meaning: "The idempotency key came before, with another request. Use a new key for each request that is meant." },
    Kind { code: "precondition_required", status: 428, meaning: "A change must say which version it is meant for: send If-Match with the ETag that was read, or * for any." },
    Kind { code: "too_many_requests", status: 429, meaning: "Too many failed attempts from this address. Retry-After says for how long to wait." },
    Kind { code: "server_error", status: 500, meaning: "The server failed. The request may be tried again; the server's log has the cause under the request_id." },
    Kind { code: "temporarily_unavailable", status: 503, meaning: "The server, its database or a bounded queue cannot answer now. Retry-After says when to try again." },
];

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
