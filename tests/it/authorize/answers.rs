//! Answers that go to the client: by query and by form, with state and issuer, on success and on error.

use rstest::rstest;

use super::{CALLBACK, logged_in};
use crate::support::{Authorize, Backend, Browser, CHALLENGE, TestServer, param};

/// The error that the client is told, with everything that must and must not stand beside it.
async fn error_of(server: &TestServer, browser: &mut Browser, request: &Authorize) -> String {
    let params = browser.authorize(request).await.params();
    let allowed = ["error", "error_description", "state", "iss"];
    assert!(params.iter().all(|(name, _)| allowed.contains(&name.as_str())), "{params:?}");
    assert_eq!(param(&params, "iss"), server.app.issuer_of("main"));
    assert_eq!(param(&params, "state"), "s-1");
    let description = param(&params, "error_description");
    assert!(description.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\'), "{description}");
    param(&params, "error").to_owned()
}

#[rstest]
#[tokio::test]
async fn every_wrong_parameter_has_its_own_error(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    server.set_domain(|settings| settings.quick_start = false).await;
    for (name, value, code) in [
        ("response_type", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "code id_token", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("response_mode", "jwt", "invalid_request"),
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("request_uri", "https://app.example/request.jwt", "request_uri_not_supported"),
        ("registration", "{}", "registration_not_supported"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "too-short", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "s256", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
        ("id_token_hint", "not.a.token", "invalid_request"),
        ("scope", "caf\u{e9}", "invalid_scope"),
        ("scope", "nobody-defined-this", "invalid_scope"),
        ("scope", "dcr_admin", "invalid_scope"),
        ("resource", "https://unknown.example/mcp", "invalid_target"),
        ("resource", "/relative", "invalid_target"),
        ("resource", "https://unknown.example/#fragment", "invalid_target"),
        ("prompt", "none", "consent_required"),
    ] {
        let request = if value.is_empty() { good.clone().without(name) } else { good.clone().with(name, value) };
        assert_eq!(error_of(&server, &mut browser, &request).await, code, "{name}={value}");
    }
    let without_pkce = good.without("code_challenge").without("code_challenge_method");
    assert_eq!(error_of(&server, &mut browser, &without_pkce).await, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn state_comes_back_byte_by_byte_whatever_it_holds(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    let long = "vscode://vscode.github-authentication/did-authenticate?nonce=1&windowId=2#%2F+ ".repeat(60);
    for state in ["a+b/c==", "%41 %2B&=;", "\u{20ac}\u{1f600}", long.as_str(), "0"] {
        let params = browser.authorize(&good.clone().with("state", state).with("prompt", "none")).await.params();
        assert_eq!(param(&params, "state"), state);
    }
    let url = browser.authorize(&good.clone().with("state", "a b+c").with("prompt", "none")).await.away();
    assert!(url.contains("state=a%20b%2Bc"), "a plus sign is no blank for everybody: {url}");
    let params = browser.authorize(&good.without("state").with("prompt", "none")).await.params();
    assert!(params.iter().all(|(name, _)| name != "state"));
}

#[rstest]
#[tokio::test]
async fn the_answer_joins_a_query_that_is_there_and_the_requested_loopback_port(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let registered =
        ["https://app.example/cb?tenant=7", "http://localhost:8787/callback", "cursor://anysphere.cursor-mcp/cb"];
    let client_id = server.open_client(&registered).await;
    let mut browser = Browser::new(&server.api);
    for (uri, begins) in [
        ("https://app.example/cb?tenant=7", "https://app.example/cb?tenant=7&error=login_required&"),
        ("http://localhost:51234/callback", "http://localhost:51234/callback?error=login_required&"),
        ("cursor://anysphere.cursor-mcp/cb", "cursor://anysphere.cursor-mcp/cb?error=login_required&"),
    ] {
        let url = browser.authorize(&Authorize::new(&client_id, uri).with("prompt", "none")).await.away();
        assert!(url.starts_with(begins), "{url}");
    }
}

#[rstest]
#[tokio::test]
async fn a_post_is_answered_like_a_get(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    let url = server.api.url("/oauth/authorize");
    // Another site's form: a client may send people by POST.
    browser.headers.push(("sec-fetch-site".to_owned(), "cross-site".to_owned()));
    let answer = browser.send(http::Method::POST, &url, Some(&good.with("prompt", "none").params)).await;
    assert_eq!(answer.status, 303);
    assert!(answer.header("location").starts_with(&format!("{CALLBACK}?error=consent_required")));
    let json = [("content-type", "application/json")];
    let answer = server.api.send(http::Method::POST, &url, &json, "{}").await;
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("application/x-www-form-urlencoded"));
}

#[rstest]
#[tokio::test]
async fn form_post_puts_the_answer_into_a_form_that_goes_to_the_client(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    let request = good.with("response_mode", "form_post").with("state", "\"><script>").with("prompt", "none");
    let page = browser.authorize(&request).await.page();
    assert_eq!(page.answer.status, 200);
    let form = page.form("respond");
    assert_eq!(form.action, CALLBACK);
    assert_eq!(param(&form.fields, "error"), "consent_required");
    assert_eq!(param(&form.fields, "state"), "\"><script>");
    assert_eq!(param(&form.fields, "iss"), server.app.issuer_of("main"));
    let policy = page.answer.header("content-security-policy");
    assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe-inline"), "{policy}");
}

#[rstest]
#[tokio::test]
async fn parameters_that_nobody_knows_are_passed_over(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    let request = good
        .with("audience", "x")
        .with("claims", "{\"userinfo\":{\"name\":{\"essential\":true}}}")
        .with("acr_values", "1 2")
        .with("ui_locales", "fr de")
        .with("display", "popup")
        .with("prompt", "none");
    assert_eq!(error_of(&server, &mut browser, &request).await, "consent_required");
}

#[rstest]
#[tokio::test]
async fn a_client_without_the_code_grant_is_told_so(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    let client_id = param(&good.params, "client_id").to_owned();
    server
        .administrate(&client_id, |client| client.metadata.grant_types = Some(vec!["client_credentials".to_owned()]))
        .await;
    assert_eq!(error_of(&server, &mut browser, &good).await, "unauthorized_client");
}

#[rstest]
#[tokio::test]
async fn pkce_is_asked_of_whom_it_is_required_and_kept_where_it_is_sent(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    let client_id = param(&good.params, "client_id").to_owned();
    let plain = good.clone().without("code_challenge").without("code_challenge_method").with("prompt", "none");
    assert_eq!(error_of(&server, &mut browser, &plain).await, "invalid_request");
    server
        .administrate(&client_id, |client| {
            client.settings.require_pkce = false;
            client.metadata.token_endpoint_auth_method = Some("private_key_jwt".to_owned());
        })
        .await;
    assert_eq!(error_of(&server, &mut browser, &plain).await, "consent_required");
    let method_alone = plain.clone().with("code_challenge_method", "S256");
    assert_eq!(error_of(&server, &mut browser, &method_alone).await, "invalid_request");
    let sent = plain.with("code_challenge", CHALLENGE).with("code_challenge_method", "S256");
    assert_eq!(error_of(&server, &mut browser, &sent).await, "consent_required");
}
