//! Keycloak's tests of dynamic registration and management.
//!
//! Where we differ:
//!
//! | Keycloak expects | We do | Why (decisions) |
//! | --- | --- | --- |
//! | PUT rotates the registration token | only where the policy says so | §5 Update |
//! | an unknown response type on PUT: error | left out, the effective list is told | §5: derived from the grants |
//! | grants password or device only: 201 | refused: none is left | §5 Lenient in |
//! | token-exchange with `none`: 400 | that grant is left out | §5 Lenient in |
//! | an unknown scope: 403 | left out, the effective scope is told | §5 Policies |
//! | unknown `default_acr_values`: 400 | kept | there is no list of them to hold them against |
//! | ping without a notification endpoint: 400 | unknown members, kept; that grant is left out | §5 Lenient in |
//! | `client_secret_jwt` to `tls_client_auth` ends the secret | so does a secret to `none` | mutual TLS is not served yet |
//! | trusted hosts, allowed scopes, max clients: 403 | 400 by member, left out, 429 | §5 Errors, Policies |
//! | preflight: allowed origins only | any origin, never with credentials | browser clients register from anywhere |

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::{METADATA, Row, hold, initial_access_token, registered, revoke_initial_access_tokens, to, web, web_with};
use crate::support::{Backend, TestServer};

fn token_of(record: &Value) -> &str {
    record["registration_access_token"].as_str().unwrap()
}

#[rstest]
#[tokio::test]
async fn an_initial_access_token_has_an_end(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, body) = (&server.api, web("client_name", json!("x")));
    let (twice, short) =
        (initial_access_token(&server, Some(2), None).await, initial_access_token(&server, None, Some(60)).await);
    let revoked = initial_access_token(&server, None, None).await;
    // A registration that is refused uses nothing up.
    for _ in 0..3 {
        api.register(&twice, &json!({ "redirect_uris": ["x"] })).await.expect_error(400, "invalid_redirect_uri");
    }
    api.register(&twice, &body).await.expect(201);
    api.register(&twice, &body).await.expect(201);
    let said = api.register(&twice, &body).await.expect_error(401, "invalid_token");
    assert!(said.contains("used up"), "{said}");
    let record = api.register(&short, &body).await.expect(201);
    server.advance(60);
    let said = api.register(&short, &body).await.expect_error(401, "invalid_token");
    assert!(said.contains("expired"), "{said}");
    api.register(&revoked, &body).await.expect(201);
    revoke_initial_access_tokens(&server).await;
    let said = api.register(&revoked, &body).await.expect_error(401, "invalid_token");
    assert!(said.contains("revoked"), "{said}");
    // What was registered with it lives on.
    api.read(&record).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn one_use_is_one_registration_however_many_ask_at_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let token = initial_access_token(&server, Some(2), None).await;
    let body = web("client_name", json!("x"));
    let attempts = (0..8).map(|_| server.api.register(&token, &body));
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(attempts).await.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 401, 401, 401, 401, 401, 401]);
}

#[rstest]
#[tokio::test]
async fn reading_tells_everything_and_rotates_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &web("client_name", json!("x"))).await;
    let read = server.api.read(&record).await.expect(200);
    assert_eq!((&read["client_secret"], &read["client_secret_expires_at"]), (&record["client_secret"], &json!(0)));
    assert_eq!(token_of(&read), token_of(&record));
}

#[rstest]
#[tokio::test]
async fn a_secret_disappears_with_the_method_that_needs_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let record = registered(&server, &web("token_endpoint_auth_method", json!("client_secret_post"))).await;
    let updated = api.put(&record, &web("token_endpoint_auth_method", json!("none"))).await.expect(200);
    assert_eq!((updated.get("client_secret"), updated.get("client_secret_expires_at")), (None, None));
    assert_eq!(api.read(&record).await.expect(200), updated);
    let secret = record["client_secret"].as_str().unwrap();
    let form = format!("token=x&client_id={}&client_secret={secret}", record["client_id"].as_str().unwrap());
    api.form_post("/oauth/introspect", &form).await.expect_error(401, "invalid_client");
    api.renew(&record).await.expect_error(400, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn grants_and_response_types_are_brought_in_line(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let no_types = json!({ "response_types": [] });
    let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    let ciba = json!({
        "grant_types": ["urn:openid:params:grant-type:ciba", "authorization_code"],
        "backchannel_token_delivery_mode": "ping"
    });
    let key = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": "AA", "y": "BB" }] });
    let rows: Vec<Row> = vec![
        ("client_credentials only", web("grant_types", json!(["client_credentials"])), to(no_types)),
        (
            "code without its grant",
            web_with(json!({ "grant_types": ["client_credentials"], "response_types": ["code"] })),
            to(json!({ "grant_types": ["authorization_code", "client_credentials"], "response_types": ["code"] })),
        ),
        ("none", web("token_endpoint_auth_method", json!("none")), to(json!({ "client_secret": null }))),
        // Diverging rows.
        ("password only", json!({ "grant_types": ["password"] }), METADATA),
        ("device only", json!({ "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"] }), METADATA),
        (
            "token exchange and none",
            web_with(json!({ "grant_types": ["authorization_code", exchange], "token_endpoint_auth_method": "none" })),
            to(json!({ "grant_types": ["authorization_code"] })),
        ),
        (
            "client_credentials and none",
            web_with(json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "none" })),
            METADATA,
        ),
        ("unknown scope", web("scope", json!("foo")), to(json!({ "scope": null }))),
        ("unknown acr", web("default_acr_values", json!(["foo"])), to(json!({ "default_acr_values": ["foo"] }))),
        (
            "ping without endpoint",
            web_with(ciba),
            to(json!({ "grant_types": ["authorization_code"], "backchannel_token_delivery_mode": "ping" })),
        ),
        (
            "private_key_jwt",
            web_with(json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": key })),
            to(json!({ "token_endpoint_auth_method": "private_key_jwt", "client_secret_expires_at": null })),
        ),
    ];
    hold(&server, rows).await;
    let record = registered(&server, &web("client_name", json!("x"))).await;
    let updated = server.api.put(&record, &web("response_types", json!(["code", "foo"]))).await.expect(200);
    assert_eq!(updated["response_types"], json!(["code"]));
}

#[rstest]
#[tokio::test]
async fn open_registration_keeps_to_its_policy_and_updates_do_too(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    server.set_domain(|settings| settings.open_registration = true).await;
    let hosts = || vec!["rp.example.com".to_owned(), ".trusted.example".to_owned()];
    server.set_policy("mcp", |policy| policy.allowed_redirect_hosts = hosts()).await;
    let at = |uri: &str| json!({ "redirect_uris": [uri] });
    let said =
        api.register("", &at("https://elsewhere.example.com/cb")).await.expect_error(400, "invalid_redirect_uri");
    assert!(said.contains("does not allow"), "{said}");
    api.register("", &at("https://app.trusted.example/cb")).await.expect(201);
    let record = api.register("", &at("https://rp.example.com/cb")).await.expect(201);
    api.put(&record, &at("https://elsewhere.example.com/cb")).await.expect_error(400, "invalid_redirect_uri");
    let scoped = json!({ "redirect_uris": ["https://rp.example.com/cb"], "scope": "openid dcr_admin foo" });
    assert_eq!(api.put(&record, &scoped).await.expect(200)["scope"], "openid");
    // What an administrator set earlier stays, although the registrant could not have asked for it.
    let given = ["https://rp.example.com/cb".to_owned(), "https://given.example.com/cb".to_owned()];
    server
        .administrate(record["client_id"].as_str().unwrap(), |client| {
            client.metadata.redirect_uris = Some(given.to_vec());
        })
        .await;
    let kept = api.put(&record, &scoped).await.expect(200);
    assert_eq!(kept["redirect_uris"], json!(given));
}

#[rstest]
#[tokio::test]
async fn too_many_clients_are_429(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    server.set_domain(|settings| settings.open_registration = true).await;
    server.set_policy("mcp", |policy| policy.quota = Some(2)).await;
    let body = |n: u32| json!({ "redirect_uris": [format!("https://rp{n}.example.com/cb")] });
    api.register("", &body(1)).await.expect(201);
    api.register("", &body(2)).await.expect(201);
    let answer = api.register("", &body(3)).await;
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    answer.expect_error(429, "too_many_requests");
    // After an hour, the oldest that nobody has used makes room.
    server.advance(3_601);
    api.register("", &body(3)).await.expect(201);
}

#[rstest]
#[tokio::test]
async fn preflights_of_registration_allow_its_methods(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let url = server.api.url("/oidc/register/some-client");
    for method in ["GET", "PUT", "DELETE"] {
        let asked = [("origin", "https://any.example"), ("access-control-request-method", method)];
        let answer = server.api.send(Method::OPTIONS, &url, &asked, "").await;
        assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (204, "*"));
        assert!(answer.header("access-control-allow-methods").split(", ").any(|allowed| allowed == method));
    }
}
