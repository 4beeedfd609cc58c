//! Operation: whether the process lives, whether it may be sent requests, what it counts.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::app::App;

/// A database that takes longer than this to say that it is there counts as away.
const PING_PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz`: the process answers.
pub async fn healthz() -> Response {
    uncached(Json(json!({ "status": "ok" })).into_response())
}

/// `GET /readyz`: the database answers, the change feed is followed, and no stop has begun.
pub async fn readyz(State(app): State<App>) -> Response {
    let answered = tokio::time::timeout(PING_PATIENCE, app.store.ping()).await;
    let database = answered.is_ok_and(|pinged| pinged.is_ok());
    let ready = database && app.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let stopping = app.stopping.load(std::sync::atomic::Ordering::Relaxed);
    let body = json!({
        "ready": ready,
        "database": database,
        "change_feed": app.feed.is_fresh(),
        "stopping": stopping,
    });
    uncached((status, Json(body)).into_response())
}

/// `GET /metrics`: what is counted, as text.
pub async fn metrics(State(app): State<App>) -> Response {
    let (hits, misses) = app.store.cache().hits_and_misses();
    let cache = app.metrics.cache("clients");
    cache.hits.inc_by(hits.saturating_sub(cache.hits.get()));
    cache.misses.inc_by(misses.saturating_sub(cache.misses.get()));
    let statements = &app.metrics.database_statements;
    statements.inc_by(app.store.statements().saturating_sub(statements.get()));
    app.metrics.password_hashes("clients", app.registry.argon2.depth());
    let text = app.metrics.encode();
    uncached(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}

fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
