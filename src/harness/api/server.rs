//! The server as a whole: its card, its clock, its past.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::admin::managing::{Segments, Sent, done};
use crate::config::BaseUrl;
use crate::harness::control::{Control, Snapshot};
use crate::housekeeping::tidy;
use crate::model::oauth_error::OAuthError;
use crate::model::time::{Setting, UnixTime};
use crate::oauth::request::{has_media_type, read_body};
use crate::provisioning::file::ProvisioningFile;
use crate::provisioning::{Provisioned, is_server_failure};

/// How far the clock may be moved in either direction, in seconds: a thousand years.
const FARTHEST: i64 = 1_000 * 366 * 86_400;

/// The body of what takes no members.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Snapshots.
#[derive(Debug, Serialize, ToSchema)]
pub struct Snapshots {
    /// Oldest first.
    items: Vec<Snapshot>,
}

/// How the clock is set.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClockState {
    /// The server's time.
    now: i64,
    /// Whether it stands still.
    frozen: bool,
    /// So many seconds ahead of the system's clock; 0 while it stands still.
    offset: i64,
}

/// How the clock shall be set; applied in the order of the members.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockMove {
    /// To this time.
    set: Option<i64>,
    /// By so many seconds; back where negative.
    advance: Option<i64>,
    /// Stop it, or let it go on.
    frozen: Option<bool>,
}

/// Under which URLs the server is reached.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseUrls {
    /// The one that the issuers begin with.
    public_url: String,
    /// Further ones: discovery under one of them names endpoints under it.
    #[serde(default)]
    further: Vec<String>,
}

/// What a provisioning file brought about.
#[derive(Debug, Serialize, ToSchema)]
pub struct Applied {
    #[schema(value_type = Vec<Object>)]
    applied: Vec<Provisioned>,
}

/// What names a snapshot in a path.
#[derive(Debug, Deserialize)]
pub struct Named {
    id: String,
}

/// The card, as it was printed when the server was ready.
#[utoipa::path(get, path = "/harness/v1", tag = "server", responses((status = 200, body = Object)))]
pub async fn card(State(control): State<Control>) -> Result<Response, OAuthError> {
    Ok(Json(control.card().await.map_err(OAuthError::server_error)?).into_response())
}

/// This description.
pub async fn openapi(State(control): State<Control>) -> Result<Json<Value>, OAuthError> {
    let card = control.card().await.map_err(OAuthError::server_error)?;
    Ok(Json(super::openapi::document(&card.control_url)))
}

/// Makes everything as it was when the server was ready. Snapshots stay.
#[utoipa::path(post, path = "/harness/v1/reset", tag = "server", responses((status = 204)))]
pub async fn reset(State(control): State<Control>, _: Option<Sent<Nothing>>) -> Result<Response, OAuthError> {
    control.reset().await.map_err(OAuthError::server_error)?;
    Ok(done())
}

/// The snapshots.
#[utoipa::path(get, path = "/harness/v1/snapshots", tag = "server", responses((status = 200, body = Snapshots)))]
pub async fn list_snapshots(State(control): State<Control>) -> Json<Snapshots> {
    Json(Snapshots { items: control.list_snapshots() })
}

/// Keeps database and clock as they are now.
#[utoipa::path(post, path = "/harness/v1/snapshots", tag = "server", responses((status = 201, body = Snapshot)))]
pub async fn take_snapshot(State(control): State<Control>, _: Option<Sent<Nothing>>) -> Result<Response, OAuthError> {
    let taken = control.snapshot().await.map_err(OAuthError::server_error)?;
    Ok((StatusCode::CREATED, Json(taken)).into_response())
}

/// Makes database and clock as they were; faults, rules, queues, records and mails are forgotten.
#[utoipa::path(post, path = "/harness/v1/snapshots/{id}/restore", tag = "server", responses((status = 204), (status = 404)))]
pub async fn restore_snapshot(
    State(control): State<Control>,
    Segments(named): Segments<Named>,
    _: Option<Sent<Nothing>>,
) -> Result<Response, OAuthError> {
    let known = control.restore(&named.id).await.map_err(OAuthError::server_error)?;
    if known { Ok(done()) } else { Err(no_snapshot()) }
}

/// Forgets a snapshot.
#[utoipa::path(delete, path = "/harness/v1/snapshots/{id}", tag = "server", responses((status = 204), (status = 404)))]
pub async fn delete_snapshot(
    State(control): State<Control>,
    Segments(named): Segments<Named>,
) -> Result<Response, OAuthError> {
    if control.delete_snapshot(&named.id) { Ok(done()) } else { Err(no_snapshot()) }
}

fn no_snapshot() -> OAuthError {
    OAuthError::not_found("there is no such snapshot")
}

/// The server's time.
#[utoipa::path(get, path = "/harness/v1/clock", tag = "server", responses((status = 200, body = ClockState)))]
pub async fn read_clock(State(control): State<Control>) -> Json<ClockState> {
    let (frozen, offset) = match control.hand.setting() {
        Setting::Running(ahead) => (false, ahead.div_euclid(1000)),
        Setting::Standing(_) => (true, 0),
    };
    Json(ClockState { now: control.app().clock.now().seconds(), frozen, offset })
}

/// Moves, stops or starts the clock.
#[utoipa::path(post, path = "/harness/v1/clock", tag = "server", request_body = ClockMove, responses((status = 200, body = ClockState)))]
pub async fn move_clock(state: State<Control>, Sent(wanted): Sent<ClockMove>) -> Result<Json<ClockState>, OAuthError> {
    let far = |seconds: i64| seconds.saturating_abs() > FARTHEST;
    let named = [("set", wanted.set), ("advance", wanted.advance)];
    if let Some((member, _)) = named.into_iter().find(|(_, seconds)| seconds.is_some_and(far)) {
        return Err(OAuthError::invalid_request(format!(
            "{member}: must be -{FARTHEST} to {FARTHEST} seconds, which is a thousand years"
        )));
    }
    let hand = &state.0.hand;
    if let Some(time) = wanted.set {
        hand.move_to(UnixTime(time));
    }
    if let Some(seconds) = wanted.advance {
        hand.advance(seconds);
    }
    match wanted.frozen {
        Some(true) => hand.freeze(),
        Some(false) => hand.resume(),
        None => {}
    }
    Ok(read_clock(state).await)
}

/// Does what the server does in the background every half minute: keys are rotated, what has expired is removed.
#[utoipa::path(post, path = "/harness/v1/housekeeping", tag = "server", responses((status = 204)))]
pub async fn housekeeping(State(control): State<Control>, _: Option<Sent<Nothing>>) -> Result<Response, OAuthError> {
    let app = control.app();
    app.flush().await?;
    tidy(&app).await.map_err(OAuthError::server_error)?;
    Ok(done())
}

/// Brings about what a provisioning file says, or nothing of it.
#[utoipa::path(post, path = "/harness/v1/provision", tag = "server", request_body(content = String, content_type = "application/toml"), responses((status = 200, body = Applied), (status = 422, description = "Something in the file cannot be: nothing of it was done.")))]
pub async fn provision(State(control): State<Control>, request: Request) -> Result<Json<Applied>, OAuthError> {
    let is_toml = has_media_type(request.headers(), "application/toml");
    let text = read_body(request.into_body()).await?;
    if text.is_empty() {
        return Err(OAuthError::invalid_request("the body is empty; it must be a provisioning file (TOML)"));
    }
    if !is_toml {
        return Err(OAuthError::unsupported_media_type(
            "a provisioning file is TOML: send it as Content-Type: application/toml",
        ));
    }
    let text = std::str::from_utf8(&text).map_err(|_| OAuthError::invalid_request("the file must be UTF-8"))?;
    let wrong = |error: anyhow::Error| OAuthError::invalid_request(format!("{error:#}"));
    let file = ProvisioningFile::parse(text).map_err(wrong)?;
    let failed = |error: anyhow::Error| {
        if is_server_failure(&error) {
            OAuthError::server_error(error)
        } else {
            OAuthError::new("invalid_request", 422, format!("{error:#}"))
        }
    };
    let applied = control.provision(&file).await.map_err(failed)?;
    Ok(Json(Applied { applied }))
}

/// Under which URLs the server is reached.
#[utoipa::path(get, path = "/harness/v1/base-urls", tag = "server", responses((status = 200, body = BaseUrls)))]
pub async fn base_urls(State(control): State<Control>) -> Json<BaseUrls> {
    let app = control.app();
    let further = app.settings.extra_base_urls.iter().map(|url| url.as_str().to_owned()).collect();
    Json(BaseUrls { public_url: app.public_url.as_str().to_owned(), further })
}

/// Lets the server be reached under other URLs: every issuer begins with the new one.
#[utoipa::path(put, path = "/harness/v1/base-urls", tag = "server", request_body = BaseUrls, responses((status = 200, body = BaseUrls)))]
pub async fn set_base_urls(state: State<Control>, Sent(wanted): Sent<BaseUrls>) -> Result<Json<BaseUrls>, OAuthError> {
    let read = |member: &str, text: &str| -> Result<BaseUrl, OAuthError> {
        text.parse().map_err(|problem: String| OAuthError::invalid_request(format!("{member}: {problem}")))
    };
    let public_url = read("public_url", &wanted.public_url)?;
    let further: Result<Vec<BaseUrl>, OAuthError> = wanted.further.iter().map(|url| read("further", url)).collect();
    state.0.set_base_urls(public_url, further?).await.map_err(OAuthError::server_error)?;
    Ok(base_urls(state).await)
}
