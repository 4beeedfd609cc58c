//! What a protected resource tells its clients: metadata, where it stands, and the challenge that leads there (RFC 9728).

use serde_json::{Value, json};
use url::Url;

use super::resource::Resource;
use super::scope::{Scope, ScopeSet};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// Scopes about the person or the login, which no resource asks for (OpenID Connect Core §5.4, §11).
const OF_THE_LOGIN: [&str; 6] = ["openid", "profile", "email", "address", "phone", "offline_access"];

/// What one identifier of a resource has to be served with.
#[derive(Debug, Clone, PartialEq)]
pub struct ProtectedResource {
    /// The identifier.
    pub identifier: String,
    /// Where the metadata must be served (RFC 9728 §3.1); none where the identifier is not an http or https URL.
    pub metadata_url: Option<String>,
    /// The metadata (RFC 9728 §2).
    pub metadata: Value,
    /// The `WWW-Authenticate` header of an answer with status 401 (RFC 9728 §5.1).
    pub challenge: Option<String>,
}

/// What a resource has to serve, for each of its identifiers. `scopes`: the domain's.
pub fn protected_resources(resource: &Resource, issuer: &str, scopes: &[Scope]) -> Vec<ProtectedResource> {
    let supported = supported(resource, scopes);
    let describe = |identifier: &String| {
        let metadata_url = metadata_url(identifier);
        let mut metadata = json!({
            "resource": identifier,
            "authorization_servers": [issuer],
            "bearer_methods_supported": ["header"],
            "resource_name": resource.name,
        });
        if !supported.is_empty() {
            metadata["scopes_supported"] = supported.iter().collect();
        }
        let challenge = metadata_url.as_ref().map(|url| challenge(url, &supported));
        ProtectedResource { identifier: identifier.clone(), metadata_url, metadata, challenge }
    };
    resource.settings.identifiers.iter().map(describe).collect()
}

/// The scopes that clients shall ask for: the resource's own, else the domain's that are about no login.
fn supported(resource: &Resource, scopes: &[Scope]) -> ScopeSet {
    let own = &resource.settings.scopes;
    if !own.is_empty() {
        // A client asks for these two by itself.
        return own.filter(|scope| scope != "openid" && scope != "offline_access");
    }
    let mut all = ScopeSet::default();
    for scope in scopes.iter().filter(|scope| !scope.hidden && !scope.reserved) {
        if !OF_THE_LOGIN.contains(&scope.name.as_str()) {
            all.insert(&scope.name);
        }
    }
    all
}

/// Where the metadata of a resource stands: the well-known name goes between its host and its path.
pub fn metadata_url(identifier: &str) -> Option<String> {
    let url = Url::parse(identifier).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let origin = url.origin().ascii_serialization();
    let path = if url.path() == "/" { "" } else { url.path() };
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{origin}{WELL_KNOWN}{path}{query}"))
}

fn challenge(metadata_url: &str, scope: &ScopeSet) -> String {
    // Neither URLs, as they are written here, nor scopes have quotes or backslashes.
    let mut challenge = format!("Bearer resource_metadata=\"{metadata_url}\"");
    if !scope.is_empty() {
        challenge = format!("{challenge}, scope=\"{scope}\"");
    }
    challenge
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::{DomainId, ResourceId};
    use crate::model::resource::ResourceSettings;
    use crate::model::time::{Clock, UnixTime};

    fn resource(identifiers: &[&str], scopes: &str) -> Resource {
        let clock = Clock::manual(UnixTime(1));
        Resource {
            id: ResourceId::new(&clock),
            domain_id: DomainId::new(&clock),
            name: "Orders".to_owned(),
            credentials: None,
            settings: ResourceSettings {
                identifiers: identifiers.iter().map(|text| (*text).to_owned()).collect(),
                scopes: ScopeSet::parse(scopes).unwrap(),
                ..ResourceSettings::default()
            },
            granted_clients: Vec::new(),
            version: 1,
            created_at: clock.now(),
        }
    }

    fn scope(name: &str, hidden: bool) -> Scope {
        Scope {
            name: name.to_owned(),
            label: name.to_owned(),
            description: String::new(),
            hidden,
            reserved: hidden,
            self_registrable: !hidden,
            version: 1,
        }
    }

    #[test]
    fn the_well_known_name_goes_between_host_and_path() {
        for (identifier, expected) in [
            ("https://mcp.example.com", "https://mcp.example.com/.well-known/oauth-protected-resource"),
            ("https://mcp.example.com/", "https://mcp.example.com/.well-known/oauth-protected-resource"),
            (
                "https://MCP.example.com:443/Orders",
                "https://mcp.example.com/.well-known/oauth-protected-resource/Orders",
            ),
            ("http://localhost:3000/mcp/", "http://localhost:3000/.well-known/oauth-protected-resource/mcp/"),
            ("https://a.example/mcp?tenant=7", "https://a.example/.well-known/oauth-protected-resource/mcp?tenant=7"),
            ("https://a.example/?tenant=7", "https://a.example/.well-known/oauth-protected-resource?tenant=7"),
            ("http://[::1]:8080/mcp", "http://[::1]:8080/.well-known/oauth-protected-resource/mcp"),
        ] {
            assert_eq!(metadata_url(identifier).as_deref(), Some(expected));
        }
        assert_eq!(metadata_url("urn:example:orders"), None);
    }

    #[test]
    fn the_document_names_the_identifier_the_issuer_and_the_scopes_of_the_resource() {
        let orders =
            resource(&["https://a.example/mcp", "urn:orders"], "openid orders.read orders.write offline_access");
        let served = protected_resources(&orders, "https://auth.example.com/main/oidc", &[]);
        let expected = json!({
            "resource": "https://a.example/mcp",
            "authorization_servers": ["https://auth.example.com/main/oidc"],
            "scopes_supported": ["orders.read", "orders.write"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Orders",
        });
        assert_eq!(served[0].metadata, expected);
        assert_eq!(
            served[0].challenge.as_deref(),
            Some(
                "Bearer resource_metadata=\"https://a.example/.well-known/oauth-protected-resource/mcp\", \
                 scope=\"orders.read orders.write\""
            )
        );
        assert_eq!((served[1].metadata_url.as_ref(), served[1].challenge.as_ref()), (None, None));
        assert_eq!(served[1].metadata["resource"], "urn:orders");
    }

    #[test]
    fn without_scopes_of_its_own_a_resource_names_the_domains_that_are_about_no_login() {
        let domain = [scope("openid", false), scope("email", false), scope("tools", false), scope("dcr_admin", true)];
        let served = protected_resources(&resource(&["https://a.example"], ""), "i", &domain);
        assert_eq!(served[0].metadata["scopes_supported"], json!(["tools"]));
        let served = protected_resources(&resource(&["https://a.example"], ""), "i", &domain[..2]);
        assert_eq!(served[0].metadata.get("scopes_supported"), None);
        assert!(!served[0].challenge.as_ref().unwrap().contains("scope"));
    }
}
