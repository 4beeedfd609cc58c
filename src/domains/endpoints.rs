//! The URLs of a domain, as those who set something up need them.

use serde::Serialize;
use utoipa::ToSchema;

/// The URLs of a domain. They follow from the server's base URL and the domain's name, and never change with settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Endpoints {
    /// What tokens name as `iss`.
    pub issuer: String,
    /// OpenID Connect Discovery 1.0: what APIM's "OpenID discovery endpoint" wants.
    pub discovery_url: String,
    /// Authorization server metadata (RFC 8414).
    pub oauth_metadata_url: String,
    /// The authorization endpoint (RFC 6749 §3.1).
    pub authorization_url: String,
    /// The token endpoint (RFC 6749 §3.2).
    pub token_url: String,
    /// Introspection (RFC 7662).
    pub introspection_url: String,
    /// Revocation (RFC 7009).
    pub revocation_url: String,
    /// `UserInfo` (OpenID Connect Core §5.3).
    pub userinfo_url: String,
    /// Logout (OpenID Connect RP-Initiated Logout).
    pub end_session_url: String,
    /// The key set (RFC 7517).
    pub jwks_url: String,
    /// Client registration (RFC 7591).
    pub registration_url: String,
    /// Where secrets are renewed, with the placeholder `{#client_id}` that APIM fills in.
    pub renew_secret_url: String,
    /// Where people sign up, if the domain allows it.
    pub sign_up_url: String,
}

impl Endpoints {
    /// The URLs of a domain under a base URL, which has no slash at its end.
    pub fn of(base_url: &str, domain: &str) -> Self {
        let root = format!("{base_url}/{domain}");
        Self {
            issuer: format!("{root}/oidc"),
            discovery_url: format!("{root}/oidc/.well-known/openid-configuration"),
            oauth_metadata_url: format!("{base_url}/.well-known/oauth-authorization-server/{domain}/oidc"),
            authorization_url: format!("{root}/oauth/authorize"),
            token_url: format!("{root}/oauth/token"),
            introspection_url: format!("{root}/oauth/introspect"),
            revocation_url: format!("{root}/oauth/revoke"),
            userinfo_url: format!("{root}/oidc/userinfo"),
            end_session_url: format!("{root}/oidc/logout"),
            jwks_url: format!("{root}/oidc/.well-known/jwks.json"),
            registration_url: format!("{root}/oidc/register"),
            renew_secret_url: format!("{root}/oidc/register/{{#client_id}}/renew_secret"),
            sign_up_url: format!("{root}/register"),
        }
    }
}
