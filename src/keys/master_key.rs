//! The master key: 32 bytes that wrap the data keys and nothing else.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::model::random;
use crate::model::secret::Secret;
use crate::store::data_keys::WrappedKey;

/// A key of 32 bytes; wiped on drop.
pub type KeyBytes = Zeroizing<[u8; 32]>;

/// The master key.
#[derive(Debug)]
pub struct MasterKey(LessSafeKey);

impl MasterKey {
    /// Reads a key from its text: 32 bytes in hexadecimal or in base64, of either alphabet, padded or not.
    pub fn parse(text: &Secret) -> anyhow::Result<Self> {
        let text = text.expose().trim();
        let Some(bytes) = decode(text) else {
            bail!(
                "the master key must be 32 bytes, written in hexadecimal or base64; `registrar keys generate-master` makes one"
            );
        };
        Ok(Self::from_bytes(&bytes))
    }

    /// Wraps raw key material.
    pub fn from_bytes(bytes: &KeyBytes) -> Self {
        Self(aead_key(bytes))
    }

    /// Reads the key file, or makes one that only its owner can read.
    pub fn load_or_create(path: &Path) -> anyhow::Result<Self> {
        if !path.exists() {
            match write_new(path) {
                // Another process was first; its key counts.
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(error).with_context(|| unwritable(path));
                }
                _ => {}
            }
        }
        Self::load(path)
    }

    /// Makes a key in a new file that only its owner can read.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        write_new(path).with_context(|| unwritable(path))?;
        Self::load(path)
    }

    /// Reads the key file.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("the key file {} cannot be read", path.display()))?;
        Self::parse(&Secret::new(text)).with_context(|| format!("the key file {} is not usable", path.display()))
    }

    /// Encrypts a data key; the wrapping is bound to what the key is for.
    pub fn wrap(&self, name: &WrappedKey, key: &KeyBytes) -> Vec<u8> {
        seal(&self.0, &binding(name), key.as_slice())
    }

    /// Decrypts a data key. `None`: this is not the master key that wrapped it.
    pub fn unwrap(&self, wrapped: &WrappedKey) -> Option<KeyBytes> {
        let plain = open(&self.0, &binding(wrapped), &wrapped.wrapped)?;
        plain.as_slice().try_into().ok().map(Zeroizing::new)
    }
}

fn write_new(path: &Path) -> std::io::Result<()> {
    let text = Zeroizing::new(format!("{}\n", random::secret()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn unwritable(path: &Path) -> String {
    format!("the key file {} cannot be written", path.display())
}

fn binding(key: &WrappedKey) -> Vec<u8> {
    format!("{}/{}/{}/{}", key.id, key.purpose, key.scope, key.version).into_bytes()
}

fn decode(text: &str) -> Option<KeyBytes> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engines =
        [GeneralPurpose::new(&alphabet::URL_SAFE, lenient), GeneralPurpose::new(&alphabet::STANDARD, lenient)];
    let bytes = if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        (0..32).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()).collect::<Option<Vec<u8>>>()
    } else {
        engines.iter().find_map(|engine| engine.decode(text).ok())
    };
    let bytes = Zeroizing::new(bytes?);
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

pub(super) fn aead_key(bytes: &KeyBytes) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes.as_slice()).expect("32 bytes are an AES-256 key"))
}

/// `nonce || ciphertext || tag` (AES-256-GCM).
pub(super) fn seal(key: &LessSafeKey, binding: &[u8], plain: &[u8]) -> Vec<u8> {
    let nonce = random::bytes::<NONCE_LEN>();
    let mut body = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(binding), &mut body)
        .expect("sealing fails only beyond 64 GiB");
    let mut sealed = nonce.to_vec();
    sealed.append(&mut body);
    sealed
}

pub(super) fn open(key: &LessSafeKey, binding: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut body = Zeroizing::new(body.to_vec());
    let length = key.open_in_place(nonce, Aad::from(binding), &mut body).ok()?.len();
    body.truncate(length);
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_from_hexadecimal_and_both_base64_alphabets() {
        for text in [
            "00".repeat(32),
            format!("{}\n", "A".repeat(43)),
            format!("{}=", "/".repeat(42) + "8"),
            "_".repeat(42) + "8",
        ] {
            MasterKey::parse(&Secret::new(text)).unwrap();
        }
        for bad in ["", "abc", &"00".repeat(31), &"zz".repeat(32)] {
            assert!(MasterKey::parse(&Secret::new(bad)).is_err());
        }
    }

    #[test]
    fn sealed_text_opens_only_with_its_key_and_binding() {
        let key = aead_key(&Zeroizing::new([7; 32]));
        let sealed = seal(&key, b"client/a", b"secret");
        assert_eq!(open(&key, b"client/a", &sealed).unwrap().as_slice(), b"secret");
        assert!(open(&key, b"client/b", &sealed).is_none());
        assert!(open(&aead_key(&Zeroizing::new([8; 32])), b"client/a", &sealed).is_none());
        assert!(open(&key, b"client/a", &sealed[..5]).is_none());
    }
}
