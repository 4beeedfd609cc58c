//! The userinfo endpoint (OpenID Connect Core §5.3).

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::response::{IntoResponse, Response};
use http::Method;
use http::header::CONTENT_TYPE;

use crate::app::App;
use crate::model::oauth_error::OAuthError;
use crate::model::user::User;
use crate::oauth::bearer::{bearer, live, missing};
use crate::oauth::params::Params;
use crate::oauth::request::{InDomain, has_media_type, read_body};
use crate::ops::security_headers::no_store;
use crate::tokens::verify::LiveToken;

/// A request with an access token: in the header, or in the form of a POST (RFC 6750 §2.1, §2.2).
#[derive(Debug)]
pub struct TokenRequest {
    at: InDomain,
    token: LiveToken,
}

impl FromRequest<App> for TokenRequest {
    type Rejection = OAuthError;

    async fn from_request(request: Request, app: &App) -> Result<Self, OAuthError> {
        let (mut parts, body) = request.into_parts();
        let at = InDomain::from_request_parts(&mut parts, app).await?;
        let form = parts.method == Method::POST && has_media_type(&parts.headers, "application/x-www-form-urlencoded");
        let params = if form { Params::parse(&read_body(body).await?)? } else { Params::default() };
        let text = match (bearer(&parts.headers)?, params.get("access_token")) {
            (Some(_), Some(_)) => {
                return Err(OAuthError::invalid_request(
                    "the access token is sent twice, in the header and in the body; send it once (RFC 6750 section 2)",
                ));
            }
            (Some(token), None) | (None, Some(token)) => token,
            (None, None) => {
                return Err(missing("an access token is needed: Authorization: Bearer, a blank, the token"));
            }
        };
        let token = live(&at, text).await?;
        let token =
            token.ok_or_else(|| OAuthError::invalid_token("the access token is unknown, expired or revoked"))?;
        Ok(Self { at, token })
    }
}

/// `GET` and `POST /{domain}/oidc/userinfo`: what the scopes of the token let its client know of the person. A token
/// for whatever resource will do, since the person allowed the client itself these scopes.
pub async fn userinfo(request: TokenRequest) -> Result<Response, OAuthError> {
    let (at, token) = (&request.at, &request.token);
    let user = person(at, token).await?;
    let mut claims = user.claims_for(&token.claims.scope);
    claims.insert("sub".to_owned(), token.claims.sub.as_str().into());
    let client = &token.client.client;
    let algorithm = client.metadata.userinfo_signed_response_alg.as_deref().filter(|name| *name != "none");
    let mut response = match algorithm {
        None => Json(claims).into_response(),
        Some(algorithm) => {
            // OIDC Core §5.3.2.
            claims.insert("iss".to_owned(), at.issuer().into());
            claims.insert("aud".to_owned(), client.client_id.as_str().into());
            let signed = at.app.issuer.sign_for_client(&at.domain, Some(algorithm), &claims)?;
            ([(CONTENT_TYPE, "application/jwt")], signed).into_response()
        }
    };
    no_store(response.headers_mut());
    Ok(response)
}

/// The person whose login the token was issued from.
async fn person(at: &InDomain, token: &LiveToken) -> Result<User, OAuthError> {
    let refused = |description: &str| Err(OAuthError::insufficient_scope(description));
    let Some(id) = token.claims.grant_id else {
        return refused("the token stands for a client, not for a person; use one of the authorization code flow");
    };
    if !token.claims.scope.contains("openid") {
        return refused("the token lacks the scope openid; ask for it in the authorization request");
    }
    let gone = || OAuthError::invalid_token("the login that the token was issued from has ended");
    let grant = at.app.store.login_grant(at.domain.id(), id).await?;
    let grant = grant.filter(|grant| grant.is_alive(at.app.clock.now())).ok_or_else(gone)?;
    let user = at.app.store.user(at.domain.id(), grant.user_id).await?;
    user.filter(|user| user.enabled).ok_or_else(gone)
}
