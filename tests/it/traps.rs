//! Situations in which a gateway, an administrator and an application get in one another's way.

use std::collections::BTreeSet;

use http::Method;
use registrar::model::client::ClientStatus;
use registrar::model::scope::ScopeSet;
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::{fixture, kept, registered, updated};
use crate::support::{Backend, Credentials, TestServer, scopes};

const ORDERS: &str = "https://gw.example.com/mcp-orders";
const STOCK: &str = "https://gw.example.com/mcp-stock";

#[rstest]
#[tokio::test]
async fn a_secret_that_the_registrar_renewed_is_told_to_the_application_by_its_own_update(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let registrar = server.admin_token().await;
    let renewed = server.api.bare(Method::POST, &server.api.renewal_url(&record), &registrar).await.expect(200);
    assert_ne!(renewed["client_secret"], record["client_secret"]);
    assert!(renewed.get("registration_access_token").is_none(), "a registrar sees no registration token");
    let after = updated(&server, &record, &kept(&record).put_body(&json!({ "client_name": "Renamed" }))).await;
    assert_eq!(after["client_secret"], renewed["client_secret"]);
    assert_eq!(after["registration_access_token"], record["registration_access_token"]);
    assert!(server.api.accepts(&Credentials::of(&after)).await);
}

#[rstest]
#[tokio::test]
async fn a_resource_sees_only_tokens_that_name_it(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let (orders, orders_credentials) = server.add_resource("Orders", &[ORDERS, "https://old.example.com/o"]).await;
    let (stock, stock_credentials) = server.add_resource("Stock", &[STOCK]).await;
    let application = Credentials::of(&registered(&server, &fixture("backend_to_backend")).await);
    server.grant(&orders, &application.id).await;
    server.grant(&stock, &application.id).await;
    let seen = |token: String| {
        let callers = [&orders_credentials, &stock_credentials, &application, &server.gateway].map(Credentials::clone);
        async move {
            let mut seen = Vec::new();
            for caller in &callers {
                seen.push(api.is_active(caller, &token).await);
            }
            seen
        }
    };
    let token = |resources: &'static [&'static str]| {
        let application = &application;
        async move {
            let body = api.token_for(application, resources).await.expect(200);
            body["access_token"].as_str().unwrap().to_owned()
        }
    };
    assert_eq!(seen(token(&[]).await).await, [false, false, true, true], "without a resource it is the client's own");
    assert_eq!(seen(token(&[ORDERS]).await).await, [true, false, true, false]);
    assert_eq!(seen(token(&[STOCK]).await).await, [false, true, true, false]);
    assert_eq!(seen(token(&[ORDERS, STOCK]).await).await, [true, true, true, false], "one of several is enough");
    let other_name = token(&["https://OLD.example.com:443/o/"]).await;
    let told = api.introspect(&orders_credentials, &other_name).await.expect(200);
    assert_eq!(told["aud"], ORDERS, "the canonical identifier");
    // A resource's credentials are no client that may have tokens.
    api.token_answer(&orders_credentials, "").await.expect_error(400, "unauthorized_client");
}

#[rstest]
#[tokio::test]
async fn an_application_of_the_portal_gets_no_token_for_a_resource_that_nobody_granted_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let (orders, _) = server.add_resource("Orders", &[ORDERS]).await;
    server.add_resource("Stock", &[STOCK]).await;
    let application = Credentials::of(&registered(&server, &fixture("backend_to_backend")).await);
    let by_hand = server.add_machine("").await;
    for client in [&application, &by_hand] {
        for resource in [ORDERS, STOCK, "https://gw.example.com/nothing", "not-a-url"] {
            api.token_for(client, &[resource]).await.expect_error(400, "invalid_target");
        }
    }
    server.grant(&orders, &application.id).await;
    let token = api.token_for(&application, &[ORDERS]).await.expect(200);
    assert!(token["access_token"].is_string());
    api.token_for(&application, &[ORDERS, STOCK]).await.expect_error(400, "invalid_target");
    server.set_policy("gateway", |policy| policy.resources = vec!["Stock".to_owned()]).await;
    api.token_for(&application, &[ORDERS, STOCK]).await.expect(200);
    api.token_for(&by_hand, &[STOCK]).await.expect_error(400, "invalid_target");
}

#[rstest]
#[tokio::test]
async fn a_revoked_token_registers_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (revoked, other) = (server.admin_token().await, server.admin_token().await);
    let record = server.api.register(&revoked, &fixture("web")).await.expect(201);
    server.api.revoke(&server.gateway, &revoked).await;
    let refused = server.api.register(&revoked, &fixture("web")).await;
    assert!(refused.header("www-authenticate").starts_with("Bearer "));
    refused.expect_error(401, "invalid_token");
    let url = server.api.client_url(&record);
    server.api.bare(Method::GET, &url, &revoked).await.expect_error(401, "invalid_token");
    server.api.bare(Method::GET, &url, &other).await.expect(200);
    server.advance(3600);
    server.api.register(&other, &fixture("web")).await.expect_error(401, "invalid_token");
}

#[rstest]
#[tokio::test]
async fn a_registrar_that_an_administrator_stopped_registers_nothing_with_the_tokens_it_has(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let token = server.admin_token().await;
    server.set_status(&server.gateway.id, ClientStatus::Suspended).await;
    server.api.register(&token, &fixture("web")).await.expect_error(401, "invalid_token");
    server.api.token_answer(&server.gateway, "dcr_admin").await.expect_error(401, "invalid_client");
    server.set_status(&server.gateway.id, ClientStatus::Active).await;
    let record = server.api.register(&token, &fixture("web")).await.expect(201);
    server
        .administrate(&server.gateway.id, |client| {
            client.settings.granted_scopes = ScopeSet::default();
            client.settings.default_scopes = ScopeSet::default();
        })
        .await;
    server.api.register(&token, &fixture("web")).await.expect_error(403, "insufficient_scope");
    let url = server.api.client_url(&record);
    server.api.bare(Method::GET, &url, &token).await.expect_error(403, "insufficient_scope");
    server.api.token_answer(&server.gateway, "dcr_admin").await.expect_error(400, "invalid_scope");
    server.api.read(&record).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn stale_echoes_of_grants_response_types_and_scope_change_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["orders:read", "orders:write"]).await;
    let web = registered(&server, &fixture("web")).await;
    let machine = registered(&server, &fixture("backend_to_backend")).await;
    let owned = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    server
        .administrate(web["client_id"].as_str().unwrap(), |client| {
            client.metadata.grant_types = owned(&["authorization_code"]);
            client.metadata.scope = Some(scopes("openid"));
        })
        .await;
    server
        .administrate(machine["client_id"].as_str().unwrap(), |client| {
            client.metadata.grant_types = owned(&["authorization_code", "client_credentials"]);
            client.metadata.response_types = owned(&["code"]);
            client.metadata.redirect_uris = owned(&["https://export.example.com/cb"]);
            client.metadata.scope = Some(scopes("orders:read"));
        })
        .await;
    for (record, grants, types, uris, scope) in [
        (&web, json!(["authorization_code"]), json!(["code"]), web["redirect_uris"].clone(), "openid"),
        (
            &machine,
            json!(["authorization_code", "client_credentials"]),
            json!(["code"]),
            json!(["https://export.example.com/cb"]),
            "orders:read",
        ),
    ] {
        let stale = kept(record).put_body(&json!({ "client_name": "Renamed" }));
        for _ in 0..2 {
            let after = updated(&server, record, &stale).await;
            let members = ["grant_types", "response_types", "redirect_uris", "scope", "client_name"];
            let got = members.map(|member| after[member].clone());
            assert_eq!(got, [grants.clone(), types.clone(), uris.clone(), json!(scope), json!("Renamed")]);
        }
    }
}

/// The names that a constant of the source lists.
fn names_in(constant: &str) -> Vec<String> {
    let source = include_str!("../../src/model/registration/normalize.rs");
    let from = source.split(&format!("const {constant}: &[&str] =")).nth(1).unwrap();
    let list = from.split_once(';').unwrap().0;
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[rstest]
#[tokio::test]
async fn every_name_that_a_registrant_may_not_set_is_dropped_from_a_registration(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut names: BTreeSet<String> =
        ["SERVER_MEMBERS", "GATEWAY_MEMBERS", "ADMINISTRATIVE_MEMBERS", "CREDENTIAL_MEMBERS"]
            .into_iter()
            .flat_map(names_in)
            .collect();
    names.extend(names_in("CREDENTIAL_ENDINGS").iter().map(|ending| format!("vendor{ending}")));
    names.extend(["error", "error_description", "error_uri", "Password", "client_secret#fr"].map(str::to_owned));
    assert!(names.len() > 40, "{names:?}");
    let mut body = fixture("backend_to_backend");
    for name in &names {
        body[name] = json!("smuggled-in");
    }
    body["id"] = json!({ "wrong": ["type"] });
    let (_, initial) = server.initial_access_token(|_| {}).await;
    for token in [server.admin_token().await, initial] {
        let record = server.api.register(&token, &body).await.expect(201);
        kept(&record);
        assert!(!record.to_string().contains("smuggled-in"), "{record}");
        let again = server.api.put(&record, &without_identity(&body)).await.expect(200);
        assert_eq!(again, record);
        let refused = server.api.put(&record, &body).await;
        assert_eq!(refused.status, 400, "an update is about the client that it names");
        let client = server.stored(record["client_id"].as_str().unwrap()).await.unwrap().client;
        assert!(!client.settings.may_introspect && client.status == ClientStatus::Active);
    }
}

fn without_identity(body: &Value) -> Value {
    let mut body = body.clone();
    for name in ["client_id", "client_secret"] {
        body.as_object_mut().unwrap().remove(name);
    }
    body
}
