//! Clients that are a URL (draft-ietf-oauth-client-id-metadata-document): fetched, judged, kept, and kept in check.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use registrar::clients::find::{Fetching, FindIn, Found};
use registrar::config::Settings;
use registrar::fetch::Fetcher;
use registrar::model::client::Origin as ClientOrigin;
use registrar::model::client::{Client, ClientStatus};
use registrar::model::oauth_error::OAuthError;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Backend, ClientKey, Database, Origin, TestServer, assertion_claims, assertion_form};

const PATH: &str = "/oauth/client.json";

const DAY: i64 = 86_400;

/// Serves a document about its own URL, with other members; null removes one.
pub fn publish(origin: &Origin, path: &str, changes: &Value) -> String {
    let id = origin.url(path);
    let mut document = json!({
        "client_id": id, "client_name": "App", "redirect_uris": ["https://app.example.com/cb"],
        "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
    });
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    document.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    origin.publish(path, document)
}

async fn find(server: &TestServer, id: &str, fetching: Fetching) -> Result<Found, OAuthError> {
    let domain = server.domain().await;
    let documents = server.app.takes_client_documents(&domain.domain.settings);
    server.app.registry.find_client(FindIn { domain: &domain, documents }, id, fetching).await
}

async fn client(server: &TestServer, id: &str, fetching: Fetching) -> Client {
    match find(server, id, fetching).await {
        Ok(Found::Known(entry)) => entry.client.clone(),
        other => panic!("{id}: {other:?}"),
    }
}

/// Why a document is not taken; nothing was stored.
async fn refused(server: &TestServer, id: &str) -> String {
    match find(server, id, Fetching::Allowed).await {
        Err(error) => {
            assert_eq!((error.code, error.status), ("invalid_client", 401), "{error}");
            error.description
        }
        Ok(found) => panic!("{id}: {found:?}"),
    }
}

async fn token(server: &TestServer, form: &str) -> Answer {
    server.api.form_post("/oauth/token", &format!("grant_type=client_credentials&{form}")).await
}

/// Presents an assertion by the client of this URL.
async fn by_key(server: &TestServer, key: &ClientKey, id: &str) -> Answer {
    let claims = assertion_claims(id, &server.app.issuer_of("main"), server.clock.now(), &json!({}));
    token(server, &assertion_form(&key.sign(&claims))).await
}

#[rstest]
#[tokio::test]
async fn a_document_becomes_a_client_once_it_may_be_fetched(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let id = publish(
        &origin,
        PATH,
        &json!({
            "redirect_uris": ["http://127.0.0.1/callback", "com.example.app:/cb", "https://app.example.com/cb"],
            "grant_types": ["authorization_code", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
            "response_types": ["code", "token"], "logo_uri": "https://static.example.org/logo.png",
            "scope": "openid profile", "trusted": true, "software_statement": "x.y.z",
            "sector_identifier_uri": "https://app.example.com/sector",
        }),
    );
    assert!(matches!(find(&server, &id, Fetching::No).await, Ok(Found::NeedsFetch)));
    assert_eq!(origin.requests(), 0, "nobody in particular makes the server send a request");

    let known = client(&server, &id, Fetching::Allowed).await;
    assert_eq!(
        (known.client_id.as_str(), known.origin, known.status),
        (&*id, ClientOrigin::ClientDocument, ClientStatus::Active)
    );
    assert!(known.is_public() && known.settings.require_pkce && known.takes_method("none"));
    assert!(!known.takes_method("private_key_jwt"));
    let metadata = Value::Object(known.metadata.to_object());
    assert_eq!(metadata["redirect_uris"].as_array().unwrap().len(), 3);
    assert_eq!(metadata["grant_types"], json!(["authorization_code"]));
    assert_eq!(metadata["response_types"], json!(["code"]));
    assert_eq!(metadata["client_name"], "App");
    for gone in ["client_id", "trusted", "software_statement", "sector_identifier_uri"] {
        assert!(metadata.get(gone).is_none(), "{gone}");
    }
    assert_eq!(known.policy_id, server.domain().await.policy("mcp").map(|policy| policy.id));

    // From memory, from the database, and in a process that knows nothing yet.
    for fetching in [Fetching::No, Fetching::Allowed] {
        assert_eq!(client(&server, &id, fetching).await.metadata, known.metadata);
        server.app.store.cache().clear();
    }
    assert_eq!(origin.requests(), 1);
    assert_eq!(server.client_count().await, 1, "the gateway registrar alone is registered");
}

#[rstest]
#[tokio::test]
async fn other_ids_are_found_as_ever(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    for fetching in [Fetching::No, Fetching::Allowed] {
        assert!(matches!(find(&server, &server.gateway.id, fetching).await, Ok(Found::Known(_))));
        for unknown in ["", "nobody", "a\0b", "https://app.example.com/", "http://app.example.com/x", &"x".repeat(301)]
        {
            assert!(matches!(find(&server, unknown, fetching).await, Ok(Found::Unknown)), "{unknown}");
        }
    }
    let machine = server.add_machine("").await;
    server.delete_client(&machine.id).await;
    assert!(matches!(find(&server, &machine.id, Fetching::No).await, Ok(Found::Deleted)));
}

#[rstest]
#[tokio::test]
async fn a_document_that_breaks_a_rule_is_refused_with_the_reason(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let private = json!({ "keys": [{ "kty": "oct", "k": "AA" }] });
    for (number, (changes, says)) in [
        (json!({ "client_id": origin.url("/another.json") }), "client_id: is not the URL"),
        (json!({ "client_id": null }), "client_id: is not the URL"),
        (json!({ "client_name": null }), "client_name: is missing"),
        (json!({ "redirect_uris": [] }), "redirect_uris: are missing"),
        (json!({ "redirect_uris": [5] }), "redirect_uris"),
        (json!({ "redirect_uris": ["http://app.example.com/cb"] }), "uses http beyond this machine"),
        (json!({ "redirect_uris": ["https://app.example.com/cb", "javascript:alert(1)"] }), "does not lead back"),
        (json!({ "redirect_uris": ["https://app.example.com/*"] }), "wildcard"),
        (json!({ "token_endpoint_auth_method": "client_secret_basic" }), "must be none, or private_key_jwt"),
        (json!({ "token_endpoint_auth_method": "client_secret_jwt" }), "must be none, or private_key_jwt"),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), "must be none, or private_key_jwt"),
        (json!({ "client_secret": "x" }), "stands in a public document"),
        (json!({ "jwks_uri": "http://app.example.com/jwks" }), "jwks_uri"),
        (json!({ "jwks": private }), "symmetric"),
        (json!({ "client_uri": "javascript:alert(1)" }), "client_uri"),
        (json!({ "grant_types": ["implicit"], "redirect_uris": ["urn:ietf:wg:oauth:2.0:oob"] }), "does not lead back"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = publish(&origin, &format!("/wrong/{number}.json"), &changes);
        let said = refused(&server, &id).await;
        assert!(
            said.starts_with("client_id: the metadata document is refused: ") && said.contains(says),
            "{says}: {said}"
        );
    }
    for (path, document) in [("/list.json", json!([])), ("/text.json", json!("x"))] {
        let id = origin.publish(path, document);
        assert!(refused(&server, &id).await.contains("not a JSON object"));
    }
    assert_eq!(server.database.count("select count(*) from client_documents").await, 0);
}

#[rstest]
#[tokio::test]
async fn the_domains_policy_binds_documents_as_it_stands_now(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let id = publish(&origin, PATH, &json!({ "scope": "openid orders" }));
    assert_eq!(client(&server, &id, Fetching::Allowed).await.metadata.scope.unwrap().to_string(), "openid");
    server.add_scopes(&["orders"]).await;
    assert_eq!(client(&server, &id, Fetching::No).await.metadata.scope.unwrap().to_string(), "openid orders");
    server.set_policy("mcp", |policy| policy.denied_redirect_hosts = vec![".example.com".to_owned()]).await;
    for fetching in [Fetching::No, Fetching::Allowed] {
        let error = find(&server, &id, fetching).await.unwrap_err();
        assert!(error.description.contains("a host that the policy does not allow"), "{error}");
    }
    server.set_policy("mcp", |policy| policy.denied_redirect_hosts = Vec::new()).await;
    server.set_domain(|settings| settings.blocked_redirect_hosts = vec!["app.example.com".to_owned()]).await;
    assert!(find(&server, &id, Fetching::No).await.is_err());
    server.set_domain(|settings| settings.blocked_redirect_hosts = Vec::new()).await;
    server.set_policy("mcp", |policy| policy.auth_methods = vec!["client_secret_basic".to_owned()]).await;
    let error = find(&server, &id, Fetching::No).await.unwrap_err();
    assert!(error.description.contains("token_endpoint_auth_method"), "{error}");
    server.set_policy("mcp", |policy| policy.auth_methods = vec!["none".to_owned()]).await;
    client(&server, &id, Fetching::No).await;
    assert_eq!(origin.requests(), 1);
}

#[rstest]
#[tokio::test]
async fn the_switch_and_the_lists_of_hosts_count_at_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let id = publish(&origin, PATH, &json!({}));
    let supported = async || {
        let document = server.api.get(&server.api.url("/oidc/.well-known/openid-configuration")).await.expect(200);
        document.get("client_id_metadata_document_supported").cloned()
    };
    client(&server, &id, Fetching::Allowed).await;
    assert_eq!(supported().await, Some(json!(true)), "the quick start takes them");
    server.set_domain(|settings| settings.quick_start = false).await;
    assert_eq!(supported().await, None, "absent rather than false");
    assert!(matches!(find(&server, &id, Fetching::Allowed).await, Ok(Found::Unknown)));
    server.set_domain(|settings| settings.client_documents = true).await;
    assert_eq!(supported().await, Some(json!(true)));
    client(&server, &id, Fetching::No).await;

    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    for (allowed, denied, taken) in [
        (&["origin.test"][..], &[][..], true),
        (&["*.test"], &[], true),
        (&["*.origin.test"], &[], false),
        (&["other.test"], &[], false),
        (&[], &["origin.test"], false),
        (&[], &["*.test"], false),
        (&[], &["*.other.test"], true),
        (&[], &[id.as_str()], false),
        (&["origin.test"], &[id.as_str()], false),
        (&["origin.test"], &[&format!("{id}x")], true),
    ] {
        server
            .set_domain(|settings| {
                settings.client_document_allowed_hosts = owned(allowed);
                settings.client_document_denied_hosts = owned(denied);
            })
            .await;
        for fetching in [Fetching::No, Fetching::Allowed] {
            match find(&server, &id, fetching).await {
                Ok(Found::Known(_)) => assert!(taken, "{allowed:?} {denied:?}"),
                Err(error) => assert!(!taken && error.description.contains("ask the administrator"), "{error}"),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(origin.requests(), 1, "nothing is fetched from a host that is not taken");
}

#[tokio::test]
async fn a_server_that_others_reach_takes_documents_by_the_switch_alone() {
    let change = |settings: &mut Settings| settings.public_url = Some("https://auth.example.com".parse().unwrap());
    let Some(server) = TestServer::start_with(Backend::Sqlite, change).await else { return };
    let settings = server.domain().await.domain.settings.clone();
    assert!(settings.quick_start && !server.app.takes_client_documents(&settings));
    assert!(matches!(find(&server, "https://app.example.com/x", Fetching::Allowed).await, Ok(Found::Unknown)));
}

#[rstest]
#[case(None, 3_600)]
#[case(Some("max-age=600"), 600)]
#[case(Some("no-store"), 300)]
#[case(Some("max-age=1"), 300)]
#[case(Some("max-age=31536000"), DAY)]
#[tokio::test]
async fn a_document_is_kept_by_its_own_account_within_bounds(#[case] says: Option<&str>, #[case] kept: i64) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(Backend::Sqlite, origin.fetcher()).await else { return };
    let id = publish(&origin, PATH, &json!({}));
    if let Some(value) = says {
        origin.cache_control(PATH, value);
    }
    client(&server, &id, Fetching::Allowed).await;
    publish(&origin, PATH, &json!({ "client_name": "Renamed" }));
    server.advance(kept - 1);
    assert_eq!(client(&server, &id, Fetching::Allowed).await.metadata.client_name.unwrap(), "App");
    server.advance(1);
    assert_eq!(client(&server, &id, Fetching::No).await.metadata.client_name.unwrap(), "App", "stale, but known");
    assert_eq!(origin.requests(), 1);
    assert_eq!(client(&server, &id, Fetching::Allowed).await.metadata.client_name.unwrap(), "Renamed");
    assert_eq!(origin.requests(), 2);
}

#[rstest]
#[tokio::test]
async fn while_its_server_is_away_a_document_goes_on_for_a_week(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let id = publish(&origin, PATH, &json!({}));
    client(&server, &id, Fetching::Allowed).await;
    origin.fail(PATH, 503);
    server.advance(DAY);
    for _ in 0..5 {
        client(&server, &id, Fetching::Allowed).await;
    }
    assert_eq!(origin.requests(), 2, "a failure is not repeated at once");
    server.advance(60);
    client(&server, &id, Fetching::Allowed).await;
    assert_eq!(origin.requests(), 3);
    server.advance(6 * DAY - 61);
    client(&server, &id, Fetching::Allowed).await;
    client(&server, &id, Fetching::No).await;
    server.advance(1);
    assert!(matches!(find(&server, &id, Fetching::No).await, Ok(Found::NeedsFetch)));
    assert!(refused(&server, &id).await.contains("cannot be fetched: status 503"));
    // Back again.
    publish(&origin, PATH, &json!({}));
    assert!(refused(&server, &id).await.contains("cannot be fetched: status 503"), "remembered for a minute");
    server.advance(60);
    client(&server, &id, Fetching::Allowed).await;
}

#[rstest]
#[case(404)]
#[case(410)]
#[tokio::test]
async fn a_document_that_its_server_took_back_counts_no_more(#[case] status: u16) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(Backend::Sqlite, origin.fetcher()).await else { return };
    let id = publish(&origin, PATH, &json!({}));
    client(&server, &id, Fetching::Allowed).await;
    origin.fail(PATH, status);
    server.advance(3_600);
    assert!(refused(&server, &id).await.contains(&format!("status {status}")));
    assert!(matches!(find(&server, &id, Fetching::No).await, Ok(Found::NeedsFetch)));
    let event = server.audited(|event| event.action == "client_document.remove").await;
    assert_eq!((event.target.as_str(), event.actor.as_str()), (&*id, "server"));
}

#[rstest]
#[tokio::test]
async fn a_document_that_became_unacceptable_counts_at_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let id = publish(&origin, PATH, &json!({}));
    client(&server, &id, Fetching::Allowed).await;
    publish(&origin, PATH, &json!({ "token_endpoint_auth_method": "client_secret_post" }));
    server.advance(3_600);
    for _ in 0..3 {
        assert!(refused(&server, &id).await.contains("must be none"));
    }
    assert_eq!(origin.requests(), 2);
    assert_eq!(server.database.count("select count(*) from client_documents").await, 0);
}

#[rstest]
#[tokio::test]
async fn many_who_want_one_document_are_one_request(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let server = Arc::new(server);
    let (id, broken) = (publish(&origin, PATH, &json!({})), origin.fail("/broken.json", 500));
    for path in [PATH, "/broken.json"] {
        origin.delay(path, Duration::from_millis(300));
    }
    for (url, requests) in [(id, 1), (broken, 2)] {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (server, url) = (Arc::clone(&server), url.clone());
            tasks.spawn(async move { find(&server, &url, Fetching::Allowed).await.is_ok() });
        }
        assert_eq!(tasks.join_all().await, [requests == 1; 20]);
        assert_eq!(origin.requests(), requests);
    }
}

#[rstest]
#[tokio::test]
async fn other_redirects_or_keys_are_another_client_to_consent_to(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let id = publish(&origin, PATH, &json!({}));
    let changed_at = async || {
        client(&server, &id, Fetching::Allowed).await;
        server.database.count("select changed_at from client_documents").await
    };
    let mut last = changed_at().await;
    let key = ClientKey::new(Algorithm::ES256, "one");
    for (changes, is_another) in [
        (json!({ "client_name": "Renamed" }), false),
        (json!({ "redirect_uris": ["https://app.example.com/other"] }), true),
        (json!({ "redirect_uris": ["https://app.example.com/other"], "logo_uri": "https://a.example/x" }), false),
        (json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks() }), true),
        (json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": origin.url("/jwks") }), true),
    ] {
        publish(&origin, PATH, &changes);
        server.advance(3_600);
        let now = changed_at().await;
        assert_eq!(now != last, is_another, "{changes}");
        last = now;
    }
    let event = server.audited(|event| event.action == "client_document.change").await;
    assert_eq!(event.target, id);
    assert_eq!(
        server.database.count("select count(*) from audit_events where action = 'client_document.change'").await,
        3
    );
}

#[rstest]
#[tokio::test]
async fn a_widely_known_document_is_built_in_for_when_its_server_turns_us_away(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    // Names resolve to an address that may not be reached.
    let fetcher = Fetcher::guarded(&Settings::default().fetch).unwrap();
    let fetcher = fetcher.with_lookup(Arc::new(|_| vec!["127.0.0.1".parse().unwrap()]));
    let Some(server) = TestServer::start_with_fetcher(backend, fetcher).await else { return };
    for (id, redirect) in [
        ("https://vscode.dev/oauth/client-metadata.json", "https://vscode.dev/redirect"),
        ("https://claude.ai/oauth/claude-code-client-metadata", "http://localhost/callback"),
        ("https://claude.ai/oauth/mcp-oauth-client-metadata", "https://claude.ai/api/mcp/auth_callback"),
        ("https://chatgpt.com/oauth/client.json", "https://chatgpt.com/connector_platform_oauth_redirect"),
        ("https://zed.dev/oauth/client-metadata.json", "http://127.0.0.1/callback"),
    ] {
        assert!(matches!(find(&server, id, Fetching::No).await, Ok(Found::NeedsFetch)), "{id}");
        let known = client(&server, id, Fetching::Allowed).await;
        assert!(known.metadata.redirects().contains(&redirect.to_owned()), "{id}");
        assert!(known.takes_method("none"));
        client(&server, id, Fetching::No).await;
    }
    let built_in = "select count(*) from client_documents where source = 'built_in'";
    assert_eq!(server.database.count(built_in).await, 5);
    server.set_domain(|settings| settings.client_document_denied_hosts = vec!["claude.ai".to_owned()]).await;
    assert!(
        refused(&server, "https://claude.ai/oauth/claude-code-client-metadata").await.contains("ask the administrator")
    );
    for unknown in ["https://chatgpt.com/oauth/other/client.json", "https://app.example.com/client.json"] {
        assert!(refused(&server, unknown).await.contains("cannot be fetched: no server answers at a public address"));
    }
}

#[rstest]
#[tokio::test]
async fn addresses_that_are_nobodys_business_are_not_fetched(
    #[values("10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254")] address: &'static str,
) {
    let fetcher = Fetcher::guarded(&Settings::default().fetch).unwrap();
    let fetcher = fetcher.with_lookup(Arc::new(move |_| vec![address.parse().unwrap()]));
    let Some(server) = TestServer::start_with_fetcher(Backend::Sqlite, fetcher).await else { return };
    let literal = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
    for host in ["rebind.example", "localhost", &literal] {
        let said = refused(&server, &format!("https://{host}/latest/meta-data")).await;
        assert!(said.contains("no server answers at a public address"), "{host}: {said}");
    }
}

#[rstest]
#[tokio::test]
async fn a_document_with_keys_proves_them_at_the_token_endpoint(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let key = ClientKey::new(Algorithm::RS256, "one");
    let uri = origin.publish("/jwks.json", key.jwks());
    let members = json!({
        "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri,
        "grant_types": ["authorization_code", "client_credentials"],
    });
    let id = publish(&origin, PATH, &members);
    let said = by_key(&server, &key, &id).await.expect_error(400, "unauthorized_client");
    assert!(said.contains("not registered for client_credentials"), "{said}");
    server.set_policy("mcp", |policy| policy.grant_types.push("client_credentials".to_owned())).await;
    let body = by_key(&server, &key, &id).await.expect(200);
    let access_token = body["access_token"].as_str().unwrap();
    assert!(server.api.is_active(&server.gateway, access_token).await);

    let encoded: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    for form in [format!("client_id={encoded}"), format!("client_id={encoded}&client_secret=x")] {
        let said = token(&server, &form).await.expect_error(401, "invalid_client");
        assert!(said.contains("must authenticate with a client_assertion"), "{said}");
    }
    // Refused hosts end at once, and the tokens with them.
    server.set_domain(|settings| settings.client_document_denied_hosts = vec!["origin.test".to_owned()]).await;
    by_key(&server, &key, &id).await.expect_error(401, "invalid_client");
    assert!(!server.api.is_active(&server.gateway, access_token).await);
    server.set_domain(|settings| settings.client_document_denied_hosts = Vec::new()).await;
    assert!(server.api.is_active(&server.gateway, access_token).await);
    server.write_usage().await;
    assert_eq!(server.database.count(&format!("select count(*) from client_usage where client_id = '{id}'")).await, 1);
}

#[rstest]
#[tokio::test]
async fn a_document_that_lists_both_methods_may_use_either(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let key = ClientKey::new(Algorithm::RS256, "one");
    let id = publish(
        &origin,
        PATH,
        &json!({
            "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks(),
            "token_endpoint_auth_methods_supported": ["none", "private_key_jwt", "client_secret_post"],
            "grant_types": ["authorization_code", "client_credentials"],
        }),
    );
    server.set_policy("mcp", |policy| policy.grant_types.push("client_credentials".to_owned())).await;
    let known = client(&server, &id, Fetching::Allowed).await;
    assert!(!known.is_public() && known.takes_method("none") && known.takes_method("private_key_jwt"));
    assert!(!known.takes_method("client_secret_post"));
    by_key(&server, &key, &id).await.expect(200);
    // Known by its name alone, it does not act for itself.
    let encoded: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    let said = token(&server, &format!("client_id={encoded}")).await.expect_error(400, "unauthorized_client");
    assert!(said.contains("a public client cannot use client_credentials"), "{said}");
    // A registered client cannot say so of itself.
    let body = json!({
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks(),
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
    });
    let record = server.api.register(&server.admin_token().await, &body).await.expect(201);
    let form = format!("client_id={}", record["client_id"].as_str().unwrap());
    token(&server, &form).await.expect_error(401, "invalid_client");
}

#[rstest]
#[tokio::test]
async fn strangers_make_the_server_fetch_only_so_often(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let origin = Origin::start().await;
    let Some(database) = Database::fresh(backend).await else { return };
    let limited = |settings: &mut Settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.failed_authentications_per_minute = 5;
    };
    let server = TestServer::on(database, limited, Some(origin.fetcher())).await;
    let mut statuses = Vec::new();
    for number in 0..10 {
        let encoded: String =
            url::form_urlencoded::byte_serialize(origin.url(&format!("/{number}.json")).as_bytes()).collect();
        statuses.push(token(&server, &format!("client_id={encoded}")).await.status.as_u16());
    }
    assert!(origin.requests() <= 5, "{}", origin.requests());
    assert_eq!((statuses[0], statuses[9]), (401, 429), "{statuses:?}");
}

#[tokio::test]
async fn what_one_replica_learns_of_a_document_the_other_knows() {
    let origin = Origin::start().await;
    let Some(database) = Database::fresh(Backend::Postgres).await else { return };
    let public = |settings: &mut Settings| settings.public_url = Some("http://127.0.0.1:9".parse().unwrap());
    let one = TestServer::on(database.clone(), public, Some(origin.fetcher())).await;
    let two = TestServer::on(database, public, Some(origin.fetcher())).await;
    let id = publish(&origin, PATH, &json!({}));
    client(&one, &id, Fetching::Allowed).await;
    assert_eq!(client(&two, &id, Fetching::No).await.metadata.client_name.unwrap(), "App");
    assert_eq!(origin.requests(), 1);
    publish(&origin, PATH, &json!({ "client_name": "Renamed" }));
    one.advance(3_600);
    client(&one, &id, Fetching::Allowed).await;
    crate::support::eventually("the other replica knows", Duration::from_secs(5), async || {
        client(&two, &id, Fetching::No).await.metadata.client_name.unwrap() == "Renamed"
    })
    .await;
    assert_eq!(origin.requests(), 2);
}
