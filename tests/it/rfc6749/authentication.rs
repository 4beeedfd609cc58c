//! Client authentication (RFC 6749 §2.3, §5.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use registrar::clients::manual::Wanted;
use registrar::model::client::ClientStatus;
use registrar::model::id::ClientId;
use registrar::model::registration::policy::InitialStatus;
use registrar::model::secret::Secret;
use rstest::rstest;
use serde_json::{Value, json};

use super::{FORM, ask, post, public_client};
use crate::support::{Answer, Api, Backend, Credentials, TestServer, basic};

const GRANT: &str = "grant_type=client_credentials";

/// An answer 401 `invalid_client`; `tried` says whether HTTP Basic was tried (RFC 6749 §5.2).
#[track_caller]
fn expect_unauthenticated(answer: Answer, tried: bool) -> String {
    let challenge = answer.header("www-authenticate").to_owned();
    assert_eq!(challenge.starts_with("Basic realm="), tried, "{challenge}");
    assert_eq!(challenge.is_empty(), !tried, "{challenge}");
    answer.expect_error(401, "invalid_client")
}

async fn with_header(api: &Api, authorization: &str) -> Answer {
    post(api, &[("authorization", authorization), FORM], GRANT).await
}

async fn by_body(api: &Api, id: &str, secret: &str) -> Answer {
    api.form_post("/oauth/token", &format!("{GRANT}&client_id={id}&client_secret={secret}")).await
}

/// A client whose id and secret an administrator chose.
async fn chosen(server: &TestServer, id: &str, secret: &str) -> Credentials {
    let Value::Object(metadata) = json!({ "grant_types": ["client_credentials"] }) else { unreachable!() };
    let (client_id, given) = (Some(ClientId(id.to_owned())), Some(Secret::new(secret)));
    server.create(Wanted { client_id, secret: given, metadata, ..Wanted::default() }).await;
    Credentials { id: id.to_owned(), secret: secret.to_owned() }
}

fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[rstest]
#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_look_the_same(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    let wrong = Credentials { id: client.id.clone(), secret: "wrong".to_owned() };
    let unknown = Credentials { id: "nobody".to_owned(), secret: client.secret.clone() };
    let said = expect_unauthenticated(ask(api, &wrong, "").await, true);
    assert_eq!(expect_unauthenticated(ask(api, &unknown, "").await, true), said);
    assert_eq!(expect_unauthenticated(by_body(api, &client.id, "wrong").await, false), said);
    assert_eq!(expect_unauthenticated(by_body(api, "nobody", "wrong").await, false), said);
    let empty = Credentials { id: client.id.clone(), secret: String::new() };
    expect_unauthenticated(ask(api, &empty, "").await, true);
    let nul = Credentials { id: "a\0b".to_owned(), secret: "x\0y".to_owned() };
    expect_unauthenticated(ask(api, &nul, "").await, true);
    for id in [&"x".repeat(2_000), "%C3%A9", "a%27%3B--"] {
        expect_unauthenticated(by_body(api, id, "wrong").await, false);
    }
}

#[rstest]
#[tokio::test]
async fn basic_and_body_are_both_fine_but_not_together(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    ask(api, &client, "").await.expect(200);
    by_body(api, &client.id, &client.secret).await.expect(200);
    let said = ask(api, &client, &format!("&client_id={}&client_secret={}", client.id, client.secret)).await;
    let said = said.expect_error(400, "invalid_request");
    assert!(said.contains("RFC 6749 section 2.3"), "{said}");
    // Python's SDK names the client in the body too.
    ask(api, &client, &format!("&client_id={}", client.id)).await.expect(200);
    let said = ask(api, &client, "&client_id=another").await.expect_error(400, "invalid_request");
    assert!(said.contains("client_id in the body"), "{said}");
}

#[rstest]
#[tokio::test]
async fn a_client_must_be_named_and_a_confidential_one_must_prove_itself(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    expect_unauthenticated(api.form_post("/oauth/token", GRANT).await, false);
    let alone = format!("{GRANT}&client_id={}", client.id);
    let said = expect_unauthenticated(api.form_post("/oauth/token", &alone).await, false);
    assert!(said.contains("must authenticate"), "{said}");
    let assertion = format!("{alone}&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    expect_unauthenticated(api.form_post("/oauth/token", &format!("{assertion}&client_assertion=x.y.z")).await, false);
    // A public client that sends a secret all the same has none that could be right.
    let public = public_client(&server).await;
    expect_unauthenticated(by_body(api, &public.id, "anything").await, false);
}

#[rstest]
#[tokio::test]
async fn a_header_that_is_not_basic_is_refused(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, client) = (&server.api, server.add_machine("").await);
    let token = api.token(&client, "").await;
    let no_colon = STANDARD.encode("nocolon");
    let not_text = STANDARD.encode(b"a:\xff");
    for bad in [
        format!("Bearer {token}"),
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic !!!not-base64!!!".to_owned(),
        format!("Basic {no_colon}"),
        format!("Basic {not_text}"),
        "Negotiate abc".to_owned(),
    ] {
        expect_unauthenticated(with_header(api, &bad).await, true);
    }
    // The scheme's case does not matter (RFC 9110 §11.1).
    let credentials = basic(&client);
    for scheme in ["basic", "BASIC"] {
        with_header(api, &credentials.replacen("Basic", scheme, 1)).await.expect(200);
    }
    let twice = [("authorization", credentials.as_str()), ("authorization", credentials.as_str()), FORM];
    post(api, &twice, GRANT).await.expect_error(400, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn chosen_secrets_work_raw_and_form_encoded(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    for (id, secret) in [
        ("my.app~one", "p%41ss+word"),
        ("app-two", "100%sure: yes+no"),
        ("app_three", "%2B%2B%2B%2B"),
        ("app.four", "a&b=c#d?e/f"),
    ] {
        let client = chosen(&server, id, secret).await;
        ask(api, &client, "").await.expect(200);
        let encoded = Credentials { id: form_encoded(id), secret: form_encoded(secret) };
        ask(api, &encoded, "").await.expect(200);
        by_body(api, id, &form_encoded(secret)).await.expect(200);
        // Where the body repeats the id, it is the id itself, not the text in the header.
        ask(api, &encoded, &format!("&client_id={}", form_encoded(id))).await.expect(200);
        let wrong = Credentials { id: form_encoded(id), secret: form_encoded("another") };
        expect_unauthenticated(ask(api, &wrong, "").await, true);
    }
    let raw_secret = Credentials { id: "my%2Eapp~one".to_owned(), secret: "p%41ss+word".to_owned() };
    ask(api, &raw_secret, "").await.expect(200);
}

#[rstest]
#[tokio::test]
async fn a_deleted_client_is_told_to_register_again(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, admin) = (&server.api, server.admin_token().await);
    let record = api.register(&admin, &json!({ "grant_types": ["client_credentials"] })).await.expect(201);
    let client = Credentials::of(&record);
    let token = record["registration_access_token"].as_str().unwrap();
    api.bare(http::Method::DELETE, &api.client_url(&record), token).await.expect(204);
    for (answer, tried) in
        [(ask(api, &client, "").await, true), (by_body(api, &client.id, &client.secret).await, false)]
    {
        let said = expect_unauthenticated(answer, tried);
        assert!(said.contains("was deleted; register again"), "{said}");
    }
}

#[rstest]
#[tokio::test]
async fn suspension_and_approval_are_told_to_the_client_itself_only(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_policy("gateway", |policy| policy.initial_status = InitialStatus::Pending).await;
    let (api, admin) = (&server.api, server.admin_token().await);
    let record = api.register(&admin, &json!({ "grant_types": ["client_credentials"] })).await.expect(201);
    let client = Credentials::of(&record);
    let stranger = Credentials { id: client.id.clone(), secret: "wrong".to_owned() };
    let unknown = expect_unauthenticated(ask(api, &stranger, "").await, true);
    let said = expect_unauthenticated(ask(api, &client, "").await, true);
    assert!(said.contains("approval"), "{said}");
    server.administrate(&client.id, |client| client.status = ClientStatus::Active).await;
    let token = api.token(&client, "").await;
    server.administrate(&client.id, |client| client.status = ClientStatus::Suspended).await;
    let said = expect_unauthenticated(ask(api, &client, "").await, true);
    assert!(said.contains("suspended"), "{said}");
    assert_eq!(expect_unauthenticated(ask(api, &stranger, "").await, true), unknown);
    assert_eq!(api.introspect(&server.gateway, &token).await.expect(200), json!({ "active": false }));
}

#[rstest]
#[tokio::test]
async fn clients_of_another_domain_are_unknown(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let other = server.add_domain("other").await;
    expect_unauthenticated(ask(&server.api, &other, "").await, true);
    ask(&server.api.in_domain("other"), &other, "").await.expect(200);
}
