//! Who may register and manage (RFC 7591 §3, RFC 7592 §2).

use http::Method;
use registrar::model::client::{ClientStatus, Origin};
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::{fixture, registered};
use crate::support::{Answer, Backend, Credentials, TestServer};

/// A body that anybody may register.
fn public_body() -> Value {
    json!({ "redirect_uris": ["http://127.0.0.1:8080/cb"], "token_endpoint_auth_method": "none" })
}

async fn register_with(server: &TestServer, authorization: &str) -> Answer {
    let headers = [("authorization", authorization), ("content-type", "application/json")];
    let url = server.api.url("/oidc/register");
    server.api.send(Method::POST, &url, &headers, public_body().to_string()).await
}

#[rstest]
#[tokio::test]
async fn a_bad_authorization_header_is_refused_even_while_anybody_may_register(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.api.register("", &public_body()).await.expect(201);
    let token = server.admin_token().await;
    let (basic, rat) = (format!("Basic {token}"), format!("Bearer rat_{}", "x".repeat(43)));
    let (short, unknown) = ("Bearer iat_short".to_owned(), format!("Bearer iat_{}", "x".repeat(43)));
    let dpop = format!("DPoP {token}");
    for header in ["Bearer null", "Bearer ", "Bearer", "", "Basic", &basic, &dpop, &token, &rat, &short, &unknown] {
        let refused = register_with(&server, header).await;
        assert!(refused.header("www-authenticate").starts_with("Bearer realm="), "{header}");
        refused.expect_error(401, "invalid_token");
    }
    register_with(&server, &format!("bearer {token}")).await.expect(201);
}

#[rstest]
#[tokio::test]
async fn two_authorization_headers_are_refused(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let bearer = format!("Bearer {}", server.admin_token().await);
    let headers =
        [("authorization", bearer.as_str()), ("authorization", &bearer), ("content-type", "application/json")];
    let answer = server.api.send(Method::POST, &server.api.url("/oidc/register"), &headers, "{}").await;
    answer.expect_error(400, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn without_open_registration_a_request_without_token_is_told_what_it_needs(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.quick_start = false).await;
    let refused = server.api.register("", &public_body()).await;
    assert_eq!(refused.header("www-authenticate"), r#"Bearer realm="registrar""#);
    refused.expect_error(401, "invalid_token");
    server.set_domain(|settings| settings.open_registration = true).await;
    server.api.register("", &public_body()).await.expect(201);
}

#[rstest]
#[tokio::test]
async fn while_registration_is_off_every_way_in_is_403_and_discovery_still_names_the_endpoint(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let record = registered(&server, &fixture("web")).await;
    let (_, initial) = server.initial_access_token(|_| {}).await;
    let admin = server.admin_token().await;
    server.set_domain(|settings| settings.registration = false).await;
    for token in ["", &initial, &admin] {
        api.register(token, &public_body()).await.expect_error(403, "registration_forbidden");
    }
    api.register("null", &public_body()).await.expect_error(401, "invalid_token");
    api.read(&record).await.expect_error(403, "registration_forbidden");
    api.put(&record, &fixture("web")).await.expect_error(403, "registration_forbidden");
    api.renew(&record).await.expect_error(403, "registration_forbidden");
    api.delete(&record).await.expect_error(403, "registration_forbidden");
    api.bare(Method::GET, &api.client_url(&record), &admin).await.expect_error(403, "registration_forbidden");
    let document = api.get(&api.url("/oidc/.well-known/openid-configuration")).await.expect(200);
    assert_eq!(document["registration_endpoint"], api.url("/oidc/register"));
    server.set_domain(|settings| settings.registration = true).await;
    api.read(&record).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn a_token_of_another_kind_or_domain_does_not_register(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let machine = server.add_machine("openid").await;
    let plain = server.api.token(&machine, "openid").await;
    server.api.register(&plain, &public_body()).await.expect_error(403, "insufficient_scope");
    let elsewhere = server.add_domain("other").await;
    let foreign = server.api.in_domain("other").token(&elsewhere, "dcr_admin").await;
    server.api.register(&foreign, &public_body()).await.expect_error(401, "invalid_token");
    let own = server.admin_token().await;
    server.api.in_domain("other").register(&own, &public_body()).await.expect_error(401, "invalid_token");
}

/// Every way to touch a client with a token.
async fn touches(server: &TestServer, client_id: &str, token: &str) -> Vec<Answer> {
    let url = server.api.url(&format!("/oidc/register/{client_id}"));
    vec![
        server.api.bare(Method::GET, &url, token).await,
        server.api.json(Method::PUT, &url, token, &fixture("backend_to_backend").to_string()).await,
        server.api.json(Method::PATCH, &url, token, r#"{"client_name":"Mine"}"#).await,
        server.api.bare(Method::POST, &format!("{url}/renew_secret"), token).await,
        server.api.bare(Method::DELETE, &url, token).await,
    ]
}

#[rstest]
#[tokio::test]
async fn a_registrar_never_reaches_hand_made_or_open_clients_or_itself(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.open_registration = true).await;
    let by_hand = server.add_machine("").await;
    let shared = server.api.register("", &public_body()).await.expect(201);
    let confidential = json!({ "redirect_uris": ["https://app.example.com/cb"] });
    let open = server.api.register("", &confidential).await.expect(201);
    let token = server.admin_token().await;
    for everything in [false, true] {
        server.set_domain(|settings| settings.registrars_manage_all = everything).await;
        let ids = [
            &by_hand.id,
            &server.gateway.id,
            shared["client_id"].as_str().unwrap(),
            open["client_id"].as_str().unwrap(),
        ];
        for id in ids {
            for refused in touches(&server, id, &token).await {
                refused.expect_error(403, "registration_forbidden");
            }
        }
    }
    for refused in touches(&server, "nobody", &token).await {
        refused.expect_error(404, "not_found");
    }
    assert!(server.api.accepts(&by_hand).await);
    server.api.read(&open).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn a_switch_lets_registrars_reach_every_client_that_was_registered_with_a_token(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let other = server.add_gateway().await;
    let other = server.api.token(&other, "dcr_admin").await;
    let foreign = server.api.register(&other, &fixture("backend_to_backend")).await.expect(201);
    let (_, initial) = server.initial_access_token(|_| {}).await;
    let initial = server.api.register(&initial, &fixture("backend_to_backend")).await.expect(201);
    let token = server.admin_token().await;
    for record in [&foreign, &initial] {
        let id = record["client_id"].as_str().unwrap();
        for refused in touches(&server, id, &token).await {
            refused.expect_error(403, "registration_forbidden");
        }
    }
    server.set_domain(|settings| settings.registrars_manage_all = true).await;
    for record in [&foreign, &initial] {
        let id = record["client_id"].as_str().unwrap();
        let statuses: Vec<u16> =
            touches(&server, id, &token).await.iter().map(|answer| answer.status.as_u16()).collect();
        assert_eq!(statuses, [200, 200, 200, 200, 204]);
    }
}

#[rstest]
#[tokio::test]
async fn a_registrar_sees_no_registration_token_and_a_secret_only_in_its_own_renewal(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let token = server.admin_token().await;
    let mut answers = touches(&server, record["client_id"].as_str().unwrap(), &token).await;
    assert_eq!(answers.pop().unwrap().status, 204);
    let renewed = answers.pop().unwrap().expect(200);
    assert!(renewed["client_secret"].is_string() && renewed["client_secret_expires_at"] == 0);
    assert!(renewed.get("registration_access_token").is_none() && renewed.get("registration_client_uri").is_none());
    for answer in answers {
        assert_eq!(answer.header("cache-control"), "no-store");
        let seen = answer.expect(200);
        assert_eq!(seen["client_id"], record["client_id"]);
        for hidden in
            ["client_secret", "client_secret_expires_at", "registration_access_token", "registration_client_uri"]
        {
            assert!(seen.get(hidden).is_none(), "{hidden}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn the_holder_of_a_registration_token_manages_its_own_client_only(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (one, two) = (registered(&server, &fixture("web")).await, registered(&server, &fixture("web")).await);
    let token = one["registration_access_token"].as_str().unwrap();
    for id in [two["client_id"].as_str().unwrap(), "nobody", &server.gateway.id, "%00", "a%2Fb"] {
        for refused in touches(&server, id, token).await {
            refused.expect_error(401, "invalid_token");
        }
    }
    let url = server.api.client_url(&one);
    server.api.get(&url).await.expect_error(401, "invalid_token");
    server.api.bare(Method::GET, &url, &server.api.token(&server.gateway, "").await).await.expect(200);
    let client = server.stored(one["client_id"].as_str().unwrap()).await.unwrap().client;
    assert_eq!((client.origin, client.registrant.as_deref()), (Origin::Gateway, Some(server.gateway.id.as_str())));
}

#[rstest]
#[tokio::test]
async fn a_suspended_client_manages_nothing_and_gets_no_token(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let (client, id) = (Credentials::of(&record), record["client_id"].as_str().unwrap());
    let token = server.api.token(&client, "").await;
    server.set_status(id, ClientStatus::Suspended).await;
    server.api.read(&record).await.expect_error(403, "registration_forbidden");
    let told = server.api.token_answer(&client, "").await.expect_error(401, "invalid_client");
    assert!(told.contains("suspended"), "{told}");
    let wrong = Credentials { secret: "wrong".to_owned(), ..client.clone() };
    let told = server.api.token_answer(&wrong, "").await.expect_error(401, "invalid_client");
    assert!(!told.contains("suspended"), "said only to those who proved who they are");
    assert!(!server.api.is_active(&server.gateway, &token).await);
    server.set_status(id, ClientStatus::Active).await;
    server.api.read(&record).await.expect(200);
    assert!(server.api.is_active(&server.gateway, &token).await);
}

#[rstest]
#[tokio::test]
async fn a_deleted_client_is_gone_and_its_id_gets_a_helpful_answer(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let client = Credentials::of(&record);
    let token = server.api.token(&client, "").await;
    let deleted = server.api.delete(&record).await;
    assert_eq!(deleted.header("cache-control"), "no-store");
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    assert!(!server.api.is_active(&server.gateway, &token).await, "its tokens end");
    let told = server.api.token_answer(&client, "").await.expect_error(401, "invalid_client");
    assert!(told.contains("deleted") && told.contains("register again"), "{told}");
    server.api.read(&record).await.expect_error(401, "invalid_token");
    server.api.delete(&record).await.expect_error(401, "invalid_token");
    let admin = server.admin_token().await;
    server.api.bare(Method::GET, &server.api.client_url(&record), &admin).await.expect_error(404, "not_found");
}

#[rstest]
#[tokio::test]
async fn a_registrars_token_for_a_resource_does_not_register(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (orders, credentials) = server.add_resource("Orders", &["https://gw.example.com/orders"]).await;
    server.grant(&orders, &server.gateway.id).await;
    let answer = server.api.token_for(&server.gateway, &["https://gw.example.com/orders"]).await.expect(200);
    let token = answer["access_token"].as_str().unwrap();
    assert!(server.api.is_active(&credentials, token).await);
    // Whoever holds the resource has seen this token: it must not be of use here.
    server.api.register(token, &fixture("web")).await.expect_error(403, "insufficient_scope");
}

#[rstest]
#[tokio::test]
async fn nothing_crosses_from_one_domain_to_another(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_domain("other").await;
    let other = server.api.in_domain("other");
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let (_, initial) = server.initial_access_token(|_| {}).await;
    other.register(&initial, &fixture("web")).await.expect_error(401, "invalid_token");
    for answer in [other.read(&record).await, other.renew(&record).await, other.delete(&record).await] {
        answer.expect_error(401, "invalid_token");
    }
    assert!(!other.accepts(&Credentials::of(&record)).await);
    assert!(server.api.accepts(&Credentials::of(&record)).await);
    other.register("", &public_body()).await.expect_error(401, "invalid_token");
}
