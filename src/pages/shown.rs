//! What strangers chose, made safe to look at: names (Unicode TR36 §2, RFC 7591 §5) and addresses (RFC 3986).

use std::fmt;

use url::Url;

/// As much of a name as a page shows.
const LONGEST_NAME: usize = 100;

/// As much of an identifier or a description as a page shows: what may be registered.
const LONGEST_TEXT: usize = 2_048;

/// Marks stacked on one letter; more would paint over the lines around it.
const MOST_MARKS: usize = 2;

/// A text that somebody else chose, with everything taken out that would hide, reorder or overpaint text.
/// It is still escaped where it is printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claimed(String);

impl Claimed {
    /// An identifier or a description: kept longer than a name.
    pub fn long(text: &str) -> Self {
        Self(plain_up_to(LONGEST_TEXT, text))
    }

    /// The name that an application claims; one in which nothing is visible is said to be none.
    pub fn of_application(name: &str) -> Self {
        Self::from(name).or(super::texts::NO_NAME)
    }

    /// The text, or another one where nothing of it is visible.
    #[must_use]
    pub fn or(self, other: &str) -> Self {
        if self.is_empty() { other.into() } else { self }
    }

    /// Whether nothing visible is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: AsRef<str>> From<T> for Claimed {
    fn from(text: T) -> Self {
        Self(plain(text.as_ref()))
    }
}

impl fmt::Display for Claimed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text without control, direction and invisible characters, blanks collapsed, marks limited, cut to 100 characters.
/// Whoever compares names (is this one a well-known product's?) compares this.
pub fn plain(text: &str) -> String {
    plain_up_to(LONGEST_NAME, text)
}

fn plain_up_to(longest: usize, text: &str) -> String {
    let (mut shown, mut length, mut marks, mut blank) = (String::new(), 0, 0, false);
    for character in text.chars() {
        if character.is_whitespace() {
            blank = true;
            continue;
        }
        if character.is_control() || is_invisible(character) {
            continue;
        }
        marks = if is_mark(character) { marks + 1 } else { 0 };
        if marks > MOST_MARKS {
            continue;
        }
        let wanted = usize::from(blank && length > 0) + 1;
        if length + wanted > longest {
            shown.push('…');
            break;
        }
        if wanted == 2 {
            shown.push(' ');
        }
        (blank, length) = (false, length + wanted);
        shown.push(character);
    }
    shown
}

/// Characters without a picture of their own: directions, joiners, fillers, selectors, tags.
fn is_invisible(character: char) -> bool {
    matches!(u32::from(character),
        0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
        | 0x2028..=0x202e | 0x2060..=0x206f | 0x2800 | 0x3164 | 0xe000..=0xf8ff | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
        | 0xfff0..=0xfffb | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0x0010_ffff)
}

/// Marks that sit on the character before them.
fn is_mark(character: char) -> bool {
    matches!(u32::from(character),
        0x300..=0x36f | 0x483..=0x489 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f)
}

/// Where a link or a form leads: a path of this server or an http(s) URL, and nothing that runs code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Href(String);

impl Href {
    /// An address that a stranger gave: only http and https with a host, without user information.
    pub fn web(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let plain = url.username().is_empty() && url.password().is_none();
        // The parser forgives blanks and line breaks, and browsers differ in how: such an address is not linked.
        (web && plain && !text.chars().any(|c| c.is_control() || c.is_whitespace())).then(|| Self(text.to_owned()))
    }

    /// The host of an http(s) URL, as browsers write it; empty for a path of this server.
    pub fn host(&self) -> String {
        Url::parse(&self.0).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// For addresses of our own; what is neither a path nor an http(s) URL leads nowhere.
impl<T: AsRef<str>> From<T> for Href {
    fn from(text: T) -> Self {
        let text = text.as_ref();
        let path = text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\");
        let path = path.then(|| Self(text.to_owned()));
        path.or_else(|| Self::web(text)).unwrap_or_else(|| Self("#".to_owned()))
    }
}

impl fmt::Display for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_and_invisible_characters_are_taken_out() {
        assert_eq!(plain("evil\u{202e}moc.edualc\u{202c}"), "evilmoc.edualc");
        assert_eq!(plain("C\u{200b}l\u{200d}a\u{2060}u\u{feff}d\u{ad}e\u{e0041}"), "Claude");
        assert_eq!(plain("\u{2066}a\u{2069}\u{200e}\u{200f}\u{61c}b\u{3164}"), "ab");
        assert_eq!(plain("a\u{0}\u{1b}[31m\u{7f}\u{9b}b"), "a[31mb");
    }

    #[test]
    fn lines_and_blanks_become_one_blank() {
        assert_eq!(plain("  My\r\n\t\u{a0}\u{3000} app\u{2028}two  "), "My app two");
    }

    #[test]
    fn names_are_cut_by_characters() {
        assert_eq!(plain(&"ü".repeat(100)), "ü".repeat(100));
        assert_eq!(plain(&"ü".repeat(101)), format!("{}…", "ü".repeat(100)));
        assert_eq!(plain(&"a ".repeat(500)).chars().count(), 100);
        let identifier = format!("https://example.com/{}", "a".repeat(1_000));
        assert_eq!(Claimed::long(&identifier).as_str(), identifier);
    }

    #[test]
    fn stacked_marks_do_not_grow() {
        assert_eq!(plain(&format!("a{}b", "\u{301}".repeat(50))), "a\u{301}\u{301}b");
        assert_eq!(plain("Zoe\u{308} Ço\u{302}\u{323}"), "Zoe\u{308} Ço\u{302}\u{323}");
    }

    #[test]
    fn names_in_other_scripts_stay() {
        for name in ["Ünïcode Studio", "日本語アプリ", "Приложение", "تطبيق", "Naïve & Sons <3"]
        {
            assert_eq!(plain(name), name);
        }
    }

    #[test]
    fn only_an_application_without_anything_visible_is_said_to_have_no_name() {
        for nothing in ["", "\u{200b}\u{202e} \u{3164}"] {
            let claimed = Claimed::from(nothing);
            assert!(claimed.is_empty());
            assert_eq!(claimed.to_string(), "");
            assert_eq!(claimed.or("ada").as_str(), "ada");
            assert_eq!(Claimed::of_application(nothing).to_string(), crate::pages::texts::NO_NAME);
        }
        assert_eq!(Claimed::of_application("Project wiki").or("ada").as_str(), "Project wiki");
    }

    #[test]
    fn only_web_addresses_are_linked() {
        for good in ["https://example.com", "http://localhost:6274/oauth/callback", "https://example.com/a?b=c#d"] {
            assert_eq!(Href::web(good).unwrap().to_string(), good);
        }
        for bad in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)//https://example.com",
            "java\nscript:alert(1)",
            " https://example.com",
            "data:text/html,x",
            "vbscript:x",
            "//example.com",
            "/account",
            "https://user:pass@example.com/",
            "https://",
            "ftp://example.com/",
            "",
        ] {
            assert_eq!(Href::web(bad), None, "{bad}");
        }
    }

    #[test]
    fn own_addresses_are_paths_or_web_addresses() {
        assert_eq!(Href::from("/main/login?x=1").to_string(), "/main/login?x=1");
        assert_eq!(Href::from("https://id.example/main/login").to_string(), "https://id.example/main/login");
        for bad in ["javascript:alert(1)", "//evil.example", "/\\evil.example", "account", ""] {
            assert_eq!(Href::from(bad).to_string(), "#", "{bad}");
        }
    }
}
