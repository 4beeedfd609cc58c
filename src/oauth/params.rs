//! Form parameters (RFC 6749 §3.2): a small multimap that can say which one is missing or repeated.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::model::oauth_error::OAuthError;
use crate::model::scope::printable;

/// The one parameter that may stand several times (RFC 8707 §2).
const REPEATABLE: &str = "resource";

/// More parameters than this are nobody's request.
const MAX_PARAMETERS: usize = 100;

/// The parameters of a request. Those without a value count as absent (RFC 6749 §3.1).
#[derive(Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Parses `application/x-www-form-urlencoded` text strictly: UTF-8, no U+0000, nothing twice but `resource`.
    pub fn parse(text: &[u8]) -> Result<Self, OAuthError> {
        let mut params: Vec<(String, String)> = Vec::new();
        for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if params.len() == MAX_PARAMETERS {
                return Err(OAuthError::invalid_request("there are more than 100 parameters"));
            }
            let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let name = decode(&pair[..equals])?;
            let value = decode(pair.get(equals + 1..).unwrap_or_default())?;
            if name != REPEATABLE && params.iter().any(|(known, _)| *known == name) {
                let name = printable(&name);
                return Err(OAuthError::invalid_request(format!("the parameter {name} stands twice")));
            }
            params.push((name, value));
        }
        params.retain(|(_, value)| !value.is_empty());
        Ok(Self(params))
    }

    /// Names and values in the order they came, to be kept.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// What [`Params::pairs`] gave, once more.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// A parameter, if it has a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that must be there.
    pub fn required(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::invalid_request(format!("the parameter {name} is missing")))
    }

    /// Every value of the repeatable parameter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Form-decodes one name or value (`+` is a blank).
pub fn decode(text: &[u8]) -> Result<String, OAuthError> {
    let decoded = if text.contains(&b'%') || text.contains(&b'+') {
        let blanks: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_decode(&blanks).decode_utf8().map(Cow::into_owned)
    } else {
        // Tokens, secrets and ids need no decoding.
        std::str::from_utf8(text).map(str::to_owned)
    };
    let decoded = decoded.map_err(|_| malformed("is not UTF-8"))?;
    if decoded.as_bytes().contains(&0) {
        return Err(malformed("contains U+0000"));
    }
    Ok(decoded)
}

fn malformed(problem: &str) -> OAuthError {
    OAuthError::invalid_request(format!("a parameter {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_decode_and_empty_ones_count_as_absent() {
        let params = Params::parse(b"a=1+2%2B3&b=&c&resource=x&resource=y").unwrap();
        assert_eq!(params.get("a"), Some("1 2+3"));
        assert_eq!((params.get("b"), params.get("c")), (None, None));
        assert_eq!(params.all("resource").collect::<Vec<_>>(), ["x", "y"]);
        assert!(params.required("b").unwrap_err().description.contains("b is missing"));
    }

    #[test]
    fn repeated_and_malformed_parameters_are_refused() {
        for bad in [&b"a=1&a=2"[..], b"a=&a=2", b"a=%ff", b"a=%00", b"a%00=1"] {
            assert_eq!(Params::parse(bad).unwrap_err().code, "invalid_request");
        }
    }
}
