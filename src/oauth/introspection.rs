//! Token introspection (RFC 7662), and the aliases that older gateway plugins call.

use axum::Json;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::ALLOW;
use serde::Serialize;

use super::bearer::live;
use super::client_auth;
use super::client_request::ClientRequest;
use super::params::Params;
use super::request::{InDomain, authorization};
use crate::app::App;
use crate::keys::data_keys::HashPurpose;
use crate::model::authorization::REFRESH_TOKEN;
use crate::model::client::Client;
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;
use crate::model::scope::ScopeSet;
use crate::model::time::UnixTime;
use crate::ops::rate_limit::RateKind;
use crate::ops::security_headers::no_store;
use crate::tokens::access_token::AccessToken;
use crate::tokens::audience::may_see;
use crate::tokens::verify::LiveToken;

/// An answer (RFC 7662 §2.2). Never a null or an empty text: gateways read them as values.
#[derive(Serialize)]
struct Answer<'a> {
    active: bool,
    #[serde(flatten)]
    token: Option<Active<'a>>,
}

/// What is told of a token that is alive.
#[derive(Serialize)]
#[serde(untagged)]
enum Active<'a> {
    Access(ActiveAccess<'a>),
    Refresh(ActiveRefresh<'a>),
}

/// What is told of an access token.
#[derive(Serialize)]
struct ActiveAccess<'a> {
    #[serde(flatten)]
    claims: &'a AccessToken,
    token_type: &'static str,
    domain: &'a str,
}

/// What is told of a refresh token. It has no `token_type`: that names how a token is used at a resource (RFC 6749
/// §7.1), and this one is not.
#[derive(Serialize)]
struct ActiveRefresh<'a> {
    iss: String,
    client_id: &'a ClientId,
    sub: &'a str,
    #[serde(skip_serializing_if = "ScopeSet::is_empty")]
    scope: &'a ScopeSet,
    iat: UnixTime,
    exp: UnixTime,
    domain: &'a str,
}

/// `POST /{domain}/oauth/introspect`: 200 for everybody who may ask; what is not alive, or not theirs to see, is inactive.
pub async fn introspect(request: ClientRequest) -> Result<Response, OAuthError> {
    let token = request.params.required("token")?;
    may_ask(&request.client)?;
    look(&request.at, &request.client, token).await
}

/// `GET /{domain}/oauth/introspect`: for plugins that know nothing else, if the domain allows it; tokens in URLs end up in logs.
pub async fn introspect_by_get(State(app): State<App>, request: Request) -> Result<Response, OAuthError> {
    let (mut parts, _) = request.into_parts();
    let at = InDomain::from_request_parts(&mut parts, &app).await?;
    if !at.domain.domain.settings.introspection_by_get {
        let refused = OAuthError::method_not_allowed("introspection is a POST with the token in the body");
        // RFC 9110 §15.5.6.
        return Ok(([(ALLOW, "POST")], refused).into_response());
    }
    let params = Params::parse(parts.uri.query().unwrap_or_default().as_bytes())?;
    let client = client_auth::authenticate(&at, authorization(&parts.headers)?, &params).await.map_err(|error| {
        match error.code {
            "invalid_client" => at.failed(RateKind::FailedAuthentication, error),
            _ => error,
        }
    })?;
    client.note_use(&at);
    may_ask(&client)?;
    look(&at, &client, params.required("token")?).await
}

/// `POST /{domain}/oauth/check_token`: its callers take any 200 for a valid token, so an inactive one is 400.
pub async fn check_token(request: ClientRequest) -> Result<Response, OAuthError> {
    let token = request.params.required("token")?;
    may_ask(&request.client)?;
    let found = access_token(&request.at, &request.client, token).await?;
    if found.is_some() {
        return Ok(answer(&request.at, found.as_ref()));
    }
    request.at.app.counters_of(&request.at.domain.domain).introspected(false);
    // 400, not 401: the caller's own credentials were right.
    Err(OAuthError::new("invalid_token", 400, "the token is not active"))
}

fn answer(at: &InDomain, found: Option<&LiveToken>) -> Response {
    let domain = at.domain.domain.name.as_str();
    let token = found.map(|found| ActiveAccess { claims: &found.claims, token_type: "Bearer", domain });
    told(at, token.map(Active::Access))
}

fn told(at: &InDomain, token: Option<Active<'_>>) -> Response {
    at.app.counters_of(&at.domain.domain).introspected(token.is_some());
    let mut response = Json(Answer { active: token.is_some(), token }).into_response();
    no_store(response.headers_mut());
    response
}

fn may_ask(client: &client_auth::Authenticated) -> Result<(), OAuthError> {
    if client.proven {
        return Ok(());
    }
    // RFC 7662 §2.1: the endpoint must not be open to token scanning.
    Err(OAuthError::invalid_client("introspection needs a client with a secret or key"))
}

/// What this caller is told of a token of either kind.
async fn look(at: &InDomain, client: &client_auth::Authenticated, token: &str) -> Result<Response, OAuthError> {
    if !token.starts_with(REFRESH_TOKEN) {
        return Ok(answer(at, access_token(at, client, token).await?.as_ref()));
    }
    let hash = at.app.keys.hash(HashPurpose::RefreshToken, token);
    let (now, caller) = (at.app.clock.now(), &client.entry.client.client_id);
    let found = at.app.store.refresh_token(at.domain.id(), &hash).await?;
    // A refresh token is nobody's business but its client's.
    let found =
        found.filter(|(token, grant)| grant.client_id == *caller && token.is_current(now) && grant.is_alive(now));
    let token = found.as_ref().map(|(token, grant)| {
        Active::Refresh(ActiveRefresh {
            iss: at.issuer(),
            client_id: &grant.client_id,
            sub: &grant.details.subject,
            scope: &grant.scope,
            iat: token.created_at,
            exp: token.expires_at,
            domain: &at.domain.domain.name,
        })
    });
    Ok(told(at, token))
}

/// The access token, if it is alive and this caller may see it.
async fn access_token(
    at: &InDomain,
    client: &client_auth::Authenticated,
    token: &str,
) -> Result<Option<LiveToken>, OAuthError> {
    Ok(live(at, token).await?.filter(|token| sees(at, &client.entry.client, token)))
}

/// Whether this caller may see this token as active.
fn sees(at: &InDomain, caller: &Client, token: &LiveToken) -> bool {
    may_see(&at.domain, caller, &token.claims, at.app.takes_any_resource(&at.domain.domain.settings))
}
