//! The one error value of the protocol (RFC 6749 §5.2, RFC 6750 §3.1, RFC 7591 §3.2.2) as plain data.
//!
//! # Design
//! An error is a code for the client, a reason for its developer, and a cause for the log only. The rule and its
//! code stand on the same line (`OAuthError::invalid_scope("…")`); how it is rendered is decided once, at the edge.

use std::fmt;

/// Longer descriptions are cut: they may quote what the caller sent, and are kept in the audit log.
const MAX_DESCRIPTION: usize = 500;

/// An error as the specifications define it: code, status, one line of explanation, hidden cause.
#[derive(Debug)]
pub struct OAuthError {
    /// The `error` member.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The `error_description` member: printable ASCII on one line, names the member, the rule and the remedy.
    pub description: String,
    /// Seconds for a `Retry-After` header.
    pub retry_after: Option<u32>,
    /// What the caller is told to present in `WWW-Authenticate`.
    pub challenge: Option<Challenge>,
    /// What really happened; for the log, never for the client.
    pub cause: Option<anyhow::Error>,
}

/// The scheme of a `WWW-Authenticate` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// Client authentication by HTTP Basic was tried (RFC 6749 §5.2).
    Basic,
    /// A bearer token is missing: the challenge carries no error code (RFC 6750 §3.1).
    BearerMissing,
    /// A bearer token was refused: the challenge repeats the error code (RFC 6750 §3).
    Bearer,
}

/// How the error of a race that was lost ends.
const CHANGED_MEANWHILE: &str = "was changed by somebody else meanwhile; look at it and try again";

/// Defines one constructor per error code: `name(code, status)`.
macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $status:literal;)*) => {
        impl OAuthError {
            $($(#[$doc])*
            pub fn $name(description: impl Into<String>) -> Self {
                Self::new(stringify!($name), $status, description)
            })*
        }
    };
}

errors! {
    /// The request lacks a parameter, repeats one, or is malformed (RFC 6749 §5.2).
    invalid_request = 400;
    /// Client authentication failed (RFC 6749 §5.2).
    invalid_client = 401;
    /// The grant is invalid, expired, revoked or another client's (RFC 6749 §5.2).
    invalid_grant = 400;
    /// The client may not use this grant type (RFC 6749 §5.2).
    unauthorized_client = 400;
    /// The server does not know this grant type (RFC 6749 §5.2).
    unsupported_grant_type = 400;
    /// The scope is unknown, malformed or not granted (RFC 6749 §5.2).
    invalid_scope = 400;
    /// The resource is unknown or not granted (RFC 8707 §2).
    invalid_target = 400;
    /// A redirection URI breaks a rule (RFC 7591 §3.2.2).
    invalid_redirect_uri = 400;
    /// A metadata member breaks a rule (RFC 7591 §3.2.2).
    invalid_client_metadata = 400;
    /// The software statement is malformed or its signature is wrong (RFC 7591 §3.2.2).
    invalid_software_statement = 400;
    /// The software statement's issuer is not accepted here (RFC 7591 §3.2.2).
    unapproved_software_statement = 400;
    /// The bearer token is missing, malformed, expired or revoked (RFC 6750 §3.1).
    invalid_token = 401;
    /// The bearer token lacks a scope (RFC 6750 §3.1).
    insufficient_scope = 403;
    /// Registration is off, or this client may not be registered or managed by the caller.
    registration_forbidden = 403;
    /// The person, or the server, denied the request (RFC 6749 §4.1.2.1).
    access_denied = 400;
    /// This response type is not served (RFC 6749 §4.1.2.1).
    unsupported_response_type = 400;
    /// The person would have to log in, and must not be asked (OpenID Connect Core §3.1.2.6).
    login_required = 400;
    /// The person would have to consent, and must not be asked (OpenID Connect Core §3.1.2.6).
    consent_required = 400;
    /// Request objects by value are not taken (OpenID Connect Core §3.1.2.6).
    request_not_supported = 400;
    /// Request objects by reference are not taken (OpenID Connect Core §3.1.2.6).
    request_uri_not_supported = 400;
    /// Registration in the request is not taken (OpenID Connect Core §3.1.2.6).
    registration_not_supported = 400;
    /// Nothing lives under this path.
    not_found = 404;
    /// The path exists, the method does not.
    method_not_allowed = 405;
    /// The state changed meanwhile; read again and retry.
    conflict = 409;
    /// The request was meant for another version than the present one (RFC 9110 §13.1.1).
    precondition_failed = 412;
    /// The body is too large.
    request_too_large = 413;
    /// The content type is not the one this endpoint takes.
    unsupported_media_type = 415;
    /// Too many requests from this source.
    too_many_requests = 429;
    /// The server cannot answer now (RFC 6749 §4.1.2.1); `Retry-After` says when to try again.
    temporarily_unavailable = 503;
}

impl OAuthError {
    /// An error from its parts. The description is brought to printable ASCII without `"` and `\` (RFC 6749 §5.2).
    pub fn new(code: &'static str, status: u16, description: impl Into<String>) -> Self {
        let challenge = match code {
            "invalid_token" | "insufficient_scope" => Some(Challenge::Bearer),
            _ => None,
        };
        let retry_after = (status == 503).then_some(2);
        Self { code, status, description: ascii_line(description.into()), retry_after, challenge, cause: None }
    }

    /// An internal failure: the client learns nothing but the code, the log gets the cause.
    pub fn server_error(cause: impl Into<anyhow::Error>) -> Self {
        let mut error = Self::new("server_error", 500, "the server failed to answer; the request may be tried again");
        error.cause = Some(cause.into());
        error
    }

    /// The database (or another part the server depends on) is away; the request may be tried again.
    pub fn unavailable(cause: impl Into<anyhow::Error>) -> Self {
        let mut error = Self::temporarily_unavailable("the server cannot reach its database; try again shortly");
        error.cause = Some(cause.into());
        error
    }

    /// `what`, such as `the client`, was changed between the read and the write; nothing was written.
    pub fn changed_meanwhile(what: &str) -> Self {
        Self::conflict(format!("{what} {CHANGED_MEANWHILE}"))
    }

    /// Whether it is the error of a change that somebody else was faster with.
    pub fn is_changed_meanwhile(&self) -> bool {
        self.description.ends_with(CHANGED_MEANWHILE)
    }

    /// Why `what` was not deleted although it was there when it was read: it is gone, or of another version than the one
    /// that was asked for.
    pub fn not_deleted(version: Option<i64>, what: &str) -> Self {
        match version {
            Some(_) => Self::changed_since_read(),
            None => Self::not_found(format!("{what} was deleted meanwhile")),
        }
    }

    /// What `If-Match` names was changed since it was read.
    pub fn changed_since_read() -> Self {
        Self::precondition_failed(
            "If-Match: this was changed since it was read; read it again, and apply the change to what it is now",
        )
    }

    /// The same error with a challenge for `WWW-Authenticate`.
    #[must_use]
    pub fn with_challenge(mut self, challenge: Challenge) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// The same error with a number of seconds for `Retry-After`.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.description)
    }
}

impl std::error::Error for OAuthError {}

/// A lost connection is 503, and what belongs to something that is gone is 404: a deletion came first, which no check
/// before the statement can rule out. Anything else from the database is 500.
impl From<sqlx::Error> for OAuthError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed => Self::unavailable(error),
            sqlx::Error::Database(ref inner) if is_outage(inner.code().as_deref()) => Self::unavailable(error),
            sqlx::Error::Database(ref inner) if inner.is_foreign_key_violation() => {
                Self::not_found("what this belongs to was deleted meanwhile")
            }
            _ => Self::server_error(error),
        }
    }
}

/// SQLSTATE classes 08 (connection), 40 (deadlock, serialization), 53 (resources) and 57 (operator intervention,
/// shutdown), of five characters; SQLite's BUSY and IOERR, whose low byte counts.
fn is_outage(code: Option<&str>) -> bool {
    code.is_some_and(|code| {
        ["08", "40", "53", "57"].iter().any(|class| code.len() == 5 && code.starts_with(class))
            || (code.len() < 5 && matches!(code.parse::<u32>().map(|code| code & 0xff), Ok(5 | 10)))
    })
}

fn ascii_line(text: String) -> String {
    let bad = |c: char| !matches!(c, ' '..='~') || c == '"' || c == '\\';
    if text.len() <= MAX_DESCRIPTION && !text.contains(bad) {
        return text;
    }
    text.chars()
        .take(MAX_DESCRIPTION)
        .map(|c| match c {
            '"' => '\'',
            '\n' | '\r' | '\t' => ' ',
            c if bad(c) => '?',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_one_line_of_safe_ascii() {
        let error = OAuthError::invalid_request("say \"hi\"\nto caf\u{e9}\\");
        assert_eq!(error.description, "say 'hi' to caf??");
    }

    #[test]
    fn descriptions_are_short_whatever_they_quote() {
        assert_eq!(OAuthError::invalid_request("x".repeat(70_000)).description.len(), MAX_DESCRIPTION);
    }

    #[test]
    fn a_lost_connection_is_503_with_retry_after() {
        let error = OAuthError::from(sqlx::Error::PoolTimedOut);
        assert_eq!((error.status, error.retry_after), (503, Some(2)));
    }
}
