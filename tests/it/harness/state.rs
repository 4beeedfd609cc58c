//! Clock, reset, snapshots, what is handed out, and the description of all that.

use http::Method;
use registrar::harness::Options;
use serde_json::{Value, json};

use super::Thrown;
use crate::support::Credentials;

#[tokio::test]
async fn the_clock_is_moved_stopped_and_started() {
    let server = Thrown::start().await;
    let system = server.get("/clock").await;
    assert_eq!((&system["frozen"], &system["offset"]), (&json!(false), &json!(0)));
    let moved = server.post("/clock", json!({ "advance": 3600, "frozen": true })).await;
    let ahead = moved["now"].as_i64().unwrap() - system["now"].as_i64().unwrap();
    assert!((3_600..3_620).contains(&ahead), "{ahead}");
    let set = server.post("/clock", json!({ "set": 1_900_000_000, "advance": -10 })).await;
    assert_eq!(set, json!({ "now": 1_899_999_990, "frozen": true, "offset": 0 }));
    let token = server.api.token(&server.gateway, "dcr_admin").await;
    assert_eq!(crate::support::claims(&token)["iat"], 1_899_999_990);
    assert!(server.is_active(&token).await);
    server.post("/clock", json!({ "advance": 100_000 })).await;
    assert!(!server.is_active(&token).await);
    let going = server.post("/clock", json!({ "frozen": false })).await;
    assert!(going["offset"].as_i64().unwrap() > 1_000_000 && going["frozen"] == false, "{going}");
    server
        .control(Method::POST, "/clock", &json!({ "advance": i64::MAX }))
        .await
        .expect_problem(400, "invalid_request");
    server.control(Method::POST, "/clock", &json!({ "oops": 1 })).await.expect_problem(400, "invalid_request");
}

#[tokio::test]
async fn a_reset_leaves_nothing_but_snapshots() {
    let server = Thrown::start().await;
    let before = server.get("/domains/main/clients").await;
    let token = server.api.token(&server.gateway, "dcr_admin").await;
    server.post("/domains", json!({ "name": "other" })).await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    server.post("/faults", json!({ "endpoint": "userinfo", "status": 500 })).await;
    server.post("/clock", json!({ "advance": 1_000_000, "frozen": true })).await;
    server.post("/domains/main/queue", json!({ "client_id": ["mine"] })).await;
    server.put("/domains/main/auto-approvals", json!({ "items": [{ "user": "ada" }] })).await;
    server.put("/domains/main/token-changes", json!({ "items": [{ "flaw": "expired" }] })).await;
    let snapshot = server.post("/snapshots", Value::Null).await;
    server.post("/domains/main/revoke", json!({ "token": token })).await;
    server.post("/reset", Value::Null).await;
    assert_eq!(server.get("/domains/main/clients").await["items"], before["items"]);
    server.control(Method::GET, "/domains/other", &Value::Null).await.expect_problem(404, "not_found");
    for path in ["/faults", "/requests", "/mails", "/domains/main/auto-approvals", "/domains/main/token-changes"] {
        assert_eq!(server.get(path).await["items"], json!([]), "{path}");
    }
    assert_eq!(server.get("/domains/main/queue").await, json!({}));
    assert_eq!(server.get("/clock").await["offset"], 0);
    // What was revoked before is not: nothing that the old server had in memory is left.
    assert!(server.is_active(&token).await);
    assert_eq!(server.get("/snapshots").await["items"][0], snapshot);
    let path = format!("/snapshots/{}", snapshot["id"].as_str().unwrap());
    server.post(&format!("{path}/restore"), Value::Null).await;
    assert!(server.get("/clock").await["frozen"] == true);
    server.get(&format!("/domains/main/clients/{client}")).await;
    assert_eq!(server.get("/domains/other").await["name"], "other");
    server.delete(&path).await;
    server.control(Method::POST, &format!("{path}/restore"), &Value::Null).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn what_waits_in_line_is_handed_out() {
    let server = Thrown::start().await;
    let waiting = json!({
        "client_id": ["first", "second"], "client_secret": ["a-secret"], "registration_access_token": ["rat_one"],
        "initial_access_token": ["iat_one"], "jti": ["token-1"],
    });
    assert_eq!(server.post("/domains/main/queue", waiting.clone()).await, waiting);
    let token = server.api.token(&server.gateway, "dcr_admin").await;
    assert_eq!(crate::support::claims(&token)["jti"], "token-1");
    let body = json!({ "client_name": "Nightly", "grant_types": ["client_credentials"] });
    let record = server.api.register(&token, &body).await.expect(201);
    assert_eq!((&record["client_id"], &record["client_secret"]), (&json!("first"), &json!("a-secret")));
    assert_eq!(record["registration_access_token"], "rat_one");
    let client = Credentials { id: "first".to_owned(), secret: "a-secret".to_owned() };
    assert!(server.api.accepts(&client).await);
    // A client whose id follows from what it asks for has the one in line, each time it registers.
    assert_eq!(
        (server.public_client().await, server.public_client().await),
        ("second".to_owned(), "second".to_owned())
    );
    let issued = server.post("/domains/main/initial-access-tokens", json!({ "label": "CI" })).await;
    assert_eq!(issued["initial_access_token"], "iat_one");
    assert_eq!(server.get("/domains/main/queue").await, json!({}));
    for wrong in [json!({ "refresh_token": ["x"] }), json!({ "client_id": ["a b"] }), json!({ "nothing": ["x"] })] {
        server.control(Method::POST, "/domains/main/queue", &wrong).await.expect_problem(400, "invalid_request");
    }
}

#[tokio::test]
async fn keys_turn_and_what_was_signed_before_stays_good() {
    let server = Thrown::start().await;
    let kids = async || -> Vec<String> {
        let keys = server.api.get(&server.api.url("/oidc/.well-known/jwks.json")).await.expect(200);
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let before = kids().await;
    assert!(before.iter().all(|kid| kid.starts_with("harness-")), "{before:?}");
    let token = server.api.token(&server.gateway, "dcr_admin").await;
    server.post("/domains/main/keys/rotate", json!({ "now": true })).await;
    let after = kids().await;
    assert_eq!(after.len(), before.len() * 2, "{after:?}");
    let new = crate::support::decoded(&server.api.token(&server.gateway, "dcr_admin").await).0;
    assert!(!before.contains(&new["kid"].as_str().unwrap().to_owned()));
    assert!(server.is_active(&token).await);
    // As time goes by the server does by itself what it does in production.
    server.post("/clock", json!({ "advance": 400 * 86_400 })).await;
    server.post("/housekeeping", Value::Null).await;
    assert!(!kids().await.contains(&before[0]));
}

#[tokio::test]
async fn two_of_them_do_not_meet() {
    let (one, two) = (Thrown::start().await, Thrown::start().await);
    one.post("/clock", json!({ "advance": 1_000 })).await;
    one.add_user("ada").await;
    assert_eq!(two.get("/clock").await["offset"], 0);
    assert_eq!(two.get("/domains/main/users").await["items"], json!([]));
    let token = one.api.token(&one.gateway, "dcr_admin").await;
    assert!(!two.is_active(&token).await);
}

#[tokio::test]
async fn every_operation_is_described_and_answers_as_it_says() {
    let server = Thrown::start().await;
    let document = server.get("/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    let own = [
        "",
        "/reset",
        "/snapshots",
        "/snapshots/{id}",
        "/snapshots/{id}/restore",
        "/clock",
        "/housekeeping",
        "/provision",
        "/base-urls",
        "/faults",
        "/faults/{id}",
        "/requests",
        "/mails",
        "/domains/{domain}/queue",
        "/domains/{domain}/tokens",
        "/domains/{domain}/token-changes",
        "/domains/{domain}/revoke",
        "/domains/{domain}/expire",
        "/domains/{domain}/authorize",
        "/domains/{domain}/sessions",
        "/domains/{domain}/interactions",
        "/domains/{domain}/interactions/{id}",
        "/domains/{domain}/auto-approvals",
    ];
    for path in own {
        assert!(paths.contains_key(&format!("/harness/v1{path}")), "{path}");
    }
    // Every operation is served: none answers that there is nothing under its path.
    for (path, item) in paths {
        for method in ["get", "post", "put", "patch", "delete"] {
            if item.get(method).is_none() || path.ends_with("/reset") {
                continue;
            }
            let path = path.strip_prefix("/harness/v1").unwrap().replace("{domain}", "main");
            let path = path.replace("{id}", "none").replace('{', "%7B").replace('}', "%7D");
            let method: Method = method.to_ascii_uppercase().parse().unwrap();
            let answer = server.control(method.clone(), &path, &Value::Null).await;
            assert!(answer.status != 405 && answer.status.as_u16() < 500, "{method} {path}: {}", answer.text);
            assert!(!answer.text.contains("nothing is served"), "{method} {path}");
        }
    }
    // A reference leads to something.
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[tokio::test]
async fn no_page_of_another_site_steers_the_server() {
    let server = Thrown::start().await;
    let url = format!("{}/harness/v1/reset", server.api.base);
    let headers = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    let refused = server.api.send(Method::POST, &url, &headers, "").await;
    assert_eq!(refused.header("access-control-allow-origin"), "");
    refused.expect_problem(403, "forbidden");
    server.control(Method::PUT, "/reset", &Value::Null).await.expect_problem(405, "method_not_allowed");
}

#[tokio::test]
async fn no_name_that_was_rebound_to_this_machine_steers_the_server() {
    let base_urls = vec!["http://registrar.test:9000".parse().unwrap()];
    let server = Thrown::start_with(Options { base_urls, ..Options::default() }).await;
    let card = |host: &'static str| {
        let url = format!("{}/harness/v1", server.api.base);
        let api = &server.api;
        async move { api.send(Method::GET, &url, &[("host", host)], "").await }
    };
    let told = card("evil.example:9000").await.expect_problem(403, "forbidden");
    assert!(told.contains("--base-url"), "{told}");
    card("localhost.evil.example").await.expect_problem(403, "forbidden");
    for own in ["localhost:1", "ci.localhost", "127.0.0.1", "[::1]:80", "REGISTRAR.test:9000"] {
        assert_eq!(card(own).await.status, 200, "{own}");
    }
    // Where everybody may steer it, under any name.
    let listen = Some(([0, 0, 0, 0], 0).into());
    let open = Thrown::start_with(Options { listen, beyond_loopback: true, ..Options::default() }).await;
    let url = format!("http://127.0.0.1:{}/harness/v1", open.harness.address().port());
    open.api.send(Method::GET, &url, &[("host", "registrar:9000")], "").await.expect(200);
}
