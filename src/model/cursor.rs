//! Where a list goes on: an opaque text that fits one query only.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest cursor that is read; ours are far shorter.
const LONGEST: usize = 2_048;

/// Bytes of the hash that ties a cursor to its query.
const MARK: usize = 8;

/// How many rows a page looks at, at the most; a page that ends there says so and goes on at its cursor.
pub const MOST_EXAMINED: i64 = 20_000;

/// The same where each row takes a lookup in an index.
pub const MOST_LOOKED_UP: i64 = 3_000;

/// The same where each row takes a look at a row elsewhere, which may have to be read from the disk.
pub const MOST_VISITED: i64 = 1_000;

/// The most items of one page.
pub const MOST_ITEMS: i64 = 200;

/// What is counted no further; more than that reads "10,000+".
pub const MOST_COUNTED: i64 = 10_000;

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Total {
    /// So many were counted.
    pub count: i64,
    /// Whether these are all; else there may be more.
    pub exact: bool,
}

impl Total {
    /// What counting came to that went up to one more than [`MOST_COUNTED`].
    pub fn capped(counted: i64) -> Self {
        Self { count: counted.min(MOST_COUNTED), exact: counted <= MOST_COUNTED }
    }

    /// All of these.
    pub fn of(counted: usize) -> Self {
        Self::capped(i64::try_from(counted).unwrap_or(i64::MAX))
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let both = Self::capped(self.count + other.count);
        Self { exact: self.exact && other.exact && both.exact, ..both }
    }
}

/// Makes the cursor of a place within a query. `list` names the kind of list; the query's own place and page size are
/// no part of what it serialises to.
pub fn encode(list: &str, query: &impl Serialize, place: &impl Serialize) -> String {
    let mut bytes = mark(list, query).to_vec();
    bytes.extend(serde_json::to_vec(place).unwrap_or_default());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor. `None`: it was not made here for this query.
pub fn decode<P: DeserializeOwned>(list: &str, query: &impl Serialize, cursor: &str) -> Option<P> {
    if cursor.len() > LONGEST {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (found, place) = bytes.split_at_checked(MARK)?;
    (found == mark(list, query)).then(|| serde_json::from_slice(place).ok()).flatten()
}

/// Ties a cursor to a query. No secret: whoever makes one up reads no more than the list.
fn mark(list: &str, query: &impl Serialize) -> [u8; MARK] {
    let told = serde_json::to_string(&(list, query)).unwrap_or_default();
    let hash = digest::digest(&digest::SHA256, told.as_bytes());
    let mut mark = [0; MARK];
    mark.copy_from_slice(&hash.as_ref()[..MARK]);
    mark
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cursor_fits_its_own_query_only() {
        let cursor = encode("clients", &"query", &(7, "id"));
        assert_eq!(decode::<(i64, String)>("clients", &"query", &cursor), Some((7, "id".to_owned())));
        assert_eq!(decode::<(i64, String)>("clients", &"another", &cursor), None);
        assert_eq!(decode::<(i64, String)>("users", &"query", &cursor), None);
        assert_eq!(decode::<(String, i64)>("clients", &"query", &cursor), None);
        for bad in ["", "x", "AAAA", "%%%", &"A".repeat(3_000)] {
            assert_eq!(decode::<(i64, String)>("clients", &"query", bad), None, "{bad}");
        }
    }

    #[test]
    fn totals_are_exact_up_to_ten_thousand() {
        assert_eq!(Total::capped(10_000), Total { count: 10_000, exact: true });
        assert_eq!(Total::capped(10_001), Total { count: 10_000, exact: false });
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_breaks_it(text in "\\PC{0,60}") {
            prop_assert_eq!(decode::<(i64, String)>("clients", &0, &text), None);
        }
    }
}
