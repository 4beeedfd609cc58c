//! The client registration endpoint (RFC 7591 §3).

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::access::registrant;
use crate::app::App;
use crate::clients::Registrant;
use crate::clients::prepare::Refused;
use crate::clients::register::{Registered, Registering};
use crate::model::audit_event::Actor;
use crate::model::client::Origin;
use crate::model::flow_trace::{Outcome, Step, shown_uri};
use crate::model::json::{Object, parse_object};
use crate::model::oauth_error::OAuthError;
use crate::model::registration::findings;
use crate::model::statistics::Counted;
use crate::oauth::request::{InDomain, has_media_type, read_body};
use crate::ops::security_headers::no_store;

/// A request with a JSON object as its body; who may ask is decided before the body is looked at.
#[derive(Debug)]
pub struct JsonRequest {
    /// The domain, and who asks.
    pub at: InDomain,
    /// The request's headers.
    pub headers: HeaderMap,
    body: axum::body::Body,
}

impl FromRequest<App> for JsonRequest {
    type Rejection = OAuthError;

    async fn from_request(request: Request, app: &App) -> Result<Self, OAuthError> {
        let (mut parts, body) = request.into_parts();
        let at = InDomain::from_request_parts(&mut parts, app).await?;
        Ok(Self { at, headers: parts.headers, body })
    }
}

impl JsonRequest {
    /// Reads the body: one JSON object under the strict parser's rules.
    pub async fn object(self, media_types: &[&str]) -> Result<Object, OAuthError> {
        if !media_types.iter().any(|expected| has_media_type(&self.headers, expected)) {
            return Err(OAuthError::unsupported_media_type(format!(
                "the body must be sent as Content-Type: {}",
                media_types.join(" or ")
            )));
        }
        let bytes = read_body(self.body).await?;
        parse_object(&bytes).map_err(OAuthError::invalid_client_metadata)
    }
}

/// `POST /{domain}/oidc/register`.
pub async fn register(request: JsonRequest) -> Result<Response, OAuthError> {
    let at = request.at.clone();
    let mut actor = at.caller.actor("unauthenticated".to_owned());
    let registered = answer(&at, request, &mut actor).await;
    trace(&at, &actor, registered.as_ref());
    let registered = registered?;
    at.app.metrics.registration(&at.domain.domain.name, registered.origin.as_str(), "registered");
    at.app.count(at.domain.id(), Counted::Registration, registered.origin.as_str());
    let mut response = (StatusCode::CREATED, Json(registered.record)).into_response();
    no_store(response.headers_mut());
    Ok(response)
}

async fn answer(at: &InDomain, request: JsonRequest, actor: &mut Actor) -> Result<Registered, OAuthError> {
    let access = registrant(at, &request.headers, actor).await.map_err(|error| {
        count_refusal(at, error.status, error.code);
        refused_access(at, actor, ("client.register", ""), error)
    })?;
    let base_url = at.app.base_url_of(&request.headers).to_owned();
    let result = match request.object(&["application/json"]).await {
        Ok(body) => {
            let registering = Registering {
                domain: &at.domain,
                registrant: &access.registrant,
                policy: &access.policy,
                base_url: &base_url,
                actor,
            };
            at.app.registry.register(&registering, body).await
        }
        Err(error) => Err(Refused::Otherwise(error)),
    };
    result.map_err(|refused| {
        at.app.metrics.registration(&at.domain.domain.name, origin_label(&access.registrant), "refused");
        let rule = rule_of(&refused);
        let error = record_refusal(at, actor, ("client.register", ""), refused);
        count_refusal(at, error.status, rule.unwrap_or(error.code));
        error
    })
}

/// Counts a refused registration by the rule or the error code; what failed by itself was not refused.
fn count_refusal(at: &InDomain, status: u16, label: &'static str) {
    if status < 500 {
        at.app.count(at.domain.id(), Counted::RegistrationRefused, label);
    }
}

/// The rule that refused it.
fn rule_of(refused: &Refused) -> Option<&'static str> {
    let Refused::ByRule(refusal) = refused else { return None };
    let rule = refusal.findings.iter().find(|finding| finding.outcome == findings::Outcome::Refused);
    Some(rule.map_or("unknown", |finding| finding.rule))
}

/// Notes a registration in the timeline of the login that it probably leads to. Gateways log nobody in, and what a rate
/// limit refused is not kept.
fn trace(at: &InDomain, actor: &Actor, registered: Result<&Registered, &OAuthError>) {
    if actor.name.starts_with("client:") {
        return;
    }
    let step = at.step(Step::Registration, Outcome::Done);
    let step = match registered {
        Ok(registered) => {
            let text = |name: &str| registered.record.get(name).and_then(Value::as_str);
            let redirects = registered.record.get("redirect_uris").and_then(Value::as_array);
            let redirects = redirects.into_iter().flatten().filter_map(Value::as_str).map(shown_uri);
            step.by(text("client_id"))
                .with("client_name", text("client_name").unwrap_or_default())
                .with("token_endpoint_auth_method", text("token_endpoint_auth_method").unwrap_or_default())
                .with("redirect_uris", redirects.collect::<Vec<_>>())
        }
        Err(error) if error.status == 429 => return,
        Err(error) => step.refused(error.code, &error.description),
    };
    at.app.trace.note_after_discovery(step.with("registrant", actor.name.as_str()), at.caller.source());
}

fn origin_label(registrant: &Registrant) -> &'static str {
    match registrant {
        Registrant::Gateway(_) => Origin::Gateway.as_str(),
        Registrant::InitialAccessToken(_) => Origin::InitialAccessToken.as_str(),
        Registrant::Open { .. } => Origin::Open.as_str(),
    }
}

/// Counts a refusal of who may do what, and hands it to the audit log. What a rate limit refused is counted, not kept:
/// nobody fills the log by overdoing it.
pub(super) fn refused_access(
    at: &InDomain,
    actor: &Actor,
    (action, target): (&'static str, &str),
    error: OAuthError,
) -> OAuthError {
    if error.status < 500 && error.status != 429 {
        at.app.metrics.refusal(error.code, "access");
        let event = actor
            .did(&at.app.clock, Some(at.domain.id()), action, target)
            .with("error", error.code)
            .refused(error.description.clone());
        at.app.audit_refusal(event);
    }
    error
}

/// Counts a refusal by its rule and hands it to the audit log; what failed by itself is only logged.
pub(super) fn record_refusal(
    at: &InDomain,
    actor: &Actor,
    (action, target): (&'static str, &str),
    refused: Refused,
) -> OAuthError {
    let rule = rule_of(&refused).unwrap_or("request");
    let findings = match &refused {
        Refused::ByRule(refusal) => serde_json::json!(refusal.findings),
        Refused::Otherwise(_) => serde_json::json!([]),
    };
    let error = OAuthError::from(refused);
    if error.status < 500 {
        at.app.metrics.refusal(error.code, rule);
        let event = actor
            .did(&at.app.clock, Some(at.domain.id()), action, target)
            .with("error", error.code)
            .with("findings", findings)
            .refused(error.description.clone());
        at.app.audit_refusal(event);
    }
    error
}
