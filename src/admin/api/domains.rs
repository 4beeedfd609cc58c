//! Security domains and their settings.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::merge_patch::{PatchOf, patched};
use crate::admin::managing::{Managing, ManagingDomain, Sent, SentObject, done};
use crate::admin::preconditions::{etag, may_match, must_match};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::domains::endpoints::Endpoints;
use crate::model::domain::{Domain, DomainPreset, DomainSettings};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;

/// What is sent to change one.
type SettingsPatch = PatchOf<DomainSettings>;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, read, change, delete, apply_preset),
    components(schemas(SettingsPatch)),
    tags((name = "domains", description = "Security domains and their settings."))
)]
pub struct Description;

/// A security domain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Domain)]
pub struct DomainView {
    /// Its path segment; never changes.
    name: String,
    /// Its issuer.
    issuer: String,
    /// Where clients, gateways and people reach it.
    endpoints: Endpoints,
    /// When it was made, in Unix seconds.
    created_at: i64,
    /// Counts the changes; the entity tag is this number in quotes.
    version: i64,
    /// What an administrator may set; times are in seconds.
    settings: DomainSettings,
}

/// All domains within reach.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainList {
    /// By name.
    items: Vec<DomainView>,
}

/// A domain that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDomain {
    /// Its path segment: 1 to 63 of a-z, 0-9 and '-', not beginning or ending with '-'.
    #[schema(min_length = 1, max_length = 63, pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
    name: String,
    /// A set of settings for one use.
    preset: Option<DomainPreset>,
    /// Settings that differ from the preset's and the defaults.
    #[serde(default)]
    #[schema(value_type = Option<SettingsPatch>)]
    settings: Object,
}

/// A preset for a domain that is there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedPreset {
    /// The set of settings; what it does not name stays.
    preset: DomainPreset,
    /// Settings that differ from the preset's.
    #[serde(default)]
    #[schema(value_type = Option<SettingsPatch>)]
    settings: Object,
}

/// All domains within reach.
#[utoipa::path(get, path = "/api/v1/domains", tag = "domains", responses((status = 200, body = DomainList), AnyProblem))]
pub async fn list(managing: Managing) -> Result<Json<DomainList>, OAuthError> {
    let domains = managing.app.store.domains().await?;
    let reached = domains.iter().filter(|domain| managing.authority.reach.covers(domain.id));
    Ok(Json(DomainList { items: reached.map(|domain| view(&managing, domain)).collect() }))
}

/// Makes a domain, with the system scopes, the preset policies and keys of its own.
#[utoipa::path(post, path = "/api/v1/domains", tag = "domains", request_body = NewDomain, responses((status = 201, body = DomainView, headers(("Location" = String), ("ETag" = String))), AnyProblem, ChangeProblem))]
pub async fn create(managing: Managing, Sent(new): Sent<NewDomain>) -> Result<Response, OAuthError> {
    let mut settings = DomainSettings::default();
    if let Some(preset) = new.preset {
        preset.apply(&mut settings);
    }
    let settings = patched(&settings, &new.settings)?;
    if !managing.domains().create(&new.name, settings, &managing.actor()).await? {
        return Err(OAuthError::conflict(format!("name: there is a domain {} already; choose another", new.name)));
    }
    let made = managing.app.store.domain_named(&new.name).await?;
    let made = made.ok_or_else(|| OAuthError::conflict("the domain was deleted meanwhile"))?;
    let location = [(LOCATION, format!("/api/v1/domains/{}", new.name))];
    let view = view(&managing, &made.domain);
    Ok((StatusCode::CREATED, etag(made.domain.version), location, Json(view)).into_response())
}

/// A domain.
#[utoipa::path(get, path = "/api/v1/domains/{domain}", tag = "domains", params(("domain" = String, Path, description = "Its name.")), responses((status = 200, body = DomainView, headers(("ETag" = String))), AnyProblem))]
pub async fn read(at: ManagingDomain) -> Response {
    let domain = &at.domain.domain;
    (etag(domain.version), Json(view(&at, domain))).into_response()
}

/// Changes settings of a domain: those that are sent; null sets one back to its default (RFC 7396).
#[utoipa::path(patch, path = "/api/v1/domains/{domain}", tag = "domains", params(("domain" = String, Path, description = "Its name."), ("If-Match" = String, Header, description = "The ETag that was read, or *.")), request_body = SettingsPatch, responses((status = 200, body = DomainView, headers(("ETag" = String))), AnyProblem, ChangeProblem))]
pub async fn change(
    at: ManagingDomain,
    headers: HeaderMap,
    SentObject(sent): SentObject,
) -> Result<Response, OAuthError> {
    must_match(&headers, at.domain.domain.version)?;
    let settings = patched(&at.domain.domain.settings, &sent)?;
    changed(&at, &settings).await
}

/// Puts a preset's values into the settings of a domain: what `registrar domain set --preset` does.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/apply-preset", tag = "domains", params(("domain" = String, Path, description = "Its name."), ("If-Match" = String, Header, description = "The ETag that was read, or *.")), request_body = WantedPreset, responses((status = 200, body = DomainView, headers(("ETag" = String))), AnyProblem, ChangeProblem))]
pub async fn apply_preset(
    at: ManagingDomain,
    headers: HeaderMap,
    Sent(wanted): Sent<WantedPreset>,
) -> Result<Response, OAuthError> {
    must_match(&headers, at.domain.domain.version)?;
    let mut settings = at.domain.domain.settings.clone();
    wanted.preset.apply(&mut settings);
    changed(&at, &patched(&settings, &wanted.settings)?).await
}

async fn changed(at: &ManagingDomain, settings: &DomainSettings) -> Result<Response, OAuthError> {
    at.domains().change(&at.domain, settings, &at.actor()).await?;
    let changed = at.app.store.domain(at.domain.id()).await?;
    let changed = changed.ok_or_else(|| OAuthError::not_found("the domain was deleted meanwhile"))?;
    Ok((etag(changed.domain.version), Json(view(at, &changed.domain))).into_response())
}

/// Deletes a domain with everything in it.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}", tag = "domains", params(("domain" = String, Path, description = "Its name."), ("If-Match" = Option<String>, Header, description = "The ETag that was read.")), responses((status = 204, description = "It is gone."), AnyProblem, ChangeProblem))]
pub async fn delete(at: ManagingDomain, headers: HeaderMap) -> Result<Response, OAuthError> {
    let version = may_match(&headers, at.domain.domain.version)?;
    at.domains().delete(&at.domain, version, &at.actor()).await?;
    Ok(done())
}

fn view(managing: &Managing, domain: &Domain) -> DomainView {
    DomainView {
        name: domain.name.clone(),
        issuer: managing.app.issuer_of(&domain.name),
        endpoints: Endpoints::of(managing.app.public_url.as_str(), &domain.name),
        created_at: domain.created_at.seconds(),
        version: domain.version,
        settings: domain.settings.clone(),
    }
}
