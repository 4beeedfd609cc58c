//! The description of the control API (OpenAPI 3.1): its own operations, and those of the administration API, which it
//! serves without a token.

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{people, queue, requests, server, tokens};
use crate::admin::openapi::description;
use crate::harness::CONTROL;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Registrar harness",
        description = "Steers a throw-away server. Nobody is asked who they are. Times are Unix seconds, spans are seconds. Errors are problem details (RFC 9457). Everything of the administration API is here as well, without a token and without If-Match.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        server::card,
        server::reset,
        server::list_snapshots,
        server::take_snapshot,
        server::restore_snapshot,
        server::delete_snapshot,
        server::read_clock,
        server::move_clock,
        server::housekeeping,
        server::provision,
        server::base_urls,
        server::set_base_urls,
        requests::list_faults,
        requests::inject_fault,
        requests::clear_faults,
        requests::delete_fault,
        requests::list,
        requests::clear,
        requests::mails,
        requests::clear_mails,
        queue::read,
        queue::append,
        queue::clear,
        tokens::mint,
        tokens::changes,
        tokens::set_changes,
        tokens::clear_changes,
        tokens::revoke,
        tokens::expire,
        people::authorize,
        people::log_in,
        people::interactions,
        people::decide,
        people::approvals,
        people::set_approvals,
        people::clear_approvals,
    )
)]
struct Description;

/// What goes wrong with operations of the control API's own.
const ERRORS: &[(&str, &str)] = &[
    ("400", "A member, a parameter or the text is not what it must be: the detail names it and the rule."),
    ("403", FORBIDDEN),
    ("404", "There is no such thing."),
    ("413", "The body is too large."),
    ("415", "The body is of another media type than is taken here."),
    ("422", "It was understood and cannot be."),
    ("500", "The server failed; its log has the cause under the request_id."),
];

/// Who is refused: nobody is asked who they are.
const FORBIDDEN: &str = "A page of another site asks, or the Host header names neither this machine nor a base URL.";

/// Answers of the administration API about its tokens and about `If-Match`, which nobody needs here.
const NEVER: &[(&str, &str)] = &[("401", "Unauthenticated"), ("428", "PreconditionRequired"), ("429", "TooMany")];

/// The whole description, of the server that is steered at `control_url`.
pub fn document(control_url: &str) -> Value {
    let base = control_url.strip_suffix(CONTROL).unwrap_or(control_url);
    let mut description_of_own = Description::openapi();
    description_of_own.info.contact = None;
    let mut document = serde_json::to_value(&description_of_own).unwrap_or_default();
    document["servers"] = json!([{ "url": base }]);
    join(&mut document["components"]["schemas"]);
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            with_errors(operation, (method.as_str(), path.as_str()));
        }
    }
    let mut administration = description(base, |_| None);
    let paths = administration["paths"].as_object_mut().map(std::mem::take).unwrap_or_default();
    for (path, mut item) in paths {
        let Some(rest) = path.strip_prefix("/api/v1") else { continue };
        without_credentials(&mut item);
        document["paths"][format!("{CONTROL}{rest}")] = item;
    }
    merge(&mut document["components"], administration["components"].take());
    document["components"].as_object_mut().map(|components| components.remove("securitySchemes"));
    let responses = &mut document["components"]["responses"];
    responses["Forbidden"]["description"] = FORBIDDEN.into();
    if let Some(responses) = responses.as_object_mut() {
        responses.retain(|name, _| NEVER.iter().all(|(_, never)| name != never));
    }
    document
}

/// What is made of several parts is described as one: each part alone would forbid the members of the others.
fn join(schemas: &mut Value) {
    let Some(schemas) = schemas.as_object_mut() else { return };
    let parts = schemas.clone();
    for schema in schemas.values_mut() {
        if let Some(whole) = joined(schema, &parts) {
            *schema = whole;
        }
    }
}

fn joined(schema: &Value, parts: &Map<String, Value>) -> Option<Value> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for part in schema["allOf"].as_array()? {
        let named = part["$ref"].as_str().and_then(|pointer| parts.get(pointer.rsplit('/').next()?));
        let part = named.unwrap_or(part);
        properties.extend(part["properties"].as_object()?.clone());
        required.extend(part["required"].as_array().into_iter().flatten().cloned());
    }
    let mut whole = json!({ "type": "object", "properties": properties, "required": required });
    if let Some(description) = schema.get("description") {
        whole["description"] = description.clone();
    }
    Some(whole)
}

/// Says of an operation in which ways it is refused.
fn with_errors(operation: &mut Value, (method, path): (&str, &str)) {
    let takes_body = matches!(method, "post" | "put" | "patch");
    let mut parameters = operation["parameters"].as_array().into_iter().flatten();
    let takes_query = parameters.any(|parameter| parameter["in"] == "query");
    let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, description) in ERRORS {
        let comes = match *status {
            "400" => takes_body || takes_query,
            "404" => path.contains('{'),
            "413" | "415" => takes_body,
            "422" => false,
            _ => true,
        };
        if !comes && !answers.contains_key(*status) {
            continue;
        }
        let said = answers.get(*status).and_then(|answer| answer["description"].as_str());
        let description = said.filter(|said| !said.is_empty()).unwrap_or(description);
        let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
        let answer = json!({ "description": description, "content": { "application/problem+json": problem } });
        answers.insert((*status).to_owned(), answer);
    }
}

/// Nobody needs a token here; and a change means any version, so the header may be left out.
fn without_credentials(item: &mut Value) {
    for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            if parameter["name"] == "If-Match" {
                parameter["required"] = false.into();
            }
        }
        if let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            answers.retain(|status, _| NEVER.iter().all(|(never, _)| status != never));
        }
    }
}

fn merge(into: &mut Value, from: Value) {
    let Value::Object(from) = from else { return };
    for (kind, things) in from {
        let Value::Object(things) = things else { continue };
        for (name, thing) in things {
            let known = &mut into[&kind][&name];
            if known.is_null() {
                *known = thing;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn administration_is_described_as_it_is_served_here() {
        let document = document("http://127.0.0.1:1/harness/v1");
        assert_eq!(document["servers"][0]["url"], "http://127.0.0.1:1");
        assert!(document["paths"]["/harness/v1/reset"]["post"].is_object());
        let change = &document["paths"]["/harness/v1/domains/{domain}"]["patch"];
        assert!(change.is_object());
        let demanded = |parameter: &Value| parameter["name"] == "If-Match" && parameter["required"] == true;
        assert!(!change["parameters"].as_array().unwrap().iter().any(demanded));
        assert!(document["components"]["schemas"]["Problem"].is_object());
        assert!(document["components"].get("securitySchemes").is_none());
        let answers = change["responses"].as_object().unwrap();
        assert!(answers.contains_key("412") && !answers.contains_key("401") && !answers.contains_key("428"));
    }

    #[test]
    fn every_operation_says_how_it_is_refused() {
        let document = document("http://127.0.0.1:1/harness/v1");
        let refused = |path: &str, method: &str, status: &str| {
            let answer = &document["paths"][format!("/harness/v1{path}")][method]["responses"][status];
            answer["content"]["application/problem+json"]["schema"]["$ref"] == "#/components/schemas/Problem"
        };
        for (path, method, statuses) in [
            ("/reset", "post", &["400", "403", "413", "415"][..]),
            ("/requests", "get", &["400", "403"][..]),
            ("/provision", "post", &["400", "413", "415", "422"][..]),
            ("/domains/{domain}/authorize", "post", &["400", "404", "422"][..]),
            ("/faults/{id}", "delete", &["403", "404"][..]),
        ] {
            for status in statuses {
                assert!(refused(path, method, status), "{method} {path} {status}");
            }
        }
        assert!(document["paths"]["/harness/v1/clock"]["get"]["responses"].get("404").is_none());
    }

    #[test]
    fn a_fault_as_it_is_answered_fits_its_description() {
        let document = document("http://127.0.0.1:1/harness/v1");
        let fault = &document["components"]["schemas"]["WaitingFault"];
        assert!(fault.get("allOf").is_none() && fault["required"].as_array().unwrap().contains(&"id".into()));
        for member in ["id", "endpoint", "status", "times", "when"] {
            assert!(fault["properties"].get(member).is_some(), "{member}");
        }
    }
}
