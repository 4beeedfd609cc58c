//! The templates that a registrant may name in `software_id`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::access::registrant;
use crate::model::oauth_error::OAuthError;
use crate::oauth::bearer::missing;
use crate::oauth::request::InDomain;
use crate::ops::security_headers::no_store;

/// `GET /{domain}/oidc/register_templates`: those that the caller's policy lists. Never without a token.
pub async fn templates(at: InDomain, headers: HeaderMap) -> Result<Response, OAuthError> {
    if !headers.contains_key(AUTHORIZATION) {
        return Err(missing("the list of templates needs a token that may register"));
    }
    let access = registrant(&at, &headers, &mut at.caller.actor("unauthenticated".to_owned())).await?;
    let listed = &access.policy.rules.templates;
    let templates = at.app.store.templates(at.domain.id()).await?;
    let shown: Vec<Value> = templates
        .iter()
        .filter_map(|template| {
            let slug = template.settings.template.as_deref()?;
            let named = listed.iter().any(|own| own == slug || own == template.client_id.as_str());
            named.then(|| {
                let name = template.metadata.client_name.as_deref().unwrap_or(slug);
                json!({ "software_id": slug, "client_name": name })
            })
        })
        .collect();
    let mut response = Json(shown).into_response();
    no_store(response.headers_mut());
    Ok(response)
}
