//! Requests that are sent twice under one idempotency key.

use http::Method;
use registrar::model::administrator::Role;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{AdminApi, Answer, Backend, TestServer};

async fn create(api: &AdminApi, key: &str, name: &str) -> Answer {
    api.send(Method::POST, "/domains", &[("idempotency-key", key)], &json!({ "name": name })).await
}

#[rstest]
#[tokio::test]
async fn a_repeated_request_is_answered_as_the_first_was(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let first = create(&api, "k-1", "retail").await;
    let again = create(&api, "k-1", "retail").await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    for name in ["etag", "location", "content-type"] {
        assert_eq!(first.header(name), again.header(name), "{name}");
    }
    assert_eq!(first.text, again.text);
    // A refusal is an answer too.
    let refused = create(&api, "k-2", "retail").await.expect_problem(409, "conflict");
    assert_eq!(create(&api, "k-2", "retail").await.expect_problem(409, "conflict"), refused);
}

#[rstest]
#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_sender(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (one, other) = (server.owner().await, server.owner().await);
    create(&one, "k", "retail").await.expect(201);
    create(&one, "k", "wholesale").await.expect_problem(422, "idempotency_key_reused");
    create(&other, "k", "wholesale").await.expect(201);
    for bad in ["", &"k".repeat(256)] {
        create(&one, bad, "third").await.expect_problem(400, "invalid_request");
    }
    // After a day the key is forgotten.
    server.clock.advance(86_400);
    create(&one, "k", "fourth").await.expect(201);
}

#[rstest]
#[tokio::test]
async fn of_many_at_once_one_is_done(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let requests = (0..8).map(|_| create(&api, "k", "retail"));
    let answers = futures_util::future::join_all(requests).await;
    let fresh = answers.iter().filter(|a| a.status == 201 && a.header("idempotency-replayed").is_empty()).count();
    assert_eq!(fresh, 1);
    assert!(answers.iter().all(|a| matches!(a.status.as_u16(), 201 | 409)), "{answers:?}");
    let reader = server.administration(Role::Auditor, None).await;
    let listed = reader.get("/domains").await.expect(200);
    let named = |domain: &&Value| domain["name"] == "retail";
    assert_eq!(listed["items"].as_array().unwrap().iter().filter(named).count(), 1);
}

#[rstest]
#[tokio::test]
async fn the_version_that_a_request_is_for_is_part_of_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let send = async |key: &str, tag: Option<&str>| {
        let mut headers = vec![("idempotency-key", key)];
        headers.extend(tag.map(|tag| ("if-match", tag)));
        api.send(Method::POST, "/domains/main/apply-preset", &headers, &json!({ "preset": "mcp" })).await
    };
    let tag = api.get("/domains/main").await.header("etag").to_owned();
    // Turned away before it began: the key is free for what is meant.
    send("k", None).await.expect_problem(428, "precondition_required");
    send("k", Some("\"99\"")).await.expect_problem(412, "precondition_failed");
    send("k", Some(&tag)).await.expect(200);
    assert_eq!(send("k", Some(&tag)).await.header("idempotency-replayed"), "true");
    send("k", Some("*")).await.expect_problem(422, "idempotency_key_reused");
}

#[rstest]
#[tokio::test]
async fn a_key_belongs_to_a_domain_not_to_its_name(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let scope = async || {
        let body = json!({ "name": "orders.read" });
        api.send(Method::POST, "/domains/retail/scopes", &[("idempotency-key", "k")], &body).await
    };
    create(&api, "1", "retail").await.expect(201);
    scope().await.expect(201);
    api.send(Method::DELETE, "/domains/retail", &[], &Value::Null).await.expect(204);
    create(&api, "2", "retail").await.expect(201);
    scope().await.expect_problem(422, "idempotency_key_reused");
}

#[rstest]
#[tokio::test]
async fn an_answer_that_is_too_long_to_keep_is_told(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    // The answer says more than the request, by the rules that were not sent.
    let mut body = json!({ "name": "long", "rules": { "templates": ["x"] } });
    let rest = 256 * 1_024 - body.to_string().len() - 20;
    body["rules"]["templates"] = (0..rest / 103).map(|_| json!("x".repeat(100))).collect();
    let send = async || api.send(Method::POST, "/domains/main/policies", &[("idempotency-key", "k")], &body).await;
    let first = send().await;
    assert!(first.status == 201 && first.text.len() > 256 * 1_024, "{} {}", first.status, first.text.len());
    send().await.expect_problem(409, "conflict");
}
