//! The id that ties a request's log lines, its audit events and its answer together.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName};

use crate::model::random;

/// The header that carries the id, in requests and in answers.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const MAX_LENGTH: usize = 64;

/// Where a server's ids come from: random bits of its own, and a count, mixed so that nobody reads from an id how many
/// requests there were. To ask the system for new bits each time would take longer than most that is done for a request.
#[derive(Debug)]
pub struct RequestIds {
    own: [u8; 16],
    count: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        Self { own: random::bytes(), count: AtomicU64::default() }
    }
}

impl RequestIds {
    /// The id that the caller (a proxy, a gateway) gave if it is a sane one, else a new one.
    pub fn of(&self, headers: &HeaderMap) -> String {
        match headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()) {
            Some(id) if is_sane(id) => id.to_owned(),
            _ => self.next(),
        }
    }

    fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let half = |which: u8| {
            let mut hasher = DefaultHasher::new();
            (self.own, count, which).hash(&mut hasher);
            hasher.finish()
        };
        // The first bit is none, so that no id begins with `-`, which looks like an option on a command line.
        random::encode(&((u128::from(half(0) >> 1) << 64) | u128::from(half(1))).to_be_bytes())
    }
}

fn is_sane(id: &str) -> bool {
    (1..=MAX_LENGTH).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_sane_id_is_kept_and_any_other_is_replaced() {
        let ids = RequestIds::default();
        let given = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, id.parse().unwrap());
            ids.of(&headers)
        };
        assert_eq!(given("trace-1.a_B"), "trace-1.a_B");
        for bad in ["", "a b", "a\"b", &"x".repeat(65)] {
            assert_eq!(given(bad).len(), 22, "{bad:?}");
        }
    }

    #[test]
    fn an_id_comes_once_whichever_server_makes_it() {
        let servers = [RequestIds::default(), RequestIds::default()];
        let made: BTreeSet<String> =
            (0..500).flat_map(|_| servers.iter().map(|ids| ids.of(&HeaderMap::new()))).collect();
        assert_eq!(made.len(), 1_000);
        assert!(made.iter().all(|id| is_sane(id) && !id.starts_with('-')));
    }
}
