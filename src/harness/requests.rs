//! What was asked of the server and what it answered, for tests that wait for a request.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use super::record::RecordedRequest;
use super::seen::{Seen, check_endpoint};
use crate::model::oauth_error::OAuthError;
use crate::model::time::UnixTime;

/// How many are kept.
const MOST_KEPT: usize = 1_000;

/// How much all of them may take, about, in bytes.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The longest wait, in seconds.
pub(super) const LONGEST_WAIT: f64 = 60.0;

/// Which requests are meant, and for how long to wait for them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RequestFilter {
    /// In this domain.
    pub domain: Option<String>,
    /// At this endpoint, such as `token`.
    pub endpoint: Option<String>,
    /// With this method.
    pub method: Option<String>,
    /// With this path.
    pub path: Option<String>,
    /// By this client.
    pub client_id: Option<String>,
    /// After the request with this id.
    pub after: Option<u64>,
    /// How many are waited for, not more than `limit`; 1 where absent.
    pub count: Option<usize>,
    /// For how many seconds at the most; not at all where absent.
    #[param(minimum = 0, maximum = 60)]
    pub wait: Option<f64>,
    /// How many are told at the most, the first ones; 1,000 where absent.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<usize>,
}

/// What was found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordedRequests {
    /// The requests, oldest first.
    pub items: Vec<RecordedRequest>,
    /// Whether as many fit as were waited for.
    pub complete: bool,
    /// The `id` of the newest request, whether it fits or not; 0: none came yet.
    pub last: u64,
}

impl RequestFilter {
    fn check(&self) -> Result<(), OAuthError> {
        let limit = self.most();
        if !(1..=MOST_KEPT).contains(&limit) {
            return Err(OAuthError::invalid_request(format!("limit: must be 1 to {MOST_KEPT}")));
        }
        if self.count.is_some_and(|count| !(1..=limit).contains(&count)) {
            return Err(OAuthError::invalid_request(format!("count: must be 1 to the limit, which is {limit}")));
        }
        check_endpoint(self.endpoint.as_deref())?;
        check_wait(self.wait)
    }

    fn most(&self) -> usize {
        self.limit.unwrap_or(MOST_KEPT)
    }

    fn fits(&self, record: &RecordedRequest) -> bool {
        let same = |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|w| found == Some(w));
        same(&self.domain, record.domain.as_deref())
            && same(&self.endpoint, record.endpoint.as_deref())
            && self.method.as_deref().is_none_or(|method| record.method.eq_ignore_ascii_case(method))
            && same(&self.path, Some(&record.path))
            && same(&self.client_id, record.client_id.as_deref())
            && self.after.is_none_or(|after| record.id > after)
    }
}

/// Whether a wait, in seconds, is one that may be asked for.
pub(super) fn check_wait(wait: Option<f64>) -> Result<(), OAuthError> {
    if wait.is_some_and(|wait| !(0.0..=LONGEST_WAIT).contains(&wait)) {
        return Err(OAuthError::invalid_request(format!("wait: must be 0 to {LONGEST_WAIT} seconds")));
    }
    Ok(())
}

/// Looks for something, again after each sign, until it is complete or so many seconds are over.
pub(super) async fn until_complete<T, S>(
    wait: Option<f64>,
    mut signs: watch::Receiver<S>,
    look: impl Fn() -> (T, bool),
) -> (T, bool) {
    let deadline = Instant::now() + Duration::from_secs_f64(wait.unwrap_or(0.0));
    loop {
        signs.mark_unchanged();
        let (found, complete) = look();
        if complete || Instant::now() >= deadline {
            return (found, complete);
        }
        // At the deadline it is looked once more.
        let _ = tokio::time::timeout_at(deadline, signs.changed()).await;
    }
}

/// The latest requests.
#[derive(Debug)]
pub(super) struct Requests {
    kept: Mutex<Kept>,
    sign: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The id of the newest one, also once it is forgotten.
    last: u64,
    records: VecDeque<RecordedRequest>,
    /// What all of them take, in bytes.
    weight: usize,
}

impl Kept {
    fn add(&mut self, record: RecordedRequest) {
        self.last += 1;
        self.weight += record.weight();
        self.records.push_back(RecordedRequest { id: self.last, ..record });
        while self.records.len() > MOST_KEPT || self.weight > MOST_BYTES {
            let Some(oldest) = self.records.pop_front() else { break };
            self.weight -= oldest.weight();
        }
    }
}

impl Default for Requests {
    fn default() -> Self {
        Self { kept: Mutex::default(), sign: watch::Sender::new(()) }
    }
}

impl Requests {
    /// Keeps a request with its answer; `status` 0 where there was none.
    pub(super) fn note(&self, at: UnixTime, seen: &Seen, answer: (u16, &Bytes)) {
        let record = RecordedRequest::new(at, seen, answer);
        self.kept().add(record);
        self.sign.send_replace(());
    }

    /// The requests that fit, once there are as many as are waited for or the time is over.
    pub(super) async fn find(&self, filter: &RequestFilter) -> Result<RecordedRequests, OAuthError> {
        filter.check()?;
        let count = filter.count.unwrap_or(1);
        let look = || {
            let kept = self.kept();
            let fitting = kept.records.iter().filter(|record| filter.fits(record));
            let found: Vec<RecordedRequest> = fitting.take(filter.most()).cloned().collect();
            let complete = found.len() >= count;
            ((found, kept.last), complete)
        };
        let ((items, last), complete) = until_complete(filter.wait, self.sign.subscribe(), look).await;
        Ok(RecordedRequests { items, complete, last })
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        let mut kept = self.kept();
        kept.records.clear();
        kept.weight = 0;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[tokio::test]
    async fn many_large_requests_take_no_more_than_their_share() {
        let body: String = (0..60_000).fold(String::new(), |body, at| body + &format!("n{at}&"));
        let request =
            http::Request::post("/main/oauth/token").header("content-type", "application/x-www-form-urlencoded");
        let (parts, body) = request.body(Body::from(body)).unwrap().into_parts();
        let (seen, _) = Seen::look(&parts, body).await;
        let requests = Requests::default();
        for _ in 0..MOST_KEPT {
            requests.note(UnixTime(0), &seen, (200, &Bytes::new()));
        }
        let kept = requests.kept();
        let weight: usize = kept.records.iter().map(RecordedRequest::weight).sum();
        assert!(weight == kept.weight && weight <= MOST_BYTES && kept.records.len() > 100, "{weight}");
        assert_eq!((kept.last, kept.records.back().unwrap().id), (1_000, 1_000));
    }
}
