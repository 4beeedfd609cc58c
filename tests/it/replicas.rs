//! Several processes on one database: what one changes, the others know within a second.

use std::time::Duration;

use http::Method;
use registrar::model::client::ClientStatus;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Api, Backend, Credentials, Database, Launch, Process, eventually};

/// How soon a change is in force elsewhere, by notification and by polling alone.
const NOTIFIED: Duration = Duration::from_secs(1);
const POLLED: Duration = Duration::from_secs(2);

async fn pair(listen: bool) -> Option<(Process, Process, Database)> {
    let database = Database::fresh(Backend::Postgres).await?;
    let launch = Launch::on(&database).set(&format!("cache.listen={listen}"));
    let first = launch.start().await;
    let second = launch.start().await;
    Some((first, second, database))
}

/// Registers a machine client with a secret at one server, and uses it at the other, which keeps it in memory then.
async fn known_to_both(one: &Process, admin: &str, other: &Process) -> (Value, Credentials, String) {
    let body = json!({ "grant_types": ["client_credentials"] });
    let record = one.api.register(admin, &body).await.expect(201);
    let client = Credentials::of(&record);
    let token = other.api.token(&client, "").await;
    assert!(is_active(&other.api, &client, &token).await);
    (record, client, token)
}

async fn is_active(api: &Api, client: &Credentials, token: &str) -> bool {
    api.introspect(client, token).await.expect(200)["active"] == true
}

async fn gets_token(api: &Api, client: &Credentials) -> bool {
    let answer = api.token_answer(client, "").await;
    assert!(matches!(answer.status.as_u16(), 200 | 401), "{answer:?}");
    answer.status == 200
}

#[rstest]
#[case(true, NOTIFIED)]
#[case(false, POLLED)]
#[tokio::test]
async fn a_change_in_one_process_is_in_force_in_the_other(#[case] listen: bool, #[case] within: Duration) {
    let Some((one, other, database)) = pair(listen).await else { return };
    let admin = one.api.token(&one.gateway, "dcr_admin").await;
    let administrator = one.administrator().await;
    let mut policy = administrator.domain().await.policy("gateway").unwrap().clone();
    policy.rules.secret_grace = 0;
    let audit = registrar::model::audit_event::Actor::local("test").did(
        administrator.store.clock(),
        Some(administrator.domain().await.id()),
        "policy.update",
        "gateway",
    );
    assert!(administrator.store.update_policy(administrator.domain().await.id(), &policy, &audit).await.unwrap());
    eventually("the policy is known", POLLED, async || {
        let body = json!({ "grant_types": ["client_credentials"] });
        let record = one.api.register(&admin, &body).await.expect(201);
        one.api.renew(&record).await.expect(200);
        !gets_token(&one.api, &Credentials::of(&record)).await
    })
    .await;

    let (record, client, _) = known_to_both(&one, &admin, &other).await;
    let renewed = Credentials::of(&one.api.renew(&record).await.expect(200));
    eventually("a superseded secret", within, async || !gets_token(&other.api, &client).await).await;
    assert!(gets_token(&other.api, &renewed).await);

    let token = other.api.token(&renewed, "").await;
    assert!(is_active(&one.api, &renewed, &token).await);
    one.api.form("/oauth/revoke", &renewed, &format!("token={token}")).await.expect(200);
    eventually("a revoked token", within, async || !is_active(&other.api, &renewed, &token).await).await;

    let (record, client, token) = known_to_both(&one, &admin, &other).await;
    one.api.bare(Method::DELETE, &one.api.client_url(&record), &admin).await.expect(204);
    eventually("a deleted client", within, async || !gets_token(&other.api, &client).await).await;
    assert!(!is_active(&other.api, &other_gateway(&one), &token).await);

    let (record, client, _) = known_to_both(&one, &admin, &other).await;
    let id = record["client_id"].as_str().unwrap();
    administrator.change_client(id, |client| client.status = ClientStatus::Suspended).await;
    eventually("a suspended client", within, async || !gets_token(&other.api, &client).await).await;
    eventually("a suspended client", within, async || !gets_token(&one.api, &client).await).await;

    administrator.set_domain(|settings| settings.access_token_lifetime = 77).await;
    eventually("a domain's setting", within, async || {
        other.api.token_answer(&renewed, "").await.expect(200)["expires_in"] == 77
    })
    .await;
    drop(database);
}

/// The gateway registrar's secret was printed by the process that made it; it is valid everywhere.
fn other_gateway(one: &Process) -> Credentials {
    one.gateway.clone()
}

#[tokio::test]
async fn processes_started_at_once_make_one_domain_and_print_one_secret() {
    let Some(database) = Database::fresh(Backend::Postgres).await else { return };
    let launch = Launch::on(&database);
    let (a, b, c) = tokio::join!(launch.start(), launch.start(), launch.start());
    let processes = [a, b, c];
    let printed: Vec<_> = processes.iter().filter(|process| !process.gateway.secret.is_empty()).collect();
    assert_eq!(printed.len(), 1, "one card carries the secret");
    assert!(processes.iter().all(|process| process.gateway.id == printed[0].gateway.id));
    for process in &processes {
        process.api.token(&printed[0].gateway, "dcr_admin").await;
    }
    let owners = processes.iter().filter(|process| process.card["administrator"].is_object()).count();
    assert_eq!(owners, 1, "one card carries the owner's password");
    assert_eq!(database.count("select count(*) from administrators").await, 1);
    assert_eq!(database.count("select count(*) from domains").await, 1);
    assert_eq!(database.count("select count(*) from clients").await, 1);
    assert_eq!(database.count("select count(*) from data_keys").await, 3, "hashing, sealing, one fingerprint key");
}

#[tokio::test]
async fn a_second_process_on_one_sqlite_file_refuses_to_start() {
    let database = Database::fresh(Backend::Sqlite).await.unwrap();
    let launch = Launch::on(&database);
    let mut first = launch.start().await;
    let said = launch.refuses().await;
    assert!(said.contains("another server is running on") && said.contains("PostgreSQL"), "{said}");
    first.api.token(&first.gateway, "dcr_admin").await;
    first.kill();
    // The lock goes with the process, however it ended.
    launch.start().await.stop().await;
}

#[rstest]
#[tokio::test]
async fn without_the_feed_nothing_is_answered_that_a_change_could_make_wrong(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(database) = Database::fresh(backend).await else { return };
    let server = Launch::on(&database).start().await;
    let (api, gateway) = (&server.api, &server.gateway);
    let admin = api.token(gateway, "dcr_admin").await;
    let discovery = api.url("/oidc/.well-known/openid-configuration");
    api.get(&discovery).await.expect(200);

    database.execute("alter table changes rename to changes_away").await;
    eventually("a stale feed", Duration::from_secs(12), async || api.token_answer(gateway, "").await.status == 503)
        .await;
    let body = json!({ "grant_types": ["client_credentials"] });
    for answer in [
        api.token_answer(gateway, "").await,
        api.introspect(gateway, &admin).await,
        api.form("/oauth/revoke", gateway, &format!("token={admin}")).await,
        api.register(&admin, &body).await,
    ] {
        assert!(answer.headers.contains_key("retry-after"));
        answer.expect_error(503, "temporarily_unavailable");
    }
    assert_eq!(api.get(&discovery).await.expect(200)["issuer"], server.card["issuer"]);
    api.get(&api.url("/oidc/.well-known/jwks.json")).await.expect(200);
    assert_eq!(api.get(&format!("{}/readyz", api.base)).await.expect(503)["change_feed"], false);
    api.get(&format!("{}/healthz", api.base)).await.expect(200);

    database.execute("alter table changes_away rename to changes").await;
    eventually("the feed again", Duration::from_secs(5), async || api.token_answer(gateway, "").await.status == 200)
        .await;
    api.get(&format!("{}/readyz", api.base)).await.expect(200);
}

/// A process that stood still for longer than the feed looks back has missed what was changed meanwhile.
#[tokio::test]
async fn a_process_that_was_paused_trusts_nothing_it_remembered() {
    let Some((one, other, _database)) = pair(false).await else { return };
    let admin = one.api.token(&one.gateway, "dcr_admin").await;
    let (record, client, token) = known_to_both(&one, &admin, &other).await;
    other.signal("STOP");
    one.api.bare(Method::DELETE, &one.api.client_url(&record), &admin).await.expect(204);
    // Longer than the overlap of two polls.
    tokio::time::sleep(Duration::from_secs(13)).await;
    other.signal("CONT");
    eventually("the feed again", POLLED, async || other.api.token_answer(&client, "").await.status != 503).await;
    assert!(!gets_token(&other.api, &client).await, "a deleted client lives on in the memory of a paused process");
    assert!(!is_active(&other.api, &one.gateway, &token).await);
}
