//! A minute of everything at once against the real binary: no answer but the intended ones, and nothing piles up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Api, Backend, Credentials, Database, Launch, Process, eventually};

const CONNECTIONS: usize = 64;

/// Seconds per database, unless `REGISTRAR_LOAD_SECONDS` says otherwise.
const SECONDS: u64 = 60;

/// What memory may grow by from a third of the time to its end.
const GROWTH_PERCENT: u64 = 20;
const GROWTH_KIB: u64 = 15 * 1024;

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mixed_load_leaves_nothing_behind(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(database) = Database::fresh(backend).await else { return };
    let mut server = Launch::on(&database).start().await;
    let length = std::env::var("REGISTRAR_LOAD_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let (began, length) = (Instant::now(), Duration::from_secs(length));
    let admin = server.api.token(&server.gateway, "dcr_admin").await;
    let rounds = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for worker in 0..CONNECTIONS {
        // A client of its own has connections of its own.
        let api = Api::new(server.api.base.clone(), "main");
        let (gateway, admin, rounds) = (server.gateway.clone(), admin.clone(), rounds.clone());
        tasks.spawn(async move {
            while began.elapsed() < length {
                round(&api, &gateway, (&admin, worker)).await;
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tokio::time::sleep(length / 3).await;
    let early = server.resident_kib();
    tokio::time::sleep(length.saturating_sub(began.elapsed())).await;
    let late = server.resident_kib();
    tasks.join_all().await;
    eprintln!("{backend:?}: {} rounds, {early:?} KiB, then {late:?} KiB", rounds.load(Ordering::Relaxed));
    assert!(rounds.load(Ordering::Relaxed) > CONNECTIONS as u64, "every connection got something done");
    if let (Some(early), Some(late)) = (early, late) {
        let allowed = (early * GROWTH_PERCENT / 100).max(GROWTH_KIB);
        assert!(late < early + allowed, "memory grew from {early} to {late} KiB");
    }
    nothing_is_left_open(&server).await;
    server.stop().await;
    let log = server.log();
    assert!(!log.contains("ERROR") && !log.contains("panicked"), "{log}");
}

/// What a gateway and its application do in a life of an application; every step answers as intended.
async fn round(api: &Api, gateway: &Credentials, (admin, worker): (&str, usize)) {
    let body = json!({ "grant_types": ["client_credentials"], "client_name": format!("Load {worker}") });
    let record = api.register(admin, &body).await.expect(201);
    let application = Credentials::of(&record);
    for _ in 0..5 {
        let token = api.token(&application, "").await;
        assert_eq!(api.introspect(&application, &token).await.expect(200)["active"], true);
        assert_eq!(api.introspect(gateway, "no-token").await.expect(200)["active"], false);
    }
    let changed = json!({ "grant_types": ["client_credentials"], "client_name": "Changed" });
    assert_eq!(api.put(&record, &changed).await.expect(200)["client_name"], "Changed");
    let wrong = Credentials { secret: "wrong".to_owned(), ..application.clone() };
    api.token_answer(&wrong, "").await.expect_error(401, "invalid_client");
    let public = json!({ "redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none" });
    api.register("", &public).await.expect(201);
    api.get(&api.url("/oidc/.well-known/openid-configuration")).await.expect(200);
    if worker % 2 == 0 {
        api.bare(http::Method::DELETE, &api.client_url(&record), record["registration_access_token"].as_str().unwrap())
            .await
            .expect(204);
    }
}

/// File descriptors of connections that are gone go as well.
async fn nothing_is_left_open(server: &Process) {
    let open = || std::fs::read_dir(format!("/proc/{}/fd", server.pid())).map_or(0, Iterator::count);
    eventually("connections are closed", Duration::from_secs(20), async || open() < 48).await;
}
