//! A request and its answer, as they are kept: each within its bounds.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::seen::{Seen, bounded_pairs};
use crate::model::time::UnixTime;

/// How much of a body is kept, and of all headers together, in bytes.
const MOST_TEXT: usize = 64 * 1024;

/// What an entry of a map takes beside its texts, about, in bytes.
const PER_ENTRY: usize = 128;

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
    pub query: BTreeMap<String, ParameterValue>,
    /// The parameters of the URL and of a form.
    pub parameters: BTreeMap<String, ParameterValue>,
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
    /// Whether something of the request or its answer was too long to be kept whole.
    pub truncated: bool,
}

/// The value of a parameter; all of them, in the order they came, where it was sent several times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ParameterValue {
    /// It was sent once.
    One(String),
    /// It was sent several times.
    Several(Vec<String>),
}

impl ParameterValue {
    fn add(&mut self, value: String) {
        match self {
            Self::One(first) => *self = Self::Several(vec![std::mem::take(first), value]),
            Self::Several(all) => all.push(value),
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::One(value) => value.len(),
            Self::Several(all) => all.iter().map(|value| value.len() + PER_ENTRY).sum(),
        }
    }
}

impl RecordedRequest {
    /// A request with its answer; `status` 0 where there was none.
    pub(super) fn new(at: UnixTime, seen: &Seen, (status, answer): (u16, &Bytes)) -> Self {
        let (headers, headers_cut) = readable(&seen.headers);
        let (query, _) = bounded_pairs(seen.query.as_deref().unwrap_or_default().as_bytes());
        let error = serde_json::from_slice::<Told>(answer).ok().map(|told| text(told.error.as_bytes()));
        Self {
            id: 0,
            at: at.seconds(),
            method: seen.method.to_string(),
            path: seen.path.clone(),
            domain: seen.domain.clone(),
            endpoint: seen.endpoint.map(str::to_owned),
            client_id: seen.parameter("client_id"),
            query: gathered(query),
            parameters: gathered(seen.parameters.clone()),
            headers,
            body: text(&seen.body),
            status,
            error,
            response: text(answer),
            truncated: seen.cut || headers_cut || seen.body.len() > MOST_TEXT || answer.len() > MOST_TEXT,
        }
    }

    /// How much memory it takes, about, in bytes.
    pub(super) fn weight(&self) -> usize {
        let parameters = [&self.query, &self.parameters].into_iter().flatten();
        let parameters: usize = parameters.map(|(name, value)| name.len() + value.weight() + PER_ENTRY).sum();
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + PER_ENTRY).sum();
        let error = self.error.as_deref().map_or(0, str::len);
        size_of::<Self>() + self.path.len() + parameters + headers + self.body.len() + self.response.len() + error
    }
}

#[derive(Deserialize)]
struct Told {
    error: String,
}

fn gathered(pairs: Vec<(String, String)>) -> BTreeMap<String, ParameterValue> {
    let mut all: BTreeMap<String, ParameterValue> = BTreeMap::new();
    for (name, value) in pairs {
        match all.get_mut(&name) {
            Some(known) => known.add(value),
            None => drop(all.insert(name, ParameterValue::One(value))),
        }
    }
    all
}

/// The headers, and whether some of them had to be left out.
fn readable(headers: &HeaderMap) -> (BTreeMap<String, String>, bool) {
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    let mut total = 0;
    for (name, value) in headers {
        total += name.as_str().len() + value.len();
        if total > MOST_TEXT {
            return (told, true);
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        let known = told.entry(name.as_str().to_owned()).or_default();
        *known = if known.is_empty() { value.into_owned() } else { format!("{known}, {value}") };
    }
    (told, false)
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(MOST_TEXT)]).into_owned()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;
    use crate::harness::seen::{MOST_FORM, MOST_PARAMETERS};

    #[tokio::test]
    async fn a_record_is_bounded_and_says_that_something_was_cut() {
        let form: String = (0..150_000).fold(String::new(), |form, at| form + &format!("n{at}&"));
        let request = http::Request::post("/main/oauth/token?a=1&a=2&b=3")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-long", "y".repeat(MOST_TEXT));
        let (parts, body) = request.body(Body::from(form)).unwrap().into_parts();
        let (seen, _) = Seen::look(&parts, body).await;
        let record = RecordedRequest::new(UnixTime(0), &seen, (200, &Bytes::from(vec![b'x'; 2 * MOST_TEXT])));
        assert!(record.truncated && record.parameters.len() <= 2 * MOST_PARAMETERS);
        assert_eq!((record.body.len(), record.response.len()), (MOST_TEXT, MOST_TEXT));
        assert!(record.weight() < 4 * MOST_FORM + 2 * PER_ENTRY * MOST_PARAMETERS, "{}", record.weight());
        let several = ParameterValue::Several(vec!["1".to_owned(), "2".to_owned()]);
        assert_eq!((&record.query["a"], &record.query["b"]), (&several, &ParameterValue::One("3".to_owned())));
        assert!(!record.headers.contains_key("x-long"));
    }
}
