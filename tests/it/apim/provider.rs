//! What the gateway's provider form needs: discovery and the initial access token (checks 1, 2, 12, 13).

use rstest::rstest;
use serde_json::json;

use super::{fixture, kept, registered, updated};
use crate::support::{Backend, Credentials, TestServer, scopes};

/// Half a year in seconds.
const HALF_A_YEAR: i64 = 183 * 24 * 60 * 60;

#[rstest]
#[tokio::test]
async fn check_01_discovery_by_apims_user_agent_without_accept_is_json(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let get = |path: &str| {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             User-Agent: Apache-HttpClient/4.5.14 (Java/17.0.12)\r\nAccept-Encoding: gzip,deflate\r\n\r\n",
            server.address
        );
        let api = server.api.clone();
        async move { api.raw(&request).await }
    };
    let path = "/main/oidc/.well-known/openid-configuration";
    let (status, head, body) = get(path).await;
    assert_eq!(status, 200, "{body}");
    assert!(head.contains("content-type: application/json"), "{head}");
    let document: serde_json::Value = serde_json::from_str(&body).unwrap();
    for member in ["registration_endpoint", "token_endpoint"] {
        assert!(document[member].as_str().unwrap().starts_with(&server.api.base), "{member}");
    }
    // A gateway follows no redirect on POST, so there is none to get used to on GET.
    for path in [format!("{path}/"), "/main/oidc/register/".to_owned(), "/main/oauth/token/".to_owned()] {
        let (status, head, body) = get(&path).await;
        assert_eq!((status, head.contains("location:")), (404, false), "{path}");
        assert!(body.contains("\"error\""), "{path}: {body}");
    }
}

#[rstest]
#[tokio::test]
async fn check_02_the_token_request_of_the_provider_form(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    for scope in ["dcr_admin", ""] {
        let answer = api.token_answer(&server.gateway, scope).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let body = answer.expect(200);
        assert_eq!((&body["scope"], &body["token_type"]), (&json!("dcr_admin"), &json!("Bearer")), "{body}");
        assert!(body["access_token"].is_string() && body["expires_in"].is_i64(), "{body}");
    }
    let form = format!("grant_type=client_credentials&client_id={}&client_secret={}", server.gateway.id, {
        &server.gateway.secret
    });
    api.form_post("/oauth/token", &form).await.expect(200);

    let wrong = Credentials { secret: "wrong%+secret".to_owned(), ..server.gateway.clone() };
    let refused = api.token_answer(&wrong, "dcr_admin").await;
    assert!(refused.header("www-authenticate").starts_with("Basic "), "{:?}", refused.headers);
    refused.expect_error(401, "invalid_client");
    let unknown = Credentials { id: "nobody".to_owned(), secret: "x".to_owned() };
    api.token_answer(&unknown, "").await.expect_error(401, "invalid_client");
    api.token_answer(&server.gateway, "openid").await.expect_error(400, "invalid_scope");
    api.token_answer(&server.gateway, "dcr_admin nonsense").await.expect_error(400, "invalid_scope");
}

#[rstest]
#[tokio::test]
async fn check_02_a_secret_with_percent_and_plus_is_taken_raw_and_form_decoded(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut wanted = registrar::clients::manual::gateway_registrar("Chosen");
    wanted.secret = Some(registrar::model::secret::Secret::new("50%+x/secret%21"));
    let gateway = server.create(wanted).await;
    let raw = Credentials { secret: "50%+x/secret%21".to_owned(), ..gateway.clone() };
    assert!(server.api.accepts(&raw).await);
    let encoded = Credentials { secret: "50%25%2Bx%2Fsecret%2521".to_owned(), ..gateway };
    assert!(server.api.accepts(&encoded).await);
}

#[rstest]
#[tokio::test]
async fn check_12_open_registration_that_asks_for_dcr_admin_does_not_get_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    // Even a policy that lists it, supplies it and sets it gives no reserved scope.
    for name in ["mcp", "gateway"] {
        server
            .set_policy(name, |policy| {
                policy.grant_types.push("client_credentials".to_owned());
                policy.default_scope = scopes("dcr_admin");
                policy.scopes = registrar::model::registration::policy::ScopeRule::Listed(scopes("openid dcr_admin"));
                policy.fixed.insert("scope".to_owned(), json!("openid dcr_admin"));
            })
            .await;
    }
    let (_, initial) = server.initial_access_token(|_| {}).await;
    for token in ["", &initial, &server.admin_token().await] {
        let body = json!({
            "client_name": "Sly", "grant_types": ["client_credentials"], "scope": "openid dcr_admin",
            "token_endpoint_auth_method": "client_secret_basic",
        });
        let record = api.register(token, &body).await.expect(201);
        assert_eq!(record["scope"], "openid", "{record}");
        let client = Credentials::of(&record);
        api.token_answer(&client, "dcr_admin").await.expect_error(400, "invalid_scope");
        let plain = api.token(&client, "").await;
        api.register(&plain, &body).await.expect_error(403, "insufficient_scope");
        let updated = api.put(&record, &body).await.expect(200);
        assert_eq!(updated["scope"], "openid", "{updated}");
    }
}

#[rstest]
#[tokio::test]
async fn check_13_an_application_archived_for_half_a_year_works_when_it_is_restored(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let never_used = registered(&server, &fixture("backend_to_backend")).await;
    let used = registered(&server, &fixture("backend_to_backend")).await;
    let body = json!({ "redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none" });
    let open = server.api.register("", &body).await.expect(201);
    assert!(server.api.accepts(&Credentials::of(&used)).await);
    server.write_usage().await;
    for _ in 0..60 {
        server.advance(HALF_A_YEAR / 60);
        server.housekeeping().await;
    }
    assert!(server.stored(open["client_id"].as_str().unwrap()).await.is_none(), "what nobody used is cleaned up");
    for record in [never_used, used] {
        assert!(server.api.accepts(&Credentials::of(&record)).await);
        let restored = updated(&server, &record, &kept(&record).put_body(&json!({ "client_name": "Back" }))).await;
        assert_eq!((&restored["client_name"], &restored["client_id"]), (&json!("Back"), &record["client_id"]));
        assert_eq!(restored["client_secret"], record["client_secret"]);
    }
}
