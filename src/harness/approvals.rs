//! People who log in and decide by themselves, so that whatever arrives at the authorization endpoint is sent on to the
//! client at once.

use std::collections::BTreeMap;

use axum::response::{IntoResponse as _, Response};
use http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::control::Control;
use super::people::Decision;
use super::rules::Stays;
use super::seen::Seen;
use crate::model::oauth_error::OAuthError;

/// Who logs in and decides, and for which requests.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoApproval {
    /// Who, by user name or e-mail address.
    pub user: String,
    /// What they decide.
    #[serde(default)]
    pub decision: Decision,
    /// Only where each of these parameters of the authorization request has this value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<String, String>,
}

/// The answer to an authorization request that somebody decides by themselves.
pub(super) async fn answer(control: &Control, seen: &Seen) -> Option<Response> {
    if seen.endpoint != Some("authorize") || !matches!(seen.method, Method::GET | Method::POST) {
        return None;
    }
    // Whoever is at a page already goes on there.
    if seen.parameter("interaction").is_some() {
        return None;
    }
    let domain = seen.domain.as_deref()?;
    let approval = control.approvals.take(domain, |approval| seen.has_all(&approval.when), |_| Stays::Yes)?;
    let form = String::from_utf8_lossy(&seen.body);
    let query = if seen.method == Method::POST { &form } else { seen.query.as_deref().unwrap_or_default() };
    let walked = control.walk(domain, query, &approval.user, approval.decision).await;
    Some(walked.unwrap_or_else(OAuthError::into_response))
}
