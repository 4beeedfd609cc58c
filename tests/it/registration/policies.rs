//! The preset policies, member by member, and what a policy can set.

use registrar::model::client::ClientStatus;
use registrar::model::registration::policy::{InitialStatus, Policy};
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::{fixture, kept, registered, updated};
use crate::support::{Backend, Credentials, TestServer};

/// The answers to one body under the preset for gateways and under that for clients that register by themselves.
async fn under_both(server: &TestServer, body: &Value) -> (Value, Value) {
    let gateway = server.api.register(&server.admin_token().await, body).await.expect(201);
    let mcp = server.api.register("", body).await.expect(201);
    (gateway, mcp)
}

#[rstest]
#[tokio::test]
async fn presets_allow_their_grants(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let grants = [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "implicit",
        "password",
        "urn:ietf:params:oauth:grant-type:device_code",
    ];
    let body = json!({
        "redirect_uris": ["https://app.example.com/cb"], "grant_types": grants,
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let (gateway, mcp) = under_both(&server, &body).await;
    assert_eq!(gateway["grant_types"], json!(grants[..3]));
    assert_eq!(mcp["grant_types"], json!(grants[..2]));
}

#[rstest]
#[tokio::test]
async fn presets_choose_the_authentication_method_of_a_client_that_names_none(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (none, basic) = ("none", "client_secret_basic");
    for (kind, uri, gateway_method, mcp_method) in [
        ("browser", "https://app.example.com/cb", none, none),
        ("NATIVE", "https://app.example.com/cb", none, none),
        ("web", "https://app.example.com/cb", basic, basic),
        ("web", "http://127.0.0.1:1234/cb", basic, none),
        ("web", "com.example.app:/cb", basic, none),
    ] {
        let body = json!({ "redirect_uris": [uri], "application_type": kind });
        let (gateway, mcp) = under_both(&server, &body).await;
        let methods = [&gateway, &mcp].map(|record| record["token_endpoint_auth_method"].as_str().unwrap().to_owned());
        assert_eq!(methods, [gateway_method, mcp_method], "{kind} {uri}");
        assert_eq!([&gateway["application_type"], &mcp["application_type"]], [kind, kind], "verbatim");
    }
}

#[rstest]
#[tokio::test]
async fn presets_require_pkce(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    for (method, required) in [("none", [true, true]), ("client_secret_basic", [false, true])] {
        let body = json!({ "redirect_uris": ["https://app.example.com/cb"], "token_endpoint_auth_method": method });
        let (gateway, mcp) = under_both(&server, &body).await;
        for (record, required) in [gateway, mcp].iter().zip(required) {
            let client = server.stored(record["client_id"].as_str().unwrap()).await.unwrap().client;
            assert_eq!(client.settings.require_pkce, required, "{method}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn presets_grant_the_scopes_that_are_flagged_and_drop_the_others(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["orders:read"]).await;
    server.add_scope("internal", |scope| scope.self_registrable = false).await;
    let body = json!({
        "redirect_uris": ["https://app.example.com/cb"], "scope": "internal unheard:of orders:read dcr_admin openid",
    });
    let (gateway, mcp) = under_both(&server, &body).await;
    assert_eq!([&gateway["scope"], &mcp["scope"]], ["orders:read openid", "orders:read openid"]);
    assert!(Policy::gateway().scope_is_ceiling && !Policy::mcp().scope_is_ceiling);
    let nothing = json!({ "redirect_uris": ["https://app.example.com/cb"], "scope": "internal dcr_admin" });
    let (gateway, mcp) = under_both(&server, &nothing).await;
    assert!(gateway.get("scope").is_none() && mcp.get("scope").is_none());
}

#[rstest]
#[tokio::test]
async fn presets_take_https_loopback_and_private_use_redirects_in_one_request(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let uris = [
        "https://app.example.com/cb?x=1",
        "http://127.0.0.1:9/cb",
        "http://[::1]/",
        "http://localhost/",
        "com.example:/cb",
    ];
    let (gateway, mcp) = under_both(&server, &json!({ "redirect_uris": uris })).await;
    assert_eq!([&gateway["redirect_uris"], &mcp["redirect_uris"]], [&json!(uris), &json!(uris)]);
    let token = server.admin_token().await;
    for bad in [
        "http://app.example.com/cb",
        "http://127.0.0.2/cb",
        "https://app.example.com/cb#x",
        "https://*.example.com/cb",
        "https://user@app.example.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "/relative",
        "",
        "https://",
        "http://localhost.example.com/",
    ] {
        for token in ["", &token] {
            let body = json!({ "redirect_uris": [bad], "grant_types": ["authorization_code"] });
            server.api.register(token, &body).await.expect_error(400, "invalid_redirect_uri");
        }
    }
}

#[rstest]
#[tokio::test]
async fn presets_let_secrets_live_without_end_and_clients_be_active_at_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let body = json!({ "redirect_uris": ["https://app.example.com/cb"] });
    let (gateway, mcp) = under_both(&server, &body).await;
    for record in [gateway, mcp] {
        assert_eq!(record["client_secret_expires_at"], 0);
        let client = server.stored(record["client_id"].as_str().unwrap()).await.unwrap().client;
        assert_eq!(client.status, ClientStatus::Active);
    }
}

#[rstest]
#[tokio::test]
async fn presets_bound_the_clients_of_one_source(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let body = json!({ "redirect_uris": ["https://app.example.com/cb"] });
    for _ in 0..100 {
        server.api.register("", &body).await.expect(201);
    }
    server.api.register("", &body).await.expect_error(429, "too_many_requests");
    let token = server.admin_token().await;
    for _ in 0..3 {
        server.api.register(&token, &body).await.expect(201);
    }
    assert_eq!((Policy::gateway().quota, Policy::gateway().remove_unused_after), (Some(100_000), None));
    assert_eq!((Policy::mcp().quota, Policy::mcp().remove_unused_after), (Some(100), Some(30 * 24 * 60 * 60)));
}

#[rstest]
#[tokio::test]
async fn a_client_that_waits_for_approval_works_once_it_is_approved(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_policy("gateway", |policy| policy.initial_status = InitialStatus::Pending).await;
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let client = Credentials::of(&record);
    let told = server.api.token_answer(&client, "").await.expect_error(401, "invalid_client");
    assert!(told.contains("approval"), "{told}");
    let after = updated(&server, &record, &kept(&record).put_body(&json!({ "client_name": "Renamed" }))).await;
    assert_eq!(after["client_name"], "Renamed", "it is managed while it waits");
    server.api.token_answer(&client, "").await.expect_error(401, "invalid_client");
    server.set_status(&client.id, ClientStatus::Active).await;
    assert!(server.api.accepts(&client).await);
}

#[rstest]
#[tokio::test]
async fn a_policy_marks_the_ids_of_its_clients(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let prefix = "apim-production-environment-".to_owned();
    assert_eq!(prefix.len(), 28);
    server.set_policy("gateway", |policy| policy.client_id_prefix = Some(prefix.clone().try_into().unwrap())).await;
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let id = record["client_id"].as_str().unwrap();
    assert!(id.starts_with(&prefix) && id.len() == 50, "{id}");
    assert!(server.api.accepts(&Credentials::of(&record)).await);
    assert_eq!(server.api.read(&record).await.expect(200), record);
}

#[rstest]
#[tokio::test]
async fn each_registrar_can_have_a_policy_of_its_own(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut rules = Policy { access_token_lifetime: Some(300), ..Policy::gateway() };
    rules.fixed.insert("tenant".to_owned(), json!("blue"));
    rules.defaults.insert("tos_uri".to_owned(), json!("https://blue.example.com/tos"));
    server.add_policy("blue", rules).await;
    let gateway = server.add_gateway().await;
    server.administrate(&gateway.id, |client| client.settings.registrar_policy = Some("blue".to_owned())).await;
    let token = server.api.token(&gateway, "dcr_admin").await;
    let mut body = fixture("backend_to_backend");
    body["tenant"] = json!("red");
    let record = server.api.register(&token, &body).await.expect(201);
    assert_eq!((&record["tenant"], &record["tos_uri"]), (&json!("blue"), &json!("https://blue.example.com/tos")));
    let answer = server.api.token_answer(&Credentials::of(&record), "").await.expect(200);
    assert_eq!(answer["expires_in"], 300);
    let after = server.api.put(&record, &body).await.expect(200);
    assert_eq!(after["tenant"], "blue");
    assert_eq!(registered(&server, &body).await["tenant"], "red");
    // A policy that is gone binds nobody loosely.
    server.set_domain(|settings| settings.gateway_policy = "gone".to_owned()).await;
    let token = server.admin_token().await;
    server.api.register(&token, &body).await.expect_error(403, "registration_forbidden");
}
