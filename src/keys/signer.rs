//! Parsed key pairs: one function writes the compact form of every JWT this server issues (RFC 7515 §7.1).
//!
//! `jsonwebtoken::encode` parses the private key on every call, which costs twice the signature; here it is parsed once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::anyhow;
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde::Serialize;
use serde_json::json;

use super::data_keys::DataKeys;
use crate::model::domain::TokenType;
use crate::model::id::{DomainId, SigningKeyId};
use crate::model::json::Object;
use crate::model::random::encode;
use crate::model::signing_key::{SigningAlgorithm, SigningKey};

/// A parsed signing key with its encoded headers.
#[derive(Debug)]
pub struct Signer {
    kid: String,
    algorithm: SigningAlgorithm,
    pair: Pair,
    jwt_header: String,
    at_jwt_header: String,
    verifying: DecodingKey,
}

#[derive(Debug)]
enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
}

impl Signer {
    /// Parses a private key in PKCS #8 form.
    pub fn new(kid: &str, algorithm: SigningAlgorithm, pkcs8: &[u8]) -> anyhow::Result<Self> {
        let unusable = |_| anyhow!("a stored signing key cannot be parsed");
        let (pair, verifying) = match algorithm {
            SigningAlgorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(unusable)?;
                let verifying = DecodingKey::from_rsa_der(pair.public_key().as_ref());
                (Pair::Rsa(Box::new(pair)), verifying)
            }
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(unusable)?;
                let verifying = DecodingKey::from_ec_der(pair.public_key().as_ref());
                (Pair::Ec(Box::new(pair)), verifying)
            }
        };
        let header = |typ: TokenType| {
            encode(json!({"alg": algorithm.as_str(), "typ": typ.as_str(), "kid": kid}).to_string().as_bytes())
        };
        Ok(Self {
            kid: kid.to_owned(),
            algorithm,
            pair,
            jwt_header: header(TokenType::Jwt),
            at_jwt_header: header(TokenType::AtJwt),
            verifying,
        })
    }

    /// The `kid` header's value.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it signs with.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The public key, as jsonwebtoken verifies with it.
    pub fn verifying_key(&self) -> &DecodingKey {
        &self.verifying
    }

    /// Signs claims: `header.payload.signature`.
    pub fn sign(&self, typ: TokenType, claims: &impl Serialize) -> anyhow::Result<String> {
        let header = match typ {
            TokenType::Jwt => &self.jwt_header,
            TokenType::AtJwt => &self.at_jwt_header,
        };
        let payload = serde_json::to_vec(claims)?;
        let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + 360);
        token.push_str(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&payload, &mut token);
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Ok(token)
    }

    /// The signature of a text.
    pub fn signature(&self, text: &[u8]) -> anyhow::Result<Vec<u8>> {
        let failed = |_| anyhow!("signing failed");
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Pair::Ec(pair) => Ok(pair.sign(&SystemRandom::new(), text).map_err(failed)?.as_ref().to_vec()),
        }
    }

    /// The public key in PEM form (RFC 7468 §13).
    pub fn public_pem(&self) -> anyhow::Result<String> {
        let failed = |_| anyhow!("the public key cannot be encoded");
        let der: PublicKeyX509Der = match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der().map_err(failed)?,
            Pair::Ec(pair) => pair.public_key().as_der().map_err(failed)?,
        };
        let text = STANDARD.encode(der.as_ref());
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for line in text.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        Ok(pem)
    }

    /// The public key as a JWK (RFC 7517 §4).
    pub fn public_jwk(&self) -> Object {
        let mut jwk = Object::new();
        let mut put = |name: &str, value: String| jwk.insert(name.to_owned(), value.into());
        match &self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                put("kty", "RSA".to_owned());
                put("n", encode(public.modulus().big_endian_without_leading_zero()));
                put("e", encode(public.exponent().big_endian_without_leading_zero()));
            }
            Pair::Ec(pair) => {
                // An uncompressed point: 0x04, x, y.
                let point = pair.public_key().as_ref();
                put("kty", "EC".to_owned());
                put("crv", "P-256".to_owned());
                put("x", encode(&point[1..33]));
                put("y", encode(&point[33..65]));
            }
        }
        put("kid", self.kid.clone());
        put("use", "sig".to_owned());
        put("alg", self.algorithm.as_str().to_owned());
        jwk
    }
}

/// What a signing key's sealed private part is bound to.
pub fn sealing_binding(domain_id: DomainId, kid: &str) -> String {
    format!("signing_key/{domain_id}/{kid}")
}

/// Every signing key this process has parsed so far; a key never changes under its id.
#[derive(Debug, Default)]
pub struct Signers(RwLock<HashMap<SigningKeyId, Arc<Signer>>>);

impl Signers {
    /// The parsed form of a stored key.
    pub fn get(&self, keys: &DataKeys, key: &SigningKey) -> anyhow::Result<Arc<Signer>> {
        if let Some(signer) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key.id) {
            return Ok(Arc::clone(signer));
        }
        let private = keys.open(&sealing_binding(key.domain_id, &key.kid), &key.sealed_private)?;
        let signer = Arc::new(Signer::new(&key.kid, key.algorithm, &private)?);
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key.id, Arc::clone(&signer));
        Ok(signer)
    }
}
