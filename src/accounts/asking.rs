//! The interaction that a page is part of, and the client on whose behalf it asks.

use std::sync::Arc;

use axum::response::Response;

use super::respond::gone;
use crate::clients::find::{Fetching, Found};
use crate::model::client::Origin;
use crate::model::client_id_document::DocumentSource;
use crate::model::id::{AttemptId, ClientId};
use crate::model::interaction::{Interaction, Progress};
use crate::model::oauth_error::OAuthError;
use crate::model::redirect_uri::RedirectUri;
use crate::oauth::authorize::cancelled;
use crate::oauth::browser::Browser;
use crate::oauth::params::Params;
use crate::oauth::request::InDomain;
use crate::pages::{AskingClient, Claimed, ClientStanding, Href, ReturnsTo};
use crate::store::cache::ClientEntry;

/// How often a note is tried that another window keeps getting ahead of.
const TRIES: usize = 3;

/// The interaction that the parameters name, if they name one.
pub async fn interaction(at: &InDomain, params: &Params) -> Result<Option<Interaction>, OAuthError> {
    let Some(id) = params.get("interaction") else { return Ok(None) };
    let found = at.app.store.interaction(at.domain.id(), &AttemptId(id.to_owned())).await?;
    found.map(Some).ok_or_else(gone)
}

/// The interaction that must be there.
pub async fn required_interaction(at: &InDomain, params: &Params) -> Result<Interaction, OAuthError> {
    interaction(at, params).await?.ok_or_else(gone)
}

/// Notes what the person did. `false`: the interaction is over.
pub async fn note(
    at: &InDomain,
    mut interaction: Interaction,
    change: impl Fn(&mut Progress),
) -> Result<bool, OAuthError> {
    for _ in 0..TRIES {
        change(&mut interaction.progress);
        if at.app.store.update_interaction(&interaction).await? {
            return Ok(true);
        }
        match at.app.store.interaction(at.domain.id(), &interaction.id).await? {
            Some(newer) => interaction = newer,
            None => return Ok(false),
        }
    }
    Ok(false)
}

/// The person does not want to: the client is told at once, by this browser alone.
pub async fn cancel(browser: &Browser, interaction: Interaction) -> Result<Response, OAuthError> {
    if !browser.at.app.store.end_interaction(interaction.domain_id, &interaction.id).await? {
        return Err(gone());
    }
    Ok(cancelled(browser.clone(), interaction).await)
}

/// A client as people are told of it.
#[derive(Debug)]
pub struct KnownClient {
    /// The name that it claims; for a document that nobody has read, its host.
    pub name: Claimed,
    /// How far it is known.
    pub standing: ClientStanding,
    entry: Option<Arc<ClientEntry>>,
}

impl KnownClient {
    /// What is known of a client id.
    pub async fn find(at: &InDomain, client_id: &str) -> Result<Self, OAuthError> {
        let entry = match at.app.registry.find_client(at.find_in(), client_id, Fetching::No).await {
            Ok(Found::Known(entry)) => Some(entry),
            Ok(_) => None,
            // A document that is not taken any more; the authorization endpoint says why.
            Err(error) if error.status < 500 => None,
            Err(error) => return Err(error),
        };
        let document = Href::web(client_id).map(|url| Claimed::long(&url.host()));
        let claimed = entry.as_ref().and_then(|entry| entry.client.metadata.client_name.as_deref());
        let standing = match (&document, entry.as_ref().map(|entry| entry.client.origin)) {
            (Some(host), _) => {
                ClientStanding::Document { host: host.clone(), built_in: is_built_in(at, client_id).await? }
            }
            (None, Some(Origin::Open | Origin::ContentAddressed)) => ClientStanding::SelfRegistered,
            (None, _) => ClientStanding::Registered,
        };
        let name = match (claimed, document) {
            (Some(name), _) => Claimed::of_application(name),
            (None, Some(host)) => host,
            (None, None) => client_id.into(),
        };
        Ok(Self { name, standing, entry })
    }

    /// A web address that the client gave of itself.
    pub fn web(&self, member: fn(&crate::model::client_metadata::ClientMetadata) -> Option<&String>) -> Option<Href> {
        member(&self.entry.as_ref()?.client.metadata).and_then(|uri| Href::web(uri))
    }
}

/// Whether a document was not read from its URL but is the copy that comes with this server.
async fn is_built_in(at: &InDomain, client_id: &str) -> Result<bool, OAuthError> {
    let document = at.app.store.client_document(at.domain.id(), &ClientId(client_id.to_owned())).await?;
    Ok(document.is_some_and(|document| document.source == DocumentSource::BuiltIn))
}

/// The client as the login and sign-up pages name it.
pub async fn asking_client(at: &InDomain, interaction: &Interaction) -> Result<AskingClient, OAuthError> {
    if let Some(login) = &interaction.progress.login {
        let returns_to = returns_to(&login.redirect_uri);
        return Ok(AskingClient { name: Claimed::of_application(&login.client_name), returns_to });
    }
    // Somebody was logged in when it began, and has logged out since.
    let name = KnownClient::find(at, &interaction.client_id).await?.name;
    let redirect = interaction.progress.consent.as_ref().map(|consent| returns_to(&consent.redirect_uri));
    Ok(AskingClient { name, returns_to: redirect.unwrap_or(ReturnsTo::Host(Claimed::of_application(""))) })
}

/// Where an answer goes, in words for people.
pub fn returns_to(redirect_uri: &str) -> ReturnsTo {
    match RedirectUri::parse(redirect_uri) {
        Ok(uri) => ReturnsTo::of(&uri),
        Err(_) => ReturnsTo::Host(redirect_uri.into()),
    }
}
