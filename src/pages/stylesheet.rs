//! The one stylesheet, embedded, under a path that changes with its content so that browsers may keep it for ever (RFC 9111).

/// The text of the stylesheet.
pub const STYLESHEET: &str = include_str!("../../assets/registrar.css");

/// Where the stylesheet is served: the path names its content.
pub const STYLESHEET_PATH: &str = match std::str::from_utf8(&PATH) {
    Ok(path) => path,
    Err(_) => panic!("the path is ASCII"),
};

const PREFIX: &[u8] = b"/assets/registrar-";
const SUFFIX: &[u8] = b".css";
const DIGITS: usize = 16;
const LENGTH: usize = PREFIX.len() + DIGITS + SUFFIX.len();
const PATH: [u8; LENGTH] = path();

const fn path() -> [u8; LENGTH] {
    let hash = fnv1a(STYLESHEET.as_bytes());
    let mut path = [0; LENGTH];
    let mut i = 0;
    while i < LENGTH {
        path[i] = if i < PREFIX.len() {
            PREFIX[i]
        } else if i < PREFIX.len() + DIGITS {
            b"0123456789abcdef"[((hash >> (60 - 4 * (i - PREFIX.len()))) & 15) as usize]
        } else {
            SUFFIX[i - PREFIX.len() - DIGITS]
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
    }

    #[test]
    fn the_stylesheet_loads_nothing_from_elsewhere() {
        assert!(!STYLESHEET.contains("@import") && !STYLESHEET.contains("http") && !STYLESHEET.contains("//"));
    }
}
