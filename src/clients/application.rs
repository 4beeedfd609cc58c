//! The types of application that an administrator makes, and what each is born with.

use std::str::FromStr;

use serde_json::{Value, json};

use super::manual::{Wanted, gateway_registrar};
use crate::model::client::ClientSettings;
use crate::model::json::Object;

/// A type of application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplicationKind {
    /// Runs on a server and signs people in.
    Web,
    /// Runs in a browser; has no secret.
    Browser,
    /// Runs on a person's device; has no secret.
    Native,
    /// Acts for itself.
    BackendToBackend,
    /// A gateway that registers its applications here.
    GatewayRegistrar,
}

impl ApplicationKind {
    /// The names, as the command line and provisioning files spell them.
    pub const NAMES: [&'static str; 5] = ["web", "browser", "native", "backend_to_backend", "gateway-registrar"];

    /// The metadata and settings it is born with. `name` is used where the type brings a name of its own.
    pub fn wanted(self, name: &str) -> Wanted {
        let (application_type, grants, method) = match self {
            Self::Web => ("web", &["authorization_code", "refresh_token"][..], "client_secret_basic"),
            Self::Browser => ("browser", &["authorization_code", "refresh_token"][..], "none"),
            Self::Native => ("native", &["authorization_code", "refresh_token"][..], "none"),
            Self::BackendToBackend => ("backend_to_backend", &["client_credentials"][..], "client_secret_basic"),
            Self::GatewayRegistrar => return gateway_registrar(name),
        };
        let responses = if self == Self::BackendToBackend { json!([]) } else { json!(["code"]) };
        let metadata = Object::from_iter([
            ("client_name".to_owned(), Value::from(name)),
            ("application_type".to_owned(), application_type.into()),
            ("grant_types".to_owned(), json!(grants)),
            ("response_types".to_owned(), responses),
            ("token_endpoint_auth_method".to_owned(), method.into()),
        ]);
        let settings = ClientSettings { require_pkce: method == "none", ..ClientSettings::default() };
        Wanted { metadata, settings, ..Wanted::default() }
    }
}

impl FromStr for ApplicationKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "web" => Ok(Self::Web),
            "browser" => Ok(Self::Browser),
            "native" => Ok(Self::Native),
            "backend_to_backend" => Ok(Self::BackendToBackend),
            "gateway-registrar" => Ok(Self::GatewayRegistrar),
            _ => Err(format!("is not one of {}", Self::NAMES.join(", "))),
        }
    }
}
