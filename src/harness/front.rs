//! What happens around each request to the server: faults, approvals in place of pages, changed tokens, records.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::CONTENT_TYPE;
use tower::ServiceExt as _;

use super::control::Control;
use super::notice;
use super::seen::Seen;
use crate::server::Cut;

/// Serves a request by the present server.
pub(super) async fn serve(State(control): State<Control>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (seen, body) = Seen::look(&parts, body).await;
    let at = control.app().clock.now();
    let request = Request::from_parts(parts, body);
    let answer = match control.faults.meet(&seen) {
        None => answer(&control, &seen, request).await,
        Some(fault) => {
            fault.wait().await;
            let answer = match fault.lets_through() {
                true => answer(&control, &seen, request).await,
                false => Response::new(Body::empty()),
            };
            fault.apply(answer).await
        }
    };
    let (answer, body) = told(notice::on_pages(answer).await).await;
    let cut = answer.extensions().get::<Cut>().is_some();
    control.requests.note(at, &seen, (if cut { 0 } else { answer.status().as_u16() }, &body));
    answer
}

async fn answer(control: &Control, seen: &Seen, request: Request) -> Response {
    let instance = control.present();
    if let Some(approved) = control.approvals.answer(control, seen).await {
        return approved;
    }
    let Ok(answer) = Arc::clone(&instance).router.clone().oneshot(request).await;
    control.token_changes.apply(control, seen, answer).await
}

/// The answer, with its body for the record. What streams is not held up.
async fn told(answer: Response) -> (Response, Bytes) {
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.contains("ndjson") || kind.contains("jsonl") {
        return (answer, Bytes::new());
    }
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    (Response::from_parts(parts, Body::from(body.clone())), body)
}
