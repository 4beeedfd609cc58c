//! What a registration may ask for: policies as data.

mod apply;
mod authentication;
mod grants;
mod redirects;
mod scopes;
mod supplied;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::findings::Refusal;
use super::normalize::reserved;
use super::record::gateway_record_length;
use crate::model::client_metadata::ClientMetadata;
use crate::model::json::Object;
use crate::model::redirect_uri::{RedirectKind, check_host_pattern};
use crate::model::scope::ScopeSet;

pub use apply::{Decision, PolicyInput, apply};

/// What the registrations under it may ask for and what they get.
///
/// A policy that names only some members is the [`Policy::gateway`] preset in all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The grants that may be registered; others are dropped.
    #[schema(min_items = 1)]
    pub grant_types: Vec<String>,
    /// The authentication methods that may be registered, the preferred substitute first.
    #[schema(min_items = 1)]
    pub auth_methods: Vec<String>,
    /// The method of a client that names none.
    pub default_auth_method: DefaultAuthMethod,
    /// Which clients must use PKCE with S256 (RFC 7636).
    pub require_pkce: PkceRule,
    /// The scopes that may be registered; others are dropped.
    pub scopes: ScopeRule,
    /// The scope of a client that names none.
    #[schema(value_type = String)]
    pub default_scope: ScopeSet,
    /// Whether the registered scope bounds what the client may ask for later, or is only a hint.
    pub scope_is_ceiling: bool,
    /// The resources granted to the clients for client credentials.
    pub resources: Vec<String>,
    /// The kinds of redirect URI that may be registered.
    pub redirect_kinds: Vec<RedirectKind>,
    /// The hosts of https redirect URIs that may be registered; empty allows all. `.example.com` means all below.
    pub allowed_redirect_hosts: Vec<String>,
    /// The hosts of https redirect URIs that may not be registered. `.example.com` means all below.
    pub denied_redirect_hosts: Vec<String>,
    /// The templates that may be named in `software_id`; empty makes that plain metadata.
    pub templates: Vec<String>,
    /// How long a client secret lives, in seconds; without end if absent.
    #[schema(minimum = 1)]
    pub secret_lifetime: Option<i64>,
    /// How long a superseded client secret goes on working, in seconds.
    #[schema(minimum = 0)]
    pub secret_grace: i64,
    /// How many clients one source may have registered; without limit if absent.
    #[schema(minimum = 0)]
    pub quota: Option<i64>,
    /// After how many seconds a client that was never used is removed; never if absent.
    #[schema(minimum = 1)]
    pub remove_unused_after: Option<i64>,
    /// The state a client is registered in.
    pub initial_status: InitialStatus,
    /// What each client id begins with.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 28, pattern = "^[A-Za-z0-9_][A-Za-z0-9_-]*$")]
    pub client_id_prefix: Option<ClientIdPrefix>,
    /// Whether each update gives a new registration access token.
    pub rotate_registration_token: bool,
    /// Whether only registrations with a software statement are taken.
    pub require_software_statement: bool,
    /// How long the record may get as a gateway stores it, in characters; without limit if absent.
    pub max_record_length: Option<usize>,
    /// Members supplied where a new registration leaves them open.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub defaults: Object,
    /// Members that have this value whatever the registrant sends; a scope must still be one that may be registered.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub fixed: Object,
    /// How long access tokens of these clients live, in seconds; the domain's lifetime if absent.
    #[schema(minimum = 1)]
    pub access_token_lifetime: Option<i64>,
}

/// How the authentication method of a client that names none is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DefaultAuthMethod {
    /// `none` for browser and native types, else a secret.
    ByApplicationType,
    /// `none` for native types and for loopback and private-use redirects, else a secret.
    ByRedirectKind,
    /// Always this one.
    Fixed(String),
}

/// Which clients must use PKCE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PkceRule {
    /// Clients without a secret or key.
    PublicClients,
    /// Every client.
    AllClients,
    /// No client.
    None,
}

/// Which scopes may be registered. Reserved scopes never may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScopeRule {
    /// Those that the domain flags as self-registrable.
    SelfRegistrable,
    /// These.
    #[schema(value_type = String)]
    Listed(ScopeSet),
}

/// The state a client is registered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InitialStatus {
    /// It may be used at once.
    Active,
    /// An administrator approves it first.
    Pending,
}

/// What client ids begin with: of the alphabet of ids, and short enough that the id stays within 50 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientIdPrefix(String);

impl ClientIdPrefix {
    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientIdPrefix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        /// An id is at most 50 characters, 22 of them random.
        const MAX_LENGTH: usize = 50 - 22;
        let in_alphabet = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if text.is_empty() || text.len() > MAX_LENGTH || text.starts_with('-') || !in_alphabet {
            return Err(format!(
                "a client id prefix has 1 to {MAX_LENGTH} letters, digits, - and _, and does not begin with -"
            ));
        }
        Ok(Self(text))
    }
}

impl From<ClientIdPrefix> for String {
    fn from(prefix: ClientIdPrefix) -> Self {
        prefix.0
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::gateway()
    }
}

impl Policy {
    /// For the applications that an API gateway registers.
    pub fn gateway() -> Self {
        Self {
            grant_types: owned(&["authorization_code", "refresh_token", "client_credentials"]),
            auth_methods: owned(&[
                "client_secret_basic",
                "client_secret_post",
                "private_key_jwt",
                "client_secret_jwt",
                "tls_client_auth",
                "self_signed_tls_client_auth",
                "none",
            ]),
            default_auth_method: DefaultAuthMethod::ByApplicationType,
            require_pkce: PkceRule::PublicClients,
            scopes: ScopeRule::SelfRegistrable,
            default_scope: ScopeSet::default(),
            scope_is_ceiling: true,
            resources: Vec::new(),
            redirect_kinds: vec![RedirectKind::Https, RedirectKind::Loopback, RedirectKind::PrivateUse],
            allowed_redirect_hosts: Vec::new(),
            denied_redirect_hosts: Vec::new(),
            templates: Vec::new(),
            secret_lifetime: None,
            secret_grace: 24 * 60 * 60,
            quota: Some(100_000),
            remove_unused_after: None,
            initial_status: InitialStatus::Active,
            client_id_prefix: None,
            rotate_registration_token: false,
            require_software_statement: false,
            max_record_length: Some(4000),
            defaults: Object::new(),
            fixed: Object::new(),
            access_token_lifetime: None,
        }
    }

    /// For MCP clients, which register by themselves.
    pub fn mcp() -> Self {
        Self {
            grant_types: owned(&["authorization_code", "refresh_token"]),
            default_auth_method: DefaultAuthMethod::ByRedirectKind,
            require_pkce: PkceRule::AllClients,
            scope_is_ceiling: false,
            quota: Some(100),
            remove_unused_after: Some(30 * 24 * 60 * 60),
            max_record_length: None,
            // Clients that name no grant are used for months as well.
            defaults: Object::from_iter([(
                "grant_types".to_owned(),
                serde_json::json!(["authorization_code", "refresh_token"]),
            )]),
            ..Self::gateway()
        }
    }

    /// What makes the policy itself unusable, for whoever edits it.
    pub fn validate(&self) -> Result<(), String> {
        let lifetimes = [
            ("secret_lifetime", self.secret_lifetime, 1),
            ("secret_grace", Some(self.secret_grace), 0),
            ("quota", self.quota, 0),
            ("remove_unused_after", self.remove_unused_after, 1),
            ("access_token_lifetime", self.access_token_lifetime, 1),
        ];
        for (name, value, least) in lifetimes {
            if value.is_some_and(|value| value < least) {
                return Err(format!("{name}: must be at least {least}"));
            }
        }
        for (name, list) in [("grant_types", &self.grant_types), ("auth_methods", &self.auth_methods)] {
            if list.is_empty() {
                return Err(format!("{name}: must name at least one"));
            }
        }
        let hosts = [
            ("allowed_redirect_hosts", &self.allowed_redirect_hosts),
            ("denied_redirect_hosts", &self.denied_redirect_hosts),
        ];
        for (name, patterns) in hosts {
            for pattern in patterns {
                check_host_pattern(pattern).map_err(|problem| format!("{name}: {problem}"))?;
            }
        }
        for (name, members) in [("defaults", &self.defaults), ("fixed", &self.fixed)] {
            if let Some((other, (_, why))) = members.keys().find_map(|other| Some((other, reserved(other)?))) {
                return Err(format!("{name}.{other}: {why}"));
            }
            if let Err(findings) = ClientMetadata::from_object(members.clone()) {
                return Err(format!("{name}.{}: {}", findings[0].member, findings[0].explanation));
            }
        }
        Ok(())
    }

    /// Refuses a complete record that the gateway could not store.
    pub fn check_record(&self, record: &Object) -> Result<(), Refusal> {
        let length = gateway_record_length(record);
        match self.max_record_length {
            Some(limit) if length >= limit => Err(Refusal::one(
                "client_metadata",
                "record-length",
                format!(
                    "makes a record of {length} characters, of which the gateway stores fewer than {limit}; shorten it"
                ),
            )),
            _ => Ok(()),
        }
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_survives_storage() {
        for policy in [Policy::gateway(), Policy::mcp(), Policy { max_record_length: None, ..Policy::gateway() }] {
            let stored = serde_json::to_value(&policy).unwrap();
            assert_eq!(serde_json::from_value::<Policy>(stored).unwrap(), policy);
            policy.validate().unwrap();
        }
    }

    #[test]
    fn a_policy_may_name_some_members_only_but_none_that_is_unknown() {
        let policy: Policy = serde_json::from_value(json!({
            "scopes": {"listed": "read write"}, "default_auth_method": {"fixed": "private_key_jwt"}, "quota": 5
        }))
        .unwrap();
        assert_eq!(policy.scopes, ScopeRule::Listed(ScopeSet::parse("read write").unwrap()));
        assert_eq!(policy.secret_grace, 86_400);
        assert!(serde_json::from_value::<Policy>(json!({"grant_type": []})).is_err());
    }

    #[test]
    fn a_client_id_prefix_leaves_room_for_the_id() {
        for (prefix, good) in [
            ("apim-", true),
            (&"x".repeat(28), true),
            ("", false),
            (&"x".repeat(29), false),
            ("-a", false),
            ("a.", false),
        ] {
            assert_eq!(ClientIdPrefix::try_from(prefix.to_owned()).is_ok(), good, "{prefix}");
        }
    }

    #[test]
    fn an_unusable_policy_says_which_member_is_wrong() {
        let wrong = Policy { secret_grace: -1, ..Policy::gateway() };
        assert_eq!(wrong.validate().unwrap_err(), "secret_grace: must be at least 0");
        let fixed = json!({"contacts": "a@b"}).as_object().unwrap().clone();
        let wrong = Policy { fixed, ..Policy::gateway() };
        assert_eq!(wrong.validate().unwrap_err(), "fixed.contacts: must be an array of strings");
        let defaults = json!({"client_id": "x"}).as_object().unwrap().clone();
        let wrong = Policy { defaults, ..Policy::gateway() };
        assert_eq!(wrong.validate().unwrap_err(), "defaults.client_id: is set by the server");
    }

    #[test]
    fn a_record_that_the_gateway_cannot_store_is_refused_with_the_length() {
        let record = json!({"client_name": "x".repeat(3000)}).as_object().unwrap().clone();
        let refusal = Policy::gateway().check_record(&record).unwrap_err();
        assert!(refusal.description().contains("4097 characters"), "{}", refusal.description());
        Policy::mcp().check_record(&record).unwrap();
    }
}
