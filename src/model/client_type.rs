//! The type of an application, as lists show it: what it does rather than what it says.

use serde::Serialize;

use super::client::Client;
use super::client_metadata::{ApplicationType, ClientMetadata};

/// The scope whose holder may register and manage clients.
pub const DCR_ADMIN: &str = "dcr_admin";

/// What an application is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientType {
    /// Runs on a server and signs people in.
    Web,
    /// Runs in a browser.
    Browser,
    /// Runs on a person's device.
    Native,
    /// Acts for itself.
    BackendToBackend,
    /// A gateway that registers its applications here.
    GatewayRegistrar,
    /// Nothing but a resource's credentials for introspection.
    ResourceCredentials,
}

impl ClientType {
    /// Those that lists show.
    pub const LISTED: [Self; 5] =
        [Self::Web, Self::Browser, Self::Native, Self::BackendToBackend, Self::GatewayRegistrar];

    /// Reads the name that programs know it by.
    pub fn parse(text: &str) -> Option<Self> {
        Self::LISTED.into_iter().find(|kind| kind.as_str() == text)
    }

    /// What a client is: by what an administrator made of it, by its grants, then by what it says of itself.
    pub fn of(client: &Client) -> Self {
        if client.settings.resource_credentials {
            return Self::ResourceCredentials;
        }
        if client.settings.granted_scopes.contains(DCR_ADMIN) {
            return Self::GatewayRegistrar;
        }
        Self::of_metadata(&client.metadata)
    }

    fn of_metadata(metadata: &ClientMetadata) -> Self {
        let people = metadata.grant_types.iter().flatten().any(|grant| grant != "client_credentials");
        match metadata.application() {
            _ if !people => Self::BackendToBackend,
            Some(ApplicationType::Browser) => Self::Browser,
            Some(ApplicationType::Native) => Self::Native,
            _ => Self::Web,
        }
    }

    /// The type as programs know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Browser => "browser",
            Self::Native => "native",
            Self::BackendToBackend => "backend_to_backend",
            Self::GatewayRegistrar => "gateway_registrar",
            Self::ResourceCredentials => "resource_credentials",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(grants: Option<&[&str]>, application_type: &str) -> ClientType {
        ClientType::of_metadata(&ClientMetadata {
            grant_types: grants.map(|grants| grants.iter().map(|grant| (*grant).to_owned()).collect()),
            application_type: Some(application_type.to_owned()).filter(|name| !name.is_empty()),
            ..ClientMetadata::default()
        })
    }

    #[test]
    fn grants_count_before_what_a_client_says_of_itself() {
        for grants in [None, Some(&[][..]), Some(&["client_credentials"][..])] {
            assert_eq!(of(grants, "web"), ClientType::BackendToBackend);
        }
        let people = Some(&["authorization_code", "client_credentials"][..]);
        for (said, is) in [
            ("SPA", ClientType::Browser),
            ("browser", ClientType::Browser),
            ("native", ClientType::Native),
            ("web", ClientType::Web),
            ("backend_to_backend", ClientType::Web),
            ("kiosk", ClientType::Web),
            ("", ClientType::Web),
        ] {
            assert_eq!(of(people, said), is, "{said}");
        }
    }
}
