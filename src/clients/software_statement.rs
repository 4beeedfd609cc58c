//! Software statements (RFC 7591 §2.3): metadata vouched for by an issuer that the domain believes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use super::Registry;
use super::remote_keys::parse_key_set;
use crate::model::domain::StatementIssuer;
use crate::model::json::{Object, parse_object};
use crate::model::registration::findings::{ErrorCode, Refusal};
use crate::store::cache::DomainEntry;

/// Only signatures that name who made them: a shared secret could have been made by anybody who checks it.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// How far the issuer's clock may be ahead of ours, in seconds.
const SKEW: i64 = 60;

fn invalid(explanation: impl Into<String>) -> Refusal {
    Refusal::one("software_statement", "software-statement", explanation).with_code(ErrorCode::InvalidSoftwareStatement)
}

fn unapproved(explanation: impl Into<String>) -> Refusal {
    Refusal::one("software_statement", "software-statement", explanation)
        .with_code(ErrorCode::UnapprovedSoftwareStatement)
}

impl Registry {
    /// The claims of a statement whose issuer is believed and whose signature is good.
    pub async fn verify_statement(&self, domain: &DomainEntry, statement: &str) -> Result<Object, Refusal> {
        let unverified = payload(statement)?;
        let Some(Value::String(iss)) = unverified.get("iss") else {
            return Err(invalid("has no iss claim (RFC 7591 section 2.3)"));
        };
        let issuers = &domain.domain.settings.software_statement_issuers;
        let Some(issuer) = issuers.iter().find(|issuer| issuer.issuer == *iss) else {
            return Err(unapproved("its issuer is not one this domain believes; ask the administrator to add it"));
        };
        let header = jsonwebtoken::decode_header(statement).map_err(|_| invalid("is not a signed JWT"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(invalid("must be signed with an asymmetric algorithm (RS, PS, ES or EdDSA)"));
        }
        let keys = self.statement_keys(issuer).await?;
        let mut validation = Validation::new(header.alg);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let candidates = keys.keys.iter().filter(|key| header.kid.is_none() || key.common.key_id == header.kid);
        let verified = candidates.filter_map(decoding_key).find_map(|key| {
            jsonwebtoken::decode::<Object>(statement, &key, &validation).ok().map(|token| token.claims)
        });
        let claims = verified.ok_or_else(|| invalid("its signature is not one of the issuer's keys"))?;
        self.check_times(&claims)?;
        Ok(claims)
    }

    async fn statement_keys(&self, issuer: &StatementIssuer) -> Result<JwkSet, Refusal> {
        let keys = match (&issuer.jwks, &issuer.jwks_uri) {
            (Some(keys), _) => parse_key_set(&Value::Object(keys.clone())),
            (None, Some(uri)) => self.key_set(uri).await,
            (None, None) => Err("the issuer has no keys configured".to_owned()),
        };
        keys.map_err(|problem| unapproved(format!("its issuer's keys cannot be had now ({problem}); try again later")))
    }

    fn check_times(&self, claims: &Object) -> Result<(), Refusal> {
        let now = self.store.clock().now().seconds();
        let time = |name: &str| claims.get(name).and_then(Value::as_f64);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
        let now = now as f64;
        #[expect(clippy::cast_precision_loss, reason = "a minute")]
        let skew = SKEW as f64;
        if time("exp").is_some_and(|end| end <= now) {
            return Err(invalid("has expired (exp)"));
        }
        if time("nbf").is_some_and(|start| start > now + skew) || time("iat").is_some_and(|made| made > now + skew) {
            return Err(invalid("is not valid yet (nbf, iat)"));
        }
        Ok(())
    }
}

pub(super) fn payload(statement: &str) -> Result<Object, Refusal> {
    let malformed = || invalid("is not a signed JWT of three parts");
    let mut parts = statement.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(malformed());
    };
    let bytes = URL_SAFE_NO_PAD.decode(payload).map_err(|_| malformed())?;
    // The strict parser also refuses a claim that stands twice.
    parse_object(&bytes).map_err(|_| malformed())
}

fn decoding_key(key: &Jwk) -> Option<DecodingKey> {
    DecodingKey::from_jwk(key).ok()
}
