//! The registrations of real clients, as captured or reported: each registers and completes a login.
//!
//! Members that are not known are left out of the fixtures. Reconstructed are: the loopback ports, the id in `ChatGPT`'s
//! redirect URI, the path in LM Studio's, and the scopes that Claude and Codex ask for.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Authorize, Backend, Browser, Credentials, TestServer, VERIFIER, claims};

const RESOURCE: &str = "https://gw.example/mcp";

#[rstest]
#[tokio::test]
async fn every_known_client_registers_and_completes_a_login(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(
        ("vscode", "http://127.0.0.1:49152/", "none"),
        ("claude_hosted", "https://claude.ai/api/mcp/auth_callback", "client_secret_post"),
        ("claude_code", "http://localhost:60001/callback", "none"),
        ("chatgpt", "https://chatgpt.com/connector/oauth/abc123", "none"),
        ("codex", "http://127.0.0.1:60002/callback", "none"),
        ("cursor", "cursor://anysphere.cursor-mcp/oauth/callback", "none"),
        ("gemini_cli", "http://localhost:60003/oauth/callback", "none"),
        ("lm_studio", "http://127.0.0.1:33389/mcp-oauth-callback", "none"),
        ("m365_copilot", "https://teams.microsoft.com/api/platform/v1.0/oAuthRedirect", "client_secret_post"),
        ("opencode", "http://127.0.0.1:19876/mcp/oauth/callback", "none"),
        ("inspector", "http://localhost:6274/oauth/callback", "none")
    )]
    (name, redirect_uri, method): (&str, &str, &str),
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.open_registration = true).await;
    server.add_scopes(&["mcp:read"]).await;
    server.add_resource("Orders", &[RESOURCE]).await;
    server.user("ada").await;
    let asked = fixture(name);
    let record = server.api.register("", &asked).await.expect(201);
    let client = Credentials::of(&record);
    assert_eq!(record["token_endpoint_auth_method"], method, "{record}");
    assert_eq!(client.secret.is_empty(), method == "none");
    assert_eq!(record.get("client_secret_expires_at").is_some(), method != "none");
    for member in ["redirect_uris", "grant_types", "response_types"] {
        assert!(record[member].is_array(), "{member} is echoed as an array: {record}");
    }
    assert_eq!(record["redirect_uris"], asked["redirect_uris"]);
    assert_clean(&record);

    let request = Authorize::new(&client.id, redirect_uri)
        .with("scope", "openid profile mcp:read offline_access")
        .with("resource", RESOURCE);
    let code = Browser::new(&server.api).code(&request, "ada").await;
    let tokens = redeem(&server, &client, redirect_uri, &code).await;
    assert_clean(&tokens);
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["scope"], "openid profile mcp:read offline_access");
    assert!(tokens["expires_in"].as_i64().unwrap() >= 600);
    let access = claims(tokens["access_token"].as_str().unwrap());
    assert_eq!((access["aud"].as_str(), access["client_id"].as_str()), (Some(RESOURCE), Some(client.id.as_str())));
    let label = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(label["preferred_username"], "ada");
    // A month of use: refreshed after each access token has run out.
    let mut refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        server.advance(10 * 86_400);
        let again = token(&server, &client, &format!("grant_type=refresh_token&refresh_token={refresh}")).await;
        again["refresh_token"].as_str().unwrap().clone_into(&mut refresh);
        assert_eq!(claims(again["access_token"].as_str().unwrap())["aud"], RESOURCE);
    }
}

#[rstest]
#[tokio::test]
async fn a_thousand_registrations_of_one_product_leave_one_row(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.open_registration = true).await;
    let before = server.client_count().await;
    let mut asked = fixture("vscode");
    let mut ids = std::collections::BTreeSet::new();
    for port in 0..1_000 {
        asked["redirect_uris"][3] = json!(format!("http://127.0.0.1:{}/", 20_000 + port));
        let record = server.api.register("", &asked).await.expect(201);
        assert_eq!(record["redirect_uris"], asked["redirect_uris"]);
        ids.insert(record["client_id"].as_str().unwrap().to_owned());
    }
    assert_eq!((ids.len(), server.client_count().await - before), (1, 1));
}

fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/mcp/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

async fn redeem(server: &TestServer, client: &Credentials, redirect_uri: &str, code: &str) -> Value {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("code_verifier", VERIFIER)
        .append_pair("resource", RESOURCE);
    token(server, client, &form.finish()).await
}

async fn token(server: &TestServer, client: &Credentials, form: &str) -> Value {
    let secret = if client.secret.is_empty() { String::new() } else { format!("&client_secret={}", client.secret) };
    let form = format!("{form}&client_id={}{secret}", client.id);
    server.api.form_post("/oauth/token", &form).await.expect(200)
}

/// No null and no empty text at any depth: either breaks clients.
fn assert_clean(value: &Value) {
    match value {
        Value::Null => panic!("a null"),
        Value::String(text) => assert!(!text.is_empty(), "an empty text"),
        Value::Array(items) => items.iter().for_each(assert_clean),
        Value::Object(members) => members.values().for_each(assert_clean),
        _ => {}
    }
}
