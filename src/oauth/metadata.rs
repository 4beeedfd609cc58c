//! The discovery document (RFC 8414, OpenID Connect Discovery 1.0): assembled from the tables that serve what it says.

use aws_lc_rs::digest;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::client_auth::METHODS;
use super::grants::GRANT_NAMES;
use super::request::InDomain;
use crate::model::random::encode;
use crate::model::registration::rules::assertion_algorithms;
use crate::model::signing_key::SigningAlgorithm;
use crate::model::user::{OTHER_CLAIMS, PROFILE_CLAIMS};
use crate::tokens::id_token::PROTOCOL_CLAIMS;

/// `GET` on every well-known path of a domain: the same document.
pub async fn metadata(at: InDomain, headers: HeaderMap) -> Response {
    at.app.trace.discovered(at.domain.id(), at.caller.source());
    let base = at.app.base_url_of(&headers);
    let varies = !at.app.settings.extra_base_urls.0.is_empty();
    let render = || tagged(document(&at, base).to_string());
    let document =
        if base == at.app.public_url.as_str() { at.domain.discovery.get_or_init(render).clone() } else { render() };
    cacheable(&headers, document, varies)
}

/// The document. The issuer is always the public one; the endpoints stand under the base URL that was asked.
fn document(at: &InDomain, base: &str) -> Value {
    let base = format!("{base}/{}", at.domain.domain.name);
    // People reach the server by its public name only: their cookie is bound to that.
    let browser = format!("{}/{}", at.app.public_url.as_str(), at.domain.domain.name);
    let algorithms: Vec<&str> = SigningAlgorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
    let methods = |proven_only: bool| -> Vec<&str> {
        METHODS.iter().filter(|method| method.proves || !proven_only).map(|method| method.name).collect()
    };
    let assertions: Vec<&str> = METHODS.iter().flat_map(|method| assertion_algorithms(method.name)).copied().collect();
    let scopes: Vec<&str> =
        at.domain.scopes.iter().filter(|scope| !scope.hidden).map(|scope| scope.name.as_str()).collect();
    let mut document = json!({
        "issuer": at.issuer(),
        "token_endpoint": format!("{base}/oauth/token"),
        "token_endpoint_auth_methods_supported": methods(false),
        "token_endpoint_auth_signing_alg_values_supported": assertions,
        "userinfo_endpoint": format!("{base}/oidc/userinfo"),
        "end_session_endpoint": format!("{browser}/oidc/logout"),
        "jwks_uri": format!("{base}/oidc/.well-known/jwks.json"),
        "registration_endpoint": format!("{base}/oidc/register"),
        // Not in any specification: gateways read it; the colon placeholder is theirs.
        "registration_renew_secret_endpoint": format!("{base}/oidc/register/:client_id/renew_secret"),
        "introspection_endpoint": format!("{base}/oauth/introspect"),
        "introspection_endpoint_auth_methods_supported": methods(true),
        "introspection_endpoint_auth_signing_alg_values_supported": assertions,
        "revocation_endpoint": format!("{base}/oauth/revoke"),
        "revocation_endpoint_auth_methods_supported": methods(false),
        "revocation_endpoint_auth_signing_alg_values_supported": assertions,
        "grant_types_supported": GRANT_NAMES,
        // Required members (RFC 8414 §2, OIDC Discovery §3): what a client may register.
        "response_types_supported": ["code"],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": algorithms,
        "userinfo_signing_alg_values_supported": algorithms,
        "claims_supported": claims(),
        // The last of these would count as supported if it were left out (OIDC Discovery §3).
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    });
    for (name, value) in about_authorization(at) {
        document[name] = value;
    }
    if at.find_in().documents {
        document["client_id_metadata_document_supported"] = true.into();
    }
    if !scopes.is_empty() {
        document["scopes_supported"] = json!(scopes);
    }
    if at.domain.policies.iter().any(|policy| !policy.rules.templates.is_empty()) {
        document["registration_templates_endpoint"] = format!("{base}/oidc/register_templates").into();
    }
    document
}

/// What the authorization endpoint serves. It stands under the public base URL, whoever asks: people's browsers go there.
fn about_authorization(at: &InDomain) -> [(&'static str, Value); 5] {
    let base = format!("{}/{}", at.app.public_url, at.domain.domain.name);
    [
        ("authorization_endpoint", format!("{base}/oauth/authorize").into()),
        ("response_modes_supported", json!(["query", "form_post"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("authorization_response_iss_parameter_supported", true.into()),
        ("prompt_values_supported", json!(["none", "login", "consent", "select_account", "create"])),
    ]
}

/// The claims that ID tokens and userinfo answers may hold.
fn claims() -> Vec<&'static str> {
    PROTOCOL_CLAIMS.iter().chain(PROFILE_CLAIMS).chain(OTHER_CLAIMS).copied().collect()
}

/// A document with its entity tag.
pub fn tagged(document: String) -> (Bytes, String) {
    let hash = digest::digest(&digest::SHA256, document.as_bytes());
    (document.into(), format!("\"{}\"", encode(&hash.as_ref()[..12])))
}

/// A public JSON document that may be kept for five minutes; `If-None-Match` is answered with 304.
pub fn cacheable(request: &HeaderMap, (body, tag): (Bytes, String), varies_by_host: bool) -> Response {
    let known = request.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, "application/json")], body).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    if varies_by_host {
        headers.insert(VARY, HeaderValue::from_static("Host"));
    }
    response
}
