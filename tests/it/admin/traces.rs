//! Login attempts by the administration API.

use std::time::{Duration, Instant};

use registrar::model::administrator::Role;
use registrar::model::flow_trace::{Outcome, Step, TraceStep};
use registrar::model::id::{AttemptId, ordered_uuid};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{AdminApi, Backend, TestServer};

const TRACES: &str = "/domains/main/traces";

/// As long as those that the server gives.
fn attempt_id(number: u32) -> String {
    format!("attempt-of-a-test-{number:04}")
}

/// Writes attempts of a second each: every third is refused, every second is of the client `even`.
async fn write_attempts(server: &TestServer, count: u32) {
    let domain_id = server.domain().await.id();
    let mut steps = Vec::new();
    for number in 0..count {
        let attempt = AttemptId(attempt_id(number));
        for (at, kind) in [(0, Step::Authorize), (1, Step::LoginPage)] {
            let mut step = TraceStep::new(domain_id, kind, Outcome::Waiting).of(Some(&attempt));
            step = step.by(Some(if number % 2 == 0 { "even" } else { "odd" })).from("192.0.2.7");
            if kind == Step::LoginPage && number % 3 == 0 {
                step = step.refused("access_denied", "a \"reason\" <b>with</b> \u{202e}marks");
            }
            step.id = ordered_uuid(&server.clock, number * 2 + at);
            // Several begin in one second: the cursor has to tell them apart.
            step.at = server.clock.now().plus(i64::from(number / 4));
            steps.push(step);
        }
    }
    server.app.store.write_flow_steps(&steps).await.unwrap();
}

/// Every attempt of a list, page by page.
async fn walk(api: &AdminApi, filter: &str, limit: usize) -> (Vec<String>, Value) {
    let (mut seen, mut cursor, mut total) = (Vec::new(), String::new(), Value::Null);
    loop {
        let page = api.get(&format!("{TRACES}?limit={limit}{filter}{cursor}")).await.expect(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        seen.extend(items.iter().map(|item| item["attempt"].as_str().unwrap().to_owned()));
        if total != Value::Null {
            assert_eq!(page["total"], total, "the total does not depend on the page");
        }
        total = page["total"].clone();
        match page.get("next") {
            Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
            None => return (seen, total),
        }
    }
}

#[rstest]
#[tokio::test]
async fn attempts_are_paged_without_gaps(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let auditor = server.administration(Role::Auditor, Some("main")).await;
    assert_eq!(
        auditor.get(TRACES).await.expect(200),
        json!({ "items": [], "total": { "count": 0, "exact": true }, "without_attempt": [] })
    );
    write_attempts(&server, 23).await;
    let mut expected: Vec<String> = (0..23).map(attempt_id).collect();
    expected.reverse();
    for limit in [1, 4, 22, 23, 200] {
        let (seen, total) = walk(&auditor, "", limit).await;
        assert_eq!(seen, expected, "limit {limit}");
        assert_eq!(total, json!({ "count": 23, "exact": true }));
    }
    let (seen, total) = walk(&auditor, "&client_id=even", 5).await;
    assert_eq!((seen.len(), total), (12, json!({ "count": 12, "exact": true })));
    let (seen, _) = walk(&auditor, "&outcome=refused", 3).await;
    assert_eq!(seen.len(), 8);
    let (seen, _) = walk(&auditor, "&outcome=waiting&client_id=odd", 3).await;
    assert_eq!(seen.len(), 7);
    assert!(walk(&auditor, "&outcome=done", 3).await.0.is_empty());
}

#[rstest]
#[tokio::test]
async fn what_is_asked_is_read_strictly(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let auditor = server.administration(Role::Auditor, Some("main")).await;
    write_attempts(&server, 3).await;
    let page = auditor.get(&format!("{TRACES}?limit=1")).await.expect(200);
    let next = page["next"].as_str().unwrap();
    for bad in [
        "limit=0",
        "limit=201",
        "limit=x",
        "outcome=lost",
        "client=even",
        "cursor=x",
        "client_id=a&client_id=b",
        "client_id=%00",
        &format!("cursor={next}&client_id=even"),
        &format!("cursor={next}&outcome=refused"),
    ] {
        auditor.get(&format!("{TRACES}?{bad}")).await.expect_problem(400, "invalid_request");
    }
    server.add_domain("other").await;
    let owner = server.owner().await;
    owner.get(&format!("/domains/other/traces?cursor={next}")).await.expect_problem(400, "invalid_request");
    assert_eq!(owner.get("/domains/other/traces").await.expect(200)["items"], json!([]));
    for unknown in ["nothing", "attempt-of-a-test-9999", "..", "%00", "a%2Fb", &"x".repeat(3_000)] {
        let answer = owner.get(&format!("{TRACES}/{unknown}")).await;
        assert_eq!(answer.status, 404, "{unknown}");
    }
    owner.get("/domains/other/traces/attempt-of-a-test-0000").await.expect_problem(404, "not_found");
}

#[rstest]
#[tokio::test]
async fn an_attempt_is_told_with_its_likely_cause(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let auditor = server.administration(Role::Auditor, Some("main")).await;
    let url = "/oauth/authorize?response_type=code&client_id=forgotten&redirect_uri=https%3A%2F%2Fapp.example%2Fcb";
    assert_eq!(server.api.get(&server.api.url(url)).await.status, 400);
    let deadline = Instant::now() + Duration::from_secs(20);
    let attempt = loop {
        let page = auditor.get(&format!("{TRACES}?client_id=forgotten&outcome=refused")).await.expect(200);
        if let Some(found) = page["items"].get(0) {
            assert_eq!((&found["last_step"], &found["last_code"]), (&json!("authorize"), &json!("invalid_client")));
            break found["attempt"].as_str().unwrap().to_owned();
        }
        assert!(Instant::now() < deadline, "the attempt is not listed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let told = auditor.get(&format!("{TRACES}/{attempt}")).await.expect(200);
    assert!(told["likely_causes"][0].as_str().unwrap().contains("earlier registration"), "{told}");
    assert_eq!((&told["client_id"], &told["attempt"]), (&json!("forgotten"), &json!(attempt)));
    let step = &told["steps"][0];
    assert_eq!(
        (&step["step"], &step["outcome"], &step["probable"]),
        (&json!("authorize"), &json!("refused"), &json!(false))
    );
    assert!(told.get("never_came").is_none() && !told.to_string().contains("null"), "{told}");

    write_attempts(&server, 4).await;
    let told = auditor.get(&format!("{TRACES}/attempt-of-a-test-0001")).await.expect(200);
    assert_eq!(told["never_came"], "login");
    let told = auditor.get(&format!("{TRACES}/attempt-of-a-test-0003")).await.expect(200);
    assert_eq!(told["steps"][1]["reason"], "a \"reason\" <b>with</b> \u{202e}marks");
}

#[rstest]
#[tokio::test]
async fn the_console_tells_an_attempt_with_its_cause_first(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Auditor, &["main"]).await;
    let url = format!("{}/console/domains/main/traces", server.api.base);
    let page = browser.send(http::Method::GET, &url, None).await;
    assert!(page.status == 200 && page.text.contains("Nobody tried to log in"), "{}", page.text);
    write_attempts(&server, 60).await;
    let page = browser.send(http::Method::GET, &url, None).await;
    assert!(
        page.text.contains(&attempt_id(59))
            && !page.text.contains(&attempt_id(0))
            && page.text.contains("rel=\"next\"")
    );
    let narrowed = browser.send(http::Method::GET, &format!("{url}?client_id=even&outcome=refused"), None).await;
    assert!(narrowed.text.contains(&attempt_id(54)) && !narrowed.text.contains(&attempt_id(57)));
    let one = browser.send(http::Method::GET, &format!("{url}/{}", attempt_id(3)), None).await;
    assert!(!one.text.contains("<b>with") && !one.text.contains('\u{202e}'));
    let (cause, steps) = (one.text.find("id=\"cause\"").unwrap(), one.text.find("id=\"steps\"").unwrap());
    assert!(cause < steps && one.text.contains("Likely cause"));
    let waiting = browser.send(http::Method::GET, &format!("{url}/{}", attempt_id(1)), None).await;
    assert!(waiting.text.contains("Never came") && waiting.text.contains("The login (or sign-up)"));
    assert!(waiting.text.contains("Login page shown"), "{}", waiting.text);
    assert_eq!(browser.send(http::Method::GET, &format!("{url}/nothing"), None).await.status, 404);
}

#[rstest]
#[tokio::test]
async fn an_attempt_that_succeeded_says_so_with_names_and_what_was_refused(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let ada = server.add_user("ada").await;
    let client = server.add_machine("").await;
    let (domain_id, attempt) = (server.domain().await.id(), AttemptId(attempt_id(1)));
    let step = |number: u32, kind| {
        let step = TraceStep::new(domain_id, kind, Outcome::Done).of(Some(&attempt)).by(Some(&client.id));
        TraceStep { id: ordered_uuid(&server.clock, number), at: server.clock.now(), ..step.from("192.0.2.7") }
    };
    let stranger = step(0, Step::Registration).of(None).by(None).refused("invalid_redirect_uri", "a stranger's");
    let document = AttemptId(attempt_id(2));
    let steps = [
        stranger,
        step(1, Step::Authorize).with("pkce", true).with("resource", vec!["https://mcp.example"]),
        step(2, Step::Login).refused("access_denied", "the password is wrong"),
        step(3, Step::Login),
        step(4, Step::Code).with("user", ada.id.to_string()),
        step(5, Step::Token).with("audience", vec!["https://mcp.example"]),
        step(6, Step::Authorize).of(Some(&document)).by(Some("https://client.example/document")),
    ];
    server.app.store.write_flow_steps(&steps).await.unwrap();
    let mut browser = server.console(Role::Auditor, &["main"]).await;
    let url = format!("{}/console/domains/main/traces", server.api.base);
    let page = browser.send(http::Method::GET, &format!("{url}/{attempt}"), None).await.text;
    for part in ["Succeeded, after one wrong password", "<dt>PKCE</dt>", ">used<", "Code sent to the application"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("stranger") && !page.contains("Nothing failed"), "{page}");
    let links = [format!("/applications/{}\"", client.id), format!("/users/{}\">ada</a>", ada.id)];
    let list = browser.send(http::Method::GET, &url, None).await.text;
    for link in links {
        assert!(page.contains(&link) && list.contains(&link), "{link} is not in {page} or {list}");
    }
    let of_document = browser.send(http::Method::GET, &format!("{url}/{document}"), None).await.text;
    let shown = "<span class=\"claimed\">https://client.example/document</span>";
    assert!(of_document.contains(shown), "what has no page is no link: {of_document}");
    let told = server.owner().await.get(&format!("{TRACES}/{attempt}")).await.expect(200);
    assert_eq!(told["summary"], "Succeeded, after one wrong password");
}
