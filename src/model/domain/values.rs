//! What settings of a domain are made of.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::json::Object;
use crate::model::registration::rules::key_document_is_public;

/// The `typ` header of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum TokenType {
    /// `JWT`: what every gateway plugin takes.
    #[serde(rename = "JWT")]
    Jwt,
    /// `at+jwt` (RFC 9068 §2.1).
    #[serde(rename = "at+jwt")]
    AtJwt,
}

impl TokenType {
    /// The header's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "JWT",
            Self::AtJwt => "at+jwt",
        }
    }
}

/// How a generated client secret is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum SecretHash {
    /// A keyed hash: enough for 256 random bits, and fast.
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    /// Argon2id, for those whose rules demand it.
    #[serde(rename = "argon2id")]
    Argon2id,
}

/// An issuer whose software statements are believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementIssuer {
    /// The `iss` claim, compared exactly.
    pub issuer: String,
    /// Its keys by value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    pub jwks: Option<Object>,
    /// Where its keys are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
}

impl StatementIssuer {
    pub(super) fn check(&self) -> Result<(), String> {
        let refused = |problem: &str| Err(format!("software_statement_issuers: {problem}"));
        if self.issuer.is_empty() || (self.jwks.is_none() == self.jwks_uri.is_none()) {
            return refused("each needs an issuer and either jwks or jwks_uri");
        }
        if let Some(jwks) = &self.jwks {
            let public = key_document_is_public(&jwks.clone().into());
            public.map_err(|refusal| {
                format!("software_statement_issuers: jwks of {}: {}", self.issuer, refusal.description())
            })?;
        }
        match self.jwks_uri.as_deref().map(url::Url::parse) {
            None => Ok(()),
            Some(Ok(url)) if matches!(url.scheme(), "https" | "http") => Ok(()),
            Some(_) => refused("jwks_uri must be an absolute https URL"),
        }
    }
}
