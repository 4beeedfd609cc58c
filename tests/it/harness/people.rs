//! People without pages.

use http::Method;
use serde_json::{Value, json};

use super::{REDIRECT, Thrown};
use crate::support::{Browser, claims};

#[tokio::test]
async fn a_login_is_what_a_browser_would_have_made() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    let url = server.request(&client, "&nonce=n-1");
    let arrival = server.post("/domains/main/authorize", json!({ "url": url, "user": "ada@example.com" })).await;
    assert!(arrival["location"].as_str().unwrap().starts_with(&format!("{REDIRECT}?")));
    let told = &arrival["parameters"];
    assert_eq!((&told["state"], &told["iss"]), (&json!("s"), &json!(server.harness.issuer("main"))));
    let tokens = server.redeem(&client, told["code"].as_str().unwrap()).await.expect(200);
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["nonce"], "n-1");
    // The consent is remembered as a person's is, and can be refused all the same.
    let users = server.get("/domains/main/users").await;
    let id = users["items"][0]["id"].as_str().unwrap().to_owned();
    let connections = server.get(&format!("/domains/main/users/{id}/connections")).await;
    assert_eq!(connections["items"][0]["client_id"], json!(client));
    let refused = json!({ "url": url, "user": "ada", "decision": "deny" });
    let arrival = server.post("/domains/main/authorize", refused).await;
    assert_eq!(
        (&arrival["parameters"]["error"], &arrival["parameters"]["state"]),
        (&json!("access_denied"), &json!("s"))
    );
}

#[tokio::test]
async fn what_the_server_refuses_is_refused_here_too() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    let ask = async |url: String, user: &str| {
        server.control(Method::POST, "/domains/main/authorize", &json!({ "url": url, "user": user })).await
    };
    let elsewhere = server.request(&client, "").replace("app.example.com", "evil.example");
    let told = ask(elsewhere, "ada").await.expect_problem(422, "invalid_request");
    assert!(told.contains("redirect_uri"), "{told}");
    ask(server.request("ghost", ""), "ada").await.expect_problem(422, "invalid_request");
    ask(server.request(&client, ""), "nobody").await.expect_problem(400, "invalid_request");
    let elsewhere = server.request(&client, "").replace("/oauth/authorize", "/oauth/token");
    ask(elsewhere, "ada").await.expect_problem(400, "invalid_request");
    let elsewhere = server.request(&client, "").replace("http://127.0.0.1", "http://other.example");
    ask(elsewhere, "ada").await.expect_problem(400, "invalid_request");
    ask("not a url".to_owned(), "ada").await.expect_problem(400, "invalid_request");
    // What goes to the client goes to the client.
    let without = server.request(&client, "").replace("code_challenge", "other");
    let told = ask(without, "ada").await.expect(200);
    assert_eq!(told["parameters"]["error"], "invalid_request", "{told}");
    let silent = ask(server.request(&client, "&prompt=none"), "ada").await.expect(200);
    assert_eq!(silent["parameters"]["error"], "consent_required", "{silent}");
}

#[tokio::test]
async fn every_way_of_answering_is_understood() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    for more in ["&response_mode=form_post", "&prompt=login", "&prompt=login+consent", "&max_age=0"] {
        let wanted = json!({ "url": server.request(&client, more), "user": "ada" });
        let told = server.post("/domains/main/authorize", wanted).await;
        assert!(told["parameters"]["code"].as_str().unwrap().starts_with("ac_"), "{more}: {told}");
        assert!(told["location"].as_str().unwrap().starts_with(REDIRECT), "{more}: {told}");
        assert_eq!(told["parameters"]["state"], "s");
    }
}

#[tokio::test]
async fn a_login_that_waits_is_decided_without_its_page() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    let mut browser = Browser::new(&server.api);
    for (decision, member) in [("allow", "code"), ("deny", "error")] {
        let page = browser.open(&server.request(&client, "")).await.page();
        assert!(page.url.contains("/login?interaction="), "{}", page.url);
        let waiting = server.get("/domains/main/interactions").await;
        let last = waiting["items"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (&last["page"], &last["client_id"], &last["request"]["state"]),
            (&json!("login"), &json!(client), &json!("s"))
        );
        let path = format!("/domains/main/interactions/{}", last["id"].as_str().unwrap());
        let told = server.post(&path, json!({ "user": "ada", "decision": decision })).await;
        assert!(told["parameters"][member].is_string(), "{told}");
        let again = server.control(Method::POST, &path, &json!({ "user": "ada" })).await;
        again.expect_problem(404, "not_found");
    }
    assert_eq!(server.get("/domains/main/interactions").await["items"], json!([]));
    let gone = server.control(Method::POST, "/domains/main/interactions/none", &json!({ "user": "ada" })).await;
    gone.expect_problem(404, "not_found");
}

#[tokio::test]
async fn whoever_arrives_is_sent_on_by_rule() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    server.add_user("bob").await;
    let client = server.public_client().await;
    let rules = json!({ "items": [
        { "user": "bob", "when": { "login_hint": "bob" } },
        { "user": "ada", "decision": "deny", "when": { "state": "no" } },
        { "user": "ada" },
    ] });
    server.put("/domains/main/auto-approvals", rules).await;
    let arrive = async |more: &str| {
        let answer = server.api.get(&server.request(&client, more)).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        answer.header("location").to_owned()
    };
    let who = async |location: String| {
        let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        let told = server.redeem(&client, &code).await.expect(200);
        let token = told["access_token"].as_str().unwrap().to_owned();
        let info = server.api.bare(Method::GET, &server.api.url("/oidc/userinfo"), &token).await.expect(200);
        info["preferred_username"].as_str().or(info["sub"].as_str()).unwrap().to_owned()
    };
    let (ada, bob) = (who(arrive("").await).await, who(arrive("&login_hint=bob").await).await);
    assert_ne!(ada, bob);
    let refused = server.api.get(&server.request(&client, "").replace("state=s", "state=no")).await;
    assert!(refused.header("location").contains("error=access_denied"));
    server.delete("/domains/main/auto-approvals").await;
    assert!(server.api.get(&server.request(&client, "")).await.header("location").contains("/login?interaction="));
}

#[tokio::test]
async fn a_browser_is_given_the_cookie_of_somebody_who_is_logged_in() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let cookie = server.post("/domains/main/sessions", json!({ "user": "ada" })).await;
    let text = |member: &str| cookie[member].as_str().unwrap();
    let mut browser = Browser::new(&server.api);
    browser.set_cookie(text("name"), text("value"));
    let page = browser.open(&server.api.url("/account")).await.page();
    assert!(format!("{page:?}").contains("ada"), "{page:?}");
    assert_eq!(cookie["cookie"], format!("{}={}", text("name"), text("value")));
    server
        .control(Method::POST, "/domains/main/sessions", &json!({ "user": "ghost" }))
        .await
        .expect_problem(400, "invalid_request");
}

#[tokio::test]
async fn mails_are_kept_with_their_links() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let users = server.get("/domains/main/users").await;
    let id = users["items"][0]["id"].as_str().unwrap().to_owned();
    server.post(&format!("/domains/main/users/{id}/reset-link"), json!({ "send": true })).await;
    let mails = server.get("/mails?to=ada%40example.com&wait=5").await;
    assert_eq!((&mails["complete"], mails["items"].as_array().unwrap().len()), (&json!(true), 1));
    let link = mails["items"][0]["links"][0].as_str().unwrap();
    assert!(link.starts_with(&server.api.url("/password/reset")), "{link}");
    assert_eq!(server.api.get(link).await.status, 200);
    server.delete("/mails").await;
    assert_eq!(server.get("/mails").await, json!({ "items": [], "complete": false }));
}

#[tokio::test]
async fn every_page_says_what_kind_of_server_it_is_on() {
    let server = Thrown::start().await;
    for path in ["/login", "/password/forgot", "/oauth/authorize", "/consent"] {
        let answer = Browser::new(&server.api).send(Method::GET, &server.api.url(path), None).await;
        assert!(answer.text.contains("class=\"harness-notice\""), "{path}: {}", answer.text);
    }
    let console = server.api.get(&format!("{}/console/login", server.api.base)).await;
    assert!(console.text.contains("Test server."), "{}", console.text);
    let metadata: Value = server.api.get(&server.api.url("/oidc/.well-known/openid-configuration")).await.expect(200);
    assert!(!metadata.to_string().contains("harness"));
}
