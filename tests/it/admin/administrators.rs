//! Administrators and API tokens over the REST API.

use http::Method;
use registrar::model::administrator::Role;
use registrar::store::audit_list::AuditQuery;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{ADMIN_PASSWORD, AdminApi, Backend, TestServer};

async fn server_audit(server: &TestServer) -> Vec<registrar::store::audit::AuditRecord> {
    let query = AuditQuery { limit: 200, ..AuditQuery::default() };
    server.app.store.server_audit_events(&query).await.unwrap().expect("no cursor was sent").items
}

#[rstest]
#[tokio::test]
async fn an_administrator_is_made_changed_and_deleted(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let wanted = json!({ "username": "Erin", "role": "editor", "domains": ["main"], "password": ADMIN_PASSWORD });
    let made = owner.post("/administrators", wanted.clone()).await;
    let path = made.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    let made = made.expect(201);
    assert_eq!(
        (&made["domains"], &made["second_factor"], &made["enabled"]),
        (&json!(["main"]), &false.into(), &true.into())
    );
    assert!(!made.to_string().contains("argon2") && !made.to_string().contains(ADMIN_PASSWORD));
    owner.post("/administrators", wanted).await.expect_problem(409, "conflict");
    let changed = owner.patch(&path, json!({ "role": "auditor", "all_domains": true })).await.expect(200);
    assert_eq!((&changed["role"], &changed["domains"]), (&"auditor".into(), &Value::Null));
    owner
        .send(Method::PATCH, &path, &[("if-match", "\"1\"")], &json!({ "enabled": false }))
        .await
        .expect_problem(412, "precondition_failed");
    owner
        .send(Method::PATCH, &path, &[], &json!({ "enabled": false }))
        .await
        .expect_problem(428, "precondition_required");
    owner.delete(&path).await.expect(204);
    owner.get(&path).await.expect_problem(404, "not_found");
    let mut told: Vec<_> =
        server_audit(&server).await.into_iter().filter(|e| e.action.starts_with("administrator.")).collect();
    told.sort_by_key(|event| event.id);
    let updated = told.iter().find(|event| event.action == "administrator.update").expect("the change is audited");
    assert_eq!(updated.detail["changes"]["role"], json!({ "before": "editor", "after": "auditor" }));
    assert!(updated.actor.starts_with("api_token:"));
    for event in &told {
        assert!(!serde_json::to_string(event).unwrap().contains("argon2"));
    }
}

#[rstest]
#[case(json!({ "username": "x", "role": "root", "password": ADMIN_PASSWORD }), "role")]
#[case(json!({ "username": "x", "role": "editor", "password": "short" }), "password")]
#[case(json!({ "username": "x", "role": "editor", "password": "password1234" }), "password")]
#[case(json!({ "username": "", "role": "editor", "password": ADMIN_PASSWORD }), "username")]
#[case(json!({ "username": "x", "role": "owner", "domains": ["main"], "password": ADMIN_PASSWORD }), "domains")]
#[case(json!({ "username": "x", "role": "editor", "domains": ["nowhere"], "password": ADMIN_PASSWORD }), "domains")]
#[case(json!({ "username": "x", "role": "editor" }), "password")]
#[case(json!({ "username": "x", "role": "editor", "password": ADMIN_PASSWORD, "is_admin": true }), "is_admin")]
#[tokio::test]
async fn what_cannot_be_an_administrator_is_refused_by_its_member(
    #[case] body: Value,
    #[case] member: &str,
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let detail = server.owner().await.post("/administrators", body).await.expect_problem(400, "invalid_request");
    assert!(detail.contains(member), "{detail}");
}

#[rstest]
#[tokio::test]
async fn the_last_owner_stays(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let listed = owner.get("/administrators").await.expect(200);
    let [only] = listed["items"].as_array().unwrap().as_slice() else { panic!("the first start makes one: {listed}") };
    let path = format!("/administrators/{}", only["id"].as_str().unwrap());
    owner.delete(&path).await.expect_problem(409, "conflict");
    owner.patch(&path, json!({ "enabled": false })).await.expect_problem(409, "conflict");
    owner.patch(&path, json!({ "role": "editor" })).await.expect_problem(409, "conflict");
    server.add_administrator("second", Role::Owner, &[]).await;
    owner.delete(&path).await.expect(204);
}

#[rstest]
#[tokio::test]
async fn an_api_token_is_shown_once_and_reaches_what_it_says(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_domain("other").await;
    let owner = server.owner().await;
    let wanted = json!({ "label": "CI", "role": "editor", "domain": "main", "expires_in": 3600 });
    let made = owner.post("/api-tokens", wanted).await.expect(201);
    let value = made["value"].as_str().unwrap();
    assert!(value.starts_with("adm_") && value.len() == 47);
    let path = format!("/api-tokens/{}", made["id"].as_str().unwrap());
    let listed = owner.get("/api-tokens").await;
    assert!(!listed.text.contains(value) && !owner.get(&path).await.text.contains(value));
    let token = AdminApi::new(&server.api, value);
    let seen = token.get("/domains").await.expect(200);
    assert_eq!(seen["items"].as_array().unwrap().len(), 1, "it sees no other domain: {seen}");
    token.get("/domains/other").await.expect_problem(404, "not_found");
    assert!(owner.get(&path).await.expect(200)["last_used_at"].is_i64());
    server.clock.advance(3_600);
    token.get("/domains").await.expect_problem(401, "invalid_token");
    for event in server_audit(&server).await {
        assert!(!serde_json::to_string(&event).unwrap().contains(value));
    }
}

#[rstest]
#[tokio::test]
async fn no_token_makes_one_that_may_more(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    for (role, domain) in [(Role::Editor, None), (Role::Auditor, None), (Role::Editor, Some("main"))] {
        let token = server.administration(role, domain).await;
        let made = token.post("/api-tokens", json!({ "label": "more", "role": "owner" })).await;
        made.expect_problem(403, "forbidden");
        let person = json!({ "username": "more", "role": "owner", "password": ADMIN_PASSWORD });
        token.post("/administrators", person).await.expect_problem(403, "forbidden");
        token.get("/api-tokens").await.expect_problem(403, "forbidden");
        token.post("/domains", json!({ "name": "mine" })).await.expect_problem(403, "forbidden");
    }
    let owner = server.owner().await;
    let bound = json!({ "label": "x", "role": "owner", "domain": "main" });
    owner.post("/api-tokens", bound).await.expect_problem(400, "invalid_request");
    let revoked = owner.post("/api-tokens", json!({ "label": "x", "role": "owner" })).await.expect(201);
    owner.delete(&format!("/api-tokens/{}", revoked["id"].as_str().unwrap())).await.expect(204);
    let revoked = AdminApi::new(&server.api, revoked["value"].as_str().unwrap());
    revoked.get("/domains").await.expect_problem(401, "invalid_token");
}
