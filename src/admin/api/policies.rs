//! Registration policies of a domain: what a registration may ask for and what it gets.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::location;
use super::merge_patch::{PatchOf, patched};
use crate::admin::managing::{ManagingDomain, Segments, Sent, SentObject, done};
use crate::admin::preconditions::{etag, may_match, must_match};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::domains::policies::{PolicyPreset, find_policy, starting_point};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::registration::policy::Policy;
use crate::store::cache::DomainEntry;
use crate::store::policies::NamedPolicy;

/// What is sent to change one.
type PolicyPatch = PatchOf<Policy>;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, read, replace, change, delete),
    components(schemas(PolicyPatch)),
    tags((name = "policies", description = "What a registration may ask for and what it gets."))
)]
pub struct Description;

/// The segment that names a policy.
#[derive(Debug, Deserialize)]
pub struct Named {
    policy: String,
}

/// A policy under its name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NamedPolicy)]
pub struct PolicyView {
    /// Its name; never changes.
    name: String,
    /// The settings of the domain that name it: `gateway_policy`, `open_policy`.
    named_by: Vec<&'static str>,
    /// What it allows.
    rules: Policy,
    /// Counts the changes; the entity tag is this number in quotes.
    version: i64,
    /// When it was made, in Unix seconds.
    created_at: i64,
}

/// All policies of a domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyList {
    /// By name.
    items: Vec<PolicyView>,
}

/// A policy that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPolicy {
    /// Its name: 1 to 63 letters, digits, '-', '_' and '.', not beginning with '-'.
    #[schema(min_length = 1, max_length = 63, pattern = "^[A-Za-z0-9_.][A-Za-z0-9_.-]*$")]
    name: String,
    /// The preset it starts from; `gateway` if neither this nor `copy_of` is sent.
    preset: Option<PolicyPreset>,
    /// The policy of this domain it starts from; not together with `preset`.
    copy_of: Option<String>,
    /// What differs from where it starts (RFC 7396).
    #[serde(default)]
    #[schema(value_type = Option<PolicyPatch>)]
    rules: Object,
}

/// All policies of a domain.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/policies", tag = "policies", params(("domain" = String, Path, description = "The domain.")), responses((status = 200, body = PolicyList), AnyProblem))]
pub async fn list(at: ManagingDomain) -> Json<PolicyList> {
    let items = at.domain.policies.iter().map(|policy| view(&at.domain, policy));
    Json(PolicyList { items: items.collect() })
}

/// Makes a policy from a preset or from another one.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/policies", tag = "policies", params(("domain" = String, Path, description = "The domain.")), request_body = NewPolicy, responses((status = 201, body = PolicyView, headers(("Location" = String), ("ETag" = String))), AnyProblem, ChangeProblem))]
pub async fn create(at: ManagingDomain, Sent(new): Sent<NewPolicy>) -> Result<Response, OAuthError> {
    let start = starting_point(&at.domain, new.preset, new.copy_of.as_deref())?;
    let rules = patched(&start, &new.rules)?;
    let made = at.domains().create_policy(&at.domain, &new.name, rules, &at.actor()).await?;
    let location = [(LOCATION, location(&at, "policies", &made.name))];
    Ok((StatusCode::CREATED, etag(made.version), location, Json(view(&at.domain, &made))).into_response())
}

/// A policy.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/policies/{policy}", tag = "policies", params(("domain" = String, Path, description = "The domain."), ("policy" = String, Path, description = "The policy.")), responses((status = 200, body = PolicyView, headers(("ETag" = String))), AnyProblem))]
pub async fn read(at: ManagingDomain, Segments(named): Segments<Named>) -> Result<Response, OAuthError> {
    let policy = find_policy(&at.domain, &named.policy)?;
    Ok((etag(policy.version), Json(view(&at.domain, policy))).into_response())
}

/// Replaces all rules of a policy; a member that is left out is that of the preset `gateway`.
#[utoipa::path(put, path = "/api/v1/domains/{domain}/policies/{policy}", tag = "policies", params(("domain" = String, Path, description = "The domain."), ("policy" = String, Path, description = "The policy."), ("If-Match" = String, Header, description = "The ETag that was read, or *.")), request_body = Policy, responses((status = 200, body = PolicyView, headers(("ETag" = String))), AnyProblem, ChangeProblem))]
pub async fn replace(
    at: ManagingDomain,
    Segments(named): Segments<Named>,
    headers: HeaderMap,
    Sent(rules): Sent<Policy>,
) -> Result<Response, OAuthError> {
    let current = find_policy(&at.domain, &named.policy)?;
    must_match(&headers, current.version)?;
    put(&at, current, rules).await
}

/// Changes rules of a policy: those that are sent; null sets one back to the preset `gateway` (RFC 7396).
#[utoipa::path(patch, path = "/api/v1/domains/{domain}/policies/{policy}", tag = "policies", params(("domain" = String, Path, description = "The domain."), ("policy" = String, Path, description = "The policy."), ("If-Match" = String, Header, description = "The ETag that was read, or *.")), request_body = PolicyPatch, responses((status = 200, body = PolicyView, headers(("ETag" = String))), AnyProblem, ChangeProblem))]
pub async fn change(
    at: ManagingDomain,
    Segments(named): Segments<Named>,
    headers: HeaderMap,
    SentObject(sent): SentObject,
) -> Result<Response, OAuthError> {
    let current = find_policy(&at.domain, &named.policy)?;
    must_match(&headers, current.version)?;
    put(&at, current, patched(&current.rules, &sent)?).await
}

/// Deletes a policy that nothing uses.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}/policies/{policy}", tag = "policies", params(("domain" = String, Path, description = "The domain."), ("policy" = String, Path, description = "The policy."), ("If-Match" = Option<String>, Header, description = "The ETag that was read.")), responses((status = 204, description = "It is gone."), AnyProblem, ChangeProblem))]
pub async fn delete(
    at: ManagingDomain,
    Segments(named): Segments<Named>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let policy = find_policy(&at.domain, &named.policy)?;
    may_match(&headers, policy.version)?;
    at.domains().delete_policy(&at.domain, policy, &at.actor()).await?;
    Ok(done())
}

async fn put(at: &ManagingDomain, current: &NamedPolicy, rules: Policy) -> Result<Response, OAuthError> {
    let changed = NamedPolicy { rules, ..current.clone() };
    at.domains().change_policy(&at.domain, &changed, &at.actor()).await?;
    let changed = NamedPolicy { version: current.version + 1, ..changed };
    Ok((etag(changed.version), Json(view(&at.domain, &changed))).into_response())
}

fn view(domain: &DomainEntry, policy: &NamedPolicy) -> PolicyView {
    let settings = &domain.domain.settings;
    let uses = [("gateway_policy", &settings.gateway_policy), ("open_policy", &settings.open_policy)];
    PolicyView {
        name: policy.name.clone(),
        named_by: uses.iter().filter(|(_, used)| **used == policy.name).map(|(setting, _)| *setting).collect(),
        rules: policy.rules.clone(),
        version: policy.version,
        created_at: policy.created_at.seconds(),
    }
}
