//! Bodies as the accept loop wraps them: a request's has to arrive in time, a response's tells when it is done.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::connection::Underway;

const TOO_LATE: &str =
    r#"{"error":"invalid_request","error_description":"the request body did not arrive in time; send it again"}"#;

/// How a request's body is read: all of it before a deadline.
pub(super) struct RequestBody {
    deadline: Option<Instant>,
    late: Late,
}

impl RequestBody {
    /// The deadline for this request's body, and where to look whether it was missed.
    pub(super) fn within(patience: Duration, request: &Request<Incoming>) -> (Self, Late) {
        if request.body().is_end_stream() {
            return (Self { deadline: None, late: Late(None) }, Late(None));
        }
        let late = Late(Some(Arc::default()));
        (Self { deadline: Some(Instant::now() + patience), late: late.clone() }, late)
    }

    /// The body for the router.
    pub(super) fn carrying(self, incoming: Incoming) -> Body {
        match self.deadline {
            Some(deadline) => Body::new(TimedBody { incoming, deadline, alarm: None, late: self.late }),
            None => Body::empty(),
        }
    }
}

/// Whether a request's body missed its deadline.
#[derive(Clone)]
pub(super) struct Late(Option<Arc<AtomicBool>>);

impl Late {
    pub(super) fn happened(&self) -> bool {
        self.0.as_ref().is_some_and(|late| late.load(Ordering::Acquire))
    }
}

/// The answer of a handler that could not read its body becomes 408; headers that middleware set stay.
pub(super) fn too_late(mut response: Response<Body>, version: Version) -> Response<Body> {
    if response.status().is_success() {
        return response;
    }
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    *response.body_mut() = Body::from(TOO_LATE);
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if version < Version::HTTP_2 {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

struct TimedBody {
    incoming: Incoming,
    deadline: Instant,
    /// Set up when the body first keeps us waiting, which short bodies do not.
    alarm: Option<Pin<Box<Sleep>>>,
    late: Late,
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let deadline = self.deadline;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        ready!(alarm.as_mut().poll(cx));
        self.alarm = None;
        if let Some(late) = &self.late.0 {
            late.store(true, Ordering::Release);
        }
        Poll::Ready(Some(Err("the request body did not arrive in time".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// A response's body; the request counts as under way until it is dropped.
pub(super) struct ResponseBody {
    body: Body,
    _underway: Underway,
}

impl ResponseBody {
    pub(super) fn new(body: Body, underway: Underway) -> Self {
        Self { body, _underway: underway }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
