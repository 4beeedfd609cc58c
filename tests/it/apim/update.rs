//! What the gateway sends back (checks 4, 5, 6).

use rstest::rstest;
use serde_json::json;

use super::{KINDS, fixture, kept, registered, updated};
use crate::support::{Backend, TestServer, scopes};

#[rstest]
#[tokio::test]
async fn check_04_an_echo_of_our_answer_changes_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["orders:read", "orders:write"]).await;
    for kind in KINDS {
        let record = registered(&server, &fixture(kind)).await;
        let extensions = json!({ "metadata": fixture(kind)["metadata"] });
        let echo = kept(&record).put_body(&extensions);
        for _ in 0..2 {
            assert_eq!(updated(&server, &record, &echo).await, record, "{kind}");
        }
        assert_eq!(server.api.read(&record).await.expect(200), record, "{kind}");
        // The whole answer, with every member that only the server sets.
        assert_eq!(updated(&server, &record, &record).await, record, "{kind}");
    }
}

#[rstest]
#[tokio::test]
async fn check_05_client_id_may_be_null_absent_or_equal_but_not_another(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("web")).await;
    let echo = kept(&record).put_body(&json!({ "client_id": null }));
    assert!(echo["client_id"].is_null());
    assert_eq!(updated(&server, &record, &echo).await["client_id"], record["client_id"]);
    let mut absent = echo.clone();
    absent.as_object_mut().unwrap().remove("client_id");
    assert_eq!(updated(&server, &record, &absent).await["client_id"], record["client_id"]);
    let mut other = echo;
    other["client_id"] = json!("c7Qm3vX0dZ4hT2b8Nw1k");
    let refusal = server.api.put(&record, &other).await.expect_error(400, "invalid_client_metadata");
    assert!(refusal.contains("client_id"), "{refusal}");
}

#[rstest]
#[tokio::test]
async fn check_05_an_update_carries_the_gateways_current_values_and_keeps_what_it_has_no_field_for(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["orders:read", "orders:write"]).await;
    let record = registered(&server, &fixture("web")).await;
    server
        .administrate(record["client_id"].as_str().unwrap(), |client| {
            client.metadata.extra.insert("set_by_the_administrator".to_owned(), json!("stays"));
        })
        .await;
    let mut body = fixture("update");
    body["client_id"] = record["client_id"].clone();
    let after = updated(&server, &record, &body).await;
    assert_eq!(after["client_name"], "CRM (EU)");
    assert_eq!(after["redirect_uris"], body["redirect_uris"]);
    assert_eq!(after["set_by_the_administrator"], "stays");
    assert_eq!(after["metadata"], json!({ "organization": "org-77" }));
    assert!(after.get("policy_uri").is_none(), "the gateway had sent it and left it out");
    for member in ["client_id", "client_secret", "registration_access_token", "registration_client_uri"] {
        assert_eq!(after[member], record[member]);
    }
}

#[rstest]
#[tokio::test]
async fn check_05_software_id_may_be_empty_in_an_update_even_where_templates_are_on(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("backend_to_backend")).await;
    server.set_policy("gateway", |policy| policy.templates = vec!["tpl-other".to_owned()]).await;
    let echo = kept(&record).put_body(&json!({}));
    assert_eq!(updated(&server, &record, &echo).await["software_id"], "tpl-batch", "no look-up on update");
    let empty = kept(&record).put_body(&json!({ "software_id": "" }));
    updated(&server, &record, &empty).await;
}

#[rstest]
#[tokio::test]
async fn check_05_a_stale_scope_does_not_undo_an_administrators_change(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["orders:read", "orders:write", "orders:admin"]).await;
    let mut record = registered(&server, &fixture("web")).await;
    let client_id = record["client_id"].as_str().unwrap().to_owned();
    let stale = kept(&record).put_body(&json!({ "client_name": "Renamed" }));
    for (set, name) in [("orders:read", "A"), ("orders:read orders:write orders:admin", "B")] {
        server.administrate(&client_id, |client| client.metadata.scope = Some(scopes(set))).await;
        let mut body = stale.clone();
        body["client_name"] = json!(name);
        record = updated(&server, &record, &body).await;
        assert_eq!((&record["scope"], &record["client_name"]), (&json!(set), &json!(name)));
        // The same body once more.
        assert_eq!(updated(&server, &record, &body).await, record);
    }
    let meant = kept(&record).put_body(&json!({ "scope": "orders:write" }));
    assert_eq!(updated(&server, &record, &meant).await["scope"], "orders:write", "a real change is made");
}

#[rstest]
#[tokio::test]
async fn check_06_an_update_whose_answer_was_lost_is_repeated_with_the_former_token(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_policy("gateway", |policy| policy.rotate_registration_token = true).await;
    let record = registered(&server, &fixture("web")).await;
    let body = kept(&record).put_body(&json!({ "client_name": "Renamed" }));
    let lost = updated(&server, &record, &body).await;
    assert_ne!(lost["registration_access_token"], record["registration_access_token"]);
    let again = updated(&server, &record, &body).await;
    assert_eq!(again, lost, "the same answer, the same new token");
    // The renewal's answer may have been lost as well; it does not rotate.
    server.api.read(&record).await.expect(200);
    server.api.read(&again).await.expect(200);
    server.api.read(&record).await.expect_error(401, "invalid_token");
    let next = updated(&server, &again, &body).await;
    assert_ne!(next["registration_access_token"], again["registration_access_token"]);
    server.api.renew(&next).await.expect(200);
    server.api.put(&again, &body).await.expect_error(401, "invalid_token");
}
