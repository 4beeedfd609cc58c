//! Faults on purpose: what a client's tests want to see it survive.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::seen::{Seen, check_endpoint};
use crate::model::oauth_error::OAuthError;
use crate::model::random;
use crate::server::Cut;

/// The longest delay, in seconds.
const LONGEST_DELAY: f64 = 600.0;

/// What shall go wrong, where, and how often.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// In this domain only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// At this endpoint only, such as `token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// For this method only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// For this path only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only where each of these parameters, of the query or the form, has this value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<String, String>,
    /// Answer with this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 200, maximum = 599)]
    pub status: Option<u16>,
    /// Headers of that answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Body of that answer: a text as it is, anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Cut the connection instead of answering.
    #[serde(default, skip_serializing_if = "is_false")]
    pub drop: bool,
    /// Cut the answer's body in half.
    #[serde(default, skip_serializing_if = "is_false")]
    pub malform: bool,
    /// Wait so many seconds first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 600)]
    pub delay: Option<f64>,
    /// Carry the request out, and replace its answer only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub after: bool,
    /// Let so many requests pass first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skip: u64,
    /// How often; 1 where absent, null until it is deleted. In answers: how often still.
    #[serde(default = "once")]
    pub times: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde wants")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde wants")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[expect(clippy::unnecessary_wraps, reason = "the signature serde wants")]
fn once() -> Option<u64> {
    Some(1)
}

/// A fault that waits for its requests.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WaitingFault {
    /// Names it.
    pub id: String,
    /// What shall go wrong.
    #[serde(flatten)]
    pub fault: Fault,
}

impl Fault {
    fn check(&self) -> Result<(), OAuthError> {
        let refused = |told: String| Err(OAuthError::invalid_request(told));
        check_endpoint(self.endpoint.as_deref())?;
        let ways = [self.status.is_some(), self.drop, self.malform];
        match ways.iter().filter(|way| **way).count() {
            0 if self.delay.is_none() => return refused("one of status, drop, malform and delay is needed".to_owned()),
            0 | 1 => {}
            _ => return refused("status, drop and malform exclude one another".to_owned()),
        }
        if self.status.is_none() && (self.body.is_some() || !self.headers.is_empty()) {
            return refused("body and headers belong to an answer with status".to_owned());
        }
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return refused("status: must be 200 to 599".to_owned());
        }
        if self.delay.is_some_and(|delay| !(0.0..=LONGEST_DELAY).contains(&delay)) {
            return refused(format!("delay: must be 0 to {LONGEST_DELAY} seconds"));
        }
        for (name, value) in &self.headers {
            if HeaderName::try_from(name).is_err() || HeaderValue::try_from(value).is_err() {
                return refused(format!("headers: {name} is no header that can be sent"));
            }
        }
        Ok(())
    }

    fn fits(&self, seen: &Seen) -> bool {
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found.is_some_and(|found| found.eq_ignore_ascii_case(wanted)))
        };
        same(&self.domain, seen.domain.as_deref())
            && same(&self.endpoint, seen.endpoint)
            && same(&self.method, Some(seen.method.as_str()))
            && self.path.as_deref().is_none_or(|path| path == seen.path)
            && seen.has_all(&self.when)
    }

    /// Waits as long as it says.
    pub(super) async fn wait(&self) {
        if let Some(delay) = self.delay {
            tokio::time::sleep(Duration::from_secs_f64(delay)).await;
        }
    }

    /// Whether the request is carried out.
    pub(super) fn lets_through(&self) -> bool {
        self.after || self.malform || (self.status.is_none() && !self.drop)
    }

    /// What is answered in place of an answer.
    pub(super) async fn apply(&self, answer: Response) -> Response {
        if let Some(status) = self.status {
            return self.answer(status);
        }
        if self.drop {
            let mut cut = Response::new(Body::empty());
            cut.extensions_mut().insert(Cut);
            return cut;
        }
        if !self.malform {
            return answer;
        }
        let (mut parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        parts.headers.remove(CONTENT_LENGTH);
        Response::from_parts(parts, Body::from(body.slice(..body.len() / 2)))
    }

    fn answer(&self, status: u16) -> Response {
        let (kind, body) = match &self.body {
            None => (None, String::new()),
            Some(Value::String(text)) => (Some("text/plain; charset=utf-8"), text.clone()),
            Some(json) => (Some("application/json"), json.to_string()),
        };
        let mut answer = Response::new(Body::from(body));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(kind) = kind {
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                answer.headers_mut().insert(name, value);
            }
        }
        answer
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

    /// The first that this request meets; it has one time less then.
    pub(super) fn meet(&self, seen: &Seen) -> Option<Fault> {
        let mut waiting = self.waiting();
        let at = waiting.iter_mut().position(|known| {
            let fits = known.fault.fits(seen);
            let passes = fits && known.fault.skip > 0;
            if passes {
                known.fault.skip -= 1;
            }
            fits && !passes
        })?;
        let met = waiting[at].fault.clone();
        if let Some(times) = &mut waiting[at].fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                waiting.remove(at);
            }
        }
        Some(met)
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<WaitingFault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(value: Value) -> Fault {
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
        assert_eq!(faults.meet(&token).unwrap().status, Some(503));
        assert_eq!(faults.list()[0].fault.times, Some(1));
        assert!(faults.meet(&token).is_some());
        assert!(faults.meet(&token).is_none());
        for _ in 0..3 {
            assert!(faults.meet(&request("/main/oauth/token?x=1").await).unwrap().drop);
        }
        let id = faults.list()[0].id.clone();
        assert!(faults.remove(&id) && !faults.remove(&id));
    }

    #[test]
    fn a_fault_must_say_one_thing() {
        for wrong in [
            json!({}),
            json!({ "status": 500, "drop": true }),
            json!({ "drop": true, "body": "x" }),
            json!({ "status": 99 }),
            json!({ "delay": -1 }),
            json!({ "endpoint": "nowhere", "drop": true }),
            json!({ "status": 500, "headers": { "a b": "c" } }),
        ] {
            assert!(fault(wrong.clone()).check().is_err(), "{wrong}");
        }
        assert!(fault(json!({ "delay": 0.5 })).check().is_ok());
        assert!(serde_json::from_value::<Fault>(json!({ "drop": true, "oops": 1 })).is_err());
    }
}
