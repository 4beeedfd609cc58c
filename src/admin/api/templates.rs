//! The templates of a domain: clients that registrants name in `software_id`.

use axum::Json;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::admin::managing::ManagingDomain;
use crate::admin::problem::AnyProblem;
use crate::domains::policies::policies_with_template;
use crate::model::oauth_error::OAuthError;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(list), tags((name = "templates", description = "Clients that registrants name in software_id.")))]
pub struct Description;

/// A template.
#[derive(Debug, Serialize, ToSchema)]
pub struct Template {
    /// What registrants send as `software_id`; the client id does as well.
    slug: String,
    /// The client that is the template.
    client_id: String,
    /// Its name; the slug where it has none.
    client_name: String,
    /// The policies under which it may be named.
    policies: Vec<String>,
}

/// All templates of a domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateList {
    /// By slug.
    items: Vec<Template>,
}

/// All templates of a domain. A client becomes one by its settings.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/templates", tag = "templates", params(("domain" = String, Path, description = "The domain.")), responses((status = 200, body = TemplateList), AnyProblem))]
pub async fn list(at: ManagingDomain) -> Result<Json<TemplateList>, OAuthError> {
    let templates = at.app.store.templates(at.domain.id()).await?;
    let items = templates.into_iter().filter_map(|client| {
        let slug = client.settings.template.clone()?;
        Some(Template {
            policies: policies_with_template(&at.domain, &client),
            client_id: client.client_id.as_str().to_owned(),
            client_name: client.metadata.client_name.unwrap_or_else(|| slug.clone()),
            slug,
        })
    });
    Ok(Json(TemplateList { items: items.collect() }))
}
