//! Hydra's tests of dynamic registration and management.
//!
//! Where we differ:
//!
//! | Hydra expects | We do | Why (decisions) |
//! | --- | --- | --- |
//! | registration disabled: 404 on all methods | 403 `registration_forbidden`, and the endpoint stays listed | §2 |
//! | a chosen `client_secret`: 400 on POST, 403 on PUT | dropped; on PUT a valid one is an echo | §5 Lenient in, Update |
//! | `metadata` through registration: 400 | kept: it is an unknown member like any other | §5 Lenient in |
//! | `access_token_strategy`, `skip_consent`, …: 400 | dropped and reported | §5: only an administrator sets them |
//! | PUT rotates the registration token | only by policy; the old one works until the new one is used | §5 Update |
//! | GET omits the registration token | the complete record | §5 Strict out; RFC 7592 §3 |
//! | `userinfo_signed_response_alg` ES256: 400 | taken: we sign with it | the algorithms offered are one list |
//! | a logout redirect of a foreign origin: 400 | taken | OIDC RP-Initiated Logout §3.1 has no such rule |
//! | `request_uris`, `backchannel_logout_uri` on private addresses: 400 | taken, refused when fetched | §10 |

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::{METADATA, REDIRECT, hold, registered, to, web, web_with};
use crate::support::{Backend, Credentials, TestServer};

const METHODS: [Method; 4] = [Method::GET, Method::PUT, Method::PATCH, Method::DELETE];

fn machine() -> Value {
    json!({ "grant_types": ["client_credentials"], "client_name": "Machine" })
}

fn token_of(record: &Value) -> &str {
    record["registration_access_token"].as_str().unwrap()
}

#[rstest]
#[tokio::test]
async fn registration_that_is_off_answers_403_and_stays_listed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, admin) = (&server.api, server.admin_token().await);
    let record = registered(&server, &machine()).await;
    server
        .set_domain(|settings| {
            settings.registration = false;
            settings.quick_start = false;
        })
        .await;
    for token in ["", admin.as_str()] {
        api.register(token, &machine()).await.expect_error(403, "registration_forbidden");
    }
    for method in METHODS {
        for token in [token_of(&record), admin.as_str()] {
            let answer = api.json(method.clone(), &api.client_url(&record), token, "{}").await;
            answer.expect_error(403, "registration_forbidden");
        }
    }
    api.renew(&record).await.expect_error(403, "registration_forbidden");
    let document = api.get(&api.url("/oidc/.well-known/openid-configuration")).await.expect(200);
    assert!(document["registration_endpoint"].as_str().unwrap().ends_with("/main/oidc/register"));
    // The clients themselves go on.
    api.token(&Credentials::of(&record), "").await;
}

#[rstest]
#[tokio::test]
async fn without_the_clients_own_token_everything_is_401(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let (record, other) = (registered(&server, &machine()).await, registered(&server, &machine()).await);
    let unknown = json!({ "client_id": "unknown" });
    let mut said = Vec::new();
    for method in METHODS {
        let url = api.client_url(&record);
        api.json(method.clone(), &url, "", "{}").await.expect_error(401, "invalid_token");
        api.json(method.clone(), &url, "wrong", "{}").await.expect_error(401, "invalid_token");
        said.push(api.json(method.clone(), &url, token_of(&other), "{}").await.expect_error(401, "invalid_token"));
        let answer = api.json(method, &api.client_url(&unknown), token_of(&other), "{}").await;
        said.push(answer.expect_error(401, "invalid_token"));
    }
    said.dedup();
    assert_eq!(said.len(), 1, "a wrong token and an unknown client look the same: {said:?}");
}

#[rstest]
#[tokio::test]
async fn what_a_registrant_has_no_say_in_is_dropped(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &web("client_secret", json!("my-own-secret"))).await;
    assert_ne!(record["client_secret"], "my-own-secret");
    assert_eq!(record["client_secret"].as_str().unwrap().len(), 43);
    let record = registered(&server, &web("client_id", json!("my-own-id"))).await;
    assert_ne!(record["client_id"], "my-own-id");
    for name in ["access_token_strategy", "skip_consent", "skip_logout_consent"] {
        let record = registered(&server, &web(name, json!(true))).await;
        assert_eq!(record.get(name), None);
        let updated = server.api.put(&record, &web(name, json!(true))).await.expect(200);
        assert_eq!(updated.get(name), None);
    }
    let metadata = json!({ "metadata": { "team": "a", "nothing": null } });
    let record = registered(&server, &web_with(metadata)).await;
    assert_eq!(record["metadata"], json!({ "team": "a" }));
}

#[rstest]
#[tokio::test]
async fn a_secret_in_an_update_is_an_echo_or_wrong(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let record = registered(&server, &machine()).await;
    let mut body = record.clone();
    assert_eq!(api.put(&record, &body).await.expect(200), record);
    body["client_secret"] = json!("chosen-by-the-client");
    api.put(&record, &body).await.expect_error(400, "invalid_client_metadata");
    // A superseded secret is still valid within its grace, and the answer tells the current one.
    let renewed = api.renew(&record).await.expect(200);
    body["client_secret"] = record["client_secret"].clone();
    assert_eq!(api.put(&record, &body).await.expect(200)["client_secret"], renewed["client_secret"]);
    server.advance(24 * 3_600 + 1);
    api.put(&record, &body).await.expect_error(400, "invalid_client_metadata");
}

#[rstest]
#[tokio::test]
async fn the_registration_token_rotates_where_the_policy_says_so(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let record = registered(&server, &machine()).await;
    assert_eq!(token_of(&api.put(&record, &machine()).await.expect(200)), token_of(&record));
    server.set_policy("gateway", |policy| policy.rotate_registration_token = true).await;
    let next = api.put(&record, &machine()).await.expect(200);
    assert_ne!(token_of(&next), token_of(&record));
    // The answer may have been lost: the old one gives the same successor until that is first used.
    assert_eq!(token_of(&api.put(&record, &machine()).await.expect(200)), token_of(&next));
    assert_eq!(token_of(&api.read(&next).await.expect(200)), token_of(&next));
    for answer in [api.read(&record).await, api.put(&record, &machine()).await] {
        answer.expect_error(401, "invalid_token");
    }
}

#[rstest]
#[tokio::test]
async fn metadata_is_judged(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let key = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": "AA", "y": "BB" }] });
    let both_keys = json!({ "jwks": key, "jwks_uri": "https://rp.example.com/jwks" });
    let sector = |uri: &str| web_with(json!({ "subject_type": "pairwise", "sector_identifier_uri": uri }));
    let mut rows = vec![
        ("userinfo HS256", web("userinfo_signed_response_alg", json!("HS256")), METADATA),
        ("userinfo none", web("userinfo_signed_response_alg", json!("none")), to(json!({}))),
        ("userinfo RS256", web("userinfo_signed_response_alg", json!("RS256")), to(json!({}))),
        ("private_key_jwt without keys", web("token_endpoint_auth_method", json!("private_key_jwt")), METADATA),
        ("id token HS256", web("id_token_signed_response_alg", json!("HS256")), METADATA),
        ("jwks and jwks_uri", web_with(both_keys), METADATA),
        ("invalid key", web("jwks", json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": "AA" }] })), METADATA),
        ("subject_type foo", web("subject_type", json!("foo")), METADATA),
        ("sector http", sector("http://rp.example.com/sector"), METADATA),
        ("fragment", json!({ "redirect_uris": ["https://rp.example.com/cb#foo"] }), REDIRECT),
        ("machine without redirect_uris", machine(), to(json!({ "redirect_uris": [], "response_types": [] }))),
        // Diverging rows.
        ("userinfo ES256", web("userinfo_signed_response_alg", json!("ES256")), to(json!({}))),
        (
            "logout elsewhere",
            web("post_logout_redirect_uris", json!(["https://elsewhere.example.com/"])),
            to(json!({})),
        ),
        ("private request_uris", web("request_uris", json!(["https://10.0.0.1/r"])), to(json!({}))),
        ("private backchannel", web("backchannel_logout_uri", json!("https://10.0.0.1/l")), to(json!({}))),
    ];
    for member in ["tos_uri", "policy_uri", "client_uri", "logo_uri"] {
        for uri in ["javascript:alert(1)", "data:text/html,x", "ftp://rp.example.com/"] {
            rows.push((member, web(member, json!(uri)), METADATA));
        }
    }
    hold(&server, rows).await;
    // An empty sector identifier means absent.
    hold(&server, vec![("sector empty", sector(""), to(json!({ "sector_identifier_uri": null })))]).await;
}
