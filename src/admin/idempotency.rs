//! Idempotency keys: a POST that is sent again, because its answer was lost, is answered as the first was
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! # Design
//! The request is noted before it runs, under whoever sends it, and its answer is kept sealed for a day: it may hold a
//! secret that is shown once. A request whose answer was not kept (the server was stopped or failed meanwhile) is never
//! run again: nobody can say whether it was done. Only one that was turned away before it began is forgotten: it came too
//! often or at a bad time, or was not meant for the present version.

use aws_lc_rs::digest::{self, SHA256};
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_TYPE, ETAG, IF_MATCH, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::managing::{Managing, ManagingDomain};
use crate::app::App;
use crate::keys::data_keys::HashPurpose;
use crate::model::oauth_error::OAuthError;
use crate::oauth::error::{Cause, ErrorCode};
use crate::oauth::request::read_body;
use crate::store::idempotent_requests::{Known, RequestKey};

/// The header that carries the key.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer is a repeated one.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How long an answer is kept, in seconds.
const KEPT: i64 = 86_400;

/// The longest key.
const LONGEST_KEY: usize = 255;

/// The longest answer that is kept, in bytes; a longer one is told once.
const LONGEST_ANSWER: usize = 256 * 1_024;

/// An answer as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    headers: Vec<(String, String)>,
    body: String,
    error: bool,
}

/// Runs a POST with a key once.
pub async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let posts = *request.method() == Method::POST;
    match key_of(request.headers()) {
        Ok(Some(key)) if posts => run_once(&app, &key, request, next).await.unwrap_or_else(OAuthError::into_response),
        Ok(_) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, OAuthError> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let readable = key
        .to_str()
        .ok()
        .filter(|key| (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| matches!(byte, b' '..=b'~')));
    match (readable, keys.next()) {
        (Some(key), None) => Ok(Some(key.to_owned())),
        _ => Err(OAuthError::invalid_request("Idempotency-Key: send one of 1 to 255 printable ASCII characters")),
    }
}

async fn run_once(app: &App, key: &str, request: Request, next: Next) -> Result<Response, OAuthError> {
    let managing = request.extensions().get::<Managing>();
    let owner = managing.map(|managing| managing.authority.actor_name()).ok_or_else(|| {
        OAuthError::server_error(anyhow::anyhow!("a route of administration is served without its guard"))
    })?;
    let key_hash = app.keys.hash(HashPurpose::IdempotencyKey, key);
    let key = RequestKey { owner, key_hash };
    let (parts, body) = request.into_parts();
    let body = read_body(body).await?;
    // Of the domain, because another one may have its name by then.
    let domain = parts.extensions.get::<ManagingDomain>().map(|at| at.domain.id().to_string());
    let mut what = digest::Context::new(&SHA256);
    for part in [parts.uri.to_string().as_bytes(), b"\n", domain.unwrap_or_default().as_bytes(), b"\n"] {
        what.update(part);
    }
    for tags in parts.headers.get_all(IF_MATCH) {
        what.update(tags.as_bytes());
        what.update(b"\n");
    }
    what.update(b"\n");
    what.update(&body);
    let until = app.clock.now().plus(KEPT);
    match app.store.begin_idempotent(&key, what.finish().as_ref(), until).await? {
        Known::Answered(status, answer) => return replay(app, &key, status, &answer),
        Known::Unanswered => {
            return Err(OAuthError::conflict(
                "Idempotency-Key: what became of the first request with this key is not known yet; it may still run. Look whether it was done before sending it under a new key",
            ));
        }
        Known::Other => {
            return Err(OAuthError::new(
                "idempotency_key_reused",
                422,
                "Idempotency-Key: this key came with another request; use a new key for each",
            ));
        }
        Known::First => {}
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    keep(app, &key, response).await
}

async fn keep(app: &App, key: &RequestKey, response: Response) -> Result<Response, OAuthError> {
    if was_not_begun(&response) {
        app.store.forget_idempotent(key).await?;
        return Ok(response);
    }
    if response.status().is_server_error() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(OAuthError::server_error)?;
    if body.len() > LONGEST_ANSWER {
        return Ok(Response::from_parts(parts, Body::from(body)));
    }
    let told = [CONTENT_TYPE, LOCATION, ETAG].into_iter().filter_map(|name| {
        let value = parts.headers.get(&name)?.to_str().ok()?;
        Some((name.to_string(), value.to_owned()))
    });
    let error = parts.extensions.get::<ErrorCode>().is_some();
    let kept = Kept { headers: told.collect(), body: STANDARD.encode(&body), error };
    let kept = serde_json::to_vec(&kept).map_err(OAuthError::server_error)?;
    let sealed = app.keys.seal(&binding(key), &kept);
    let status = i64::from(parts.status.as_u16());
    // It is done: whoever asked is told so, whether or not it can be told again.
    if let Err(error) = app.store.answer_idempotent(key, status, &sealed).await {
        tracing::warn!(%error, "the answer to a request with an idempotency key could not be kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// Whether an answer says that the request was turned away before anything was done.
pub(super) fn was_not_begun(response: &Response) -> bool {
    // A failure with a cause may have come after the change: the connection may be lost while it is committed.
    let failed = response.extensions().get::<Cause>().is_some();
    let turned_away = matches!(
        response.status(),
        StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::PRECONDITION_FAILED
            | StatusCode::PRECONDITION_REQUIRED
    );
    !failed && turned_away
}

fn replay(app: &App, key: &RequestKey, status: i64, sealed: &[u8]) -> Result<Response, OAuthError> {
    let opened = app.keys.open(&binding(key), sealed).map_err(OAuthError::server_error)?;
    let kept: Kept = serde_json::from_slice(&opened).map_err(OAuthError::server_error)?;
    let body = STANDARD.decode(kept.body).map_err(OAuthError::server_error)?;
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body).into_response();
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    if kept.error {
        response.extensions_mut().insert(ErrorCode("replayed"));
    }
    Ok(response)
}

fn binding(key: &RequestKey) -> String {
    format!("idempotent_request {} {}", key.owner, STANDARD.encode(&key.key_hash))
}
