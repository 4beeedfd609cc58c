//! Statistics and the overview: what is told is what was done.

use http::Method;
use registrar::model::administrator::Role;
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::{fixture, registered};
use crate::support::{Backend, TestServer};

const STATISTICS: &str = "/domains/main/statistics";

fn sum(told: &Value, kind: &str, label: &str) -> i64 {
    told["buckets"].as_array().unwrap().iter().filter_map(|bucket| bucket[kind][label].as_i64()).sum()
}

#[rstest]
#[tokio::test]
async fn statistics_are_what_was_done_over_http(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let auditor = server.administration(Role::Auditor, Some("main")).await;
    let machine = server.add_machine("").await;
    for _ in 0..3 {
        server.api.token_answer(&machine, "").await.expect(200);
    }
    registered(&server, &fixture("backend_to_backend")).await;
    server.api.register("", &json!({ "redirect_uris": ["https://app.example/*"] })).await.expect(400);
    let token = server.admin_token().await;
    assert!(server.api.is_active(&server.gateway, &token).await);
    assert!(!server.api.is_active(&server.gateway, "nothing").await);
    server.app.flush().await.unwrap();
    // Earlier ones count for the days, not for the last 24 hours.
    server.advance(26 * 3_600);
    server.api.token_answer(&machine, "").await.expect(200);
    server.app.flush().await.unwrap();

    let day = auditor.get(STATISTICS).await.expect(200);
    assert_eq!(
        (&day["range"], day["buckets"].as_array().unwrap().len(), &day["step"]),
        (&json!("24h"), 24, &json!(3_600))
    );
    assert_eq!(sum(&day, "tokens", "client_credentials"), 1);
    for (range, buckets) in [("7d", 7), ("30d", 30), ("90d", 90)] {
        let told = auditor.get(&format!("{STATISTICS}?range={range}")).await.expect(200);
        assert_eq!(told["buckets"].as_array().unwrap().len(), buckets);
        // Two more by the gateway: to register, and the one that was introspected.
        assert_eq!(sum(&told, "tokens", "client_credentials"), 6, "{told}");
        assert_eq!(told["totals"]["tokens"]["client_credentials"], 6);
        assert_eq!(sum(&told, "registrations", "gateway"), 1);
        assert_eq!(
            told["totals"]["registrations_refused"]
                .as_object()
                .unwrap()
                .values()
                .filter_map(Value::as_i64)
                .sum::<i64>(),
            1
        );
        assert_eq!((sum(&told, "introspections", "active"), sum(&told, "introspections", "inactive")), (1, 1));
        assert_eq!((&told["refusals"][0]["what"], &told["refusals"][0]["count"]), (&json!("registration"), &json!(1)));
        assert_eq!(
            told["until"].as_i64().unwrap() - told["from"].as_i64().unwrap(),
            i64::try_from(buckets).unwrap() * 86_400
        );
    }
    let clients = day["clients"].as_array().unwrap();
    let gateway = clients.iter().find(|one| one["origin"] == "gateway").unwrap();
    assert_eq!((&gateway["status"], &gateway["total"]), (&json!("active"), &json!({ "count": 1, "exact": true })));
    assert_eq!(day["stale_clients"]["count"], 0);
    for bad in ["range=1h", "range=", "span=7d"] {
        auditor.get(&format!("{STATISTICS}?{bad}")).await.expect_problem(400, "invalid_request");
    }
    server.add_domain("other").await;
    auditor.get("/domains/other/statistics").await.expect_problem(404, "not_found");
    let other = server.owner().await.get("/domains/other/statistics?range=90d").await.expect(200);
    assert_eq!(other["totals"]["tokens"], json!({}), "nothing crosses from one domain to another");
}

#[rstest]
#[tokio::test]
async fn the_overview_renders_with_nothing_and_with_much(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_domain("empty").await;
    let mut browser = server.console(Role::Auditor, &[]).await;
    let base = server.api.base.clone();
    let page = browser.send(Method::GET, &format!("{base}/console/domains/empty"), None).await;
    assert!(page.status == 200 && page.text.contains("Nothing was refused"), "{}", page.text);
    for number in 0..30 {
        let body = json!({ "client_name": format!("App {number} <b>&"), "redirect_uris": [format!("https://a{number}.example/cb")] });
        server.api.register("", &body).await.expect(201);
    }
    server.api.register("", &json!({ "redirect_uris": ["https://app.example/*"] })).await.expect(400);
    server.admin_token().await;
    server.app.flush().await.unwrap();
    for range in ["", "?range=7d", "?range=30d", "?range=90d", "?range=nonsense"] {
        let page = browser.send(Method::GET, &format!("{base}/console/domains/main{range}"), None).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(
            page.text.contains("Client credentials")
                && page.text.contains("/console/domains/main/audit?outcome=refused")
        );
        // Every link of the page's own part of the console leads somewhere.
        for link in ["keys", "audit", "traces"] {
            let linked = browser.send(Method::GET, &format!("{base}/console/domains/main/{link}"), None).await;
            assert_eq!(linked.status, 200, "{link}: {}", linked.text);
        }
    }
}
