//! The token endpoint (RFC 6749 §3.2, §4.4, §5): what succeeds, and how everything else fails.

mod authentication;
mod cors;
mod rate_limits;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use registrar::clients::manual::Wanted;
use registrar::model::domain::DomainSettings;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Answer, Api, Backend, Credentials, TestServer, basic, scopes};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A POST to the token endpoint with these headers and this body, as they stand.
async fn post(api: &Api, headers: &[(&str, &str)], body: &str) -> Answer {
    api.send(Method::POST, &api.url("/oauth/token"), headers, body).await
}

/// A client credentials request with further parameters.
async fn ask(api: &Api, client: &Credentials, more: &str) -> Answer {
    api.form("/oauth/token", client, &format!("grant_type=client_credentials{more}")).await
}

/// The claims of an access token, unverified.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a JWT has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A client made by hand from this metadata.
async fn by_hand(server: &TestServer, metadata: Value) -> Credentials {
    let Value::Object(metadata) = metadata else { panic!("metadata is an object") };
    server.create(Wanted { metadata, ..Wanted::default() }).await
}

/// A public client made by hand.
async fn public_client(server: &TestServer) -> Credentials {
    let redirects = ["https://app.example.com/cb"];
    let metadata = json!({ "redirect_uris": redirects, "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "none" });
    by_hand(server, metadata).await
}

#[rstest]
#[tokio::test]
async fn a_token_answer_has_exactly_the_members_of_the_specification(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["read", "write"]).await;
    let client = server.add_machine("read write").await;
    let answer = ask(&server.api, &client, "&scope=read").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
    assert_eq!(answer.header("content-type"), "application/json");
    let body = answer.expect(200);
    let mut names: Vec<&String> = body.as_object().unwrap().keys().collect();
    names.sort();
    // No refresh token (RFC 6749 §4.4.3), no ID token.
    assert_eq!(names, ["access_token", "expires_in", "scope", "token_type"]);
    assert_eq!((&body["token_type"], &body["scope"]), (&json!("Bearer"), &json!("read")));
    assert!(body["expires_in"].is_i64() || body["expires_in"].is_u64());
    assert_eq!(body["expires_in"], 3600);
    let claims = claims(body["access_token"].as_str().unwrap());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    assert_eq!(
        (&claims["client_id"], &claims["azp"], &claims["aud"]),
        (&json!(client.id), &json!(client.id), &json!(client.id))
    );
}

#[rstest]
#[tokio::test]
async fn a_client_without_any_scope_gets_a_token_without_a_scope_member(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client = by_hand(&server, json!({ "grant_types": ["client_credentials"] })).await;
    let body = ask(&server.api, &client, "").await.expect(200);
    assert_eq!(body.get("scope"), None);
    assert_eq!(claims(body["access_token"].as_str().unwrap()).get("scope"), None);
}

#[rstest]
#[tokio::test]
async fn what_is_wrong_with_the_parameters_is_an_invalid_request(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client = server.add_machine("").await;
    for (form, code, says) in [
        ("", "invalid_request", "grant_type is missing"),
        ("scope=read", "invalid_request", "grant_type is missing"),
        ("grant_type=", "invalid_request", "grant_type is missing"),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request", "grant_type stands twice"),
        ("grant_type=client_credentials&scope=a&scope=b", "invalid_request", "scope stands twice"),
        ("grant_type=client_credentials&scope=&scope=", "invalid_request", "scope stands twice"),
        ("grant_type=client_credentials&unknown=1&unknown=2", "invalid_request", "unknown stands twice"),
        ("grant_type=client_credentials&scope=%ff", "invalid_request", "not UTF-8"),
        ("grant_type=client_credentials&scope=%00", "invalid_request", "U+0000"),
        ("grant_type=password&username=a&password=b", "unsupported_grant_type", "password is not supported"),
        ("grant_type=CLIENT_CREDENTIALS", "unsupported_grant_type", "CLIENT_CREDENTIALS is not supported"),
        ("grant_type=%22%5C%0a%C3%A9", "unsupported_grant_type", "grant_type ???? is not supported"),
    ] {
        let said = server.api.form("/oauth/token", &client, form).await.expect_error(400, code);
        assert!(said.contains(says), "{form}: {said}");
    }
}

#[rstest]
#[tokio::test]
async fn empty_and_unknown_parameters_are_ignored(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["read"]).await;
    let client = server.add_machine("read").await;
    for more in ["&scope=&resource=&client_id=", "&scope", "&nonsense=1&state=x", "&&", "&scope=+", "&client_secret="] {
        assert_eq!(ask(&server.api, &client, more).await.expect(200)["scope"], "read", "{more}");
    }
}

#[rstest]
#[tokio::test]
async fn the_body_is_a_form_and_nothing_else(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    let authorization = basic(&client);
    let header = ("authorization", authorization.as_str());
    let body = "grant_type=client_credentials";
    for media_type in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
        let said = post(api, &[header, ("content-type", media_type)], body).await.expect_error(400, "invalid_request");
        assert!(said.contains("application/x-www-form-urlencoded"), "{said}");
    }
    post(api, &[header], body).await.expect_error(400, "invalid_request");
    for media_type in ["application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-URLEncoded"] {
        post(api, &[header, ("content-type", media_type)], body).await.expect(200);
    }
}

#[rstest]
#[tokio::test]
async fn parameters_in_the_query_are_refused(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    let authorization = basic(&client);
    for query in ["grant_type=client_credentials", "client_id=x", "client_secret=hunter2", "anything"] {
        let url = format!("{}?{query}", api.url("/oauth/token"));
        let headers = [("authorization", authorization.as_str()), FORM];
        let answer = api.send(Method::POST, &url, &headers, "grant_type=client_credentials").await;
        let said = answer.expect_error(400, "invalid_request");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[rstest]
#[tokio::test]
async fn a_body_that_is_too_large_is_413(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    let padding = "x".repeat(16 * 1024);
    let said = ask(api, &client, &format!("&padding={padding}")).await.expect_error(413, "request_too_large");
    assert!(said.contains("16384 bytes"), "{said}");
    let fits = "x".repeat(15 * 1024);
    ask(api, &client, &format!("&padding={fits}")).await.expect(200);
    let many = (0..200).fold(String::new(), |form, n| format!("{form}&p{n}=1"));
    ask(api, &client, &many).await.expect_error(400, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn a_body_without_a_length_is_limited_too(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /main/oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // 0x5000 bytes; the server may have had enough before all of them are written.
    let chunk = format!("5000\r\n{}\r\n0\r\n\r\n", "x".repeat(0x5000));
    let _ = stream.write_all(chunk.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("request_too_large"), "{answer}");
}

#[rstest]
#[tokio::test]
async fn other_methods_are_405_and_say_which_one_is_served(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/check_token", "/oidc/register"] {
        for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = api.send(method.clone(), &api.url(path), &[], "").await;
            assert_eq!(answer.header("allow"), "POST", "{method} {path}");
            answer.expect_error(405, "method_not_allowed");
        }
    }
    let head = api.send(Method::HEAD, &api.url("/oauth/token"), &[], "").await;
    assert_eq!(head.status, 405);
}

#[rstest]
#[tokio::test]
async fn a_client_uses_only_the_grants_it_is_registered_for(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let web = json!({ "redirect_uris": ["https://app.example.com/cb"], "grant_types": ["authorization_code"] });
    let client = by_hand(&server, web).await;
    let said = ask(&server.api, &client, "").await.expect_error(400, "unauthorized_client");
    assert!(said.contains("authorization_code"), "{said}");
    // RFC 6749 §4.4: only confidential clients.
    let public = public_client(&server).await;
    let form = format!("grant_type=client_credentials&client_id={}", public.id);
    server.api.form_post("/oauth/token", &form).await.expect_error(400, "unauthorized_client");
    server
        .administrate(&public.id, |client| client.metadata.grant_types = Some(vec!["client_credentials".into()]))
        .await;
    server.api.form_post("/oauth/token", &form).await.expect_error(400, "unauthorized_client");
}

#[rstest]
#[tokio::test]
async fn a_scope_that_is_not_granted_is_refused_whole(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["read", "write"]).await;
    let client = server.add_machine("read").await;
    for scope in ["write", "read write", "nonsense", "dcr_admin", "read dcr_admin", "gone", "READ"] {
        server.api.token_answer(&client, scope).await.expect_error(400, "invalid_scope");
    }
    for malformed in ["%22", "a%5Cb", "%C3%A9", "a%09b"] {
        ask(&server.api, &client, &format!("&scope={malformed}")).await.expect_error(400, "invalid_scope");
    }
    assert_eq!(ask(&server.api, &client, "&scope=++read++read+").await.expect(200)["scope"], "read");
}

#[rstest]
#[tokio::test]
async fn a_reserved_scope_comes_from_an_administrator_only(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let admin = server.admin_token().await;
    let body = json!({ "grant_types": ["client_credentials"], "scope": "dcr_admin openid" });
    let record = server.api.register(&admin, &body).await.expect(201);
    assert_eq!(record["scope"], "openid");
    let client = Credentials::of(&record);
    server.api.token_answer(&client, "dcr_admin").await.expect_error(400, "invalid_scope");
    server.administrate(&client.id, |client| client.settings.granted_scopes = scopes("dcr_admin")).await;
    assert_eq!(server.api.token_answer(&client, "dcr_admin").await.expect(200)["scope"], "dcr_admin");
}

#[rstest]
#[tokio::test]
async fn default_scopes_are_given_when_none_is_asked_for(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["read", "write"]).await;
    let client = server.add_machine("read write").await;
    assert_eq!(server.api.token_answer(&client, "").await.expect(200)["scope"], "read write");
    server.administrate(&client.id, |client| client.settings.default_scopes = scopes("write")).await;
    assert_eq!(server.api.token_answer(&client, "").await.expect(200)["scope"], "write");
    assert_eq!(server.api.token_answer(&client, "read").await.expect(200)["scope"], "read");
    assert_eq!(server.api.token_answer(&server.gateway, "").await.expect(200)["scope"], "dcr_admin");
}

#[rstest]
#[tokio::test]
async fn a_resource_is_known_granted_and_well_formed_or_an_invalid_target(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client = server.add_machine("").await;
    let (orders, _) = server.add_resource("orders", &["https://api.example.com/orders"]).await;
    let (stock, _) = server.add_resource("stock", &["https://api.example.com/stock"]).await;
    server.grant(&orders, &client.id).await;
    let orders = "&resource=https://api.example.com/orders";
    for refused in [
        "&resource=orders",
        "&resource=https://api.example.com/orders%23part",
        "&resource=https://api.example.com/orders%23",
        "&resource=https://elsewhere.example.com/",
        "&resource=https://api.example.com/stock",
        "&resource=https://api.example.com/Orders",
        "&resource=https://api.example.com/orders&resource=https://api.example.com/stock",
        "&resource=https://api.example.com/ordersX",
    ] {
        ask(&server.api, &client, refused).await.expect_error(400, "invalid_target");
    }
    for (same, audience) in [
        (orders.to_owned(), json!("https://api.example.com/orders")),
        (format!("{orders}/"), json!("https://api.example.com/orders")),
        ("&resource=HTTPS://API.example.com:443/orders".to_owned(), json!("https://api.example.com/orders")),
        (format!("{orders}{orders}"), json!("https://api.example.com/orders")),
    ] {
        let body = ask(&server.api, &client, &same).await.expect(200);
        assert_eq!(claims(body["access_token"].as_str().unwrap())["aud"], audience, "{same}");
    }
    server.grant(&stock, &client.id).await;
    let both = format!("{orders}&resource=https://api.example.com/stock");
    let body = ask(&server.api, &client, &both).await.expect(200);
    let audience = json!(["https://api.example.com/orders", "https://api.example.com/stock"]);
    assert_eq!(claims(body["access_token"].as_str().unwrap())["aud"], audience);
}

#[rstest]
#[tokio::test]
async fn lifetimes_are_whole_numbers_and_those_of_the_narrowest(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client = server.add_machine("").await;
    server.set_domain(|settings: &mut DomainSettings| settings.access_token_lifetime = 7200).await;
    assert_eq!(ask(&server.api, &client, "").await.expect(200)["expires_in"], 7200);
    server.administrate(&client.id, |client| client.settings.access_token_lifetime = Some(60)).await;
    assert_eq!(ask(&server.api, &client, "").await.expect(200)["expires_in"], 60);
}

#[rstest]
#[tokio::test]
async fn an_unknown_domain_is_a_json_404(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    for domain in ["elsewhere", "Main", "console", "%00", "main%2f"] {
        let url = format!("{}/{domain}/oauth/token", server.api.base);
        let answer = server.api.send(Method::POST, &url, &[FORM], "grant_type=client_credentials").await;
        answer.expect_error(404, "not_found");
    }
}
