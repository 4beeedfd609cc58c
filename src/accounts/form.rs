//! What a browser sends to a page: a query or a form (HTML Living Standard §4.10.21).

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;

use crate::app::App;
use crate::model::oauth_error::OAuthError;
use crate::oauth::params::Params;
use crate::oauth::request::{has_media_type, read_body};

/// The parameters of the URL.
#[derive(Debug)]
pub struct Query(pub Params);

/// The fields of a posted form. Not `Debug`: they hold passwords.
pub struct Form(pub Params);

impl FromRequestParts<App> for Query {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, OAuthError> {
        Params::parse(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

impl FromRequest<App> for Form {
    type Rejection = OAuthError;

    async fn from_request(request: Request, _: &App) -> Result<Self, OAuthError> {
        if !has_media_type(request.headers(), "application/x-www-form-urlencoded") {
            return Err(OAuthError::unsupported_media_type("this page takes application/x-www-form-urlencoded only"));
        }
        Params::parse(&read_body(request.into_body()).await?).map(Self)
    }
}

impl Form {
    /// A field, empty if it was not sent.
    pub fn field(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_default()
    }

    /// The same without blanks around it.
    pub fn trimmed(&self, name: &str) -> &str {
        self.field(name).trim()
    }
}
