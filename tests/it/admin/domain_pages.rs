//! Domains, scopes, registration and policies in the console.

use http::Method;
use registrar::model::administrator::Role;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Backend, Browser, Page, TestServer};

const REGISTRATION: &str = "/console/domains/main/registration";

async fn open(server: &TestServer, browser: &mut Browser, path: &str) -> Page {
    browser.open(&format!("{}{path}", server.api.base)).await.page()
}

/// Posts fields as a browser would that did not fill in the form.
async fn post(server: &TestServer, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let fields: Vec<(String, String)> = fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    browser.send(Method::POST, &format!("{}{path}", server.api.base), Some(&fields)).await
}

async fn settings(server: &TestServer) -> Value {
    json!(server.domain().await.domain.settings)
}

#[rstest]
#[tokio::test]
async fn registration_is_turned_on_by_one_switch_on_one_page(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.registration = false).await;
    let before = settings(&server).await;
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let page = open(&server, &mut browser, REGISTRATION).await;
    browser.submit(&page.form("settings"), &[("registration", "on"), ("action", "save")]).await.page();
    let mut expected = before;
    expected["registration"] = true.into();
    assert_eq!(settings(&server).await, expected, "and nothing else changed");
    let event =
        server.audited(|event| event.action == "domain.update" && event.actor.starts_with("administrator:")).await;
    assert_eq!(event.detail["changes"], json!({ "registration": { "before": false, "after": true } }));
}

#[rstest]
#[tokio::test]
async fn a_preset_click_is_the_preset_of_the_api(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let off = json!({ "registration": false, "open_policy": "gateway", "gateway_policy": "mcp" });
    for preset in ["gateway", "mcp"] {
        api.patch("/domains/main", off.clone()).await.expect(200);
        let body = json!({ "preset": preset });
        let any = [("if-match", "*")];
        api.send(Method::POST, "/domains/main/apply-preset", &any, &body).await.expect(200);
        let by_api = settings(&server).await;
        api.patch("/domains/main", off.clone()).await.expect(200);
        api.patch("/domains/main", json!({ "open_registration": false, "client_documents": false })).await.expect(200);
        let mut browser = server.console(Role::Editor, &["main"]).await;
        let page = open(&server, &mut browser, REGISTRATION).await;
        browser.submit(&page.form(&format!("preset-{preset}")), &[("action", "preset")]).await.page();
        assert_eq!(settings(&server).await, by_api, "{preset}");
    }
}

#[rstest]
#[tokio::test]
async fn nothing_is_overwritten_that_was_not_seen(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Editor, &["main"]).await;
    for (path, field, value) in
        [("/console/domains/main/settings", "access_token_lifetime", "900"), (REGISTRATION, "open_registration", "on")]
    {
        let page = open(&server, &mut browser, path).await;
        server.set_domain(|settings| settings.sign_up = !settings.sign_up).await;
        let before = settings(&server).await;
        let form = page.form("settings");
        let conflict = browser.submit(&form, &[(field, value), ("action", "save")]).await.page();
        assert_eq!(settings(&server).await, before, "{path}");
        // What was typed is kept, and saved over theirs if that is meant.
        browser.submit(&conflict.form("save-anyway"), &[]).await.page();
        let after = settings(&server).await;
        assert_ne!(after[field], before[field], "{path}");
        assert_eq!(after["sign_up"], before["sign_up"]);
    }
    for (path, member) in [
        ("/console/domains/main/scopes/email", "description"),
        ("/console/domains/main/registration/policies/mcp", "quota"),
    ] {
        let fields = [("version", "77"), (member, "7"), ("action", "save")];
        assert_eq!(post(&server, &mut browser, path, &fields).await.status, 409, "{path}");
        assert_eq!(post(&server, &mut browser, &format!("{path}/delete"), &fields).await.status, 409, "{path}");
    }
    let domain = server.domain().await;
    assert_eq!((domain.scope("email").unwrap().version, domain.policy("mcp").unwrap().version), (1, 1));
}

#[rstest]
#[tokio::test]
async fn what_is_refused_stands_beside_its_field(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Editor, &["main"]).await;
    for (path, field, wrong, says) in [
        ("/console/domains/main/settings", "access_token_lifetime", "9999999", "between 10 seconds and 365 days."),
        ("/console/domains/main/settings", "access_token_lifetime", "soon", "Is not a whole number."),
        ("/console/domains/main/settings", "software_statement_issuers", "[{", "Is not JSON"),
        (REGISTRATION, "blocked_redirect_hosts", "https://a/b", "is not a host"),
        ("/console/domains/main/registration/policies/mcp", "secret_grace", "-1", "Must be at least 0 seconds."),
        ("/console/domains/main/scopes/new", "name", "a b", "printable ASCII"),
        ("/console/domains/main/registration/tokens/new", "max_uses", "0", "Must be at least 1"),
    ] {
        let page = open(&server, &mut browser, path).await;
        let page = browser.submit(&page.form("settings"), &[(field, wrong), ("action", "save")]).await.page();
        let (_, told) =
            page.answer.text.split_once(&format!("id=\"{field}-error\"")).expect("it stands beside its field");
        let told = &told[..told.find("</p>").unwrap()];
        assert_eq!(page.answer.status, 422);
        assert!(told.contains(says), "{path} {field}: {told}");
        assert!(page.text("error-summary").contains(says), "and above the form");
        let tag = page.answer.text.split(&format!("id=\"{field}\"")).nth(1).unwrap().split('>').next().unwrap();
        assert!(tag.contains(" autofocus"), "{path} {field}: {tag}");
    }
}

#[rstest]
#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let before = settings(&server).await;
    for (path, wrong) in [
        (
            REGISTRATION,
            [("blocked_redirect_hosts", "a/b"), ("client_document_denied_hosts", "a b"), ("open_registration", "on")],
        ),
        (
            "/console/domains/main/registration/policies/mcp",
            [("quota", "many"), ("denied_redirect_hosts", "a/b"), ("secret_grace", "-1")],
        ),
    ] {
        let page = open(&server, &mut browser, path).await;
        let typed = [&wrong[..], &[("action", "save")][..]].concat();
        let page = browser.submit(&page.form("settings"), &typed).await.page();
        for (field, _) in wrong.iter().filter(|(_, value)| *value != "on") {
            assert!(page.has(&format!("{field}-error")), "{path} {field}");
            assert!(page.answer.text.contains(&format!("<a href=\"#{field}\">")), "{path} {field}");
        }
    }
    assert_eq!(settings(&server).await, before);
}

#[rstest]
#[tokio::test]
async fn times_are_typed_with_a_unit_and_kept_in_seconds(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let page = open(&server, &mut browser, "/console/domains/main/settings").await;
    let shown = "<option value=\"hours\" selected>hours</option>";
    assert!(page.answer.text.contains(shown), "3600 seconds are 1 hour");
    assert!(!page.answer.text.contains("name=\"session_lifetime\""), "which has one home");
    assert!(page.answer.text.contains("<a href=\"/console/domains/main/login\">Login settings</a>"));
    let typed = [("access_token_lifetime", "15"), ("access_token_lifetime_unit", "minutes"), ("action", "save")];
    browser.submit(&page.form("settings"), &typed).await.page();
    assert_eq!(settings(&server).await["access_token_lifetime"], 900);
    let path = "/console/domains/main/registration/policies/mcp";
    let page = open(&server, &mut browser, path).await;
    let typed = [("secret_lifetime", "2"), ("secret_lifetime_unit", "days"), ("action", "save")];
    browser.submit(&page.form("settings"), &typed).await.page();
    assert_eq!(server.domain().await.policy("mcp").unwrap().rules.secret_lifetime, Some(172_800));
}

#[rstest]
#[tokio::test]
async fn what_quick_start_opens_is_said_beside_the_preset(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| (settings.quick_start, settings.client_documents) = (true, false)).await;
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let page = open(&server, &mut browser, REGISTRATION).await;
    assert!(page.answer.text.contains("Switches on:"));
    let said = "In force now through quick start: open registration and client ID metadata documents.";
    assert!(page.answer.text.contains(said), "{}", page.answer.text);
}

#[rstest]
#[tokio::test]
async fn auditors_see_everything_and_change_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut auditor = server.console(Role::Auditor, &["main"]).await;
    let before = settings(&server).await;
    for path in ["settings", "registration", "registration/policies/mcp", "scopes/email"] {
        let path = format!("/console/domains/main/{path}");
        let page = open(&server, &mut auditor, &path).await;
        assert!(!page.has("save") && !page.has("delete"), "{path}");
        assert_eq!(post(&server, &mut auditor, &path, &[("action", "save")]).await.status, 403, "{path}");
    }
    assert_eq!(settings(&server).await, before);
    let page = open(&server, &mut auditor, "/console/domains/main/registration/dry-run").await;
    let page = auditor.submit(&page.form("dry-run"), &[("registrant", "policy:mcp")]).await.page();
    assert!(page.text("verdict").starts_with("Accepted under the policy mcp"), "nothing changes, so they may");
}

#[rstest]
#[tokio::test]
async fn a_domain_is_made_with_its_addresses_shown_and_deleted_by_its_name(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut owner = server.console(Role::Owner, &[]).await;
    let page = open(&server, &mut owner, "/console/domains/new").await;
    let typed = [("name", "partners"), ("preset", "mcp"), ("step", "check")];
    let page = owner.submit(&page.form("name-domain"), &typed).await.page();
    assert!(page.text("registration").ends_with("/partners/oidc/register"));
    assert!(server.app.store.domain_named("partners").await.unwrap().is_none(), "it is only shown yet");
    owner.submit(&page.form("create-domain"), &[("step", "create")]).await.page();
    let made = server.app.store.domain_named("partners").await.unwrap().unwrap();
    assert!(made.domain.settings.open_registration && made.domain.settings.client_documents);
    let page = open(&server, &mut owner, "/console/domains/partners/delete").await;
    let page = owner.submit(&page.form("confirm-form"), &[("confirm", "main")]).await.page();
    assert!(page.has("confirm-error"));
    owner.submit(&page.form("confirm-form"), &[("confirm", "partners")]).await.page();
    assert!(server.app.store.domain_named("partners").await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn a_token_is_on_the_page_that_makes_it_and_nowhere_else(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let page = open(&server, &mut browser, "/console/domains/main/registration/tokens/new").await;
    let page = browser.submit(&page.form("settings"), &[("label", "CI"), ("max_uses", "1")]).await.page();
    let token = page.text("initial-access-token");
    server.api.register(&token, &json!({ "redirect_uris": ["https://app.example/cb"] })).await.expect(201);
    let list = format!("{}/console/domains/main/registration/tokens", server.api.base);
    let answer = browser.send(Method::GET, &list, None).await;
    assert!(!answer.text.contains(&token) && answer.text.contains("used up") && answer.text.contains("1 of 1"));
}

#[rstest]
#[tokio::test]
async fn a_policy_in_use_offers_no_deletion_and_only_what_is_served_is_offered(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    api.post("/domains/main/policies", json!({ "name": "bound" })).await.expect(201);
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let own = format!("{REGISTRATION}/policies/bound");
    // What is not served is neither shown nor lost, and saving the form as it is changes nothing.
    let page = open(&server, &mut browser, &own).await;
    assert!(!page.answer.text.contains("tls_client_auth"));
    let before = json!(server.domain().await.policy("bound").unwrap().rules);
    browser.submit(&page.form("settings"), &[("action", "save")]).await.page();
    assert_eq!(json!(server.domain().await.policy("bound").unwrap().rules), before);
    let page = open(&server, &mut browser, &format!("{own}/delete")).await;
    let question = page.form("confirm-form");
    let token = api.post("/domains/main/initial-access-tokens", json!({ "policy": "bound" })).await.expect(201);
    let page = open(&server, &mut browser, &format!("{own}/delete")).await;
    assert!(!page.has("confirm-form") && page.text("explanation").starts_with("It binds 1 application or "));
    let page = browser.submit(&question, &[]).await.page();
    assert!(page.answer.status == 409 && !page.has("confirm-form"));
    let page = open(&server, &mut browser, &format!("{REGISTRATION}/policies/gateway/delete")).await;
    assert!(!page.has("confirm-form") && page.text("explanation").contains("policy of gateways"));
    let id = token["id"].as_str().unwrap();
    api.delete(&format!("/domains/main/initial-access-tokens/{id}")).await;
    browser.submit(&question, &[]).await.page();
    assert!(server.domain().await.policy("bound").is_none());
}

#[rstest]
#[tokio::test]
async fn no_step_of_the_way_to_a_page_stands_twice(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut owner = server.console(Role::Owner, &[]).await;
    for (path, way) in [
        ("new", "Domains New domain"),
        ("main/delete", "main Settings Delete"),
        ("main/scopes/email", "main Scopes email"),
        ("main/scopes/new", "main Scopes New scope"),
        ("main/scopes/email/delete", "main Scopes email Delete"),
    ] {
        let page = open(&server, &mut owner, &format!("/console/domains/{path}")).await;
        let (_, trail) = page.answer.text.split_once("aria-label=\"Where you are\"").unwrap();
        let trail = &trail[trail.find("<ol>").unwrap()..trail.find("</ol>").unwrap()];
        let steps: Vec<&str> = trail.split('>').filter_map(|part| part.split('<').next()).map(str::trim).collect();
        let steps: Vec<&str> = steps.into_iter().filter(|text| !text.is_empty()).collect();
        assert_eq!(steps.join(" "), way);
    }
}
