//! What was asked of the server and what it answered, for tests that wait for a request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use super::seen::{Seen, check_endpoint};
use crate::model::oauth_error::OAuthError;
use crate::model::time::UnixTime;

/// How many are kept.
const MOST_KEPT: usize = 1_000;

/// How much of a body is kept, in bytes.
const MOST_BODY: usize = 64 * 1024;

/// The longest wait, in seconds.
pub(super) const LONGEST_WAIT: f64 = 60.0;

/// A request and its answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordedRequest {
    /// Counts the requests, from 1.
    pub id: u64,
    /// When it came, by the server's clock.
    pub at: i64,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The domain, if the path names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The endpoint, such as `token`, if it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The client, by the parameter or by how it authenticated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The parameters of the URL.
    pub query: BTreeMap<String, String>,
    /// The parameters of the URL and of a form.
    pub parameters: BTreeMap<String, String>,
    /// The headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as text.
    pub body: String,
    /// The status of the answer; 0: there was none, because the connection was cut or the client gave up.
    pub status: u16,
    /// The `error` member of the answer, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The body of the answer as text.
    pub response: String,
}

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
    /// How many are waited for; 1 where absent.
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
}

impl RequestFilter {
    fn check(&self) -> Result<(), OAuthError> {
        if self.limit.is_some_and(|limit| !(1..=MOST_KEPT).contains(&limit)) {
            return Err(OAuthError::invalid_request(format!("limit: must be 1 to {MOST_KEPT}")));
        }
        check_endpoint(self.endpoint.as_deref())?;
        check_wait(self.wait)
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
    kept: Mutex<(u64, VecDeque<RecordedRequest>)>,
    sign: watch::Sender<()>,
}

impl Default for Requests {
    fn default() -> Self {
        Self { kept: Mutex::default(), sign: watch::Sender::new(()) }
    }
}

impl Requests {
    /// Keeps a request with its answer; `status` 0 where there was none.
    pub(super) fn note(&self, at: UnixTime, seen: &Seen, (status, answer): (u16, &Bytes)) {
        let record = RecordedRequest {
            id: 0,
            at: at.seconds(),
            method: seen.method.to_string(),
            path: seen.path.clone(),
            domain: seen.domain.clone(),
            endpoint: seen.endpoint.map(str::to_owned),
            client_id: seen.parameter("client_id"),
            query: super::seen::pairs(seen.query.as_deref().unwrap_or_default().as_bytes()).into_iter().collect(),
            parameters: seen.parameters.iter().cloned().collect(),
            headers: readable(&seen.headers),
            body: text(&seen.body),
            status,
            error: serde_json::from_slice::<Told>(answer).ok().map(|told| told.error),
            response: text(answer),
        };
        let (last, kept) = &mut *self.kept();
        *last += 1;
        if kept.len() == MOST_KEPT {
            kept.pop_front();
        }
        kept.push_back(RecordedRequest { id: *last, ..record });
        self.sign.send_replace(());
    }

    /// The requests that fit, once there are as many as are waited for or the time is over.
    pub(super) async fn find(&self, filter: &RequestFilter) -> Result<RecordedRequests, OAuthError> {
        filter.check()?;
        let count = filter.count.unwrap_or(1);
        let look = || {
            let kept = self.kept();
            let fitting = kept.1.iter().filter(|record| filter.fits(record));
            let found: Vec<RecordedRequest> = fitting.take(filter.limit.unwrap_or(MOST_KEPT)).cloned().collect();
            let complete = found.len() >= count.min(filter.limit.unwrap_or(MOST_KEPT));
            (found, complete)
        };
        let (items, complete) = until_complete(filter.wait, self.sign.subscribe(), look).await;
        Ok(RecordedRequests { items, complete })
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        self.kept().1.clear();
    }

    fn kept(&self) -> MutexGuard<'_, (u64, VecDeque<RecordedRequest>)> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
struct Told {
    error: String,
}

fn readable(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let known = told.entry(name.as_str().to_owned()).or_default();
        *known = if known.is_empty() { value.into_owned() } else { format!("{known}, {value}") };
    }
    told
}

fn text(body: &Bytes) -> String {
    String::from_utf8_lossy(&body[..body.len().min(MOST_BODY)]).into_owned()
}
