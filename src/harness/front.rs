//! What happens around each request to the server: faults, approvals in place of pages, changed tokens, records.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::Method;
use http::header::CONTENT_TYPE;

use super::control::{Begun, Control};
use super::seen::Seen;
use super::{approvals, notice, token_changes};
use crate::model::time::UnixTime;
use crate::server::Cut;

/// Serves a request by the present server. One that a reset overtakes ends on the former, and leaves no trace.
pub(super) async fn serve(State(control): State<Control>, request: Request) -> Response {
    let begun = control.begun();
    let (parts, body) = request.into_parts();
    let (seen, body) = Seen::look(&parts, body).await;
    let at = begun.instance.app.clock.now();
    let mut record = Record { at, control: &control, begun: &begun, seen: &seen, kept: false };
    let request = Request::from_parts(parts, body);
    let answer = match control.faults.meet(&seen) {
        None => answer(&control, &begun, &seen, request).await,
        Some(fault) => {
            fault.wait().await;
            let answer = if fault.lets_through() {
                answer(&control, &begun, &seen, request).await
            } else {
                Response::new(Body::empty())
            };
            fault.apply(answer).await
        }
    };
    let (answer, body) = told(notice::on_pages(answer).await).await;
    let cut = answer.extensions().get::<Cut>().is_some();
    record.keep(if cut { 0 } else { answer.status().as_u16() }, &body);
    answer
}

/// A request that is kept in any case, without an answer if its client gives up.
struct Record<'a> {
    at: UnixTime,
    control: &'a Control,
    begun: &'a Begun,
    seen: &'a Seen,
    kept: bool,
}

impl Record<'_> {
    fn keep(&mut self, status: u16, answer: &Bytes) {
        self.kept = true;
        let Record { control, seen, at, .. } = self;
        control.unless_reset(self.begun, || control.requests.note(*at, seen, (status, answer)));
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.keep(0, &Bytes::new());
        }
    }
}

async fn answer(control: &Control, begun: &Begun, seen: &Seen, request: Request) -> Response {
    let Some(present) = control.still(begun) else { return begun.instance.answer(request).await };
    if let Some(approved) = approvals::answer(control, seen).await {
        return approved;
    }
    let mut answer = present.answer(request).await;
    if control.still(begun).is_none() {
        return answer;
    }
    if matches!(seen.method, Method::DELETE | Method::POST) && answer.status().as_u16() < 400 {
        control.forget_deleted(&seen.path).await;
    }
    if seen.endpoint == Some("authorize") {
        answer = control.asked.follow(seen.parameters.clone(), answer).await;
    }
    token_changes::apply(control, seen, answer).await
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
