//! What comes of an authorization request when somebody decides without a page.

use http::Method;
use serde_json::{Value, json};

use super::{REDIRECT, Thrown};
use crate::support::Browser;

async fn authorize(server: &Thrown, url: &str, user: &str, decision: &str) -> crate::support::Answer {
    let wanted = json!({ "url": url, "user": user, "decision": decision });
    server.control(Method::POST, "/domains/main/authorize", &wanted).await
}

async fn approve(server: &Thrown, approval: Value) {
    server.put("/domains/main/auto-approvals", json!({ "items": [approval] })).await;
}

#[tokio::test]
async fn who_cancels_gets_no_code_whatever_is_asked() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    // What they allowed before is remembered.
    server.code(&client, "ada").await;
    for more in ["", "&prompt=none", "&prompt=login", "&prompt=consent", "&max_age=0", "&response_mode=form_post"] {
        let url = server.request(&client, more);
        let told = authorize(&server, &url, "ada", "deny").await.expect(200);
        assert_eq!(told["parameters"]["error"], "access_denied", "{more}: {told}");
        assert_eq!((&told["parameters"]["state"], told["parameters"].get("code")), (&json!("s"), None), "{more}");
    }
    approve(&server, json!({ "user": "ada", "decision": "deny" })).await;
    for more in ["", "&prompt=none", "&prompt=consent"] {
        let answer = server.api.get(&server.request(&client, more)).await;
        assert!(answer.header("location").contains("error=access_denied"), "{more}: {}", answer.header("location"));
    }
    // What is wrong with the request comes first.
    let without = server.request(&client, "").replace("code_challenge", "other");
    let told = authorize(&server, &without, "ada", "deny").await.expect(200);
    assert_eq!(told["parameters"]["error"], "invalid_request");
    let twice = server.request(&client, "&state=t");
    authorize(&server, &twice, "ada", "deny").await.expect_problem(422, "invalid_request");
    assert_eq!(server.get("/domains/main/interactions").await["items"], json!([]));
}

#[tokio::test]
async fn who_has_to_verify_an_address_first_is_not_logged_in() {
    let server = Thrown::start().await;
    let bob = json!({ "username": "bob", "email": "bob@example.com" });
    let bob = server.post("/domains/main/users", bob).await["id"].as_str().unwrap().to_owned();
    server.control(Method::PATCH, "/domains/main", &json!({ "verify_email": true })).await.expect(200);
    let client = server.public_client().await;
    let url = server.request(&client, "");
    approve(&server, json!({ "user": "bob" })).await;
    let location = server.api.get(&url).await.header("location").to_owned();
    assert!(location.contains("/login?interaction="), "{location}");
    let waiting = server.get("/domains/main/interactions").await["items"][0]["id"].as_str().unwrap().to_owned();
    for (path, body) in [
        ("/domains/main/authorize".to_owned(), json!({ "url": url, "user": "bob" })),
        ("/domains/main/sessions".to_owned(), json!({ "user": "bob" })),
        (format!("/domains/main/interactions/{waiting}"), json!({ "user": "bob" })),
    ] {
        let told = server.control(Method::POST, &path, &body).await.expect_problem(400, "invalid_request");
        assert!(told.contains("verified"), "{path}: {told}");
    }
    let verified = json!({ "email_verified": true });
    server.control(Method::PATCH, &format!("/domains/main/users/{bob}"), &verified).await.expect(200);
    assert!(server.api.get(&url).await.header("location").contains("code=ac_"));
}

#[tokio::test]
async fn a_hint_for_somebody_else_is_answered_as_the_server_does() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    server.add_user("bob").await;
    let client = server.public_client().await;
    let hint = server.mint(json!({ "type": "id_token", "user": "bob", "client_id": client })).await;
    let url = server.request(&client, &format!("&id_token_hint={hint}"));
    let told = authorize(&server, &url, "ada", "allow").await.expect_problem(422, "invalid_request");
    assert!(told.contains("id_token_hint"), "{told}");
    assert_eq!(server.get("/domains/main/interactions").await["items"], json!([]));
    let silent = format!("{url}&prompt=none");
    let told = authorize(&server, &silent, "ada", "allow").await.expect(200);
    assert_eq!(told["parameters"]["error"], "login_required", "{told}");
    let told = authorize(&server, &url, "bob", "allow").await.expect(200);
    assert!(told["parameters"]["code"].is_string(), "{told}");
    approve(&server, json!({ "user": "ada" })).await;
    let location = server.api.get(&url).await.header("location").to_owned();
    assert!(location.contains("/login?interaction="), "{location}");
    let location = server.api.get(&silent).await.header("location").to_owned();
    assert!(location.contains("error=login_required"), "{location}");
}

#[tokio::test]
async fn pages_under_a_rule_are_the_servers_own() {
    let server = Thrown::start().await;
    let ada = json!({ "username": "ada", "email": "ada@example.com" });
    let ada = server.post("/domains/main/users", ada).await["id"].as_str().unwrap().to_owned();
    let client = server.public_client().await;
    approve(&server, json!({ "user": "ada" })).await;
    let elsewhere = server.request(&client, "").replace("app.example.com", "evil.example");
    for url in [server.request("nobody", ""), elsewhere] {
        let answer = server.api.get(&url).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.header("content-type").starts_with("text/html"), "{url}");
        assert!(answer.text.contains("class=\"harness-notice\""), "{url}");
        authorize(&server, &url, "ada", "allow").await.expect_problem(422, "invalid_request");
    }
    // A program that asks whether its id is still good.
    let program = [("accept", "application/json")];
    let answer = server.api.send(Method::GET, &server.request("nobody", ""), &program, "").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (401, &json!("invalid_client")));
    let disabled = json!({ "enabled": false });
    server.control(Method::PATCH, &format!("/domains/main/users/{ada}"), &disabled).await.expect(200);
    let answer = server.api.get(&server.request(&client, "")).await;
    assert!(answer.header("location").contains("/login?interaction="), "{}", answer.text);
}

#[tokio::test]
async fn prompt_none_under_a_rule_is_answered_as_if_they_had_been_there() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    approve(&server, json!({ "user": "ada" })).await;
    // The consent for what listens on loopback is not remembered.
    let body = json!({
        "client_name": "Tool", "redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"], "scope": "openid profile email",
    });
    let tool = server.api.register("", &body).await.expect(201)["client_id"].as_str().unwrap().to_owned();
    let client = server.public_client().await;
    let of_tool =
        server.request(&tool, "&prompt=none").replace("https%3A%2F%2Fapp.example.com", "http%3A%2F%2F127.0.0.1%3A7000");
    for url in [server.request(&client, "&prompt=none"), of_tool.clone(), of_tool] {
        let answer = server.api.get(&url).await;
        assert!(answer.header("location").contains("code=ac_"), "{url}: {}", answer.header("location"));
    }
    for error in ["login_required", "consent_required", "interaction_required", "account_selection_required"] {
        approve(&server, json!({ "user": "ada", "decision": "deny", "error": error })).await;
        let answer = server.api.get(&server.request(&client, "&prompt=none")).await;
        let expected = format!("{REDIRECT}?error={error}&state=s&iss=");
        assert!(answer.header("location").starts_with(&expected), "{}", answer.header("location"));
        let mut browser = Browser::new(&server.api);
        let page = browser.send(Method::GET, &server.request(&client, "&response_mode=form_post"), None).await;
        let told = (page.text.contains(&format!("name=\"error\" value=\"{error}\"")), page.text.contains("cancelled"));
        assert_eq!(told, (true, false), "{}", page.text);
        assert!(page.text.contains("name=\"state\" value=\"s\""), "{}", page.text);
    }
    for wrong in [
        json!({ "user": "ada", "error": "login_required" }),
        json!({ "user": "ada", "decision": "deny", "error": "invalid_scope" }),
    ] {
        let items = json!({ "items": [wrong] });
        server
            .control(Method::PUT, "/domains/main/auto-approvals", &items)
            .await
            .expect_problem(400, "invalid_request");
    }
}
