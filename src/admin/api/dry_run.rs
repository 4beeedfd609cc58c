//! What a registration would be answered, without registering.

use axum::Json;
use serde::Deserialize;
use utoipa::OpenApi;

use crate::admin::managing::{Filter, ManagingDomain, Segments, SentObject};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::clients::admission::Who;
use crate::clients::dry_run::{DryRun, Trying};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(under_policy, as_registrant))]
pub struct Description;

/// The segment that names a policy.
#[derive(Debug, Deserialize)]
pub struct Named {
    policy: String,
}

/// Whom the registration would come from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct From {
    registrant: String,
}

/// What a registration would be answered under a policy: the body is that of a registration (RFC 7591 §3.1).
#[utoipa::path(post, path = "/api/v1/domains/{domain}/policies/{policy}/dry-run", tag = "policies", params(("domain" = String, Path, description = "The domain."), ("policy" = String, Path, description = "The policy.")), request_body = HashMap<String, serde_json::Value>, responses((status = 200, body = DryRun), AnyProblem, ChangeProblem))]
pub async fn under_policy(
    at: ManagingDomain,
    Segments(named): Segments<Named>,
    SentObject(body): SentObject,
) -> Result<Json<DryRun>, OAuthError> {
    try_out(&at, &Who::Policy(named.policy), body).await.map(Json)
}

/// What a registration would be answered now to `open` (anybody), `client:ID` (a gateway registrar),
/// `initial_access_token:ID` or `policy:NAME`: the body is that of a registration (RFC 7591 §3.1).
#[utoipa::path(post, path = "/api/v1/domains/{domain}/dry-run", tag = "policies", params(("domain" = String, Path, description = "The domain."), ("registrant" = String, Query, description = "open, client:ID, initial_access_token:ID or policy:NAME.")), request_body = HashMap<String, serde_json::Value>, responses((status = 200, body = DryRun), AnyProblem, ChangeProblem))]
pub async fn as_registrant(
    at: ManagingDomain,
    Filter(from): Filter<From>,
    SentObject(body): SentObject,
) -> Result<Json<DryRun>, OAuthError> {
    try_out(&at, &Who::parse(&from.registrant)?, body).await.map(Json)
}

/// What a registration would be answered; the console asks the same.
pub async fn try_out(at: &ManagingDomain, who: &Who, body: Object) -> Result<DryRun, OAuthError> {
    let app = &at.app;
    let open = app.is_open(&at.domain.domain.settings);
    let trying = Trying { domain: &at.domain, who, open, base_url: app.public_url.as_str() };
    app.registry.dry_run(&trying, body).await
}
