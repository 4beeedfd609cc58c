//! Where the answer to a client goes, in words for the person who decides (RFC 8252 §7, §8.6).

use super::Claimed;
use crate::model::redirect_uri::{RedirectKind, RedirectUri};

/// Who receives the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnsTo {
    /// A web site, by its host.
    Host(Claimed),
    /// A program on the person's own computer, whichever listens, by the name of the computer that the URI uses.
    Loopback(Claimed),
    /// An app of the device that answers to a private-use scheme.
    PrivateUse {
        /// The scheme, without its colon.
        scheme: Claimed,
    },
}

impl ReturnsTo {
    /// What a redirect URI means to a person.
    pub fn of(uri: &RedirectUri) -> Self {
        match uri.kind() {
            // In full: the end of a host names its owner.
            RedirectKind::Https => Self::Host(Claimed::long(uri.host().unwrap_or_default())),
            RedirectKind::Loopback => Self::Loopback(uri.host().unwrap_or_default().into()),
            RedirectKind::PrivateUse => {
                let scheme = uri.as_str().split(':').next().unwrap_or_default();
                Self::PrivateUse { scheme: scheme.to_ascii_lowercase().into() }
            }
        }
    }

    /// The receiver as part of a sentence.
    pub fn words(&self) -> String {
        match self {
            Self::Host(host) => host.to_string(),
            Self::Loopback(host) => format!("a program on this computer ({host})"),
            Self::PrivateUse { scheme } => format!("an app on this device that answers to {scheme}:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(uri: &str) -> String {
        ReturnsTo::of(&RedirectUri::parse(uri).unwrap()).words()
    }

    #[test]
    fn a_redirect_is_told_in_words() {
        assert_eq!(words("https://Claude.AI:8443/api/mcp/auth_callback"), "claude.ai");
        assert_eq!(words("https://xn--bcher-kva.example/"), "xn--bcher-kva.example");
        assert_eq!(words("http://localhost:6274/callback"), "a program on this computer (localhost)");
        assert_eq!(words("http://[::1]:1/"), "a program on this computer ([::1])");
        assert_eq!(
            words("cursor://anysphere.cursor-mcp/oauth/callback"),
            "an app on this device that answers to cursor:"
        );
        assert_eq!(words("com.example.app:/done"), "an app on this device that answers to com.example.app:");
    }
}
