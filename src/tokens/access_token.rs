//! The claims of an access token (RFC 9068 §2.2), and `azp`, by which gateways find the client.

use serde::{Deserialize, Serialize};

use crate::model::id::{AuthorizationId, ClientId};
use crate::model::scope::ScopeSet;
use crate::model::time::UnixTime;

/// The claims of an access token. `azp` and `client_id` are both the client; `scope` is left out where it is empty.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessToken {
    /// Issuer.
    pub iss: String,
    /// Subject: the user, or the client itself.
    pub sub: String,
    /// Audience: one text or several.
    pub aud: Aud,
    /// The client, as JWT plans of gateways read it.
    pub azp: ClientId,
    /// The client (RFC 9068 §2.2); tokens without it are no access tokens of ours.
    pub client_id: ClientId,
    /// The scope granted.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub scope: ScopeSet,
    /// Issued at.
    pub iat: UnixTime,
    /// Expires at.
    pub exp: UnixTime,
    /// Not before; tokens of this server begin at once, and have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<UnixTime>,
    /// The token's identifier: what a revocation names.
    pub jti: String,
    /// The person's login that it rests on; ending that ends the token. None: the client acts for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<AuthorizationId>,
}

/// The `aud` claim (RFC 7519 §4.1.3).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Aud {
    /// One audience is a plain text, which every gateway understands.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Aud {
    /// From a list; one value becomes a plain text.
    pub fn new(mut values: Vec<String>) -> Self {
        if values.len() == 1 { Self::One(values.remove(0)) } else { Self::Several(values) }
    }

    /// Whether the token is for this audience.
    pub fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(own) => own == audience,
            Self::Several(own) => own.iter().any(|own| own == audience),
        }
    }
}
