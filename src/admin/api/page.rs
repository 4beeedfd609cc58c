//! What the lists of the API have in common: a page of so many items, and where it goes on.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::cursor::{MOST_ITEMS, Total};
use crate::model::oauth_error::OAuthError;

/// How many items a page has where nobody says how many.
const USUAL: i64 = 50;

/// How many there are in all.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Total)]
pub struct TotalView {
    /// So many were counted; counting stops at 10,000.
    pub count: i64,
    /// Whether these are all; else there may be more.
    pub exact: bool,
}

impl From<Total> for TotalView {
    fn from(total: Total) -> Self {
        Self { count: total.count, exact: total.exact }
    }
}

/// How many items a page is to have.
pub fn limit(asked: Option<i64>) -> Result<i64, OAuthError> {
    match asked {
        None => Ok(USUAL),
        Some(limit) if (1..=MOST_ITEMS).contains(&limit) => Ok(limit),
        Some(_) => Err(OAuthError::invalid_request(format!("limit: must be 1 to {MOST_ITEMS}"))),
    }
}

/// What is answered to a cursor that no page of this query gave.
pub fn foreign_cursor() -> OAuthError {
    OAuthError::invalid_request(
        "cursor: must be the next of the page before, with the same filters; leave it out to begin again",
    )
}

/// Whether a list can begin after a thing that is named: a search has an order of its own, and a cursor a place.
pub fn begins_there(search: &str, cursor: Option<&String>) -> Result<(), OAuthError> {
    match (search, cursor) {
        ("", None) => Ok(()),
        _ => Err(OAuthError::invalid_request("after: cannot be sent with a search or a cursor; leave one of them out")),
    }
}

/// A text that somebody filters by: what no text of the database holds finds nothing, and is refused rather than sent there.
pub fn filter(name: &str, text: Option<String>) -> Result<Option<String>, OAuthError> {
    match text {
        Some(text) if text.contains('\0') => Err(OAuthError::invalid_request(format!("{name}: holds a NUL character"))),
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_1_to_200_items() {
        assert_eq!(limit(None).unwrap(), 50);
        for (asked, good) in [(1, true), (200, true), (0, false), (201, false), (-1, false)] {
            assert_eq!(limit(Some(asked)).is_ok(), good, "{asked}");
        }
    }

    #[test]
    fn what_postgresql_cannot_compare_is_refused() {
        assert!(filter("actor", Some("a\0".to_owned())).is_err());
        assert_eq!(filter("actor", Some("a".to_owned())).unwrap().as_deref(), Some("a"));
    }
}
