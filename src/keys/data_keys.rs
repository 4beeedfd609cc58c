//! The data keys in use: hashing, sealing, and a fingerprint key for each domain.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context as _, bail};
use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::hmac;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::master_key::{KeyBytes, MasterKey, aead_key, open, seal};
use crate::model::id::{ClientId, DomainId, new_uuid};
use crate::model::random;
use crate::model::secret::{Secret, same};
use crate::model::time::Clock;
use crate::store::Store;
use crate::store::data_keys::WrappedKey;

const HASHING: &str = "hashing";
const SEALING: &str = "sealing";
const FINGERPRINT: &str = "fingerprint";
const HMAC_SCHEME: &str = "$hmac-sha256$";

/// The data keys of this installation, unwrapped. Cheap to share.
#[derive(Debug)]
pub struct DataKeys {
    master: MasterKey,
    hashing: HashingKey,
    sealing: SealingKey,
    fingerprints: RwLock<HashMap<DomainId, Arc<hmac::Key>>>,
}

#[derive(Debug)]
struct HashingKey {
    version: i64,
    key: hmac::Key,
}

#[derive(Debug)]
struct SealingKey {
    id: Uuid,
    key: LessSafeKey,
}

/// What a keyed hash is for; the same text hashes differently for each.
#[derive(Debug, Clone, Copy)]
pub enum HashPurpose {
    /// A client secret.
    ClientSecret,
    /// A registration access token.
    RegistrationAccessToken,
    /// An initial access token.
    InitialAccessToken,
    /// The successor of a registration access token.
    RegistrationAccessTokenSuccessor,
    /// The secret in a session's cookie.
    Session,
    /// A one-time link.
    UserLink,
    /// An authorization code.
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
    /// The successor of a refresh token.
    RefreshTokenSuccessor,
    /// The subject by which the clients of one sector know a person.
    PairwiseSubject,
    /// What the answer to "log out?" carries, so that no other site can give it.
    LogoutConfirmation,
    /// What the answer to a consent page carries, so that it counts for nothing but what the page showed.
    ConsentQuestion,
    /// The key of a request that must not be done twice.
    IdempotencyKey,
    /// The secret in the cookie of an administrator's session.
    AdministratorSession,
    /// An API token.
    ApiToken,
}

impl HashPurpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::ClientSecret => b"client_secret\0",
            Self::RegistrationAccessToken => b"registration_access_token\0",
            Self::InitialAccessToken => b"initial_access_token\0",
            Self::RegistrationAccessTokenSuccessor => b"registration_access_token_successor\0",
            Self::Session => b"session\0",
            Self::UserLink => b"user_link\0",
            Self::AuthorizationCode => b"authorization_code\0",
            Self::RefreshToken => b"refresh_token\0",
            Self::RefreshTokenSuccessor => b"refresh_token_successor\0",
            Self::PairwiseSubject => b"pairwise_subject\0",
            Self::LogoutConfirmation => b"logout_confirmation\0",
            Self::ConsentQuestion => b"consent_question\0",
            Self::IdempotencyKey => b"idempotency_key\0",
            Self::AdministratorSession => b"administrator_session\0",
            Self::ApiToken => b"api_token\0",
        }
    }
}

impl DataKeys {
    /// Unwraps the data keys; makes them on the first start.
    pub async fn load(store: &Store, master: MasterKey) -> anyhow::Result<Self> {
        let mut stored = store.data_keys().await?;
        let missing: Vec<WrappedKey> = [HASHING, SEALING]
            .into_iter()
            .filter(|purpose| !stored.iter().any(|key| key.purpose == *purpose))
            .map(|purpose| new_key(&master, store.clock(), purpose, ""))
            .collect();
        if !missing.is_empty() {
            if !stored.is_empty() {
                bail!("the database lacks a data key; restore it from a backup");
            }
            store.add_data_keys(&missing).await?;
            // Read again: another process may have been first.
            stored = store.data_keys().await?;
        }
        let newest = |purpose: &str| stored.iter().find(|key| key.purpose == purpose);
        let (Some(hashing), Some(sealing)) = (newest(HASHING), newest(SEALING)) else {
            bail!("the database lacks a data key; restore it from a backup");
        };
        let hashing_key = unwrap(&master, hashing)?;
        let sealing_key = unwrap(&master, sealing)?;
        Ok(Self {
            hashing: HashingKey {
                version: hashing.version,
                key: hmac::Key::new(hmac::HMAC_SHA256, hashing_key.as_slice()),
            },
            sealing: SealingKey { id: sealing.id, key: aead_key(&sealing_key) },
            fingerprints: RwLock::new(fingerprints(&master, &stored)?),
            master,
        })
    }

    /// Puts every data key under another master key, in one transaction.
    pub async fn rewrap(store: &Store, old: &MasterKey, new: &MasterKey) -> anyhow::Result<usize> {
        let stored = store.data_keys().await?;
        let mut rewrapped = Vec::with_capacity(stored.len());
        for key in &stored {
            let plain = unwrap(old, key)?;
            let wrapped = new.wrap(key, &plain);
            rewrapped.push(WrappedKey { wrapped, ..key.clone() });
        }
        if !store.rewrap_data_keys(&stored, &rewrapped).await? {
            bail!("the data keys changed meanwhile; nothing was rewrapped, try again");
        }
        Ok(rewrapped.len())
    }

    /// The keyed hash of a generated token, as it is looked up.
    pub fn hash(&self, purpose: HashPurpose, text: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.hashing.key);
        context.update(purpose.label());
        context.update(text.as_bytes());
        context.sign().as_ref().to_vec()
    }

    /// How a generated client secret is kept: names its scheme and key version.
    pub fn secret_verifier(&self, secret: &Secret) -> String {
        let hash = self.hash(HashPurpose::ClientSecret, secret.expose());
        format!("{HMAC_SCHEME}v={}${}", self.hashing.version, random::encode(&hash))
    }

    /// Checks a secret against a keyed-hash verifier. `None`: the verifier is of another scheme.
    pub fn check_secret(&self, verifier: &str, secret: &str) -> Option<bool> {
        let stored = verifier.strip_prefix(HMAC_SCHEME)?;
        let (_version, stored) = stored.split_once('$')?;
        let hash = self.hash(HashPurpose::ClientSecret, secret);
        Some(same(stored.as_bytes(), random::encode(&hash).as_bytes()))
    }

    /// The token that follows a registration access token: derived, so that a repeated request gets the same one and
    /// nothing has to be kept in clear.
    pub fn successor(&self, registration_access_token: &str) -> Secret {
        let hash = self.hash(HashPurpose::RegistrationAccessTokenSuccessor, registration_access_token);
        Secret::new(format!("rat_{}", random::encode(&hash)))
    }

    /// The token that follows a refresh token: derived for the same reason.
    pub fn refresh_successor(&self, refresh_token: &str) -> Secret {
        let hash = self.hash(HashPurpose::RefreshTokenSuccessor, refresh_token);
        Secret::new(format!("rt_{}", random::encode(&hash)))
    }

    /// Encrypts a text for the database, bound to what it belongs to.
    pub fn seal(&self, binding: &str, plain: &[u8]) -> Vec<u8> {
        let mut sealed = self.sealing.id.as_bytes().to_vec();
        sealed.extend(seal(&self.sealing.key, binding.as_bytes(), plain));
        sealed
    }

    /// Decrypts what [`DataKeys::seal`] made. The error says that the database and the keys do not belong together.
    pub fn open(&self, binding: &str, sealed: &[u8]) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        sealed
            .split_at_checked(16)
            .filter(|(id, _)| *id == self.sealing.id.as_bytes())
            .and_then(|(_, body)| open(&self.sealing.key, binding.as_bytes(), body))
            .context("a sealed value cannot be opened with this installation's keys")
    }

    /// A new fingerprint key for a domain about to be created.
    pub fn new_fingerprint_key(&self, clock: &Clock, domain_id: DomainId) -> WrappedKey {
        new_key(&self.master, clock, FINGERPRINT, &domain_id.to_string())
    }

    /// The client id of a content-addressed client: a keyed hash of what was asked for, 128 bits.
    pub async fn fingerprint(&self, store: &Store, domain_id: DomainId, canonical: &[u8]) -> anyhow::Result<ClientId> {
        let key = self.fingerprint_key(store, domain_id).await?;
        let tag = hmac::sign(&key, canonical);
        let text = random::encode(&tag.as_ref()[..16]);
        // Ids never begin with "-", which a command line would take for an option.
        Ok(ClientId(match text.strip_prefix('-') {
            Some(rest) => format!("_{rest}"),
            None => text,
        }))
    }

    async fn fingerprint_key(&self, store: &Store, domain_id: DomainId) -> anyhow::Result<Arc<hmac::Key>> {
        let known = self.fingerprints.read().unwrap_or_else(PoisonError::into_inner).get(&domain_id).cloned();
        if let Some(key) = known {
            return Ok(key);
        }
        let scope = domain_id.to_string();
        let stored = store.data_keys().await?;
        let wrapped = stored.iter().find(|key| key.purpose == FINGERPRINT && key.scope == scope);
        let bytes = unwrap(&self.master, wrapped.context("the domain has no fingerprint key")?)?;
        let key = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice()));
        self.fingerprints.write().unwrap_or_else(PoisonError::into_inner).insert(domain_id, Arc::clone(&key));
        Ok(key)
    }
}

/// What a client secret's sealed copy is bound to.
pub fn secret_binding(domain_id: DomainId, client_id: &ClientId) -> String {
    format!("client_secret/{domain_id}/{client_id}")
}

/// Unwrapped at the start: a running server goes on when the master key is replaced.
fn fingerprints(master: &MasterKey, stored: &[WrappedKey]) -> anyhow::Result<HashMap<DomainId, Arc<hmac::Key>>> {
    let mut known = HashMap::new();
    for key in stored.iter().filter(|key| key.purpose == FINGERPRINT) {
        let Ok(domain_id) = key.scope.parse() else { continue };
        let bytes = unwrap(master, key)?;
        known.insert(DomainId(domain_id), Arc::new(hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice())));
    }
    Ok(known)
}

fn new_key(master: &MasterKey, clock: &Clock, purpose: &str, scope: &str) -> WrappedKey {
    let mut key = WrappedKey {
        id: new_uuid(clock),
        purpose: purpose.to_owned(),
        scope: scope.to_owned(),
        version: 1,
        wrapped: Vec::new(),
        created_at: clock.now(),
    };
    key.wrapped = master.wrap(&key, &KeyBytes::new(random::bytes::<32>()));
    key
}

fn unwrap(master: &MasterKey, key: &WrappedKey) -> anyhow::Result<KeyBytes> {
    master.unwrap(key).context(
        "the master key is not the one this database was made with; set REGISTRAR_MASTER_KEY (or keys.master_key_file) to that key",
    )
}
