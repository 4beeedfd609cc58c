//! Entity tags and preconditions: nobody overwrites what they have not seen (RFC 9110 §8.8.3 and §13.1.1, RFC 6585 §3).

use http::header::{ETAG, IF_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::model::oauth_error::OAuthError;

/// The tag of a version, as a header.
pub fn etag(version: i64) -> [(HeaderName, HeaderValue); 1] {
    let tag = HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""));
    [(ETAG, tag)]
}

/// Whether a change was meant for this version. Without `If-Match` it is refused: whoever means any version says `*`.
pub fn must_match(headers: &HeaderMap, version: i64) -> Result<(), OAuthError> {
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
pub fn may_match(headers: &HeaderMap, version: i64) -> Result<(), OAuthError> {
    if headers.get(IF_MATCH).is_none() {
        return Ok(());
    }
    let current = format!("\"{version}\"");
    let mut named = headers.get_all(IF_MATCH).iter().filter_map(|tags| tags.to_str().ok()).flat_map(|t| t.split(','));
    if named.any(|tag| tag.trim() == "*" || tag.trim() == current) {
        return Ok(());
    }
    Err(OAuthError::new(
        "precondition_failed",
        412,
        "If-Match: this was changed since it was read; read it again, and apply the change to what it is now",
    ))
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
        assert!(may_match(&HeaderMap::new(), 3).is_ok());
        for good in ["\"3\"", "*", "\"2\", \"3\""] {
            assert!(must_match(&sent(good), 3).is_ok(), "{good}");
        }
        // A weak tag never matches (RFC 9110 section 13.1.1).
        for bad in ["\"2\"", "3", "W/\"3\"", ""] {
            assert_eq!(must_match(&sent(bad), 3).unwrap_err().status, 412, "{bad}");
        }
    }
}
