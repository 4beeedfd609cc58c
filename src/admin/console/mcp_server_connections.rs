//! Who holds tokens for an MCP server, in the console.

use axum::response::Response;
use uuid::Uuid;

use super::fields::{Asked, Fields};
use super::mcp_server::{page, refused, unknown_action};
use super::mcp_servers::path;
use super::respond::{go_telling, sentence, show};
use crate::admin::api::client_names::ClientNames;
use crate::admin::api::resources::{One, find};
use crate::admin::managing::{ManagingDomain, Segments};
use crate::model::id::{ClientId, UserId};
use crate::model::oauth_error::OAuthError;
use crate::model::resource::Resource;
use crate::pages::Claimed;
use crate::pages::console::{ConnectedMachine, ConnectedPerson, McpServer, McpServerView, Section};

/// How many people a page lists.
const PEOPLE: usize = 50;

/// `GET /console/domains/{domain}/mcp-servers/{resource_id}/connections`
pub async fn connections(
    at: ManagingDomain,
    Segments(one): Segments<One>,
    Asked(asked): Asked,
) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    Ok(show(&connections_page(&at, resource, &asked, None).await?))
}

/// `POST /console/domains/{domain}/mcp-servers/{resource_id}/connections`
pub async fn change_connections(
    at: ManagingDomain,
    Segments(one): Segments<One>,
    form: Fields,
) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    let (own, actor) = (path(&at, &format!("/{}/connections", resource.id)), at.actor());
    let client_id = ClientId(form.trimmed("client").to_owned());
    match form.field("action") {
        "disconnect" => {
            let gone = || OAuthError::not_found("there is no such user any more");
            let id = form.field("user").parse::<Uuid>().map_err(|_| gone())?;
            let user = at.app.store.user(at.domain.id(), UserId(id)).await?.ok_or_else(gone)?;
            at.app.people.disconnect_user(&at.domain, &user, client_id.as_str(), &actor).await?;
            Ok(go_telling(&own, "disconnected"))
        }
        "revoke" => {
            at.domains().grant_resource(resource, &client_id, false, &actor).await?;
            Ok(go_telling(&own, "revoked"))
        }
        "grant" => match at.domains().grant_resource(resource, &client_id, true, &actor).await {
            Ok(()) => Ok(go_telling(&own, "granted")),
            Err(error) if error.status < 500 => {
                let told = Some(sentence(&error.description));
                Ok(refused(&connections_page(&at, resource, &Fields::parse(b""), told).await?))
            }
            Err(error) => Err(error),
        },
        _ => Err(unknown_action()),
    }
}

async fn connections_page(
    at: &ManagingDomain,
    resource: &Resource,
    asked: &Fields,
    error: Option<String>,
) -> Result<McpServer, OAuthError> {
    let found = at.domains().connections(resource, asked.given("cursor"), PEOPLE).await?;
    let (mut names, mut machines, mut people) = (ClientNames::default(), Vec::new(), Vec::new());
    for client_id in &resource.granted_clients {
        let name = names.of(at, client_id).await?.unwrap_or_else(|| client_id.0.clone());
        let href = application(at, client_id.as_str()).into();
        machines.push(ConnectedMachine { client_id: client_id.0.clone(), href, name: Claimed::of_application(&name) });
    }
    for one in found.items {
        let name = names.of(at, &one.client_id).await?.unwrap_or_else(|| one.client_id.0.clone());
        people.push(ConnectedPerson {
            client_id: one.client_id.0,
            client: Claimed::of_application(&name),
            href: format!("{}/{}", Section::Users.path(&at.domain.domain.name), one.user_id).into(),
            user_id: one.user_id.to_string(),
            username: one.username.into(),
            scope: Claimed::long(&one.scope.to_string()),
            granted: one.granted_at.into(),
            last_used: one.last_used_at.into(),
        });
    }
    let older = found.next.map(|cursor| path(at, &format!("/{}/connections?cursor={cursor}", resource.id)).into());
    page(at, resource, ("connections", McpServerView::Connections { machines, people, older, error }), Some(asked))
        .await
}

/// The page of a client.
pub(super) fn application(at: &ManagingDomain, client_id: &str) -> String {
    let id: String = percent_encoding::utf8_percent_encode(client_id, percent_encoding::NON_ALPHANUMERIC).to_string();
    format!("{}/{id}", Section::Applications.path(&at.domain.domain.name))
}
