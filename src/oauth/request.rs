//! What every endpoint of a domain begins with: which domain, who asks, and the body within its limit.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use serde::Deserialize;

use crate::app::App;
use crate::clients::find::FindIn;
use crate::model::audit_event::Actor;
use crate::model::domain::check_domain_name;
use crate::model::flow_trace::{Outcome, Step, TraceStep};
use crate::model::interaction::Interaction;
use crate::model::oauth_error::OAuthError;
use crate::ops::rate_limit::{RateKind, SourcePrefix};
use crate::store::cache::DomainEntry;

/// Who sent the request; put there by the edge.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The address, that of the client before trusted proxies.
    pub address: IpAddr,
    /// The request's identifier.
    pub request_id: Arc<str>,
}

impl Caller {
    /// The caller as the audit log names it.
    pub fn actor(&self, name: String) -> Actor {
        Actor {
            name,
            source: Some(self.address.to_string()),
            request_id: Some(self.request_id.to_string()),
            token_id: None,
        }
    }

    /// What rate limits and quotas are counted by.
    pub fn source(&self) -> SourcePrefix {
        SourcePrefix::of(self.address)
    }
}

/// A request to a domain.
#[derive(Debug, Clone)]
pub struct InDomain {
    /// The server's parts.
    pub app: App,
    /// The domain.
    pub domain: Arc<DomainEntry>,
    /// Who asks.
    pub caller: Caller,
}

#[derive(Debug, Deserialize)]
struct DomainSegment {
    domain: String,
}

impl FromRequestParts<App> for InDomain {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, OAuthError> {
        let unknown = || OAuthError::not_found("there is no such security domain; check the first segment of the path");
        let Path(DomainSegment { domain }) = Path::from_request_parts(parts, app).await.map_err(|_| unknown())?;
        check_domain_name(&domain).map_err(|_| unknown())?;
        // Without the feed only what may be out of date is served at all, and the database is likely to be away.
        let remembered = (!app.feed.is_fresh()).then(|| app.store.cache().last_known_domain(&domain)).flatten();
        let domain = match remembered {
            Some(domain) => domain,
            None => app.store.domain_named(&domain).await?.ok_or_else(unknown)?,
        };
        let caller = parts.extensions.get::<Caller>().cloned().ok_or_else(|| {
            OAuthError::server_error(anyhow::anyhow!("a route is served without the edge in front of it"))
        })?;
        Ok(Self { app: app.clone(), domain, caller })
    }
}

impl InDomain {
    /// The domain's issuer.
    pub fn issuer(&self) -> String {
        self.app.issuer_of(&self.domain.domain.name)
    }

    /// Where the domain's clients are found.
    pub fn find_in(&self) -> FindIn<'_> {
        let documents = self.app.takes_client_documents(&self.domain.domain.settings);
        FindIn { domain: &self.domain, documents }
    }

    /// Counts something that this source may do so often only; the error is 429 once it is too often.
    pub fn count(&self, kind: RateKind) -> Result<(), OAuthError> {
        self.app.rate_limits.check(kind, self.caller.source(), self.domain.id()).map_err(|wait| {
            self.app.metrics.rate_limited(kind.name());
            OAuthError::too_many_requests("too many failed attempts from this address; wait and try again")
                .with_retry_after(wait.0)
        })
    }

    /// A step of a login attempt that came from here.
    pub fn step(&self, step: Step, outcome: Outcome) -> TraceStep {
        TraceStep::new(self.domain.id(), step, outcome).from(&self.caller.source())
    }

    /// Notes a step in its attempt's timeline.
    pub fn trace(&self, step: TraceStep) {
        self.app.trace.note(step);
    }

    /// Notes what a person did on a page, in the timeline of their attempt. `refused`: the error's code and the reason,
    /// neither of which may hold what was typed.
    pub fn trace_page(&self, interaction: &Interaction, step: Step, refused: Option<(&str, &str)>) {
        let noted = self.step(step, Outcome::Done).of(Some(&interaction.id)).by(Some(&interaction.client_id));
        self.trace(match refused {
            Some((code, reason)) => noted.refused(code, reason),
            None => noted,
        });
    }

    /// Counts a failure of this source; the answer becomes 429 once there are too many.
    pub fn failed(&self, kind: RateKind, error: OAuthError) -> OAuthError {
        self.count(kind).err().unwrap_or(error)
    }
}

/// The body, which the edge has read.
pub async fn read_body(body: axum::body::Body) -> Result<Bytes, OAuthError> {
    axum::body::to_bytes(body, usize::MAX).await.map_err(OAuthError::server_error)
}

/// Whether the body is of this media type, parameters such as `charset` aside.
pub fn has_media_type(headers: &http::HeaderMap, expected: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case(expected))
}

/// Whether a program asks that reads JSON, not a person's browser.
pub fn wants_json(headers: &http::HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.contains("application/json") && !accepted.contains("text/html")
}

/// The one `Authorization` header; several are refused, because two readers could each take another one.
pub fn authorization(headers: &http::HeaderMap) -> Result<Option<&str>, OAuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(OAuthError::invalid_request("there are several Authorization headers; send one"));
    }
    let readable = |value: &'static str| OAuthError::invalid_request(value);
    first.map(|value| value.to_str().map_err(|_| readable("the Authorization header is not ASCII text"))).transpose()
}
