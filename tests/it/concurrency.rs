//! Many at once: counters hold, changes are whole, and nobody gets half of another's.

use std::collections::HashSet;

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Answer, Api, Backend, Credentials, TestServer, make_initial_access_token};

/// Does the same so many times at once, on connections of their own; the answers in no order.
async fn at_once<F>(times: usize, request: impl Fn(usize) -> F) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for n in 0..times {
        tasks.spawn(request(n));
    }
    tasks.join_all().await
}

fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status.as_u16() == status).count()
}

fn machine() -> Value {
    json!({ "grant_types": ["client_credentials"] })
}

async fn start(backend: Backend) -> Option<(TestServer, String)> {
    let server = TestServer::start(backend).await?;
    let admin = server.admin_token().await;
    Some((server, admin))
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_initial_access_token_is_used_no_more_often_than_it_may(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let domain = server.domain().await;
    let token = make_initial_access_token(&server.app.store, &server.app.keys, (&domain, 10)).await;
    let answers = at_once(100, |_| {
        let (api, token) = (server.api.clone(), token.clone());
        async move { api.register(&token, &machine()).await }
    })
    .await;
    assert_eq!(with_status(&answers, 201), 10);
    for refused in answers.into_iter().filter(|answer| answer.status != 201) {
        refused.expect_error(401, "invalid_token");
    }
    assert_eq!(server.database.count("select uses from initial_access_tokens").await, 10);
    assert_eq!(server.database.count("select count(*) from clients where origin = 'initial_access_token'").await, 10);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_updates_at_once_each_is_whole(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some((server, admin)) = start(backend).await else { return };
    let record = server.api.register(&admin, &machine()).await.expect(201);
    for round in 0..30 {
        let method = if round % 2 == 0 { Method::PUT } else { Method::PATCH };
        let answers = at_once(2, |n| {
            let (api, record, method) = (server.api.clone(), record.clone(), method.clone());
            let mark = format!("{round}-{n}@example.com");
            let body = json!({ "client_name": mark, "contacts": [mark], "grant_types": ["client_credentials"] });
            let token = record["registration_access_token"].as_str().unwrap().to_owned();
            async move { api.json(method, &api.client_url(&record), &token, &body.to_string()).await }
        })
        .await;
        for answer in answers {
            assert_whole(&answer.expect(200));
        }
        assert_whole(&server.api.read(&record).await.expect(200));
    }
}

#[track_caller]
fn assert_whole(record: &Value) {
    assert_eq!(record["client_name"], record["contacts"][0], "one update's name with another's contacts");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patches_of_different_members_at_once_are_both_kept(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, admin)) = start(backend).await else { return };
    let record = server.api.register(&admin, &machine()).await.expect(201);
    for round in 0..30 {
        let answers = at_once(2, |n| {
            let (api, record) = (server.api.clone(), record.clone());
            let body = if n == 0 { json!({ "client_name": format!("{round}") }) } else { json!({ "note": round }) };
            let token = record["registration_access_token"].as_str().unwrap().to_owned();
            async move { api.json(Method::PATCH, &api.client_url(&record), &token, &body.to_string()).await }
        })
        .await;
        assert_eq!(with_status(&answers, 200), 2);
        let now = server.api.read(&record).await.expect(200);
        assert_eq!((&now["client_name"], &now["note"]), (&json!(format!("{round}")), &json!(round)));
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewals_at_once_leave_at_most_five_old_secrets(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, admin)) = start(backend).await else { return };
    let record = server.api.register(&admin, &machine()).await.expect(201);
    let answers = at_once(50, |_| {
        let (api, record) = (server.api.clone(), record.clone());
        async move { api.renew(&record).await }
    })
    .await;
    let (renewed, busy): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert!(!renewed.is_empty());
    for answer in busy {
        assert!(answer.headers.contains_key("retry-after"));
        answer.expect_error(503, "temporarily_unavailable");
    }
    let rows =
        "select count(*) from client_secrets s join clients c on c.client_id = s.client_id where c.origin = 'gateway'";
    assert!(server.database.count(rows).await <= 6);
    assert_eq!(server.database.count(&format!("{rows} and not s.superseded")).await, 1);
    let mut secrets: HashSet<String> =
        renewed.into_iter().map(|answer| Credentials::of(&answer.expect(200)).secret).collect();
    let current = Credentials::of(&server.api.read(&record).await.expect(200));
    assert!(secrets.contains(&current.secret), "the secret in force was told to somebody");
    server.api.token(&current, "").await;
    secrets.insert(Credentials::of(&record).secret);
    let mut valid = 0;
    for secret in secrets {
        let answer = server.api.token_answer(&Credentials { id: current.id.clone(), secret }, "").await;
        valid += usize::from(answer.status == 200);
    }
    assert!(valid <= 6, "{valid} secrets work");
    let last = Credentials::of(&server.api.renew(&record).await.expect(200));
    server.api.token(&last, "").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_open_registration_at_once_is_one_client(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let answers = at_once(50, |n| {
        let api = server.api.clone();
        let redirect = format!("http://127.0.0.1:{}/callback", 40_000 + n);
        let body =
            json!({ "client_name": "Editor", "redirect_uris": [redirect], "token_endpoint_auth_method": "none" });
        async move { api.register("", &body).await }
    })
    .await;
    let ids: HashSet<String> =
        answers.into_iter().map(|answer| answer.expect(201)["client_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(server.database.count("select count(*) from clients where origin = 'content_addressed'").await, 1);
    assert_eq!(server.database.count("select used from registration_quotas").await, 1);
}

/// `max` from 1,000 on is split over several counters.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_is_never_exceeded(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(20, 1_000)] max: i64,
) {
    let Some((server, admin)) = start(backend).await else { return };
    server.set_policy("gateway", |policy| policy.quota = Some(max)).await;
    if max == 1_000 {
        // Nearly full, so that everybody looks through all counters.
        server.api.register(&admin, &machine()).await.expect(201);
        let parts = "insert into registration_quotas (domain_id, source, used) select d.id, 'registrar:'";
        for part in 0..16 {
            let limit = 1_000 / 16 + i64::from(part < 1_000 % 16);
            let sql = format!(
                "{parts} || '{}#{part}', {} from domains d where true
                 on conflict (domain_id, source) do update set used = excluded.used",
                server.gateway.id,
                limit - 1
            );
            server.database.execute(&sql).await;
        }
    }
    let free = if max == 1_000 { 16 } else { 20 };
    let answers = at_once(80, |_| {
        let (api, admin) = (server.api.clone(), admin.clone());
        async move { api.register(&admin, &machine()).await }
    })
    .await;
    assert_eq!(with_status(&answers, 201), free, "{:?}", answers.iter().map(|a| a.status).collect::<HashSet<_>>());
    for refused in answers.into_iter().filter(|answer| answer.status != 201) {
        assert!(refused.headers.contains_key("retry-after"));
        refused.expect_error(429, "too_many_requests");
    }
    let used = server.database.count("select cast(sum(used) as bigint) from registration_quotas").await;
    assert_eq!(used, max);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_wins_over_an_update_at_the_same_time(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, admin)) = start(backend).await else { return };
    for round in 0..20 {
        let record = server.api.register(&admin, &machine()).await.expect(201);
        let token = record["registration_access_token"].as_str().unwrap().to_owned();
        let answers = at_once(3, |n| {
            let (api, token, url) = (server.api.clone(), token.clone(), server.api.client_url(&record));
            async move {
                match n {
                    0 => api.bare(Method::DELETE, &url, &token).await,
                    1 => api.json(Method::PUT, &url, &token, &machine().to_string()).await,
                    _ => api.bare(Method::POST, &format!("{url}/renew_secret"), &token).await,
                }
            }
        })
        .await;
        assert_eq!(with_status(&answers, 204), 1, "round {round}: {answers:?}");
        assert_eq!(with_status(&answers, 200) + with_status(&answers, 401), 2, "round {round}: {answers:?}");
        assert_gone(&server.api, &record).await;
    }
    let left =
        "select count(*) from client_secrets s join clients c on c.client_id = s.client_id where c.status = 'deleted'";
    assert_eq!(server.database.count(left).await, 0);
}

async fn assert_gone(api: &Api, record: &Value) {
    api.read(record).await.expect_error(401, "invalid_token");
    api.token_answer(&Credentials::of(record), "").await.expect_error(401, "invalid_client");
}
