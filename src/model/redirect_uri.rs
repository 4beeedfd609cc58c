//! Redirect URIs: which may be registered (RFC 7591 §2, RFC 8252 §7, RFC 9700 §4.1) and which then match.
//!
//! # Design
//! The text is judged as it stands and never rewritten: what parsers disagree about (case, dot segments, octal
//! addresses, userinfo) cannot match by accident, because comparison is exact and only a loopback port is set aside.

use serde::{Deserialize, Serialize};
use url::Url;

/// Schemes that run code, read local data, or never come back to a client.
const DENIED_SCHEMES: &[&str] = &[
    "about",
    "android-app",
    "blob",
    "chrome",
    "content",
    "data",
    "file",
    "filesystem",
    "ftp",
    "ftps",
    "intent",
    "jar",
    "javascript",
    "livescript",
    "mailto",
    "mocha",
    "resource",
    "sms",
    "tel",
    "urn",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// The hosts for which `http` is taken (RFC 8252 §7.3, §8.3).
const LOOPBACK_HOSTS: &[&str] = &["localhost", "127.0.0.1", "[::1]"];

/// How a redirect reaches the client (RFC 8252 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RedirectKind {
    /// An `https` URI.
    Https,
    /// An `http` URI of this machine, on any port.
    Loopback,
    /// A scheme that an application registered with the operating system.
    PrivateUse,
}

/// A redirect URI that may be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    kind: RedirectKind,
    host: Option<String>,
}

impl RedirectUri {
    /// Judges a redirect URI. The error says what is wrong and what would be right, without quoting the URI.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        check_characters(text)?;
        let (scheme, rest) = split_scheme(text)?;
        let scheme = scheme.to_ascii_lowercase();
        let authority = rest.strip_prefix("//").map(|after| before_any(after, "/?"));
        if authority.is_some_and(|authority| authority.contains('@')) {
            return Err("holds user information; leave out everything up to the at sign");
        }
        if before_any(rest, "?").contains('*') {
            return Err("holds a wildcard; list each URI in full");
        }
        match scheme.as_str() {
            "https" | "http" => Self::web(text, &scheme, authority),
            denied if DENIED_SCHEMES.contains(&denied) => {
                Err("uses a scheme that does not lead back to the client; use https or a private-use scheme")
            }
            _ if rest.is_empty() => Err("has nothing after its scheme; add a path"),
            _ => Ok(Self { text: text.to_owned(), kind: RedirectKind::PrivateUse, host: None }),
        }
    }

    fn web(text: &str, scheme: &str, authority: Option<&str>) -> Result<Self, &'static str> {
        let authority = authority.filter(|authority| !authority.is_empty()).ok_or("has no host; write it in full")?;
        let (host, port) = split_port(authority);
        let read = Url::parse(text).ok().filter(|_| port != Some("")).ok_or("is not a well-formed URI")?;
        let kind = match scheme {
            "https" => RedirectKind::Https,
            _ if LOOPBACK_HOSTS.iter().any(|own| own.eq_ignore_ascii_case(host)) => RedirectKind::Loopback,
            _ => return Err("uses http beyond this machine; use https (http is for localhost, 127.0.0.1 and [::1])"),
        };
        let host = read.host_str().map(|host| host.trim_end_matches('.').to_owned());
        Ok(Self { text: text.to_owned(), kind, host })
    }

    /// The URI exactly as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How the redirect reaches the client.
    pub fn kind(&self) -> RedirectKind {
        self.kind
    }

    /// The host as a browser reads it, without port and final dot; `None` for private-use schemes.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Whether a request that names `requested` may be answered there: equal as strings (RFC 9700 §2.1), except that
    /// a loopback URI may name any port (RFC 8252 §7.3).
    pub fn matches(&self, requested: &str) -> bool {
        if self.text == requested {
            return true;
        }
        self.kind == RedirectKind::Loopback
            && Self::parse(requested).is_ok_and(|requested| {
                requested.kind == RedirectKind::Loopback
                    && requested.without_loopback_port() == self.without_loopback_port()
            })
    }

    /// The URI without its port if it is a loopback URI, else as it is.
    pub fn without_loopback_port(&self) -> String {
        if self.kind != RedirectKind::Loopback {
            return self.text.clone();
        }
        let start = self.text.find("//").map_or(0, |at| at + 2);
        let (scheme, rest) = self.text.split_at(start);
        let authority = before_any(rest, "/?");
        let (host, _) = split_port(authority);
        format!("{scheme}{host}{}", &rest[authority.len()..])
    }
}

/// Whether a host is listed, by its name or by `.domain` for everything below.
pub fn is_host_among(patterns: &[String], host: &str) -> bool {
    patterns.iter().any(|pattern| {
        let pattern = pattern.to_ascii_lowercase();
        host == pattern || pattern.starts_with('.') && host.ends_with(&pattern)
    })
}

/// Whether a text can stand in a list of hosts that [`is_host_among`] reads. The error names the remedy.
pub fn check_host_pattern(pattern: &str) -> Result<(), String> {
    let host = pattern.strip_prefix('.').unwrap_or(pattern).to_ascii_lowercase();
    let named = Url::parse(&format!("https://{host}/")).ok();
    if named.is_some_and(|url| url.host_str() == Some(&*host) && url.path() == "/") && !host.starts_with('.') {
        return Ok(());
    }
    Err(format!("'{pattern}' is not a host; write app.example.com, or .example.com for all below"))
}

/// Only the characters of RFC 3986 §2, percent-encoding well-formed, no fragment.
fn check_characters(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("is empty");
    }
    if text.contains('#') {
        return Err("holds a fragment; leave out the number sign and what follows it (RFC 6749 section 3.1.2)");
    }
    if text.contains('\\') {
        return Err("holds a backslash; use slashes");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("holds a blank or control character; percent-encode it");
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&b)) {
        return Err("holds a character that is not allowed in a URI; percent-encode it");
    }
    let mut encoded = text.split('%').skip(1);
    if !encoded.all(|after| after.len() >= 2 && after.bytes().take(2).all(|b| b.is_ascii_hexdigit())) {
        return Err("holds a percent sign that two hexadecimal digits do not follow");
    }
    Ok(())
}

/// `scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )` (RFC 3986 §3.1), and what follows the colon.
fn split_scheme(text: &str) -> Result<(&str, &str), &'static str> {
    text.split_once(':')
        .filter(|(scheme, _)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        })
        .ok_or("has no scheme; write the URI in full, such as https://app.example.com/callback")
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn before_any<'a>(text: &'a str, ends: &str) -> &'a str {
    text.split(|c| ends.contains(c)).next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://claude.ai/api/mcp/auth_callback", RedirectKind::Https)]
    #[case("https://app.example:8443/cb?tenant=1*2", RedirectKind::Https)]
    #[case("https://localhost/cb", RedirectKind::Https)]
    #[case("HTTPS://App.Example/cb", RedirectKind::Https)]
    #[case("http://127.0.0.1/", RedirectKind::Loopback)]
    #[case("http://127.0.0.1:33418", RedirectKind::Loopback)]
    #[case("http://localhost:8787/callback", RedirectKind::Loopback)]
    #[case("http://[::1]:9/cb", RedirectKind::Loopback)]
    #[case("cursor://anysphere.cursor-mcp/oauth/callback", RedirectKind::PrivateUse)]
    #[case("com.example.field:/cb", RedirectKind::PrivateUse)]
    #[case("vscode://vscode.microsoft-authentication", RedirectKind::PrivateUse)]
    fn these_may_be_registered(#[case] text: &str, #[case] kind: RedirectKind) {
        let uri = RedirectUri::parse(text).unwrap();
        assert_eq!((uri.kind(), uri.as_str()), (kind, text));
        assert!(uri.matches(text));
    }

    #[rstest]
    #[case("", "empty")]
    #[case("https://app.example/cb#x", "fragment")]
    #[case("https://app.example/cb#", "fragment")]
    #[case("com.example:/cb#", "fragment")]
    #[case("https://*.example/cb", "wildcard")]
    #[case("https://app.example/*", "wildcard")]
    #[case("com.example:/*", "wildcard")]
    #[case("https://user@app.example/cb", "user information")]
    #[case("http://127.0.0.1:80@evil.example/cb", "user information")]
    #[case("custom://user:pass@host/cb", "user information")]
    #[case("http://app.example/cb", "use https")]
    #[case("http://127.0.0.2/cb", "use https")]
    #[case("http://127.000.000.001/cb", "use https")]
    #[case("http://localhost.evil.example/cb", "use https")]
    #[case("http://localhost./cb", "use https")]
    #[case("//app.example/cb", "no scheme")]
    #[case("/cb", "no scheme")]
    #[case("app.example/cb", "no scheme")]
    #[case("1app:/cb", "no scheme")]
    #[case("https:/app.example/cb", "no host")]
    #[case("https:///cb", "no host")]
    #[case("https://app.example:/cb", "well-formed")]
    #[case("https://app.example:99999/cb", "well-formed")]
    #[case("https://[::1/cb", "well-formed")]
    #[case("https://app.example/a b", "blank")]
    #[case(" https://app.example/cb", "blank")]
    #[case("https://app.example/\ncb", "blank")]
    #[case("https://app.example\\@evil.example/", "backslash")]
    #[case("https://app.example/caf\u{e9}", "percent-encode")]
    #[case("https://app.example/<x>", "percent-encode")]
    #[case("https://app.example/%4", "hexadecimal")]
    #[case("javascript:alert(1)", "lead back")]
    #[case("JavaScript://app.example/%0aalert(1)", "lead back")]
    #[case("data:text/html,x", "lead back")]
    #[case("blob:https://app.example/1", "lead back")]
    #[case("file:///etc/passwd", "lead back")]
    #[case("vbscript:x", "lead back")]
    #[case("about:blank", "lead back")]
    #[case("filesystem:https://app.example/x", "lead back")]
    #[case("wss://app.example/x", "lead back")]
    #[case("mailto:a", "lead back")]
    #[case("urn:ietf:wg:oauth:2.0:oob", "lead back")]
    #[case("com.example:", "nothing after")]
    fn these_are_refused_with_a_remedy(#[case] text: &str, #[case] says: &str) {
        let problem = RedirectUri::parse(text).unwrap_err();
        assert!(problem.contains(says), "{text}: {problem}");
    }

    #[rstest]
    #[case("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true)]
    #[case("http://127.0.0.1:33418/", "http://127.0.0.1/", true)]
    #[case("http://[::1]:1/cb?a=1", "http://[::1]:2/cb?a=1", true)]
    #[case("http://localhost:1/cb", "http://127.0.0.1:1/cb", false)]
    #[case("http://127.0.0.1/cb", "http://127.000.000.001/cb", false)]
    #[case("http://localhost/cb", "http://LOCALHOST:1/cb", false)]
    #[case("http://localhost/cb", "HTTP://localhost:1/cb", false)]
    #[case("http://localhost/cb", "http://localhost:1/CB", false)]
    #[case("http://localhost/cb", "http://localhost:1/x/../cb", false)]
    #[case("http://localhost/cb", "http://localhost:1/cb/", false)]
    #[case("http://localhost/cb", "http://localhost:1/cb?x", false)]
    #[case("http://localhost/cb", "http://localhost:1/cb#", false)]
    #[case("http://localhost/cb", "http://localhost:/cb", false)]
    #[case("http://localhost/cb", "http://localhost:99999/cb", false)]
    #[case("http://localhost/cb", "http://localhost:1@evil.example/cb", false)]
    #[case("http://localhost/cb", "https://localhost/cb", false)]
    #[case("https://app.example/cb", "https://app.example:443/cb", false)]
    #[case("https://app.example/cb", "https://app.example/cb/x", false)]
    #[case("https://app.example/cb", "https://App.example/cb", false)]
    #[case("cursor://x/cb", "cursor://x:1/cb", false)]
    fn only_a_loopback_port_is_set_aside(#[case] registered: &str, #[case] requested: &str, #[case] expected: bool) {
        assert_eq!(RedirectUri::parse(registered).unwrap().matches(requested), expected);
    }

    #[rstest]
    #[case("https://App.EXAMPLE:8443/cb", Some("app.example"))]
    #[case("https://%61pp.example./cb", Some("app.example"))]
    #[case("https://0x7f.1/cb", Some("127.0.0.1"))]
    #[case("http://[::1]:5/", Some("[::1]"))]
    #[case("com.example://host/cb", None)]
    fn the_host_is_the_one_that_a_browser_goes_to(#[case] text: &str, #[case] host: Option<&str>) {
        assert_eq!(RedirectUri::parse(text).unwrap().host(), host);
    }

    proptest! {
        #[test]
        fn judging_never_panics_and_a_registered_uri_matches_itself(text in "\\PC{0,40}") {
            if let Ok(uri) = RedirectUri::parse(&text) {
                prop_assert!(uri.matches(&text));
                prop_assert!(RedirectUri::parse(&uri.without_loopback_port()).is_ok());
            }
        }

        #[test]
        fn what_the_browser_reads_is_what_was_judged(
            text in "(https?|HTTP)://([a-z1.:@\\[\\]]{0,12}|localhost|127\\.0\\.0\\.1)(:[0-9]{0,6})?(/[a-z%2@:.]{0,6})?"
        ) {
            if let Ok(uri) = RedirectUri::parse(&text) {
                let read = Url::parse(&text).unwrap();
                prop_assert!(read.username().is_empty() && read.password().is_none() && read.fragment().is_none());
                match uri.kind() {
                    RedirectKind::Loopback => prop_assert!(LOOPBACK_HOSTS.contains(&read.host_str().unwrap())),
                    kind => prop_assert_eq!((kind, read.scheme()), (RedirectKind::Https, "https")),
                }
            }
        }

        #[test]
        fn a_loopback_uri_matches_on_every_port(port in 1u16.., path in "/[a-z/]{0,8}") {
            for host in LOOPBACK_HOSTS {
                let registered = RedirectUri::parse(&format!("http://{host}{path}")).unwrap();
                let requested = format!("http://{host}:{port}{path}");
                prop_assert!(registered.matches(&requested));
            }
        }
    }
}
