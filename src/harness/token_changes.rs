//! Changes of the tokens that the token endpoint answers.

use std::collections::BTreeMap;

use anyhow::Context as _;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::control::Control;
use super::forge::{Draft, Flaw, TokenKind, forge, overlay, read};
use super::rules::{Rules, Stays};
use super::seen::Seen;
use crate::app::App;
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::signing_key::SigningAlgorithm;
use crate::store::cache::DomainEntry;
use crate::tokens::id_token::at_hash;

/// What is changed in which tokens.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenChange {
    /// Only where each of these parameters has this value, in the token request or in the authorization request of the
    /// login; `client_id` however it authenticated, `scope` where all of it was granted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<String, String>,
    /// Which token.
    #[serde(default)]
    pub token: TokenKind,
    /// Claims in place of and beside those of the server; null takes one away.
    #[serde(default, skip_serializing_if = "Object::is_empty")]
    pub claims: Object,
    /// In which way it is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<Flaw>,
    /// How often; always where absent. In answers: how often still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub times: Option<u64>,
}

impl TokenChange {
    fn use_once(&mut self) -> Stays {
        let Some(times) = &mut self.times else { return Stays::Yes };
        *times -= 1;
        if *times == 0 { Stays::No } else { Stays::Yes }
    }
}

/// Lays down what is changed from now on.
pub(super) fn set(rules: &Rules<TokenChange>, domain: &str, changes: Vec<TokenChange>) -> Result<(), OAuthError> {
    let refused = |at: usize, problem: &str| Err(OAuthError::invalid_request(format!("items[{at}]{problem}")));
    for (at, change) in changes.iter().enumerate() {
        if change.claims.is_empty() && change.flaw.is_none() {
            return refused(at, ": needs claims, a flaw or both");
        }
        if change.times == Some(0) {
            return refused(at, ".times: must be 1 or more; always where absent");
        }
    }
    rules.set(domain, changes);
    Ok(())
}

/// The answer with its tokens changed.
pub(super) async fn apply(control: &Control, seen: &Seen, answer: Response) -> Response {
    if answer.status() != StatusCode::OK || seen.endpoint != Some("token") {
        return answer;
    }
    let domain = seen.domain.as_deref().unwrap_or_default();
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(mut told) = serde_json::from_slice::<Object>(&body) else {
        return Response::from_parts(parts, Body::from(body));
    };
    let login = control.asked.of_login(seen, &told);
    if control.token_changes.of(domain).is_empty() {
        return Response::from_parts(parts, Body::from(body));
    }
    let has = |name: &str, value: &str| seen.has(name, value) || login.has(name, value);
    if let Err(error) = change(control, domain, has, &mut told).await {
        tracing::warn!(error = format!("{error:#}"), "a token could not be changed");
    }
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(Value::Object(told).to_string()))
}

/// `has`: whether a parameter has a value.
async fn change(
    control: &Control,
    name: &str,
    has: impl Fn(&str, &str) -> bool,
    told: &mut Object,
) -> anyhow::Result<()> {
    let app = control.app();
    let domain = app.store.domain_named(name).await?.context("the domain is gone")?;
    for (kind, member) in [(TokenKind::AccessToken, "access_token"), (TokenKind::IdToken, "id_token")] {
        let Some(token) = told.get(member).and_then(Value::as_str).map(str::to_owned) else { continue };
        let fits = |change: &TokenChange| {
            change.token == kind && change.when.iter().all(|(parameter, value)| has(parameter, value))
        };
        let Some(met) = control.token_changes.take(name, fits, TokenChange::use_once) else { continue };
        let changed = changed(&app, &domain, &token, met)?;
        if kind == TokenKind::AccessToken {
            follow(&app, &domain, told, &changed)?;
        }
        told.insert(member.to_owned(), changed.into());
    }
    Ok(())
}

fn changed(app: &App, domain: &DomainEntry, token: &str, change: TokenChange) -> anyhow::Result<String> {
    let (header, mut claims) = read(token)?;
    overlay(&mut claims, change.claims);
    let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let algorithm = text("alg").parse::<SigningAlgorithm>().map_err(|_| anyhow::anyhow!("an unknown algorithm"))?;
    Ok(forge(app, domain, Draft { typ: text("typ"), algorithm, claims }, change.flaw)?.token)
}

/// The ID token names the access token that it goes with (OIDC Core §3.1.3.6).
fn follow(app: &App, domain: &DomainEntry, told: &mut Object, access_token: &str) -> anyhow::Result<()> {
    let Some(id_token) = told.get("id_token").and_then(Value::as_str).map(str::to_owned) else { return Ok(()) };
    let mut claims = Object::new();
    claims.insert("at_hash".to_owned(), at_hash(access_token).into());
    let change = TokenChange { claims, ..TokenChange::default() };
    told.insert("id_token".to_owned(), changed(app, domain, &id_token, change)?.into());
    Ok(())
}
