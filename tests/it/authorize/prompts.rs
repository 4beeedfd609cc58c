//! Which pages are shown: `prompt`, `max_age`, `login_hint`, `id_token_hint`, remembered consent, cancelling.

use http::Method;
use registrar::model::client::Client;
use rstest::rstest;

use super::{CALLBACK, logged_in};
use crate::support::{Authorize, Backend, Browser, Landed, TestServer, claims, param};

const LOOPBACK: &str = "http://127.0.0.1:33418/";

/// Which page a browser stands on.
fn page(landed: Landed) -> &'static str {
    match landed {
        Landed::Page(page) if page.has("login") => "login",
        Landed::Page(page) if page.has("sign-up") => "sign-up",
        Landed::Page(page) if page.has("consent") => "consent",
        Landed::Page(page) => panic!("at {}: {}", page.url, page.answer.text),
        Landed::Away(url) if url.contains("code=") => "code",
        Landed::Away(url) if url.contains("error=login_required") => "login_required",
        Landed::Away(url) if url.contains("error=consent_required") => "consent_required",
        Landed::Away(url) => panic!("sent away to {url}"),
    }
}

#[rstest]
#[tokio::test]
async fn consent_to_an_https_redirect_is_remembered_per_scope_and_resource(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["read", "write"]).await;
    server.add_resource("A", &["https://a.example/mcp"]).await;
    server.add_resource("B", &["https://b.example/mcp"]).await;
    let (good, mut browser) = logged_in(&server).await;
    let asked = good.clone().with("scope", "openid read").with("resource", "https://a.example/mcp");
    assert_eq!(page(browser.authorize(&asked.clone().with("prompt", "none")).await), "consent_required");
    browser.code(&asked, "ada").await;
    assert_eq!(page(browser.authorize(&asked).await), "code", "remembered");
    assert_eq!(page(browser.authorize(&asked.clone().with("prompt", "none")).await), "code");
    assert_eq!(page(browser.authorize(&asked.clone().with("scope", "read")).await), "code", "less is covered");
    for more in [
        asked.clone().with("scope", "openid read write"),
        asked.clone().with("resource", "https://b.example/mcp"),
        asked.clone().without("resource"),
        asked.clone().with("prompt", "consent"),
    ] {
        assert_eq!(page(browser.authorize(&more).await), "consent", "{:?}", more.params);
    }
    browser.code(&asked.clone().with("scope", "write"), "ada").await;
    assert_eq!(page(browser.authorize(&asked.with("scope", "openid read write")).await), "code", "scopes add up");
}

#[rstest]
#[tokio::test]
async fn a_loopback_redirect_always_asks_unless_an_administrator_vouches_for_the_client(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client_id = server.open_client(&[LOOPBACK, "cursor://anysphere.cursor-mcp/cb", CALLBACK]).await;
    let user = server.user("ada").await;
    let mut browser = server.browser_of(&user).await;
    for uri in [LOOPBACK, "cursor://anysphere.cursor-mcp/cb", CALLBACK] {
        browser.code(&Authorize::new(&client_id, uri), "ada").await;
    }
    for (uri, shown) in [(LOOPBACK, "consent"), ("cursor://anysphere.cursor-mcp/cb", "consent"), (CALLBACK, "code")] {
        assert_eq!(page(browser.authorize(&Authorize::new(&client_id, uri)).await), shown, "{uri}");
    }
    let silent = Authorize::new(&client_id, LOOPBACK).with("prompt", "none");
    assert_eq!(page(browser.authorize(&silent).await), "consent_required");
    server.administrate(&client_id, |client| client.settings.trusted = true).await;
    assert_eq!(page(browser.authorize(&silent).await), "code");
    let port = Authorize::new(&client_id, "http://127.0.0.1:51999/");
    assert!(browser.authorize(&port).await.away().starts_with("http://127.0.0.1:51999/?code="));
}

#[rstest]
#[tokio::test]
async fn prompt_none_never_shows_a_page(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    let silent = good.clone().with("prompt", "none");
    assert_eq!(page(Browser::new(&server.api).authorize(&silent).await), "login_required");
    assert_eq!(page(browser.authorize(&silent).await), "consent_required");
    browser.code(&good, "ada").await;
    assert_eq!(page(browser.authorize(&silent).await), "code");
    server.advance(3_600);
    assert_eq!(page(browser.authorize(&silent.clone().with("max_age", "60")).await), "login_required");
    assert_eq!(page(browser.authorize(&silent.with("max_age", "10000")).await), "code");
}

#[rstest]
#[tokio::test]
async fn a_new_login_is_asked_for_and_shows_in_auth_time(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    let client_id = param(&good.params, "client_id").to_owned();
    let good = good.with("scope", "openid");
    let mut auth_time = async |server: &TestServer, request: &Authorize| {
        let code = browser.code(request, "ada").await;
        let tokens = server.api.redeem_code(&client_id, CALLBACK, &code).await.expect(200);
        claims(tokens["id_token"].as_str().unwrap())["auth_time"].as_i64().unwrap()
    };
    let first = auth_time(&server, &good).await;
    server.advance(100);
    assert_eq!(auth_time(&server, &good.clone().with("max_age", "10000")).await, first);
    assert_eq!(auth_time(&server, &good.clone().with("max_age", "1")).await, first + 100);
    server.advance(100);
    assert_eq!(auth_time(&server, &good.clone().with("prompt", "login")).await, first + 200);
    assert_eq!(auth_time(&server, &good.clone().with("max_age", "0")).await, first + 200, "logged in for it just now");
    server.advance(5);
    assert_eq!(auth_time(&server, &good.with("prompt", "select_account")).await, first + 205);
}

#[rstest]
#[tokio::test]
async fn a_registered_default_max_age_counts(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    let set = |client: &mut Client| client.metadata.default_max_age = Some(600);
    server.administrate(param(&good.params, "client_id"), set).await;
    assert_eq!(page(browser.authorize(&good).await), "consent");
    server.advance(601);
    assert_eq!(page(browser.authorize(&good).await), "login");
    assert_eq!(page(browser.authorize(&good.with("max_age", "5000")).await), "consent");
}

#[rstest]
#[tokio::test]
async fn hints_fill_in_the_form_and_tell_people_apart(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    let hinted = good.clone().with("login_hint", "bob\"><script>").with("prompt", "login");
    let login = browser.authorize(&hinted).await.page();
    assert_eq!(param(&login.form("login").fields, "username"), "bob\"><script>");
    let client_id = param(&good.params, "client_id").to_owned();
    let code = browser.code(&good.clone().with("scope", "openid"), "ada").await;
    let tokens = server.api.redeem_code(&client_id, CALLBACK, &code).await.expect(200);
    let hint = tokens["id_token"].as_str().unwrap();
    let silent = good.with("scope", "openid").with("id_token_hint", hint).with("prompt", "none");
    server.advance(86_000);
    assert_eq!(page(browser.authorize(&silent).await), "code", "an expired hint still names ada");
    let bob = server.user("bob").await;
    let mut other = server.browser_of(&bob).await;
    assert_eq!(page(other.authorize(&silent).await), "login_required");
    assert_eq!(page(other.authorize(&silent.without("prompt")).await), "login");
}

#[rstest]
#[tokio::test]
async fn whoever_cancels_sends_access_denied_to_the_client(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    for mut browser in [Browser::new(&server.api), browser.clone()] {
        let shown = browser.authorize(&good).await.page();
        let form = shown.form(if shown.has("login") { "login" } else { "consent" });
        let params = browser.submit(&form, &[("decision", "cancel")]).await.params();
        assert_eq!((param(&params, "error"), param(&params, "state")), ("access_denied", "s-1"));
        assert_eq!(param(&params, "iss"), server.app.issuer_of("main"));
        // The client was told by this browser; the link that the page came by leads nobody there.
        let link = server.api.url(&format!("/oauth/authorize?interaction={}", param(&form.fields, "interaction")));
        for mut anybody in [browser, Browser::new(&server.api)] {
            let over = anybody.open(&link).await.page();
            assert_eq!(over.answer.status, 410, "{}", over.answer.text);
        }
    }
    assert_eq!(page(browser.authorize(&good).await), "consent", "a no is not remembered");
}

#[rstest]
#[tokio::test]
async fn nobody_else_can_go_on_with_a_request_that_a_person_has_allowed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client_id = server.open_client(&[CALLBACK]).await;
    server.user("ada").await;
    let (mut attacker, mut victim) = (Browser::new(&server.api), Browser::new(&server.api));
    let planted = attacker.authorize(&Authorize::new(&client_id, CALLBACK)).await.page();
    // The victim is lured to the attacker's login page and logs in; the attacker tries to go on in the own browser.
    let lured = victim.open(&planted.url).await.page();
    let consent = victim.log_in(&lured, "ada").await.page();
    let form = consent.form("consent");
    let id = param(&form.fields, "interaction").to_owned();
    let resume = server.api.url(&format!("/oauth/authorize?interaction={id}"));
    assert_eq!(page(attacker.open(&resume).await), "login");
    let answer = attacker.send(Method::POST, &form.action, Some(&form.fields)).await;
    assert!(!answer.header("location").contains("code="), "{:?}", answer.headers);
    assert!(!attacker.open(&resume).await.page().url.contains("code="));
}

#[rstest]
#[tokio::test]
async fn a_request_is_completed_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    let consent = browser.authorize(&good).await.page();
    let again = consent.form("consent");
    browser.allow(&consent).await.away();
    let over = browser.submit(&again, &[("decision", "allow")]).await.page();
    assert_eq!(over.answer.status, 410);
    assert!(over.text("remedies").contains("start again"), "{}", over.answer.text);
    let late = browser.authorize(&good.with("prompt", "consent")).await.page();
    server.advance(1_801);
    let over = browser.submit(&late.form("consent"), &[("decision", "allow")]).await.page();
    assert!(over.text("remedies").contains("start again"));
}

#[rstest]
#[tokio::test]
async fn what_changed_while_the_person_was_reading_counts(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    let consent = browser.authorize(&good).await.page();
    server.delete_client(param(&good.params, "client_id")).await;
    let landed = browser.allow(&consent).await.page();
    assert!(landed.has("reconnect"), "{}", landed.answer.text);
}

#[rstest]
#[tokio::test]
async fn prompt_create_leads_to_the_sign_up_page_where_there_is_one(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (good, mut browser) = logged_in(&server).await;
    let create = good.with("prompt", "create");
    assert_eq!(page(browser.authorize(&create).await), "login");
    server.set_domain(|settings| settings.sign_up = true).await;
    let sign_up = browser.authorize(&create).await.page();
    let typed = [("username", "grace"), ("email", "grace@example.com"), ("password", crate::support::PASSWORD)];
    assert_eq!(page(browser.submit(&sign_up.form("sign-up"), &typed).await), "consent");
}

#[rstest]
#[tokio::test]
async fn clean_up_never_removes_a_client_that_somebody_is_logged_in_to(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let used = server.open_client(&[CALLBACK]).await;
    let unused = server.open_client(&["https://nobody.example/callback"]).await;
    let user = server.user("ada").await;
    let code = server.browser_of(&user).await.code(&Authorize::new(&used, CALLBACK), "ada").await;
    let tokens = server.api.redeem_code(&used, CALLBACK, &code).await.expect(200);
    let mut refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    // The process ends before it has written which clients were used.
    server.database.execute("delete from client_usage").await;
    for _ in 0..4 {
        server.advance(31 * 86_400);
        server.housekeeping().await;
        let again = server.api.refresh_public(&used, &refresh).await.expect(200);
        again["refresh_token"].as_str().unwrap().clone_into(&mut refresh);
    }
    assert!(server.stored(&unused).await.is_none(), "nobody ever used it");
    // It comes back under its old id when it is registered again.
    assert_eq!(server.open_client(&["https://nobody.example/callback"]).await, unused);
}
