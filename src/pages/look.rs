//! A domain's colours: a stylesheet of a few lines beside the common one, because pages have no styles of their own.

use crate::model::look::Color;

/// What the backgrounds of the pages are, as `assets/` has them: `--paper`, `--card` and `--tint`.
const LIGHT: [Color; 3] = [Color([0xf3, 0xf1, 0xea]), Color([0xff, 0xfe, 0xfb]), Color([0xe7, 0xf0, 0xef])];
const DARK: [Color; 3] = [Color([0x0f, 0x15, 0x17]), Color([0x17, 0x20, 0x23]), Color([0x1d, 0x30, 0x33])];

/// The least contrast of a text (WCAG 2.2 §1.4.3).
const LEAST: f64 = 4.5;

/// How far the colour under the pointer is from the one beside it, in per cent.
const STRONGER: u16 = 25;

/// The colours that follow from an accent, for what `scope` selects: `:root` is a whole page. Buttons keep the accent;
/// links and edges take one that is read on every background, in light and in dark.
pub fn accent_stylesheet(accent: Color, scope: &str) -> String {
    let light = scheme(accent, Color::BLACK, &LIGHT);
    let dark = scheme(accent, Color::WHITE, &DARK);
    let (fill, text) = (accent.css(), accent.text().css());
    let inner = if scope == ":root" { String::new() } else { format!("{scope} ") };
    format!(
        "{scope}{{{light}}}\n@media (prefers-color-scheme:dark){{{scope}{{{dark}}}}}\n{inner}.primary:not(:hover){{background:{fill};color:{text}}}\n"
    )
}

fn scheme(accent: Color, towards: Color, backgrounds: &[Color]) -> String {
    let readable = accent.until_readable(towards, backgrounds, LEAST);
    let strong = readable.mixed(towards, STRONGER);
    // What stands out against the backgrounds is read in the colour of the other end.
    let text = if towards == Color::BLACK { Color::WHITE } else { Color::BLACK };
    format!("--accent:{};--accent-strong:{};--on-accent:{}", readable.css(), strong.css(), text.css())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colors(css: &str, name: &str) -> Vec<Color> {
        let name = format!("{name}:");
        let found = css.split(&name).skip(1);
        found.map(|rest| Color::parse(&rest.trim_start()[..7]).unwrap()).collect()
    }

    #[test]
    fn every_text_is_read_whatever_the_accent() {
        for red in (0..=255).step_by(51) {
            for green in (0..=255).step_by(51) {
                for blue in (0..=255).step_by(51) {
                    let accent = Color([red, green, blue]);
                    let css = accent_stylesheet(accent, ":root");
                    let (links, strong, text) =
                        (colors(&css, "--accent"), colors(&css, "--accent-strong"), colors(&css, "--on-accent"));
                    for (at, backgrounds) in [LIGHT, DARK].iter().enumerate() {
                        for link in [links[at], strong[at]] {
                            assert!(backgrounds.iter().all(|background| link.contrast(*background) >= 4.5), "{css}");
                            assert!(link.contrast(text[at]) >= 4.5, "{css}");
                        }
                    }
                    let fill = css.split("background:").nth(1).unwrap();
                    let fill = Color::parse(&fill[..7]).unwrap();
                    assert!(fill == accent && fill.contrast(accent.text()) >= 4.5, "{css}");
                }
            }
        }
    }

    #[test]
    fn the_backgrounds_are_those_of_the_stylesheet() {
        for (scheme, name) in [(LIGHT, 0), (DARK, 1)] {
            for (background, variable) in scheme.iter().zip(["--paper", "--card", "--tint"]) {
                assert_eq!(colors(crate::pages::STYLESHEET, variable)[name], *background, "{variable}");
            }
        }
    }

    #[test]
    fn a_part_of_a_page_can_have_colours_of_its_own() {
        let css = accent_stylesheet(Color::parse("#cc0000").unwrap(), ".preview");
        assert!(css.starts_with(".preview{--accent:#cc0000;"), "{css}");
        assert!(css.contains("\n.preview .primary:not(:hover){background:#cc0000;color:#ffffff}"), "{css}");
    }
}
