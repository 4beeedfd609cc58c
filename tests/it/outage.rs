//! The database goes away and comes back: honest answers meanwhile, and nobody has to restart anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Api, Backend, Credentials, Database, Launch, PrivatePostgres, Process, Wire, eventually};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

/// No request waits longer than this for a database that does not answer.
const LONGEST_ANSWER: Duration = Duration::from_secs(12);

#[tokio::test]
async fn while_postgresql_is_down_answers_are_503_and_afterwards_all_is_well() {
    let Some(postgres) = PrivatePostgres::start() else { return };
    let server = Launch::on_url(&postgres.url()).start().await;
    let admin = server.api.token(&server.gateway, "dcr_admin").await;
    for _ in 0..2 {
        let record = server.api.register(&admin, &machine()).await.expect(201);
        postgres.down();
        while_it_is_away(&server, &admin, &record).await;
        postgres.up();
        recovers(&server, &admin).await;
        server.api.read(&record).await.expect(200);
        server.api.token(&Credentials::of(&record), "").await;
    }
}

/// A firewall that drops packets, a frozen machine: connections stay open and nothing comes.
#[tokio::test]
async fn a_database_that_hangs_is_answered_with_503_within_seconds() {
    let Some((server, wire, _database)) = behind_a_wire().await else { return };
    let admin = server.api.token(&server.gateway, "dcr_admin").await;
    let record = server.api.register(&admin, &machine()).await.expect(201);
    wire.freeze(true);
    while_it_is_away(&server, &admin, &record).await;
    wire.freeze(false);
    recovers(&server, &admin).await;
    server.api.read(&record).await.expect(200);
}

/// A failover that tells nobody: every connection in use hangs for ever, new ones are fine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_hang_for_ever_are_replaced() {
    let Some((server, wire, _database)) = behind_a_wire().await else { return };
    let admin = server.api.token(&server.gateway, "dcr_admin").await;
    let (stop, mut load) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for _ in 0..20 {
        let (api, admin, stop) = (server.api.clone(), admin.clone(), stop.clone());
        load.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let began = Instant::now();
                let status = api.register(&admin, &machine()).await.status.as_u16();
                assert!(matches!(status, 201 | 503), "{status}");
                assert!(began.elapsed() < LONGEST_ANSWER, "{:?}", began.elapsed());
            }
        });
    }
    tokio::time::sleep(SECONDS(1)).await;
    wire.abandon();
    tokio::time::sleep(SECONDS(12)).await;
    stop.store(true, Ordering::Relaxed);
    load.join_all().await;
    recovers(&server, &admin).await;
}

/// A server whose connections to PostgreSQL go over a wire.
async fn behind_a_wire() -> Option<(Process, Wire, Database)> {
    let database = Database::fresh(Backend::Postgres).await?;
    let (head, rest) = database.url.rsplit_once('@').unwrap();
    let (address, path) = rest.split_once('/').unwrap();
    let wire = Wire::to(address.to_owned()).await;
    let launch = Launch::on_url(&format!("{head}@127.0.0.1:{}/{path}", wire.port));
    let server = launch.set("limits.request_timeout_seconds=8").start().await;
    Some((server, wire, database))
}

fn machine() -> serde_json::Value {
    json!({ "grant_types": ["client_credentials"] })
}

/// At once, and again when the feed is known to be lost.
async fn while_it_is_away(server: &Process, admin: &str, record: &serde_json::Value) {
    let api = &server.api;
    let began = Instant::now();
    let answers = async || {
        let (known, machine) = (Credentials::of(record), machine());
        tokio::join!(api.register(admin, &machine), api.read(record), api.renew(record), api.token_answer(&known, ""))
    };
    let (register, read, renew, _) = answers().await;
    for answer in [register, read, renew] {
        assert!(answer.headers.contains_key("retry-after"));
        answer.expect_error(503, "temporarily_unavailable");
    }
    assert!(began.elapsed() < LONGEST_ANSWER, "{:?}", began.elapsed());
    eventually("a stale feed", SECONDS(15), async || {
        api.token_answer(&server.gateway, "dcr_admin").await.status == 503
    })
    .await;
    let began = Instant::now();
    let ready = api.get(&format!("{}/readyz", api.base)).await.expect(503);
    assert_eq!((&ready["ready"], &ready["database"]), (&json!(false), &json!(false)));
    assert!(began.elapsed() < LONGEST_ANSWER, "{:?}", began.elapsed());
    api.get(&format!("{}/healthz", api.base)).await.expect(200);
    assert_eq!(discovery(api).await, 200);
    let (register, read, renew, token) = answers().await;
    for answer in [register, read, renew, token] {
        assert!(answer.headers.contains_key("retry-after"));
        answer.expect_error(503, "temporarily_unavailable");
    }
}

async fn discovery(api: &Api) -> u16 {
    api.get(&api.url("/oidc/.well-known/openid-configuration")).await.status.as_u16()
}

async fn recovers(server: &Process, admin: &str) {
    let api = &server.api;
    eventually("answers again", SECONDS(10), async || api.register(admin, &machine()).await.status == 201).await;
    eventually("ready again", SECONDS(5), async || api.get(&format!("{}/readyz", api.base)).await.status == 200).await;
    api.token(&server.gateway, "dcr_admin").await;
    assert_eq!(discovery(api).await, 200);
}
