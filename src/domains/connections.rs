//! Who holds tokens for a resource: the people and their clients, page by page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::Domains;
use crate::model::consent::{Connection, ConnectionPlace};
use crate::model::oauth_error::OAuthError;
use crate::model::resource::Resource;

/// The most connections of one page.
pub const MOST_CONNECTIONS: usize = 200;

/// A page of connections.
#[derive(Debug)]
pub struct Connections {
    /// The latest consent first, identifier by identifier.
    pub items: Vec<Connection>,
    /// Where the list goes on, if it does.
    pub next: Option<String>,
}

/// Where a page ends: within the identifier at this place in the resource's list.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Place {
    identifier: usize,
    after: Option<ConnectionPlace>,
}

impl Domains {
    /// The people who are logged in to clients with access to a resource. `limit`: 1 to [`MOST_CONNECTIONS`].
    pub async fn connections(
        &self,
        resource: &Resource,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Connections, OAuthError> {
        if !(1..=MOST_CONNECTIONS).contains(&limit) {
            return Err(OAuthError::invalid_request(format!("limit: must be 1 to {MOST_CONNECTIONS}")));
        }
        let mut place = match cursor {
            Some(cursor) => read(cursor).ok_or_else(|| {
                OAuthError::invalid_request("cursor: was not given out for this list; leave it out to begin anew")
            })?,
            None => Place::default(),
        };
        let mut items = Vec::new();
        while let Some(identifier) = resource.settings.identifiers.get(place.identifier) {
            let wanted = limit - items.len();
            let most = i64::try_from(wanted + 1).unwrap_or(i64::MAX);
            let mut found = self.store.connections(resource.domain_id, identifier, place.after.as_ref(), most).await?;
            let more = found.len() > wanted;
            found.truncate(wanted);
            place.after = found.last().map(Connection::place).or(place.after);
            items.append(&mut found);
            if more {
                return Ok(Connections { items, next: Some(written(&place)) });
            }
            place = Place { identifier: place.identifier + 1, after: None };
        }
        Ok(Connections { items, next: None })
    }
}

fn written(place: &Place) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

fn read(cursor: &str) -> Option<Place> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}
