//! What a grant established: who, for which audience, with which scope, for how long.

use serde::{Deserialize, Serialize};

use super::domain::TokenType;
use super::id::{AttemptId, AuthorizationId, ClientId, DomainId, SessionId, UserId};
use super::scope::ScopeSet;
use super::secret::Secret;
use super::signing_key::SigningAlgorithm;
use super::time::UnixTime;
use super::user::User;

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
    /// The person's login that it rests on; none: the client acts for itself.
    pub login: Option<Login>,
}

/// The person's login that a grant rests on.
#[derive(Debug, Clone)]
pub struct Login {
    /// The family of everything issued from it.
    pub grant: LoginGrant,
    /// The person.
    pub user: User,
    /// The refresh token to hand out.
    pub refresh_token: Option<Secret>,
    /// The `nonce` that the ID token repeats: the request's, at its first token only (OIDC Core §12.2).
    pub nonce: Option<String>,
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

/// What a person's login established for a client, as it is kept: the family of codes and tokens issued from it.
#[derive(Debug, Clone)]
pub struct LoginGrant {
    /// Its identifier; access tokens carry it as `grant_id`.
    pub id: AuthorizationId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// The client.
    pub client_id: ClientId,
    /// The person.
    pub user_id: UserId,
    /// The browser session that it came from.
    pub session_id: Option<SessionId>,
    /// The attempt that it came from.
    pub attempt: AttemptId,
    /// The scope granted.
    pub scope: ScopeSet,
    /// What else is kept.
    pub details: GrantDetails,
    /// Whether anything may be issued from it.
    pub status: GrantStatus,
    /// When it was established.
    pub created_at: UnixTime,
    /// When something was last issued from it.
    pub last_used_at: UnixTime,
    /// When it ends at the latest.
    pub expires_at: UnixTime,
}

impl LoginGrant {
    /// Whether anything may be issued from it, or told to those who hold its tokens.
    pub fn is_alive(&self, now: UnixTime) -> bool {
        self.status == GrantStatus::Active && now < self.expires_at
    }
}

/// What else is kept of a login.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GrantDetails {
    /// The `sub` that this client knows the person by (OIDC Core §8).
    pub subject: String,
    /// The resources as they stand in `aud`; none: the client itself.
    pub resources: Vec<String>,
    /// When the person proved who they are.
    pub auth_time: UnixTime,
    /// The request's `nonce`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

/// Whether anything may be issued from a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GrantStatus {
    /// Its code waits to be redeemed.
    Pending,
    /// Its code was redeemed.
    Active,
    /// It was ended: by the person, an administrator, or because a code or token was used twice.
    Revoked,
}

impl GrantStatus {
    const ALL: [Self; 3] = [Self::Pending, Self::Active, Self::Revoked];

    /// The status as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }

    /// Reads a stored status.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// An authorization code as it is kept (RFC 6749 §4.1.2).
#[derive(Debug, Clone)]
pub struct AuthorizationCode {
    /// Its keyed hash.
    pub hash: Vec<u8>,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// Where it was sent.
    pub redirect_uri: String,
    /// Whether the request named the redirect URI; then the token request must as well (RFC 6749 §4.1.3).
    pub redirect_uri_sent: bool,
    /// The PKCE challenge.
    pub code_challenge: Option<String>,
    /// When it was issued.
    pub created_at: UnixTime,
    /// When it ends.
    pub expires_at: UnixTime,
    /// When it was redeemed.
    pub redeemed_at: Option<UnixTime>,
}

/// How every refresh token begins, so that it is told from an access token without a look at the database.
pub const REFRESH_TOKEN: &str = "rt_";

/// A refresh token as it is kept (RFC 6749 §6).
#[derive(Debug, Clone)]
pub struct RefreshToken {
    /// Its keyed hash.
    pub hash: Vec<u8>,
    /// When it was issued.
    pub created_at: UnixTime,
    /// When it ends unless it is used.
    pub expires_at: UnixTime,
    /// When a successor took its place.
    pub rotated_at: Option<UnixTime>,
}

impl RefreshToken {
    /// Whether it is the one to use now: neither ended nor replaced.
    pub fn is_current(&self, now: UnixTime) -> bool {
        now < self.expires_at && self.rotated_at.is_none()
    }
}
