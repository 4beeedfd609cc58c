//! Updates: PUT, PATCH, and what the registrant is told (RFC 7592 §2.2, RFC 7396).

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::{fixture, kept, registered, updated};
use crate::support::{Backend, Credentials, TestServer};

/// A record's own body with other values; null removes a member.
fn changed(record: &Value, changes: &Value) -> Value {
    let mut body = record.clone();
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[rstest]
#[tokio::test]
async fn members_that_only_the_server_sets_are_ignored_in_an_update(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("web")).await;
    let body = changed(
        &record,
        &json!({
            "client_id_issued_at": 1, "client_secret_expires_at": 99, "registration_access_token": "rat_mine",
            "registration_client_uri": "https://evil.example.com/",
        }),
    );
    assert_eq!(updated(&server, &record, &body).await, record);
    assert_eq!(server.api.read(&record).await.expect(200), record);
}

#[rstest]
#[tokio::test]
async fn a_secret_in_an_update_must_be_a_valid_one_of_the_client(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("web")).await;
    let other = registered(&server, &fixture("web")).await;
    for wrong in [json!("wrong"), other["client_secret"].clone(), json!(7), json!({ "a": 1 })] {
        let refused = server.api.put(&record, &changed(&record, &json!({ "client_secret": wrong }))).await;
        let told = refused.expect_error(400, "invalid_client_metadata");
        assert!(told.starts_with("client_secret"), "{told}");
    }
    let renewed = server.api.renew(&record).await.expect(200);
    let after = updated(&server, &record, &record).await;
    assert_eq!(
        after["client_secret"], renewed["client_secret"],
        "the former one may be named, the current one is told"
    );
    server.advance(86_400);
    server.api.put(&record, &record).await.expect_error(400, "invalid_client_metadata");
}

#[rstest]
#[tokio::test]
async fn a_client_that_becomes_confidential_gets_a_secret_and_one_that_becomes_public_loses_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("browser")).await;
    assert!(record.get("client_secret").is_none() && record.get("client_secret_expires_at").is_none());
    let told = server.api.renew(&record).await.expect_error(400, "invalid_request");
    assert!(told.contains("token_endpoint_auth_method"), "{told}");

    let machine = json!({
        "grant_types": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_method": "client_secret_post",
    });
    let confidential = updated(&server, &record, &changed(&record, &machine)).await;
    assert_eq!(confidential["client_secret_expires_at"], 0);
    let secret = Credentials::of(&confidential);
    assert!(server.api.accepts(&secret).await);
    assert_eq!(server.api.read(&record).await.expect(200), confidential);
    let renewed = Credentials::of(&server.api.renew(&record).await.expect(200));

    let public = changed(&record, &json!({ "grant_types": ["authorization_code"] }));
    let public = updated(&server, &record, &public).await;
    assert_eq!(public["token_endpoint_auth_method"], "none");
    assert!(public.get("client_secret").is_none() && public.get("client_secret_expires_at").is_none(), "{public}");
    for old in [&secret, &renewed] {
        server.api.token_answer(old, "").await.expect_error(401, "invalid_client");
        let form = format!("token=x&client_id={}&client_secret={}", old.id, old.secret);
        server.api.form_post("/oauth/introspect", &form).await.expect_error(401, "invalid_client");
    }
    let again = updated(&server, &record, &changed(&public, &machine)).await;
    assert!(again["client_secret"] != confidential["client_secret"]);
}

#[rstest]
#[tokio::test]
async fn a_secret_with_little_of_its_lifetime_left_is_followed_by_another_at_the_next_update(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_policy("gateway", |policy| policy.secret_lifetime = Some(900)).await;
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let end = server.clock.now().seconds() + 900;
    assert_eq!(record["client_secret_expires_at"], end);
    server.advance(600);
    let body = kept(&record).put_body(&json!({}));
    assert_eq!(updated(&server, &record, &body).await, record, "a third is left");
    server.advance(1);
    let after = updated(&server, &record, &body).await;
    assert_ne!(after["client_secret"], record["client_secret"]);
    assert_eq!(after["client_secret_expires_at"], end + 601);
    let (old, new) = (Credentials::of(&record), Credentials::of(&after));
    assert!(server.api.accepts(&old).await && server.api.accepts(&new).await, "they overlap");
    server.advance(299);
    assert!(!server.api.accepts(&old).await && server.api.accepts(&new).await, "the old one ends when it would have");
    server.advance(1_000);
    assert!(!server.api.accepts(&new).await);
    let revived = Credentials::of(&updated(&server, &record, &body).await);
    assert!(server.api.accepts(&revived).await, "an update helps even after the end");
}

#[rstest]
#[tokio::test]
async fn a_merge_patch_changes_what_it_names_only(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("web")).await;
    let patch = json!({
        "client_name": "CRM 2", "policy_uri": null, "contacts": ["a@crm.example.com"],
        "metadata": { "organization": null, "unit": "sales" }, "client_id": record["client_id"],
    });
    let after = server.api.patch(&record, &patch).await.expect(200);
    kept(&after);
    let mut expected = changed(
        &record,
        &json!({
            "client_name": "CRM 2", "contacts": ["a@crm.example.com"], "metadata": { "unit": "sales" },
        }),
    );
    expected.as_object_mut().unwrap().remove("policy_uri");
    assert_eq!(after, expected);
    assert_eq!(server.api.patch(&record, &patch).await.expect(200), expected, "twice is once");
    assert_eq!(server.api.patch(&record, &json!({})).await.expect(200), expected);
    server.api.patch(&record, &json!({ "client_id": "other" })).await.expect_error(400, "invalid_client_metadata");
    server.api.patch(&record, &json!({ "redirect_uris": null })).await.expect_error(400, "invalid_redirect_uri");
    let token = record["registration_access_token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/merge-patch+json")];
    let answer = server.api.send(Method::PATCH, &server.api.client_url(&record), &headers, "{}").await;
    assert_eq!(answer.expect(200), expected);
}

#[rstest]
#[tokio::test]
async fn a_read_that_shows_an_administrators_change_makes_the_old_value_a_change(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut asked = fixture("web");
    asked.as_object_mut().unwrap().remove("scope");
    let record = registered(&server, &asked).await;
    server
        .administrate(record["client_id"].as_str().unwrap(), |client| {
            client.metadata.token_endpoint_auth_method = Some("client_secret_post".to_owned());
        })
        .await;
    // A value that the server had supplied, echoed from before.
    let stale = kept(&record).put_body(&json!({}));
    assert_eq!(stale["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(updated(&server, &record, &stale).await["token_endpoint_auth_method"], "client_secret_post");
    let seen = server.api.read(&record).await.expect(200);
    assert_eq!(seen["token_endpoint_auth_method"], "client_secret_post");
    let wanted = kept(&seen).put_body(&json!({ "client_name": "New" }));
    assert_eq!(updated(&server, &record, &wanted).await["token_endpoint_auth_method"], "client_secret_post");
}

#[rstest]
#[tokio::test]
async fn what_a_registrar_looks_at_is_not_what_the_application_was_told(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("web")).await;
    server
        .administrate(record["client_id"].as_str().unwrap(), |client| {
            client.metadata.token_endpoint_auth_method = Some("client_secret_post".to_owned());
        })
        .await;
    let registrar = server.admin_token().await;
    server.api.bare(Method::GET, &server.api.client_url(&record), &registrar).await.expect(200);
    server.api.bare(Method::POST, &server.api.renewal_url(&record), &registrar).await.expect(200);
    let stale = kept(&record).put_body(&json!({}));
    assert_eq!(updated(&server, &record, &stale).await["token_endpoint_auth_method"], "client_secret_post");
}

#[rstest]
#[tokio::test]
async fn values_that_the_policy_no_longer_allows_stay_until_they_are_changed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut body = fixture("web");
    body["redirect_uris"] = json!(["https://crm.example.com/cb", "com.example.crm:/cb"]);
    let record = registered(&server, &body).await;
    server
        .set_policy("gateway", |policy| {
            policy.redirect_kinds = vec![registrar::model::redirect_uri::RedirectKind::Https];
            policy.grant_types = vec!["authorization_code".to_owned()];
        })
        .await;
    let after = updated(&server, &record, &kept(&record).put_body(&json!({ "client_name": "Renamed" }))).await;
    assert_eq!((&after["redirect_uris"], &after["grant_types"]), (&record["redirect_uris"], &record["grant_types"]));
    let more = json!({ "redirect_uris": ["https://crm.example.com/cb", "com.example.other:/cb"] });
    let refused = server.api.put(&record, &kept(&record).put_body(&more)).await;
    refused.expect_error(400, "invalid_redirect_uri");
    let fewer = json!({ "redirect_uris": ["https://crm.example.com/cb"], "grant_types": ["authorization_code"] });
    let fewer = updated(&server, &record, &kept(&record).put_body(&fewer)).await;
    server.api.put(&fewer, &kept(&record).put_body(&json!({}))).await.expect_error(400, "invalid_redirect_uri");
}

#[rstest]
#[tokio::test]
async fn parallel_updates_of_one_client_all_succeed_or_say_try_again(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("web")).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (api, record) = (server.api.clone(), record.clone());
        tasks.spawn(async move {
            let mut body = fixture("web");
            body["client_name"] = json!(format!("Writer {number}"));
            api.put(&record, &body).await.status.as_u16()
        });
    }
    let statuses = tasks.join_all().await;
    assert!(statuses.iter().all(|status| [200, 503].contains(status)) && statuses.contains(&200), "{statuses:?}");
    let name = server.api.read(&record).await.expect(200)["client_name"].to_string();
    assert!(name.contains("Writer"), "{name}");
}
