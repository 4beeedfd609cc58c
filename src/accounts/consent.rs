//! The consent page: a person decides what a client may do (RFC 6749 §10.2, RFC 9700 §4.10).

use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::asking::{KnownClient, cancel, note, required_interaction, returns_to};
use super::form::{Form, Query};
use super::respond::{did, frame, go, go_on, gone, path, show as show_page};
use crate::keys::data_keys::HashPurpose;
use crate::model::client_metadata::ClientMetadata;
use crate::model::consent::Consent as Remembered;
use crate::model::flow_trace::Step;
use crate::model::interaction::{ConsentRequest, Decision, Interaction};
use crate::model::known_clients::impersonates;
use crate::model::oauth_error::OAuthError;
use crate::model::random::encode;
use crate::oauth::browser::{Browser, clear_session_cookie};
use crate::oauth::request::InDomain;
use crate::pages::{Claimed, ClientStanding, Consent, ConsentResource, ConsentScope};
use crate::people::browser_session::Current;
use crate::store::sessions::EndSessions;

/// What is asked, if it is asked of the person in this browser; else it has to be found out anew whom to ask.
fn asked<'a>(browser: &'a Browser, interaction: &'a Interaction) -> Option<(&'a Current, &'a ConsentRequest)> {
    let current = browser.current.as_ref()?;
    let asked = interaction.progress.consent.as_ref()?;
    (asked.session_id == current.session.id).then_some((current, asked))
}

/// What stands for everything that a page asks: the client can change it while a person reads.
fn question(at: &InDomain, interaction: &Interaction, asked: &ConsentRequest) -> String {
    let text = json!([interaction.id, interaction.client_id, asked]).to_string();
    encode(&at.app.keys.hash(HashPurpose::ConsentQuestion, &text))
}

/// `GET /{domain}/consent`
pub async fn show(browser: Browser, Query(query): Query) -> Result<Response, OAuthError> {
    let at = &browser.at;
    let interaction = required_interaction(at, &query).await?;
    let Some((current, asked)) = asked(&browser, &interaction) else { return Ok(go_on(at, &interaction.id)) };
    let client = KnownClient::find(at, &interaction.client_id).await?;
    let product = match client.standing {
        ClientStanding::Registered => None,
        ClientStanding::SelfRegistered | ClientStanding::Document { .. } => {
            impersonates(client.name.as_str(), [asked.redirect_uri.as_str()])
        }
    };
    let page = Consent {
        frame: frame(at),
        action: path(at, "/consent", None).into(),
        interaction: interaction.id.to_string(),
        asked: question(at, &interaction, asked),
        impersonates: product.map(Into::into),
        logo: None,
        client_uri: client.web(|metadata: &ClientMetadata| metadata.client_uri.as_ref()),
        policy_uri: client.web(|metadata: &ClientMetadata| metadata.policy_uri.as_ref()),
        tos_uri: client.web(|metadata: &ClientMetadata| metadata.tos_uri.as_ref()),
        client_name: client.name,
        standing: client.standing,
        returns_to: returns_to(&asked.redirect_uri),
        resources: asked.resources.iter().map(|resource| resource_in_words(at, resource)).collect(),
        scopes: asked.scope.iter().map(|scope| scope_in_words(at, scope)).collect(),
        signed_in_as: Claimed::from(current.user.display_name()).or(&current.user.username),
    };
    Ok(show_page(StatusCode::OK, &page))
}

/// `POST /{domain}/consent`
pub async fn submit(browser: Browser, sent: Form) -> Result<Response, OAuthError> {
    let at = &browser.at;
    let interaction = required_interaction(at, &sent.0).await?;
    let Some((current, asked)) = asked(&browser, &interaction) else { return Ok(go_on(at, &interaction.id)) };
    match sent.field("decision") {
        // What is asked has changed since the page was shown: it is shown again.
        "allow" if sent.field("asked") != question(at, &interaction, asked) => Ok(go_on(at, &interaction.id)),
        "allow" => allow(at, current, asked.clone(), &interaction).await,
        "cancel" => {
            at.trace_page(&interaction, Step::Consent, Some(("access_denied", "the person cancelled")));
            let event = did(at, current.user.id, "consent.allow").with("client_id", interaction.client_id.as_str());
            at.app.audit_refusal(event.refused("the person cancelled"));
            cancel(&browser, interaction).await
        }
        "switch" => switch(at, current, interaction.clone()).await,
        _ => Err(OAuthError::invalid_request("decision must be allow, cancel or switch")),
    }
}

async fn allow(
    at: &InDomain,
    current: &Current,
    asked: ConsentRequest,
    interaction: &Interaction,
) -> Result<Response, OAuthError> {
    let mut allowed = interaction.clone();
    let resources = if asked.resources.is_empty() { vec![String::new()] } else { asked.resources.clone() };
    let remembered: Vec<Remembered> = resources
        .into_iter()
        .map(|resource| Remembered {
            domain_id: at.domain.id(),
            user_id: current.user.id,
            client_id: interaction.client_id.clone(),
            resource,
            scope: asked.scope.clone(),
            granted_at: at.app.clock.now(),
        })
        .collect();
    let event = did(at, current.user.id, "consent.allow")
        .with("client_id", interaction.client_id.as_str())
        .with("scope", asked.scope.to_string())
        .with("resources", asked.resources.clone());
    allowed.progress.decision =
        Some(Decision::Allowed { session_id: current.session.id, scope: asked.scope, resources: asked.resources });
    // Another window was faster: what it asked is looked at again.
    if at.app.store.allow_interaction(&allowed, &remembered, &event).await? {
        at.trace_page(interaction, Step::Consent, None);
    }
    Ok(go_on(at, &interaction.id))
}

/// This person leaves, and another one logs in for the same client.
async fn switch(at: &InDomain, current: &Current, interaction: Interaction) -> Result<Response, OAuthError> {
    let id = interaction.id.clone();
    at.app.store.end_sessions(at.domain.id(), current.user.id, EndSessions::One(current.session.id)).await?;
    let event = did(at, current.user.id, "user.logout").with("session_id", current.session.id.to_string());
    at.app.store.write_audit(&[event]).await?;
    let noted = note(at, interaction, |progress| progress.logged_in = None).await?;
    let mut response = if noted { go(&path(at, "/login", Some(&id))) } else { return Err(gone()) };
    clear_session_cookie(response.headers_mut(), at);
    Ok(response)
}

/// A scope as people are told of it.
pub fn scope_in_words(at: &InDomain, name: &str) -> ConsentScope {
    at.domain.scope(name).map_or_else(
        || ConsentScope { name: name.to_owned(), label: name.into(), description: Claimed::default() },
        ConsentScope::from,
    )
}

/// A resource as people are told of it.
pub fn resource_in_words(at: &InDomain, identifier: &str) -> ConsentResource {
    let known = at.domain.resources.iter().find(|known| known.settings.identifiers.iter().any(|own| own == identifier));
    ConsentResource {
        name: known.map_or(identifier, |known| known.name.as_str()).into(),
        identifiers: vec![identifier.into()],
    }
}
