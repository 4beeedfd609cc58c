//! Token introspection (RFC 7662), its GET form, and the alias that older gateway plugins call.

use http::Method;
use registrar::model::client::ClientStatus;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Api, Backend, Credentials, START, TestServer, basic};

fn inactive() -> Value {
    json!({ "active": false })
}

async fn check_token(api: &Api, client: &Credentials, token: &str) -> Answer {
    api.form("/oauth/check_token", client, &format!("token={token}")).await
}

/// A machine client that the gateway registered.
async fn registered(server: &TestServer) -> Credentials {
    let admin = server.admin_token().await;
    let body = json!({ "grant_types": ["client_credentials"] });
    Credentials::of(&server.api.register(&admin, &body).await.expect(201))
}

#[rstest]
#[tokio::test]
async fn an_active_token_is_described_with_whole_numbers_and_no_nulls(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["read"]).await;
    let client = server.add_machine("read").await;
    let token = server.api.token(&client, "read").await;
    let answer = server.api.introspect(&client, &token).await;
    assert_eq!((answer.header("cache-control"), answer.header("content-type")), ("no-store", "application/json"));
    let mut body = answer.expect(200);
    assert!(body["jti"].as_str().is_some_and(|jti| jti.len() == 22));
    body.as_object_mut().unwrap().remove("jti");
    let issuer = format!("{}/main/oidc", server.api.base);
    assert_eq!(
        body,
        json!({
            "active": true, "client_id": client.id, "sub": client.id, "azp": client.id, "aud": client.id,
            "token_type": "Bearer", "iss": issuer, "iat": START.seconds(), "exp": START.seconds() + 3600,
            "scope": "read", "domain": "main"
        })
    );
    let without_scope = server.add_machine("").await;
    let token = server.api.token(&without_scope, "").await;
    assert_eq!(server.api.introspect(&without_scope, &token).await.expect(200).get("scope"), None);
}

#[rstest]
#[tokio::test]
async fn whatever_is_not_alive_is_inactive_and_nothing_more(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    let token = api.token(&client, "").await;
    let (head, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    let unsigned = format!("{}.{}.", "eyJhbGciOiJub25lIn0", token.split('.').nth(1).unwrap());
    let long = "x".repeat(9_000);
    for dead in ["x", "a.b.c", "%C3%A9%20", "..", &forged, &unsigned, &long, &client.secret] {
        assert_eq!(api.introspect(&client, dead).await.expect(200), inactive(), "{dead}");
    }
    server.advance(3_599);
    assert_eq!(api.introspect(&client, &token).await.expect(200)["active"], true);
    server.advance(1);
    assert_eq!(api.introspect(&client, &token).await.expect(200), inactive());
}

#[rstest]
#[tokio::test]
async fn tokens_die_with_their_client(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, admin) = (&server.api, server.admin_token().await);
    let body = json!({ "grant_types": ["client_credentials"] });
    let record = api.register(&admin, &body).await.expect(201);
    let client = Credentials::of(&record);
    let token = api.token(&client, "").await;
    server.administrate(&client.id, |client| client.status = ClientStatus::Suspended).await;
    assert_eq!(api.introspect(&server.gateway, &token).await.expect(200), inactive());
    server.administrate(&client.id, |client| client.status = ClientStatus::Active).await;
    let url = api.client_url(&record);
    api.bare(Method::DELETE, &url, record["registration_access_token"].as_str().unwrap()).await.expect(204);
    assert_eq!(api.introspect(&server.gateway, &token).await.expect(200), inactive());
}

#[rstest]
#[tokio::test]
async fn the_caller_is_a_client_with_a_secret(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    let token = api.token(&client, "").await;
    let public = json!({ "redirect_uris": ["https://app.example.com/cb"], "token_endpoint_auth_method": "none" });
    let public = api.register(&server.admin_token().await, &public).await.expect(201);
    let form = format!("token={token}&client_id={}", public["client_id"].as_str().unwrap());
    api.form_post("/oauth/introspect", &form).await.expect_error(401, "invalid_client");
    api.form_post("/oauth/introspect", &format!("token={token}")).await.expect_error(401, "invalid_client");
    let wrong = Credentials { secret: "wrong".to_owned(), ..client.clone() };
    let answer = api.introspect(&wrong, &token).await;
    assert!(answer.header("www-authenticate").starts_with("Basic "));
    answer.expect_error(401, "invalid_client");
    // A bearer token is no client authentication here.
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let answer = api.send(Method::POST, &api.url("/oauth/introspect"), &headers, format!("token={token}")).await;
    answer.expect_error(401, "invalid_client");
    let by_body = format!("token={token}&client_id={}&client_secret={}", client.id, client.secret);
    assert_eq!(api.form_post("/oauth/introspect", &by_body).await.expect(200)["active"], true);
}

#[rstest]
#[tokio::test]
async fn a_token_is_named_once_and_in_the_body(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    for form in ["", "token=", "token=a&token=b", "token_type_hint=access_token"] {
        api.form("/oauth/introspect", &client, form).await.expect_error(400, "invalid_request");
    }
    let token = api.token(&client, "").await;
    let hinted = format!("token={token}&token_type_hint=refresh_token&more=x");
    assert_eq!(api.form("/oauth/introspect", &client, &hinted).await.expect(200)["active"], true);
}

#[rstest]
#[tokio::test]
async fn a_registered_client_sees_its_own_tokens_only(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (one, other) = (registered(&server).await, registered(&server).await);
    let token = server.api.token(&one, "").await;
    assert_eq!(server.api.introspect(&one, &token).await.expect(200)["active"], true);
    assert_eq!(server.api.introspect(&other, &token).await.expect(200), inactive());
    // The gateway registrar may introspect; a client made by hand may only when an administrator says so.
    assert_eq!(server.api.introspect(&server.gateway, &token).await.expect(200)["active"], true);
    let by_hand = server.add_machine("").await;
    assert_eq!(server.api.introspect(&by_hand, &token).await.expect(200), inactive());
    server.administrate(&by_hand.id, |client| client.settings.may_introspect = true).await;
    assert_eq!(server.api.introspect(&by_hand, &token).await.expect(200)["active"], true);
}

#[rstest]
#[tokio::test]
async fn a_resource_sees_the_tokens_that_name_it(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    let (orders, orders_key) = server.add_resource("orders", &["https://api.example.com/orders", "urn:orders"]).await;
    let (stock, stock_key) = server.add_resource("stock", &["https://api.example.com/stock"]).await;
    server.grant(&orders, &client.id).await;
    server.grant(&stock, &client.id).await;
    let ask = |resource: &'static str| {
        let client = client.clone();
        async move {
            let form = format!("grant_type=client_credentials{resource}");
            let body = api.form("/oauth/token", &client, &form).await.expect(200);
            body["access_token"].as_str().unwrap().to_owned()
        }
    };
    let seen = |caller: &Credentials, token: &str| {
        let (caller, token) = (caller.clone(), token.to_owned());
        async move { api.introspect(&caller, &token).await.expect(200)["active"] == true }
    };
    let for_orders = ask("&resource=https://api.example.com/orders").await;
    assert!(seen(&orders_key, &for_orders).await && !seen(&stock_key, &for_orders).await);
    let for_both = ask("&resource=urn:orders&resource=https://api.example.com/stock").await;
    assert!(seen(&orders_key, &for_both).await && seen(&stock_key, &for_both).await);
    let for_itself = ask("").await;
    assert!(!seen(&orders_key, &for_itself).await);
    // Who may introspect sees tokens for the client itself, not those for a resource; the client sees all its own.
    assert!(!seen(&server.gateway, &for_orders).await && seen(&server.gateway, &for_itself).await);
    assert!(seen(&client, &for_orders).await);
    // A resource's credentials are for nothing else.
    api.token_answer(&orders_key, "").await.expect_error(400, "unauthorized_client");
}

#[rstest]
#[tokio::test]
async fn get_is_off_unless_the_domain_allows_it(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    let token = api.token(&client, "").await;
    let authorization = basic(&client);
    let credentials = [("authorization", authorization.as_str())];
    let url = format!("{}?token={token}", api.url("/oauth/introspect"));
    let refused = api.send(Method::GET, &url, &credentials, "").await;
    assert_eq!(refused.header("allow"), "POST");
    refused.expect_error(405, "method_not_allowed");
    server.set_domain(|settings| settings.introspection_by_get = true).await;
    assert_eq!(api.send(Method::GET, &url, &credentials, "").await.expect(200)["active"], true);
    api.get(&url).await.expect_error(401, "invalid_client");
    let without = api.url("/oauth/introspect");
    api.send(Method::GET, &without, &credentials, "").await.expect_error(400, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn the_alias_answers_200_for_active_tokens_only(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, registered(&server).await);
    let token = api.token(&client, "").await;
    let described = check_token(api, &client, &token).await.expect(200);
    assert_eq!(described, api.introspect(&client, &token).await.expect(200));
    let stranger = registered(&server).await;
    check_token(api, &stranger, &token).await.expect_error(400, "invalid_token");
    check_token(api, &client, "nonsense").await.expect_error(400, "invalid_token");
    let wrong = Credentials { secret: "wrong".to_owned(), ..client.clone() };
    check_token(api, &wrong, &token).await.expect_error(401, "invalid_client");
    server.advance(3_600);
    check_token(api, &client, &token).await.expect_error(400, "invalid_token");
}

#[rstest]
#[tokio::test]
async fn tokens_of_another_domain_are_inactive(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let foreign = server.add_domain("other").await;
    let token = server.api.in_domain("other").token(&foreign, "").await;
    assert_eq!(server.api.introspect(&server.gateway, &token).await.expect(200), inactive());
}
