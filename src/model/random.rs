//! The one source of randomness, and the alphabet of everything generated.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// `N` bytes from the operating system's generator.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0u8; N];
    rand::fill(&mut buffer).expect("the system's random generator does not fail once the process runs");
    buffer
}

/// An identifier of 128 bits: 22 characters of `[A-Za-z0-9_-]`, never beginning with `-`.
pub fn identifier() -> String {
    url_safe::<16>()
}

/// A secret of 256 bits: 43 characters of `[A-Za-z0-9_-]`, never beginning with `-`.
pub fn secret() -> String {
    url_safe::<32>()
}

/// Encodes bytes in the alphabet used for identifiers and secrets.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn url_safe<const N: usize>() -> String {
    loop {
        let text = encode(&bytes::<N>());
        // A leading "-" would be taken for an option on a command line.
        if !text.starts_with('-') {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_and_secrets_keep_to_the_alphabet() {
        for _ in 0..500 {
            let (id, secret) = (identifier(), secret());
            assert_eq!((id.len(), secret.len()), (22, 43));
            for text in [id, secret] {
                assert!(!text.starts_with('-'));
                assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            }
        }
    }
}
