//! One MCP server in the console: what it is, its credentials, who holds tokens for it, what it serves, the test.

use axum::Extension;
use axum::response::Response;
use http::StatusCode;

use super::application_secrets::graces;
use super::fields::{Asked, Fields};
use super::mcp_server_connections::application;
use super::mcp_servers::{documents, errors_of, form_of, gateway, path, settings_of, typed};
use super::respond::{Told, domain_frame, go_telling, sentence, show, show_as, stale, telling};
use crate::admin::api::resources::{One, find};
use crate::admin::managing::{ManagingDomain, Segments};
use crate::admin::resource_test::{InProcess, StepOutcome, TestStep, test_resource};
use crate::domains::resource_rules;
use crate::domains::resources::MOST_OVERLAP;
use crate::model::oauth_error::OAuthError;
use crate::model::registration::policy::Policy;
use crate::model::resource::Resource;
use crate::pages::Claimed;
use crate::pages::console::{
    ConsoleFrame, McpServer, McpServerForm, McpServerView, NewSecret, Outcome, Section, Tab, TestedStep,
};

const TOLD: &Told = &[
    ("saved", "Saved."),
    ("disconnected", "The connection has ended."),
    ("granted", "The application may have tokens for this server."),
    ("revoked", "The application may have no more tokens for this server."),
];

/// `GET /console/domains/{domain}/mcp-servers/{resource_id}`
pub async fn general(
    at: ManagingDomain,
    Segments(one): Segments<One>,
    Asked(asked): Asked,
) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    let form = form_of(&at, &resource.name, &resource.settings);
    Ok(show(&general_page(&at, resource, (form, None), Some(&asked)).await?))
}

/// `POST /console/domains/{domain}/mcp-servers/{resource_id}`
pub async fn change(at: ManagingDomain, Segments(one): Segments<One>, form: Fields) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    let own = path(&at, &format!("/{}", resource.id));
    if form.field("version") != resource.version.to_string() {
        return Ok(stale(domain_frame(&at, Section::McpServers).await?, &resource.name, &own));
    }
    match form.field("action") {
        "save" => {
            let (settings, mut problems) = settings_of(&form);
            let changed = Resource { name: form.trimmed("name").to_owned(), settings, ..resource.clone() };
            let public_url = at.app.public_url.as_str();
            problems.extend(resource_rules::problems(&at.domain, &changed, public_url));
            if problems.is_empty() {
                match at.domains().put_resource(&at.domain, &changed, public_url, &at.actor()).await {
                    Ok(()) => return Ok(go_telling(&own, "saved")),
                    Err(error) => problems.push(error),
                }
            }
            let form = typed(&at, &form, errors_of(problems)?);
            Ok(refused(&general_page(&at, resource, (form, None), None).await?))
        }
        "delete" if form.trimmed("confirm") == resource.name => {
            match at.domains().delete_resource(resource, None, &at.actor()).await {
                Ok(()) => Ok(go_telling(&path(&at, ""), "deleted")),
                Err(error) if error.status < 500 => not_deleted(&at, resource, &error.description).await,
                Err(error) => Err(error),
            }
        }
        "delete" => not_deleted(&at, resource, "this is not its name").await,
        _ => Err(unknown_action()),
    }
}

async fn not_deleted(at: &ManagingDomain, resource: &Resource, why: &str) -> Result<Response, OAuthError> {
    let form = form_of(at, &resource.name, &resource.settings);
    Ok(refused(&general_page(at, resource, (form, Some(sentence(why))), None).await?))
}

/// `GET /console/domains/{domain}/mcp-servers/{resource_id}/credentials`
pub async fn credentials(at: ManagingDomain, Segments(one): Segments<One>) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    Ok(show(&credentials_page(&at, resource, None, None).await?))
}

/// `POST /console/domains/{domain}/mcp-servers/{resource_id}/credentials`: the answer shows the secret, once.
pub async fn renew(at: ManagingDomain, Segments(one): Segments<One>, form: Fields) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    let overlap = form.given("overlap").map_or(Ok(usual_overlap()), str::parse::<i64>);
    let made = match overlap {
        Ok(overlap) => {
            let how = (overlap, at.app.public_url.as_str());
            at.domains().renew_credentials(&at.app.registry, (&at.domain, resource), how, &at.actor()).await
        }
        Err(_) => Err(OAuthError::invalid_request("overlap: choose one of the list")),
    };
    match made {
        Ok((client_id, secret)) => {
            let secret = NewSecret { client_id: client_id.0, secret: secret.expose().to_owned() };
            Ok(show(&credentials_page(&at, resource, Some(secret), None).await?))
        }
        Err(error) if error.status < 500 => {
            let told = error.description.strip_prefix("overlap: ").unwrap_or(&error.description);
            Ok(refused(&credentials_page(&at, resource, None, Some(sentence(told))).await?))
        }
        Err(error) => Err(error),
    }
}

/// How long the secrets before a new one live on unless one chooses: as those of applications do.
fn usual_overlap() -> i64 {
    Policy::gateway().secret_grace
}

/// `GET /console/domains/{domain}/mcp-servers/{resource_id}/metadata`
pub async fn metadata(at: ManagingDomain, Segments(one): Segments<One>) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    let view = McpServerView::Metadata { documents: documents(&at, resource), gateway: gateway(&at, resource) };
    Ok(show(&page(&at, resource, ("metadata", view), None).await?))
}

/// `GET /console/domains/{domain}/mcp-servers/{resource_id}/test`
pub async fn show_test(at: ManagingDomain, Segments(one): Segments<One>) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    Ok(show(&page(&at, resource, ("test", McpServerView::Test { steps: Vec::new() }), None).await?))
}

/// `POST /console/domains/{domain}/mcp-servers/{resource_id}/test`
pub async fn run_test(
    at: ManagingDomain,
    Segments(one): Segments<One>,
    Extension(server): Extension<InProcess>,
) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    let test = test_resource(&at, resource, server).await?;
    let view = McpServerView::Test { steps: test.steps.into_iter().map(tested).collect() };
    Ok(show(&page(&at, resource, ("test", view), None).await?))
}

fn tested(step: TestStep) -> TestedStep {
    let title = step.title();
    let outcome = match step.outcome {
        StepOutcome::Done => Outcome::Done,
        StepOutcome::Warning => Outcome::Warned,
        StepOutcome::Failed => Outcome::Failed,
    };
    let remedy = step.remedy.map(|remedy| Claimed::long(&remedy));
    TestedStep { title, outcome, seen: Claimed::long(&step.seen), remedy }
}

pub(super) fn unknown_action() -> OAuthError {
    OAuthError::invalid_request("action: is not one of this page")
}

pub(super) fn refused(page: &McpServer) -> Response {
    show_as(StatusCode::UNPROCESSABLE_ENTITY, page)
}

async fn general_page(
    at: &ManagingDomain,
    resource: &Resource,
    (form, delete_error): (McpServerForm, Option<String>),
    asked: Option<&Fields>,
) -> Result<McpServer, OAuthError> {
    let view = McpServerView::General {
        version: resource.version,
        form,
        id: resource.id.to_string(),
        created: resource.created_at.into(),
        delete_error,
    };
    page(at, resource, ("", view), asked).await
}

async fn credentials_page(
    at: &ManagingDomain,
    resource: &Resource,
    secret: Option<NewSecret>,
    error: Option<String>,
) -> Result<McpServer, OAuthError> {
    let name = &at.domain.domain.name;
    let known = resource.credentials.as_ref().map(|client_id| client_id.0.clone());
    let client_id = known.or_else(|| secret.as_ref().map(|secret| secret.client_id.clone()));
    let view = McpServerView::Credentials {
        href: application(at, client_id.as_deref().unwrap_or_default()).into(),
        client_id,
        secret,
        introspection: format!("{}/{name}/oauth/introspect", at.app.public_url.as_str()),
        overlaps: graces(usual_overlap(), MOST_OVERLAP),
        error,
    };
    page(at, resource, ("credentials", view), None).await
}

pub(super) async fn page(
    at: &ManagingDomain,
    resource: &Resource,
    (slug, view): (&str, McpServerView),
    asked: Option<&Fields>,
) -> Result<McpServer, OAuthError> {
    let own = path(at, &format!("/{}", resource.id));
    let pages = [
        ("General", ""),
        ("Credentials", "credentials"),
        ("Connections", "connections"),
        ("Metadata", "metadata"),
        ("Test", "test"),
    ];
    let here = |slug: &str| if slug.is_empty() { own.clone() } else { format!("{own}/{slug}") };
    let tab = |(text, own): (&str, &str)| Tab {
        text: text.to_owned(),
        href: here(own).into(),
        current: own == slug,
        count: None,
    };
    let frame: ConsoleFrame = domain_frame(at, Section::McpServers).await?.at(resource.name.as_str());
    Ok(McpServer {
        frame: match asked {
            Some(asked) => telling(frame, asked, TOLD),
            None => frame,
        },
        name: resource.name.as_str().into(),
        lead: Claimed::long(resource.settings.identifiers.first().map_or("", String::as_str)),
        tabs: pages.map(tab).to_vec(),
        action: here(slug).into(),
        view,
    })
}
