//! Discovery: RFC 8414 and OpenID Connect Discovery, at every path that clients try.

use http::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::{assert_says_nothing_empty, fixture, registered};
use crate::support::{Answer, Backend, TestServer};

/// Every path of the document.
const PATHS: [&str; 6] = [
    "/.well-known/oauth-authorization-server/main/oidc",
    "/.well-known/openid-configuration/main/oidc",
    "/main/oidc/.well-known/openid-configuration",
    "/main/oidc/.well-known/oauth-authorization-server",
    "/main/.well-known/openid-configuration",
    "/main/.well-known/oauth-authorization-server",
];

const KEYS: &str = "/main/oidc/.well-known/jwks.json";

async fn get(server: &TestServer, path: &str) -> Answer {
    server.api.get(&format!("{}{path}", server.api.base)).await
}

/// The document with what differs between two starts taken out.
fn without_base(server: &TestServer, document: &Value) -> Value {
    serde_json::from_str(&document.to_string().replace(&server.api.base, "[base]")).unwrap()
}

#[rstest]
#[tokio::test]
async fn the_document_is_the_same_at_every_path(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let first = get(&server, PATHS[0]).await;
    for path in PATHS {
        let answer = get(&server, path).await;
        assert_eq!((answer.status, &answer.text), (StatusCode::OK, &first.text), "{path}");
        assert_eq!(answer.header("content-type"), "application/json", "{path}");
        assert_eq!(answer.header("cache-control"), "public, max-age=300", "{path}");
        assert_eq!(answer.header("etag"), first.header("etag"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(answer.header("vary"), "", "{path}");
        assert!(answer.header("access-control-allow-credentials").is_empty());
    }
    let document = first.expect(200);
    assert_says_nothing_empty(&document);
    assert_eq!(document["issuer"], format!("{}/main/oidc", server.api.base), "no trailing slash");
    assert_eq!(
        document["registration_renew_secret_endpoint"],
        server.api.url("/oidc/register/:client_id/renew_secret")
    );
    insta::assert_json_snapshot!("discovery", without_base(&server, &document));
}

#[rstest]
#[tokio::test]
async fn what_is_advertised_is_served(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let document = get(&server, PATHS[0]).await.expect(200);
    for (member, value) in document.as_object().unwrap() {
        if member.ends_with("_endpoint") || member == "jwks_uri" {
            let answer = server.api.send(Method::POST, value.as_str().unwrap(), &[], "").await;
            assert_ne!(answer.status, StatusCode::NOT_FOUND, "{member}");
            let browsers = ["authorization_endpoint", "end_session_endpoint"].contains(&member.as_str());
            let kind = if browsers { "text/html" } else { "application/json" };
            assert!(answer.status == 303 || answer.header("content-type").starts_with(kind), "{member}");
        }
    }
    assert!(document["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&json!("none")));
}

#[rstest]
#[tokio::test]
async fn a_known_document_is_not_sent_again(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    for path in [PATHS[2], KEYS] {
        let url = format!("{}{path}", server.api.base);
        let first = server.api.get(&url).await;
        let tag = first.header("etag").to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
            let again = server.api.send(Method::GET, &url, &[("if-none-match", &known)], "").await;
            assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{known}");
            assert_eq!((again.header("etag"), again.header("cache-control")), (tag.as_str(), "public, max-age=300"));
        }
        let other = server.api.send(Method::GET, &url, &[("if-none-match", "\"other\"")], "").await;
        assert_eq!(other.expect(200), first.expect(200));
        let head = server.api.send(Method::HEAD, &url, &[], "").await;
        assert_eq!((head.status.as_u16(), head.header("etag")), (200, tag.as_str()));
    }
    server.add_scopes(&["orders:read"]).await;
    let tag = get(&server, PATHS[0]).await.header("etag").to_owned();
    let document = get(&server, PATHS[0]).await.expect(200);
    assert!(document["scopes_supported"].as_array().unwrap().contains(&json!("orders:read")));
    server.add_scopes(&["orders:write"]).await;
    assert_ne!(get(&server, PATHS[0]).await.header("etag"), tag);
}

#[rstest]
#[tokio::test]
async fn hidden_scopes_are_never_listed(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scope("secretive", |scope| scope.hidden = true).await;
    for path in PATHS {
        let document = get(&server, path).await.expect(200);
        let scopes = document["scopes_supported"].as_array().unwrap().clone();
        assert!(scopes.contains(&json!("openid")));
        assert!(!document.to_string().contains("dcr_admin") && !document.to_string().contains("secretive"));
    }
}

#[rstest]
#[tokio::test]
async fn every_other_well_known_path_is_a_json_404_for_any_origin(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/nowhere/oidc",
        "/.well-known/openid-configuration/nowhere/oidc",
        "/.well-known/openid-configuration/main",
        "/.well-known/openid-configuration/main/oidc/more",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/main/oidc",
        "/.well-known/security.txt",
        "/main/oidc/.well-known/oauth-protected-resource",
        "/main/oidc/.well-known/webfinger",
        "/main/.well-known/jwks.json",
        "/main/.well-known/other",
        "/nowhere/oidc/.well-known/openid-configuration",
        "/nowhere/.well-known/openid-configuration",
        "/console/oidc/.well-known/openid-configuration",
        "/main/.well-known/openid-configuration/oidc",
        "/MAIN/oidc/.well-known/openid-configuration",
        "/%00/oidc/.well-known/openid-configuration",
        "/main%2Foidc/.well-known/openid-configuration",
        "/",
        "/main",
        "/favicon.ico",
    ] {
        let answer = get(&server, path).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        answer.expect_error(404, "not_found");
    }
    for path in PATHS.iter().chain([&KEYS]) {
        let slashed = get(&server, &format!("{path}/")).await;
        assert!(slashed.header("location").is_empty(), "no redirect");
        slashed.expect_error(404, "not_found");
    }
}

#[rstest]
#[tokio::test]
async fn another_method_is_a_json_405(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    for path in PATHS.iter().chain([&KEYS]) {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = server.api.send(method, &format!("{}{path}", server.api.base), &[], "").await;
            assert!(answer.header("allow").contains("GET"), "{path}: RFC 9110 section 15.5.6 wants Allow");
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            answer.expect_error(405, "method_not_allowed");
        }
    }
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/check_token", "/oidc/register"] {
        server.api.get(&server.api.url(path)).await.expect_error(405, "method_not_allowed");
    }
}

#[rstest]
#[tokio::test]
async fn a_preflight_is_answered_for_what_browsers_may_call(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let ask = |path: &str, method: &str| {
        let (api, url, method) = (server.api.clone(), format!("{}{path}", server.api.base), method.to_owned());
        async move {
            let headers = [
                ("origin", "https://inspector.example.com"),
                ("access-control-request-method", method.as_str()),
                ("access-control-request-headers", "authorization,content-type,mcp-protocol-version"),
            ];
            api.send(Method::OPTIONS, &url, &headers, "").await
        }
    };
    let paths = PATHS.map(|path| (path, "GET"));
    let others = [
        (KEYS, "GET"),
        ("/main/oauth/token", "POST"),
        ("/main/oauth/revoke", "POST"),
        ("/main/oidc/userinfo", "GET"),
        ("/main/userinfo", "POST"),
        ("/main/oidc/register", "POST"),
        ("/main/oidc/register/x", "PUT"),
        ("/main/oidc/register/x", "DELETE"),
        ("/.well-known/other", "GET"),
    ];
    for (path, method) in paths.into_iter().chain(others) {
        let answer = ask(path, method).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        let allowed = answer.header("access-control-allow-headers").to_ascii_lowercase();
        for header in ["authorization", "content-type", "mcp-protocol-version"] {
            assert!(allowed.contains(header), "{path}: {allowed}");
        }
        assert!(answer.header("access-control-allow-methods").contains(method), "{path}");
        assert!(!answer.header("access-control-max-age").is_empty(), "{path}");
    }
    let introspection = ask("/main/oauth/introspect", "POST").await;
    assert!(introspection.header("access-control-allow-origin").is_empty(), "not for browsers");
}

#[rstest]
#[tokio::test]
async fn browsers_may_read_errors_too(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    for answer in [
        server.api.register("null", &json!({})).await,
        server.api.register("", &json!({ "redirect_uris": ["x"] })).await,
        server.api.form_post("/oauth/token", "grant_type=magic").await,
    ] {
        assert!(answer.status.is_client_error());
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(answer.header("access-control-expose-headers").contains("WWW-Authenticate"));
        assert!(!answer.header("x-request-id").is_empty());
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[rstest]
#[tokio::test]
async fn a_registration_answer_looks_like_this(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["orders:read", "orders:write"]).await;
    let mut record = registered(&server, &fixture("web")).await;
    let id = record["client_id"].as_str().unwrap().to_owned();
    for member in ["client_secret", "registration_access_token"] {
        let length = record[member].as_str().unwrap().len();
        record[member] = json!(format!("[{length} characters]"));
    }
    let text = record.to_string().replace(&server.api.base, "[base]").replace(&id, "[id]");
    insta::assert_json_snapshot!("registration", serde_json::from_str::<Value>(&text).unwrap());
}
