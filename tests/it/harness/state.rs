//! Clock, reset, snapshots, what is handed out, and the description of all that.

use std::time::Duration;

use http::Method;
use registrar::harness::Options;
use serde_json::{Value, json};

use super::Thrown;
use crate::support::{Credentials, eventually};

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

#[tokio::test]
async fn lists_are_in_the_order_of_arrival() {
    let server = Thrown::start().await;
    server.post("/clock", json!({ "frozen": true })).await;
    let mut taken = Vec::new();
    for _ in 0..5 {
        taken.push(server.post("/snapshots", Value::Null).await);
        server.post("/clock", json!({ "advance": -10 })).await;
    }
    assert_eq!(server.get("/snapshots").await["items"], json!(taken));
    let one = server.public_client().await;
    let body = json!({
        "client_name": "Other", "redirect_uris": [crate::support::REDIRECT], "token_endpoint_auth_method": "none",
    });
    let other = server.api.register("", &body).await.expect(201)["client_id"].as_str().unwrap().to_owned();
    for state in 0..8 {
        let url = server.request(&one, "").replace("state=s", &format!("state={state}"));
        assert_eq!(server.api.get(&url).await.status, 303);
    }
    let told = server.get("/domains/main/interactions").await;
    let states: Vec<&str> =
        told["items"].as_array().unwrap().iter().map(|waiting| waiting["request"]["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    // A test waits for the browser that its subject opens.
    let path = format!("/domains/main/interactions?client_id={other}");
    assert_eq!(server.get(&path).await, json!({ "items": [], "complete": false }));
    let later = {
        let (api, url) = (server.api.clone(), server.request(&other, ""));
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            api.get(&url).await
        })
    };
    let told = server.get(&format!("{path}&wait=20")).await;
    assert_eq!((&told["complete"], &told["items"][0]["client_id"]), (&json!(true), &json!(other)));
    later.await.unwrap();
    for wrong in ["wait=61", "count=0"] {
        let wrong = server.control(Method::GET, &format!("/domains/main/interactions?{wrong}"), &Value::Null).await;
        wrong.expect_problem(400, "invalid_request");
    }
}

/// A registration that is held for so many seconds, once it is.
async fn held(server: &Thrown, delay: f64) -> tokio::task::JoinHandle<crate::support::Answer> {
    server.post("/faults", json!({ "endpoint": "register", "delay": delay })).await;
    let api = server.api.clone();
    let body = json!({ "redirect_uris": [crate::support::REDIRECT], "token_endpoint_auth_method": "none" });
    let held = tokio::spawn(async move { api.register("", &body).await });
    eventually("it is held", Duration::from_secs(20), async || server.get("/faults").await["items"] == json!([])).await;
    held
}

#[tokio::test]
async fn what_a_reset_overtakes_leaves_no_trace() {
    let server = Thrown::start().await;
    let before = server.get("/domains/main/clients").await;
    let overtaken = held(&server, 1.0).await;
    server.post("/reset", Value::Null).await;
    overtaken.await.unwrap().expect(201);
    assert_eq!(server.get("/domains/main/clients").await["items"], before["items"]);
    assert_eq!(server.get("/requests").await["items"], json!([]));
    // Other base URLs are no reset: what is held acts on the server as it is.
    let overtaken = held(&server, 3.0).await;
    server.put("/base-urls", json!({ "public_url": server.api.base, "further": ["http://registrar:8080"] })).await;
    let client = overtaken.await.unwrap().expect(201)["client_id"].as_str().unwrap().to_owned();
    server.get(&format!("/domains/main/clients/{client}")).await;
    assert_eq!(server.get("/requests").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_laid_down_for_a_domain_goes_with_it() {
    let server = Thrown::start().await;
    let token = server.harness.card().await.unwrap().api_token.expose().to_owned();
    server.post("/faults", json!({ "domain": "main", "endpoint": "jwks", "status": 500 })).await;
    for through_the_server in [false, true] {
        server.post("/domains", json!({ "name": "t1" })).await;
        server.post("/domains/t1/users", json!({ "username": "ada" })).await;
        server.put("/domains/t1/auto-approvals", json!({ "items": [{ "user": "ada" }] })).await;
        server.put("/domains/t1/token-changes", json!({ "items": [{ "flaw": "expired" }] })).await;
        server.post("/faults", json!({ "domain": "t1", "endpoint": "token", "status": 500 })).await;
        if through_the_server {
            let url = format!("{}/api/v1/domains/t1", server.api.base);
            assert_eq!(server.api.bare(Method::DELETE, &url, &token).await.status, 204);
        } else {
            server.delete("/domains/t1").await;
        }
        server.post("/domains", json!({ "name": "t1" })).await;
        assert_eq!(server.get("/domains/t1/auto-approvals").await["items"], json!([]), "{through_the_server}");
        assert_eq!(server.get("/domains/t1/token-changes").await["items"], json!([]), "{through_the_server}");
        let faults = server.get("/faults").await;
        let of: Vec<&Value> = faults["items"].as_array().unwrap().iter().map(|fault| &fault["domain"]).collect();
        assert_eq!(of, ["main"], "{through_the_server}");
        server.delete("/domains/t1").await;
    }
}

#[tokio::test]
async fn no_change_needs_to_name_a_version() {
    let server = Thrown::start().await;
    let told = server.post("/domains/main/apply-preset", json!({ "preset": "empty" })).await;
    assert_eq!(told["settings"]["open_registration"], false, "{told}");
}

#[tokio::test]
async fn a_value_that_is_taken_is_refused_when_it_is_queued() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    server.post("/domains", json!({ "name": "t1" })).await;
    let queue = async |domain: &str, values: Value| {
        server.control(Method::POST, &format!("/domains/{domain}/queue"), &values).await
    };
    let refused =
        async |domain: &str, values: Value| queue(domain, values).await.expect_problem(400, "invalid_request");
    let told = refused("main", json!({ "client_id": [server.gateway.id] })).await;
    assert!(told.contains(&server.gateway.id) && told.contains("taken"), "{told}");
    refused("main", json!({ "client_id": [client] })).await;
    queue("t1", json!({ "client_id": [client] })).await.expect(200);
    refused("main", json!({ "client_id": ["one", "one"] })).await;
    queue("main", json!({ "client_id": ["one"] })).await.expect(200);
    let told = refused("main", json!({ "jti": ["j0"], "client_id": ["two", "one"] })).await;
    assert!(told.contains("one waits"), "{told}");
    // What is found by its hash is found in every domain.
    let values = json!({
        "authorization_code": ["ac_one"], "refresh_token": ["rt_one"], "initial_access_token": ["iat_one"],
    });
    queue("main", values.clone()).await.expect(200);
    for (name, value) in values.as_object().unwrap() {
        let told = refused("t1", json!({ name.as_str(): value })).await;
        assert!(told.contains("waits"), "{told}");
    }
    let code = server.code(&client, "ada").await;
    server.redeem(&client, &code).await.expect(200);
    server.post("/domains/main/initial-access-tokens", json!({ "label": "CI" })).await;
    assert_eq!(server.get("/domains/main/queue").await, json!({ "client_id": ["one"] }));
    for (name, value) in values.as_object().unwrap() {
        let told = refused("t1", json!({ name.as_str(): value })).await;
        assert!(told.contains("taken"), "{told}");
    }
    // What need not be unique may stand twice, and a token that is made takes its id from the line.
    queue("main", json!({ "jti": ["j1", "j1", "j2"], "client_secret": ["s", "s"] })).await.expect(200);
    for (claims, expected) in
        [(json!({}), "j1"), (json!({ "jti": "own" }), "own"), (json!({}), "j1"), (json!({}), "j2")]
    {
        let token = server.mint(json!({ "claims": claims })).await;
        assert_eq!(crate::support::claims(&token)["jti"], expected);
    }
}
