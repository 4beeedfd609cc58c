//! Where new signing keys come from.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair};
use zeroize::Zeroizing;

use super::data_keys::DataKeys;
use super::signer::{Signer, sealing_binding};
use crate::model::id::{DomainId, SigningKeyId};
use crate::model::random;
use crate::model::signing_key::{KeyStatus, SigningAlgorithm, SigningKey};
use crate::model::time::{Clock, UnixTime};

/// What the ids of keys begin with that come with the program's source: for tests only.
pub const TEST_KEY_PREFIX: &str = "harness-";

/// A private key in PKCS #8 form.
pub type Pkcs8 = Zeroizing<Vec<u8>>;

/// Where new signing keys come from.
#[derive(Clone, Default)]
pub enum KeySource {
    /// Made anew from the system's randomness.
    #[default]
    Generated,
    /// Taken from a function while it has one, then made anew: tests and the harness mode do not wait for RSA key
    /// generation.
    Given(Arc<Given>),
}

/// Gives a private key for an algorithm that none of the known key ids belongs to, with the id it shall have.
pub type Given = dyn Fn(SigningAlgorithm, &[&str]) -> Option<(String, Vec<u8>)> + Send + Sync;

impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Generated => "Generated",
            Self::Given(_) => "Given",
        })
    }
}

impl KeySource {
    /// A new private key with its id.
    async fn private_key(&self, plan: &KeyPlan<'_>) -> anyhow::Result<(String, Pkcs8)> {
        if let Self::Given(give) = self {
            let known: Vec<&str> = plan.beside.iter().map(|key| key.kid.as_str()).collect();
            if let Some((kid, private)) = give(plan.algorithm, &known) {
                return Ok((kid, Zeroizing::new(private)));
            }
        }
        Ok((random::identifier(), new_private_key(plan.algorithm).await?))
    }

    /// A new signing key of a domain, sealed for the database.
    pub async fn signing_key(&self, keys: &DataKeys, clock: &Clock, plan: &KeyPlan<'_>) -> anyhow::Result<SigningKey> {
        let (kid, private) = self.private_key(plan).await?;
        let signer = Signer::new(&kid, plan.algorithm, &private)?;
        Ok(SigningKey {
            id: SigningKeyId::new(clock),
            domain_id: plan.domain_id,
            public_jwk: signer.public_jwk(),
            sealed_private: keys.seal(&sealing_binding(plan.domain_id, &kid), &private),
            kid,
            algorithm: plan.algorithm,
            status: plan.status,
            created_at: clock.now(),
            activates_at: plan.activates_at,
            gone_at: None,
        })
    }
}

/// What a new signing key shall be.
#[derive(Debug, Clone, Copy)]
pub struct KeyPlan<'a> {
    /// The domain it signs for.
    pub domain_id: DomainId,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// Published, or active at once.
    pub status: KeyStatus,
    /// When it begins to sign.
    pub activates_at: UnixTime,
    /// The keys that the domain has already.
    pub beside: &'a [SigningKey],
}

/// A new private key. RSA takes tens to hundreds of milliseconds, so it runs on a blocking thread.
pub async fn new_private_key(algorithm: SigningAlgorithm) -> anyhow::Result<Pkcs8> {
    tokio::task::spawn_blocking(move || generate(algorithm)).await?
}

fn generate(algorithm: SigningAlgorithm) -> anyhow::Result<Pkcs8> {
    let failed = |_| anyhow!("the key could not be generated");
    match algorithm {
        SigningAlgorithm::Rs256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
            let der: Pkcs8V1Der = pair.as_der().ok().context("the RSA key could not be encoded")?;
            Ok(Zeroizing::new(der.as_ref().to_vec()))
        }
        SigningAlgorithm::Es256 => {
            let der =
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).map_err(failed)?;
            Ok(Zeroizing::new(der.as_ref().to_vec()))
        }
    }
}
