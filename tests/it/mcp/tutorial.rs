//! A protected MCP server behind a gateway, end to end: the gateway answers 401, the client finds its way, a person signs
//! up and consents, and the gateway introspects with the MCP server's own credentials.

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::matchers::{header_exists, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Authorize, Backend, Browser, PASSWORD, TestServer, VERIFIER, param};

/// A gateway in front of two MCP servers, which knows nothing but its configuration.
struct Gateway {
    stub: MockServer,
}

impl Gateway {
    async fn start(issuer: &str) -> Self {
        let stub = MockServer::start().await;
        for name in ["orders", "stock"] {
            let resource = format!("{}/{name}/mcp", stub.uri());
            let metadata_path = format!("/.well-known/oauth-protected-resource/{name}/mcp");
            let metadata = json!({ "resource": resource, "authorization_servers": [issuer] });
            Mock::given(method("GET"))
                .and(path(metadata_path.clone()))
                .respond_with(ResponseTemplate::new(200).set_body_json(metadata))
                .mount(&stub)
                .await;
            Mock::given(method("POST"))
                .and(path(format!("/{name}/mcp")))
                .and(header_exists("authorization"))
                .respond_with(ResponseTemplate::new(200))
                .with_priority(1)
                .mount(&stub)
                .await;
            let challenge = format!("Bearer resource_metadata=\"{}{metadata_path}\"", stub.uri());
            Mock::given(method("POST"))
                .and(path(format!("/{name}/mcp")))
                .respond_with(ResponseTemplate::new(401).insert_header("www-authenticate", challenge.as_str()))
                .mount(&stub)
                .await;
        }
        Self { stub }
    }

    fn resource(&self, name: &str) -> String {
        format!("{}/{name}/mcp", self.stub.uri())
    }
}

#[rstest]
#[tokio::test]
async fn a_client_that_has_never_heard_of_this_server_reaches_a_protected_one(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start_with(backend, |settings| {
        // The issuer is where the client will look.
        settings.public_url = None;
    })
    .await
    else {
        return;
    };
    let api = &server.api;
    let issuer = server.app.issuer_of("main");
    let gateway = Gateway::start(&issuer).await;
    server
        .set_domain(|settings| {
            settings.quick_start = false;
            settings.open_registration = true;
            settings.sign_up = true;
        })
        .await;
    let (_, orders) = server.add_resource("Orders", &[&gateway.resource("orders")]).await;
    let (_, stock) = server.add_resource("Stock", &[&gateway.resource("stock")]).await;

    // 401, protected resource metadata (RFC 9728), authorization server metadata (RFC 8414).
    let wanted = gateway.resource("orders");
    let refused = api.send(Method::POST, &wanted, &[], "{}").await;
    assert_eq!(refused.status, 401);
    let challenge = refused.header("www-authenticate");
    let metadata_url = challenge.split('"').nth(1).unwrap();
    let protected = api.get(metadata_url).await.expect(200);
    assert_eq!(protected["resource"], wanted);
    let found = protected["authorization_servers"][0].as_str().unwrap();
    let (origin, tenant) = found.split_at(found.find("/main").unwrap());
    let metadata = api.get(&format!("{origin}/.well-known/oauth-authorization-server{tenant}")).await.expect(200);
    assert_eq!(metadata["issuer"], found);

    // Registration, sign-up, consent.
    let callback = "http://127.0.0.1:33418/";
    let body = json!({ "client_name": "Some Agent", "redirect_uris": [callback], "application_type": "native" });
    let url = metadata["registration_endpoint"].as_str().unwrap();
    let record = api.json(Method::POST, url, "", &body.to_string()).await.expect(201);
    let client_id = record["client_id"].as_str().unwrap();
    assert!(metadata["authorization_endpoint"].as_str().unwrap().ends_with("/main/oauth/authorize"));
    let mut browser = Browser::new(api);
    let login = browser.authorize(&Authorize::new(client_id, callback).with("resource", &wanted)).await.page();
    let sign_up = browser.open(&login.link("sign-up-link")).await.page();
    let typed = [("username", "grace"), ("email", "grace@example.com"), ("password", PASSWORD)];
    let consent = browser.submit(&sign_up.form("sign-up"), &typed).await.page();
    assert!(consent.has("self-registered"));
    assert!(consent.text("resource").contains("Orders"), "{}", consent.text("resource"));
    let params = browser.allow(&consent).await.params();
    assert_eq!((param(&params, "iss"), param(&params, "state")), (issuer.as_str(), "s-1"));

    // A token for that resource, and what the gateway and its neighbour are told of it.
    let form = [
        ("grant_type", "authorization_code"),
        ("code", param(&params, "code")),
        ("redirect_uri", callback),
        ("code_verifier", VERIFIER),
        ("resource", &wanted),
    ];
    let tokens = api.token_request(client_id, &form).await.expect(200);
    let token = tokens["access_token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    assert_eq!(api.send(Method::POST, &wanted, &[("authorization", &bearer)], "{}").await.status, 200);
    let told = api.introspect(&orders, token).await.expect(200);
    assert_eq!((told["active"].as_bool(), told["client_id"].as_str()), (Some(true), Some(client_id)));
    assert_eq!(told["aud"], Value::from(wanted.as_str()));
    assert_eq!(api.introspect(&stock, token).await.expect(200), json!({ "active": false }));
    // Nor can the client turn it into one for the neighbour.
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let other = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("resource", &gateway.resource("stock"))];
    api.token_request(client_id, &other).await.expect_error(400, "invalid_target");
}
