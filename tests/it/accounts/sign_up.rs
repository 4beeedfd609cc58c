//! Signing up, by oneself and by invitation, with and without verification.

use http::Method;
use registrar::people::links::NewLink;
use registrar::store::users::LinkPurpose;
use rstest::rstest;

use super::{Browser, PASSWORD, Pages as _, Scene};
use crate::support::{Backend, audit_log};

const VERIFY: &str = "Subject: Confirm your e-mail address";

fn fields<'a>(username: &'a str, email: &'a str) -> [(&'a str, &'a str); 4] {
    [("username", username), ("email", email), ("name", "Ada Lovelace"), ("password", PASSWORD)]
}

async fn invitation(scene: &Scene, email: Option<&str>) -> String {
    let domain = scene.server.domain().await;
    let email = email.map(str::to_owned);
    let link = NewLink { purpose: LinkPurpose::Invite, user: None, email, lifetime: 600 };
    scene.server.app.people.make_link(domain.id(), link).await.unwrap().unwrap().expose().to_owned()
}

#[rstest]
#[tokio::test]
async fn nobody_signs_up_where_it_is_off(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let browser = Browser::new(&scene);
    browser.get("/register").await.expect_page(403, "by invitation");
    browser.post("/register", &fields("ada", "ada@example.com")).await.expect_page(403, "by invitation");
    assert!(scene.user("ada").await.is_none());
    assert!(!browser.get("/login").await.text.contains("sign-up-link"));
}

#[rstest]
#[tokio::test]
async fn whoever_signs_up_is_logged_in_and_goes_on(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.server.set_domain(|settings| settings.sign_up = true).await;
    let (interaction, browser) = (scene.begin_login().await, Browser::new(&scene));
    assert!(browser.get("/login").await.text.contains("sign-up-link"));
    let page = browser.get(&format!("/register?interaction={}", interaction.id)).await;
    page.expect_page(200, "id=\"sign-up\"");
    let mut sent = fields("ada", "ada@example.com").to_vec();
    sent.push(("interaction", interaction.id.as_str()));
    browser.post("/register", &sent).await.expect_to_go_on(&interaction);
    let user = scene.user("ada").await.unwrap();
    assert_eq!((user.display_name(), user.email_verified), ("Ada Lovelace", false));
    assert!(user.password.as_deref().unwrap().starts_with("$argon2id$"));
    let progress = scene.interaction(&interaction.id).await.unwrap().progress;
    assert_eq!(progress.logged_in, Some(scene.sessions(&user).await[0]));
    scene.server.audited(|event| event.action == "user.sign_up" && event.outcome == "done").await;
    let dump = format!("{:?}", audit_log(&scene.server.app.store, user.domain_id).await);
    assert!(!dump.contains(PASSWORD), "{dump}");
}

#[rstest]
#[tokio::test]
async fn what_is_typed_is_checked_and_shown_again(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.server.set_domain(|settings| settings.sign_up = true).await;
    scene.add_user("grace", "grace@example.com").await;
    let browser = Browser::new(&scene);
    for (sent, status, told) in [
        (fields("a b", "ada@example.com"), 400, "username-error"),
        (fields("ada", "ada"), 400, "email-error"),
        (fields("Grace", "ada@example.com"), 409, "username-error"),
        (fields("ada", "GRACE@example.com"), 409, "email-error"),
        (
            [("username", "ada"), ("email", "ada@example.com"), ("name", ""), ("password", "short")],
            400,
            "password-error",
        ),
        (
            [("username", "ada"), ("email", "ada@example.com"), ("name", ""), ("password", "password123")],
            400,
            "tried first",
        ),
        (
            [("username", "ada"), ("email", "ada@example.com"), ("name", ""), ("password", "ada@example.com")],
            400,
            "password-error",
        ),
    ] {
        let answer = browser.post("/register", &sent).await;
        answer.expect_page(status, told);
        let again = format!("type=\"password\" value=\"{}\"", sent[3].1);
        assert!(!answer.text.contains(&again) && !answer.text.contains(PASSWORD), "a password is not shown again");
    }
    assert!(scene.user("ada").await.is_none() && browser.cookie().is_none());
}

#[rstest]
#[tokio::test]
async fn addresses_must_be_at_the_hosts_of_the_domain(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene
        .server
        .set_domain(|settings| {
            settings.sign_up = true;
            settings.sign_up_email_hosts = vec!["corp.example".to_owned()];
        })
        .await;
    let browser = Browser::new(&scene);
    browser.post("/register", &fields("ada", "ada@other.example")).await.expect_page(400, "corp.example");
    browser.post("/register", &fields("ada", "ada@Corp.example")).await.expect_redirect("/main/account");
}

#[rstest]
#[tokio::test]
async fn an_invitation_admits_one_person_whatever_the_settings(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene
        .server
        .set_domain(|settings| {
            settings.sign_up_email_hosts = vec!["corp.example".to_owned()];
            settings.verify_email = true;
        })
        .await;
    let invite = invitation(&scene, Some("ada@example.com")).await;
    let browser = Browser::new(&scene);
    browser.get("/register?invite=unknown").await.expect_page(410, "invitation");
    let page = browser.get(&format!("/register?invite={invite}")).await;
    page.expect_page(200, &format!("value=\"{invite}\""));
    assert!(page.text.contains("value=\"ada@example.com\""), "{}", page.text);
    let mut sent = fields("ada", "ada@example.com").to_vec();
    sent.push(("invite", &invite));
    browser.post("/register", &sent).await.expect_redirect("/main/account");
    assert!(scene.user("ada").await.unwrap().email_verified, "the invitation came by that mail");
    sent[0].1 = "eve";
    sent[1].1 = "eve@example.com";
    Browser::new(&scene).post("/register", &sent).await.expect_page(410, "invitation");
    let late = invitation(&scene, None).await;
    scene.server.advance(600);
    browser.get(&format!("/register?invite={late}")).await.expect_page(410, "invitation");
}

#[rstest]
#[tokio::test]
async fn an_address_is_verified_before_anything_goes_on(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene
        .server
        .set_domain(|settings| {
            settings.sign_up = true;
            settings.verify_email = true;
        })
        .await;
    let (interaction, browser) = (scene.begin_login().await, Browser::new(&scene));
    let mut sent = fields("ada", "ada@example.com").to_vec();
    sent.push(("interaction", interaction.id.as_str()));
    browser.post("/register", &sent).await.expect_page(200, "Look into your mail");
    assert!(browser.cookie().is_none() && !scene.user("ada").await.unwrap().email_verified);
    assert_eq!(scene.interaction(&interaction.id).await.unwrap().progress.logged_in, None);
    let link = scene.mailed_link("ada@example.com", VERIFY).await;
    let url = format!("{}{link}", scene.server.api.base);
    assert_eq!(scene.server.api.send(Method::HEAD, &url, &[], "").await.status, 200, "a mail server looks at it");
    for _ in 0..2 {
        let page = browser.get(&link).await;
        page.expect_page(200, "id=\"confirm-address\"");
        assert!(page.text.contains("ada@example.com") && page.text.contains(interaction.id.as_str()), "{}", page.text);
    }
    assert!(!scene.user("ada").await.unwrap().email_verified, "a program may follow links too");
    let next = browser.confirm_address(&link).await;
    next.expect_page(200, &format!("/main/login?interaction={}", interaction.id));
    assert!(scene.user("ada").await.unwrap().email_verified && browser.cookie().is_none());
    browser.get(&link).await.expect_page(410, "already used");
    let login = [("interaction", interaction.id.as_str()), ("username", "ada"), ("password", PASSWORD)];
    browser.post("/login", &login).await.expect_to_go_on(&interaction);
}

#[rstest]
#[tokio::test]
async fn whoever_is_not_verified_gets_another_mail_instead_of_a_session(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.server.set_domain(|settings| settings.sign_up = true).await;
    let sent = fields("ada", "ada@example.com");
    Browser::new(&scene).post("/register", &sent).await.expect_redirect("/main/account");
    scene.server.set_domain(|settings| settings.verify_email = true).await;
    let browser = Browser::new(&scene);
    browser.log_in("ada", "not the password").await.expect_page(403, "do not match");
    assert!(scene.mails("ada@example.com").is_empty());
    browser.log_in("ada", PASSWORD).await.expect_page(200, "Look into your mail");
    assert_eq!(browser.cookie(), None);
    let link = scene.mailed_link("ada@example.com", VERIFY).await;
    scene.server.advance(86_400);
    browser.get(&link).await.expect_page(410, "expired");
    assert!(!scene.user("ada").await.unwrap().email_verified);
}

#[rstest]
#[tokio::test]
async fn a_taken_address_is_told_to_its_owner_only(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene
        .server
        .set_domain(|settings| {
            settings.sign_up = true;
            settings.verify_email = true;
        })
        .await;
    scene.add_user("ada", "ada@example.com").await;
    let browser = Browser::new(&scene);
    let taken = browser.post("/register", &fields("eve", "ada@example.com")).await;
    let free = browser.post("/register", &fields("eve", "eve@example.com")).await;
    assert_eq!((taken.status, taken.text), (free.status, free.text));
    assert_eq!(scene.mails("ada@example.com").len(), 1);
    assert!(scene.mails("ada@example.com")[0].contains("You already have an account"));
    assert_eq!(scene.mails("eve@example.com").len(), 1);
}
