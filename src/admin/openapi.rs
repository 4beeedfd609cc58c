//! What describes the administration API: an OpenAPI 3.1 document, and a page for people made from it.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, VARY};
use serde_json::{Map, Value, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses as _, Modify, OpenApi};

use super::admit::Needs;
use super::api;
use super::problem::{AnyProblem, ChangeProblem};
use super::reference;
use crate::app::App;
use crate::model::oauth_error::OAuthError;
use crate::pages::Page as _;

/// The description of every route of the API, put together from those beside the handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Registrar administration API",
        description = "Everything the console does. Send an API token: `Authorization: Bearer adm_...`. Times are Unix seconds. Errors are problem details (RFC 9457); `type` leads to their explanation. What may be changed by several has an `ETag`: a change sends it back in `If-Match`, and nothing is overwritten unseen. A POST may carry an `Idempotency-Key`: sent again, it is answered as the first time. Every answer names the request in `X-Request-Id`, as logs and the audit log do.",
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

/// One part per file of the API, in the order of the page.
#[rustfmt::skip]
const PARTS: &[fn() -> utoipa::openapi::OpenApi] = &[
    api::domains::Description::openapi,
    api::logo::Description::openapi,
    api::clients::Description::openapi,
    api::client_list::Description::openapi,
    api::client_steps::Description::openapi,
    api::client_secrets::Description::openapi,
    api::client_registration::Description::openapi,
    api::scopes::Description::openapi,
    api::policies::Description::openapi,
    api::dry_run::Description::openapi,
    api::templates::Description::openapi,
    api::initial_access_tokens::Description::openapi,
    api::resources::Description::openapi,
    api::resource_access::Description::openapi,
    api::users::Description::openapi,
    api::user_access::Description::openapi,
    api::keys::Description::openapi,
    api::statistics::Description::openapi,
    api::traces::Description::openapi,
    api::audit::Description::openapi,
    api::administrators::Description::openapi,
    api::api_tokens::Description::openapi,
];

/// The names of the answers that many operations share.
const SHARED: &[(&str, &str)] = &[
    ("400", "Malformed"),
    ("401", "Unauthenticated"),
    ("403", "Forbidden"),
    ("404", "NotFound"),
    ("409", "Conflict"),
    ("412", "Stale"),
    ("413", "TooLarge"),
    ("415", "NotJson"),
    ("422", "OtherRequest"),
    ("428", "PreconditionRequired"),
    ("429", "TooMany"),
    ("500", "ServerError"),
    ("503", "Unavailable"),
];

/// What segments of paths are, where an operation does not say it.
const SEGMENTS: &[(&str, &str)] = &[
    ("domain", "The domain's name."),
    ("administrator_id", "The administrator."),
    ("session_id", "The session."),
    ("token_id", "The API token."),
    ("client_id", "The client."),
    ("secret_id", "The secret."),
    ("user_id", "The user."),
    ("resource_id", "The resource."),
    ("scope", "The scope's name."),
    ("policy", "The policy's name."),
    ("id", "Its identifier."),
];

/// The methods that operations have.
pub(super) const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What the table of routes says of the one with this path.
pub type NeedsOf = fn(&str) -> Option<Needs>;

/// The whole description, of the server at `base`; `needs_of` knows what each path takes.
pub fn description(base: &str, needs_of: NeedsOf) -> Value {
    let mut whole = Description::openapi();
    whole.info.contact = None;
    for part in PARTS {
        whole.merge(part());
    }
    let mut document = serde_json::to_value(&whole).unwrap_or_default();
    document["servers"] = json!([{ "url": base }]);
    share(&mut document["components"]);
    let shared = shared_answers();
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            let versioned = METHODS.iter().any(|method| names_if_match(&item[*method]));
            for method in METHODS {
                let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) else { continue };
                complete(operation, (method, path), versioned, &shared);
                if let Some(needs) = needs_of(path) {
                    let method = method.to_ascii_uppercase().parse().unwrap_or_default();
                    operation.insert("x-role".to_owned(), needs.of(&method).as_str().into());
                }
            }
        }
    }
    document
}

/// What operations refer to: headers, the idempotency key, the answers that are errors.
fn share(components: &mut Value) {
    let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    components["headers"] = json!({
        "ETag": text("Names the version of what was read; send it back in If-Match."),
        "Location": text("Where what was made is found."),
        "X-Request-Id": text("The request, as logs and the audit log name it."),
        "WWW-Authenticate": text("How to authenticate (RFC 6750)."),
        "Retry-After": { "description": "In how many seconds to try again.", "schema": { "type": "integer", "minimum": 0 } },
    });
    components["parameters"] = json!({ "Idempotency-Key": {
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "A text of one's own, new for each request that is meant: sent again with it, the request is not done twice but answered as the first time, for a day.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$" },
    }});
    let mut responses = Map::new();
    for (status, answer) in shared_answers() {
        let name = SHARED.iter().find(|(known, _)| *known == status).map_or("", |(_, name)| name);
        responses.insert(name.to_owned(), answer);
    }
    for (name, headers) in
        [("Unauthenticated", "WWW-Authenticate"), ("TooMany", "Retry-After"), ("Unavailable", "Retry-After")]
    {
        responses[name]["headers"][headers] = header(headers);
    }
    for answer in responses.values_mut() {
        answer["headers"]["X-Request-Id"] = header("X-Request-Id");
        let problem = &mut answer["content"]["application/problem+json"]["schema"];
        if problem.get("$ref").is_none() {
            components["schemas"]["Problem"] = problem.take();
            *problem = json!({ "$ref": "#/components/schemas/Problem" });
        }
    }
    components["responses"] = responses.into();
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// The answers that are errors, by their status, as operations describe them.
fn shared_answers() -> Map<String, Value> {
    let all = AnyProblem::responses().into_iter().chain(ChangeProblem::responses());
    let mut answers: Map<String, Value> =
        all.map(|(status, answer)| (status, serde_json::to_value(answer).unwrap_or_default())).collect();
    let mut failed = answers.get("503").cloned().unwrap_or_default();
    failed["description"] =
        "The server failed; the request may be tried again, a POST with its idempotency key.".into();
    answers.insert("500".to_owned(), failed);
    answers
}

fn names_if_match(operation: &Value) -> bool {
    operation["parameters"].as_array().is_some_and(|all| all.iter().any(|parameter| parameter["name"] == "If-Match"))
}

/// Gives an operation a name that no other has, and what every operation has in common.
fn complete(
    operation: &mut Map<String, Value>,
    (method, path): (&str, &str),
    versioned: bool,
    shared: &Map<String, Value>,
) {
    let tag = operation.get("tags").and_then(|tags| tags[0].as_str()).unwrap_or_default().replace(['-', ' '], "_");
    let own = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
    let part = path.rsplit('/').find(|segment| !segment.starts_with('{')).unwrap_or_default().replace('-', "_");
    let name = if tag == part || own.contains(&part) { format!("{tag}_{own}") } else { format!("{tag}_{part}_{own}") };
    operation.insert("operationId".to_owned(), name.into());
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let named = |(name, _): &&(&str, &str)| parameter["name"] == *name;
        let words = SEGMENTS.iter().find(named).map(|(_, words)| *words);
        if let Some(words) = words.filter(|_| parameter["description"].as_str().is_none_or(str::is_empty)) {
            parameter["description"] = words.into();
        }
    }
    if method == "post" {
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(json!({ "$ref": "#/components/parameters/Idempotency-Key" }));
        }
    }
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    responses.insert("500".to_owned(), shared.get("500").cloned().unwrap_or_default());
    for (status, answer) in responses {
        if shared.get(status) == Some(answer) {
            let name = SHARED.iter().find(|(known, _)| known == status).map_or("", |(_, name)| name);
            *answer = json!({ "$ref": format!("#/components/responses/{name}") });
            continue;
        }
        if answer["description"].as_str().is_none_or(str::is_empty) {
            answer["description"] = if status == "201" { "It was made." } else { "As asked for." }.into();
        }
        answer["headers"]["X-Request-Id"] = header("X-Request-Id");
        let representation = matches!(method, "get" | "put" | "patch") && status.starts_with('2');
        if (representation && versioned && status != "204") || status == "201" {
            answer["headers"]["ETag"] = header("ETag");
        }
        if status == "201" {
            answer["headers"]["Location"] = header("Location");
        }
    }
}

/// `GET /api/v1/openapi.json`
pub async fn document(app: State<App>, headers: HeaderMap, needs_of: NeedsOf) -> Response {
    let document = description(app.base_url_of(&headers), needs_of).to_string();
    ([(CONTENT_TYPE, "application/json"), (VARY, "Host")], document).into_response()
}

/// `GET /api/v1`
pub async fn page(app: State<App>, headers: HeaderMap, needs_of: NeedsOf) -> Result<Response, OAuthError> {
    let base = app.base_url_of(&headers);
    let page = reference::page(base, &description(base, needs_of));
    Ok(([(CONTENT_TYPE, "text/html; charset=utf-8"), (VARY, "Host")], page.html()).into_response())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_two_parts_describe_different_things_under_one_name() {
        let mut known: BTreeMap<String, Value> = BTreeMap::new();
        for part in PARTS {
            for (name, schema) in part().components.unwrap_or_default().schemas {
                let schema = serde_json::to_value(schema).unwrap();
                let first = known.entry(name.clone()).or_insert_with(|| schema.clone());
                assert_eq!(*first, schema, "two schemas are called {name}: the document would keep one of them");
            }
        }
    }

    #[test]
    fn operations_have_names_of_their_own_and_refer_to_what_they_share() {
        let document = description("https://id.example", |_| Some(Needs::IN_DOMAIN));
        let mut names: Vec<&Value> = Vec::new();
        for item in document["paths"].as_object().unwrap().values() {
            for operation in METHODS.iter().filter_map(|method| item.get(*method)) {
                names.push(&operation["operationId"]);
                assert_eq!(operation["responses"]["401"]["$ref"], "#/components/responses/Unauthenticated");
            }
        }
        let count = names.len();
        names.sort_by_key(ToString::to_string);
        names.dedup();
        assert_eq!(names.len(), count);
        assert_eq!(document["paths"]["/api/v1/domains/{domain}/keys/rotate"]["post"]["x-role"], "editor");
        assert!(document["info"].get("contact").is_none());
    }
}
