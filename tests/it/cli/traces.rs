//! Timelines of login attempts.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::json;

use super::installation::text;
use super::{Database, Installation};

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn an_error_page_names_the_attempt_that_trace_explains(#[case] database: Database) {
    let Some(it) = Installation::new(database) else { return };
    let server = it.serve(&[]);
    assert_eq!(it.json(&["trace", "list"]), json!({ "attempts": [], "without_attempt": [] }));
    let wrong = json!({ "redirect_uris": ["https://*.example.com/cb"], "token_endpoint_auth_method": "none" });
    assert_eq!(server.register(None, &wrong).0, 400);
    let query = "client_id=forgotten&response_type=code&redirect_uri=http%3A%2F%2F127.0.0.1%3A33418%2Fcb";
    let (status, page) = server.send("GET", &format!("/main/oauth/authorize?{query}&state=hidden"), &[], "");
    assert_eq!(status, 400);
    let began = Instant::now();
    let listed = loop {
        let listed = it.json(&["trace", "list", "--refused", "--client", "forgotten"]);
        if listed["attempts"].as_array().is_some_and(|attempts| !attempts.is_empty()) {
            break listed;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "no attempt is listed");
    };
    let attempt = text(&listed["attempts"][0], "attempt");
    assert!(page.as_str().unwrap().contains(&attempt), "the page names it");

    let shown = it.ok(&["trace", "show", &attempt]);
    for line in ["+0 s  authorize refused", "Likely cause"] {
        assert!(shown.contains(line), "{line:?} is not in {shown}");
    }
    assert!(!shown.contains("registration refused"), "an address alone makes nothing part of an attempt: {shown}");
    assert!(shown.contains("redirect_uri: http://127.0.0.1:33418/cb") && !shown.contains("hidden"), "{shown}");
    let shown = it.json(&["trace", "show", &attempt]);
    assert_eq!((&shown["client_id"], &shown["never_came"]), (&json!("forgotten"), &json!(null)));
    let causes = shown["likely_causes"].as_array().unwrap();
    assert!(causes[0].as_str().unwrap().contains("keeps one from an earlier registration"), "{shown}");

    let listed = it.ok(&["trace", "list"]);
    assert!(listed.contains("authorize refused: invalid_client") && listed.contains("Refused before"), "{listed}");
    assert!(it.ok(&["trace", "list", "--limit", "1"]).contains(&format!("There may be more: --after {attempt}")));
    assert_eq!(it.json(&["trace", "list", "--after", &attempt])["attempts"], json!([]));
    assert!(it.refused(&["trace", "show", "nothing"]).contains("kept for 24 hours"));
}
