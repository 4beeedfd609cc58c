//! A registered client and its state.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client_id_document::METHODS_MEMBER;
use super::client_metadata::ClientMetadata;
use super::id::{ClientId, DomainId, PolicyId, SecretId};
use super::json::Object;
use super::scope::ScopeSet;
use super::time::UnixTime;

/// How a client came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Made by an administrator.
    Manual,
    /// Registered by a gateway with a `dcr_admin` token.
    Gateway,
    /// Registered with an initial access token (RFC 7591 §3).
    InitialAccessToken,
    /// Registered by nobody in particular, with a secret of its own.
    Open,
    /// A public client registered by nobody in particular: its id is a keyed hash of what it asked for.
    ContentAddressed,
    /// Not registered at all: its id is the URL of its metadata document
    /// (draft-ietf-oauth-client-id-metadata-document).
    ClientDocument,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 6] = [
        Self::Manual,
        Self::Gateway,
        Self::InitialAccessToken,
        Self::Open,
        Self::ContentAddressed,
        Self::ClientDocument,
    ];

    /// Those of clients that are registered: each but the documents.
    pub const REGISTERED: [Self; 5] =
        [Self::Manual, Self::Gateway, Self::InitialAccessToken, Self::Open, Self::ContentAddressed];

    /// Whether anybody can bring such a client along.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::ContentAddressed | Self::ClientDocument)
    }

    /// The origin as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Gateway => "gateway",
            Self::InitialAccessToken => "initial_access_token",
            Self::Open => "open",
            Self::ContentAddressed => "content_addressed",
            Self::ClientDocument => "client_document",
        }
    }

    /// Reads a stored origin.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == text)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a client may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClientStatus {
    /// It may.
    Active,
    /// It waits for an administrator's approval.
    Pending,
    /// An administrator stopped it; it can be resumed.
    Suspended,
    /// It is gone; the row stays so that the id is never given to anybody else.
    Deleted,
}

impl ClientStatus {
    /// Those of clients that are there.
    pub const LISTED: [Self; 3] = [Self::Active, Self::Pending, Self::Suspended];

    /// Every status.
    pub const ALL: [Self; 4] = [Self::Active, Self::Pending, Self::Suspended, Self::Deleted];

    /// The status as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }

    /// Reads a stored status.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A registered client.
#[derive(Debug, Clone)]
pub struct Client {
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// Its `client_id`.
    pub client_id: ClientId,
    /// How it came to be.
    pub origin: Origin,
    /// Whether it may be used.
    pub status: ClientStatus,
    /// Who registered it: the client id of a gateway registrar, or the id of an initial access token.
    pub registrant: Option<String>,
    /// The policy that admitted it and binds its updates.
    pub policy_id: Option<PolicyId>,
    /// The metadata in force.
    pub metadata: ClientMetadata,
    /// What an administrator set.
    pub settings: ClientSettings,
    /// What its registrant sent and was told.
    pub registration: Registration,
    /// Keyed hash of the registration access token, where there is one.
    pub registration_token: Option<Vec<u8>>,
    /// Keyed hash of the token before a rotation, until the new one is first used.
    pub previous_registration_token: Option<Vec<u8>>,
    /// Tokens issued up to this time are no longer believed.
    pub tokens_not_before: UnixTime,
    /// Counts the changes.
    pub version: i64,
    /// When it was registered (`client_id_issued_at`).
    pub created_at: UnixTime,
    /// When it last changed.
    pub updated_at: UnixTime,
}

impl Client {
    /// Every scope the client may be given: the registered ones and those an administrator granted.
    pub fn may_have_scope(&self, scope: &str) -> bool {
        self.settings.granted_scopes.contains(scope)
            || self.metadata.scope.as_ref().is_some_and(|registered| registered.contains(scope))
    }

    /// Whether nobody vouches for it: it registered itself, or is what a document says.
    pub fn is_self_registered(&self) -> bool {
        self.origin.is_open()
    }

    /// Whether the client was registered over HTTP, not made by hand.
    pub fn is_dynamic(&self) -> bool {
        self.origin != Origin::Manual
    }

    /// Whether the client may authenticate by this method: the one it registered, and for a client with a metadata
    /// document each that the document lists.
    pub fn takes_method(&self, method: &str) -> bool {
        let listed = || self.metadata.extra.get(METHODS_MEMBER).and_then(Value::as_array);
        self.metadata.token_endpoint_auth_method.as_deref() == Some(method)
            || self.origin == Origin::ClientDocument
                && listed().is_some_and(|listed| listed.iter().any(|own| own == method))
    }

    /// Whether the client proves a key by client assertions (RFC 7523 §2.2).
    pub fn takes_assertions(&self) -> bool {
        self.takes_method("private_key_jwt") || self.takes_method("client_secret_jwt")
    }

    /// Whether the client authenticates with nothing but its id.
    pub fn is_public(&self) -> bool {
        self.metadata.token_endpoint_auth_method.as_deref() == Some("none")
    }
}

/// What an administrator sets for a client; no registrant ever does.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the page and in the file")]
pub struct ClientSettings {
    /// Scopes granted by an administrator, reserved ones included; never part of the registered metadata.
    #[serde(skip_serializing_if = "ScopeSet::is_empty")]
    #[schema(value_type = String)]
    pub granted_scopes: ScopeSet,
    /// Scopes a token request gets that names none; where this is empty, the registered ones.
    #[serde(skip_serializing_if = "ScopeSet::is_empty")]
    #[schema(value_type = String)]
    pub default_scopes: ScopeSet,
    /// Whether it may introspect tokens that were issued to other clients without a resource.
    pub may_introspect: bool,
    /// The policy that binds what it registers with a `dcr_admin` token, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registrar_policy: Option<String>,
    /// The slug under which registrants name it as a template (`software_id`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Lifetime of its access tokens in seconds, where it differs from the domain's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 10, maximum = 86_400)]
    pub access_token_lifetime: Option<i64>,
    /// Whether PKCE with S256 is required of it (RFC 7636).
    pub require_pkce: bool,
    /// Whether this client is nothing but a resource's credentials for introspection.
    pub resource_credentials: bool,
    /// Whether an administrator vouches for it: a consent once given is remembered for loopback and private-scheme
    /// redirects as well.
    pub trusted: bool,
}

/// What the registrant of a client last sent and was last told: the two sides of the three-way merge (RFC 7592 §2.2).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Registration {
    /// The members it sent, normalised.
    pub asked: Object,
    /// The members it was told.
    pub told: Object,
    /// The base URL under which it was registered; `registration_client_uri` keeps it.
    pub base_url: String,
    /// Lifetime of its secrets in seconds, where the policy set one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_lifetime: Option<i64>,
}

/// One secret of a client, as it is stored.
#[derive(Debug, Clone)]
pub struct ClientSecret {
    /// Its identifier.
    pub id: SecretId,
    /// How to verify it; names its scheme.
    pub verifier: String,
    /// A sealed copy, where the secret must be told again or used in clear.
    pub sealed: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it ends: its lifetime, or the end of its grace once a newer one superseded it.
    pub expires_at: Option<UnixTime>,
    /// Whether a newer one superseded it.
    pub superseded: bool,
}

impl ClientSecret {
    /// Whether it is valid at the given time.
    pub fn is_valid_at(&self, now: UnixTime) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}
