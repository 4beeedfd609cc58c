//! The control API: one file per thing that is steered.

mod body;
mod hosts;
pub mod openapi;
pub mod people;
pub mod queue;
pub mod requests;
pub mod server;
pub mod tokens;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, delete, get, post};
use http::header::IF_MATCH;
use http::{HeaderValue, Method, StatusCode, Uri};
use serde::Deserialize;
use tower_http::csrf::CsrfLayer;

use super::control::Control;
use super::{CONTROL, front};
use crate::admin::admit::LocalOperator;
use crate::admin::problem::for_programs;
use crate::model::oauth_error::OAuthError;
use crate::oauth::error::{Cause, ErrorCode};

/// The control API, and behind it the server.
pub(super) fn router(control: &Control) -> Router {
    let own = Router::new()
        .route("/", get(server::card))
        .route("/openapi.json", get(server::openapi))
        .route("/reset", post(server::reset))
        .route("/snapshots", get(server::list_snapshots).post(server::take_snapshot))
        .route("/snapshots/{id}", delete(server::delete_snapshot))
        .route("/snapshots/{id}/restore", post(server::restore_snapshot))
        .route("/clock", get(server::read_clock).post(server::move_clock))
        .route("/housekeeping", post(server::housekeeping))
        .route("/provision", post(server::provision))
        .route("/base-urls", get(server::base_urls).put(server::set_base_urls))
        .route("/faults", get(requests::list_faults).post(requests::inject_fault).delete(requests::clear_faults))
        .route("/faults/{id}", delete(requests::delete_fault))
        .route("/requests", get(requests::list).delete(requests::clear))
        .route("/mails", get(requests::mails).delete(requests::clear_mails))
        .route("/domains/{domain}/queue", get(queue::read).post(queue::append).delete(queue::clear))
        .route("/domains/{domain}/tokens", post(tokens::mint))
        .route(
            "/domains/{domain}/token-changes",
            get(tokens::changes).put(tokens::set_changes).delete(tokens::clear_changes),
        )
        .route("/domains/{domain}/revoke", post(tokens::revoke))
        .route("/domains/{domain}/expire", post(tokens::expire))
        .route("/domains/{domain}/authorize", post(people::authorize))
        .route("/domains/{domain}/sessions", post(people::log_in))
        .route("/domains/{domain}/interactions", get(people::interactions))
        .route("/domains/{domain}/interactions/{id}", post(people::decide))
        .route(
            "/domains/{domain}/auto-approvals",
            get(people::approvals).put(people::set_approvals).delete(people::clear_approvals),
        )
        .fallback(any(administration))
        .layer(from_fn(body::limited))
        // A page of another site that is open in a browser beside the tests.
        .layer(CsrfLayer::new())
        .layer(from_fn_with_state(control.clone(), hosts::known))
        .layer(from_fn_with_state(control.clone(), problems));
    Router::new()
        .route("/harness/v1/", get(server::card).layer(from_fn_with_state(control.clone(), hosts::known)))
        .nest(CONTROL, own)
        .fallback(front::serve)
        .with_state(control.clone())
}

/// Errors as problem details, as the administration API answers them.
async fn problems(State(control): State<Control>, request: Request, next: Next) -> Response {
    let id = control.app().request_ids.of(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let answer = next.run(request).await;
    if let Some(Cause(cause)) = answer.extensions().get() {
        let (status, cause) = (answer.status().as_u16(), &**cause);
        tracing::error!(path, status, cause, request_id = id, "a request to the control API failed");
    }
    let answer = match answer.status() {
        StatusCode::METHOD_NOT_ALLOWED => {
            OAuthError::method_not_allowed(format!("{method} is not served under this path")).into_response()
        }
        StatusCode::FORBIDDEN if answer.extensions().get::<ErrorCode>().is_none() => {
            OAuthError::new("forbidden", 403, "a page of another site does not steer this server").into_response()
        }
        _ => answer,
    };
    for_programs(&id, answer).await
}

/// Everything of the administration API, as an owner and with any version of what is changed.
async fn administration(State(control): State<Control>, mut request: Request) -> Response {
    let path_and_query = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let Ok(uri) = format!("/api/v1{path_and_query}").parse::<Uri>() else {
        return OAuthError::not_found("the path names nothing that is here").into_response();
    };
    *request.uri_mut() = uri;
    request.extensions_mut().insert(LocalOperator);
    let method = request.method().clone();
    if matches!(method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE)
        && !request.headers().contains_key(IF_MATCH)
    {
        request.headers_mut().insert(IF_MATCH, HeaderValue::from_static("*"));
    }
    let path = request.uri().path().to_owned();
    let mut answer = control.present().answer(request).await;
    if method == Method::DELETE && answer.status().is_success() {
        control.forget_deleted(&path).await;
    }
    // The server has logged it.
    answer.extensions_mut().remove::<Cause>();
    answer
}

/// The domain that a path names.
#[derive(Debug, Deserialize)]
pub struct InDomain {
    pub(super) domain: String,
}
