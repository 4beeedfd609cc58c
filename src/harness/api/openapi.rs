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

/// The whole description, of the server at `base`.
pub fn document(base: &str) -> Value {
    let mut description_of_own = Description::openapi();
    description_of_own.info.contact = None;
    let mut document = serde_json::to_value(&description_of_own).unwrap_or_default();
    document["servers"] = json!([{ "url": base }]);
    let mut administration = description(base, |_| None);
    let paths = administration["paths"].as_object_mut().map(std::mem::take).unwrap_or_default();
    for (path, mut item) in paths {
        let Some(rest) = path.strip_prefix("/api/v1") else { continue };
        without_preconditions(&mut item);
        document["paths"][format!("{CONTROL}{rest}")] = item;
    }
    merge(&mut document["components"], administration["components"].take());
    document["components"].as_object_mut().map(|components| components.remove("securitySchemes"));
    document
}

/// A change means any version here, so the header may be left out.
fn without_preconditions(item: &mut Value) {
    for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
        for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
            if parameter["name"] == "If-Match" {
                parameter["required"] = false.into();
            }
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
        let document = document("http://127.0.0.1:1");
        assert!(document["paths"]["/harness/v1/reset"]["post"].is_object());
        let change = &document["paths"]["/harness/v1/domains/{domain}"]["patch"];
        assert!(change.is_object());
        let demanded = |parameter: &Value| parameter["name"] == "If-Match" && parameter["required"] == true;
        assert!(!change["parameters"].as_array().unwrap().iter().any(demanded));
        assert!(document["components"]["schemas"]["Problem"].is_object());
        assert!(document["components"].get("securitySchemes").is_none());
    }
}
