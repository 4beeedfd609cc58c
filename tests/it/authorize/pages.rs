//! Until client and redirect URI belong together, an error is a page and nothing is sent anywhere.

use registrar::model::client::ClientStatus;
use rstest::rstest;

use super::CALLBACK;
use crate::support::{Authorize, Backend, Browser, TestServer};

#[rstest]
#[tokio::test]
async fn an_unknown_client_is_told_to_the_person_with_a_remedy_for_each_product(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = Browser::new(&server.api);
    let page = browser.authorize(&Authorize::new("nobody-knows-me", "https://vscode.dev/redirect")).await.page();
    assert_eq!(page.answer.status, 400);
    assert!(page.answer.header("content-type").starts_with("text/html"));
    assert_eq!(page.text("client-id"), "nobody-knows-me");
    for product in ["vscode", "claude-code", "claude", "chatgpt", "cursor", "mcp-remote", "codex", "gemini-cli"] {
        assert!(page.answer.text.contains(&format!("data-product=\"{product}\"")), "{product}");
    }
    assert!(page.text("trace-id").contains(|c: char| c.is_ascii_alphanumeric()));
    assert_eq!(page.answer.header("cache-control"), "no-store");
    assert!(page.answer.header("content-security-policy").contains("frame-ancestors 'none'"));
}

#[rstest]
#[tokio::test]
async fn a_deleted_client_is_told_apart_from_one_that_never_was(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client_id = server.open_client(&[CALLBACK]).await;
    server.delete_client(&client_id).await;
    let page = Browser::new(&server.api).authorize(&Authorize::new(&client_id, CALLBACK)).await.page();
    assert!(page.text("explanation").contains("deleted"), "{}", page.text("explanation"));
}

#[rstest]
#[tokio::test]
async fn a_client_that_may_not_be_used_is_told_to_the_person(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(ClientStatus::Suspended, ClientStatus::Pending)] status: ClientStatus,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client_id = server.open_client(&[CALLBACK]).await;
    server.set_status(&client_id, status).await;
    let page = Browser::new(&server.api).authorize(&Authorize::new(&client_id, CALLBACK)).await.page();
    assert_eq!(page.answer.status, 400);
    assert_eq!(page.text("error-code"), "unauthorized_client");
}

#[rstest]
#[tokio::test]
async fn a_redirect_uri_that_is_not_registered_is_never_redirected_to(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let registered = ["https://app.example/callback", "http://127.0.0.1/cb", "com.example.app:/cb"];
    let client_id = server.open_client(&registered).await;
    let mut browser = Browser::new(&server.api);
    for wrong in [
        "https://app.example/callback/",
        "https://app.example/callback?x=1",
        "https://APP.example/callback",
        "https://app.example:443/callback",
        "https://app.example/callback#",
        "https://app.example/./callback",
        "https://evil.example/callback",
        "https://app.example@evil.example/callback",
        "http://app.example/callback",
        "http://localhost/cb",
        "http://127.0.0.1:80/cb/",
        "http://127.0.0.1.evil.example/cb",
        "http://127.000.000.001/cb",
        "http://[::1]/cb",
        "com.example.app:/cb2",
        "com.example.APP:/cb",
        "javascript:alert(1)",
        "//app.example/callback",
        "/callback",
    ] {
        let page = browser.authorize(&Authorize::new(&client_id, wrong)).await.page();
        assert_eq!(
            (page.answer.status.as_u16(), page.text("error-code").as_str()),
            (400, "invalid_request"),
            "{wrong}"
        );
        assert!(page.text("explanation").contains("an address it has not registered"), "{wrong}");
        assert!(page.text("technical").contains("redirect_uri"), "{wrong}");
    }
    let page = browser.authorize(&Authorize::new(&client_id, "x").without("redirect_uri")).await.page();
    assert!(page.text("explanation").contains("where to send you back"));
    assert!(page.text("technical").contains("redirect_uri is missing"));
}

#[rstest]
#[tokio::test]
async fn requests_that_cannot_be_read_are_pages_too(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client_id = server.open_client(&[CALLBACK]).await;
    let mut browser = Browser::new(&server.api);
    let good = Authorize::new(&client_id, CALLBACK).url(&server.api);
    for (url, code) in [
        (server.api.url("/oauth/authorize"), "invalid_request"),
        (format!("{good}&state=twice"), "invalid_request"),
        (format!("{good}&nonce=%ff"), "invalid_request"),
        (format!("{good}&nonce=%00"), "invalid_request"),
    ] {
        let page = browser.open(&url).await.page();
        assert_eq!((page.answer.status.as_u16(), page.text("error-code").as_str()), (400, code), "{url}");
    }
    let page = browser.open(&server.api.url("/oauth/authorize?interaction=gone")).await.page();
    assert_eq!(page.answer.status, 410);
    assert!(page.text("title").contains("over"));
}

#[rstest]
#[tokio::test]
async fn a_blocked_redirect_host_is_refused_at_each_use(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client_id = server.open_client(&[CALLBACK]).await;
    server.set_domain(|settings| settings.blocked_redirect_hosts = vec!["app.example".to_owned()]).await;
    let page = Browser::new(&server.api).authorize(&Authorize::new(&client_id, CALLBACK)).await.page();
    assert!(page.text("explanation").contains("blocked"));
}

#[rstest]
#[tokio::test]
async fn whatever_a_client_calls_itself_is_only_text(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let page = Browser::new(&server.api).authorize(&Authorize::new(hostile, "https://a.example/")).await.page();
    assert!(!page.answer.text.contains("<script") && !page.answer.text.contains("<img"), "{}", page.answer.text);
    assert!(page.text("client-id").contains("<script>"));
}

#[rstest]
#[tokio::test]
async fn a_program_that_looks_whether_its_client_is_still_known_reads_json(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let url = Authorize::new("gone-for-good", CALLBACK).url(&server.api);
    let answer = server.api.send(http::Method::GET, &url, &[("accept", "application/json")], "").await;
    answer.expect_error(401, "invalid_client");
    let browsers = [("accept", "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8")];
    let answer = server.api.send(http::Method::GET, &url, &browsers, "").await;
    assert!(answer.header("content-type").starts_with("text/html"));
}
