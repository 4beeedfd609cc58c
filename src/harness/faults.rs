//! The faults that wait for their requests: what a client's tests want to see it survive.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::header::CONTENT_LENGTH;
use serde::Serialize;
use utoipa::ToSchema;

use super::fault::Fault;
use super::seen::Seen;
use crate::model::oauth_error::OAuthError;
use crate::model::random;
use crate::server::Cut;

/// A fault that waits for its requests.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WaitingFault {
    /// Names it.
    pub id: String,
    /// What shall go wrong.
    #[serde(flatten)]
    pub fault: Fault,
}

/// A fault that a request has met.
#[derive(Debug)]
pub(super) struct Met<'a> {
    faults: &'a Faults,
    met: WaitingFault,
}

impl Met<'_> {
    /// Waits as long as it says.
    pub(super) async fn wait(&self) {
        if let Some(delay) = self.met.fault.delay {
            tokio::time::sleep(Duration::from_secs_f64(delay)).await;
        }
    }

    /// Whether the request is carried out.
    pub(super) fn lets_through(&self) -> bool {
        let fault = &self.met.fault;
        fault.after || fault.malform || (fault.status.is_none() && !fault.drop)
    }

    /// What is answered in place of an answer.
    pub(super) async fn apply(&self, answer: Response) -> Response {
        let fault = &self.met.fault;
        if let Some(status) = fault.status {
            return fault.answer(status);
        }
        if fault.drop {
            let mut cut = Response::new(Body::empty());
            cut.extensions_mut().insert(Cut);
            return cut;
        }
        if !fault.malform {
            return answer;
        }
        let (mut parts, body) = answer.into_parts();
        let mut body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        if !body.is_empty() && self.faults.use_up(&self.met.id) {
            parts.headers.remove(CONTENT_LENGTH);
            body.truncate(body.len() / 2);
        }
        Response::from_parts(parts, Body::from(body))
    }
}

/// The faults that wait for their requests, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Vec<WaitingFault>>);

impl Faults {
    /// Lets something go wrong from now on.
    pub(super) fn inject(&self, fault: Fault) -> Result<WaitingFault, OAuthError> {
        fault.check()?;
        let waiting = WaitingFault { id: random::identifier(), fault };
        self.waiting().push(waiting.clone());
        Ok(waiting)
    }

    /// Those that have times left.
    pub(super) fn list(&self) -> Vec<WaitingFault> {
        self.waiting().clone()
    }

    /// Forgets one. `false`: there is none, or it is used up.
    pub(super) fn remove(&self, id: &str) -> bool {
        let mut waiting = self.waiting();
        let before = waiting.len();
        waiting.retain(|known| known.id != id);
        waiting.len() < before
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        self.waiting().clear();
    }

    /// Forgets those of a domain.
    pub(super) fn clear_domain(&self, domain: &str) {
        let of_it = |fault: &Fault| fault.domain.as_deref().is_some_and(|named| named.eq_ignore_ascii_case(domain));
        self.waiting().retain(|known| !of_it(&known.fault));
    }

    /// The first that this request meets. It has one time less then, unless it depends on the answer.
    pub(super) fn meet(&self, seen: &Seen) -> Option<Met<'_>> {
        let mut waiting = self.waiting();
        let at = waiting.iter_mut().position(|known| {
            let fits = known.fault.fits(seen);
            let passes = fits && known.fault.skip > 0;
            if passes {
                known.fault.skip -= 1;
            }
            fits && !passes
        })?;
        let met = waiting[at].clone();
        if !met.fault.malform {
            use_once(&mut waiting, at);
        }
        Some(Met { faults: self, met })
    }

    /// Takes one time from a fault. `false`: others have used it up meanwhile.
    fn use_up(&self, id: &str) -> bool {
        let mut waiting = self.waiting();
        let Some(at) = waiting.iter().position(|known| known.id == id) else { return false };
        use_once(&mut waiting, at);
        true
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<WaitingFault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn use_once(waiting: &mut Vec<WaitingFault>, at: usize) {
    if let Some(times) = &mut waiting[at].fault.times {
        *times = times.saturating_sub(1);
        if *times == 0 {
            waiting.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(value: serde_json::Value) -> Fault {
        serde_json::from_value(value).unwrap()
    }

    async fn request(path: &str) -> Seen {
        let (parts, body) = http::Request::post(path).body(Body::empty()).unwrap().into_parts();
        Seen::look(&parts, body).await.0
    }

    #[tokio::test]
    async fn a_fault_meets_the_requests_it_names_so_often() {
        let faults = Faults::default();
        faults
            .inject(fault(json!({ "endpoint": "token", "domain": "t1", "status": 503, "skip": 1, "times": 2 })))
            .unwrap();
        faults.inject(fault(json!({ "when": { "x": "1" }, "drop": true, "times": null }))).unwrap();
        let token = request("/t1/oauth/token").await;
        assert!(faults.meet(&request("/main/oauth/token").await).is_none());
        assert!(faults.meet(&token).is_none());
        assert_eq!(faults.meet(&token).unwrap().met.fault.status, Some(503));
        assert_eq!(faults.list()[0].fault.times, Some(1));
        assert!(faults.meet(&token).is_some());
        assert!(faults.meet(&token).is_none());
        for _ in 0..3 {
            assert!(faults.meet(&request("/main/oauth/token?x=1").await).unwrap().met.fault.drop);
        }
        let id = faults.list()[0].id.clone();
        assert!(faults.remove(&id) && !faults.remove(&id));
    }

    #[tokio::test]
    async fn only_an_answer_with_a_body_is_cut_in_half() {
        let faults = Faults::default();
        faults.inject(fault(json!({ "malform": true }))).unwrap();
        let cut = async |body: &'static str| {
            let seen = request("/main/oauth/token").await;
            let met = faults.meet(&seen)?;
            to_bytes(met.apply(Response::new(Body::from(body))).await.into_body(), 100).await.ok()
        };
        assert_eq!(cut("").await.unwrap(), "");
        assert_eq!(cut("{\"a\":1}").await.unwrap(), "{\"a");
        assert_eq!(cut("{}").await, None);
    }
}
