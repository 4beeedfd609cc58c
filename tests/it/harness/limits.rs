//! What the control API takes and what it refuses, and that it says why.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::Thrown;
use crate::support::Answer;

async fn provision(server: &Thrown, kind: &str, file: &str) -> Answer {
    let url = format!("{}/harness/v1/provision", server.api.base);
    let headers = [("content-type", kind)];
    let headers = if kind.is_empty() { &[][..] } else { &headers[..] };
    server.api.send(Method::POST, &url, headers, file.to_owned()).await
}

#[tokio::test]
async fn a_provisioning_file_is_done_as_a_whole_or_not_at_all() {
    let server = Thrown::start().await;
    let toml = "application/toml";
    let whole = "[[domain]]\nname = 'shop'\n[[domain.user]]\nusername = 'ada'\n";
    let wrong = format!("{whole}[[domain.user]]\nusername = 'eve'\nemail = 'no address'\n");
    let token = server.api.token(&server.gateway, "dcr_admin").await;
    server.post("/faults", json!({ "endpoint": "jwks", "drop": true })).await;
    let told = provision(&server, toml, &wrong).await.expect_problem(422, "invalid_request");
    assert!(told.contains("eve"), "{told}");
    server.control(Method::GET, "/domains/shop", &Value::Null).await.expect_problem(404, "not_found");
    // Nothing else is lost by it.
    assert!(server.is_active(&token).await);
    assert_eq!(server.get("/faults").await["items"].as_array().unwrap().len(), 1);
    provision(&server, toml, "[[domain]\n").await.expect_problem(400, "invalid_request");
    provision(&server, toml, "").await.expect_problem(400, "invalid_request");
    provision(&server, "", "").await.expect_problem(400, "invalid_request");
    for kind in ["text/plain", "application/json", "application/x-www-form-urlencoded", ""] {
        provision(&server, kind, whole).await.expect_problem(415, "unsupported_media_type");
    }
    provision(&server, toml, whole).await.expect(200);
    assert_eq!(server.get("/domains/shop/users").await["items"][0]["username"], "ada");
}

#[tokio::test]
async fn a_secret_in_a_pipe_holds_nobody_up() {
    let server = Thrown::start().await;
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), std::path::Path::new("/dev/zero")] {
        let file = format!(
            "[[domain]]\nname = 'main'\n[[domain.user]]\nusername = 'ada'\npassword = {{ file = '{}' }}\n",
            path.display()
        );
        let told = tokio::time::timeout(Duration::from_secs(20), provision(&server, "application/toml", &file));
        let told = told.await.unwrap().expect_problem(422, "invalid_request");
        assert!(told.contains("password") && told.contains("not a regular file"), "{told}");
    }
    server.get("/clock").await;
}

#[tokio::test]
async fn a_body_without_an_end_is_refused() {
    let server = Thrown::start().await;
    let long = format!("{{\"note\": \"{}\"}}", "x".repeat(4 * 1024 * 1024));
    let headers = [("content-type", "application/json")];
    let url = format!("{}/harness/v1/clock", server.api.base);
    server.api.send(Method::POST, &url, &headers, long).await.expect_problem(413, "request_too_large");
    // The administration API has a limit of its own.
    let long = format!("{{\"name\": \"{}\"}}", "x".repeat(300 * 1024));
    let url = format!("{}/harness/v1/domains", server.api.base);
    server.api.send(Method::POST, &url, &headers, long).await.expect_problem(413, "request_too_large");
}

/// What the server answers to bytes as they are.
fn raw(server: &Thrown, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.harness.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_be_read_is_nobodys() {
    let server = Thrown::start().await;
    for host in [&b"evil\xff.example"[..], b"a b", b"127.0.0.1\r\nHost: evil.example"] {
        let request = [b"GET /harness/v1 HTTP/1.1\r\nConnection: close\r\nHost: ", host, b"\r\n\r\n"].concat();
        let answer = raw(&server, &request);
        assert!(!answer.starts_with("HTTP/1.1 200"), "{host:?}: {answer}");
    }
    let answer = raw(&server, b"GET /harness/v1 HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn what_is_refused_is_told_by_its_member() {
    let server = Thrown::start().await;
    let changes = "/domains/main/token-changes";
    for (method, path, body, told) in [
        (Method::PUT, changes, json!({ "items": [{ "flaw": "expired" }, { "flaw": "odd" }] }), "items[1].flaw: "),
        (Method::PUT, changes, json!({ "items": [{ "oops": 1 }] }), "items[0]: unknown field"),
        (Method::PUT, changes, json!({ "items": [{}] }), "items[0]: needs claims"),
        (Method::PUT, changes, json!({ "items": [{ "flaw": "expired", "times": 0 }] }), "items[0].times: "),
        (Method::PUT, "/domains/main/auto-approvals", json!({ "items": [{ "user": 5 }] }), "items[0].user: "),
        (Method::POST, "/domains/main/tokens", json!({ "resource": 5 }), "resource: must be a text or a list"),
        (Method::POST, "/clock", json!({ "advance": i64::MAX }), "advance: must be -"),
        (Method::POST, "/clock", json!({ "set": i64::MIN }), "set: must be -"),
        (Method::POST, "/reset", json!({ "oops": 1 }), "unknown field `oops`"),
        (Method::POST, "/snapshots", json!({ "oops": 1 }), "unknown field `oops`"),
        (Method::POST, "/snapshots/x/restore", json!({ "oops": 1 }), "unknown field `oops`"),
        (Method::POST, "/housekeeping", json!({ "oops": 1 }), "unknown field `oops`"),
        (Method::POST, "/faults", json!({ "drop": true, "method": "FETCH" }), "method: "),
        (Method::POST, "/faults", json!({ "drop": true, "times": 0 }), "times: "),
    ] {
        let detail = server.control(method, path, &body).await.expect_problem(400, "invalid_request");
        assert!(detail.starts_with(told), "{path} {body}: {detail}");
    }
    server.post("/housekeeping", json!({})).await;
    for filter in ["count=2&limit=1", "count=1001", "count=0", "limit=0"] {
        let detail = server.control(Method::GET, &format!("/requests?{filter}"), &Value::Null).await;
        let detail = detail.expect_problem(400, "invalid_request");
        assert!(detail.starts_with("count: ") || detail.starts_with("limit: "), "{filter}: {detail}");
    }
}

#[tokio::test]
async fn the_description_names_where_the_control_api_is() {
    let server = Thrown::start().await;
    server.put("/base-urls", json!({ "public_url": "http://registrar.test:9" })).await;
    let document = server.get("/openapi.json").await;
    assert_eq!(document["servers"][0]["url"], server.api.base);
    assert_eq!(
        document["paths"]["/harness/v1/provision"]["post"]["responses"]["415"]["content"]["application/problem+json"]["schema"]
            ["$ref"],
        "#/components/schemas/Problem"
    );
}
