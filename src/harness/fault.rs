//! What shall go wrong, and what of it makes sense.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::CONTROL;
use super::notice::AsItIs;
use super::seen::{Seen, check_endpoint, named};
use crate::model::domain::check_domain_name;
use crate::model::oauth_error::OAuthError;

/// The longest delay, in seconds.
const LONGEST_DELAY: f64 = 600.0;

/// The methods that requests have.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Answers without a body (RFC 9110 sections 15.3.5, 15.3.6, 15.4.5).
const WITHOUT_BODY: [u16; 3] = [204, 205, 304];

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
    /// For this path only, as it stands in the URL.
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
    /// Cut the answer's body in half. An answer without a body passes and does not count.
    #[serde(default, skip_serializing_if = "is_false")]
    pub malform: bool,
    /// Wait so many seconds first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 600)]
    pub delay: Option<f64>,
    /// Carry the request out, and replace its answer only; with `status` or `drop`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub after: bool,
    /// Let so many requests pass first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skip: u64,
    /// How often; 1 where absent, null until it is deleted. In answers: how often still.
    #[serde(default = "once")]
    #[schema(minimum = 1)]
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

fn refused(told: impl Into<String>) -> OAuthError {
    OAuthError::invalid_request(told)
}

impl Fault {
    /// Refuses what could never happen as it is meant.
    pub(super) fn check(&self) -> Result<(), OAuthError> {
        self.check_where()?;
        self.check_what()?;
        if self.times == Some(0) {
            return Err(refused("times: must be 1 or more, or null for until it is deleted"));
        }
        Ok(())
    }

    fn check_where(&self) -> Result<(), OAuthError> {
        check_endpoint(self.endpoint.as_deref())?;
        if let Some(domain) = &self.domain {
            // It may be made later.
            check_domain_name(domain).map_err(|problem| refused(format!("domain: {problem}")))?;
        }
        if let Some(method) = &self.method
            && !METHODS.iter().any(|known| known.eq_ignore_ascii_case(method))
        {
            return Err(refused(format!("method: there is no {method}; there are {}", METHODS.join(", "))));
        }
        let Some(path) = &self.path else { return Ok(()) };
        if !path.starts_with('/') || path.contains(['?', '#']) {
            return Err(refused("path: must be a whole path that begins with /; parameters of the query are for when"));
        }
        if path.strip_prefix(CONTROL).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Err(refused("path: leads to the control API, which has no faults"));
        }
        let (endpoint, domain) = named(path);
        if self.endpoint.is_some() && self.endpoint.as_deref() != endpoint {
            return Err(refused("path: is not one of that endpoint; name one of both"));
        }
        if self.domain.is_some() && self.domain != domain {
            return Err(refused("path: is not one of that domain; name one of both"));
        }
        Ok(())
    }

    fn check_what(&self) -> Result<(), OAuthError> {
        let ways = [self.status.is_some(), self.drop, self.malform];
        match ways.iter().filter(|way| **way).count() {
            0 if self.delay.is_none() => return Err(refused("one of status, drop, malform and delay is needed")),
            0 | 1 => {}
            _ => return Err(refused("status, drop and malform exclude one another")),
        }
        if self.after && self.status.is_none() && !self.drop {
            return Err(refused("after: belongs to status or drop; a request that is only delayed is carried out"));
        }
        if self.delay.is_some_and(|delay| !(0.0..=LONGEST_DELAY).contains(&delay)) {
            return Err(refused(format!("delay: must be 0 to {LONGEST_DELAY} seconds")));
        }
        self.check_answer()
    }

    fn check_answer(&self) -> Result<(), OAuthError> {
        let Some(status) = self.status else {
            if self.body.is_some() || !self.headers.is_empty() {
                return Err(refused("body and headers belong to an answer with status"));
            }
            return Ok(());
        };
        if !(200..=599).contains(&status) {
            return Err(refused("status: must be 200 to 599"));
        }
        if self.body.is_some() && WITHOUT_BODY.contains(&status) {
            return Err(refused(format!("body: an answer with status {status} has none")));
        }
        for (name, value) in &self.headers {
            let (Ok(header), Ok(_)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
                return Err(refused(format!("headers: {name} is no header that can be sent")));
            };
            if header == CONTENT_LENGTH || header == TRANSFER_ENCODING {
                return Err(refused(format!("headers: {name} follows from the body; for half an answer use malform")));
            }
        }
        Ok(())
    }

    /// Whether a request is one of those it is about.
    pub(super) fn fits(&self, seen: &Seen) -> bool {
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found.is_some_and(|found| found.eq_ignore_ascii_case(wanted)))
        };
        same(&self.domain, seen.domain.as_deref())
            && same(&self.endpoint, seen.endpoint)
            && same(&self.method, Some(seen.method.as_str()))
            && self.path.as_deref().is_none_or(|path| path == seen.path)
            && seen.has_all(&self.when)
    }

    /// The answer that it makes itself.
    pub(super) fn answer(&self, status: u16) -> Response {
        let (kind, body) = match &self.body {
            None => (None, String::new()),
            Some(Value::String(text)) => (Some("text/plain; charset=utf-8"), text.clone()),
            Some(json) => (Some("application/json"), json.to_string()),
        };
        let mut answer = Response::new(Body::from(body));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        answer.extensions_mut().insert(AsItIs);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(value: Value) -> Fault {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_fault_that_cannot_happen_as_it_is_meant_is_refused_by_its_member() {
        for (wrong, told) in [
            (json!({}), "one of status"),
            (json!({ "status": 500, "drop": true }), "status, drop and malform"),
            (json!({ "drop": true, "body": "x" }), "body and headers"),
            (json!({ "status": 99 }), "status:"),
            (json!({ "status": 204, "body": "x" }), "body:"),
            (json!({ "delay": -1 }), "delay:"),
            (json!({ "delay": 1, "after": true }), "after:"),
            (json!({ "endpoint": "nowhere", "drop": true }), "endpoint:"),
            (json!({ "domain": "No Name", "drop": true }), "domain:"),
            (json!({ "method": "FETCH", "drop": true }), "method:"),
            (json!({ "path": "main/oauth/token", "drop": true }), "path:"),
            (json!({ "path": "/main/oauth/token?x=1", "drop": true }), "path:"),
            (json!({ "path": "/harness/v1/clock", "drop": true }), "path:"),
            (json!({ "path": "/main/oauth/token", "endpoint": "jwks", "drop": true }), "path:"),
            (json!({ "path": "/main/oauth/token", "domain": "other", "drop": true }), "path:"),
            (json!({ "status": 500, "times": 0 }), "times:"),
            (json!({ "status": 500, "headers": { "a b": "c" } }), "headers:"),
            (json!({ "status": 500, "headers": { "Content-Length": "3" } }), "headers:"),
        ] {
            let error = fault(wrong.clone()).check().unwrap_err();
            assert!(error.description.starts_with(told), "{wrong}: {error}");
        }
        for right in [
            json!({ "delay": 0.5 }),
            json!({ "drop": true, "after": true, "method": "put", "domain": "not-yet", "times": null }),
            json!({ "path": "/main/oauth/token", "domain": "main", "endpoint": "token", "malform": true }),
        ] {
            assert!(fault(right.clone()).check().is_ok(), "{right}");
        }
        assert!(serde_json::from_value::<Fault>(json!({ "drop": true, "oops": 1 })).is_err());
    }
}
