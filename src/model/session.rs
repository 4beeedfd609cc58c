//! A browser in which a person is logged in.

use super::id::{DomainId, SessionId, UserId};
use super::time::UnixTime;

/// A browser session. The cookie holds a secret of which only a keyed hash is kept.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its identifier; the `sid` of ID tokens (OpenID Connect Front-Channel Logout §3).
    pub id: SessionId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// Who is logged in.
    pub user_id: UserId,
    /// When the person last proved who they are (`auth_time`).
    pub auth_time: UnixTime,
    /// The browser by its own account, as [`browser_name`] gives it.
    pub device: String,
    /// The address it came from.
    pub source: String,
    /// When it began.
    pub created_at: UnixTime,
    /// When it was last seen.
    pub last_seen_at: UnixTime,
    /// When it ends at the latest.
    pub expires_at: UnixTime,
}

impl Session {
    /// Whether the session is alive: neither at its end, nor idle for longer than `idle` seconds.
    pub fn is_alive(&self, now: UnixTime, idle: i64) -> bool {
        now < self.expires_at && now < self.last_seen_at.plus(idle)
    }
}

/// The longest name of a browser, in characters.
const MAX_NAME: usize = 60;

/// What browsers call themselves, the most telling first: each claims to be some of those after it.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// What they call the system that they run on, in the same way.
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// A browser in words for its person, from `User-Agent` (RFC 9110 §10.1.5): "Chrome on Linux"; what is not known as it
/// stands, cut.
pub fn browser_name(agent: &str) -> String {
    let known =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|found| found.1);
    match (known(BROWSERS), known(SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => agent.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_as_their_people_know_them() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/19.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/142.0 Mobile Safari/604.1",
                "Chrome on iPhone",
            ),
            ("Mozilla/5.0 (Android 16; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0", "Firefox on Android"),
            ("curl/8.5.0", "curl/8.5.0"),
            ("", ""),
        ] {
            assert_eq!(browser_name(agent), name);
        }
        assert_eq!(browser_name(&format!("\n{}", "x".repeat(500))), "x".repeat(60));
    }
}
