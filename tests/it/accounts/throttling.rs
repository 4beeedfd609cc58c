//! Failed logins are throttled, and nobody is locked out.

use registrar::config::Settings;
use rstest::rstest;

use super::{Browser, PASSWORD, Pages as _, Scene};
use crate::support::Backend;

const HOME: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.7";

fn limited(settings: &mut Settings) {
    settings.rate_limit.enabled = true;
    settings.rate_limit.failed_logins_per_minute = 1_000;
    settings.rate_limit.trusted_proxies.0 = vec!["127.0.0.0/8".parse().unwrap()];
}

async fn fail(browser: &Browser<'_>, login: &str, times: usize) {
    for _ in 0..times {
        let answer = browser.log_in(login, "not the password").await;
        assert!(matches!(answer.status.as_u16(), 403 | 429), "{}", answer.text);
    }
}

#[rstest]
#[tokio::test]
async fn a_stranger_who_guesses_waits_longer_and_longer(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open_with(backend, limited).await else { return };
    scene.add_user("ada", "ada@example.com").await;
    for login in ["ada", "nobody"] {
        let stranger = Browser::at(&scene, ELSEWHERE);
        fail(&stranger, login, 5).await;
        for wait in [1, 2, 4] {
            let answer = stranger.log_in(login, PASSWORD).await;
            answer.expect_page(429, "too many attempts");
            assert_eq!(answer.header("retry-after"), wait.to_string());
            scene.server.advance(wait);
            stranger.log_in(login, "not the password").await.expect_page(403, "do not match");
        }
    }
    // Under the user's other name it is the same account.
    Browser::at(&scene, ELSEWHERE).log_in("ada@example.com", PASSWORD).await.expect_page(429, "too many attempts");
    scene.server.advance(8);
    Browser::at(&scene, ELSEWHERE).log_in("ada", PASSWORD).await.expect_redirect("/main/account");
}

#[rstest]
#[tokio::test]
async fn the_owner_logs_in_while_others_guess(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open_with(backend, limited).await else { return };
    scene.add_user("ada", "ada@example.com").await;
    let home = Browser::at(&scene, HOME);
    home.log_in("ada", PASSWORD).await.expect_redirect("/main/account");
    fail(&Browser::at(&scene, ELSEWHERE), "ada", 10).await;
    // At an address where she was in, also after failures from there, and in the browser where she is in.
    fail(&Browser::at(&scene, HOME), "ada", 20).await;
    Browser::at(&scene, HOME).log_in("ada", PASSWORD).await.expect_redirect("/main/account");
    let travelling = Browser::at(&scene, ELSEWHERE);
    travelling.log_in("ada", PASSWORD).await.expect_page(429, "too many attempts");
    travelling.set_cookie(&home.cookie().unwrap());
    travelling.log_in("ada", PASSWORD).await.expect_redirect("/main/account");
}

#[rstest]
#[tokio::test]
async fn a_source_that_tries_many_accounts_waits(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let change = |settings: &mut Settings| {
        limited(settings);
        settings.rate_limit.failed_logins_per_minute = 6;
    };
    let Some(scene) = Scene::open_with(backend, change).await else { return };
    scene.add_user("ada", "ada@example.com").await;
    let stranger = Browser::at(&scene, ELSEWHERE);
    for number in 0..6 {
        stranger.log_in(&format!("user{number}"), "not the password").await.expect_page(403, "do not match");
    }
    stranger.log_in("user7", "not the password").await.expect_page(429, "too many attempts");
    stranger.log_in("ada", PASSWORD).await.expect_page(429, "too many attempts");
    Browser::at(&scene, HOME).log_in("ada", PASSWORD).await.expect_redirect("/main/account");
    scene.server.advance(10);
    stranger.log_in("ada", PASSWORD).await.expect_redirect("/main/account");
}

#[rstest]
#[tokio::test]
async fn sign_ups_and_mails_of_one_source_are_limited(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let change = |settings: &mut Settings| {
        limited(settings);
        settings.rate_limit.sign_ups_per_minute = 2;
    };
    let Some(scene) = Scene::open_with(backend, change).await else { return };
    scene.server.set_domain(|settings| settings.sign_up = true).await;
    let browser = Browser::at(&scene, ELSEWHERE);
    let fields = [("username", "ada"), ("email", "ada@example.com"), ("password", PASSWORD)];
    browser.post("/register", &fields).await.expect_redirect("/main/account");
    browser.post("/password/forgot", &[("email", "x@example.com")]).await.expect_page(200, "have sent");
    for (path, fields) in [("/password/forgot", &[("email", "x@example.com")][..]), ("/register", &fields)] {
        let answer = browser.post(path, fields).await;
        answer.expect_page(429, "Too many attempts");
        assert_eq!(answer.header("retry-after"), "30");
    }
}
