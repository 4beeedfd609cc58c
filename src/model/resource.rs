//! A protected resource (RFC 8707, RFC 9728): what a token can be for.

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::id::{ClientId, DomainId, ResourceId};
use super::scope::ScopeSet;
use super::signing_key::SigningAlgorithm;
use super::time::UnixTime;

/// A protected resource of a domain.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its identifier in the database.
    pub id: ResourceId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// What people call it; unique in the domain.
    pub name: String,
    /// The client whose credentials introspect its tokens.
    pub credentials: Option<ClientId>,
    /// What an administrator may set.
    pub settings: ResourceSettings,
    /// The clients an administrator lets have tokens for it by client credentials.
    pub granted_clients: Vec<ClientId>,
    /// Counts the changes, so that two administrators cannot overwrite one another; 0: it is not stored yet.
    pub version: i64,
    /// When it was created.
    pub created_at: UnixTime,
}

/// What an administrator may set for a resource.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResourceSettings {
    /// Its identifiers as registered; the first one is the canonical `aud`.
    pub identifiers: Vec<String>,
    /// Whether an identifier also stands for everything below it (matches end at a path segment).
    pub prefix_match: bool,
    /// The scopes that mean something at this resource; empty: all of the domain's.
    #[serde(skip_serializing_if = "ScopeSet::is_empty")]
    #[schema(value_type = Option<String>)]
    pub scopes: ScopeSet,
    /// The algorithm that signs its tokens, where it differs from the domain's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^(RS256|ES256)$")]
    pub access_token_algorithm: Option<SigningAlgorithm>,
    /// Lifetime of its tokens in seconds, where it differs from the domain's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 10, maximum = 86400)]
    pub access_token_lifetime: Option<i64>,
}

impl Resource {
    /// The registered identifier that a requested one means, if any.
    pub fn matching_identifier(&self, requested: &ResourceIdentifier) -> Option<&str> {
        self.settings.identifiers.iter().map(String::as_str).find(|own| {
            ResourceIdentifier::parse(own).is_ok_and(|own| own.covers(requested, self.settings.prefix_match))
        })
    }

    /// Whether a client may have tokens for this resource by client credentials.
    pub fn is_granted_to(&self, client_id: &ClientId) -> bool {
        self.granted_clients.contains(client_id)
    }
}

/// The resource that a requested identifier means: the one that has it, else the one with the longest prefix of it.
pub fn find<'a>(resources: &'a [Resource], requested: &ResourceIdentifier) -> Option<&'a Resource> {
    let length = |resource: &Resource| resource.matching_identifier(requested).map(str::len);
    let exact = |resource: &&Resource| {
        resource.settings.identifiers.iter().any(|own| ResourceIdentifier::parse(own).as_ref() == Ok(requested))
    };
    resources
        .iter()
        .find(exact)
        .or_else(|| resources.iter().filter(|resource| length(resource).is_some()).max_by_key(|r| length(r)))
}

/// A resource identifier brought to one form: scheme, host, port and empty path normalised, trailing slash dropped,
/// case of the path kept (RFC 8707 §2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceIdentifier {
    origin: String,
    path: String,
    query: Option<String>,
}

impl ResourceIdentifier {
    /// Parses an absolute URI without a fragment. The error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_| "a resource must be an absolute URI (RFC 8707 section 2)".to_owned())?;
        if text.contains('#') {
            return Err("a resource must not have a fragment (RFC 8707 section 2)".to_owned());
        }
        let origin = match url.host_str() {
            Some(host) => match url.port_or_known_default() {
                Some(port) => format!("{}://{host}:{port}", url.scheme()),
                None => format!("{}://{host}", url.scheme()),
            },
            None => format!("{}:", url.scheme()),
        };
        Ok(Self { origin, path: url.path().trim_end_matches('/').to_owned(), query: url.query().map(str::to_owned) })
    }

    /// The one form as text: what stands in `aud` for a resource that nobody registered.
    pub fn canonical(&self) -> String {
        // The port is always kept for comparison; the one that the scheme implies is not written.
        let origin = Url::parse(&self.origin).map_or_else(|_| self.origin.clone(), |url| url.to_string());
        let query = self.query.as_deref().map_or_else(String::new, |query| format!("?{query}"));
        format!("{}{}{query}", origin.trim_end_matches('/'), self.path)
    }

    /// Whether `requested` is this identifier, or below it where prefixes count.
    pub fn covers(&self, requested: &Self, prefix: bool) -> bool {
        if self.origin != requested.origin {
            return false;
        }
        if self.path == requested.path {
            return self.query == requested.query;
        }
        prefix
            && self.query.is_none()
            && requested.path.strip_prefix(&self.path).is_some_and(|rest| rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(own: &str, asked: &str, prefix: bool) -> bool {
        ResourceIdentifier::parse(own).unwrap().covers(&ResourceIdentifier::parse(asked).unwrap(), prefix)
    }

    #[test]
    fn scheme_host_port_and_trailing_slash_are_normalised_and_path_case_is_kept() {
        assert!(covers("https://GW.example.com:443", "https://gw.example.com/", false));
        assert!(covers("https://gw.example.com/mcp/", "HTTPS://gw.example.com/mcp", false));
        assert!(covers("https://gw.example.com/Orders", "https://gw.example.com/Orders", false));
        assert!(!covers("https://gw.example.com/Orders", "https://gw.example.com/orders", false));
        assert!(!covers("https://gw.example.com/a", "https://gw.example.com:8443/a", false));
    }

    #[test]
    fn a_prefix_ends_at_a_path_segment() {
        assert!(covers("https://gw.example.com/mcp", "https://gw.example.com/mcp/tools", true));
        assert!(!covers("https://gw.example.com/mcp", "https://gw.example.com/mcp2", true));
        assert!(!covers("https://gw.example.com/mcp", "https://gw.example.com/mcp/tools", false));
    }

    #[test]
    fn the_canonical_form_has_no_default_port_and_no_trailing_slash() {
        for (text, canonical) in [
            ("HTTPS://GW.example.com:443/", "https://gw.example.com"),
            ("http://127.0.0.1:4000/mcp/", "http://127.0.0.1:4000/mcp"),
            ("https://gw.example.com/Mcp?x=1", "https://gw.example.com/Mcp?x=1"),
            ("urn:example:api", "urn:example:api"),
        ] {
            assert_eq!(ResourceIdentifier::parse(text).unwrap().canonical(), canonical);
        }
    }

    #[test]
    fn fragments_and_relative_references_are_refused() {
        assert!(ResourceIdentifier::parse("https://a.example/#x").is_err());
        assert!(ResourceIdentifier::parse("/orders").is_err());
    }
}
