//! The test of a resource: the way of an MCP client from its URL to a token, step by step, with what was seen.
//!
//! # Design
//! What the resource serves is asked for over the network, as a client does, under the guard of all outbound requests.
//! What this server does is asked of its own parts, in this process: nothing is registered, no interaction begins, and
//! the token is told to nobody. What stays is one line in the audit log.

mod ours;
mod theirs;

use axum::Router;
use serde::Serialize;
use utoipa::ToSchema;

use super::managing::ManagingDomain;
use crate::app::App;
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::protected_resource::protected_resources;
use crate::model::resource::Resource;

/// The discovery of this server, to be asked without the network.
#[derive(Debug, Clone, Copy)]
pub struct InProcess(pub fn(&App) -> Router);

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TestStepOutcome)]
pub enum StepOutcome {
    /// As it should be.
    Done,
    /// Some clients do not get on, or it could not be seen from here.
    Warning,
    /// No client gets on.
    Failed,
}

/// A step on the way.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TestStep {
    /// Which one: `challenge`, `metadata`, `discovery`, `registration`, `authorization`, `token`.
    pub name: &'static str,
    /// How it ended.
    pub outcome: StepOutcome,
    /// What was seen.
    pub seen: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Whether this server could not look at all, which says nothing about what is there.
    #[serde(skip)]
    pub unseen: bool,
}

/// What a test came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceTest {
    /// The identifier that was tested.
    pub identifier: String,
    /// The worst of the steps.
    pub outcome: StepOutcome,
    /// The steps in their order.
    pub steps: Vec<TestStep>,
}

impl TestStep {
    fn done(name: &'static str, seen: impl Into<String>) -> Self {
        Self { name, outcome: StepOutcome::Done, seen: seen.into(), remedy: None, unseen: false }
    }

    fn warning(name: &'static str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { outcome: StepOutcome::Warning, remedy: Some(remedy.into()), ..Self::done(name, seen) }
    }

    fn unseen(name: &'static str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { unseen: true, ..Self::warning(name, seen, remedy) }
    }

    fn failed(name: &'static str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { outcome: StepOutcome::Failed, ..Self::warning(name, seen, remedy) }
    }

    /// What the step came to, as a heading.
    pub fn title(&self) -> &'static str {
        let (good, bad, unseen) = match self.name {
            "challenge" => (
                "The server asks for a token",
                "The server does not ask for a token as it must",
                "Could not look: whether the server asks for a token",
            ),
            "metadata" => (
                "Its metadata leads here",
                "Its metadata does not lead here",
                "Could not look: whether its metadata leads here",
            ),
            "discovery" => ("This domain is discovered", "This domain is not discovered", ""),
            "registration" => ("A client can register", "No client can register", ""),
            "authorization" => ("A person can log in for it", "Nobody can log in for it", ""),
            _ => (
                "A token is good for it",
                "A token is not good for it",
                "Could not look: whether a token is good for it",
            ),
        };
        match self.outcome {
            _ if self.unseen => unseen,
            StepOutcome::Warning if self.name == "registration" => "Not every client can register",
            StepOutcome::Done | StepOutcome::Warning => good,
            StepOutcome::Failed => bad,
        }
    }
}

/// Walks through all steps with a resource's first identifier.
pub async fn test_resource(
    at: &ManagingDomain,
    resource: &Resource,
    server: InProcess,
) -> Result<ResourceTest, OAuthError> {
    let issuer = at.app.issuer_of(&at.domain.domain.name);
    let documents = protected_resources(resource, &issuer, &at.domain.scopes);
    let wanted = documents.first().ok_or_else(|| OAuthError::conflict("the resource has no identifier"))?;
    let theirs = theirs::Theirs { fetcher: &at.app.registry.fetcher, wanted, issuer: &issuer };
    let ours = ours::Ours { at, resource, identifier: &wanted.identifier, issuer: &issuer };
    let (challenge, metadata_url) = theirs.challenge().await;
    let metadata = theirs.metadata(metadata_url.as_deref()).await;
    let discovery = ours.discovery(server).await;
    let (registration, client) = ours.registration().await?;
    let authorization = ours.authorization(&client);
    let token = ours.token().await?;
    let steps = vec![challenge, metadata, discovery, registration, authorization, token];
    let outcome = steps.iter().map(|step| step.outcome).max().unwrap_or(StepOutcome::Failed);
    let told = steps.iter().map(|step| (step.name.to_owned(), serde_json::json!(step.outcome)));
    let audit = at
        .actor()
        .did(&at.app.clock, Some(at.domain.id()), "resource.test", &resource.name)
        .with("resource_id", resource.id.to_string())
        .with("steps", told.collect::<Object>());
    at.app.store.write_audit(&[audit]).await?;
    Ok(ResourceTest { identifier: wanted.identifier.clone(), outcome, steps })
}
