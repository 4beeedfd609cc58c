//! Openly registered public clients: the same metadata is the same client.

use http::Method;
use registrar::model::client::ClientStatus;
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::assert_says_nothing_empty;
use crate::support::{Answer, Backend, Credentials, TestServer};

fn editor(port: u16) -> Value {
    let mut body: Value = serde_json::from_str(include_str!("../../fixtures/mcp/vscode.json")).unwrap();
    body["redirect_uris"][3] = json!(format!("http://127.0.0.1:{port}/"));
    body
}

fn tool(name: &str) -> Value {
    json!({ "client_name": name, "redirect_uris": ["http://localhost/cb"], "token_endpoint_auth_method": "none" })
}

async fn register_text(server: &TestServer, body: &str) -> Answer {
    server.api.json(Method::POST, &server.api.url("/oidc/register"), "", body).await
}

fn id(record: &Value) -> String {
    record["client_id"].as_str().unwrap().to_owned()
}

#[rstest]
#[tokio::test]
async fn the_same_metadata_is_the_same_client_whatever_its_order_and_ports(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let first = server.api.register("", &editor(33418)).await.expect(201);
    assert_says_nothing_empty(&first);
    for absent in ["client_secret", "client_secret_expires_at", "registration_access_token", "registration_client_uri"]
    {
        assert!(first.get(absent).is_none(), "nobody owns it: {absent}");
    }
    assert_eq!(id(&first).len(), 22);
    let before = server.client_count().await;
    let second = server.api.register("", &editor(50_123)).await.expect(201);
    assert_eq!(id(&second), id(&first));
    assert_eq!(second["redirect_uris"], editor(50_123)["redirect_uris"], "the answer echoes this request's ports");
    let orders = [
        r#"{"client_name":"T","redirect_uris":["http://localhost:1/cb","https://t.example.com/cb"],"token_endpoint_auth_method":"none"}"#,
        r#"{"token_endpoint_auth_method":"none","redirect_uris":["https://t.example.com/cb","http://localhost:99/cb"],"client_name":"T"}"#,
        r#"{"scope":"openid","redirect_uris":["https://t.example.com/cb","http://localhost/cb"],"contacts":[],"logo_uri":"","client_name":"T","token_endpoint_auth_method":"none"}"#,
    ];
    let mut ids = Vec::new();
    for body in orders {
        ids.push(id(&register_text(&server, body).await.expect(201)));
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(server.client_count().await, before + 1);
    let other = server.api.register("", &tool("U")).await.expect(201);
    assert_ne!(id(&other), ids[0]);
    assert_ne!(id(&other), id(&first));
}

#[rstest]
#[tokio::test]
async fn a_thousand_installations_of_one_product_leave_one_row(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let before = server.client_count().await;
    let first = id(&server.api.register("", &editor(1_024)).await.expect(201));
    let statements = server.app.store.statements();
    for port in 0..999 {
        assert_eq!(id(&server.api.register("", &editor(20_000 + port)).await.expect(201)), first);
    }
    assert_eq!(server.client_count().await, before + 1);
    assert!(server.app.store.statements() - statements < 100, "a repeated registration costs nothing");
}

#[rstest]
#[tokio::test]
async fn parallel_registrations_of_one_product_meet_in_one_row(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let before = server.client_count().await;
    let mut tasks = tokio::task::JoinSet::new();
    for port in 0..20 {
        let api = server.api.clone();
        tasks.spawn(async move { id(&api.register("", &editor(20_000 + port)).await.expect(201)) });
    }
    let ids = tasks.join_all().await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(server.client_count().await, before + 1);
}

#[rstest]
#[tokio::test]
async fn each_domain_has_ids_of_its_own(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_domain("other").await;
    let entry = server.app.store.domain_named("other").await.unwrap().unwrap();
    let mut settings = entry.domain.settings.clone();
    settings.open_registration = true;
    let audit = registrar::model::audit_event::Actor::local("test").did(&server.clock, None, "domain.update", "other");
    assert!(server.app.store.update_domain(entry.id(), entry.domain.version, &settings, &audit).await.unwrap());
    let here = server.api.register("", &editor(1)).await.expect(201);
    let there = server.api.in_domain("other").register("", &editor(1)).await.expect(201);
    assert_ne!(id(&here), id(&there));
}

#[rstest]
#[tokio::test]
async fn an_administrators_suspension_holds_against_registering_again(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let first = id(&server.api.register("", &editor(1)).await.expect(201));
    server.set_status(&first, ClientStatus::Suspended).await;
    let told = server.api.register("", &editor(2)).await.expect_error(403, "registration_forbidden");
    assert!(told.contains("administrator"), "{told}");
    // Neither time nor a full quota lifts it.
    server.set_policy("mcp", |policy| policy.quota = Some(1)).await;
    server.advance(400 * 24 * 60 * 60);
    server.housekeeping().await;
    server.api.register("", &tool("Pushing")).await;
    server.api.register("", &editor(3)).await.expect_error(403, "registration_forbidden");
    server.set_status(&first, ClientStatus::Active).await;
    assert_eq!(id(&server.api.register("", &editor(4)).await.expect(201)), first);
}

#[rstest]
#[tokio::test]
async fn an_administrators_deletion_holds_against_registering_again(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let first = id(&server.api.register("", &editor(1)).await.expect(201));
    server.delete_client(&first).await;
    server.api.register("", &editor(2)).await.expect_error(403, "registration_forbidden");
    server.advance(400 * 24 * 60 * 60);
    server.housekeeping().await;
    server.api.register("", &editor(3)).await.expect_error(403, "registration_forbidden");
    let body = format!("grant_type=client_credentials&client_id={first}");
    server.api.form_post("/oauth/token", &body).await.expect_error(401, "invalid_client");
}

#[rstest]
#[tokio::test]
async fn a_client_that_was_cleaned_up_comes_back_under_its_old_id(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let first = server.api.register("", &editor(1)).await.expect(201);
    server.advance(30 * 24 * 60 * 60 - 100);
    server.housekeeping().await;
    assert!(server.stored(&id(&first)).await.is_some(), "not before thirty days");
    server.advance(100);
    server.housekeeping().await;
    assert!(server.stored(&id(&first)).await.is_none());
    let again = server.api.register("", &editor(2)).await.expect(201);
    assert_eq!(id(&again), id(&first));
    assert_ne!(again["client_id_issued_at"], first["client_id_issued_at"]);
}

#[rstest]
#[tokio::test]
async fn at_the_cap_of_a_source_the_oldest_never_used_client_makes_room_after_an_hour(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_policy("mcp", |policy| policy.quota = Some(2)).await;
    let oldest = id(&server.api.register("", &tool("One")).await.expect(201));
    server.advance(1);
    server.api.register("", &tool("Two")).await.expect(201);
    let full = server.api.register("", &tool("Three")).await;
    assert!(!full.header("retry-after").is_empty());
    full.expect_error(429, "too_many_requests");
    server.api.register("", &tool("Two")).await.expect(201);
    server.advance(3_600);
    server.api.register("", &tool("Three")).await.expect(201);
    assert!(server.stored(&oldest).await.is_none());
    server.api.register("", &tool("Four")).await.expect_error(429, "too_many_requests");
}

#[rstest]
#[tokio::test]
async fn a_client_that_somebody_used_no_longer_counts_against_its_source(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server
        .set_policy("mcp", |policy| {
            policy.quota = Some(1);
            policy.grant_types.push("client_credentials".to_owned());
        })
        .await;
    let machine = json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_basic" });
    let record = server.api.register("", &machine).await.expect(201);
    assert!(record["registration_access_token"].is_string(), "a client with a secret is its registrant's own");
    server.api.register("", &machine).await.expect_error(429, "too_many_requests");
    assert!(server.api.accepts(&Credentials::of(&record)).await);
    server.write_usage().await;
    let next = server.api.register("", &machine).await.expect(201);
    assert_ne!(id(&next), id(&record));
    server.advance(40 * 24 * 60 * 60);
    server.housekeeping().await;
    assert!(server.api.accepts(&Credentials::of(&record)).await);
    server.api.token_answer(&Credentials::of(&next), "").await.expect_error(401, "invalid_client");
}

#[rstest]
#[tokio::test]
async fn a_blocked_redirect_host_blocks_every_client_that_names_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.api.register("", &editor(1)).await.expect(201);
    server.set_domain(|settings| settings.blocked_redirect_hosts = vec!["vscode.dev".to_owned()]).await;
    for token in ["", &server.admin_token().await] {
        let mut changed = editor(1);
        changed["client_name"] = json!("One byte more");
        server.api.register(token, &changed).await.expect_error(400, "invalid_redirect_uri");
    }
    server.api.register("", &editor(1)).await.expect_error(400, "invalid_redirect_uri");
    server.api.register("", &tool("Other")).await.expect(201);
}

#[rstest]
#[tokio::test]
async fn a_lifted_deletion_lets_the_client_come_back_under_its_id_and_its_old_tokens_stay_dead(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let first = id(&server.api.register("", &editor(1)).await.expect(201));
    server.delete_client(&first).await;
    server.api.register("", &editor(2)).await.expect_error(403, "registration_forbidden");
    let entry = server.stored(&first).await.unwrap();
    let deleted = &entry.client;
    let actor = registrar::model::audit_event::Actor::local("administrator");
    server.app.registry.restore(&entry, &actor).await.unwrap();
    assert!(server.app.registry.restore(&entry, &actor).await.is_err());
    assert_eq!(id(&server.api.register("", &editor(3)).await.expect(201)), first);
    let client = server.stored(&first).await.unwrap().client;
    assert_eq!((client.status, client.tokens_not_before), (ClientStatus::Active, deleted.tokens_not_before));
    server.audited(|event| event.action == "client.restore" && event.target == first).await;
    // Only of a client that nobody owns: another one has lost its secret and its token for good.
    let machine = server.add_machine("").await;
    server.delete_client(&machine.id).await;
    let machine = server.stored(&machine.id).await.unwrap();
    assert!(server.app.registry.restore(&machine, &actor).await.is_err());
}
