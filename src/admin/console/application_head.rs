//! What the pages of one application have in common.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::respond::{domain_frame, show_as};
use crate::admin::clients::client_named;
use crate::admin::managing::ManagingDomain;
use crate::model::client::{Client, ClientStatus, Origin};
use crate::model::client_type::ClientType;
use crate::model::oauth_error::OAuthError;
use crate::pages::Claimed;
use crate::pages::console::{ApplicationHead, Badge, BadgeKind, Conflict, ConsoleFrame, Section, Tab};

/// The application that a path names.
#[derive(Debug, Deserialize)]
pub struct OfApplication {
    /// Its `client_id`.
    pub client_id: String,
}

/// A page of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tabbed {
    /// What it is.
    General,
    /// Where it sends what.
    Endpoints,
    /// What it may ask for.
    Scopes,
    /// Its secrets.
    Secrets,
    /// What its registrant asked for.
    Registration,
    /// What happened to it.
    Activity,
}

impl Tabbed {
    const ALL: [(Self, &str, &str); 6] = [
        (Self::General, "General", ""),
        (Self::Endpoints, "Endpoints", "/endpoints"),
        (Self::Scopes, "Scopes", "/scopes"),
        (Self::Secrets, "Secrets", "/secrets"),
        (Self::Registration, "Registration", "/registration"),
        (Self::Activity, "Activity", "/activity"),
    ];
}

/// The list of a domain's applications.
pub fn list_path(at: &ManagingDomain) -> String {
    Section::Applications.path(&at.domain.domain.name)
}

/// The page of an application.
pub fn path_of(at: &ManagingDomain, client: &Client) -> String {
    format!("{}/{}", list_path(at), client.client_id)
}

/// The frame of an application's page, and what stands at its head.
pub async fn head(
    at: &ManagingDomain,
    client: &Client,
    page: Tabbed,
) -> Result<(ConsoleFrame, ApplicationHead), OAuthError> {
    let path = path_of(at, client);
    let tabs = Tabbed::ALL.iter().filter(|(tab, ..)| *tab != Tabbed::Registration || is_registered(client));
    let tabs = tabs.map(|(tab, text, below)| Tab {
        text: (*text).to_owned(),
        href: format!("{path}{below}").into(),
        current: *tab == page,
        count: None,
    });
    let head = ApplicationHead {
        name: name_of(client),
        client_id: client.client_id.0.clone(),
        badges: vec![Badge::new(BadgeKind::Quiet, kind_name(ClientType::of(client))), state(client.status)],
        tabs: tabs.collect(),
        at: path.into(),
        version: client.version,
    };
    let frame = domain_frame(at, Section::Applications).await?;
    let frame = ConsoleFrame { may_edit: frame.may_edit && client.status != ClientStatus::Deleted, ..frame };
    let frame = if page == Tabbed::General {
        frame.at(head.title())
    } else {
        let text = Tabbed::ALL.iter().find(|(tab, ..)| *tab == page).map_or("", |(_, text, _)| text);
        frame.below(head.title(), head.at.clone().to_string()).at(text)
    };
    Ok((frame, head))
}

/// Whether a registrant stands behind it.
pub fn is_registered(client: &Client) -> bool {
    !matches!(client.origin, Origin::Manual | Origin::ClientDocument)
}

/// Its name, made safe to show.
pub fn name_of(client: &Client) -> Claimed {
    client.metadata.client_name.as_deref().unwrap_or_default().into()
}

/// Its name, or its id where it has none.
pub fn title_of(client: &Client) -> Claimed {
    let name = name_of(client);
    if name.is_empty() { client.client_id.as_str().into() } else { name }
}

/// A type in the words of the console.
pub fn kind_name(kind: ClientType) -> &'static str {
    match kind {
        ClientType::Web => "Web",
        ClientType::Browser => "Single-page",
        ClientType::Native => "Native",
        ClientType::BackendToBackend => "Backend to backend",
        ClientType::GatewayRegistrar => "Gateway registrar",
        ClientType::ResourceCredentials => "Resource credentials",
    }
}

/// An origin in the words of the console.
pub fn origin_name(origin: Origin) -> &'static str {
    match origin {
        Origin::Manual => "By hand",
        Origin::Gateway => "Gateway",
        Origin::InitialAccessToken => "Initial access token",
        Origin::Open => "Open registration",
        Origin::ContentAddressed => "MCP client",
        Origin::ClientDocument => "Metadata document",
    }
}

/// A status as a badge.
pub fn state(status: ClientStatus) -> Badge {
    let (kind, text) = match status {
        ClientStatus::Active => (BadgeKind::Good, "Active"),
        ClientStatus::Pending => (BadgeKind::Warn, "Waits for approval"),
        ClientStatus::Suspended => (BadgeKind::Bad, "Suspended"),
        ClientStatus::Deleted => (BadgeKind::Bad, "Deleted"),
    };
    Badge::new(kind, text)
}

/// Who registered an application, as far as they are known by a name.
pub async fn registrant_name(at: &ManagingDomain, client: &Client) -> Result<Claimed, OAuthError> {
    let Some(registrant) = &client.registrant else { return Ok(Claimed::default()) };
    match client.origin {
        Origin::Gateway => {}
        Origin::InitialAccessToken => {
            let tokens = at.app.store.initial_access_tokens(at.domain.id()).await?;
            let known = tokens.iter().find(|token| token.id.to_string() == *registrant && !token.label.is_empty());
            return Ok(known.map_or_else(|| registrant.into(), |token| (&token.label).into()));
        }
        _ => return Ok(registrant.into()),
    }
    match client_named(at, registrant).await {
        Ok(gateway) => Ok(title_of(&gateway.client)),
        Err(error) if error.status == 404 => Ok(registrant.into()),
        Err(error) => Err(error),
    }
}

/// A value of the metadata as a page shows it: a text as it is, anything else as JSON.
pub fn shown(value: Option<&Value>) -> Claimed {
    match value {
        None => "–".into(),
        Some(Value::String(text)) => Claimed::long(text),
        Some(value) => Claimed::long(&value.to_string()),
    }
}

/// The page that says that somebody else saved first. What was posted is carried along, but for the old version and
/// what is secret.
pub async fn lost(
    at: &ManagingDomain,
    client: &Client,
    (reload, fields): (String, Vec<(String, String)>),
    differences: Vec<(String, Claimed, Claimed)>,
) -> Result<Response, OAuthError> {
    let (frame, head) = head(at, client, Tabbed::General).await?;
    let mut parameters = fields;
    parameters.retain(|(name, _)| !matches!(name.as_str(), "version" | "client_secret"));
    parameters.push(("version".to_owned(), client.version.to_string()));
    let page = Conflict {
        frame,
        what: head.title(),
        action: (client.status != ClientStatus::Deleted).then(|| reload.as_str().into()),
        reload: reload.into(),
        parameters,
        differences,
    };
    Ok(show_as(StatusCode::CONFLICT, &page))
}
