//! Client assertions (RFC 7523 §3, OIDC Core §9): what both methods by JWT have in common.
//!
//! # Design
//! Everything is read before anything is believed: the header names the algorithm, the claims name the client, the
//! client's registration says which method and algorithm it uses. Only then a signature is checked, with keys that fit
//! the algorithm, so that a public key is never taken for a shared one. What is refused names the claim and the rule;
//! the assertion itself is never repeated.

use std::str::FromStr as _;
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use super::{Attempt, find, usable};
use crate::model::json::{Object, parse_object};
use crate::model::oauth_error::OAuthError;
use crate::model::registration::rules::assertion_algorithms;
use crate::model::time::UnixTime;
use crate::oauth::request::InDomain;
use crate::store::cache::ClientEntry;

/// The one type of assertion that authenticates clients (RFC 7523 §2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Longer texts are no assertions.
const MAX_LENGTH: usize = 8_192;

/// How far ahead an assertion may end, in seconds: so long its `jti` is remembered.
const MAX_LIFETIME: i64 = 3_600;

/// How far the client's clock may be ahead of ours, in seconds.
const SKEW: i64 = 60;

/// The endpoints that a client authenticates at; an assertion may name any of them as its audience.
const ENDPOINTS: [&str; 4] = ["oauth/token", "oauth/introspect", "oauth/revoke", "oauth/check_token"];

/// An assertion as it was presented: read, and not believed yet.
pub(super) struct Assertion<'a> {
    text: &'a str,
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    claims: Object,
    /// The client that it names.
    pub(super) entry: Arc<ClientEntry>,
}

/// The method that a presented assertion is of, by its algorithm.
pub(super) fn method_of(assertion: &str) -> &'static str {
    let header = assertion.split('.').next().and_then(object);
    let algorithm = header.as_ref().and_then(|header| header.get("alg")).and_then(Value::as_str).unwrap_or_default();
    if algorithm.starts_with("HS") { "client_secret_jwt" } else { "private_key_jwt" }
}

impl<'a> Assertion<'a> {
    /// Reads what the request presents, and finds the client that it names, which must be registered for `method`.
    pub(super) async fn read(attempt: &'a Attempt<'_>, method: &str) -> Result<Self, OAuthError> {
        let text = presented(attempt)?;
        let (header, claims) = parts(text)?;
        if header.contains_key("crit") {
            return Err(refused("header crit names extensions, of which none are understood here"));
        }
        let id = client_id(attempt, &claims)?;
        let entry = find(attempt.at, id).await?;
        if !entry.client.takes_method(method) {
            let registered = entry.client.metadata.token_endpoint_auth_method.as_deref().unwrap_or_default();
            return Err(refused(format!("the client is registered for {registered}, not for {method}; use that")));
        }
        let algorithm = algorithm(&header, &entry, method)?;
        let kid = header.get("kid").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { text, kid, algorithm, claims, entry })
    }

    /// Whether one of these keys made the signature; which one.
    pub(super) fn is_signed_by(&self, keys: impl IntoIterator<Item = DecodingKey>) -> Option<usize> {
        let mut validation = Validation::new(self.algorithm);
        // The claims are checked here, by our own clock.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        keys.into_iter().position(|key| jsonwebtoken::decode::<Object>(self.text, &key, &validation).is_ok())
    }

    /// Checks what a signed assertion claims, and that it was not used before; then the client is who it says.
    pub(super) async fn believe(self, at: &InDomain) -> Result<Arc<ClientEntry>, OAuthError> {
        audience(at, self.claims.get("aud"))?;
        let expires_at = times(&self.claims, at.app.clock.now())?;
        usable(&self.entry)?;
        let jti = self.claims.get("jti").and_then(Value::as_str).filter(|jti| !jti.is_empty());
        let jti = jti.ok_or_else(|| refused("jti is missing; give each assertion one of its own"))?;
        let hash = digest::digest(&digest::SHA256, jti.as_bytes());
        let client_id = &self.entry.client.client_id;
        if at.app.store.use_assertion(at.domain.id(), client_id, hash.as_ref(), expires_at).await? {
            return Ok(self.entry);
        }
        Err(refused("jti was used before; make a new assertion for each request"))
    }
}

/// A refusal (RFC 7523 §3.2).
pub(super) fn refused(problem: impl AsRef<str>) -> OAuthError {
    OAuthError::invalid_client(format!("client_assertion: {}", problem.as_ref()))
}

fn presented<'a>(attempt: &'a Attempt<'_>) -> Result<&'a str, OAuthError> {
    if attempt.params.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(OAuthError::invalid_client(format!("client_assertion_type: must be {ASSERTION_TYPE}")));
    }
    let text = attempt.params.get("client_assertion").ok_or_else(|| refused("is missing; send a signed JWT"))?;
    if text.len() > MAX_LENGTH {
        return Err(refused(format!("is longer than {MAX_LENGTH} characters; leave out what is not needed")));
    }
    Ok(text)
}

fn parts(text: &str) -> Result<(Object, Object), OAuthError> {
    let malformed = || refused("is not a signed JWT of three parts, each member standing once (RFC 7515 section 3.1)");
    let mut parts = text.split('.');
    let (Some(header), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(malformed());
    };
    Ok((object(header).ok_or_else(malformed)?, object(claims).ok_or_else(malformed)?))
}

/// One part, decoded; the strict parser refuses a member that stands twice.
fn object(part: &str) -> Option<Object> {
    URL_SAFE_NO_PAD.decode(part).ok().and_then(|bytes| parse_object(&bytes).ok())
}

/// The client speaks of itself (RFC 7523 §3, rules 1 and 2); the parameter only repeats that.
fn client_id<'c>(attempt: &Attempt<'_>, claims: &'c Object) -> Result<&'c str, OAuthError> {
    let claim = |name: &str| claims.get(name).and_then(Value::as_str);
    let (Some(iss), Some(sub)) = (claim("iss"), claim("sub")) else {
        return Err(refused("iss and sub must both be the client_id"));
    };
    if iss != sub {
        return Err(refused("iss and sub differ; both must be the client_id"));
    }
    if attempt.params.get("client_id").is_some_and(|named| named != sub) {
        return Err(refused("sub is not the client_id of the request; leave the parameter out or send the same"));
    }
    Ok(sub)
}

fn algorithm(header: &Object, entry: &ClientEntry, method: &str) -> Result<Algorithm, OAuthError> {
    let offered = assertion_algorithms(method);
    let named = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    let algorithm = Algorithm::from_str(named).ok().filter(|_| offered.contains(&named));
    let algorithm = algorithm
        .ok_or_else(|| refused(format!("alg is not one that {method} is offered with: {}", offered.join(", "))))?;
    let registered = entry.client.metadata.token_endpoint_auth_signing_alg.as_deref();
    if let Some(registered) = registered.filter(|registered| *registered != named) {
        return Err(refused(format!("alg is not {registered}, the client's token_endpoint_auth_signing_alg")));
    }
    Ok(algorithm)
}

/// The audience is this server (RFC 7523 §3, rule 3): its issuer, or an endpoint under any of its names.
fn audience(at: &InDomain, aud: Option<&Value>) -> Result<(), OAuthError> {
    let issuer = at.issuer();
    let settings = &at.app.settings;
    let bases = || std::iter::once(&at.app.public_url).chain(settings.extra_base_urls.0.iter());
    let domain = &at.domain.domain.name;
    let is_us = |named: &str| {
        let is_endpoint = |path: &str| bases().any(|base| format!("{}/{domain}/{path}", base.as_str()) == named);
        named.strip_suffix('/').unwrap_or(named) == issuer || ENDPOINTS.iter().any(|path| is_endpoint(path))
    };
    let fits = match aud {
        Some(Value::String(named)) => is_us(named),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).any(is_us),
        _ => false,
    };
    if fits { Ok(()) } else { Err(refused(format!("aud must be the issuer {issuer}, or the token endpoint's URL"))) }
}

/// The assertion has not ended, ends soon, and has begun (RFC 7523 §3, rules 4 to 6). Returns its end.
fn times(claims: &Object, now: UnixTime) -> Result<UnixTime, OAuthError> {
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => match value.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "out of range, it saturates, which is out of range")]
            Some(seconds) => Ok(Some(UnixTime(seconds as i64))),
            None => Err(refused(format!("{name} must be a number of seconds since 1970"))),
        },
    };
    let end = time("exp")?.ok_or_else(|| refused("exp is missing; let it be a few minutes ahead"))?;
    if end <= now {
        return Err(refused("exp is past; make a new assertion, and check the clock of the client"));
    }
    if end.since(now) > MAX_LIFETIME {
        return Err(refused(format!("exp is more than {MAX_LIFETIME} seconds ahead; let it be a few minutes")));
    }
    for name in ["iat", "nbf"] {
        if time(name)?.is_some_and(|start| start.since(now) > SKEW) {
            return Err(refused(format!("{name} is more than {SKEW} seconds ahead; check the clock of the client")));
        }
    }
    Ok(end)
}
