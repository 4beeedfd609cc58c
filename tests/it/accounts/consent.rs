//! The consent page.

use registrar::model::interaction::Decision;
use rstest::rstest;
use serde_json::json;

use super::{Browser, PASSWORD, Pages as _, Scene};
use crate::support::{Backend, scopes};

const CALLBACK: &str = "https://app.example/callback";

#[rstest]
#[tokio::test]
async fn what_a_person_allows_is_noted_and_remembered(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let user = scene.add_user("ada", "ada@example.com").await;
    let browser = Browser::logged_in(&scene, "ada").await;
    let session = scene.sessions(&user).await[0];
    let interaction = scene.begin_consent(session, CALLBACK).await;
    let page = browser.get(&format!("/consent?interaction={}", interaction.id)).await;
    page.expect_page(200, "id=\"consent\"");
    for shown in ["app.example", "https://mcp.example/one", "data-scope=\"profile\"", "id=\"signed-in-as\""] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    let asked = page.text.split_once("name=\"asked\" value=\"").unwrap().1.split('"').next().unwrap();
    let mut fields = vec![("interaction", interaction.id.as_str()), ("decision", "allow")];
    browser.post("/consent", &fields).await.expect_to_go_on(&interaction);
    assert_eq!(scene.interaction(&interaction.id).await.unwrap().progress.decision, None, "no answer to this page");
    fields.push(("asked", asked));
    browser.post("/consent", &fields).await.expect_to_go_on(&interaction);
    let resources = vec!["https://mcp.example/one".to_owned(), "https://mcp.example/two".to_owned()];
    let allowed = Decision::Allowed { session_id: session, scope: scopes("openid profile"), resources };
    assert_eq!(scene.interaction(&interaction.id).await.unwrap().progress.decision, Some(allowed));
    let store = &scene.server.app.store;
    let remembered = store.consents(user.domain_id, user.id, "some-client").await.unwrap();
    let remembered: Vec<(&str, String)> =
        remembered.iter().map(|consent| (consent.resource.as_str(), consent.scope.to_string())).collect();
    let scope = || "openid profile".to_owned();
    assert_eq!(remembered, [("https://mcp.example/one", scope()), ("https://mcp.example/two", scope())]);
    scene.server.audited(|event| event.action == "consent.allow" && event.outcome == "done").await;
}

#[rstest]
#[tokio::test]
async fn whoever_cancels_allows_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let user = scene.add_user("ada", "ada@example.com").await;
    let browser = Browser::logged_in(&scene, "ada").await;
    let interaction = scene.begin_consent(scene.sessions(&user).await[0], CALLBACK).await;
    let mut fields = [("interaction", interaction.id.as_str()), ("decision", "perhaps")];
    browser.post("/consent", &fields).await.expect_page(400, "Decision must be");
    fields[1].1 = "cancel";
    // The client of the scene is not known, so the answer is a page.
    browser.post("/consent", &fields).await.expect_page(400, "client_id");
    assert!(scene.interaction(&interaction.id).await.is_none());
    browser.post("/consent", &fields).await.expect_page(410, "start again");
    assert!(scene.server.app.store.consents_of_user(user.domain_id, user.id).await.unwrap().is_empty());
    scene.server.audited(|event| event.action == "consent.allow" && event.outcome == "refused").await;
}

#[rstest]
#[tokio::test]
async fn nobody_decides_for_somebody_else(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let user = scene.add_user("ada", "ada@example.com").await;
    scene.add_user("eve", "eve@example.com").await;
    let _ada = Browser::logged_in(&scene, "ada").await;
    let interaction = scene.begin_consent(scene.sessions(&user).await[0], CALLBACK).await;
    let path = format!("/consent?interaction={}", interaction.id);
    // Nobody, somebody else, and the same person in another browser: all have to begin anew.
    let others =
        [Browser::new(&scene), Browser::logged_in(&scene, "eve").await, Browser::logged_in(&scene, "ada").await];
    for browser in others {
        browser.get(&path).await.expect_to_go_on(&interaction);
        for decision in ["allow", "cancel", "switch"] {
            let fields = [("interaction", interaction.id.as_str()), ("decision", decision)];
            browser.post("/consent", &fields).await.expect_to_go_on(&interaction);
        }
    }
    assert_eq!(scene.interaction(&interaction.id).await.unwrap().progress, interaction.progress);
    assert!(scene.server.app.store.consents_of_user(user.domain_id, user.id).await.unwrap().is_empty());
    // A page that asks nothing yet sends on as well.
    let early = scene.begin_login().await;
    let path = format!("/consent?interaction={}", early.id);
    Browser::logged_in(&scene, "ada").await.get(&path).await.expect_to_go_on(&early);
}

#[rstest]
#[tokio::test]
async fn another_account_can_take_over(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let ada = scene.add_user("ada", "ada@example.com").await;
    let grace = scene.add_user("grace", "grace@example.com").await;
    let browser = Browser::logged_in(&scene, "ada").await;
    let interaction = scene.begin_consent(scene.sessions(&ada).await[0], CALLBACK).await;
    let fields = [("interaction", interaction.id.as_str()), ("decision", "switch")];
    let login = format!("/main/login?interaction={}", interaction.id);
    browser.post("/consent", &fields).await.expect_redirect(&login);
    assert!(scene.sessions(&ada).await.is_empty() && browser.cookie().is_none());
    browser.get(&login).await.expect_page(200, "app.example");
    let fields = [("interaction", interaction.id.as_str()), ("username", "grace"), ("password", PASSWORD)];
    browser.post("/login", &fields).await.expect_to_go_on(&interaction);
    let progress = scene.interaction(&interaction.id).await.unwrap().progress;
    assert_eq!(progress.logged_in, Some(scene.sessions(&grace).await[0]));
}

#[rstest]
#[tokio::test]
async fn a_client_that_registered_itself_is_shown_as_what_it_is(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.server.set_domain(|settings| settings.open_registration = true).await;
    let user = scene.add_user("ada", "ada@example.com").await;
    let browser = Browser::logged_in(&scene, "ada").await;
    let session = scene.sessions(&user).await[0];
    for (name, redirect, suspected) in [
        ("<script>alert(1)</script>", CALLBACK, false),
        ("Cl\u{430}ude", CALLBACK, true),
        ("Claude", "https://claude.ai/api/mcp/auth_callback", false),
    ] {
        let body = json!({
            "client_name": name, "redirect_uris": [redirect], "token_endpoint_auth_method": "none",
            "client_uri": "https://app.example/", "policy_uri": "https://app.example/privacy",
        });
        let record = scene.server.api.register("", &body).await.expect(201);
        let mut interaction = scene.begin_consent(session, redirect).await;
        interaction.client_id = record["client_id"].as_str().unwrap().to_owned();
        interaction.id = registrar::model::id::AttemptId::random();
        scene.server.app.store.begin_interaction(&interaction).await.unwrap();
        let page = browser.get(&format!("/consent?interaction={}", interaction.id)).await;
        page.expect_page(200, "id=\"self-registered\"");
        assert!(!page.text.contains("<script>alert"), "{}", page.text);
        assert!(page.text.contains("https://app.example/privacy"));
        assert_eq!(page.text.contains("id=\"impersonation\""), suspected, "{name}: {}", page.text);
        let event = scene.server.audited(|event| event.target == interaction.client_id).await;
        assert_eq!(event.detail.get("impersonates").is_some(), suspected, "{event:?}");
    }
}
