//! What the handlers of administration begin with: who administers what, and a body or a query that was read strictly.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Path, Request};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::administrators::sessions::Current;
use crate::app::App;
use crate::domains::Domains;
use crate::model::administrator::Authority;
use crate::model::audit_event::Actor;
use crate::model::json::{Object, parse_object, typed};
use crate::model::oauth_error::OAuthError;
use crate::oauth::request::{Caller, has_media_type, read_body};
use crate::store::cache::DomainEntry;

/// A request of somebody who may make it.
#[derive(Debug, Clone)]
pub struct Managing {
    /// The server's parts.
    pub app: App,
    /// Who, and what they may.
    pub authority: Authority,
    /// Where the request came from.
    pub caller: Caller,
    /// The session, in the console.
    pub session: Option<Current>,
}

impl Managing {
    /// Who acts, for the audit log.
    pub fn actor(&self) -> Actor {
        self.caller.actor(self.authority.actor_name())
    }

    /// What makes and changes domains and what is in them.
    pub fn domains(&self) -> Domains {
        let app = &self.app;
        Domains { store: app.store.clone(), keys: Arc::clone(&app.keys), source: app.key_source.clone() }
    }
}

/// The same about the domain that the path names, which is within reach.
#[derive(Debug, Clone)]
pub struct ManagingDomain {
    /// Who, and what they may.
    pub managing: Managing,
    /// The domain, as this process knows it.
    pub domain: Arc<DomainEntry>,
}

impl Deref for ManagingDomain {
    type Target = Managing;

    fn deref(&self) -> &Managing {
        &self.managing
    }
}

fn unguarded() -> OAuthError {
    OAuthError::server_error(anyhow::anyhow!("a route of administration is served without its guard"))
}

impl FromRequestParts<App> for Managing {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, OAuthError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unguarded)
    }
}

impl FromRequestParts<App> for ManagingDomain {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, OAuthError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unguarded)
    }
}

/// The segments of the path by their names. One that cannot be what it should be names nothing.
#[derive(Debug)]
pub struct Segments<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, OAuthError> {
        let nothing = |_| OAuthError::not_found("the path names nothing that is here");
        Path::<T>::from_request_parts(parts, state).await.map(|Path(segments)| Self(segments)).map_err(nothing)
    }
}

/// The parameters of the URL, read strictly: an unknown one is an error, not a filter that does nothing.
#[derive(Debug)]
pub struct Filter<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Filter<T> {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, OAuthError> {
        let refused = |problem| OAuthError::invalid_request(format!("the query: {problem}"));
        axum::extract::Query::<T>::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|rejection| {
            use std::error::Error as _;
            refused(rejection.source().map_or_else(|| rejection.to_string(), ToString::to_string))
        })
    }
}

/// A JSON body under the strict parser's rules: no member twice, none that is not known.
#[derive(Debug)]
pub struct Sent<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = OAuthError;

    async fn from_request(request: Request, state: &S) -> Result<Self, OAuthError> {
        let SentObject(object) = SentObject::from_request(request, state).await?;
        typed(&object).map(Self).map_err(OAuthError::invalid_request)
    }
}

/// The same where the body may be left out altogether.
impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Sent<T> {
    type Rejection = OAuthError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, OAuthError> {
        let (parts, body) = request.into_parts();
        let body = read_body(body).await?;
        if body.is_empty() {
            return Ok(None);
        }
        let request = Request::from_parts(parts, body.into());
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

/// A JSON object as it came, for changes in the form of RFC 7396.
#[derive(Debug)]
pub struct SentObject(pub Object);

impl<S: Send + Sync> FromRequest<S> for SentObject {
    type Rejection = OAuthError;

    async fn from_request(request: Request, _: &S) -> Result<Self, OAuthError> {
        let headers = request.headers();
        if !["application/json", "application/merge-patch+json"].iter().any(|kind| has_media_type(headers, kind)) {
            return Err(OAuthError::unsupported_media_type("the body must be sent as Content-Type: application/json"));
        }
        let bytes = read_body(request.into_body()).await?;
        parse_object(&bytes).map(Self).map_err(OAuthError::invalid_request)
    }
}

/// 204: it is done, and there is nothing to tell.
pub fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}
