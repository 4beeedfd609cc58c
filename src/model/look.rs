//! How a domain's pages look to people: its name, its colour, its logo.

use aws_lc_rs::digest;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::random::encode;

/// The longest name that is shown to people, in characters.
const MAX_NAME: usize = 64;

/// What an administrator may set of a domain's look; the logo is kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Look {
    /// The name that people know it by; without one, the domain's own is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64)]
    pub display_name: Option<String>,
    /// The colour of buttons and links, as `#rrggbb`. Where a text in it could not be read, a darker or lighter one is
    /// taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$")]
    pub accent_color: Option<String>,
}

impl Look {
    /// Whether nothing is set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether pages can be shown in this look. The error names the member, the rule and the remedy.
    pub fn check(&self) -> Result<(), String> {
        if let Some(name) = &self.display_name {
            let invisible = |c: char| {
                c.is_control()
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
            };
            if name.trim().is_empty() || name.chars().count() > MAX_NAME || name.chars().any(invisible) {
                return Err(format!(
                    "look.display_name: has 1 to {MAX_NAME} visible characters on one line; leave it out to show the domain's name"
                ));
            }
        }
        if self.accent_color.as_deref().is_some_and(|color| Color::parse(color).is_none()) {
            return Err("look.accent_color: is a colour as #rrggbb, such as #0c5c63".to_owned());
        }
        Ok(())
    }
}

/// The image on a domain's pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// Its media type.
    pub media_type: String,
    /// The image.
    pub image: Bytes,
    /// What tells it from the one before, in URLs and as an entity tag.
    pub tag: String,
}

impl Logo {
    /// A logo, tagged by its bytes.
    pub fn new(media_type: String, image: Bytes) -> Self {
        let hash = digest::digest(&digest::SHA256, &image);
        Self { media_type, image, tag: encode(&hash.as_ref()[..12]) }
    }
}

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(pub [u8; 3]);

impl Color {
    /// White.
    pub const WHITE: Self = Self([255; 3]);

    /// Black.
    pub const BLACK: Self = Self([0; 3]);

    /// Reads `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    /// As CSS writes it.
    pub fn css(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// How well one is read on the other: 1 to 21 (WCAG 2.2, contrast ratio).
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Black or white, whichever is read better on this colour.
    #[must_use]
    pub fn text(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) { Self::WHITE } else { Self::BLACK }
    }

    /// This colour, brought towards another in steps until it is read on each background at a contrast of `least`.
    #[must_use]
    pub fn until_readable(self, towards: Self, backgrounds: &[Self], least: f64) -> Self {
        let readable = |color: &Self| backgrounds.iter().all(|background| color.contrast(*background) >= least);
        (0..=20).map(|step| self.mixed(towards, step * 5)).find(readable).unwrap_or(towards)
    }

    /// This colour with so many per cent of another.
    #[must_use]
    pub fn mixed(self, other: Self, percent: u16) -> Self {
        let mix = |own: u8, other: u8| {
            let mixed = (u16::from(own) * (100 - percent.min(100)) + u16::from(other) * percent.min(100) + 50) / 100;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        Self(std::array::from_fn(|at| mix(self.0[at], other.0[at])))
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_colours_that_cannot_be_shown_are_refused() {
        let look = |name: Option<&str>, color: Option<&str>| Look {
            display_name: name.map(str::to_owned),
            accent_color: color.map(str::to_owned),
        };
        for good in [look(None, None), look(Some("Retail \u{e9}"), Some("#AbC012")), look(Some(&"x".repeat(64)), None)]
        {
            assert_eq!(good.check(), Ok(()));
        }
        for bad in ["", "  ", "a\nb", "a\u{202e}b", "a\u{200b}", &"x".repeat(65)] {
            assert!(look(Some(bad), None).check().unwrap_err().starts_with("look.display_name: "), "{bad:?}");
        }
        for bad in ["", "red", "#fff", "#12345g", "#1234567", "0c5c63", "#+12345", "#12345\u{e9}", "#000000;x"] {
            assert!(look(None, Some(bad)).check().unwrap_err().starts_with("look.accent_color: "), "{bad:?}");
        }
    }

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        assert!((Color::WHITE.contrast(Color::BLACK) - 21.0).abs() < 0.001);
        let grey = Color::parse("#767676").unwrap();
        assert!((grey.contrast(Color::WHITE) - 4.54).abs() < 0.01);
        assert_eq!(Color::parse("#ffff00").unwrap().text(), Color::BLACK);
        assert_eq!(Color::parse("#000080").unwrap().text(), Color::WHITE);
        assert_eq!(Color::parse("#Ff8000").unwrap().css(), "#ff8000");
    }

    #[test]
    fn black_or_white_is_read_on_every_colour() {
        for red in (0..=255).step_by(5) {
            for green in (0..=255).step_by(5) {
                for blue in (0..=255).step_by(15) {
                    let color = Color([red, green, blue]);
                    assert!(color.contrast(color.text()) >= 4.5, "{}", color.css());
                }
            }
        }
    }
}
