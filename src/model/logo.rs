//! The logo on a domain's pages: an image in one of three formats, and nothing else at the same time.
//!
//! # Design
//! A file can be an image and a page or a script at once, if what comes before or after the image is not looked at. So
//! each format is walked from its first byte to its last; SVG, which is a page, is none of them.

/// The largest logo, in bytes.
pub const MAX_BYTES: usize = 128 * 1024;

/// The largest width and height, in pixels.
pub const MAX_SIDE: u32 = 2_000;

/// What no image holds, but a file that is something else besides.
const FOREIGN: [&[u8]; 7] = [b"<script", b"<svg", b"<html", b"<!doctype", b"<?php", b"%pdf-", b"javascript:"];

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageKind {
    /// Portable Network Graphics (RFC 2083).
    Png,
    /// JPEG File Interchange Format.
    Jpeg,
    /// WebP (RFC 9649).
    Webp,
}

impl ImageKind {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Png, Self::Jpeg, Self::Webp];

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }

    /// The format of a media type.
    pub fn of(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.media_type().eq_ignore_ascii_case(media_type.trim()))
    }
}

/// The format of an image that may be a logo. The error says what is wrong, and what to do.
pub fn check_logo(bytes: &[u8]) -> Result<ImageKind, String> {
    if bytes.len() > MAX_BYTES {
        return Err(format!("is larger than {} KiB; save it smaller", MAX_BYTES / 1024));
    }
    let (kind, size) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        (ImageKind::Png, png(bytes))
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        (ImageKind::Jpeg, jpeg(bytes))
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        (ImageKind::Webp, webp(bytes))
    } else {
        return Err("is none of PNG, JPEG and WebP; SVG is not taken, for it can hold scripts".to_owned());
    };
    let damaged = "is damaged, or holds something else besides the image; save it again with an image editor";
    let (width, height) = size.ok_or(damaged)?;
    if holds_foreign(bytes) {
        return Err(damaged.to_owned());
    }
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
        return Err(format!("is {width} x {height} pixels; each side may have 1 to {MAX_SIDE}"));
    }
    Ok(kind)
}

fn holds_foreign(bytes: &[u8]) -> bool {
    let is_at = |window: &[u8], foreign: &[u8]| {
        window.len() >= foreign.len() && window[..foreign.len()].eq_ignore_ascii_case(foreign)
    };
    (0..bytes.len()).any(|at| FOREIGN.iter().any(|foreign| is_at(&bytes[at..], foreign)))
}

fn big(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn big16(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn little(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let digits = bytes.get(at..at + length)?;
    Some(digits.iter().rev().fold(0, |number, digit| (number << 8) | u32::from(*digit)))
}

/// The size of a PNG: chunks from the header to the end mark, which is the last of the file.
fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 8;
    let mut size = None;
    loop {
        let length = usize::try_from(big(bytes, at)?).ok()?;
        let name = bytes.get(at + 4..at + 8)?;
        let next = at.checked_add(length)?.checked_add(12)?;
        match (name, size) {
            (b"IHDR", None) if length == 13 => size = Some((big(bytes, at + 8)?, big(bytes, at + 12)?)),
            (_, None) => return None,
            (b"IEND", size) => return size.filter(|_| length == 0 && next == bytes.len()),
            _ if name.iter().all(u8::is_ascii_alphabetic) => {}
            _ => return None,
        }
        at = next;
    }
}

/// The size of a JPEG: segments up to the scan, and the end mark as the last of the file.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    if !bytes.ends_with(b"\xff\xd9") {
        return None;
    }
    let (mut at, mut size) = (2, None);
    loop {
        let marker = bytes.get(at..at + 2)?;
        let length = big16(bytes, at + 2)?;
        match marker {
            // The frame: all start marks but those of tables between them.
            [0xff, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf] => {
                let height = u32::try_from(big16(bytes, at + 5)?).ok()?;
                size = Some((u32::try_from(big16(bytes, at + 7)?).ok()?, height));
            }
            [0xff, 0xda] => return size,
            [0xff, 0xc4 | 0xc8 | 0xcc | 0xdb..=0xfe] if length >= 2 => {}
            _ => return None,
        }
        at += 2 + length;
    }
}

/// The size of a WebP: one RIFF container that is as long as the file, with chunks that fill it.
fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    if usize::try_from(little(bytes, 4, 4)?).ok()?.checked_add(8)? != bytes.len() {
        return None;
    }
    let (mut at, mut size) = (12, None);
    while at < bytes.len() {
        let name = bytes.get(at..at + 4)?;
        let length = usize::try_from(little(bytes, at + 4, 4)?).ok()?;
        let data = at + 8;
        let found = match name {
            b"VP8X" => Some((little(bytes, data + 4, 3)? + 1, little(bytes, data + 7, 3)? + 1)),
            b"VP8L" if bytes.get(data) == Some(&0x2f) => {
                let bits = little(bytes, data + 1, 4)?;
                Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
            }
            b"VP8 " if bytes.get(data + 3..data + 6) == Some(b"\x9d\x01\x2a") => {
                Some((little(bytes, data + 6, 2)? & 0x3fff, little(bytes, data + 8, 2)? & 0x3fff))
            }
            b"VP8 " | b"VP8L" => return None,
            _ => None,
        };
        size = size.or(found);
        at = data.checked_add(length)?.checked_add(length % 2)?;
    }
    size.filter(|_| at == bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(name: &[u8], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], name, data, b"crc!"].concat()
    }

    fn png_of(width: u32, height: u32, more: &[u8]) -> Vec<u8> {
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
        [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), more.to_vec(), chunk(b"IEND", b"")].concat()
    }

    fn jpeg_of(width: u16, height: u16, comment: &[u8]) -> Vec<u8> {
        let length = u16::try_from(comment.len() + 2).unwrap().to_be_bytes();
        let (width, height) = (width.to_be_bytes(), height.to_be_bytes());
        let frame = [&[0xff, 0xc0, 0, 11, 8][..], &height, &width, &[1, 1, 0x11, 0]].concat();
        let scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 0x3f, 0, 0x12, 0x34, 0xff, 0xd9];
        [&[0xff, 0xd8, 0xff, 0xfe][..], &length, comment, &frame, &scan].concat()
    }

    fn webp_of(chunks: &[u8]) -> Vec<u8> {
        let length = u32::try_from(chunks.len() + 4).unwrap().to_le_bytes();
        [b"RIFF", &length[..], b"WEBP", chunks].concat()
    }

    fn lossless(width: u32, height: u32) -> Vec<u8> {
        let bits = ((width - 1) | ((height - 1) << 14)).to_le_bytes();
        [b"VP8L", &6_u32.to_le_bytes()[..], &[0x2f], &bits, &[0]].concat()
    }

    fn lossy(width: u16, height: u16) -> Vec<u8> {
        let (width, height) = (width.to_le_bytes(), height.to_le_bytes());
        [b"VP8 ", &10_u32.to_le_bytes()[..], &[0, 0, 0, 0x9d, 1, 0x2a], &width, &height].concat()
    }

    fn extended(width: u32, height: u32) -> Vec<u8> {
        let (width, height) = ((width - 1).to_le_bytes(), (height - 1).to_le_bytes());
        [b"VP8X", &10_u32.to_le_bytes()[..], &[0, 0, 0, 0], &width[..3], &height[..3]].concat()
    }

    #[test]
    fn the_three_formats_are_told_by_their_bytes_and_measured() {
        assert_eq!(check_logo(&png_of(640, 200, b"")), Ok(ImageKind::Png));
        assert_eq!(check_logo(&jpeg_of(640, 200, b"made by hand")), Ok(ImageKind::Jpeg));
        for image in [lossless(640, 200), lossy(640, 200), [extended(640, 200), lossy(640, 200)].concat()] {
            assert_eq!(check_logo(&webp_of(&image)), Ok(ImageKind::Webp));
        }
        for large in [
            png_of(2_001, 10, b""),
            png_of(0, 10, b""),
            jpeg_of(10, 2_001, b""),
            webp_of(&lossless(2_001, 1)),
            webp_of(&lossy(10, 2_001)),
            webp_of(&extended(2_001, 10)),
        ] {
            assert!(check_logo(&large).unwrap_err().contains("pixels"));
        }
        assert_eq!(ImageKind::of("IMAGE/PNG"), Some(ImageKind::Png));
        assert_eq!(ImageKind::of("image/svg+xml"), None);
    }

    #[test]
    fn whatever_is_something_else_as_well_is_refused() {
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
        for other in [&svg[..], b"", b"GIF89a", b"<html>", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP"] {
            assert!(check_logo(other).is_err(), "{}", String::from_utf8_lossy(other));
        }
        let after = |image: Vec<u8>| [image, b"<script>alert(1)</script>".to_vec()].concat();
        for polyglot in [
            after(png_of(10, 10, b"")),
            after(jpeg_of(10, 10, b"")),
            after(webp_of(&lossy(10, 10))),
            [after(jpeg_of(10, 10, b"")), b"\xff\xd9".to_vec()].concat(),
            png_of(10, 10, &chunk(b"tEXt", b"Comment\0<SCRIPT>alert(1)</SCRIPT>")),
            png_of(10, 10, &chunk(b"t<xt", b"")),
            jpeg_of(10, 10, b"*/=1;</x><svg onload=alert(1)>"),
            webp_of(&[lossy(10, 10), b"EXIF\x05\0\0\0<html\0".to_vec()].concat()),
        ] {
            assert!(check_logo(&polyglot).unwrap_err().contains("something else besides"));
        }
        let large = png_of(10, 10, &chunk(b"IDAT", &vec![0; MAX_BYTES]));
        assert!(check_logo(&large).unwrap_err().contains("128 KiB"));
    }

    #[test]
    fn no_cut_of_an_image_is_taken_or_brings_the_server_down() {
        let images = [png_of(9, 9, &chunk(b"IDAT", b"x")), jpeg_of(9, 9, b"c"), webp_of(&extended(9, 9))];
        for image in images {
            for end in 0..image.len() {
                assert!(check_logo(&image[..end]).is_err(), "{end} of {}", image.len());
            }
        }
    }
}
