//! A forgotten password.

use std::time::Duration;

use registrar::model::audit_event::Actor;
use registrar::people::browser_session::Device;
use registrar::store::users::PutUserOutcome;
use rstest::rstest;

use super::{Browser, PASSWORD, Pages as _, Scene};
use crate::support::Backend;

const RESET: &str = "Subject: Choose a new password";
const NEW: &str = "another password";

fn token(link: &str) -> &str {
    let (_, rest) = link.split_once("token=").unwrap();
    rest.split('&').next().unwrap()
}

#[rstest]
#[tokio::test]
async fn the_answer_does_not_tell_who_has_an_account(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.add_user("ada", "ada@example.com").await;
    let browser = Browser::new(&scene);
    browser.get("/password/forgot").await.expect_page(200, "id=\"forgot\"");
    browser.post("/password/forgot", &[("email", "ada")]).await.expect_page(400, "email-error");
    let known = browser.post("/password/forgot", &[("email", "ada@example.com")]).await;
    let unknown = browser.post("/password/forgot", &[("email", "eve@example.com")]).await;
    known.expect_page(200, "If there is an account");
    assert_eq!((known.status, known.text), (unknown.status, unknown.text));
    scene.mailed_link("ada@example.com", RESET).await;
    assert!(scene.mails("eve@example.com").is_empty());
}

#[rstest]
#[tokio::test]
async fn a_new_password_ends_what_the_old_one_opened(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let user = scene.add_user("ada", "ada@example.com").await;
    let elsewhere = Browser::logged_in(&scene, "ada").await;
    let (interaction, browser) = (scene.begin_login().await, Browser::new(&scene));
    let forgot = format!("/password/forgot?interaction={}", interaction.id);
    browser.get(&forgot).await.expect_page(200, interaction.id.as_str());
    browser.post(&forgot, &[("email", "Ada@example.com")]).await.expect_page(200, "have sent");
    let link = scene.mailed_link("ada@example.com", RESET).await;
    browser.get(&link).await.expect_page(200, "id=\"reset\"");
    let refused = browser.post(&link, &[("token", token(&link)), ("password", "password1")]).await;
    refused.expect_page(400, "password-error");
    let done = browser.post(&link, &[("token", token(&link)), ("password", NEW)]).await;
    done.expect_page(200, &format!("/main/login?interaction={}", interaction.id));
    assert!(browser.cookie().is_none(), "a link in a mail logs nobody in");
    assert!(!elsewhere.is_logged_in().await && scene.sessions(&user).await.is_empty());
    browser.post(&link, &[("token", token(&link)), ("password", NEW)]).await.expect_page(410, "already used");
    browser.get(&link).await.expect_page(410, "already used");
    browser.log_in("ada", PASSWORD).await.expect_page(403, "do not match");
    let login = [("interaction", interaction.id.as_str()), ("username", "ada"), ("password", NEW)];
    browser.post("/login", &login).await.expect_to_go_on(&interaction);
    scene.server.audited(|event| event.action == "user.password" && event.outcome == "done").await;
}

#[rstest]
#[tokio::test]
async fn a_link_works_for_an_hour_and_the_last_one_only(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.add_user("ada", "ada@example.com").await;
    let browser = Browser::new(&scene);
    browser.post("/password/forgot", &[("email", "ada@example.com")]).await.expect_page(200, "have sent");
    let first = scene.mailed_link("ada@example.com", RESET).await;
    browser.get(&first).await.expect_page(200, "id=\"reset\"");
    browser.post("/password/forgot", &[("email", "ada@example.com")]).await.expect_page(200, "have sent");
    while scene.mails("ada@example.com").len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    browser.get(&first).await.expect_page(410, "already used");
    let links: Vec<String> = scene.mails("ada@example.com");
    let mut words = links.iter().flat_map(|mail| mail.split_whitespace());
    let second = words.rfind(|word| word.contains("token=") && !word.contains(token(&first))).unwrap();
    let second = format!("/password/reset?token={}", token(second));
    scene.server.advance(3_599);
    browser.get(&second).await.expect_page(200, "id=\"reset\"");
    scene.server.advance(1);
    browser.get(&second).await.expect_page(410, "expired");
    let sent = [("token", token(&second)), ("password", NEW)];
    browser.post("/password/reset", &sent).await.expect_page(410, "expired");
    browser.log_in("ada", PASSWORD).await.expect_redirect("/main/account");
}

#[rstest]
#[tokio::test]
async fn what_was_asked_for_by_the_old_password_does_not_come_after_a_reset(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    let (people, store) = (&scene.server.app.people, &scene.server.app.store);
    let id = scene.add_user("ada", "ada@example.com").await.id;
    let domain = scene.server.domain().await;
    let read = async || store.user(domain.id(), id).await.unwrap().unwrap();
    let before = read().await;
    let browser = Browser::new(&scene);
    browser.post("/password/forgot", &[("email", "ada@example.com")]).await.expect_page(200, "have sent");
    let link = scene.mailed_link("ada@example.com", RESET).await;
    let done = browser.post(&link, &[("token", token(&link)), ("password", NEW)]).await;
    done.expect_page(200, "id=\"title\"");
    // Requests that had checked the old password by then.
    let actor = Actor::local("test");
    let audit = || actor.did(&scene.server.clock, Some(domain.id()), "user.update", &id.to_string());
    let old = before.password.clone();
    let again = people.update_person(&before, &audit(), |user| user.password.clone_from(&old)).await.unwrap();
    assert_eq!(again, PutUserOutcome::Conflict);
    let renamed = people.update_person(&before, &audit(), |user| user.username = "eve".to_owned()).await.unwrap();
    assert_eq!(renamed, PutUserOutcome::Conflict);
    let device = Device { agent: "test", source: "127.0.0.1" };
    assert!(people.begin_session(&domain, &before, device, None).await.unwrap().is_none());
    let version = Some(before.version);
    assert!(!store.delete_user(domain.id(), (id, version), scene.server.clock.now(), &audit()).await.unwrap());
    // A change that has nothing to do with it does not get in the way of another.
    let now = read().await;
    people.update_person(&now, &audit(), |user| user.email_verified = false).await.unwrap();
    let late = people.update_person(&now, &audit(), |user| user.username = "lovelace".to_owned()).await.unwrap();
    assert_eq!((late, read().await.email_verified), (PutUserOutcome::Stored, false));
    browser.log_in("lovelace", PASSWORD).await.expect_page(403, "do not match");
    browser.log_in("lovelace", NEW).await.expect_redirect("/main/account");
}
