//! The QR code of a second factor's enrolment (ISO/IEC 18004), as one path that a template draws.

use std::fmt::Write as _;

use fast_qr::QRBuilder;

/// Light modules around the code (ISO/IEC 18004 §6.3.8).
const QUIET: usize = 4;

/// A QR code: dark modules as a path in a square of `side` units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrCode {
    /// The length of a side, with the quiet zone, in modules.
    pub side: usize,
    /// The `d` of an SVG path: digits and path commands only.
    pub path: String,
}

impl QrCode {
    /// The code of a text; `None` if it is too long for any.
    pub fn of(text: &str) -> Option<Self> {
        let code = QRBuilder::new(text).build().ok()?;
        let mut path = String::new();
        for y in 0..code.size {
            let mut x = 0;
            while x < code.size {
                let run = (x..code.size).take_while(|&x| code[y][x].value()).count();
                if run > 0 {
                    let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
                }
                x += run.max(1);
            }
        }
        Some(Self { side: code.size + 2 * QUIET, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_path_within_its_square() {
        let code = QrCode::of("otpauth://totp/Registrar:ada?secret=JBSWY3DPEHPK3PXP&issuer=Registrar").unwrap();
        assert!(code.side > 29);
        assert!(code.path.starts_with("M4 4h7v1h-7z"), "the finder's upper edge: {}", &code.path[..20]);
        assert!(code.path.bytes().all(|b| b.is_ascii_digit() || b"Mhvz -".contains(&b)));
        assert_eq!(QrCode::of(&"x".repeat(8_000)), None);
    }
}
