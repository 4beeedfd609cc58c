//! How an [`OAuthError`] becomes an HTTP answer.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::model::oauth_error::{Challenge, OAuthError};
use crate::ops::security_headers::no_store;

/// What really happened; the edge logs it, once, beside the request's identifier.
#[derive(Debug, Clone)]
pub struct Cause(pub Arc<str>);

/// The code of the error that an answer carries, for metrics and the request log.
#[derive(Debug, Clone, Copy)]
pub struct ErrorCode(pub &'static str);

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.code, "error_description": self.description }).to_string();
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, [(CONTENT_TYPE, "application/json")], body).into_response();
        let headers = response.headers_mut();
        no_store(headers);
        if let Some(value) = challenge(&self).and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(WWW_AUTHENTICATE, value);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(ErrorCode(self.code));
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(Cause(format!("{cause:#}").into()));
        }
        response
    }
}

fn challenge(error: &OAuthError) -> Option<String> {
    Some(match error.challenge? {
        Challenge::Basic => r#"Basic realm="registrar", charset="UTF-8""#.to_owned(),
        Challenge::BearerMissing => r#"Bearer realm="registrar""#.to_owned(),
        Challenge::Bearer => {
            // The description holds neither quotes nor backslashes.
            format!(r#"Bearer realm="registrar", error="{}", error_description="{}""#, error.code, error.description)
        }
    })
}
