//! Requests that look at more than a document, for the command line and for the test of a resource: any method, any
//! status, the headers.

use std::fmt;

use http::{HeaderMap, Method};

use super::{FetchError, Fetcher, Plain, reason};
use crate::model::secret::Secret;

/// A request.
#[derive(Clone)]
pub struct Probe<'a> {
    method: Method,
    url: &'a str,
    headers: Vec<(&'static str, &'a str)>,
    bearer: Option<&'a Secret>,
    body: Option<&'a str>,
}

impl fmt::Debug for Probe<'_> {
    /// Without headers and body, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("method", &self.method).field("url", &self.url).finish_non_exhaustive()
    }
}

impl<'a> Probe<'a> {
    /// A request without a body.
    pub fn new(method: Method, url: &'a str) -> Self {
        Self { method, url, headers: Vec::new(), bearer: None, body: None }
    }

    /// The same request by whoever holds a bearer token.
    #[must_use]
    pub fn bearer(mut self, token: &'a Secret) -> Self {
        self.bearer = Some(token);
        self
    }

    /// The same request with a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same request with a body.
    #[must_use]
    pub fn body(mut self, media_type: &'a str, body: &'a str) -> Self {
        self.body = Some(body);
        self.header("content-type", media_type)
    }
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header as text; empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON, if it is JSON and says so.
    pub fn json(&self) -> Option<serde_json::Value> {
        let media_type = self.header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = media_type == "application/json" || media_type.ends_with("+json");
        is_json.then(|| serde_json::from_slice(&self.body).ok()).flatten()
    }
}

impl Fetcher {
    /// Sends a request under this fetcher's rules, and takes any answer.
    pub async fn probe(&self, probe: &Probe<'_>) -> Result<Answer, FetchError> {
        let (url, client) = self.admit(probe.url, Plain::WhereNamed)?;
        let work = async {
            let _slot = self.slots.acquire().await.map_err(|_| FetchError::Failed)?;
            let mut request = client.request(probe.method.clone(), url);
            for (name, value) in &probe.headers {
                request = request.header(*name, *value);
            }
            if let Some(token) = probe.bearer {
                request = request.bearer_auth(token.expose());
            }
            if let Some(body) = probe.body {
                request = request.body(body.to_owned());
            }
            let response = request.send().await.map_err(reason)?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok(Answer { status, headers, body: self.read(response).await? })
        };
        tokio::time::timeout(self.timeout, work).await.unwrap_or(Err(FetchError::TimedOut))
    }
}
