//! The types of application that an administrator makes, and what each is born with.

use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Value, json};

use super::administer::Edit;
use super::manual::{Wanted, gateway_registrar};
use crate::model::client::{Client, ClientSettings};
use crate::model::id::ClientId;
use crate::model::json::{Object, merge_patch, typed};
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;

/// A type of application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
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
    #[serde(rename = "gateway-registrar")]
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

/// What an administrator says of an application to be made.
#[derive(Debug, Default)]
pub struct NewApplication {
    /// Its type, which brings metadata and settings; `None`: what `metadata` says.
    pub kind: Option<ApplicationKind>,
    /// Its name.
    pub name: Option<String>,
    /// Its redirect URIs.
    pub redirect_uris: Vec<String>,
    /// Its id; generated where absent.
    pub client_id: Option<String>,
    /// Its secret; generated where absent and needed.
    pub secret: Option<Secret>,
    /// Members that stand in the place of those that the type brings; null takes one away.
    pub metadata: Object,
    /// Settings that stand in the place of those that the type brings; null sets one to its default.
    pub settings: Object,
}

impl NewApplication {
    /// All of it put together.
    pub fn wanted(self) -> Result<Wanted, OAuthError> {
        let name = self.name.filter(|name| !name.trim().is_empty());
        let default_name = if self.kind == Some(ApplicationKind::GatewayRegistrar) { "API gateway" } else { "" };
        let born = self.kind.map(|kind| kind.wanted(name.as_deref().unwrap_or(default_name))).unwrap_or_default();
        let mut metadata = born.metadata;
        if let Some(name) = name {
            metadata.insert("client_name".to_owned(), name.into());
        }
        if !self.redirect_uris.is_empty() {
            metadata.insert("redirect_uris".to_owned(), self.redirect_uris.into());
        }
        merge_patch(&mut metadata, self.metadata);
        Ok(Wanted {
            client_id: self.client_id.map(ClientId),
            secret: self.secret,
            metadata,
            settings: patched_settings(&born.settings, self.settings)?,
        })
    }
}

/// What a merge patch (RFC 7396) of a client's metadata and settings comes to.
pub fn edited(client: &Client, metadata: Option<Object>, settings: Option<Object>) -> Result<Edit, OAuthError> {
    let metadata = metadata.map(|patch| {
        let mut members = client.metadata.to_object();
        if patch.contains_key("grant_types") && !patch.contains_key("response_types") {
            // They follow from the grants.
            members.remove("response_types");
        }
        merge_patch(&mut members, patch);
        members
    });
    let settings = settings.map(|patch| patched_settings(&client.settings, patch)).transpose()?;
    Ok(Edit { metadata, settings })
}

fn patched_settings(settings: &ClientSettings, patch: Object) -> Result<ClientSettings, OAuthError> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(settings) else {
        return Err(OAuthError::server_error(anyhow::anyhow!("settings are an object")));
    };
    merge_patch(&mut members, patch);
    typed(&members).map_err(|problem| OAuthError::invalid_request(format!("settings: {problem}")))
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
