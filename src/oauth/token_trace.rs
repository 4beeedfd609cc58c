//! What an attempt's timeline says of the token endpoint (RFC 6749 §4.1.3, §6). Clients that act for themselves have none.

use super::client_auth::basic_pair;
use super::client_request::ClientRequest;
use super::params::Params;
use super::request::InDomain;
use crate::model::authorization::Authorization;
use crate::model::flow_trace::{Outcome, Step, TraceStep};
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;

/// Notes tokens that were issued.
pub(super) fn issued(request: &ClientRequest, granted: &Authorization) {
    if let Some(step) = of(request) {
        let audience = granted.audience.values.clone();
        request.at.trace(step.with("scope", granted.scope.to_string()).with("audience", audience));
    }
}

/// Notes a refusal, with the attempt where code or token led to it.
pub(super) fn refused(request: &ClientRequest, error: &OAuthError) {
    if let Some(step) = of(request) {
        request.at.trace(step.refused(error.code, &error.description));
    }
}

/// Notes a request whose client could not prove who it is. What a rate limit refused is not kept.
pub(super) fn unproven(at: &InDomain, (header, params): (Option<&str>, &Params), error: &OAuthError) {
    let Some(step) = begun(at, params).filter(|_| error.status != 429) else { return };
    let named = header.and_then(|header| named_by_basic(at, header));
    let client_id = params.get("client_id").or(named.as_ref().map(ClientId::as_str));
    at.trace(step.by(client_id).refused(error.code, &error.description));
}

fn of(request: &ClientRequest) -> Option<TraceStep> {
    let client_id = request.entry().client.client_id.as_str();
    Some(begun(&request.at, &request.params)?.by(Some(client_id)).of(request.attempt.get()))
}

fn begun(at: &InDomain, params: &Params) -> Option<TraceStep> {
    let step = match params.get("grant_type")? {
        "authorization_code" => Step::Token,
        "refresh_token" => Step::Refresh,
        _ => return None,
    };
    Some(at.step(step, Outcome::Done))
}

/// The client that Basic credentials name, if it is one in memory: anything else may be a secret in the wrong place.
fn named_by_basic(at: &InDomain, header: &str) -> Option<ClientId> {
    let (_, encoded) = header.split_once(' ')?;
    let id = ClientId(basic_pair(encoded)?.0);
    at.app.store.cache().client(at.domain.id(), &id).map(|_| id)
}
