//! The login page.

use registrar::model::time::UnixTime;
use rstest::rstest;

use super::{Browser, PASSWORD, Pages as _, Scene};
use crate::support::Backend;

#[rstest]
#[tokio::test]
async fn a_person_logs_in_by_name_or_address_whatever_the_case(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    let user = scene.add_user("ada", "ada@example.com").await;
    Browser::new(&scene).get("/login").await.expect_page(200, "id=\"login\"");
    for login in ["ada", " ADA ", "Ada@Example.COM"] {
        let browser = Browser::new(&scene);
        browser.log_in(login, PASSWORD).await.expect_redirect("/main/account");
        browser.get("/account").await.expect_page(200, "id=\"account-username\"");
        browser.get("/login").await.expect_redirect("/main/account");
    }
    assert_eq!(scene.sessions(&user).await.len(), 3);
    let event = scene.server.audited(|event| event.action == "user.login" && event.outcome == "done").await;
    assert_eq!(event.target, user.id.to_string());
}

#[rstest]
#[tokio::test]
async fn the_cookie_stays_in_this_browser_at_this_host(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    for (public_url, name, secure) in
        [("http://127.0.0.1:8091", "registrar-main", false), ("https://id.example", "__Host-registrar-main", true)]
    {
        let scene = Scene::open_with(backend, |settings| settings.public_url = Some(public_url.parse().unwrap()));
        let Some(scene) = scene.await else { return };
        scene.add_user("ada", "ada@example.com").await;
        let answer = Browser::new(&scene).log_in("ada", PASSWORD).await;
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with(&format!("{name}=")), "{cookie}");
        for attribute in ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"] {
            assert!(cookie.split("; ").any(|part| part == attribute), "{cookie}");
        }
        assert_eq!(cookie.split("; ").any(|part| part == "Secure"), secure, "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}

#[rstest]
#[tokio::test]
async fn nobody_learns_who_has_an_account(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let user = scene.add_user("ada", "ada@example.com").await;
    let browser = Browser::new(&scene);
    let wrong = browser.log_in("ada", "not the password").await;
    let unknown = browser.log_in("eve", "not the password").await;
    wrong.expect_page(403, "do not match");
    assert_eq!(unknown.status, 403);
    assert_eq!(wrong.text.replace("\"ada\"", "\"eve\""), unknown.text);
    assert_eq!(browser.cookie(), None);
    let refused = scene.server.audited(|event| event.outcome == "refused" && event.target == user.id.to_string()).await;
    assert_eq!((refused.action.as_str(), refused.reason.as_deref()), ("user.login", Some("the password is wrong")));
    let refused = scene.server.audited(|event| event.outcome == "refused" && event.target == "unknown").await;
    assert!(!format!("{refused:?}").contains("eve"), "what was typed may be a password: {refused:?}");
    browser.log_in("ada", "").await.expect_page(400, "id=\"login\"");
}

#[rstest]
#[tokio::test]
async fn a_disabled_user_cannot_log_in_and_is_logged_out(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    let user = scene.add_user("ada", "ada@example.com").await;
    let browser = Browser::logged_in(&scene, "ada").await;
    let event = registrar::model::audit_event::Actor::local("test");
    let event = event.did(&scene.server.clock, Some(user.domain_id), "user.update", "");
    scene.server.app.people.update_person(&user, &event, |user| user.enabled = false).await.unwrap();
    assert!(!browser.is_logged_in().await);
    Browser::new(&scene).log_in("ada", PASSWORD).await.expect_page(403, "do not match");
}

#[rstest]
#[tokio::test]
async fn a_login_goes_on_with_what_it_was_for(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let user = scene.add_user("ada", "ada@example.com").await;
    let (interaction, browser) = (scene.begin_login().await, Browser::new(&scene));
    let id = interaction.id.to_string();
    let page = browser.get(&format!("/login?interaction={id}")).await;
    page.expect_page(200, "Some &#60;b&#62;client&#60;/b&#62;");
    assert!(page.text.contains("app.example") && page.text.contains("value=\"ada\""), "{}", page.text);
    let answer = browser.post("/login", &[("interaction", &id), ("username", "ada"), ("password", PASSWORD)]).await;
    answer.expect_to_go_on(&interaction);
    let progress = scene.interaction(&interaction.id).await.unwrap().progress;
    assert_eq!(progress.logged_in, Some(scene.sessions(&user).await[0]));
    assert!(browser.is_logged_in().await);
}

#[rstest]
#[tokio::test]
async fn whoever_cancels_ends_the_interaction(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let interaction = scene.begin_login().await;
    let fields = [("interaction", interaction.id.as_str()), ("decision", "cancel")];
    // The client of the scene is not known, so the answer is a page.
    Browser::new(&scene).post("/login", &fields).await.expect_page(400, "client_id");
    assert!(scene.interaction(&interaction.id).await.is_none());
    Browser::new(&scene).post("/login", &fields).await.expect_page(410, "start again");
}

#[rstest]
#[tokio::test]
async fn an_interaction_that_is_over_says_what_to_do(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.add_user("ada", "ada@example.com").await;
    let interaction = scene.begin_login().await;
    let path = format!("/login?interaction={}", interaction.id);
    let browser = Browser::new(&scene);
    browser.get("/login?interaction=unknown").await.expect_page(410, "start again");
    scene.server.add_domain("other").await;
    let elsewhere = scene.server.api.in_domain("other").url(&path);
    scene.server.api.get(&elsewhere).await.expect_page(410, "start again");
    browser.get(&path).await.expect_page(200, "id=\"login\"");
    scene.server.advance(1_800);
    browser.get(&path).await.expect_page(410, "start again");
    let fields = [("interaction", interaction.id.as_str()), ("username", "ada"), ("password", PASSWORD)];
    browser.post("/login", &fields).await.expect_page(410, "start again");
    for page in ["/consent", "/consent?interaction=unknown", "/register?interaction=unknown"] {
        browser.get(page).await.expect_page(410, "start again");
    }
}

#[rstest]
#[tokio::test]
async fn a_planted_session_gains_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.add_user("eve", "eve@example.com").await;
    let user = scene.add_user("ada", "ada@example.com").await;
    let (planted, browser) = (Browser::logged_in(&scene, "eve").await, Browser::new(&scene));
    browser.set_cookie(&planted.cookie().unwrap());
    browser.log_in("ada", PASSWORD).await.expect_redirect("/main/account");
    assert_ne!(browser.cookie(), planted.cookie());
    assert!(!planted.is_logged_in().await, "the session that was there has ended");
    // The same for a session of one's own: each login has a secret of its own.
    let before = browser.cookie();
    browser.log_in("ada", PASSWORD).await.expect_redirect("/main/account");
    assert_ne!(browser.cookie(), before);
    assert_eq!(scene.sessions(&user).await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn sessions_end_when_idle_and_at_their_end(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.add_user("ada", "ada@example.com").await;
    let browser = Browser::logged_in(&scene, "ada").await;
    scene.server.advance(86_399);
    assert!(browser.is_logged_in().await);
    scene.server.advance(86_399);
    assert!(browser.is_logged_in().await, "it was seen meanwhile");
    scene.server.advance(86_400);
    assert!(!browser.is_logged_in().await);
    let browser = Browser::logged_in(&scene, "ada").await;
    let end = scene.server.clock.now().plus(30 * 86_400);
    while scene.server.clock.now() < UnixTime(end.0 - 80_000) {
        scene.server.advance(80_000);
        assert!(browser.is_logged_in().await);
    }
    scene.server.advance(80_000);
    assert!(!browser.is_logged_in().await);
}
