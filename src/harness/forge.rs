//! Tokens that are signed by the server's keys, or wrong in one chosen way.

use anyhow::{Context as _, anyhow};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::baked;
use crate::app::App;
use crate::keys::jwks;
use crate::keys::signer::Signer;
use crate::model::json::Object;
use crate::model::random::encode;
use crate::model::signing_key::SigningAlgorithm;
use crate::store::cache::DomainEntry;

/// In which way a token is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// It has ended a minute ago.
    Expired,
    /// It begins in an hour (`nbf` and `iat`).
    NotYetValid,
    /// It was signed by somebody else, who claims the server's key id.
    WrongKey,
    /// Its issuer is another one.
    WrongIssuer,
    /// It is for somebody else.
    WrongAudience,
    /// Its claims were changed after it was signed.
    TamperedPayload,
    /// Its signature was changed.
    TamperedSignature,
    /// It has no signature (`alg` is `none`).
    AlgNone,
    /// It has an HS256 code made with the server's public key as the secret.
    Hs256WithPublicKey,
    /// It names a key that the key set does not have.
    UnknownKid,
    /// It names no key.
    NoKid,
    /// It is a JWT for something else (`typ`).
    WrongType,
    /// It has no third part.
    Malformed,
}

/// Which of the two tokens is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// The access token.
    #[default]
    AccessToken,
    /// The ID token.
    IdToken,
}

/// A token that was made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Minted {
    /// The token.
    pub token: String,
    /// Its header.
    pub header: Object,
    /// Its claims.
    pub claims: Object,
}

/// A token before it is signed.
pub(super) struct Draft {
    pub(super) typ: String,
    pub(super) algorithm: SigningAlgorithm,
    pub(super) claims: Object,
}

/// Puts claims in place of others; null takes one away.
pub(super) fn overlay(claims: &mut Object, over: Object) {
    for (name, value) in over {
        if value.is_null() {
            claims.remove(&name);
        } else {
            claims.insert(name, value);
        }
    }
}

/// Signs a draft with the domain's key, or in the chosen way wrongly.
pub(super) fn forge(app: &App, domain: &DomainEntry, draft: Draft, flaw: Option<Flaw>) -> anyhow::Result<Minted> {
    let Draft { typ, algorithm, mut claims } = draft;
    let key = jwks::signing_key(&domain.signing_keys, algorithm)
        .with_context(|| format!("the domain {} has no active {algorithm} key", domain.domain.name))?;
    let signer = app.issuer.signers.get(&app.keys, key)?;
    let mut header: Object = Object::new();
    header.insert("alg".to_owned(), algorithm.as_str().into());
    header.insert("typ".to_owned(), typ.into());
    header.insert("kid".to_owned(), signer.kid().into());
    let now = app.clock.now().seconds();
    wrong_claims(&mut claims, flaw, now);
    wrong_header(&mut header, flaw);
    let text = format!("{}.{}", part(&header)?, part(&claims)?);
    let signature = match flaw {
        Some(Flaw::AlgNone) => Vec::new(),
        Some(Flaw::Hs256WithPublicKey) => {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, signer.public_pem()?.as_bytes());
            hmac::sign(&secret, text.as_bytes()).as_ref().to_vec()
        }
        Some(Flaw::WrongKey) => {
            Signer::new("", algorithm, baked::foreign_key(algorithm))?.signature(text.as_bytes())?
        }
        _ => signer.signature(text.as_bytes())?,
    };
    let token = match flaw {
        Some(Flaw::Malformed) => text,
        Some(Flaw::TamperedSignature) => format!("{text}.{}", encode(&tampered(signature))),
        Some(Flaw::TamperedPayload) => {
            claims.insert("tampered".to_owned(), true.into());
            format!("{}.{}.{}", part(&header)?, part(&claims)?, encode(&signature))
        }
        _ => format!("{text}.{}", encode(&signature)),
    };
    Ok(Minted { token, header, claims })
}

fn wrong_claims(claims: &mut Object, flaw: Option<Flaw>, now: i64) {
    let logged_in = claims.get("auth_time").and_then(Value::as_i64);
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    match flaw {
        Some(Flaw::Expired) => {
            set("iat", (now - 3_660).into());
            set("exp", (now - 60).into());
            // Nobody logs in after what they logged in for.
            if let Some(logged_in) = logged_in {
                set("auth_time", logged_in.min(now - 3_660).into());
            }
        }
        Some(Flaw::NotYetValid) => {
            set("nbf", (now + 3_600).into());
            set("iat", (now + 3_600).into());
            set("exp", (now + 7_200).into());
        }
        Some(Flaw::WrongIssuer) => {
            set("iss", "https://issuer.invalid".into());
        }
        Some(Flaw::WrongAudience) => {
            set("aud", "https://audience.invalid".into());
        }
        _ => {}
    }
}

fn wrong_header(header: &mut Object, flaw: Option<Flaw>) {
    let mut set = |name: &str, value: &str| header.insert(name.to_owned(), value.into());
    match flaw {
        Some(Flaw::AlgNone) => drop(set("alg", "none")),
        Some(Flaw::Hs256WithPublicKey) => drop(set("alg", "HS256")),
        Some(Flaw::UnknownKid) => drop(set("kid", "a-key-that-nobody-has")),
        Some(Flaw::WrongType) => drop(set("typ", "secevent+jwt")),
        Some(Flaw::NoKid) => drop(header.remove("kid")),
        _ => {}
    }
}

fn tampered(mut signature: Vec<u8>) -> Vec<u8> {
    if let Some(first) = signature.first_mut() {
        *first ^= 1;
    }
    signature
}

fn part(object: &Object) -> anyhow::Result<String> {
    Ok(encode(&serde_json::to_vec(object)?))
}

/// The header and the claims of a token of the server's.
pub(super) fn read(token: &str) -> anyhow::Result<(Object, Object)> {
    let mut parts = token.split('.');
    let mut next = || -> anyhow::Result<Object> {
        let text = parts.next().ok_or_else(|| anyhow!("the token has too few parts"))?;
        Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text)?)?)
    };
    Ok((next()?, next()?))
}
