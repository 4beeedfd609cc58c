//! People: logged in without a page, and deciding by themselves.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::InDomain;
use crate::admin::managing::{Filter, Segments, Sent, done};
use crate::harness::approvals::AutoApproval;
use crate::harness::control::Control;
use crate::harness::mint::user;
use crate::harness::people::{Arrival, Decision, InteractionFilter};
use crate::model::interaction::Interaction;
use crate::model::json::each;
use crate::model::oauth_error::OAuthError;

/// An authorization request, and who answers it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedLogin {
    /// The URL to which the client sends the browser.
    url: String,
    /// Who logs in, by user name or e-mail address.
    user: String,
    /// What they decide.
    #[serde(default)]
    decision: Decision,
}

/// Who goes on with a login.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedDecision {
    /// Who logs in, by user name or e-mail address.
    user: String,
    /// What they decide.
    #[serde(default)]
    decision: Decision,
}

/// Whose session is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedSession {
    /// Who, by user name or e-mail address.
    user: String,
}

/// A browser in which somebody is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionCookie {
    /// The session.
    session_id: Uuid,
    /// The cookie's name.
    name: String,
    /// The cookie's value.
    value: String,
    /// Both, as a `Cookie` header carries them.
    cookie: String,
    /// When the session ends.
    expires_at: i64,
}

/// A login that waits for a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct Waiting {
    /// Names it.
    id: String,
    /// The client that asks, by its own account.
    client_id: String,
    /// The page that waits: `login` or `consent`.
    page: &'static str,
    /// The parameters of the authorization request.
    request: BTreeMap<String, String>,
    /// When it began.
    created_at: i64,
    /// When it is too late to go on.
    expires_at: i64,
}

/// The logins that wait for a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct AllWaiting {
    /// Oldest first.
    items: Vec<Waiting>,
    /// Whether there are as many as were waited for.
    complete: bool,
}

/// Who logs in and decides by themselves.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// The first that fits a request counts.
    #[serde(deserialize_with = "each")]
    items: Vec<AutoApproval>,
}

/// A login of a domain in a path.
#[derive(Debug, Deserialize)]
pub struct OneInteraction {
    domain: String,
    id: String,
}

impl From<Interaction> for Waiting {
    fn from(waiting: Interaction) -> Self {
        Self {
            page: if waiting.progress.consent.is_some() { "consent" } else { "login" },
            id: waiting.id.0,
            client_id: waiting.client_id,
            request: waiting.request.params.into_iter().collect(),
            created_at: waiting.created_at.seconds(),
            expires_at: waiting.expires_at.seconds(),
        }
    }
}

/// Sends a person through login and consent without a page.
#[utoipa::path(post, path = "/harness/v1/domains/{domain}/authorize", tag = "people", params(("domain" = String, Path)), request_body = WantedLogin, responses((status = 200, body = Arrival), (status = 422)))]
pub async fn authorize(
    State(control): State<Control>,
    Segments(at): Segments<InDomain>,
    Sent(wanted): Sent<WantedLogin>,
) -> Result<Json<Arrival>, OAuthError> {
    Ok(Json(control.authorize(&at.domain, (&wanted.url, &wanted.user), wanted.decision).await?))
}

/// Logs a person in, for a browser that is given the cookie.
#[utoipa::path(post, path = "/harness/v1/domains/{domain}/sessions", tag = "people", params(("domain" = String, Path)), request_body = WantedSession, responses((status = 201, body = SessionCookie)))]
pub async fn log_in(
    State(control): State<Control>,
    Segments(at): Segments<InDomain>,
    Sent(wanted): Sent<WantedSession>,
) -> Result<Response, OAuthError> {
    let browser = control.log_in(&at.domain, &wanted.user).await?;
    let told = SessionCookie {
        session_id: browser.session.id.0,
        cookie: browser.cookie(),
        value: browser.secret.expose().to_owned(),
        expires_at: browser.session.expires_at.seconds(),
        name: browser.name,
    };
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

/// The logins that wait for a person, or those that a test waits for.
#[utoipa::path(get, path = "/harness/v1/domains/{domain}/interactions", tag = "people", params(("domain" = String, Path), InteractionFilter), responses((status = 200, body = AllWaiting)))]
pub async fn interactions(
    State(control): State<Control>,
    Segments(at): Segments<InDomain>,
    Filter(filter): Filter<InteractionFilter>,
) -> Result<Json<AllWaiting>, OAuthError> {
    let (waiting, complete) = control.find_interactions(&at.domain, &filter).await?;
    Ok(Json(AllWaiting { items: waiting.into_iter().map(Waiting::from).collect(), complete }))
}

/// Goes on with a login that waits for a person.
#[utoipa::path(post, path = "/harness/v1/domains/{domain}/interactions/{id}", tag = "people", params(("domain" = String, Path), ("id" = String, Path)), request_body = WantedDecision, responses((status = 200, body = Arrival), (status = 404)))]
pub async fn decide(
    State(control): State<Control>,
    Segments(one): Segments<OneInteraction>,
    Sent(wanted): Sent<WantedDecision>,
) -> Result<Json<Arrival>, OAuthError> {
    Ok(Json(control.decide(&one.domain, (&one.id, &wanted.user), wanted.decision).await?))
}

/// Who logs in and decides by themselves.
#[utoipa::path(get, path = "/harness/v1/domains/{domain}/auto-approvals", tag = "people", params(("domain" = String, Path)), responses((status = 200, body = Approvals)))]
pub async fn approvals(
    State(control): State<Control>,
    Segments(at): Segments<InDomain>,
) -> Result<Json<Approvals>, OAuthError> {
    control.domain(&at.domain).await?;
    Ok(Json(Approvals { items: control.approvals.of(&at.domain) }))
}

/// Lets people log in and decide by themselves, in place of those who did before.
#[utoipa::path(put, path = "/harness/v1/domains/{domain}/auto-approvals", tag = "people", params(("domain" = String, Path)), request_body = Approvals, responses((status = 200, body = Approvals)))]
pub async fn set_approvals(
    state: State<Control>,
    Segments(at): Segments<InDomain>,
    Sent(wanted): Sent<Approvals>,
) -> Result<Json<Approvals>, OAuthError> {
    let (app, domain) = (state.0.app(), state.0.domain(&at.domain).await?);
    for approval in &wanted.items {
        approval.check()?;
        user(&app, &domain, &approval.user).await?;
    }
    state.0.approvals.set(&at.domain, wanted.items);
    approvals(state, Segments(at)).await
}

/// Shows pages to everybody again.
#[utoipa::path(delete, path = "/harness/v1/domains/{domain}/auto-approvals", tag = "people", params(("domain" = String, Path)), responses((status = 204)))]
pub async fn clear_approvals(
    State(control): State<Control>,
    Segments(at): Segments<InDomain>,
) -> Result<Response, OAuthError> {
    control.domain(&at.domain).await?;
    control.approvals.set(&at.domain, Vec::new());
    Ok(done())
}
