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
                && page.text.contains("/console/domains/main/audit?action=client.register&#38;outcome=refused")
        );
        // The refused requests lead to what they were refused for, of the same time.
        let range = if range == "?range=nonsense" { "" } else { range };
        assert!(page.text.contains(&format!("\"/console/domains/main{range}#refusals\"")), "{}", page.text);
        // Every link of the page's own part of the console leads somewhere.
        for link in ["keys", "audit", "traces"] {
            let linked = browser.send(Method::GET, &format!("{base}/console/domains/main/{link}"), None).await;
            assert_eq!(linked.status, 200, "{link}: {}", linked.text);
        }
    }
}

#[rstest]
#[tokio::test]
async fn applications_are_the_same_number_wherever_they_are_counted(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_machine("").await;
    registered(&server, &fixture("backend_to_backend")).await;
    server.add_resource("Orders", &["https://orders.example/mcp"]).await;
    let mut owner = server.console(Role::Owner, &[]).await;
    let base = server.api.base.clone();
    let mut read =
        async |path: &str| owner.send(Method::GET, &format!("{base}/console/domains{path}"), None).await.text;
    let (overview, list, domains) = (read("/main").await, read("/main/applications").await, read("").await);
    let told = server.owner().await.get(STATISTICS).await.expect(200);
    let all = told["clients"].as_array().unwrap();
    let count: i64 = all.iter().map(|one| one["total"]["count"].as_i64().unwrap()).sum();
    assert!(list.contains(&format!("{count} in all")), "{count}: {list}");
    assert!(overview.contains(&format!("<span class=\"stat-value\">{count}</span>")), "{overview}");
    assert!(domains.contains(&format!("data-label=\"Applications\">{count}</td>")), "{domains}");
    let by_hand = all.iter().find(|one| one["origin"] == "manual").unwrap()["total"]["count"].as_i64().unwrap();
    let by_hand = (by_hand, read("/main/applications?origin=manual").await);
    assert!(by_hand.1.contains(&format!("{} in all", by_hand.0)), "{by_hand:?}");
    let shares = overview.split("share-part\">").skip(1).map(|rest| rest.split(' ').next().unwrap());
    assert_eq!(shares.map(|share| share.parse::<u64>().unwrap()).sum::<u64>(), 100);
}

#[rstest]
#[tokio::test]
async fn reasons_of_refusals_add_up_to_the_tile(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Auditor, &[]).await;
    let machine = server.add_machine("").await;
    for _ in 0..2 {
        server.api.token_answer(&machine, "no.such.scope").await.expect_error(400, "invalid_scope");
    }
    server.api.register("", &json!({ "redirect_uris": ["https://app.example/*"] })).await.expect(400);
    server.app.flush().await.unwrap();
    let url = format!("{}/console/domains/main", server.api.base);
    let page = browser.send(Method::GET, &url, None).await.text;
    let card = &page[page.find("id=\"refusals\"").unwrap()..];
    let card = &card[..card.find("</ul>").unwrap()];
    let counts = card.split("<strong class=\"number\">").skip(1).map(|rest| rest.split('<').next().unwrap());
    assert_eq!(counts.map(|count| count.parse::<u64>().unwrap()).sum::<u64>(), 3, "{card}");
    assert!(
        card.contains("<code>invalid_scope</code>") && !card.contains("<a "),
        "no count claims to be a list: {card}"
    );
    assert!(page.contains("<span class=\"stat-value\">3</span>"), "{page}");
}
