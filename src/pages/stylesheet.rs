//! The stylesheets and the console's script, embedded, each under a path that changes with its content so that browsers
//! may keep it for ever (RFC 9111).

/// The text of the stylesheet of what people see.
pub const STYLESHEET: &str = concat!(include_str!("../../assets/base.css"), include_str!("../../assets/registrar.css"));

/// The text of the console's stylesheet; colours and the ground rules are those of [`STYLESHEET`].
pub const CONSOLE_STYLESHEET: &str =
    concat!(include_str!("../../assets/base.css"), include_str!("../../assets/console.css"));

/// The text of the console's script.
pub const CONSOLE_SCRIPT: &str = include_str!("../../assets/console.js");

/// The path that names a text: prefix, 16 hexadecimal digits, suffix.
macro_rules! path_of {
    ($content:expr, $prefix:literal, $suffix:literal) => {{
        const PATH: [u8; $prefix.len() + DIGITS + $suffix.len()] = path($content, $prefix, $suffix);
        match std::str::from_utf8(&PATH) {
            Ok(path) => path,
            Err(_) => panic!("the path is ASCII"),
        }
    }};
}

/// Where the stylesheet is served: the path names its content.
pub const STYLESHEET_PATH: &str = path_of!(STYLESHEET, "/assets/registrar-", ".css");

/// Where the console's stylesheet is served.
pub const CONSOLE_STYLESHEET_PATH: &str = path_of!(CONSOLE_STYLESHEET, "/assets/console-", ".css");

/// Where the console's script is served.
pub const CONSOLE_SCRIPT_PATH: &str = path_of!(CONSOLE_SCRIPT, "/assets/console-", ".js");

const DIGITS: usize = 16;

const fn path<const LENGTH: usize>(content: &str, prefix: &str, suffix: &str) -> [u8; LENGTH] {
    let (prefix, suffix) = (prefix.as_bytes(), suffix.as_bytes());
    let hash = fnv1a(content.as_bytes());
    let mut path = [0; LENGTH];
    let mut i = 0;
    while i < LENGTH {
        path[i] = if i < prefix.len() {
            prefix[i]
        } else if i < prefix.len() + DIGITS {
            b"0123456789abcdef"[((hash >> (60 - 4 * (i - prefix.len()))) & 15) as usize]
        } else {
            suffix[i - prefix.len() - DIGITS]
        };
        i += 1;
    }
    path
}

/// FNV-1a tells one version of our own file from the next; nobody gains by a collision.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_names_the_content() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(STYLESHEET_PATH, format!("/assets/registrar-{:016x}.css", fnv1a(STYLESHEET.as_bytes())));
        let hash = fnv1a(CONSOLE_STYLESHEET.as_bytes());
        assert_eq!(CONSOLE_STYLESHEET_PATH, format!("/assets/console-{hash:016x}.css"));
        assert_eq!(CONSOLE_SCRIPT_PATH, format!("/assets/console-{:016x}.js", fnv1a(CONSOLE_SCRIPT.as_bytes())));
    }

    #[test]
    fn the_stylesheets_load_nothing_from_elsewhere() {
        for sheet in [STYLESHEET, CONSOLE_STYLESHEET] {
            assert!(!sheet.contains("@import") && !sheet.contains("http") && !sheet.contains("//"));
        }
    }

    #[test]
    fn the_script_runs_no_text_as_code_or_markup() {
        for word in ["eval(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "Function(", "http:"] {
            assert!(!CONSOLE_SCRIPT.contains(word), "{word}");
        }
    }
}
