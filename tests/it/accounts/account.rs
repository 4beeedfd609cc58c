//! The account page.

use registrar::model::audit_event::Actor;
use registrar::model::authorization::{AuthorizationCode, GrantDetails, GrantStatus, LoginGrant};
use registrar::model::consent::Consent;
use registrar::model::id::{AttemptId, AuthorizationId, ClientId};
use registrar::model::user::User;
use rstest::rstest;

use super::{Browser, PASSWORD, Pages as _, Scene};
use crate::support::{Backend, scopes};

const NEW: &str = "another password";

#[rstest]
#[tokio::test]
async fn only_a_person_who_is_logged_in_has_an_account_page(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    let browser = Browser::new(&scene);
    browser.get("/account").await.expect_redirect("/main/login");
    browser.post("/account", &[("action", "delete_account")]).await.expect_redirect("/main/login");
    browser.set_cookie(&"A".repeat(43));
    browser.get("/account").await.expect_redirect("/main/login");
    scene.add_user("ada", "ada@example.com").await;
    let browser = Browser::logged_in(&scene, "ada").await;
    browser.post("/account", &[("action", "something")]).await.expect_page(400, "Action is none");
    browser.post("/account", &[]).await.expect_page(400, "Action is none");
}

#[rstest]
#[tokio::test]
async fn sessions_are_listed_and_ended(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let user = scene.add_user("ada", "ada@example.com").await;
    let eve = scene.add_user("eve", "eve@example.com").await;
    let foreign = Browser::logged_in(&scene, "eve").await;
    let [here, second, third] = [
        Browser::logged_in(&scene, "ada").await,
        Browser::logged_in(&scene, "ada").await,
        Browser::logged_in(&scene, "ada").await,
    ];
    let page = here.get("/account").await;
    page.expect_page(200, "id=\"sessions\"");
    assert!(page.text.contains("Browser &#60;b&#62;of&#60;/b&#62; the tests"), "{}", page.text);
    let domain = scene.server.domain().await;
    let current = scene.server.app.people.session(&domain, &second.cookie().unwrap()).await.unwrap().unwrap();
    let id = current.session.id.to_string();
    here.post("/account", &[("action", "end_session"), ("session", &id)]).await.expect_page(200, "id=\"notice\"");
    assert!(!second.is_logged_in().await && third.is_logged_in().await);
    let foreign_id = scene.sessions(&eve).await[0].to_string();
    here.post("/account", &[("action", "end_session"), ("session", &foreign_id)]).await.expect_page(200, "sessions");
    assert!(foreign.is_logged_in().await, "a session of somebody else");
    here.post("/account", &[("action", "end_session"), ("session", "x")]).await.expect_page(400, "Session is not");
    here.post("/account", &[("action", "end_other_sessions")]).await.expect_page(200, "id=\"notice\"");
    assert!(!third.is_logged_in().await && here.is_logged_in().await && foreign.is_logged_in().await);
    let out = here.post("/account", &[("action", "logout")]).await;
    out.expect_page(200, "signed out");
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert!(scene.sessions(&user).await.is_empty());
}

async fn connect(scene: &Scene, user: &User, client_id: &str) -> AuthorizationId {
    let (clock, store) = (&scene.server.clock, &scene.server.app.store);
    let interaction = scene.begin_login().await;
    let consent = Consent {
        domain_id: user.domain_id,
        user_id: user.id,
        client_id: client_id.to_owned(),
        resource: "https://mcp.example/".to_owned(),
        scope: scopes("openid profile"),
        granted_at: clock.now(),
    };
    let event = Actor::local("test").did(clock, Some(user.domain_id), "consent.allow", client_id);
    assert!(store.allow_interaction(&interaction, &[consent], &event).await.unwrap());
    let grant = LoginGrant {
        id: AuthorizationId::new(clock),
        domain_id: user.domain_id,
        client_id: ClientId(client_id.to_owned()),
        user_id: user.id,
        session_id: None,
        attempt: AttemptId::random(),
        scope: scopes("openid profile"),
        details: GrantDetails::default(),
        status: GrantStatus::Pending,
        created_at: clock.now(),
        last_used_at: clock.now(),
        expires_at: clock.now().plus(86_400),
    };
    let code = AuthorizationCode {
        hash: grant.id.to_string().into_bytes(),
        client_id: grant.client_id.clone(),
        redirect_uri: "https://app.example/".to_owned(),
        redirect_uri_sent: true,
        code_challenge: None,
        created_at: clock.now(),
        expires_at: clock.now().plus(60),
        redeemed_at: None,
    };
    store.establish_grant(&grant, &code, None).await.unwrap();
    store.redeem_code((user.domain_id, &code.hash), &grant, None, clock.now().plus(60)).await.unwrap();
    grant.id
}

#[rstest]
#[tokio::test]
async fn applications_are_listed_and_disconnected(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let user = scene.add_user("ada", "ada@example.com").await;
    let document = "https://app.example/client.json";
    let (gone, kept) = (connect(&scene, &user, document).await, connect(&scene, &user, "other").await);
    let browser = Browser::logged_in(&scene, "ada").await;
    let page = browser.get("/account").await;
    page.expect_page(200, &format!("data-client-id=\"{document}\""));
    assert!(page.text.contains(">app.example<") && page.text.contains("https://mcp.example/"), "{}", page.text);
    let fields = [("action", "revoke"), ("client_id", document)];
    let page = browser.post("/account", &fields).await;
    page.expect_page(200, "data-client-id=\"other\"");
    assert!(!page.text.contains(document), "{}", page.text);
    let store = &scene.server.app.store;
    let grant = |id| async move { store.login_grant(user.domain_id, id).await.unwrap().unwrap().status };
    assert_eq!((grant(gone).await, grant(kept).await), (GrantStatus::Revoked, GrantStatus::Active));
    assert!(store.consents(user.domain_id, user.id, document).await.unwrap().is_empty());
    scene.server.audited(|event| event.action == "consent.revoke").await;
}

#[rstest]
#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.add_user("ada", "ada@example.com").await;
    let (here, there) = (Browser::logged_in(&scene, "ada").await, Browser::logged_in(&scene, "ada").await);
    let change = |current: &'static str, new: &'static str| {
        let fields = [("action", "change_password"), ("current_password", current), ("new_password", new)];
        let here = &here;
        async move { here.post("/account", &fields).await }
    };
    change("wrong password", NEW).await.expect_page(400, "current-password-error");
    change(PASSWORD, "password1").await.expect_page(400, "new-password-error");
    // The one there is, over again, is no other password: what was mailed to choose one goes on working.
    Browser::new(&scene).post("/password/forgot", &[("email", "ada@example.com")]).await.expect_page(200, "have sent");
    let link = scene.mailed_link("ada@example.com", "Subject: Choose a new password").await;
    change(PASSWORD, PASSWORD).await.expect_page(400, "This is the password you have");
    Browser::new(&scene).get(&link).await.expect_page(200, "id=\"reset\"");
    assert!(there.is_logged_in().await);
    change(PASSWORD, NEW).await.expect_page(200, "id=\"notice\"");
    assert!(!there.is_logged_in().await && here.is_logged_in().await);
    Browser::new(&scene).log_in("ada", PASSWORD).await.expect_page(403, "do not match");
    Browser::new(&scene).log_in("ada", NEW).await.expect_redirect("/main/account");
    scene.server.audited(|event| event.action == "user.password" && event.outcome == "refused").await;
}

#[rstest]
#[tokio::test]
async fn a_profile_is_changed(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.add_user("ada", "ada@example.com").await;
    scene.add_user("eve", "eve@example.com").await;
    let browser = Browser::logged_in(&scene, "ada").await;
    let save = |name: &'static str, email: &'static str| {
        let fields = [("action", "profile"), ("name", name), ("email", email), ("current_password", PASSWORD)];
        let browser = &browser;
        async move { browser.post("/account", &fields).await }
    };
    let page = save("<i>Ada</i>", "ada@example.com").await;
    page.expect_page(200, "&#60;i&#62;Ada");
    assert!(!page.text.contains("<i>Ada"), "{}", page.text);
    save("Ada", "nonsense").await.expect_page(400, "profile-error");
    save("Ada", "Eve@example.com").await.expect_page(400, "profile-error");
    assert!(scene.user("ada").await.unwrap().email_verified);
    save("Ada", "lovelace@example.com").await.expect_page(200, "email-unverified");
    let user = scene.user("lovelace@example.com").await.unwrap();
    assert_eq!((user.display_name(), user.email_verified), ("Ada", false));
    browser.post("/account", &[("action", "send_verification")]).await.expect_page(200, "id=\"notice\"");
    let link = scene.mailed_link("lovelace@example.com", "Subject: Confirm").await;
    browser.confirm_address(&link).await.expect_page(200, "confirmed");
    browser.get("/account").await.expect_page(200, "email-verified");
}

#[rstest]
#[tokio::test]
async fn where_addresses_are_verified_a_new_one_counts_once_it_is(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.server.set_domain(|settings| settings.verify_email = true).await;
    scene.add_user("ada", "ada@example.com").await;
    scene.add_user("eve", "eve@example.com").await;
    let browser = Browser::logged_in(&scene, "ada").await;
    let save = |email: &'static str| {
        let fields = [("action", "profile"), ("name", ""), ("email", email), ("current_password", PASSWORD)];
        let browser = &browser;
        async move { browser.post("/account", &fields).await }
    };
    let (taken, free) = (save("eve@example.com").await, save("lovelace@example.com").await);
    assert_eq!((taken.status, taken.text), (free.status, free.text), "nobody learns whose address it is");
    assert_eq!(scene.user("ada").await.unwrap().email.as_deref(), Some("ada@example.com"));
    assert!(scene.mails("eve@example.com").is_empty());
    let link = scene.mailed_link("lovelace@example.com", "Subject: Confirm").await;
    Browser::new(&scene).confirm_address(&link).await.expect_page(200, "confirmed");
    let user = scene.user("ada").await.unwrap();
    assert_eq!((user.email.as_deref(), user.email_verified), (Some("lovelace@example.com"), true));
}

#[rstest]
#[tokio::test]
async fn an_account_is_deleted_by_whoever_knows_its_password(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    let user = scene.add_user("ada", "ada@example.com").await;
    let grant = connect(&scene, &user, "client").await;
    let (here, there) = (Browser::logged_in(&scene, "ada").await, Browser::logged_in(&scene, "ada").await);
    let fields = [("action", "delete_account"), ("delete_password", "wrong password")];
    here.post("/account", &fields).await.expect_page(400, "delete-password-error");
    let fields = [("action", "delete_account"), ("delete_password", PASSWORD)];
    let answer = here.post("/account", &fields).await;
    answer.expect_page(200, "deleted");
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert!(!there.is_logged_in().await && scene.user("ada").await.is_none());
    let revoked = scene.server.app.store.cache().is_revoked(user.domain_id, &grant.to_string());
    assert!(revoked, "tokens of the login are believed no longer");
    scene.server.audited(|event| event.action == "user.delete" && event.outcome == "done").await;
}
