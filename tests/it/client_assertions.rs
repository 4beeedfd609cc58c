//! Client authentication by signed assertions: `private_key_jwt` and `client_secret_jwt` (RFC 7523 §3, OIDC Core §9).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use registrar::clients::manual::Wanted;
use registrar::model::client::ClientStatus;
use registrar::model::secret::Secret;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{
    Answer, Backend, ClientKey, Credentials, Database, Origin, TestServer, assertion_claims, assertion_form,
};

const GRANT: &str = "grant_type=client_credentials";

/// A machine that a gateway registers with these members.
async fn registered(server: &TestServer, members: Value) -> Value {
    let mut body = json!({ "client_name": "Machine", "grant_types": ["client_credentials"] });
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    server.api.register(&server.admin_token().await, &body).await.expect(201)
}

async fn with_key(server: &TestServer, key: &ClientKey) -> String {
    let record =
        registered(server, json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks() })).await;
    assert!(record.get("client_secret").is_none() && record.get("client_secret_expires_at").is_none(), "{record}");
    record["client_id"].as_str().unwrap().to_owned()
}

fn good(server: &TestServer, id: &str, changes: &Value) -> Value {
    let domain = "main";
    assertion_claims(id, &server.app.issuer_of(domain), server.clock.now(), changes)
}

async fn ask(server: &TestServer, assertion: &str) -> Answer {
    server.api.form_post("/oauth/token", &format!("{GRANT}&{}", assertion_form(assertion))).await
}

/// 401 without a challenge, since Basic was not tried; the assertion is not repeated.
#[track_caller]
fn expect_refused(answer: Answer, says: &str) {
    assert_eq!(answer.header("www-authenticate"), "");
    let said = answer.expect_error(401, "invalid_client");
    assert!(said.contains(says), "{says}: {said}");
    assert!(!said.contains("eyJ"), "{said}");
}

#[rstest]
#[tokio::test]
async fn a_client_proves_its_key_by_every_algorithm(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    for algorithm in [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA] {
        let key = ClientKey::new(algorithm, "one");
        let id = with_key(&server, &key).await;
        let body = ask(&server, &key.sign(&good(&server, &id, &json!({})))).await.expect(200);
        assert_eq!(body["token_type"], "Bearer", "{algorithm:?}");
        // The client may be named beside it, and the key need not be.
        let nameless = key.nameless();
        let form = assertion_form(&nameless.sign(&good(&server, &id, &json!({}))));
        server.api.form_post("/oauth/token", &format!("{GRANT}&client_id={id}&{form}")).await.expect(200);
        let form = assertion_form(&nameless.sign(&good(&server, &id, &json!({}))));
        let other = server.api.form_post("/oauth/token", &format!("{GRANT}&client_id=another&{form}")).await;
        expect_refused(other, "sub is not the client_id of the request");
    }
}

#[rstest]
#[tokio::test]
async fn what_proved_a_key_may_introspect_and_revoke(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let key = ClientKey::new(Algorithm::ES256, "one");
    let id = with_key(&server, &key).await;
    let sign = |aud: &str| assertion_form(&key.sign(&good(&server, &id, &json!({ "aud": aud }))));
    let issuer = server.app.issuer_of("main");
    let token = server.api.form_post("/oauth/token", &format!("{GRANT}&{}", sign(&issuer))).await.expect(200);
    let token = token["access_token"].as_str().unwrap();
    for (path, active) in [("introspect", true), ("revoke", true), ("introspect", false)] {
        let aud = format!("{}/main/oauth/{path}", server.app.public_url.as_str());
        let form = format!("token={token}&{}", sign(&aud));
        let answer = server.api.form_post(&format!("/oauth/{path}"), &form).await.expect(200);
        if path == "introspect" {
            assert_eq!(answer["active"], active);
        }
    }
}

#[rstest]
#[tokio::test]
async fn each_claim_is_held_to_its_rule(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let key = ClientKey::new(Algorithm::ES256, "one");
    let id = with_key(&server, &key).await;
    let now = server.clock.now().seconds();
    for (changes, says) in [
        (json!({ "iss": "another" }), "iss and sub differ"),
        (json!({ "iss": null }), "iss and sub must both be"),
        (json!({ "sub": null }), "iss and sub must both be"),
        (json!({ "iss": "another", "sub": "another" }), "unknown"),
        (json!({ "iss": 5, "sub": 5 }), "iss and sub must both be"),
        (json!({ "aud": null }), "aud must be the issuer"),
        (json!({ "aud": "https://another.example" }), "aud must be the issuer"),
        (json!({ "aud": [] }), "aud must be the issuer"),
        (json!({ "aud": ["https://another.example", 5] }), "aud must be the issuer"),
        (json!({ "aud": format!("{}//", server.app.issuer_of("main")) }), "aud must be the issuer"),
        (json!({ "aud": server.app.issuer_of("other") }), "aud must be the issuer"),
        (json!({ "exp": null }), "exp is missing"),
        (json!({ "exp": "soon" }), "exp must be a number"),
        (json!({ "exp": now }), "exp is past"),
        (json!({ "exp": now - 300 }), "exp is past"),
        (json!({ "exp": now + 3_601 }), "exp is more than 3600 seconds ahead"),
        (json!({ "exp": 1e300 }), "exp is more than 3600 seconds ahead"),
        (json!({ "iat": now + 61 }), "iat is more than 60 seconds ahead"),
        (json!({ "nbf": now + 61 }), "nbf is more than 60 seconds ahead"),
        (json!({ "nbf": "now" }), "nbf must be a number"),
        (json!({ "jti": null }), "jti is missing"),
        (json!({ "jti": "" }), "jti is missing"),
        (json!({ "jti": 5 }), "jti is missing"),
        (json!({ "x": "y".repeat(9_000) }), "longer than 8192"),
    ] {
        expect_refused(ask(&server, &key.sign(&good(&server, &id, &changes))).await, says);
    }
    for changes in [
        json!({ "iat": null }),
        json!({ "iat": now + 8, "nbf": now + 8 }),
        json!({ "iat": now + 60, "nbf": now - 1_000 }),
        json!({ "exp": now + 3_600 }),
        json!({ "exp": 60.5 + f64::from(i32::try_from(now).unwrap()) }),
    ] {
        ask(&server, &key.sign(&good(&server, &id, &changes))).await.expect(200);
    }
}

#[rstest]
#[tokio::test]
async fn the_audience_is_the_issuer_or_an_endpoint_under_any_of_its_names(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let inside = "http://registrar.internal:8080";
    let Some(server) =
        TestServer::start_with(backend, |settings| settings.extra_base_urls.0 = vec![inside.parse().unwrap()]).await
    else {
        return;
    };
    let key = ClientKey::new(Algorithm::ES256, "one");
    let id = with_key(&server, &key).await;
    let (issuer, public) = (server.app.issuer_of("main"), server.app.public_url.as_str().to_owned());
    for aud in [
        json!(issuer),
        json!(format!("{issuer}/")),
        json!([issuer]),
        json!(["https://another.example", format!("{public}/main/oauth/token")]),
        json!(format!("{inside}/main/oauth/token")),
    ] {
        ask(&server, &key.sign(&good(&server, &id, &json!({ "aud": aud })))).await.expect(200);
    }
    for aud in [json!(public), json!(format!("{public}/other/oauth/token")), json!(format!("{inside}/main/oidc"))] {
        let refused = ask(&server, &key.sign(&good(&server, &id, &json!({ "aud": aud })))).await;
        expect_refused(refused, "aud must be the issuer");
    }
}

#[rstest]
#[tokio::test]
async fn nobody_signs_with_what_everybody_knows(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let key = ClientKey::new(Algorithm::RS256, "one");
    let id = with_key(&server, &key).await;
    let claims = || good(&server, &id, &json!({}));
    // The public key as an HMAC key, in several spellings.
    for secret in [key.jwk()["n"].as_str().unwrap().to_owned(), key.jwk().to_string(), String::new(), id.clone()] {
        let forged = ClientKey::of_secret(secret.as_bytes()).sign(&claims());
        expect_refused(ask(&server, &forged).await, "registered for private_key_jwt, not for client_secret_jwt");
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = key.sign(&claims());
    let signature = signed.rsplit('.').next().unwrap();
    for (header, says) in [
        (json!({ "alg": "none" }), "alg is not one"),
        (json!({ "alg": "None" }), "alg is not one"),
        (json!({}), "alg is not one"),
        (json!({ "alg": "RS512", "kid": "one" }), "alg is not one"),
        (json!({ "alg": "ES256", "kid": "one" }), "no key of the client"),
        (json!({ "alg": "RS256", "kid": "two" }), "no key of the client"),
        (json!({ "alg": "RS256", "kid": "one", "crit": ["exp"] }), "crit"),
        (json!({ "alg": "RS256", "kid": "one" }), "not by a key of the client"),
    ] {
        for signature in ["", signature] {
            let forged = format!("{}.{}.{signature}", part(&header), part(&claims()));
            expect_refused(ask(&server, &forged).await, says);
        }
    }
    for malformed in ["x", "x.y.z", "a.b", "a.b.c.d", "eyJhbGciOiJSUzI1NiJ9.e30"] {
        expect_refused(ask(&server, malformed).await, "is not a signed JWT of three parts");
    }
    let twice = format!(r#"{{"iss":"{id}","sub":"{id}","sub":"other"}}"#);
    let forged = format!("{}.{}.{signature}", part(&json!({ "alg": "RS256" })), URL_SAFE_NO_PAD.encode(twice));
    expect_refused(ask(&server, &forged).await, "each member standing once");
    // Another client's key.
    let other = ClientKey::new(Algorithm::ES256, "one");
    let stranger = with_key(&server, &other).await;
    expect_refused(ask(&server, &other.sign(&claims())).await, "no key of the client");
    expect_refused(ask(&server, &key.sign(&good(&server, &stranger, &json!({})))).await, "no key of the client");
}

#[rstest]
#[tokio::test]
async fn an_assertion_is_taken_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let key = ClientKey::new(Algorithm::ES256, "one");
    let (one, two) = (with_key(&server, &key).await, with_key(&server, &key).await);
    let assertion = key.sign(&good(&server, &one, &json!({ "jti": "same" })));
    ask(&server, &assertion).await.expect(200);
    expect_refused(ask(&server, &assertion).await, "jti was used before");
    expect_refused(
        ask(&server, &key.sign(&good(&server, &one, &json!({ "jti": "same" })))).await,
        "jti was used before",
    );
    // It is each client's own, and a refused one is not used up.
    let wrong = json!({ "jti": "other", "aud": "https://another.example" });
    expect_refused(ask(&server, &key.sign(&good(&server, &one, &wrong))).await, "aud");
    ask(&server, &key.sign(&good(&server, &one, &json!({ "jti": "other" })))).await.expect(200);
    ask(&server, &key.sign(&good(&server, &two, &json!({ "jti": "same" })))).await.expect(200);
    let used = "select count(*) from used_assertions";
    assert_eq!(server.database.count(used).await, 3);
    server.housekeeping().await;
    assert_eq!(server.database.count(used).await, 0);
    ask(&server, &key.sign(&good(&server, &one, &json!({ "jti": "same" })))).await.expect(200);
}

#[tokio::test]
async fn of_two_replicas_one_takes_an_assertion() {
    let Some(database) = Database::fresh(Backend::Postgres).await else { return };
    let public = |settings: &mut registrar::config::Settings| {
        settings.public_url = Some("http://127.0.0.1:9".parse().unwrap());
    };
    let one = TestServer::on(database.clone(), public, None).await;
    let two = TestServer::on(database, public, None).await;
    let key = ClientKey::new(Algorithm::ES256, "one");
    let id = with_key(&one, &key).await;
    for _ in 0..5 {
        let assertion = key.sign(&good(&one, &id, &json!({})));
        let (first, second) = tokio::join!(ask(&one, &assertion), ask(&two, &assertion));
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }
}

#[rstest]
#[tokio::test]
async fn a_client_uses_the_method_and_algorithm_it_registered(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let key = ClientKey::new(Algorithm::RS256, "one");
    let id = with_key(&server, &key).await;
    for form in [format!("client_id={id}"), format!("client_id={id}&client_secret=x")] {
        let answer = server.api.form_post("/oauth/token", &format!("{GRANT}&{form}")).await;
        expect_refused(answer, "must authenticate with a client_assertion");
    }
    let basic = Credentials { id: id.clone(), secret: "x".to_owned() };
    assert!(!server.api.accepts(&basic).await);
    let form = format!("{GRANT}&client_secret=x&{}", assertion_form(&key.sign(&good(&server, &id, &json!({})))));
    server.api.form_post("/oauth/token", &form).await.expect_error(400, "invalid_request");
    server
        .api
        .form("/oauth/token", &basic, &form.replace("client_secret=x&", ""))
        .await
        .expect_error(400, "invalid_request");

    let method = "private_key_jwt";
    let members = |alg: &str| json!({ "token_endpoint_auth_method": method, "token_endpoint_auth_signing_alg": alg, "jwks": key.jwks() });
    let record = registered(&server, members("PS256")).await;
    let id = record["client_id"].as_str().unwrap();
    let refused = ask(&server, &key.sign(&good(&server, id, &json!({})))).await;
    expect_refused(refused, "alg is not PS256");
    ask(&server, &key.sign_as(Algorithm::PS256, &good(&server, id, &json!({})))).await.expect(200);
    let admin = server.admin_token().await;
    for wrong in [
        members("HS256"),
        members("none"),
        json!({ "token_endpoint_auth_method": method }),
        json!({ "token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "RS256" }),
    ] {
        let mut body = wrong.clone();
        body["grant_types"] = json!(["client_credentials"]);
        server.api.register(&admin, &body).await.expect_error(400, "invalid_client_metadata");
    }
    // A client with a secret proves no key that it may have as well.
    let with_secret = registered(&server, json!({ "jwks": key.jwks() })).await;
    let id = with_secret["client_id"].as_str().unwrap();
    let refused = ask(&server, &key.sign(&good(&server, id, &json!({})))).await;
    expect_refused(refused, "registered for client_secret_basic, not for private_key_jwt");
    let hmac = ClientKey::of_secret(with_secret["client_secret"].as_str().unwrap().as_bytes());
    let refused = ask(&server, &hmac.sign(&good(&server, id, &json!({})))).await;
    expect_refused(refused, "registered for client_secret_basic, not for client_secret_jwt");
}

#[rstest]
#[tokio::test]
async fn the_type_of_the_assertion_is_named_exactly(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let key = ClientKey::new(Algorithm::ES256, "one");
    let id = with_key(&server, &key).await;
    let assertion = key.sign(&good(&server, &id, &json!({})));
    let bearer = "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    for (form, says) in [
        (format!("client_assertion={assertion}"), "client_assertion_type: must be urn:ietf"),
        (format!("client_assertion={assertion}&{bearer}x"), "client_assertion_type: must be urn:ietf"),
        (bearer.to_owned(), "client_assertion: is missing"),
        (format!("{bearer}&client_assertion="), "client_assertion: is missing"),
    ] {
        expect_refused(server.api.form_post("/oauth/token", &format!("{GRANT}&{form}")).await, says);
    }
    let form = format!("{GRANT}&{bearer}&client_assertion={assertion}&client_assertion={assertion}");
    server.api.form_post("/oauth/token", &form).await.expect_error(400, "invalid_request");
    ask(&server, &assertion).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn a_secret_is_a_key_as_long_as_it_is_valid(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, json!({ "token_endpoint_auth_method": "client_secret_jwt" })).await;
    assert_eq!(record["client_secret_expires_at"], 0);
    let id = record["client_id"].as_str().unwrap();
    let key = |record: &Value| ClientKey::of_secret(record["client_secret"].as_str().unwrap().as_bytes());
    let first = key(&record);
    ask(&server, &first.sign(&good(&server, id, &json!({})))).await.expect(200);
    let wrong =
        ClientKey::of_secret(b"another secret of the same length as the rest").sign(&good(&server, id, &json!({})));
    expect_refused(ask(&server, &wrong).await, "not by a valid secret");
    let short = first.sign_as(Algorithm::HS512, &good(&server, id, &json!({})));
    expect_refused(ask(&server, &short).await, "offered with: HS256");
    // Sent in clear, it would have been no key.
    let refused = server.api.form_post("/oauth/token", &format!("{GRANT}&client_id={id}&client_secret=x")).await;
    expect_refused(refused, "must authenticate with a client_assertion");

    let second = key(&server.api.renew(&record).await.expect(200));
    for key in [&first, &second] {
        ask(&server, &key.sign(&good(&server, id, &json!({})))).await.expect(200);
    }
    server.advance(24 * 60 * 60);
    expect_refused(ask(&server, &first.sign(&good(&server, id, &json!({})))).await, "not by a valid secret");
    ask(&server, &second.sign(&good(&server, id, &json!({})))).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn a_hand_made_client_signs_with_a_secret_that_was_made_for_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let Value::Object(metadata) = json!({ "token_endpoint_auth_method": "client_secret_jwt" }) else { unreachable!() };
    let made = server.create(Wanted { metadata: metadata.clone(), ..Wanted::default() }).await;
    let key = ClientKey::of_secret(made.secret.as_bytes());
    ask(&server, &key.sign(&good(&server, &made.id, &json!({})))).await.expect(200);
    let chosen = Wanted { metadata, secret: Some(Secret::new("chosen by hand")), ..Wanted::default() };
    let (domain, actor) = (server.domain().await, registrar::model::audit_event::Actor::local("test"));
    let refused = server.app.registry.create(&domain, chosen, &actor).await.unwrap_err();
    assert!(refused.description.contains("needs a generated secret"), "{}", refused.description);
}

#[rstest]
#[tokio::test]
async fn keys_follow_what_the_client_registers(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (old, new) = (ClientKey::new(Algorithm::ES256, "one"), ClientKey::new(Algorithm::EdDSA, "one"));
    let mut body = json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt" });
    body["jwks"] = old.jwks();
    let record = server.api.register(&server.admin_token().await, &body).await.expect(201);
    let id = record["client_id"].as_str().unwrap();
    ask(&server, &old.sign(&good(&server, id, &json!({})))).await.expect(200);
    body["jwks"] = new.jwks();
    server.api.put(&record, &body).await.expect(200);
    ask(&server, &new.sign(&good(&server, id, &json!({})))).await.expect(200);
    expect_refused(ask(&server, &old.sign(&good(&server, id, &json!({})))).await, "no key of the client");
    // Suspended or deleted, a client learns so only with its key.
    server.set_status(id, ClientStatus::Suspended).await;
    expect_refused(ask(&server, &new.sign(&good(&server, id, &json!({})))).await, "suspended");
    expect_refused(ask(&server, &old.sign(&good(&server, id, &json!({})))).await, "no key of the client");
}

#[rstest]
#[tokio::test]
async fn published_keys_are_looked_up_again_but_not_all_the_time(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let server = Arc::new(server);
    let (one, two) = (ClientKey::new(Algorithm::ES256, "one"), ClientKey::new(Algorithm::ES256, "two"));
    let uri = origin.publish("/jwks", one.jwks());
    origin.cache_control("/jwks", "max-age=3600");
    let record = registered(&server, json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri })).await;
    let id = record["client_id"].as_str().unwrap().to_owned();
    let before = origin.requests();
    for _ in 0..3 {
        ask(&server, &one.sign(&good(&server, &id, &json!({})))).await.expect(200);
    }
    assert_eq!(origin.requests(), before + 1);

    origin.publish("/jwks", json!({ "keys": [one.jwk(), two.jwk()] }));
    for _ in 0..3 {
        expect_refused(ask(&server, &two.sign(&good(&server, &id, &json!({})))).await, "no key of the client");
    }
    assert_eq!(origin.requests(), before + 1, "just fetched");
    server.advance(60);
    ask(&server, &two.sign(&good(&server, &id, &json!({})))).await.expect(200);
    assert_eq!(origin.requests(), before + 2);
    // Without a name in the header, too.
    origin.publish("/jwks", two.jwks());
    server.advance(3_600);
    let nameless = one.nameless();
    expect_refused(ask(&server, &nameless.sign(&good(&server, &id, &json!({})))).await, "not by a key of the client");
    assert_eq!(origin.requests(), before + 3);

    // Those who come while it is being fetched wait for that.
    origin.delay("/jwks", std::time::Duration::from_millis(200));
    server.advance(3_600);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (server, assertion) = (Arc::clone(&server), two.sign(&good(&server, &id, &json!({}))));
        tasks.spawn(async move { ask(&server, &assertion).await.status.as_u16() });
    }
    assert_eq!(tasks.join_all().await, [200; 8]);
    assert_eq!(origin.requests(), before + 4);

    origin.delay("/jwks", std::time::Duration::ZERO);
    origin.fail("/jwks", 500);
    server.advance(3_600);
    for _ in 0..3 {
        let refused = ask(&server, &two.sign(&good(&server, &id, &json!({})))).await;
        expect_refused(refused, "jwks_uri cannot be had: status 500");
    }
    assert_eq!(origin.requests(), before + 5, "a failure is not repeated at once");
    origin.publish("/jwks", two.jwks());
    server.advance(60);
    ask(&server, &two.sign(&good(&server, &id, &json!({})))).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn discovery_says_how_assertions_may_be_signed(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let url = server.api.url("/oidc/.well-known/openid-configuration");
    let document = server.api.get(&url).await.expect(200);
    for endpoint in ["token", "introspection", "revocation"] {
        let algorithms = &document[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
        assert_eq!(algorithms, &json!(["RS256", "PS256", "ES256", "EdDSA", "HS256"]));
        let methods = document[format!("{endpoint}_endpoint_auth_methods_supported")].as_array().unwrap();
        assert!(methods.contains(&json!("private_key_jwt")) && methods.contains(&json!("client_secret_jwt")));
        assert_eq!(methods.contains(&json!("none")), endpoint != "introspection");
    }
}
