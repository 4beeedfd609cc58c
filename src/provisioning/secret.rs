//! Where the secrets of a provisioning file are.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, ensure};
use serde::Deserialize as _;
use serde::de::{self, Deserializer};
use serde_json::Value;

use crate::model::secret::Secret;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretReference {
    /// In an environment variable.
    Env(String),
    /// In a file; its last line break does not count. A relative path starts at the working directory.
    File(PathBuf),
}

/// How long a file with a secret may be, in bytes.
const MOST_SECRET: u64 = 4 * 1024;

impl SecretReference {
    /// The secret.
    pub async fn resolve(&self) -> anyhow::Result<Secret> {
        self.resolve_as("secret").await
    }

    /// The secret of a field with another name.
    pub async fn resolve_as(&self, field: &str) -> anyhow::Result<Secret> {
        let secret = match self {
            Self::Env(name) => std::env::var(name)
                .map_err(|_| anyhow!("{field}: the environment variable {name} is not set, or is not text"))?,
            Self::File(path) => {
                let of = path.clone();
                let read = tokio::task::spawn_blocking(move || read_secret(&of)).await?;
                read.with_context(|| format!("{field}: the file {} cannot be read", path.display()))?
            }
        };
        let secret = Secret::new(secret.trim_end_matches(['\r', '\n']));
        ensure!(!secret.is_empty(), "{field}: is empty");
        Ok(secret)
    }
}

/// Only what ends, and soon: a pipe or a device may not.
fn read_secret(path: &Path) -> anyhow::Result<String> {
    ensure!(std::fs::metadata(path)?.is_file(), "it is not a regular file");
    let file = std::fs::File::open(path)?;
    let mut text = String::new();
    file.take(MOST_SECRET + 1).read_to_string(&mut text)?;
    ensure!(text.len() as u64 <= MOST_SECRET, "it is longer than {MOST_SECRET} bytes, which no secret is");
    Ok(text)
}

/// Never repeats what stands there: it may be a secret written by mistake.
pub(super) fn reference<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretReference>, D::Error> {
    let members = Value::deserialize(deserializer)?;
    let only = members.as_object().filter(|members| members.len() == 1);
    let found = only.and_then(|members| {
        let (name, value) = members.iter().next()?;
        let text = value.as_str()?;
        match name.as_str() {
            "env" => Some(SecretReference::Env(text.to_owned())),
            "file" => Some(SecretReference::File(PathBuf::from(text))),
            _ => None,
        }
    });
    found.map(Some).ok_or_else(|| {
        de::Error::custom(
            "must be { env = \"NAME\" } or { file = \"PATH\" }; a secret itself never stands in this file",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_in_a_regular_file_of_a_few_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let resolved = async |path: &Path| {
            let read = SecretReference::File(path.to_owned()).resolve_as("password").await;
            read.map(|secret| secret.expose().to_owned()).map_err(|error| format!("{error:#}"))
        };
        std::fs::write(&path, "hunter2\n").unwrap();
        assert_eq!(resolved(&path).await.unwrap(), "hunter2");
        std::fs::write(&path, "x".repeat(5_000)).unwrap();
        let told = resolved(&path).await.unwrap_err();
        assert!(told.starts_with("password: the file") && told.contains("longer than 4096 bytes"), "{told}");
        for endless in [Path::new("/dev/zero"), folder.path()] {
            let told = resolved(endless).await.unwrap_err();
            assert!(told.contains("not a regular file"), "{told}");
        }
    }
}
