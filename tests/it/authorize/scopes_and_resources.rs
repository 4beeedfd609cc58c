//! What is granted: scopes are narrowed in silence, resources are matched or refused (RFC 6749 §3.3, RFC 8707).

use registrar::model::client::Client;
use rstest::rstest;
use serde_json::json;

use super::{CALLBACK, logged_in};
use crate::support::{Authorize, Backend, Browser, TestServer, claims, param, scopes};

/// What the client ends up with.
async fn granted(server: &TestServer, browser: &mut Browser, request: &Authorize) -> (String, serde_json::Value) {
    let code = browser.code(request, "ada").await;
    let tokens = server.api.redeem_code(param(&request.params, "client_id"), CALLBACK, &code).await.expect(200);
    let scope = tokens.get("scope").map_or(String::new(), |scope| scope.as_str().unwrap().to_owned());
    (scope, claims(tokens["access_token"].as_str().unwrap()))
}

#[rstest]
#[tokio::test]
async fn scopes_are_narrowed_to_what_the_client_may_have_and_the_resource_knows(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["read", "write", "elsewhere"]).await;
    server.add_scope("closed", |scope| scope.self_registrable = false).await;
    let (mut resource, _) = server.add_resource("A", &["https://a.example/mcp"]).await;
    resource.settings.scopes = scopes("read write closed");
    server.put_resource(&resource).await;
    let (good, mut browser) = logged_in(&server).await;
    let at = good.clone().with("resource", "https://a.example/mcp");
    for (asked, expected) in [
        ("read nonsense dcr_admin closed", "read"),
        ("openid offline_access read elsewhere", "openid offline_access read"),
        ("write read", "write read"),
    ] {
        let (scope, token) = granted(&server, &mut browser, &at.clone().with("scope", asked)).await;
        assert_eq!((scope.as_str(), token["scope"].as_str().unwrap()), (expected, expected), "{asked}");
    }
    let (scope, _) = granted(&server, &mut browser, &at.clone()).await;
    assert_eq!(scope, "read write", "none asked for: all of the resource's that anybody may have");
    let (scope, token) = granted(&server, &mut browser, &good.clone().with("scope", "elsewhere")).await;
    assert_eq!(scope, "elsewhere");
    assert_eq!(token["aud"], param(&good.params, "client_id"), "no resource: the client itself");
    let params = browser.authorize(&at.with("scope", "elsewhere closed")).await.params();
    assert_eq!(param(&params, "error"), "invalid_scope");
}

#[rstest]
#[tokio::test]
async fn what_a_client_registered_is_a_hint_unless_its_policy_makes_it_a_ceiling(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["read", "write"]).await;
    let (good, mut browser) = logged_in(&server).await;
    let client_id = param(&good.params, "client_id").to_owned();
    let set = |client: &mut Client| client.metadata.scope = Some(scopes("read"));
    server.administrate(&client_id, set).await;
    let both = good.clone().with("scope", "read write");
    assert_eq!(granted(&server, &mut browser, &both).await.0, "read write");
    assert_eq!(granted(&server, &mut browser, &good).await.0, "read", "the default");
    server.set_policy("mcp", |policy| policy.scope_is_ceiling = true).await;
    assert_eq!(granted(&server, &mut browser, &both).await.0, "read");
}

#[rstest]
#[tokio::test]
async fn a_resource_is_matched_whatever_its_slash_and_case_and_becomes_the_registered_value(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.quick_start = false).await;
    server.add_resource("Origin", &["https://mcp.example"]).await;
    server.add_resource("Path", &["https://gw.example/Orders/mcp", "https://inside.example/mcp"]).await;
    let (mut prefix, _) = server.add_resource("Prefix", &["https://gw.example/all"]).await;
    prefix.settings.prefix_match = true;
    server.put_resource(&prefix).await;
    server.add_resource("Below", &["https://gw.example/all/special"]).await;
    let (good, mut browser) = logged_in(&server).await;
    server.set_domain(|settings| settings.quick_start = false).await;
    for (asked, aud) in [
        ("https://mcp.example", "https://mcp.example"),
        ("https://mcp.example/", "https://mcp.example"),
        ("HTTPS://MCP.example:443", "https://mcp.example"),
        ("https://gw.example/Orders/mcp/", "https://gw.example/Orders/mcp"),
        ("https://inside.example/mcp", "https://gw.example/Orders/mcp"),
        ("https://gw.example/all/tools/mcp", "https://gw.example/all"),
        ("https://gw.example/all/special", "https://gw.example/all/special"),
    ] {
        let (_, token) = granted(&server, &mut browser, &good.clone().with("resource", asked)).await;
        assert_eq!(token["aud"], aud, "{asked}");
    }
    for asked in [
        "https://gw.example/orders/mcp",
        "https://gw.example/allother",
        "https://mcp.example/x",
        "http://mcp.example",
        "https://mcp.example:8443",
    ] {
        let params = browser.authorize(&good.clone().with("resource", asked)).await.params();
        assert_eq!(param(&params, "error"), "invalid_target", "{asked}");
    }
    let several = good.with("resource", "https://mcp.example/").with("resource", "https://gw.example/Orders/mcp");
    let (_, token) = granted(&server, &mut browser, &several).await;
    assert_eq!(token["aud"], json!(["https://mcp.example", "https://gw.example/Orders/mcp"]));
}

#[rstest]
#[tokio::test]
async fn openly_registered_clients_that_name_no_resource_get_the_default_one(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_resource("A", &["https://a.example/mcp"]).await;
    let (good, mut browser) = logged_in(&server).await;
    server.set_domain(|settings| settings.default_resource = Some("https://a.example/mcp/".to_owned())).await;
    let (_, token) = granted(&server, &mut browser, &good).await;
    assert_eq!(token["aud"], "https://a.example/mcp");
}

#[rstest]
#[tokio::test]
async fn while_it_is_tried_out_any_resource_is_taken_but_the_servers_own_urls(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    server.set_domain(|settings| settings.quick_start = true).await;
    let asked = good.clone().with("resource", "http://127.0.0.1:4000/");
    let code = browser.code(&asked, "ada").await;
    let tokens = server.api.redeem_code(param(&good.params, "client_id"), CALLBACK, &code).await.expect(200);
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(claims(token)["aud"], "http://127.0.0.1:4000");
    // Nobody has credentials for it: whoever may introspect sees it, until the server is tried out no longer.
    assert!(server.api.is_active(&server.gateway, token).await);
    server.set_domain(|settings| settings.quick_start = false).await;
    assert!(!server.api.is_active(&server.gateway, token).await);
    server.set_domain(|settings| settings.quick_start = true).await;
    let own = format!("{}/main/oidc/register", server.app.public_url);
    let params = browser.authorize(&good.with("resource", &own)).await.params();
    assert_eq!(param(&params, "error"), "invalid_target");
}
