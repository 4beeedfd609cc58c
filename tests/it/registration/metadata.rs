//! Lenient in, strict out: what happens to the members of a registration (RFC 7591 §2).

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::{assert_says_nothing_empty, fixture, kept, registered, updated};
use crate::support::{Backend, TestServer};

#[rstest]
#[tokio::test]
async fn unknown_nested_and_language_tagged_members_are_kept(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut body = fixture("web");
    let extras = json!({
        "client_name#de": "Kundenverwaltung", "client_name#ja-Jpan-JP": "顧客", "tos_uri#fr": "https://crm.example.com/fr",
        "tenant": { "id": 7, "path": ["a", { "b": true, "c": 1.5 }] }, "x-flag": false, "list": [1, "two"],
        "post_logout_redirect_uris": ["https://crm.example.com/bye"],
    });
    for (name, value) in extras.as_object().unwrap() {
        body[name] = value.clone();
    }
    let record = registered(&server, &body).await;
    for (name, value) in extras.as_object().unwrap() {
        assert_eq!(&record[name], value, "{name}");
    }
    assert_eq!(server.api.read(&record).await.expect(200), record);
    assert_eq!(updated(&server, &record, &record).await, record);
    // A gateway has no field for them and leaves out what it does not know: what it had sent goes.
    let after = updated(&server, &record, &kept(&record).put_body(&json!({}))).await;
    assert!(after.get("tenant").is_none());
}

#[rstest]
#[tokio::test]
async fn empty_and_null_mean_absent_at_every_depth(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let body = json!({
        "redirect_uris": ["https://app.example.com/cb"], "scope": "", "contacts": [], "logo_uri": null, "tos_uri": "",
        "response_types": [], "grant_types": [], "token_endpoint_auth_method": "", "software_id": "",
        "metadata": { "organization": null, "unit": "", "list": [null, "x", ""] }, "jwks": null,
    });
    let (gateway, mcp) = (json!(["authorization_code"]), json!(["authorization_code", "refresh_token"]));
    for (token, grants) in [(server.admin_token().await, gateway), (String::new(), mcp)] {
        let record = server.api.register(&token, &body).await.expect(201);
        assert_says_nothing_empty(&record);
        assert_eq!(record["grant_types"], grants);
        assert_eq!(record["response_types"], json!(["code"]));
        assert_eq!(record["metadata"], json!({ "list": ["x"] }));
        for absent in ["scope", "contacts", "logo_uri", "tos_uri", "software_id", "jwks"] {
            assert!(record.get(absent).is_none(), "{absent}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn values_of_another_type_are_understood_where_nothing_has_to_be_guessed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut body = fixture("web");
    body["default_max_age"] = json!("3600");
    body["require_auth_time"] = json!("true");
    body["scope"] = json!("openid   profile openid");
    let record = registered(&server, &body).await;
    let members = ["default_max_age", "require_auth_time", "scope"].map(|member| record[member].clone());
    assert_eq!(members, [json!(3600), json!(true), json!("openid profile")]);
    let token = server.admin_token().await;
    for (member, value) in [
        ("client_name", json!(["x"])),
        ("contacts", json!("a@b.example")),
        ("default_max_age", json!(1.5)),
        ("scope", json!([1])),
        ("jwks", json!("x")),
        ("grant_types", json!("authorization_code")),
        ("default_max_age", json!("soon")),
    ] {
        let mut wrong = fixture("web");
        wrong[member] = value;
        let told = server.api.register(&token, &wrong).await.expect_error(400, "invalid_client_metadata");
        assert!(told.starts_with(member), "{told}");
    }
}

#[rstest]
#[tokio::test]
async fn bodies_that_are_no_json_object_are_refused_with_a_description(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let token = server.admin_token().await;
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    let url = server.api.url("/oidc/register");
    let before = server.client_count().await;
    for body in ["", "[]", "null", "{", "\"x\"", "{\"a\":1,\"a\":2}", "{\"client_name\":\"\\u0000\"}", &deep] {
        let answer = server.api.json(Method::POST, &url, &token, body).await;
        answer.expect_error(400, "invalid_client_metadata");
    }
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(70_000));
    let answer = server.api.json(Method::POST, &url, &token, &long).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["error"].is_string(), answer.json()["error_description"].is_string());
    assert_eq!(server.client_count().await, before);
}

#[rstest]
#[tokio::test]
async fn an_authentication_method_is_honoured_or_substituted_and_always_told(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    for (asked, told) in [
        ("client_secret_post", "client_secret_post"),
        ("client_secret_basic", "client_secret_basic"),
        ("none", "none"),
        ("client_secret_jwt", "client_secret_jwt"),
    ] {
        let mut body = fixture("web");
        body["token_endpoint_auth_method"] = json!(asked);
        let record = registered(&server, &body).await;
        assert_eq!(record["token_endpoint_auth_method"], told, "{asked}");
        assert_eq!(record["client_secret"].is_string(), told != "none");
        assert_eq!(updated(&server, &record, &body).await, record);
    }
    let mut unknown = fixture("web");
    unknown["token_endpoint_auth_method"] = json!("magic");
    let token = server.admin_token().await;
    server.api.register(&token, &unknown).await.expect_error(400, "invalid_client_metadata");
}

const EXTRA: &str = "gateway.internal:8092";

/// A request for the server under another name; an empty token sends none.
async fn under(server: &TestServer, host: &str, (method, path): (Method, &str), token: &str, body: &str) -> Value {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("host", host), ("content-type", "application/json")];
    if !token.is_empty() {
        headers.push(("authorization", &bearer));
    }
    let answer = server.api.send(method, &server.api.url(path), &headers, body).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    if path.contains(".well-known") {
        assert_eq!(answer.header("vary"), "Host");
    }
    answer.json()
}

#[rstest]
#[tokio::test]
async fn an_extra_base_url_changes_the_endpoints_but_not_the_issuer(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start_with(backend, |settings| {
        settings.extra_base_urls = registrar::config::List(vec![format!("http://{EXTRA}").parse().unwrap()]);
    })
    .await
    else {
        return;
    };
    let discovery = "/oidc/.well-known/openid-configuration";
    let usual = server.api.base.clone();
    let authority = usual.strip_prefix("http://").unwrap();
    for (host, base) in
        [(EXTRA, format!("http://{EXTRA}")), (authority, usual.clone()), ("evil.example.com", usual.clone())]
    {
        let document = under(&server, host, (Method::GET, discovery), "", "").await;
        assert_eq!(document["issuer"], format!("{usual}/main/oidc"), "{host}");
        for (member, path) in [
            ("token_endpoint", "/main/oauth/token"),
            ("registration_endpoint", "/main/oidc/register"),
            ("introspection_endpoint", "/main/oauth/introspect"),
            ("jwks_uri", "/main/oidc/.well-known/jwks.json"),
        ] {
            assert_eq!(document[member], format!("{base}{path}"), "{host}");
        }
    }
    let token = server.admin_token().await;
    let body = fixture("web").to_string();
    let record = under(&server, EXTRA, (Method::POST, "/oidc/register"), &token, &body).await;
    let path = format!("/oidc/register/{}", record["client_id"].as_str().unwrap());
    assert_eq!(record["registration_client_uri"], format!("http://{EXTRA}/main{path}"));
    let own = record["registration_access_token"].as_str().unwrap();
    for host in [EXTRA, authority] {
        let seen = under(&server, host, (Method::GET, &path), own, "").await;
        assert_eq!(seen["registration_client_uri"], record["registration_client_uri"], "it keeps its base");
    }
    let evil = under(&server, "evil.example.com", (Method::POST, "/oidc/register"), &token, &body).await;
    assert!(evil["registration_client_uri"].as_str().unwrap().starts_with(&usual));
}
