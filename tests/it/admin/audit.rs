//! The audit log by the administration API and in the console.

use http::Method;
use registrar::model::administrator::Role;
use registrar::model::audit_event::{Actor, AuditEvent};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{AdminApi, Answer, Backend, TestServer};

const AUDIT: &str = "/domains/main/audit";

/// Text that would end a line, or order a terminal about.
const HOSTILE: &str = "a\nb\r\n{\"x\":1}\u{85}\u{2028}\u{2029}\u{1b}[31m\u{9b}\u{202e}\"\\<script>";

/// Writes so many events of `thing.verb`s, one a second; every fourth is a refusal.
async fn write_events(server: &TestServer, count: usize) {
    let domain_id = server.domain().await.id();
    for batch in (0..count).collect::<Vec<_>>().chunks(100) {
        let mut events: Vec<AuditEvent> = Vec::new();
        for number in batch {
            let actor = Actor {
                name: if number % 2 == 0 { "client:even".to_owned() } else { "client:odd".to_owned() },
                source: Some("192.0.2.7".to_owned()),
                request_id: Some(format!("request-{}", number / 2)),
                token_id: None,
            };
            let action = if number % 3 == 0 { "sample.make" } else { "sample.break" };
            let event = actor.did(&server.clock, Some(domain_id), action, &format!("thing-{number}"));
            let event = event.with("number", i64::try_from(*number).unwrap()).with("text", HOSTILE);
            events.push(if number % 4 == 0 { event.refused(HOSTILE) } else { event });
            server.advance(1);
        }
        server.app.store.write_audit(&events).await.unwrap();
    }
}

fn numbers(events: &[Value]) -> Vec<i64> {
    events.iter().filter_map(|event| event["detail"]["number"].as_i64()).collect()
}

async fn walk(api: &AdminApi, filter: &str, limit: usize) -> Vec<i64> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("{AUDIT}?limit={limit}{filter}{cursor}")).await.expect(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        seen.extend(numbers(items));
        match page.get("next") {
            Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
            None => return seen,
        }
    }
}

async fn lines(api: &AdminApi, path: &str) -> Answer {
    api.send(Method::GET, path, &[("accept", "application/x-ndjson")], &Value::Null).await
}

#[rstest]
#[tokio::test]
async fn events_are_paged_without_gaps_and_narrowed(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let auditor = server.administration(Role::Auditor, Some("main")).await;
    let began = server.clock.now().seconds();
    write_events(&server, 60).await;
    let expected: Vec<i64> = (0..60).rev().collect();
    for limit in [1, 7, 60, 200] {
        assert_eq!(walk(&auditor, "&action=sample.", limit).await, expected, "limit {limit}");
    }
    let of =
        |wanted: &dyn Fn(i64) -> bool| expected.iter().copied().filter(|number| wanted(*number)).collect::<Vec<_>>();
    for (filter, wanted) in [
        ("&actor=client:even".to_owned(), of(&|number| number % 2 == 0)),
        ("&action=sample.make".to_owned(), of(&|number| number % 3 == 0)),
        ("&actor=client:&action=sample.make".to_owned(), of(&|number| number % 3 == 0)),
        ("&actor=user:&action=sample.".to_owned(), vec![]),
        ("&target=thing-7".to_owned(), vec![7]),
        ("&outcome=refused&action=sample.".to_owned(), of(&|number| number % 4 == 0)),
        ("&request_id=request-5".to_owned(), vec![11, 10]),
        (format!("&from={}&until={}", began + 10, began + 15), vec![14, 13, 12, 11, 10]),
        ("&actor=client:odd&outcome=refused".to_owned(), vec![]),
    ] {
        assert_eq!(walk(&auditor, &filter, 4).await, wanted, "{filter}");
    }
    let page = auditor.get(&format!("{AUDIT}?target=thing-8")).await.expect(200);
    let event = &page["items"][0];
    assert_eq!((&event["reason"], &event["outcome"]), (&json!(HOSTILE), &json!("refused")));
    let next = auditor.get(&format!("{AUDIT}?limit=1")).await.expect(200)["next"].as_str().unwrap().to_owned();
    for bad in [
        "limit=0",
        "limit=201",
        "outcome=lost",
        "who=me",
        "cursor=x",
        "from=-1",
        "until=253402300800",
        "actor=%00",
        "from=9223372036854775808",
        "action=a&action=b",
        &format!("cursor={next}&actor=x"),
    ] {
        auditor.get(&format!("{AUDIT}?{bad}")).await.expect_problem(400, "invalid_request");
    }
    server.add_domain("other").await;
    server
        .owner()
        .await
        .get(&format!("/domains/other/audit?cursor={next}"))
        .await
        .expect_problem(400, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn an_export_is_one_line_of_json_per_event_whatever_is_in_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let auditor = server.administration(Role::Auditor, Some("main")).await;
    // More than a page has.
    write_events(&server, 450).await;
    let answer = lines(&auditor, &format!("{AUDIT}?action=sample.")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/x-ndjson"));
    assert!(answer.text.ends_with('\n'));
    let control = |c: char| c.is_control() && c != '\n' || "\u{2028}\u{2029}\u{202e}".contains(c);
    assert!(!answer.text.contains(control), "nothing is left that a reader or a terminal takes for more than text");
    let events: Vec<Value> =
        answer.text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    assert_eq!(numbers(&events), (0..450).rev().collect::<Vec<i64>>());
    assert!(events.iter().all(|event| event["detail"]["text"] == HOSTILE && event.is_object()));

    // What people register ends up there as well.
    let body = json!({ "client_name": HOSTILE, "redirect_uris": ["https://app.example/*"] });
    server.api.register("", &body).await.expect(400);
    server.audited(|event| event.action == "client.register").await;
    let text = lines(&auditor, &format!("{AUDIT}?action=client.register")).await.text;
    assert!(text.lines().count() == 1 && serde_json::from_str::<Value>(text.trim()).is_ok(), "{text}");

    assert_eq!(lines(&auditor, &format!("{AUDIT}?target=nothing")).await.text, "");
    for bad in ["limit=5", "cursor=x", "outcome=lost"] {
        lines(&auditor, &format!("{AUDIT}?{bad}")).await.expect_problem(400, "invalid_request");
    }
}

#[rstest]
#[tokio::test]
async fn the_servers_own_events_are_for_owners(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let list = owner.get("/audit?action=api_token.create").await.expect(200);
    assert!(list["items"].as_array().unwrap().iter().any(|event| event["actor"] == "test"), "{list}");
    assert!(!list.to_string().contains(&owner.token), "no event holds a secret");
    let text = lines(&owner, "/audit?action=api_token.").await.text;
    assert!(text.lines().count() >= 1);
    for role in [Role::Auditor, Role::Editor] {
        server.administration(role, None).await.get("/audit").await.expect_problem(403, "forbidden");
    }
    let of_domain = owner.get(AUDIT).await.expect(200);
    let of_server = owner.get("/audit").await.expect(200);
    for event in of_server["items"].as_array().unwrap() {
        assert!(!of_domain["items"].as_array().unwrap().contains(event), "{event} is told once");
    }
}

#[rstest]
#[tokio::test]
async fn the_console_shows_narrows_and_exports_events(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Auditor, &["main"]).await;
    let at = |path: &str| format!("{}/console/domains/main/audit{path}", server.api.base);
    let empty = browser.send(Method::GET, &at("?action=sample.make"), None).await;
    assert!(empty.status == 200 && empty.text.contains("No event fits"), "{}", empty.text);
    write_events(&server, 60).await;
    server.set_domain(|settings| settings.open_registration = true).await;
    let page = browser.send(Method::GET, &at("?action=sample."), None).await;
    assert!(
        page.text.contains("rel=\"next\"") && !page.text.contains("<script>alert") && !page.text.contains('\u{202e}')
    );
    let narrowed = browser.send(Method::GET, &at("?target=thing-7&from=2026-01-01&until=2999-01-01"), None).await;
    assert!(narrowed.text.contains("thing-7") && !narrowed.text.contains("thing-8"));
    let wrong = browser.send(Method::GET, &at("?from=yesterday"), None).await;
    assert!(
        wrong.status == 422 && wrong.text.contains("like 2026-01-31") && wrong.text.contains("value=\"yesterday\"")
    );
    let export = browser.send(Method::GET, &at("/export?action=sample."), None).await;
    assert!(export.header("content-disposition").contains("audit-main.jsonl"));
    assert_eq!(export.text.lines().count(), 60);
    let server_log = format!("{}/console/audit", server.api.base);
    assert_eq!(browser.send(Method::GET, &server_log, None).await.status, 403);
    let mut owner = server.console(Role::Owner, &[]).await;
    let page = owner.send(Method::GET, &server_log, None).await;
    assert!(page.status == 200 && page.text.contains("administrator.create"), "{}", page.text);
}

#[rstest]
#[tokio::test]
async fn the_console_names_who_did_what_to_which_thing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.open_registration = true).await;
    let user = server.owner().await.post("/domains/main/users", json!({ "username": "ada" })).await.expect(201);
    let body = json!({ "client_name": "Wiki <b>", "redirect_uris": ["https://wiki.example/cb"],
        "token_endpoint_auth_method": "none" });
    let client = server.api.register("", &body).await.expect(201)["client_id"].as_str().unwrap().to_owned();
    let (domain, id) = (server.domain().await, user["id"].as_str().unwrap());
    let own = Actor { name: format!("user:{id}"), source: None, request_id: None, token_id: None };
    let gone = own.did(&server.clock, Some(domain.id()), "client.delete", "gone-since");
    let events = [own.did(&server.clock, Some(domain.id()), "user.password", id).refused("wrong"), gone];
    server.app.store.write_audit(&events).await.unwrap();
    let mut owner = server.console(Role::Owner, &[]).await;
    let url = format!("{}/console/domains/main/audit", server.api.base);
    let page = owner.send(Method::GET, &url, None).await.text;
    for part in [
        "User created",
        "Application registered",
        "Change of a password refused",
        "a test&#39;s owner</a> <span class=\"hint\">API token</span>",
        "anybody, by open registration",
        "<details id=\"filters\" class=\"card\"><summary>",
        "<option value=\"client.register\">Application registered</option>",
        "<option value=\"administrator:\">Administrators</option>",
        "<code>client.register</code>",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(
        page.contains(&format!("<a class=\"claimed\" href=\"/console/domains/main/users/{id}\">ada</a>")),
        "{page}"
    );
    assert!(
        page.contains(&format!("href=\"/console/domains/main/applications/{client}\">Wiki &#60;b&#62;</a>")),
        "{page}"
    );
    assert!(page.contains("gone-since") && !page.contains("applications/gone-since"), "no link where there is no page");
    let actor = format!("user:{id}");
    let page = owner.send(Method::GET, &format!("{url}?actor={actor}"), None).await.text;
    assert!(page.contains("<details id=\"filters\" class=\"card\" open>"), "{page}");
    assert!(page.contains(&format!("<option value=\"{actor}\" selected>ada</option>")), "{page}");
    let row = &page[page.find("Change of a password refused").unwrap()..];
    let row = &row[..row.find("<details").unwrap()];
    assert_eq!(row.matches("ada</a>").count(), 1, "who acts on themselves is named once: {row}");
    let strange = owner.send(Method::GET, &format!("{url}?actor=client%3A%00&action=sample."), None).await;
    assert!(!strange.status.is_server_error(), "{}", strange.text);
    let activity = format!("{}/console/domains/main/applications/{client}/activity", server.api.base);
    let page = owner.send(Method::GET, &activity, None).await.text;
    assert!(page.contains("Application registered") && page.contains("anybody, by open registration"), "{page}");
}
