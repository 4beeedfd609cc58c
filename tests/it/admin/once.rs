//! Forms of the console that are sent twice.

use http::Method;
use registrar::model::administrator::Role;
use rstest::rstest;
use serde_json::json;

use crate::support::{Answer, Backend, Browser, Form, Page, TestServer, audit_log};

/// How much was done in the domain, and on the server beside it.
async fn done(server: &TestServer) -> (usize, usize) {
    let events = audit_log(&server.app.store, server.domain().await.id()).await;
    (events.len(), server.app.store.api_tokens(None, 1_000).await.unwrap().len())
}

async fn open(server: &TestServer, browser: &mut Browser, path: &str) -> Page {
    browser.open(&format!("{}{path}", server.api.base)).await.page()
}

fn filled(form: &Form, typed: &[(&str, &str)]) -> Form {
    let mut form = form.clone();
    for (name, value) in typed {
        form.fields.retain(|(known, _)| known != name);
        form.fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    form
}

async fn send(browser: &mut Browser, form: &Form) -> Answer {
    browser.send(Method::POST, &form.action, Some(&form.fields)).await
}

/// What stands in the element with this id.
fn shown(answer: &Answer, id: &str) -> String {
    let (_, rest) =
        answer.text.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}: {}", answer.text));
    rest[rest.find('>').unwrap() + 1..rest.find('<').unwrap()].to_owned()
}

/// The page, its form, what is typed, the element that shows the secret, and where the thing is then.
type Case = (String, &'static str, &'static [(&'static str, &'static str)], &'static str, String);

const APPLICATIONS: &str = "/console/domains/main/applications";
const WEB: &[(&str, &str)] = &[("name", "Shop"), ("redirect_uris", "https://shop.example/cb")];

#[rstest]
#[tokio::test]
async fn a_form_whose_answer_is_reloaded_makes_nothing_again(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Owner, &[]).await;
    let machine = server.add_machine("").await.id;
    let (resource, _) = server.add_resource("Orders", &["https://orders.example/mcp"]).await;
    let user = json!({ "username": "ada", "email": "ada@shop.example" });
    let user = server.owner().await.post("/domains/main/users", user).await.expect(201);
    let at = "/console/domains/main";
    let tokens = format!("{at}/registration/tokens");
    let cases: [Case; 8] = [
        (format!("{APPLICATIONS}/new?kind=web"), "make-application", WEB, "client-secret", format!("{APPLICATIONS}/")),
        (
            format!("{APPLICATIONS}/{machine}/secrets"),
            "make-secret",
            &[("action", "make")],
            "client-secret",
            format!("{APPLICATIONS}/{machine}/secrets\""),
        ),
        (
            "/console/api-tokens".to_owned(),
            "new-api-token",
            &[("label", "CI"), ("action", "create")],
            "token-value",
            "/console/api-tokens\"".to_owned(),
        ),
        (format!("{tokens}/new"), "settings", &[("label", "CI")], "initial-access-token", format!("{tokens}\"")),
        (format!("{at}/users/invite"), "invite-form", &[], "link", format!("{at}/users\"")),
        (
            format!("{at}/users/{}", user["id"].as_str().unwrap()),
            "reset-form",
            &[("action", "reset_link")],
            "link",
            format!("{at}/users/{}\"", user["id"].as_str().unwrap()),
        ),
        (
            format!("{at}/mcp-servers/new"),
            "new-mcp-server-form",
            &[("name", "Files"), ("identifiers", "https://files.example/mcp"), ("credentials", "on")],
            "client-secret",
            format!("{at}/mcp-servers/"),
        ),
        (
            format!("{at}/mcp-servers/{}/credentials", resource.id),
            "renew",
            &[],
            "client-secret",
            format!("{at}/mcp-servers/{}/credentials\"", resource.id),
        ),
    ];
    for (path, form, typed, secret, place) in cases {
        let form = filled(&open(&server, &mut browser, &path).await.form(form), typed);
        let first = send(&mut browser, &form).await;
        assert_eq!(first.status, 200, "{path}: {}", first.text);
        let secret = shown(&first, secret);
        let before = done(&server).await;
        for _ in 0..2 {
            let again = send(&mut browser, &form).await;
            assert_eq!(again.status, 409, "{path}");
            assert!(again.text.contains("This was done already") && again.text.contains("shown that once"), "{path}");
            assert!(again.text.contains(&format!("href=\"{place}")), "{path} leads to {place}: {}", again.text);
            assert!(!again.text.contains(&secret), "{path}");
        }
        assert_eq!(done(&server).await, before, "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn of_a_double_click_one_makes_it_and_the_other_says_where_it_is(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let page = open(&server, &mut browser, &format!("{APPLICATIONS}/new?kind=web")).await;
    let form = filled(&page.form("make-application"), WEB);
    let clicks = (0..5).map(|_| {
        let (mut browser, form) = (browser.clone(), form.clone());
        async move { send(&mut browser, &form).await }
    });
    let answers = futures_util::future::join_all(clicks).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 4), "{answers:?}");
    let made = shown(won[0], "client-id");
    for answer in lost {
        assert_eq!(answer.status, 409);
        assert!(answer.text.contains(&format!("href=\"{APPLICATIONS}/{made}\"")), "{}", answer.text);
    }
    let log = audit_log(&server.app.store, server.domain().await.id()).await;
    assert_eq!(
        log.iter().filter(|event| event.action == "client.create" && event.actor.starts_with("administrator:")).count(),
        1
    );
}

#[rstest]
#[tokio::test]
async fn an_error_gives_the_forms_value_back(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let page = open(&server, &mut browser, &format!("{APPLICATIONS}/new?kind=web")).await;
    let form = page.form("make-application");
    let wrong = filled(&form, &[("name", "Shop"), ("redirect_uris", "http://shop.example/cb")]);
    let refused = browser.submit(&wrong, &[]).await.page();
    assert_eq!(refused.answer.status, 422);
    let value = |form: &Form| form.fields.iter().find(|(name, _)| name == "once").unwrap().1.clone();
    assert_ne!(value(&refused.form("make-application")), value(&form), "each page has a value of its own");
    // The page before, as the browser's Back shows it, and the page with the errors.
    for form in [form, refused.form("make-application")] {
        assert_eq!(send(&mut browser, &filled(&form, WEB)).await.status, 200);
    }
    // A value is its administrator's own, and a program that sends none is not held back.
    let page = open(&server, &mut browser, &format!("{APPLICATIONS}/new?kind=web")).await;
    let form = filled(&page.form("make-application"), WEB);
    let mut other = server.console(Role::Editor, &["main"]).await;
    assert_eq!(send(&mut browser, &form).await.status, 200);
    assert_eq!(send(&mut other, &form).await.status, 200);
    let bare = filled(&form, &[("once", "")]);
    for _ in 0..2 {
        assert_eq!(send(&mut browser, &bare).await.status, 200);
    }
}

#[rstest]
#[tokio::test]
async fn what_was_answered_by_going_on_is_gone_on_from_again(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut owner = server.console(Role::Owner, &[]).await;
    let page = open(&server, &mut owner, "/console/domains/new").await;
    let typed = [("name", "partners"), ("preset", "gateway"), ("step", "check")];
    let page = owner.submit(&page.form("name-domain"), &typed).await.page();
    let form = filled(&page.form("create-domain"), &[("step", "create")]);
    for _ in 0..2 {
        let answer = send(&mut owner, &form).await;
        let next = "/console/domains/partners/applications/new?kind=gateway-registrar&done=made";
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, next));
    }
    let page = open(&server, &mut owner, "/console/domains/partners/applications/new?kind=gateway-registrar&done=made");
    let page = page.await;
    assert!(page.text("notice").starts_with("The domain is created.") && page.has("make-application"));
}
