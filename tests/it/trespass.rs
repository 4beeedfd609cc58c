//! Going where one has no business: other domains, forged tokens, the network behind the server, changes in between.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use registrar::clients::update::{Holder, Managing, UpdateKind};
use registrar::config::Settings;
use registrar::fetch::Fetcher;
use registrar::model::audit_event::Actor;
use registrar::model::client::ClientStatus;
use registrar::model::id::ClientId;
use registrar::model::oauth_error::OAuthError;
use registrar::model::secret::Secret;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Backend, Credentials, TestServer, make_initial_access_token};

fn machine() -> Value {
    json!({ "grant_types": ["client_credentials"] })
}

#[rstest]
#[tokio::test]
async fn nothing_of_one_domain_is_worth_anything_in_another(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let own = &server.api;
    let other_gateway = server.add_domain("other").await;
    let other = own.in_domain("other");
    let admin = server.admin_token().await;
    let domain = server.domain().await;
    let initial = make_initial_access_token(&server.app.store, &server.app.keys, (&domain, 5)).await;
    let record = own.register(&admin, &machine()).await.expect(201);
    let client = Credentials::of(&record);
    let access = own.token(&client, "").await;

    for token in [&admin, &initial, &access] {
        other.register(token, &machine()).await.expect_error(401, "invalid_token");
    }
    let owner = record["registration_access_token"].as_str().unwrap();
    for (method, suffix) in [("GET", ""), ("DELETE", ""), ("PUT", ""), ("PATCH", ""), ("POST", "/renew_secret")] {
        let url = format!("{}{suffix}", other.client_url(&record));
        for token in [owner, &admin] {
            let method: Method = method.parse().unwrap();
            other.json(method, &url, token, "{}").await.expect_error(401, "invalid_token");
        }
    }
    for credentials in [&client, &server.gateway] {
        other.token_answer(credentials, "").await.expect_error(401, "invalid_client");
        other.introspect(credentials, &access).await.expect_error(401, "invalid_client");
        let revoked = other.form("/oauth/revoke", credentials, &format!("token={access}")).await;
        revoked.expect_error(401, "invalid_client");
    }
    assert_eq!(other.introspect(&other_gateway, &access).await.expect(200), json!({ "active": false }));
    other.form("/oauth/revoke", &other_gateway, &format!("token={access}")).await.expect(200);
    assert_eq!(own.introspect(&client, &access).await.expect(200)["active"], true, "nobody else can end it");
    let foreign = other.token(&other_gateway, "dcr_admin").await;
    own.bare(Method::GET, &own.client_url(&record), &foreign).await.expect_error(401, "invalid_token");
    assert_eq!(server.database.count("select uses from initial_access_tokens").await, 0);
}

#[rstest]
#[tokio::test]
async fn forged_tokens_are_inactive_and_open_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let admin = server.admin_token().await;
    let [header, claims, signature] = admin.split('.').collect::<Vec<_>>().try_into().unwrap();
    let keys = api.get(&api.url("/oidc/.well-known/jwks.json")).await.expect(200);
    let kids: Vec<&str> = keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
    let own: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let kid = own["kid"].as_str().unwrap();
    let rsa = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == *kid).unwrap();
    let modulus = rsa["n"].as_str().unwrap();
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let shared = |secret: &[u8]| {
        let input = format!("{}.{claims}", encode(json!({ "alg": "HS256", "kid": kid, "typ": "JWT" })));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    };
    let mut forged = vec![
        format!("{}.{claims}.", encode(json!({ "alg": "none", "kid": kid }))),
        format!("{}.{claims}.{signature}", encode(json!({ "alg": "none", "kid": kid }))),
        format!("{}.{claims}.{signature}", encode(json!({ "alg": "RS256" }))),
        format!("{}.{claims}.{signature}", encode(json!({ "alg": "RS512", "kid": kid }))),
        shared(modulus.as_bytes()),
        shared(&URL_SAFE_NO_PAD.decode(modulus).unwrap()),
        shared(rsa.to_string().as_bytes()),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{header}.{claims}.{signature}.{signature}"),
        format!("{header}..{signature}"),
        format!("{header}.{}.{signature}", encode(json!({ "scope": "dcr_admin" }))),
        admin.to_uppercase(),
        format!("{admin}="),
        "x".repeat(9_000),
    ];
    let injected = ["", "../../../dev/null", "' or '1'='1", "\0", kids.iter().find(|other| **other != kid).unwrap()];
    forged.extend(injected.map(|kid| {
        let header = encode(json!({ "alg": "RS256", "kid": kid, "jku": "https://a.example/k", "jwk": rsa }));
        format!("{header}.{claims}.{signature}")
    }));
    for token in &forged {
        let answer = api.introspect(&server.gateway, token).await;
        assert_eq!(answer.expect(200), json!({ "active": false }), "{token}");
        api.register(token, &machine()).await.expect_error(401, "invalid_token");
    }
    assert_eq!(server.database.count("select count(*) from clients").await, 1);
}

#[rstest]
#[case("https://127.0.0.1/keys")]
#[case("https://169.254.169.254/latest/meta-data")]
#[case("https://[::1]/keys")]
#[case("https://[::ffff:10.0.0.1]/keys")]
#[case("https://2130706433/keys")]
#[case("https://0x7f000001/keys")]
#[case("https://0177.0.0.1/keys")]
#[case("https://127.1/keys")]
#[case("https://127.0.0.1./keys")]
#[case("https://private.example/keys")]
#[case("https://mixed.example/keys")]
#[case("https://localhost/keys")]
#[tokio::test]
async fn documents_are_not_fetched_from_where_only_the_server_gets(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] uri: &str,
) {
    let lookup = |name: &str| -> Vec<IpAddr> {
        let addresses = match name {
            "mixed.example" => vec!["1.1.1.1", "192.168.0.1"],
            _ => vec!["10.1.2.3"],
        };
        addresses.into_iter().map(|address| address.parse().unwrap()).collect()
    };
    let fetcher = Fetcher::guarded(&Settings::default().fetch).unwrap().with_lookup(Arc::new(lookup));
    let Some(server) = TestServer::start_with_fetcher(backend, fetcher).await else { return };
    let admin = server.admin_token().await;
    let redirects = json!(["https://a.example/cb"]);
    for body in [
        json!({ "jwks_uri": uri, "redirect_uris": redirects }),
        json!({ "sector_identifier_uri": uri, "subject_type": "pairwise", "redirect_uris": redirects }),
    ] {
        let said = server.api.register(&admin, &body).await.expect_error(400, "invalid_client_metadata");
        assert!(said.contains("no server answers at a public address"), "{said}");
    }
    let http = json!({ "jwks_uri": uri.replace("https", "http"), "redirect_uris": redirects });
    server.api.register(&admin, &http).await.expect_error(400, "invalid_client_metadata");
    assert_eq!(server.database.count("select count(*) from clients").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_right_that_ended_between_the_look_and_the_change_is_no_right(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let admin = server.admin_token().await;
    let record = server.api.register(&admin, &machine()).await.expect(201);
    let id = ClientId(record["client_id"].as_str().unwrap().to_owned());
    let domain = server.domain().await;
    let looked = async || server.app.store.read_client(domain.id(), &id).await.unwrap().unwrap();
    let owner = Holder::RegistrationAccessToken(Secret::new(record["registration_access_token"].as_str().unwrap()));
    let actor = Actor::local("test");
    let request = Managing { domain: &domain, holder: &owner, actor: &actor };
    let registry = &server.app.registry;

    let before = [looked().await, looked().await, looked().await];
    server.administrate(&id.0, |client| client.status = ClientStatus::Suspended).await;
    let [put, renewal, deletion] = before;
    let body = machine().as_object().unwrap().clone();
    let refused = registry.update(&request, put, UpdateKind::Put, body.clone()).await.unwrap_err();
    assert_eq!(OAuthError::from(refused).code, "registration_forbidden");
    assert_eq!(registry.renew(&request, renewal).await.unwrap_err().code, "registration_forbidden");
    assert_eq!(registry.delete(&request, deletion).await.unwrap_err().code, "registration_forbidden");

    server.administrate(&id.0, |client| client.status = ClientStatus::Active).await;
    let before = looked().await;
    server.administrate(&id.0, |client| client.registration_token = Some(b"another".to_vec())).await;
    let refused = registry.update(&request, before, UpdateKind::Put, body).await.unwrap_err();
    assert_eq!(OAuthError::from(refused).code, "invalid_token");
}

#[rstest]
#[tokio::test]
async fn a_client_whose_policy_is_gone_cannot_widen_itself(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let admin = server.admin_token().await;
    let record = server.api.register(&admin, &machine()).await.expect(201);
    let domain = server.domain().await;
    let audit = Actor::local("test").did(&server.clock, Some(domain.id()), "policy.delete", "gateway");
    let policy = domain.policy("gateway").unwrap();
    assert!(server.app.store.delete_policy(domain.id(), policy, &audit).await.unwrap());
    let wider = json!({ "grant_types": ["authorization_code"], "redirect_uris": ["https://a.example/cb"] });
    server.api.put(&record, &wider).await.expect_error(403, "registration_forbidden");
    server.api.read(&record).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn a_flood_of_refusals_does_not_fill_the_audit_log(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let limit = |settings: &mut Settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.failed_authentications_per_minute = 5;
    };
    let Some(server) = TestServer::start_with(backend, limit).await else { return };
    for n in 0..50 {
        let status = server.api.register("nonsense", &machine()).await.status;
        assert_eq!(status, if n < 5 { 401 } else { 429 });
    }
    let database = server.database.clone();
    server.stop().await;
    assert_eq!(database.count("select count(*) from audit_events where outcome = 'refused'").await, 5);
}
