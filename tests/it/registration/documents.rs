//! Documents that metadata names: `jwks_uri` and `sector_identifier_uri` (OpenID Connect Registration §2, §5).

use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::{fixture, kept};
use crate::support::{Backend, Origin, TestServer};

/// A fixture with one more member.
fn with(member: &str, value: &str) -> Value {
    let mut body = fixture("web");
    body[member] = json!(value);
    body
}

#[rstest]
#[tokio::test]
async fn a_jwks_uri_is_fetched_once_and_must_hold_a_key_set(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let token = server.admin_token().await;
    let good = origin.publish("/jwks", json!({ "keys": [] }));
    let record = server.api.register(&token, &with("jwks_uri", &good)).await.expect(201);
    kept(&record);
    assert_eq!((&record["jwks_uri"], origin.requests()), (&json!(good), 1));
    assert_eq!(server.api.put(&record, &record).await.expect(200), record);
    assert_eq!(origin.requests(), 1, "an echo fetches nothing");
    let before = server.client_count().await;
    for bad in [
        origin.publish("/list", json!([1])),
        origin.publish("/keys", json!({ "keys": "none" })),
        good.replace("/jwks", "/missing"),
        "https://other.test/jwks".to_owned(),
        good.replace("https", "http"),
        "https://169.254.169.254/latest".to_owned(),
    ] {
        let told = server.api.register(&token, &with("jwks_uri", &bad)).await;
        let told = told.expect_error(400, "invalid_client_metadata");
        assert!(told.starts_with("jwks_uri"), "{told}");
        server.api.put(&record, &with("jwks_uri", &bad)).await.expect_error(400, "invalid_client_metadata");
    }
    assert_eq!(server.client_count().await, before);
    assert_eq!(server.api.read(&record).await.expect(200), record);
}

#[rstest]
#[tokio::test]
async fn a_sector_identifier_must_list_every_redirect_uri(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let token = server.admin_token().await;
    let redirect = "https://crm.example.com/oidc/callback";
    let good = origin.publish("/sector", json!([redirect, "https://crm.example.com/silent"]));
    let record = server.api.register(&token, &with("sector_identifier_uri", &good)).await.expect(201);
    assert_eq!(record["sector_identifier_uri"], good);
    let echo = kept(&record).put_body(&json!({}));
    server.api.put(&record, &echo).await.expect(200);
    assert_eq!(origin.requests(), 1, "an echo fetches nothing");
    let mut more = echo.clone();
    more["redirect_uris"] = json!([redirect, "https://crm.example.com/silent"]);
    server.api.put(&record, &more).await.expect(200);
    assert_eq!(origin.requests(), 2, "other redirect URIs are compared anew");
    more["redirect_uris"] = json!([redirect, "https://crm.example.com/unlisted"]);
    server.api.put(&record, &more).await.expect_error(400, "invalid_client_metadata");
    for bad in [
        origin.publish("/other", json!(["https://other.example.com/"])),
        origin.publish("/object", json!({ "uris": [redirect] })),
        good.replace("/sector", "/missing"),
    ] {
        let told = server.api.register(&token, &with("sector_identifier_uri", &bad)).await;
        let told = told.expect_error(400, "invalid_client_metadata");
        assert!(told.starts_with("sector_identifier_uri"), "{told}");
    }
}
