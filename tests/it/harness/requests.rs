//! What is recorded of requests, and what rules see of them.

use http::Method;
use serde_json::{Value, json};

use super::Thrown;
use crate::support::claims;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn a_record_has_every_value_and_says_what_was_cut() {
    let server = Thrown::start().await;
    assert_eq!(server.get("/requests").await, json!({ "items": [], "complete": false, "last": 0 }));
    let url = server.api.url("/oauth/token");
    let form = format!("grant_type=x&resource=a&resource=b&{}", "n=1&".repeat(300_000));
    server.api.send(Method::POST, &url, &[FORM], form).await;
    server.api.send(Method::POST, &url, &[FORM], "grant_type=x&resource=a&resource=b").await;
    server.api.get(&format!("{}/healthz", server.api.base)).await;
    let seen = server.get("/requests").await;
    let items = seen["items"].as_array().unwrap();
    assert_eq!((items.len(), &seen["last"], items[0]["id"].as_u64()), (3, &json!(3), Some(1)));
    assert_eq!((&items[0]["truncated"], items[0]["body"].as_str().unwrap().len()), (&json!(true), 64 * 1024));
    assert!(items[0]["parameters"]["n"].as_array().unwrap().len() < 1_000);
    assert_eq!(items[1]["parameters"], json!({ "grant_type": "x", "resource": ["a", "b"] }));
    assert_eq!((&items[1]["truncated"], &items[1]["domain"]), (&json!(false), &json!("main")));
    assert_eq!(items[2].get("domain"), None, "{}", items[2]);
    server.delete("/requests").await;
    assert_eq!(server.get("/requests").await["last"], 3);
}

#[tokio::test]
async fn rules_see_every_value_and_whoever_an_assertion_speaks_of() {
    let server = Thrown::start().await;
    let fault = json!({ "when": { "resource": "b" }, "status": 418, "times": null });
    server.post("/faults", fault).await;
    let assertion = server.mint(json!({ "claims": { "sub": "robot", "iss": "robot" } })).await;
    server.post("/faults", json!({ "when": { "client_id": "robot" }, "status": 419 })).await;
    let url = server.api.url("/oauth/token");
    for (form, status) in [
        ("resource=a&resource=b".to_owned(), 418),
        ("resource=b&resource=a".to_owned(), 418),
        ("resource=a".to_owned(), 401),
        (format!("client_assertion={assertion}"), 419),
    ] {
        let answer = server.api.send(Method::POST, &url, &[FORM], form.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{form}: {}", answer.text);
    }
    assert_eq!(server.get("/requests?client_id=robot").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_asks_before_sending_is_seen_as_well() {
    let server = Thrown::start().await;
    let changes = json!({ "items": [{ "when": { "grant_type": "client_credentials" }, "claims": { "seen": true } }] });
    server.put("/domains/main/token-changes", changes).await;
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        server.gateway.id, server.gateway.secret
    );
    let output = tokio::process::Command::new("curl")
        .args(["-s", "--max-time", "20", "-H", "Expect: 100-continue", "-d", &form, &server.api.url("/oauth/token")])
        .output()
        .await
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(claims(told["access_token"].as_str().unwrap())["seen"], true, "{told}");
    let seen = server.get("/requests?endpoint=token").await;
    assert_eq!(seen["items"][0]["parameters"]["grant_type"], "client_credentials", "{seen}");
    // So much that the server would not have it: it says so before anything is sent.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long");
    std::fs::write(&file, vec![b'x'; 2 * 1024 * 1024]).unwrap();
    let output = tokio::process::Command::new("curl")
        .args(["-s", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code} %{size_upload}"])
        .args(["-H", "Expect: 100-continue", "--expect100-timeout", "10", "--data-binary"])
        .arg(format!("@{}", file.display()))
        .arg(server.api.url("/oauth/token"))
        .output()
        .await
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "413 0");
}

#[tokio::test]
async fn a_fault_does_what_it_says_or_waits_for_a_request_where_it_can() {
    let server = Thrown::start().await;
    // A redirect has nothing to cut in half; the next answer has.
    server.post("/faults", json!({ "domain": "main", "malform": true })).await;
    assert_eq!(server.api.get(&server.api.url("/account")).await.status, 303);
    assert_eq!(server.get("/faults").await["items"].as_array().unwrap().len(), 1);
    let keys = server.api.get(&server.api.url("/oidc/.well-known/jwks.json")).await;
    assert!(serde_json::from_str::<Value>(&keys.text).is_err(), "{}", keys.text);
    assert_eq!(server.get("/faults").await["items"], json!([]));
    // A page of one's own stays as it is.
    let page = "<html><body>away</body></html>";
    let fault = json!({ "endpoint": "login", "status": 503, "headers": { "content-type": "text/html" }, "body": page });
    server.post("/faults", fault).await;
    assert_eq!(server.api.get(&server.api.url("/login")).await.text, page);
    // In a domain that is made later.
    server.post("/faults", json!({ "domain": "later", "endpoint": "jwks", "status": 500 })).await;
    server.post("/domains", json!({ "name": "later" })).await;
    assert_eq!(server.api.get(&format!("{}/later/oidc/.well-known/jwks.json", server.api.base)).await.status, 500);
}
