//! The id that ties a request's log lines, its audit events and its answer together.

use http::{HeaderMap, HeaderName};

use crate::model::random;

/// The header that carries the id, in requests and in answers.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const MAX_LENGTH: usize = 64;

/// The id that the caller (a proxy, a gateway) gave if it is a sane one, else a new one.
pub fn request_id(headers: &HeaderMap) -> String {
    match headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()) {
        Some(id) if is_sane(id) => id.to_owned(),
        _ => random::identifier(),
    }
}

/// At most 64 characters of `[A-Za-z0-9._-]`: nothing that could forge a log line.
fn is_sane(id: &str) -> bool {
    (1..=MAX_LENGTH).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(id: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, id.parse().unwrap());
        request_id(&headers)
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_is_replaced() {
        assert_eq!(given("trace-1.a_B"), "trace-1.a_B");
        for bad in ["", "a b", "a\"b", &"x".repeat(65)] {
            assert_eq!(given(bad).len(), 22, "{bad:?}");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
