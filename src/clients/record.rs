//! The complete client record, as every registration answer carries it (RFC 7591 §3.2.1, RFC 7592 §3).

use crate::model::client::Client;
use crate::model::id::ClientId;
use crate::model::json::Object;
use crate::model::secret::Secret;
use crate::model::time::UnixTime;

/// The credentials that a holder of the registration access token is told.
#[derive(Debug, Default)]
pub struct Credentials {
    /// The secret and when it ends; 0 or `None`: never.
    pub secret: Option<(Secret, Option<UnixTime>)>,
    /// The registration access token.
    pub registration_access_token: Option<Secret>,
}

/// Where the client is read, updated and deleted (RFC 7592 §2).
pub fn configuration_uri(base_url: &str, domain: &str, client_id: &ClientId) -> String {
    format!("{base_url}/{domain}/oidc/register/{client_id}")
}

/// Writes the record: all metadata in force, then what only the server sets. Never a null.
pub fn record(domain: &str, client: &Client, credentials: &Credentials) -> Object {
    let mut record = Object::new();
    record.insert("client_id".to_owned(), client.client_id.as_str().into());
    if let Some((secret, end)) = &credentials.secret {
        record.insert("client_secret".to_owned(), secret.expose().into());
        record.insert("client_secret_expires_at".to_owned(), end.map_or(0, UnixTime::seconds).into());
    }
    record.insert("client_id_issued_at".to_owned(), client.created_at.seconds().into());
    if let Some(token) = &credentials.registration_access_token {
        let uri = configuration_uri(&client.registration.base_url, domain, &client.client_id);
        record.insert("registration_access_token".to_owned(), token.expose().into());
        record.insert("registration_client_uri".to_owned(), uri.into());
    }
    record.extend(client.metadata.to_object());
    record
}
