//! A security domain: one issuer, one tenant. Nothing crosses from one domain to another.

mod values;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::client_id_document::check_pattern;
use super::id::DomainId;
use super::look::Look;
use super::redirect_uri::check_host_pattern;
use super::resource::ResourceIdentifier;
use super::signing_key::SigningAlgorithm;
use super::time::UnixTime;

pub use values::{SecretHash, StatementIssuer, TokenType};

/// Path segments that can never be a domain, because the server or a well-known convention uses them.
const RESERVED_NAMES: &[&str] = &[
    "api",
    "admin",
    "assets",
    "console",
    "docs",
    "favicon",
    "harness",
    "health",
    "healthz",
    "login",
    "logout",
    "metrics",
    "oauth",
    "oidc",
    "readyz",
    "register",
    "registrar",
    "robots",
    "static",
    "well-known",
];

/// A security domain.
#[derive(Debug, Clone)]
pub struct Domain {
    /// Its identifier in the database.
    pub id: DomainId,
    /// Its path segment; never changes.
    pub name: String,
    /// What an administrator may set.
    pub settings: DomainSettings,
    /// Counts the changes, so that two administrators cannot overwrite one another.
    pub version: i64,
    /// When it was created.
    pub created_at: UnixTime,
}

/// What an administrator may set for a domain. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the page and in the file")]
pub struct DomainSettings {
    /// Whether clients may be registered and manage themselves at all (RFC 7591 §3).
    pub registration: bool,
    /// Whether anybody may register (RFC 7591 §3, open registration).
    pub open_registration: bool,
    /// Whether anybody may register, and metadata documents are taken, while the server is reachable from its own
    /// machine only.
    pub quick_start: bool,
    /// Whether a URL may stand for its metadata document as a client id
    /// (draft-ietf-oauth-client-id-metadata-document); `open_policy` binds such clients.
    pub client_documents: bool,
    /// The hosts whose metadata documents are taken; empty allows all. `*.example.com` means all below.
    pub client_document_allowed_hosts: Vec<String>,
    /// The hosts whose metadata documents are not taken, and the URLs of single documents. `*.example.com` means all
    /// below.
    pub client_document_denied_hosts: Vec<String>,
    /// The name of the policy that binds `dcr_admin` registrants without one of their own.
    pub gateway_policy: String,
    /// The name of the policy that binds open registration.
    pub open_policy: String,
    /// Whether a `dcr_admin` registrant reaches every client that a gateway or an initial access token registered in the domain, not only its own.
    pub registrars_manage_all: bool,
    /// Lifetime of access tokens, unless the client's policy or the resource says otherwise.
    #[schema(minimum = 10, maximum = 31_536_000)]
    pub access_token_lifetime: i64,
    /// The algorithm that signs access tokens, unless the resource says otherwise.
    pub access_token_algorithm: SigningAlgorithm,
    /// The `typ` header of access tokens whose audience is the client itself.
    pub client_token_type: TokenType,
    /// The `typ` header of access tokens whose audience is a resource (RFC 9068 §2.1).
    pub resource_token_type: TokenType,
    /// How client secrets that the server generated are kept.
    pub client_secret_hash: SecretHash,
    /// Whether introspection also answers GET, for gateway plugins that know nothing else.
    pub introspection_by_get: bool,
    /// Hosts that no redirect URI may name, registered already or not; `.example.com` is everything below.
    pub blocked_redirect_hosts: Vec<String>,
    /// Whose software statements are believed (RFC 7591 §2.3).
    pub software_statement_issuers: Vec<StatementIssuer>,
    /// The resource that tokens of openly registered clients are for when a request names none.
    pub default_resource: Option<String>,
    /// Whether a request may name a resource that is not registered; acts only while the server is reachable from its
    /// own machine only.
    pub allow_unregistered_resources: bool,
    /// Whether people may sign up by themselves.
    pub sign_up: bool,
    /// The hosts that the e-mail address of a sign-up must be at; none: any.
    pub sign_up_email_hosts: Vec<String>,
    /// Whether a sign-up must show that the e-mail address is its own before it goes on.
    pub verify_email: bool,
    /// How the pages look to people.
    #[serde(skip_serializing_if = "Look::is_default")]
    pub look: Look,
    /// How long a browser session lives without being seen.
    #[schema(minimum = 60, maximum = 315_360_000)]
    pub session_idle_lifetime: i64,
    /// How long a browser session lives at the most.
    #[schema(minimum = 60, maximum = 315_360_000)]
    pub session_lifetime: i64,
    /// How long a refresh token lives without being used.
    #[schema(minimum = 600, maximum = 315_360_000)]
    pub refresh_token_idle_lifetime: i64,
    /// How long a login lives in a client at the most, however often it is refreshed.
    #[schema(minimum = 600, maximum = 315_360_000)]
    pub refresh_token_lifetime: i64,
}

impl Default for DomainSettings {
    fn default() -> Self {
        Self {
            registration: true,
            open_registration: false,
            quick_start: false,
            client_documents: false,
            client_document_allowed_hosts: Vec::new(),
            client_document_denied_hosts: Vec::new(),
            gateway_policy: "gateway".to_owned(),
            open_policy: "mcp".to_owned(),
            registrars_manage_all: false,
            access_token_lifetime: 3600,
            access_token_algorithm: SigningAlgorithm::Rs256,
            client_token_type: TokenType::Jwt,
            resource_token_type: TokenType::AtJwt,
            client_secret_hash: SecretHash::HmacSha256,
            introspection_by_get: false,
            blocked_redirect_hosts: Vec::new(),
            software_statement_issuers: Vec::new(),
            default_resource: None,
            allow_unregistered_resources: false,
            sign_up: false,
            sign_up_email_hosts: Vec::new(),
            verify_email: false,
            look: Look::default(),
            session_idle_lifetime: 86_400,
            session_lifetime: 30 * 86_400,
            refresh_token_idle_lifetime: 90 * 86_400,
            refresh_token_lifetime: 365 * 86_400,
        }
    }
}

impl DomainSettings {
    /// Checks what serde cannot: ranges and forms. The error names the setting and the remedy.
    pub fn check(&self) -> Result<(), String> {
        if !(10..=31_536_000).contains(&self.access_token_lifetime) {
            return Err("access_token_lifetime must be between 10 and 31536000 seconds".to_owned());
        }
        for (name, seconds, least) in [
            ("session_idle_lifetime", self.session_idle_lifetime, 60),
            ("session_lifetime", self.session_lifetime, 60),
            ("refresh_token_idle_lifetime", self.refresh_token_idle_lifetime, 600),
            ("refresh_token_lifetime", self.refresh_token_lifetime, 600),
        ] {
            if !(least..=315_360_000).contains(&seconds) {
                return Err(format!("{name} must be between {least} and 315360000 seconds"));
            }
        }
        if let Some(problem) = self.default_resource.as_deref().and_then(|text| ResourceIdentifier::parse(text).err()) {
            return Err(format!("default_resource: {problem}"));
        }
        self.look.check()?;
        for (setting, list) in [
            ("client_document_allowed_hosts", &self.client_document_allowed_hosts),
            ("client_document_denied_hosts", &self.client_document_denied_hosts),
        ] {
            for pattern in list {
                check_pattern(pattern).map_err(|problem| format!("{setting}: {problem}"))?;
            }
        }
        for host in &self.blocked_redirect_hosts {
            check_host_pattern(host).map_err(|problem| format!("blocked_redirect_hosts: {problem}"))?;
        }
        self.software_statement_issuers.iter().try_for_each(StatementIssuer::check)
    }
}

/// A set of settings for one use; it leaves what it does not name as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DomainPreset {
    /// An API gateway registers the applications of its developers, with a `dcr_admin` token.
    Gateway,
    /// MCP clients begin by themselves: open registration and client ID metadata documents, under the policy `mcp`.
    Mcp,
    /// Nothing is registered: registration, open registration and metadata documents are off.
    Empty,
}

impl DomainPreset {
    /// Every preset, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Gateway, Self::Mcp, Self::Empty];

    /// The preset as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Mcp => "mcp",
            Self::Empty => "empty",
        }
    }

    /// Reads a preset.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == text)
    }

    /// Puts the preset's values into settings.
    pub fn apply(self, settings: &mut DomainSettings) {
        match self {
            Self::Gateway => {
                settings.registration = true;
                "gateway".clone_into(&mut settings.gateway_policy);
            }
            Self::Mcp => {
                settings.registration = true;
                settings.open_registration = true;
                settings.client_documents = true;
                "mcp".clone_into(&mut settings.open_policy);
            }
            Self::Empty => {
                settings.registration = false;
                settings.open_registration = false;
                settings.client_documents = false;
                settings.quick_start = false;
            }
        }
    }
}

/// Whether a text may be a domain's path segment. The error says what to change.
pub fn check_domain_name(name: &str) -> Result<(), String> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || name.len() > 63 || !name.bytes().all(allowed) || name.starts_with('-') || name.ends_with('-')
    {
        return Err("a domain's name is 1 to 63 of a-z, 0-9 and '-', not beginning or ending with '-'".to_owned());
    }
    if RESERVED_NAMES.contains(&name) {
        return Err(format!("{name} is a reserved word; choose another name"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_and_malformed_names_are_refused() {
        for bad in ["", "console", "api", "Main", "-a", "a-", "a/b", "a.b", &"a".repeat(64)] {
            assert!(check_domain_name(bad).is_err(), "{bad}");
        }
        for good in ["main", "retail-eu", "7"] {
            assert!(check_domain_name(good).is_ok(), "{good}");
        }
    }
}
