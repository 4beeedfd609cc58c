//! What users of test doubles ask for, one test per wish; `docs/harness.md` has the table.

use std::time::{Duration, Instant};

use http::Method;
use registrar::harness::{Harness, Options};
use registrar::provisioning::file::ProvisioningFile;
use serde_json::{Value, json};

use super::{REDIRECT, Thrown};
use crate::support::{Credentials, claims, eventually};

#[tokio::test]
async fn users_claims_and_clients_change_while_running() {
    let server = Thrown::start().await;
    let made = server.post("/domains/main/users", json!({ "username": "ada", "claims": { "name": "Ada" } })).await;
    let path = format!("/domains/main/users/{}", made["id"].as_str().unwrap());
    let client = server.public_client().await;
    let name = async || {
        let told = server.redeem(&client, &server.code(&client, "ada").await).await.expect(200);
        claims(told["id_token"].as_str().unwrap())["name"].clone()
    };
    assert_eq!(name().await, "Ada");
    let changed = json!({ "claims": { "name": "Countess Lovelace" } });
    server.control(Method::PATCH, &path, &changed).await.expect(200);
    assert_eq!(name().await, "Countess Lovelace");
    let body = json!({ "client_name": "Machine", "grant_types": ["client_credentials"] });
    let made = server.post("/domains/main/clients", json!({ "metadata": body })).await;
    let id = made["client_id"].as_str().or(made["client"]["client_id"].as_str()).unwrap().to_owned();
    let secret = made["client_secret"].as_str().or(made["client"]["client_secret"].as_str()).unwrap().to_owned();
    let machine = Credentials { id, secret };
    assert!(server.api.accepts(&machine).await);
    server.delete(&format!("/domains/main/clients/{}", machine.id)).await;
    assert!(!server.api.accepts(&machine).await);
    server.control(Method::PATCH, &path, &json!({ "enabled": false })).await.expect(200);
    let url = server.request(&client, "");
    let refused = server.control(Method::POST, "/domains/main/authorize", &json!({ "url": url, "user": "ada" })).await;
    refused.expect_problem(400, "invalid_request");
}

#[tokio::test]
async fn codes_are_refused_and_tokens_are_wrong_on_purpose() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    // Without any preparation: a code is good once, for its client, with its verifier, for a minute.
    let code = server.code(&client, "ada").await;
    server.redeem(&client, &code).await.expect(200);
    server.redeem(&client, &code).await.expect_error(400, "invalid_grant");
    let code = server.code(&client, "ada").await;
    server.post("/clock", json!({ "advance": 61 })).await;
    server.redeem(&client, &code).await.expect_error(400, "invalid_grant");
    // By rule: the next token has ended already, or says something wrong.
    let changes = json!({ "items": [{ "flaw": "expired", "times": 1 }, { "claims": { "aud": "https://other.example" }, "times": 1 }] });
    server.put("/domains/main/token-changes", changes).await;
    let first = server.api.token(&server.gateway, "dcr_admin").await;
    assert!(!server.is_active(&first).await);
    let second = server.api.token(&server.gateway, "dcr_admin").await;
    assert_eq!(claims(&second)["aud"], "https://other.example");
    assert!(server.is_active(&server.api.token(&server.gateway, "dcr_admin").await).await);
}

#[tokio::test]
async fn answers_are_malformed_slow_or_missing_on_purpose() {
    let server = Thrown::start().await;
    let token = async || server.api.token_answer(&server.gateway, "dcr_admin").await;
    let unavailable = json!({ "endpoint": "token", "status": 503, "headers": { "retry-after": "7" }, "body": { "error": "no" }, "times": 2 });
    server.post("/faults", unavailable).await;
    for _ in 0..2 {
        let answer = token().await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("retry-after"), &answer.json()["error"]),
            (503, "7", &json!("no"))
        );
    }
    token().await.expect(200);
    server.post("/faults", json!({ "endpoint": "token", "malform": true })).await;
    let answer = token().await;
    assert!(answer.status == 200 && serde_json::from_str::<Value>(&answer.text).is_err(), "{}", answer.text);
    server.post("/faults", json!({ "endpoint": "discovery", "delay": 0.3 })).await;
    let began = Instant::now();
    server.api.get(&server.api.url("/oidc/.well-known/openid-configuration")).await.expect(200);
    assert!(began.elapsed() >= Duration::from_millis(300));
    server.post("/faults", json!({ "method": "POST", "path": "/main/oauth/token", "drop": true })).await;
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let cut = server.api.try_send(Method::POST, &server.api.url("/oauth/token"), &headers, "grant_type=x").await;
    assert!(cut.is_err());
    // An update that is done, and whose answer never comes: what a client does that tries again.
    let admin = server.api.token(&server.gateway, "dcr_admin").await;
    let body = json!({ "client_name": "Before", "grant_types": ["client_credentials"] });
    let record = server.api.register(&admin, &body).await.expect(201);
    server.post("/faults", json!({ "endpoint": "registration", "method": "PUT", "drop": true, "after": true })).await;
    let mut after = record.clone();
    for member in
        ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"]
    {
        after.as_object_mut().unwrap().remove(member);
    }
    after["client_name"] = "After".into();
    let bearer = format!("Bearer {}", record["registration_access_token"].as_str().unwrap());
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let url = record["registration_client_uri"].as_str().unwrap();
    assert!(server.api.try_send(Method::PUT, url, &headers, after.to_string()).await.is_err());
    let read = server.api.bare(Method::GET, url, &admin).await.expect(200);
    assert_eq!(read["client_name"], "After");
    let id = record["client_id"].as_str().unwrap();
    let seen = server.get(&format!("/requests?client_id={id}&endpoint=registration")).await;
    assert_eq!(seen["items"][0]["method"], "PUT");
    // Every one of them is on record, with what came of it.
    let seen = server.get("/requests?endpoint=token&count=5").await;
    let statuses: Vec<u64> =
        seen["items"].as_array().unwrap().iter().map(|seen| seen["status"].as_u64().unwrap()).collect();
    assert_eq!(&statuses[..6], [503, 503, 200, 200, 0, 200]);
}

#[tokio::test]
async fn revocation_and_introspection_take_effect() {
    let server = Thrown::start().await;
    let token = server.api.token(&server.gateway, "dcr_admin").await;
    assert!(server.is_active(&token).await);
    server.api.revoke(&server.gateway, &token).await;
    assert!(!server.is_active(&token).await);
    server.api.register(&token, &json!({ "client_name": "x" })).await.expect_error(401, "invalid_token");
}

#[tokio::test]
async fn a_token_is_minted_without_a_browser() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    let wanted = json!({ "client_id": client, "user": "ada", "resource": "https://api.example.com", "scope": "openid",
        "claims": { "roles": ["admin"] } });
    let told = claims(&server.mint(wanted).await);
    assert_eq!((&told["aud"], &told["roles"]), (&json!("https://api.example.com"), &json!(["admin"])));
}

#[tokio::test]
async fn a_person_is_logged_in_without_a_page() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    let told = server.redeem(&client, &server.code(&client, "ada").await).await.expect(200);
    let refreshed = server.refresh(&client, told["refresh_token"].as_str().unwrap()).await.expect(200);
    assert!(refreshed["access_token"].is_string());
}

#[tokio::test]
async fn the_issuer_is_the_same_inside_and_outside_of_containers() {
    let options = Options { base_urls: vec!["http://registrar:8080".parse().unwrap()], ..Options::default() };
    let server = Thrown::start_with(options).await;
    let discovery = server.api.url("/oidc/.well-known/openid-configuration");
    let outside = server.api.get(&discovery).await.expect(200);
    let inside = server.api.send(Method::GET, &discovery, &[("host", "registrar:8080")], "").await.expect(200);
    assert_eq!(inside["issuer"], outside["issuer"]);
    assert_eq!(inside["token_endpoint"], "http://registrar:8080/main/oauth/token");
    assert!(outside["token_endpoint"].as_str().unwrap().starts_with(&server.api.base));
    // A port that is known only once the container runs.
    let urls = json!({ "public_url": "http://localhost:32789", "further": ["http://registrar:8080"] });
    let token = server.api.token(&server.gateway, "dcr_admin").await;
    assert_eq!(server.put("/base-urls", urls.clone()).await, urls);
    let mapped = server.api.send(Method::GET, &discovery, &[("host", "localhost:32789")], "").await.expect(200);
    assert_eq!(mapped["issuer"], "http://localhost:32789/main/oidc");
    let token_of_now = server.api.token(&server.gateway, "dcr_admin").await;
    assert_eq!(claims(&token_of_now)["iss"], mapped["issuer"]);
    assert!(!server.is_active(&token).await, "the other issuer's tokens are not this one's");
    server.post("/reset", Value::Null).await;
    assert_eq!(server.get("/base-urls").await, urls, "where it is reached does not depend on what a test did");
    let wrong = json!({ "public_url": "localhost" });
    server.control(Method::PUT, "/base-urls", &wrong).await.expect_problem(400, "invalid_request");
}

#[tokio::test]
async fn readiness_is_instant_and_honest() {
    let server = Thrown::start().await;
    for path in ["/readyz", "/healthz"] {
        assert_eq!(server.api.get(&format!("{}{path}", server.api.base)).await.status, 200);
    }
    let address = server.harness.address();
    server.harness.stop().await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn claims_are_per_client_and_by_any_parameter() {
    let server = Thrown::start().await;
    let admin = server.api.token(&server.gateway, "dcr_admin").await;
    let body = json!({ "client_name": "Other", "grant_types": ["client_credentials"] });
    let other = Credentials::of(&server.api.register(&admin, &body).await.expect(201));
    let changes = json!({ "items": [
        { "when": { "client_id": other.id }, "claims": { "plan": "gold" } },
        { "when": { "tenant": "t2" }, "claims": { "plan": "trial" } },
    ] });
    server.put("/domains/main/token-changes", changes).await;
    let plan = async |client: &Credentials, more: &str| {
        let form = format!("grant_type=client_credentials{more}");
        let told = server.api.form("/oauth/token", client, &form).await.expect(200);
        claims(told["access_token"].as_str().unwrap())["plan"].clone()
    };
    assert_eq!(plan(&other, "").await, "gold");
    assert_eq!(plan(&server.gateway, "&tenant=t2").await, "trial");
    assert_eq!(plan(&server.gateway, "").await, Value::Null);
    // By what the authorization request asked, which the token request does not repeat, and the refreshed token neither.
    server.add_user("ada").await;
    let client = server.public_client().await;
    let changes = json!({ "items": [
        { "when": { "login_hint": "ada@example.com" }, "claims": { "plan": "hinted" } },
        { "when": { "scope": "profile" }, "claims": { "plan": "profile" } },
    ] });
    server.put("/domains/main/token-changes", changes).await;
    let plan_of = |told: &Value| claims(told["access_token"].as_str().unwrap())["plan"].clone();
    for (more, expected) in [
        ("&login_hint=ada%40example.com", "hinted"),
        ("&login_hint=ada%40example.com&response_mode=form_post", "hinted"),
        ("&login_hint=bob", "profile"),
    ] {
        let wanted = json!({ "url": server.request(&client, more), "user": "ada" });
        let arrival = server.post("/domains/main/authorize", wanted).await;
        let told = server.redeem(&client, arrival["parameters"]["code"].as_str().unwrap()).await.expect(200);
        assert_eq!(plan_of(&told), expected, "{more}");
        let refreshed = server.refresh(&client, told["refresh_token"].as_str().unwrap()).await.expect(200);
        assert_eq!(plan_of(&refreshed), expected, "{more}");
    }
    // A browser, which somebody sends on by rule or from the page that waits.
    server.put("/domains/main/auto-approvals", json!({ "items": [{ "user": "ada", "when": { "state": "s" } }] })).await;
    let hinted = server.request(&client, "&login_hint=ada%40example.com");
    let location = server.api.get(&hinted).await.header("location").to_owned();
    let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap();
    assert_eq!(plan_of(&server.redeem(&client, code).await.expect(200)), "hinted");
    server.api.get(&hinted.replace("state=s", "state=waits")).await;
    let waiting = server.get("/domains/main/interactions").await;
    let path = format!("/domains/main/interactions/{}", waiting["items"][0]["id"].as_str().unwrap());
    let arrival = server.post(&path, json!({ "user": "ada" })).await;
    let told = server.redeem(&client, arrival["parameters"]["code"].as_str().unwrap()).await.expect(200);
    assert_eq!(plan_of(&told), "hinted");
}

#[tokio::test]
async fn discovery_says_what_is_served() {
    let server = Thrown::start().await;
    let metadata = server.api.get(&server.api.url("/oidc/.well-known/openid-configuration")).await.expect(200);
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["issuer"], server.harness.issuer("main"));
    for member in ["jwks_uri", "authorization_endpoint", "registration_endpoint", "userinfo_endpoint"] {
        let answer = server.api.get(metadata[member].as_str().unwrap()).await;
        assert_ne!(answer.status, 404, "{member}");
    }
}

#[tokio::test]
async fn the_control_api_takes_json_and_the_server_speaks_https() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let mut options = Options::default();
    for (name, text, file) in [
        ("server.pem", made.cert.pem(), &mut options.settings.tls.certificate),
        ("server.key", made.signing_key.serialize_pem(), &mut options.settings.tls.key),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        *file = Some(path);
    }
    let harness = Harness::start_with(options).await.unwrap();
    let authority = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([authority]).no_proxy().build().unwrap();
    let base = format!("https://localhost:{}", harness.address().port());
    let moved = client.post(format!("{base}/harness/v1/clock")).json(&json!({ "frozen": true })).send().await.unwrap();
    assert_eq!(moved.status(), 200);
    assert!(harness.base_url().starts_with("https://"));
    let form = client.post(format!("{base}/main/oauth/token")).json(&json!({ "grant_type": "client_credentials" }));
    assert_eq!(form.send().await.unwrap().status(), 400, "RFC 6749 wants a form, and so does the server");
}

#[tokio::test]
async fn a_configuration_is_imported_and_tests_do_not_meet() {
    let file = "[[domain]]\nname = \"shop\"\n\n[[domain.user]]\nusername = \"ada\"\n";
    let options = Options { provision: Some(ProvisioningFile::parse(file).unwrap()), ..Options::default() };
    let server = Thrown::start_with(options).await;
    assert_eq!(server.get("/domains/shop/users").await["items"][0]["username"], "ada");
    let url = format!("{}/harness/v1/provision", server.api.base);
    let more = "[[domain]]\nname = \"forum\"\n";
    let applied = server.api.send(Method::POST, &url, &[("content-type", "application/toml")], more).await.expect(200);
    assert_eq!(applied["applied"][0]["name"], "forum");
    server
        .api
        .send(Method::POST, &url, &[("content-type", "application/toml")], "oops = 1")
        .await
        .expect_problem(400, "invalid_request");
    // A domain each: what one test breaks, the other does not see.
    for name in ["t1", "t2"] {
        server.post("/domains", json!({ "name": name, "settings": { "open_registration": true } })).await;
    }
    server.post("/faults", json!({ "domain": "t1", "endpoint": "register", "status": 500, "times": null })).await;
    let body = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none" });
    let (one, two) = (server.api.in_domain("t1"), server.api.in_domain("t2"));
    let (broken, whole) = tokio::join!(one.register("", &body), two.register("", &body));
    assert_eq!((broken.status.as_u16(), whole.status.as_u16()), (500, 201));
    assert_eq!(server.get("/requests?domain=t2").await["items"].as_array().unwrap().len(), 1);
    server.post("/reset", Value::Null).await;
    server.control(Method::GET, "/domains/t1", &Value::Null).await.expect_problem(404, "not_found");
    assert_eq!(server.get("/domains/shop/users").await["items"][0]["username"], "ada");
}

/// What an MCP server's tests need: its clients register, log in and get a token without anybody at a browser.
#[tokio::test]
async fn mcp_servers_under_test_get_a_real_authorization_server() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    server.put("/domains/main/auto-approvals", json!({ "items": [{ "user": "ada" }] })).await;
    let client = server.public_client().await;
    // Any HTTP client will do for the browser.
    let url = server.request(&client, "&resource=http%3A%2F%2F127.0.0.1%3A3000%2Fmcp");
    let location = server.api.get(&url).await.header("location").to_owned();
    let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let told = server.redeem(&client, code).await.expect(200);
    assert_eq!(claims(told["access_token"].as_str().unwrap())["aud"], "http://127.0.0.1:3000/mcp");
    // A test waits for what its subject does.
    let later = {
        let (api, gateway) = (server.api.clone(), server.gateway.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            api.introspect(&gateway, "x").await
        })
    };
    let began = Instant::now();
    let seen = server.get("/requests?endpoint=introspect&wait=20").await;
    assert!(seen["complete"] == true && began.elapsed() < Duration::from_secs(15), "{seen}");
    assert_eq!(seen["items"][0]["client_id"], server.gateway.id);
    later.await.unwrap();
    // One that the client does not wait for is on record as well.
    server.post("/faults", json!({ "endpoint": "introspect", "delay": 30 })).await;
    let url = server.api.url("/oauth/introspect");
    let asked =
        server.api.send(Method::POST, &url, &[("content-type", "application/x-www-form-urlencoded")], "token=x");
    assert!(tokio::time::timeout(Duration::from_millis(200), asked).await.is_err());
    let seen = server.get("/requests?endpoint=introspect&count=2&wait=20").await;
    assert_eq!((&seen["complete"], &seen["items"][1]["status"]), (&json!(true), &json!(0)));
    let none = server.get("/requests?endpoint=logout&wait=0.1").await;
    assert_eq!((&none["complete"], &none["items"]), (&json!(false), &json!([])));
    server.control(Method::GET, "/requests?endpoint=tokn", &Value::Null).await.expect_problem(400, "invalid_request");
    server.control(Method::GET, "/requests?wait=61", &Value::Null).await.expect_problem(400, "invalid_request");
}

#[tokio::test]
async fn registration_is_complete() {
    let server = Thrown::start().await;
    let admin = server.api.token(&server.gateway, "dcr_admin").await;
    let body = json!({ "client_name": "Nightly", "grant_types": ["client_credentials"] });
    let record = server.api.register(&admin, &body).await.expect(201);
    let read = server.api.read(&record).await.expect(200);
    assert_eq!(read["client_name"], "Nightly");
    let renewed = server.api.renew(&record).await.expect(200);
    assert_ne!(renewed["client_secret"], record["client_secret"]);
    let both = [Credentials::of(&record), Credentials::of(&renewed)];
    assert!(server.api.accepts(&both[0]).await && server.api.accepts(&both[1]).await, "a renewal overlaps");
    let answer = server.api.delete(&renewed).await;
    assert_eq!(answer.status, 204);
    assert!(!server.api.accepts(&both[1]).await);
    eventually("the audit log has it", Duration::from_secs(20), async || {
        let audit = server.get("/domains/main/audit?limit=50").await;
        audit["items"].as_array().unwrap().iter().any(|event| event["action"] == "client.delete")
    })
    .await;
}
