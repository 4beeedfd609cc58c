//! What describes the administration API: an OpenAPI 3.1 document, and a page for people.

use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::api::{administrators, api_tokens, domains};

/// The description of every route of the API, put together from those beside the handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Registrar administration API",
        description = "Everything the console does. Send an API token: Authorization: Bearer adm_...",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&ApiTokens),
    security(("api_token" = [])),
)]
struct Description;

struct ApiTokens;

impl Modify for ApiTokens {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("adm_ and 43 characters")
            .description(Some("An API token, made in the console, by `registrar api-token create` or by this API."))
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("api_token", SecurityScheme::Http(scheme));
    }
}

/// The whole description: one part per file of the API.
pub fn description() -> utoipa::openapi::OpenApi {
    let mut whole = Description::openapi();
    for part in
        [domains::Description::openapi(), administrators::Description::openapi(), api_tokens::Description::openapi()]
    {
        whole.merge(part);
    }
    whole
}

/// `GET /api/v1/openapi.json`
pub async fn document() -> Response {
    let document = description().to_json().unwrap_or_default();
    ([(CONTENT_TYPE, "application/json")], document).into_response()
}

/// `GET /api/v1`
pub async fn page() -> Response {
    document().await
}
