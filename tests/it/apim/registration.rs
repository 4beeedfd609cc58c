//! What the gateway registers, and what it can store of the answer (checks 3, 8).

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::{KINDS, fixture, kept, registered, updated};
use crate::apim_types::STORED_LIMIT;
use crate::support::{Backend, Credentials, TestServer};

/// A fixture with other values of some members; null removes one.
fn with(kind: &str, changes: &Value) -> Value {
    let mut body = fixture(kind);
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    body
}

#[rstest]
#[tokio::test]
async fn check_03_the_four_types_register_as_the_gateway_sends_them(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["orders:read", "orders:write"]).await;
    for kind in KINDS {
        let body = fixture(kind);
        let record = registered(&server, &body).await;
        for member in ["application_type", "client_name", "redirect_uris"] {
            assert_eq!(record[member], body[member], "{kind}: {member}");
        }
        let (grants, types, method) = match kind {
            "backend_to_backend" => (json!(["client_credentials"]), json!([]), "client_secret_basic"),
            "browser" => (json!(["authorization_code"]), json!(["code"]), "none"),
            "native" => (json!(["authorization_code", "refresh_token"]), json!(["code"]), "none"),
            _ => (json!(["authorization_code", "refresh_token"]), json!(["code"]), "client_secret_basic"),
        };
        assert_eq!((&record["grant_types"], &record["response_types"]), (&grants, &types), "{kind}");
        assert_eq!(record["token_endpoint_auth_method"], method, "{kind}");
        assert_eq!(record["client_secret"].is_string(), method != "none", "{kind}");
        assert_eq!(record.get("client_secret_expires_at"), (method != "none").then_some(&json!(0)), "{kind}");
        assert_eq!(record["client_id"].as_str().unwrap().len(), 22);
        assert_eq!(record["client_id_issued_at"], json!(server.clock.now().seconds()));
        assert!(record["registration_access_token"].as_str().unwrap().len() < 100);
        assert_eq!(record["registration_client_uri"], server.api.client_url(&record));
        assert_eq!(server.api.read(&record).await.expect(200), record, "{kind}");
    }
    let web = registered(&server, &fixture("web")).await;
    assert_eq!(web["scope"], "orders:read orders:write");
    assert_eq!(web["metadata"], json!({ "organization": "org-77" }));
    assert_eq!(web["policy_uri"], "https://crm.example.com/privacy");
}

#[rstest]
#[tokio::test]
async fn check_03_odd_bodies_of_the_gateway_register_too(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let fifty: Vec<String> = (0..50).map(|n| format!("https://app.example.com/cb/{n}")).collect();
    let odd = [
        ("redirect_uris absent for a machine", with("backend_to_backend", &json!({ "redirect_uris": null }))),
        ("an unknown software_id", with("web", &json!({ "software_id": "never-heard-of" }))),
        ("an upper-case type", with("backend_to_backend", &json!({ "application_type": "BACKEND_TO_BACKEND" }))),
        ("fifty redirect URIs", with("web", &json!({ "redirect_uris": fifty }))),
        ("an emoji in the name", with("web", &json!({ "client_name": "Bücher 📚 “Shop”" }))),
        ("a nested unknown member", with("web", &json!({ "tenant": { "id": 7, "tags": ["a", { "b": true }] } }))),
        ("refresh_token alone", with("web", &json!({ "grant_types": ["refresh_token"], "response_types": [] }))),
        ("only implicit", with("browser", &json!({ "grant_types": ["implicit"], "response_types": ["token"] }))),
        ("a scope that nobody defined", with("web", &json!({ "scope": ["unheard:of", "openid"] }))),
    ];
    for (what, body) in odd {
        let record = registered(&server, &body).await;
        let mut verbatim = vec!["application_type", "client_name", "tenant", "software_id"];
        if body["redirect_uris"].is_array() {
            verbatim.push("redirect_uris");
        }
        for member in verbatim {
            assert_eq!(record.get(member), body.get(member), "{what}: {member}");
        }
    }
    let token = server.admin_token().await;
    let without = with("web", &json!({ "redirect_uris": null }));
    let refusal = server.api.register(&token, &without).await.expect_error(400, "invalid_redirect_uri");
    assert!(refusal.contains("redirect_uris"), "{refusal}");
}

#[rstest]
#[tokio::test]
async fn check_03_the_charset_of_the_body_is_what_the_gateways_machine_says(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let bearer = format!("Bearer {}", server.admin_token().await);
    for media_type in ["application/json; charset=US-ASCII", "application/json;charset=UTF-8", "APPLICATION/JSON"] {
        let headers =
            [("authorization", bearer.as_str()), ("content-type", media_type), ("accept", "application/json")];
        let url = server.api.url("/oidc/register");
        let answer = server.api.send(Method::POST, &url, &headers, fixture("browser").to_string()).await;
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        kept(&answer.expect(201));
    }
    let headers = [("authorization", bearer.as_str()), ("content-type", "text/plain")];
    let refused = server.api.send(Method::POST, &server.api.url("/oidc/register"), &headers, "{}").await;
    refused.expect_error(415, "unsupported_media_type");
}

#[rstest]
#[tokio::test]
async fn check_08_a_record_that_the_gateway_cannot_store_is_refused_with_the_reason_and_leaves_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let token = server.admin_token().await;
    let body = |uris: usize| {
        let uris: Vec<String> = (0..uris).map(|n| format!("https://app.example.com/{n}/{}", "x".repeat(24))).collect();
        with("web", &json!({ "redirect_uris": uris }))
    };
    let before = server.client_count().await;
    let (mut accepted, mut refused) = (0, 0);
    for uris in 40..60 {
        let answer = server.api.register(&token, &body(uris)).await;
        if answer.status == 201 {
            let size = kept(&answer.expect(201)).stored_size();
            assert!(size < STORED_LIMIT, "{uris} make {size}");
            accepted += 1;
        } else {
            let reason = answer.expect_error(400, "invalid_client_metadata");
            assert!(reason.contains("characters") && reason.contains("4000"), "{reason}");
            refused += 1;
        }
    }
    assert!(accepted > 0 && refused > 0, "{accepted} {refused}");
    assert_eq!(server.client_count().await, before + accepted);

    let record = registered(&server, &fixture("web")).await;
    server.api.put(&record, &body(99)).await.expect_error(400, "invalid_client_metadata");
    assert_eq!(server.api.read(&record).await.expect(200), record, "a refused update changes nothing");
    let renamed = updated(&server, &record, &with("web", &json!({ "client_name": "Renamed" }))).await;
    assert_eq!(Credentials::of(&renamed).secret, Credentials::of(&record).secret);
}
