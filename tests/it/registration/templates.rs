//! Templates that a registrant names in `software_id`.

use registrar::clients::manual::Wanted;
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::{fixture, kept, registered, updated};
use crate::support::{Backend, TestServer, scopes};

/// A template with this slug; returns its client id.
async fn template(server: &TestServer, slug: &str) -> String {
    server.add_scopes(&["orders:read"]).await;
    let Value::Object(metadata) = json!({
        "client_name": format!("Template {slug}"), "grant_types": ["client_credentials"], "scope": "orders:read openid",
        "tos_uri": "https://tos.example.com/", "tenant": slug,
    }) else {
        unreachable!()
    };
    let mut wanted = Wanted { metadata, ..Wanted::default() };
    wanted.settings.template = Some(slug.to_owned());
    wanted.settings.granted_scopes = scopes("dcr_admin");
    server.create(wanted).await.id
}

fn names(id: &str) -> Value {
    json!({ "client_name": "Nightly export", "software_id": id, "redirect_uris": [], "grant_types": [] })
}

#[rstest]
#[tokio::test]
async fn a_template_supplies_what_the_registrant_leaves_open_by_slug_and_by_id(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let id = template(&server, "tpl-batch").await;
    server.set_policy("gateway", |policy| policy.templates = vec!["tpl-batch".to_owned()]).await;
    for name in ["tpl-batch", &id] {
        let record = registered(&server, &names(name)).await;
        assert_eq!((&record["client_name"], &record["software_id"]), (&json!("Nightly export"), &json!(name)));
        assert_eq!(record["grant_types"], json!(["client_credentials"]));
        assert_eq!(record["tos_uri"], "https://tos.example.com/");
        assert_eq!((&record["scope"], &record["tenant"]), (&json!("orders:read openid"), &json!("tpl-batch")));
        let client = server.stored(record["client_id"].as_str().unwrap()).await.unwrap().client;
        assert!(client.settings.granted_scopes.is_empty(), "what an administrator granted is not copied");
        let after = updated(&server, &record, &kept(&record).put_body(&json!({ "software_id": "" }))).await;
        assert_eq!(after["tos_uri"], "https://tos.example.com/");
    }
    let own = json!({ "software_id": "tpl-batch", "grant_types": ["client_credentials"], "scope": "openid" });
    assert_eq!(registered(&server, &own).await["scope"], "openid", "what the registrant says wins");
}

#[rstest]
#[tokio::test]
async fn only_the_templates_that_the_policy_lists_may_be_named(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let listed = template(&server, "listed").await;
    let other = template(&server, "other").await;
    let token = server.admin_token().await;
    let plain = registered(&server, &fixture("backend_to_backend")).await;
    assert_eq!(plain["software_id"], "tpl-batch", "without templates it is plain metadata");
    for list in [vec!["listed".to_owned()], vec![listed.clone()]] {
        server.set_policy("gateway", |policy| policy.templates = list).await;
        for name in ["listed", &listed] {
            server.api.register(&token, &names(name)).await.expect(201);
        }
        for name in ["other", &other, "unheard-of", &server.gateway.id] {
            let told = server.api.register(&token, &names(name)).await.expect_error(400, "invalid_client_metadata");
            assert!(told.starts_with("software_id"), "{told}");
        }
    }
    let open = json!({ "software_id": "anything", "redirect_uris": ["http://localhost/"] });
    assert_eq!(server.api.register("", &open).await.expect(201)["software_id"], "anything");
}

#[rstest]
#[tokio::test]
async fn the_list_of_templates_needs_a_token_and_shows_what_the_policy_lists(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    template(&server, "tpl-a").await;
    template(&server, "tpl-b").await;
    let discovery = server.api.url("/oidc/.well-known/openid-configuration");
    let member = "registration_templates_endpoint";
    assert!(server.api.get(&discovery).await.expect(200).get(member).is_none());
    server.set_policy("gateway", |policy| policy.templates = vec!["tpl-b".to_owned()]).await;
    let url = server.api.url("/oidc/register_templates");
    assert_eq!(server.api.get(&discovery).await.expect(200)[member], url);
    server.api.get(&url).await.expect_error(401, "invalid_token");
    server.api.bare(http::Method::GET, &url, "null").await.expect_error(401, "invalid_token");
    let (_, initial) = server.initial_access_token(|_| {}).await;
    for token in [server.admin_token().await, initial] {
        let list = server.api.bare(http::Method::GET, &url, &token).await.expect(200);
        assert_eq!(list, json!([{ "software_id": "tpl-b", "client_name": "Template tpl-b" }]));
    }
}
