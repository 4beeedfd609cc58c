//! What somebody does who wants to get into an account, to be allowed more than was asked, or to fill the server up.

use registrar::model::id::AttemptId;
use rstest::rstest;
use serde_json::json;

use crate::accounts::{self, PASSWORD, Pages as _, Scene};
use crate::support::{Authorize, Backend, Browser, Landed, TestServer, scopes};

const CALLBACK: &str = "https://app.example/callback";
const NEW: &str = "another password";
const CONFIRM: &str = "Subject: Confirm";
const CHOOSE: &str = "Subject: Choose a new password";

fn token(link: &str) -> &str {
    link.split_once("token=").unwrap().1.split('&').next().unwrap()
}

/// Asks for another address as whoever is logged in there.
async fn change_address(browser: &accounts::Browser<'_>, email: &str) {
    let fields = [("action", "profile"), ("name", ""), ("email", email), ("current_password", PASSWORD)];
    browser.post("/account", &fields).await.expect_page(200, "id=\"notice\"");
}

#[rstest]
#[tokio::test]
async fn a_new_password_ends_the_change_of_address_that_an_intruder_has_begun(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(true, false)] forgotten: bool,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.server.set_domain(|settings| settings.verify_email = true).await;
    scene.add_user("ada", "ada@example.com").await;
    let intruder = accounts::Browser::logged_in(&scene, "ada").await;
    change_address(&intruder, "eve@evil.example").await;
    let change = scene.mailed_link("eve@evil.example", CONFIRM).await;
    let owner = accounts::Browser::new(&scene);
    if forgotten {
        owner.post("/password/forgot", &[("email", "ada@example.com")]).await.expect_page(200, "have sent");
        let link = scene.mailed_link("ada@example.com", CHOOSE).await;
        owner.post(&link, &[("token", token(&link)), ("password", NEW)]).await.expect_page(200, "id=\"next\"");
    } else {
        owner.log_in("ada", PASSWORD).await.expect_redirect("/main/account");
        let fields = [("action", "change_password"), ("current_password", PASSWORD), ("new_password", NEW)];
        owner.post("/account", &fields).await.expect_page(200, "id=\"notice\"");
    }
    intruder.get(&change).await.expect_page(410, "link_expired");
    assert_eq!(scene.user("ada").await.unwrap().email.as_deref(), Some("ada@example.com"));
}

#[rstest]
#[tokio::test]
async fn a_link_sent_to_the_old_address_ends_when_the_address_changes(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.add_user("ada", "old@example.com").await;
    let owner = accounts::Browser::logged_in(&scene, "ada").await;
    let reader = accounts::Browser::new(&scene);
    reader.post("/password/forgot", &[("email", "old@example.com")]).await.expect_page(200, "have sent");
    let link = scene.mailed_link("old@example.com", CHOOSE).await;
    change_address(&owner, "new@example.com").await;
    reader.get(&link).await.expect_page(410, "id=\"forgot\"");
    reader.post(&link, &[("token", token(&link)), ("password", NEW)]).await.expect_page(410, "id=\"forgot\"");
}

#[rstest]
#[tokio::test]
async fn only_what_the_page_showed_is_allowed(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client = server.open_client(&[CALLBACK]).await;
    let user = server.user("ada").await;
    let mut browser = server.browser_of(&user).await;
    let page = browser.authorize(&Authorize::new(&client, CALLBACK).with("scope", "openid")).await.page();
    let form = page.form("consent");
    let (_, id) = form.fields.iter().find(|(name, _)| name == "interaction").unwrap();
    // The client asks for more, in another window of the same browser, while the page is being read.
    let store = &server.app.store;
    let mut interaction = store.interaction(user.domain_id, &AttemptId(id.clone())).await.unwrap().unwrap();
    interaction.progress.consent.as_mut().unwrap().scope = scopes("openid email");
    assert!(store.update_interaction(&interaction).await.unwrap());
    let again = browser.allow(&page).await.page();
    assert!(again.has("consent"), "asked again: {}", again.answer.text);
    assert!(store.consents_of_user(user.domain_id, user.id).await.unwrap().is_empty());
    let code = browser.allow(&again).await.params();
    assert!(code.iter().any(|(name, _)| name == "code"), "{code:?}");
}

#[rstest]
#[tokio::test]
async fn who_registered_itself_does_not_get_strangers_sent_on_by_the_logout(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.open_registration = true).await;
    let body = json!({
        "client_name": "Phish", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none",
        "post_logout_redirect_uris": ["https://evil.example/login"],
    });
    let record = server.api.register("", &body).await.expect(201);
    let client = record["client_id"].as_str().unwrap();
    let url = format!("/oidc/logout?client_id={client}&post_logout_redirect_uri=https://evil.example/login");
    match Browser::new(&server.api).open(&server.api.url(&url)).await {
        Landed::Page(page) => assert_eq!(page.answer.status, 200),
        Landed::Away(url) => panic!("sent to {url}"),
    }
}

#[rstest]
#[tokio::test]
async fn nobody_makes_our_pages_say_something(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let url = server.api.url("/oauth/authorize?interaction=Your+account+is+locked,+call+555-0100");
    let page = Browser::new(&server.api).open(&url).await.page();
    assert_eq!(page.answer.status, 410);
    assert!(!page.answer.text.contains("555-0100"), "{}", page.answer.text);
}

#[rstest]
#[tokio::test]
async fn one_source_does_not_begin_logins_without_end(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let server = TestServer::start_with(backend, |settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.logins_begun_per_minute = 3;
    });
    let Some(server) = server.await else { return };
    let client = server.open_client(&[CALLBACK]).await;
    let url = Authorize::new(&client, CALLBACK).url(&server.api);
    let kept = "select count(*) from interactions";
    let mut last = None;
    for _ in 0..5 {
        let mut browser = Browser::new(&server.api);
        last = Some(browser.open(&url).await.page());
    }
    let last = last.unwrap();
    assert_eq!((last.answer.status.as_u16(), last.answer.header("retry-after")), (429, "20"), "{}", last.answer.text);
    assert!(last.has("error-code") && server.database.count(kept).await == 3);
    // Whoever is in the middle of one goes on.
    let id = server.database.text("select id from interactions limit 1").await;
    let page = Browser::new(&server.api).open(&server.api.url(&format!("/login?interaction={id}"))).await.page();
    assert_eq!(page.answer.status, 200);
}

#[rstest]
#[tokio::test]
async fn whoever_finds_a_session_open_does_not_move_the_account_to_another_address(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.add_user("ada", "ada@example.com").await;
    let browser = accounts::Browser::logged_in(&scene, "ada").await;
    for password in ["", "wrong password"] {
        let fields =
            [("action", "profile"), ("name", ""), ("email", "eve@evil.example"), ("current_password", password)];
        browser.post("/account", &fields).await.expect_page(400, "profile-error");
    }
    assert_eq!(scene.user("ada").await.unwrap().email.as_deref(), Some("ada@example.com"));
    let fields = [("action", "profile"), ("name", "Ada"), ("email", "ada@example.com")];
    browser.post("/account", &fields).await.expect_page(200, "id=\"notice\"");
}

#[rstest]
#[tokio::test]
async fn a_blocked_host_gets_no_answers_however_it_was_written(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values("evil.example", "EVIL.example", ".example")] blocked: &str,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client = server.open_client(&["https://evil.example/cb"]).await;
    server.set_domain(|settings| settings.blocked_redirect_hosts = vec![blocked.to_owned()]).await;
    let landed = Browser::new(&server.api).authorize(&Authorize::new(&client, "https://evil.example/cb")).await;
    let page = landed.page();
    assert_eq!(page.answer.status, 400);
    assert!(page.answer.text.contains("blocked the host"), "{}", page.answer.text);
}
