//! The whole gateway flow once, on both databases.

use rstest::rstest;
use serde_json::json;

use crate::support::{Backend, Credentials, TestServer};

#[rstest]
#[tokio::test]
async fn a_gateway_registers_an_application_which_gets_a_token(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let admin = server.admin_token().await;
    let body = json!({ "grant_types": ["client_credentials"], "client_name": "Nightly export", "redirect_uris": [] });
    let record = api.register(&admin, &body).await.expect(201);
    let application = Credentials::of(&record);
    let token = api.token(&application, "").await;
    assert_eq!(api.introspect(&application, &token).await.expect(200)["active"], true);
    assert_eq!(api.introspect(&server.gateway, &token).await.expect(200)["client_id"], record["client_id"]);
    assert_eq!(api.read(&record).await.expect(200), record);
}
