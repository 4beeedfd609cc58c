//! The description of the administration API: against the table of routes, against what the source may answer, and as a
//! page that can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use http::{Method, Request};
use registrar::routes::{Surface, routes};
use rstest::rstest;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::{Backend, TestServer};

async fn document(server: &TestServer) -> Value {
    let answer = server.api.get(&format!("{}/api/v1/openapi.json", server.api.base)).await;
    assert_eq!(answer.header("content-type"), "application/json");
    answer.expect(200)
}

/// The methods that a route serves: its handlers are asked by a method that none has, and tell.
async fn served(server: &TestServer, path: &str) -> BTreeSet<String> {
    let route = routes().find(|route| route.path == path).unwrap();
    let handler = (route.handler)().with_state(server.app.clone());
    let request = Request::builder().method("NONE").uri("/").body(axum::body::Body::empty()).unwrap();
    let answer = handler.oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 405);
    let allowed = answer.headers()["allow"].to_str().unwrap().to_ascii_lowercase();
    allowed.split(',').map(str::trim).filter(|method| *method != "head").map(str::to_owned).collect()
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let Some(server) = TestServer::start(Backend::Sqlite).await else { return };
    let document = document(&server).await;
    let described: BTreeMap<&str, BTreeSet<String>> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(path, item)| (path.as_str(), item.as_object().unwrap().keys().cloned().collect()))
        .collect();
    let mut there = BTreeMap::new();
    for route in routes().filter(|route| route.surface == Surface::Management && route.path != "/api/v1/openapi.json") {
        there.insert(route.path, served(&server, route.path).await);
    }
    assert_eq!(described, there);
    assert!(there["/api/v1/domains/{domain}"].contains("patch"), "methods are told apart");
}

#[tokio::test]
async fn operations_are_complete() {
    let Some(server) = TestServer::start(Backend::Sqlite).await else { return };
    let document = document(&server).await;
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["servers"][0]["url"], server.api.base);
    let tags: Vec<&str> = document["tags"].as_array().unwrap().iter().filter_map(|tag| tag["name"].as_str()).collect();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let at = format!("{method} {path}");
            assert!(
                tags.contains(&operation["tags"][0].as_str().unwrap_or_default()),
                "{at} has a tag that is described"
            );
            assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{at} says what it does");
            assert!(["auditor", "editor", "owner"].contains(&operation["x-role"].as_str().unwrap_or_default()), "{at}");
            let mut expected: BTreeSet<&str> =
                path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')).collect();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "path" {
                    assert!(expected.remove(parameter["name"].as_str().unwrap()), "{at}: {parameter}");
                }
                let described = parameter.get("$ref").is_some()
                    || !parameter["description"].as_str().unwrap_or_default().is_empty();
                assert!(described, "{at}: {parameter} says what it does");
            }
            assert!(expected.is_empty(), "{at} leaves out {expected:?}");
            for status in ["401", "403", "429", "500", "503"] {
                assert!(operation["responses"].get(status).is_some(), "{at} may answer {status}");
            }
            let contradicts = operation["responses"].get("409").is_some();
            assert!(method != "get" || !contradicts, "{at}: only changes contradict what is there");
        }
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let Some(server) = TestServer::start(Backend::Sqlite).await else { return };
    let document = document(&server).await;
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 15, "{found:?}");
    for reference in &found {
        assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference} leads nowhere");
    }
}

/// The codes of errors that the code of administration may answer, as they stand in the source.
fn codes_in_source() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // What only the protocol answers is told by its own specifications.
            let protocol = ["oauth", "oidc", "accounts", "registration", "cli"];
            if path.is_dir() && !protocol.iter().any(|name| path.ends_with(Path::new("src").join(name))) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let production = text.split("#[cfg(test)]").next().unwrap();
                for piece in production.split("OAuthError::").skip(1) {
                    let name: String = piece.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                    let code = match name.as_str() {
                        "new" => piece.trim_start_matches("new").trim_start_matches(['(', ' ', '\n']).split('"').nth(1),
                        "unavailable" => Some("temporarily_unavailable"),
                        "changed_since_read" => Some("precondition_failed"),
                        "changed_meanwhile" => Some("conflict"),
                        "not_deleted" => Some("not_found"),
                        name => Some(name),
                    };
                    let after = piece[name.len()..].chars().next();
                    if let Some(code) =
                        code.filter(|code| !code.is_empty() && matches!(after, Some('(' | ')' | ',' | ';')))
                    {
                        codes.insert(code.to_owned());
                    }
                }
            }
        }
    }
    codes
}

#[rstest]
#[tokio::test]
async fn the_page_explains_every_problem_where_its_type_leads(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let answer = server.api.get(&format!("{}/api/v1", server.api.base)).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(!answer.text.contains("<script"), "it is read without script");
    let codes = codes_in_source();
    for known in ["conflict", "forbidden", "precondition_failed", "idempotency_key_reused", "not_found"] {
        assert!(codes.contains(known), "{known} was not found: {codes:?}");
    }
    // Of browsers and of clients, which do not administer.
    let others = [
        "from",
        "into_response",
        "insufficient_scope",
        "cross_site_request",
        "request",
        "unsupported_grant_type",
        "invalid_grant",
        "unauthorized_client",
    ];
    for code in codes.iter().filter(|code| !others.contains(&code.as_str())) {
        assert!(answer.text.contains(&format!("id=\"{code}\"")), "{code} is not explained");
    }
    let problem = server.owner().await.get("/domains/nowhere").await;
    let anchor = problem.json()["type"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    assert!(answer.text.contains(&format!("id=\"{anchor}\"")));
    // A method that is not served says which are (RFC 9110 section 15.5.6).
    let wrong = server.owner().await.send(Method::PUT, "/domains", &[], &Value::Null).await;
    assert_eq!(wrong.header("allow"), "GET,HEAD,POST");
    wrong.expect_problem(405, "method_not_allowed");
}

#[tokio::test]
async fn the_page_shows_every_operation_and_its_links_lead_somewhere() {
    let Some(server) = TestServer::start(Backend::Sqlite).await else { return };
    let document = document(&server).await;
    let page = server.api.get(&format!("{}/api/v1", server.api.base)).await.text;
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(page.contains(&format!("id=\"{id}\"")), "{id} is not on the page");
        }
    }
    let mut ids = BTreeSet::new();
    for id in page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.insert(id), "the id {id} stands twice");
    }
    let links: BTreeSet<&str> = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() > 10);
    for link in links {
        assert!(ids.contains(link), "#{link} leads nowhere");
    }
}
