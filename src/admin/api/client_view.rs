//! A client as the API shows it.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::clients::policy_name;
use crate::admin::managing::ManagingDomain;
use crate::admin::preconditions::etag;
use crate::model::client::{Client, ClientSettings, ClientStatus, Origin};
use crate::model::client_type::ClientType;
use crate::model::id::ClientId;
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::time::UnixTime;

/// A client.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Client)]
pub struct ClientView {
    /// Its `client_id`.
    #[schema(value_type = String)]
    client_id: ClientId,
    /// What it is: by its grants first, then by what it says of itself.
    r#type: ClientType,
    /// How it came to be.
    origin: Origin,
    /// Whether it may be used.
    status: ClientStatus,
    /// Who registered it: the client id of a gateway registrar, or the id of an initial access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    registrant: Option<String>,
    /// The policy that admitted it and binds its updates.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    /// The metadata in force (RFC 7591 section 2).
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    metadata: Object,
    /// What no registrant may set.
    settings: ClientSettings,
    /// Tokens issued up to this time, in Unix seconds, are no longer believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_not_before: Option<i64>,
    /// Counts the changes; the entity tag.
    version: i64,
    /// When it was made, in Unix seconds.
    created_at: i64,
    /// When it last changed, in Unix seconds.
    updated_at: i64,
    /// When it last got a token, in Unix seconds, as far as that is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<i64>,
    /// Its secret, in the answer that makes it and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

impl ClientView {
    /// A client as a list shows it.
    pub fn of(at: &ManagingDomain, client: &Client, last_used_at: Option<UnixTime>) -> Self {
        let not_before = client.tokens_not_before;
        Self {
            client_id: client.client_id.clone(),
            r#type: ClientType::of(client),
            origin: client.origin,
            status: client.status,
            registrant: client.registrant.clone(),
            policy: policy_name(at, client),
            metadata: client.metadata.to_object(),
            settings: client.settings.clone(),
            tokens_not_before: Some(not_before).filter(|at| *at > UnixTime(0)).map(UnixTime::seconds),
            version: client.version,
            created_at: client.created_at.seconds(),
            updated_at: client.updated_at.seconds(),
            last_used_at: last_used_at.map(UnixTime::seconds),
            client_secret: None,
        }
    }
}

/// The answer that shows one client, with a secret if this very request made one.
pub async fn shown(at: &ManagingDomain, client: &Client, secret: Option<&Secret>) -> Result<Response, OAuthError> {
    let last_used = at.app.store.client_last_used(at.domain.id(), &client.client_id).await?;
    let client_secret = secret.map(|secret| secret.expose().to_owned());
    let view = ClientView { client_secret, ..ClientView::of(at, client, last_used) };
    Ok((etag(client.version), Json(view)).into_response())
}
