//! Scopes (RFC 6749 §3.3): an ordered list of distinct tokens, and the scopes a domain defines.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list of distinct scope tokens in the order they were given; written as one space-separated string.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct ScopeSet(Vec<String>);

impl ScopeSet {
    /// Parses a space-separated list. The error names the token that breaks RFC 6749 §3.3.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::from_tokens(text.split(' ').filter(|token| !token.is_empty()))
    }

    /// Collects tokens, dropping repetitions. The error names the token that breaks RFC 6749 §3.3.
    pub fn from_tokens<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut set = Self::default();
        for token in tokens {
            if !is_token(token) {
                return Err(format!("\"{}\" is not a scope", printable(token)));
            }
            set.insert(token);
        }
        Ok(set)
    }

    /// Adds a token unless it is there.
    pub fn insert(&mut self, token: &str) {
        if !self.contains(token) {
            self.0.push(token.to_owned());
        }
    }

    /// Whether the token is in the list.
    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|own| own == token)
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tokens in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The tokens that `keep` accepts.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|token| keep(token)).cloned().collect())
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )` (RFC 6749 §3.3).
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

/// Text made safe for an `error_description` (RFC 6749 §5.2: printable ASCII without `"` and `\`), cut at 60 characters.
pub fn printable(text: &str) -> String {
    let safe = |c: char| if matches!(c, ' '..='~') && c != '"' && c != '\\' { c } else { '?' };
    let mut shown: String = text.chars().take(60).map(safe).collect();
    if text.chars().count() > 60 {
        shown.push_str("...");
    }
    shown
}

/// A scope that a domain defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Scope {
    /// The token itself.
    pub name: String,
    /// A short name for people.
    pub label: String,
    /// What it allows, in words.
    pub description: String,
    /// Never listed in discovery.
    pub hidden: bool,
    /// Granted by an administrator only; no registration can ask for it.
    pub reserved: bool,
    /// May be asked for in a registration.
    pub self_registrable: bool,
    /// Counts the changes; 0 for a scope that is not stored yet.
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsing_drops_repetitions_and_extra_blanks() {
        assert_eq!(ScopeSet::parse("  read write  read ").unwrap().to_string(), "read write");
        assert!(ScopeSet::parse("").unwrap().is_empty());
    }

    #[test]
    fn a_bad_token_is_named_in_safe_characters() {
        assert!(ScopeSet::parse("ok b\"ad").unwrap_err().contains("b?ad"));
        assert!(ScopeSet::parse("sn\u{e9}").is_err());
        assert!(ScopeSet::parse("a\\b").is_err());
        assert!(ScopeSet::parse("a\tb").is_err());
    }
}
