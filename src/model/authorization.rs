//! What a grant established: who, for which audience, with which scope, for how long.

use super::domain::TokenType;
use super::scope::ScopeSet;
use super::signing_key::SigningAlgorithm;

/// What a grant established; the token is made from it, whatever the grant.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// The `sub` claim: the user, or the client itself (RFC 9068 §2.2).
    pub subject: String,
    /// The scope granted.
    pub scope: ScopeSet,
    /// For whom the token is.
    pub audience: Audience,
    /// Lifetime of the access token, in seconds.
    pub lifetime: i64,
}

/// For whom an access token is.
#[derive(Debug, Clone)]
pub struct Audience {
    /// The `aud` values: identifiers of resources, or the client's own id.
    pub values: Vec<String>,
    /// The `typ` header that goes with it.
    pub token_type: TokenType,
    /// What signs it.
    pub algorithm: SigningAlgorithm,
}
