//! The userinfo endpoint (OpenID Connect Core §5.3, RFC 6750).

use http::Method;
use jsonwebtoken::Algorithm;
use rstest::rstest;
use serde_json::{Value, json};

use crate::id_token::verified;
use crate::support::{Answer, Backend, START, TestServer, decoded, text};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn asked(server: &TestServer, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    server.api.send(method, &server.api.url(path), headers, body).await
}

#[rstest]
#[tokio::test]
async fn each_scope_tells_its_claims(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (ada, client) = (server.add_user("ada").await, server.add_login_client(json!({})).await);
    let profile = json!({
        "sub": ada.id, "name": "Ada Lovelace", "locale": "en-GB", "preferred_username": "ada", "updated_at": START.0
    });
    for (scope, told) in [
        ("openid", json!({ "sub": ada.id })),
        ("openid profile", profile),
        ("openid email", json!({ "sub": ada.id, "email": "ada@example.com", "email_verified": true })),
    ] {
        let body = server.tokens(&client, &ada, scope, &[]).await;
        let answer = server.api.userinfo(text(&body, "access_token")).await;
        assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "no-store"));
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let answer = answer.expect(200);
        assert_eq!(answer, told, "{scope}");
        assert_eq!(answer["sub"], decoded(text(&body, "id_token")).1["sub"]);
    }
}

#[rstest]
#[tokio::test]
async fn the_token_comes_in_the_header_or_in_a_form_and_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (ada, client) = (server.add_user("ada").await, server.add_login_client(json!({})).await);
    let body = server.tokens(&client, &ada, "openid", &[]).await;
    let token = text(&body, "access_token");
    let (bearer, form) = (format!("Bearer {token}"), format!("access_token={token}"));
    let header = ("authorization", bearer.as_str());
    for path in ["/oidc/userinfo", "/userinfo"] {
        for method in [Method::GET, Method::POST] {
            asked(&server, method, path, &[header], "").await.expect(200);
        }
        asked(&server, Method::POST, path, &[header, FORM], "").await.expect(200);
        asked(&server, Method::POST, path, &[FORM], &form).await.expect(200);
        asked(&server, Method::POST, path, &[header, FORM], &form).await.expect_error(400, "invalid_request");
        let in_query = format!("{path}?{form}");
        asked(&server, Method::GET, &in_query, &[], "").await.expect_error(401, "invalid_token");
        asked(&server, Method::PUT, path, &[header], "").await.expect_error(405, "method_not_allowed");
    }
}

#[rstest]
#[tokio::test]
async fn refusals_say_what_is_wrong_with_the_token(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada, client) = (&server.api, server.add_user("ada").await, server.add_login_client(json!({})).await);
    let answer = asked(&server, Method::GET, "/oidc/userinfo", &[], "").await;
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="registrar""#);
    answer.expect_error(401, "invalid_token");
    let answer = api.userinfo("nonsense").await;
    assert!(answer.header("www-authenticate").contains(r#"error="invalid_token""#));
    answer.expect_error(401, "invalid_token");
    let without = server.tokens(&client, &ada, "profile", &[]).await;
    let machine = api.token(&server.add_machine("openid").await, "openid").await;
    for (token, says) in [(text(&without, "access_token"), "scope openid"), (&machine, "not for a person")] {
        let answer = api.userinfo(token).await;
        assert!(answer.header("www-authenticate").contains(r#"error="insufficient_scope""#));
        let said = answer.expect_error(403, "insufficient_scope");
        assert!(said.contains(says), "{said}");
    }
    let body = server.tokens(&client, &ada, "openid", &[]).await;
    server.advance(3_600);
    api.userinfo(text(&body, "access_token")).await.expect_error(401, "invalid_token");
}

#[rstest]
#[tokio::test]
async fn a_person_who_is_gone_is_told_of_no_more(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada, client) = (&server.api, server.add_user("ada").await, server.add_login_client(json!({})).await);
    let body = server.tokens(&client, &ada, "openid", &[]).await;
    let token = text(&body, "access_token");
    // Even where no mark tells of it: the row decides.
    server.database.execute("update users set enabled = false").await;
    api.userinfo(token).await.expect_error(401, "invalid_token");
    server.database.execute("update users set enabled = true").await;
    api.userinfo(token).await.expect(200);
    server.enable_user(ada.id, false).await;
    server.enable_user(ada.id, true).await;
    api.userinfo(token).await.expect_error(401, "invalid_token");
    let body = server.tokens(&client, &ada, "openid", &[]).await;
    server.database.execute("delete from users").await;
    api.userinfo(text(&body, "access_token")).await.expect_error(401, "invalid_token");
}

#[rstest]
#[tokio::test]
async fn a_client_may_have_the_answer_signed(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let ada = server.add_user("ada").await;
    for (name, algorithm) in [("RS256", Algorithm::RS256), ("ES256", Algorithm::ES256)] {
        let client = server.add_login_client(json!({ "userinfo_signed_response_alg": name })).await;
        let body = server.tokens(&client, &ada, "openid email", &[]).await;
        let answer = server.api.userinfo(text(&body, "access_token")).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/jwt"));
        assert_eq!(decoded(&answer.text).0["alg"], name);
        let claims: Value = verified(&server, &answer.text, algorithm, &client).await;
        let expected = json!({
            "iss": format!("{}/main/oidc", server.api.base), "aud": client.id, "sub": ada.id,
            "email": "ada@example.com", "email_verified": true
        });
        assert_eq!(claims, expected);
        server.api.userinfo(&answer.text).await.expect_error(401, "invalid_token");
    }
    let plain = server.add_login_client(json!({ "userinfo_signed_response_alg": "none" })).await;
    let body = server.tokens(&plain, &ada, "openid", &[]).await;
    server.api.userinfo(text(&body, "access_token")).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn tokens_for_a_resource_will_do(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_resource("one", &["https://one.example"]).await;
    let (ada, client) = (server.add_user("ada").await, server.add_login_client(json!({})).await);
    let body = server.tokens(&client, &ada, "openid", &["https://one.example"]).await;
    server.api.userinfo(text(&body, "access_token")).await.expect(200);
    server.add_domain("other").await;
    let other = server.api.in_domain("other");
    other.userinfo(text(&body, "access_token")).await.expect_error(401, "invalid_token");
}
