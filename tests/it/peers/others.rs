//! Spring Authorization Server, Matrix Authentication Service, Rauthy, and the topics on which all of them disagree.
//!
//! Where we differ:
//!
//! | Who expects what | We do | Why (decisions) |
//! | --- | --- | --- |
//! | Spring: a scope at open registration is `invalid_scope` | left out unless self-registrable | §5 Policies |
//! | Matrix: a body that is no JSON is `invalid_request` | `invalid_client_metadata`; 415 for a form | §5 Errors |
//! | Matrix: a `client_uri` on a public suffix is refused | taken: it is shown, never trusted | no rule of ours |
//! | Matrix: response and grant types that do not match are refused | brought in line, told | §5 Lenient in |
//! | Rauthy: PUT rotates secret and registration token | neither, unless the policy says so | §5 Update |
//! | Rauthy: GET omits registration token and URI | both are there | §5 Strict out |
//!
//! What we chose where they disagree:
//!
//! | Topic | We do |
//! | --- | --- |
//! | GET returns the registration token | yes |
//! | PUT rotates the registration token | by policy, off |
//! | PUT with `client_secret` | a valid one is an echo, another is 400 |
//! | answer's own members in a PUT body | ignored |
//! | a registration token used at another client | 401, and it lives on |

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::{METADATA, REDIRECT, hold, registered, to, web, web_with};
use crate::support::{Backend, TestServer};

#[rstest]
#[tokio::test]
async fn spring_uris(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let redirect = |uri: &str| json!({ "redirect_uris": [uri] });
    hold(
        &server,
        vec![
            ("redirect with fragment", redirect("https://rp.example.com/cb#f"), REDIRECT),
            ("redirect without scheme", redirect("//rp.example.com/cb"), REDIRECT),
            ("redirect javascript", redirect("javascript:alert(1)"), REDIRECT),
            ("logout with fragment", web("post_logout_redirect_uris", json!(["https://rp.example.com/#f"])), METADATA),
            ("logout data", web("post_logout_redirect_uris", json!(["data:text/html,x"])), METADATA),
            ("jwks_uri http", web("jwks_uri", json!("http://rp.example.com/jwks")), METADATA),
        ],
    )
    .await;
}

#[rstest]
#[tokio::test]
async fn spring_scopes_at_open_registration(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.open_registration = true).await;
    for (asked, given) in [("openid secret-scope", json!("openid")), ("secret-scope dcr_admin", Value::Null)] {
        let record = server.api.register("", &web("scope", json!(asked))).await.expect(201);
        assert_eq!(record.get("scope").unwrap_or(&Value::Null), &given);
    }
}

#[rstest]
#[tokio::test]
async fn matrix_metadata(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mismatch = json!({ "grant_types": ["authorization_code"], "response_types": ["token"] });
    let tagged = "client_uri#fr-FR";
    hold(
        &server,
        vec![
            ("client_uri bad", web("client_uri", json!("not a uri")), METADATA),
            ("localised client_uri bad", web(tagged, json!("javascript:x")), METADATA),
            (
                "localised client_uri",
                web(tagged, json!("https://rp.example.com/fr")),
                to(json!({ tagged: "https://rp.example.com/fr" })),
            ),
            ("http web redirect", json!({ "redirect_uris": ["http://rp.example.com/cb"] }), REDIRECT),
            (
                "none has no secret",
                web("token_endpoint_auth_method", json!("none")),
                to(json!({ "client_secret": null })),
            ),
            (
                "unsupported grants are left out",
                web("grant_types", json!(["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"])),
                to(json!({ "grant_types": ["authorization_code"] })),
            ),
            // Diverging rows.
            ("response and grant types mismatch", web_with(mismatch), to(json!({ "response_types": ["code"] }))),
            ("client_uri on a public suffix", web("client_uri", json!("https://github.io/")), to(json!({}))),
        ],
    )
    .await;
}

#[rstest]
#[tokio::test]
async fn matrix_the_same_public_client_has_one_id(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    server.set_domain(|settings| settings.open_registration = true).await;
    let post = async |body: &str| api.json(Method::POST, &api.url("/oidc/register"), "", body).await.expect(201);
    let one = post(r#"{"redirect_uris":["http://localhost:1/cb","cursor://a/cb"],"client_name":"A"}"#).await;
    let same = post(r#"{"client_name":"A","x":null,"redirect_uris":["cursor://a/cb","http://localhost:2/cb"]}"#).await;
    assert_eq!(one["client_id"], same["client_id"]);
    assert_eq!(same["redirect_uris"], json!(["cursor://a/cb", "http://localhost:2/cb"]), "this request's own");
    let other = post(r#"{"redirect_uris":["http://localhost:1/cb","cursor://a/cb"],"client_name":"B"}"#).await;
    assert_ne!(one["client_id"], other["client_id"]);
    // Never for clients with a secret, and never for a gateway's.
    let web = web("client_name", json!("A"));
    let (first, second) = (api.register("", &web).await.expect(201), api.register("", &web).await.expect(201));
    assert!(first["client_secret"].is_string() && first["client_id"] != second["client_id"]);
    let public = json!({ "redirect_uris": ["cursor://a/cb"], "token_endpoint_auth_method": "none" });
    assert_ne!(registered(&server, &public).await["client_id"], registered(&server, &public).await["client_id"]);
}

#[rstest]
#[tokio::test]
async fn rauthy_registrations_have_a_window(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let one_per_minute = |settings: &mut registrar::config::Settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.registrations_per_minute = 1;
    };
    let Some(server) = TestServer::start_with(backend, one_per_minute).await else { return };
    server.set_domain(|settings| settings.open_registration = true).await;
    let body = web("client_name", json!("x"));
    server.api.register("", &body).await.expect(201);
    server.api.register("", &body).await.expect_error(429, "too_many_requests");
    server.advance(60);
    server.api.register("", &body).await.expect(201);
}

#[rstest]
#[tokio::test]
async fn rauthy_management(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let record = registered(&server, &web("client_name", json!("x"))).await;
    api.get(&api.client_url(&record)).await.expect_error(401, "invalid_token");
    let answer = api.bare(Method::GET, &api.client_url(&record), "wrong").await;
    answer.expect_error(401, "invalid_token");
    let updated = api.put(&record, &web("client_name", json!("y"))).await.expect(200);
    for member in ["client_secret", "registration_access_token", "registration_client_uri", "client_id_issued_at"] {
        assert_eq!(updated[member], record[member], "{member}");
    }
}
