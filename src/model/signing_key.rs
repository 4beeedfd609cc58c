//! Signing keys of a domain and their life cycle: published → active → retired → gone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::id::{DomainId, SigningKeyId};
use super::json::Object;
use super::time::UnixTime;

/// The algorithms this server signs with (RFC 7518 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum SigningAlgorithm {
    /// RSA PKCS #1 with SHA-256: what every gateway and library takes.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256: twenty times faster to sign.
    #[serde(rename = "ES256")]
    Es256,
}

impl SigningAlgorithm {
    /// Every algorithm, in the order discovery lists them.
    pub const ALL: &'static [Self] = &[Self::Rs256, Self::Es256];

    /// The `alg` header's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SigningAlgorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|algorithm| algorithm.as_str() == text)
            .ok_or_else(|| "the algorithm must be RS256 or ES256".to_owned())
    }
}

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyStatus {
    /// In the key set, not yet signing: verifiers that refresh in the background get to know it first.
    Published,
    /// Signs.
    Active,
    /// Signs no more; stays in the key set until its last token has expired.
    Retired,
    /// Leaked: out of the key set at once, and nothing it signed is believed.
    Revoked,
}

impl KeyStatus {
    /// The status as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }

    /// Reads a stored status.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Published, Self::Active, Self::Retired, Self::Revoked].into_iter().find(|status| status.as_str() == text)
    }
}

/// A signing key as it is stored: the private part sealed, the public part a JWK (RFC 7517).
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// Its identifier in the database.
    pub id: SigningKeyId,
    /// The domain it signs for.
    pub domain_id: DomainId,
    /// The `kid` header's value.
    pub kid: String,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// Where it is in its life.
    pub status: KeyStatus,
    /// The public key as a JWK, `kid`, `use` and `alg` included.
    pub public_jwk: Object,
    /// PKCS #8, sealed under the sealing data key.
    pub sealed_private: Vec<u8>,
    /// When it was published.
    pub created_at: UnixTime,
    /// When it begins to sign (a published key), or began to.
    pub activates_at: UnixTime,
    /// When it leaves the key set (a retired key).
    pub gone_at: Option<UnixTime>,
}
