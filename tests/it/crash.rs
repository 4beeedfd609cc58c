//! `kill -9` in the middle of registrations: what was answered is there, and nothing is there by half.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::{Api, Backend, Credentials, Database, Launch, eventually};

const REGISTRATIONS: usize = 1_000;
const KILLED_AFTER: usize = 300;
const AT_ONCE: usize = 64;

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_registration_survives_a_kill_and_none_is_left_by_half(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(database) = Database::fresh(backend).await else { return };
    let launch = Launch::on(&database);
    let mut server = launch.start().await;
    let admin = server.api.token(&server.gateway, "dcr_admin").await;

    let answered = Arc::new(AtomicUsize::new(0));
    let (slots, mut tasks) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    for n in 0..REGISTRATIONS {
        let (api, admin, answered, slots) = (server.api.clone(), admin.clone(), answered.clone(), slots.clone());
        tasks.spawn(async move {
            let _slot = slots.acquire().await.unwrap();
            let record = register(&api, &admin, n).await?;
            answered.fetch_add(1, Ordering::SeqCst);
            Some(record)
        });
    }
    eventually("some registrations", Duration::from_mins(1), async || answered.load(Ordering::SeqCst) >= KILLED_AFTER)
        .await;
    server.kill();
    let records: Vec<Value> = tasks.join_all().await.into_iter().flatten().collect();
    assert!((KILLED_AFTER..REGISTRATIONS).contains(&records.len()), "{} answered", records.len());

    let restarted = launch.start().await;
    let mut checks = JoinSet::new();
    for record in records.clone() {
        let (api, slots) = (restarted.api.clone(), slots.clone());
        checks.spawn(async move {
            let _slot = slots.acquire().await.unwrap();
            assert_eq!(api.read(&record).await.expect(200)["client_id"], record["client_id"]);
            api.token(&Credentials::of(&record), "").await;
        });
    }
    checks.join_all().await;
    let rows = database.count("select count(*) from clients where origin = 'gateway'").await;
    assert!(rows >= i64::try_from(records.len()).unwrap());
    let halves = "select count(*) from clients c where origin = 'gateway' and (registration_token is null or not exists
                  (select 1 from client_secrets s where s.domain_id = c.domain_id and s.client_id = c.client_id))";
    assert_eq!(database.count(halves).await, 0);
    let audited = "select count(*) from clients c where origin = 'gateway' and not exists
                   (select 1 from audit_events a where a.action = 'client.register' and a.target = c.client_id)";
    assert_eq!(database.count(audited).await, 0, "a change and its audit event are one");
}

#[rstest]
#[tokio::test]
async fn a_first_start_that_was_killed_is_finished_by_the_next(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    for milliseconds in (40..400).step_by(30) {
        let Some(database) = Database::fresh(backend).await else { return };
        let launch = Launch::on(&database);
        launch.start_and_kill(Duration::from_millis(milliseconds)).await;
        let unfinished = first_start(&database).await != "done";
        let server = launch.start().await;
        assert_eq!(first_start(&database).await, "done");
        assert!(!server.gateway.id.is_empty());
        if unfinished {
            server.api.token(&server.gateway, "dcr_admin").await;
        }
        assert_eq!(database.count("select count(*) from domains").await, 1);
        assert_eq!(database.count("select count(*) from clients").await, 1);
    }
}

async fn first_start(database: &Database) -> String {
    // Killed before there were tables?
    let facts = database.try_text("select value from server_facts where name = 'first_start'").await.ok().flatten();
    facts.unwrap_or_default()
}

/// A registration; nothing when the connection broke before the answer was complete.
async fn register(api: &Api, admin: &str, n: usize) -> Option<Value> {
    let body = json!({ "grant_types": ["client_credentials"], "client_name": format!("Application {n}") });
    let answer = api.try_register(admin, &body).await.ok()?;
    Some(answer.expect(201))
}
