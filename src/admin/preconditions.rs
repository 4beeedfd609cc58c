//! Entity tags and preconditions: nobody overwrites what they have not seen (RFC 9110 §8.8.3 and §13.1.1, RFC 6585 §3).

use http::header::{ETAG, IF_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::model::oauth_error::OAuthError;

/// The tag of a version, as a header.
pub fn etag(version: i64) -> [(HeaderName, HeaderValue); 1] {
    let tag = HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""));
    [(ETAG, tag)]
}

/// Whether a change was meant for this version; nothing where it is meant for any. Without `If-Match` it is refused:
/// whoever means any version says `*`.
pub fn must_match(headers: &HeaderMap, version: i64) -> Result<Option<i64>, OAuthError> {
    if headers.get(IF_MATCH).is_none() {
        return Err(OAuthError::new(
            "precondition_required",
            428,
            "If-Match: send the ETag that was read with what is to be changed, or * to change any version",
        ));
    }
    may_match(headers, version)
}

/// The same where `If-Match` may be left out.
pub fn may_match(headers: &HeaderMap, version: i64) -> Result<Option<i64>, OAuthError> {
    if headers.get(IF_MATCH).is_none() {
        return Ok(None);
    }
    let current = format!("\"{version}\"");
    let named = || headers.get_all(IF_MATCH).iter().filter_map(|tags| tags.to_str().ok()).flat_map(|t| t.split(','));
    if named().any(|tag| tag.trim() == "*") {
        return Ok(None);
    }
    if named().any(|tag| tag.trim() == current) {
        return Ok(Some(version));
    }
    Err(OAuthError::changed_since_read())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(tags: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(IF_MATCH, HeaderValue::from_static(tags))])
    }

    #[test]
    fn a_change_names_the_version_it_is_meant_for() {
        assert_eq!(must_match(&HeaderMap::new(), 3).unwrap_err().status, 428);
        assert_eq!(may_match(&HeaderMap::new(), 3).unwrap(), None);
        for (good, meant) in [("\"3\"", Some(3)), ("*", None), ("\"2\", \"3\"", Some(3))] {
            assert_eq!(must_match(&sent(good), 3).unwrap(), meant, "{good}");
        }
        // A weak tag never matches (RFC 9110 section 13.1.1).
        for bad in ["\"2\"", "3", "W/\"3\"", ""] {
            assert_eq!(must_match(&sent(bad), 3).unwrap_err().status, 412, "{bad}");
        }
    }
}
