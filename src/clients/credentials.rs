//! Secrets of clients: making them, and checking what a client presents.

use zeroize::Zeroizing;

use crate::keys::argon2_pool::PoolError;
use crate::keys::data_keys::{HashPurpose, secret_binding};
use crate::model::client::ClientSecret;
use crate::model::domain::SecretHash;
use crate::model::id::{ClientId, DomainId, SecretId};
use crate::model::oauth_error::OAuthError;
use crate::model::random::Generated;
use crate::model::secret::{Secret, same};
use crate::store::cache::ClientEntry;

use super::Registry;

/// The longest secret that is looked at.
const MAX_SECRET: usize = 1_024;

/// Argon2id secrets that were verified, remembered as keyed hashes so that the next use is cheap.
#[derive(Debug)]
pub struct Remembered(moka::sync::Cache<SecretId, Vec<u8>>);

impl Default for Remembered {
    fn default() -> Self {
        Self(moka::sync::Cache::new(10_000))
    }
}

/// What a new secret shall be.
#[derive(Debug, Clone, Copy)]
pub struct NewSecret {
    /// How it is kept.
    pub hash: SecretHash,
    /// Whether a sealed copy is kept, because it must be told again.
    pub sealed: bool,
    /// Its lifetime in seconds; none: without end.
    pub lifetime: Option<i64>,
}

/// A secret in clear, and which one it is.
pub type OpenSecret = (SecretId, Zeroizing<Vec<u8>>);

impl Registry {
    /// A new generated secret, and how it is stored.
    pub async fn generate_secret(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
        new: NewSecret,
    ) -> Result<(Secret, ClientSecret), OAuthError> {
        let secret = Secret::new(self.store.random().make(domain_id, Generated::ClientSecret));
        let verifier = match new.hash {
            SecretHash::HmacSha256 => self.keys.secret_verifier(&secret),
            SecretHash::Argon2id => self.argon2.hash(secret.clone()).await.map_err(busy)?,
        };
        let clock = self.store.clock();
        let sealed =
            new.sealed.then(|| self.keys.seal(&secret_binding(domain_id, client_id), secret.expose().as_bytes()));
        let stored = ClientSecret {
            id: SecretId::new(clock),
            verifier,
            sealed,
            created_at: clock.now(),
            expires_at: new.lifetime.map(|seconds| clock.now().plus(seconds)),
            superseded: false,
        };
        Ok((secret, stored))
    }

    /// How a secret that an administrator chose is stored: always by Argon2id, never in a form that can be told again.
    pub async fn store_chosen_secret(&self, secret: Secret) -> Result<ClientSecret, OAuthError> {
        check_chosen_secret(&secret)?;
        let verifier = self.argon2.hash(secret).await.map_err(busy)?;
        let clock = self.store.clock();
        Ok(ClientSecret {
            id: SecretId::new(clock),
            verifier,
            sealed: None,
            created_at: clock.now(),
            expires_at: None,
            superseded: false,
        })
    }

    /// Which of the client's valid secrets this is, if any.
    pub async fn matching_secret(&self, entry: &ClientEntry, presented: &str) -> Result<Option<SecretId>, OAuthError> {
        if presented.is_empty() || presented.len() > MAX_SECRET {
            return Ok(None);
        }
        let now = self.store.clock().now();
        for secret in entry.secrets.iter().filter(|secret| secret.is_valid_at(now)) {
            let matches = match self.keys.check_secret(&secret.verifier, presented) {
                Some(matches) => matches,
                None => Box::pin(self.check_slow(secret, presented)).await?,
            };
            if matches {
                return Ok(Some(secret.id));
            }
        }
        Ok(None)
    }

    async fn check_slow(&self, secret: &ClientSecret, presented: &str) -> Result<bool, OAuthError> {
        let hash = self.keys.hash(HashPurpose::ClientSecret, presented);
        if self.remembered.0.get(&secret.id).is_some_and(|known| same(&known, &hash)) {
            return Ok(true);
        }
        let matches = self.argon2.verify(Secret::new(presented), secret.verifier.clone()).await.map_err(busy)?;
        if matches {
            self.remembered.0.insert(secret.id, hash);
        }
        Ok(matches)
    }

    /// The still valid secrets of a client that are kept in clear as well, opened: what an HMAC is checked with.
    pub fn open_secrets(&self, entry: &ClientEntry) -> Result<Vec<OpenSecret>, OAuthError> {
        let now = self.store.clock().now();
        let binding = secret_binding(entry.client.domain_id, &entry.client.client_id);
        let valid = entry.secrets.iter().filter(|secret| secret.is_valid_at(now));
        let sealed = valid.filter_map(|secret| Some((secret.id, secret.sealed.as_ref()?)));
        sealed
            .map(|(id, sealed)| Ok((id, self.keys.open(&binding, sealed).map_err(OAuthError::server_error)?)))
            .collect()
    }

    /// The client's current secret in clear with its stored form, where a sealed copy is kept.
    pub fn reveal_secret<'a>(&self, entry: &'a ClientEntry) -> Result<Option<(Secret, &'a ClientSecret)>, OAuthError> {
        let Some(stored) = entry.current_secret(self.store.clock().now()) else { return Ok(None) };
        let Some(sealed) = &stored.sealed else { return Ok(None) };
        let binding = secret_binding(entry.client.domain_id, &entry.client.client_id);
        let plain = self.keys.open(&binding, sealed).map_err(OAuthError::server_error)?;
        let text = std::str::from_utf8(&plain).map_err(OAuthError::server_error)?;
        Ok(Some((Secret::new(text), stored)))
    }
}

/// Whether a secret may be chosen for a client.
pub(super) fn check_chosen_secret(secret: &Secret) -> Result<(), OAuthError> {
    let text = secret.expose();
    if (8..=MAX_SECRET).contains(&text.len()) && text.bytes().all(|b| (0x20..=0x7e).contains(&b)) {
        return Ok(());
    }
    Err(OAuthError::invalid_client_metadata(
        "client_secret: must be 8 to 1024 printable ASCII characters (RFC 6749 appendix A.2)",
    ))
}

fn busy(error: PoolError) -> OAuthError {
    match error {
        PoolError::Busy => OAuthError::temporarily_unavailable("too many secrets are being checked; try again shortly"),
        failed @ PoolError::Failed(_) => OAuthError::server_error(anyhow::Error::new(failed)),
    }
}
