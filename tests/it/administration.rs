//! What an administrator does counts at once, for everybody, whatever was before.

use http::Method;
use registrar::clients::administer::Step;
use registrar::model::audit_event::Actor;
use registrar::model::client::ClientStatus;
use registrar::model::random;
use rstest::rstest;
use serde_json::json;

use crate::apim::{fixture, registered};
use crate::support::{Backend, TestServer};

fn administrator() -> Actor {
    Actor::local("administrator")
}

#[rstest]
#[tokio::test]
async fn a_deleted_scope_is_given_no_more_and_keeps_no_client_from_being_suspended(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["read", "write"]).await;
    let machine = server.add_machine("read write").await;
    server.administrate(&machine.id, |client| client.settings.granted_scopes = crate::support::scopes("write")).await;
    assert_eq!(server.api.token_answer(&machine, "").await.expect(200)["scope"], "read write");
    let domain = server.domain().await;
    let audit = administrator().did(&server.clock, Some(domain.id()), "scope.delete", "write");
    assert!(server.app.store.delete_scope(domain.id(), domain.scope("write").unwrap(), &audit).await.unwrap());
    assert_eq!(server.api.token_answer(&machine, "").await.expect(200)["scope"], "read");
    let entry = server.stored(&machine.id).await.unwrap();
    server.app.registry.turn(&entry, Step::Suspend, &administrator()).await.unwrap();
    server.api.token_answer(&machine, "").await.expect_error(401, "invalid_client");
}

#[rstest]
#[tokio::test]
async fn a_suspended_client_is_out_of_reach_for_its_registrar_as_well(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("backend_to_backend")).await;
    server.set_status(record["client_id"].as_str().unwrap(), ClientStatus::Suspended).await;
    let registrar = server.admin_token().await;
    let url = server.api.client_url(&record);
    for method in [Method::GET, Method::DELETE] {
        server.api.bare(method, &url, &registrar).await.expect_error(403, "registration_forbidden");
    }
    let renewal = format!("{url}/renew_secret");
    server.api.bare(Method::POST, &renewal, &registrar).await.expect_error(403, "registration_forbidden");
    server.api.put(&record, &json!({ "client_name": "x" })).await.expect_error(403, "registration_forbidden");
}

#[rstest]
#[tokio::test]
async fn a_revoked_token_stays_revoked_over_a_restart(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start_with(backend, |settings| {
        settings.public_url = Some("http://127.0.0.1:8091".parse().unwrap());
    })
    .await
    else {
        return;
    };
    let token = server.admin_token().await;
    server.api.form("/oauth/revoke", &server.gateway, &format!("token={token}")).await.expect(200);
    let (database, gateway) = (server.database.clone(), server.gateway.clone());
    // Whoever holds a part of the server holds the lock of its database.
    server.stop().await;
    let again = |settings: &mut registrar::config::Settings| {
        settings.public_url = Some("http://127.0.0.1:8091".parse().unwrap());
    };
    let server = TestServer::on(database, again, None).await;
    // The very first answer.
    assert_eq!(server.api.introspect(&gateway, &token).await.expect(200), json!({ "active": false }));
}

#[rstest]
#[tokio::test]
async fn the_shortest_lifetime_counts(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let machine = server.add_machine("").await;
    let (mut orders, _) = server.add_resource("Orders", &["https://orders.example.com/"]).await;
    server.grant(&orders, &machine.id).await;
    let form = "grant_type=client_credentials&resource=https%3A%2F%2Forders.example.com";
    let lifetime = async || server.api.form("/oauth/token", &machine, form).await.expect(200)["expires_in"].clone();
    assert_eq!(lifetime().await, 3600);
    server.administrate(&machine.id, |client| client.settings.access_token_lifetime = Some(60)).await;
    assert_eq!(lifetime().await, 60);
    for (theirs, shortest) in [(7_200, 60), (30, 30)] {
        orders.settings.access_token_lifetime = Some(theirs);
        let audit = administrator().did(&server.clock, Some(orders.domain_id), "resource.put", "Orders");
        server.app.store.put_resource(&orders, &audit).await.unwrap();
        orders.version += 1;
        assert_eq!(lifetime().await, shortest);
    }
}

#[rstest]
#[tokio::test]
async fn what_housekeeping_removes_is_in_the_audit_log(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let body =
        json!({ "redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "client_secret_basic" });
    let record = server.api.register("", &body).await.expect(201);
    server.advance(31 * 24 * 60 * 60);
    registrar::housekeeping::round(&server.app, &random::identifier()).await.unwrap();
    let id = record["client_id"].as_str().unwrap();
    let event = server.audited(|event| event.action == "client.remove" && event.target == id).await;
    assert_eq!(event.actor, "server");
    assert_eq!(server.stored(id).await.unwrap().client.status, ClientStatus::Deleted);
}
