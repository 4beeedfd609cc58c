//! node-oidc-provider's tests of dynamic registration and management.
//!
//! Where we differ:
//!
//! | node-oidc-provider expects | We do | Why (decisions) |
//! | --- | --- | --- |
//! | a body `null`: `invalid_request` | `invalid_client_metadata` | RFC 7591 §3.2.2 has no other code; §5 Errors |
//! | a form: 400 | 415 `unsupported_media_type` | §5 Errors |
//! | an unknown grant type: 400 | left out, the effective list is told | §5 Lenient in |
//! | `implicit` only: no secret | `authorization_code` instead, with a secret | §5 Lenient in |
//! | `none` with an HS256 ID token: a secret | 400: HS256 is not offered; `none` never gets a secret | §5 Strict out |
//! | 403 never has `WWW-Authenticate` | `insufficient_scope` has it | RFC 6750 §3.1 |
//! | a registration token used elsewhere is destroyed | 401, and it lives on | a mistyped URL must not cost a client |
//! | management of a static client: 403 | 401 by token, 403 `registration_forbidden` by a gateway | §5 Who |
//! | PUT with a member omitted: default again | only what this registrant itself had sent | §5 Update |
//! | PUT with `client_secret` null: 400 | as if absent | §5: an echo with nulls is what gateways send |
//! | PUT with another `client_secret`: `invalid_request` | `invalid_client_metadata` | §5 Update |
//! | PUT with members that only the server sets: 400 | ignored | §5 Update |
//! | unknown members not echoed | kept and echoed, save the names on the drop list | §5 Lenient in |
//! | wrong type of `redirect_uris`: `invalid_client_metadata` | `invalid_redirect_uri` | the member decides the code |
//! | nulls and sparse arrays: 400 | read as absent | §5 Lenient in |
//! | `application_type` other than web and native: 400 | any, echoed verbatim | §5 Lenient in |
//! | an unsupported scope: 400 | left out, the effective scope is told | §5 Policies |
//! | web with a custom scheme, native with https localhost: 400 | taken: kinds are judged by policy | §5 Lenient in |
//! | response types of the implicit and hybrid flows | left out | §5: `response_types` follow the grants |
//! | no grants and no response types (resource servers) | `[]` means absent | §5: `[]`, "" and absent mean absent |
//! | `dpop_bound_access_tokens` with such a response type: 400 | that response type is left out | as above |

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::{METADATA, REDIRECT, Row, hold, initial_access_token, registered, to, web, web_with};
use crate::support::{Answer, Backend, Credentials, TestServer};

fn redirect(uri: &str) -> Value {
    json!({ "redirect_uris": [uri] })
}

fn redirect_of(application_type: &str, uri: &str) -> Value {
    json!({ "redirect_uris": [uri], "application_type": application_type })
}

fn token_of(record: &Value) -> &str {
    record["registration_access_token"].as_str().unwrap()
}

#[rstest]
#[tokio::test]
async fn redirect_uris_alone_give_the_defaults(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let defaults = json!({
        "application_type": "web", "id_token_signed_response_alg": "RS256", "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "client_secret_basic", "response_types": ["code"], "require_auth_time": false,
        "client_secret_expires_at": 0, "redirect_uris": ["https://rp.example.com/cb"]
    });
    hold(&server, vec![("only redirect_uris", redirect("https://rp.example.com/cb"), to(defaults))]).await;
}

#[rstest]
#[tokio::test]
async fn the_body_is_a_json_object(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, token) = (&server.api, server.admin_token().await);
    let url = api.url("/oidc/register");
    let twice = "x".repeat(5_000);
    let twice = format!("{{\"{twice}\":1,\"{twice}\":2}}");
    for body in [
        "null",
        "[]",
        "\"x\"",
        "1",
        "",
        "{",
        "{\"a\":1,\"a\":2}",
        "{\"a\":\"\\u0000\"}",
        "{} x",
        "{\"a\":1e999}",
        &twice,
    ] {
        let answer = api.json(Method::POST, &url, &token, body).await;
        assert_eq!(answer.header("www-authenticate"), "");
        let said = answer.expect_error(400, "invalid_client_metadata");
        assert!(said.len() <= 500, "what is quoted is cut");
    }
    let bearer = format!("Bearer {token}");
    for media_type in ["application/x-www-form-urlencoded", "text/plain", "application/jwt"] {
        let headers = [("authorization", bearer.as_str()), ("content-type", media_type)];
        let answer = api.send(Method::POST, &url, &headers, "redirect_uris=https://rp.example.com/cb").await;
        answer.expect_error(415, "unsupported_media_type");
    }
}

#[rstest]
#[tokio::test]
async fn redirect_uris_are_required_and_judged(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut rows: Vec<Row> = vec![
        ("missing", json!({ "client_name": "x" }), REDIRECT),
        ("empty", json!({ "redirect_uris": [] }), REDIRECT),
        ("fragment", redirect("https://rp.example.com/cb#foo"), REDIRECT),
        ("bare #", redirect("https://rp.example.com/cb#"), REDIRECT),
        (
            "one of several has a fragment",
            json!({ "redirect_uris": ["https://rp.example.com/", "https://rp.example.com/#"] }),
            REDIRECT,
        ),
        ("web, http", redirect_of("web", "http://rp.example.com/cb"), REDIRECT),
        ("native, http beyond loopback", redirect_of("native", "http://rp.example.com/cb"), REDIRECT),
        ("relative", redirect("/cb"), REDIRECT),
        ("no host", redirect("https:///cb"), REDIRECT),
        ("octal loopback", redirect_of("native", "http://127.000.000.001/cb"), REDIRECT),
        ("wildcard", redirect("https://*.example.com/cb"), REDIRECT),
        ("user information", redirect("https://a@rp.example.com/cb"), REDIRECT),
        ("native, custom scheme", redirect_of("native", "cursor://anysphere.cursor-mcp/cb"), to(json!({}))),
        ("native, http loopback", redirect_of("native", "http://127.0.0.1/cb"), to(json!({}))),
        ("native, http localhost", redirect_of("native", "http://localhost:8080/cb"), to(json!({}))),
        ("native, IPv6 loopback", redirect_of("native", "http://[::1]:8080/cb"), to(json!({}))),
        // Diverging: kinds are judged by policy.
        ("web, custom scheme", redirect_of("web", "com.example.app:/cb"), to(json!({ "application_type": "web" }))),
        ("native, https localhost", redirect_of("native", "https://localhost/cb"), to(json!({}))),
    ];
    for scheme in ["javascript", "vbscript", "data", "blob", "file", "about", "JavaScript"] {
        rows.push(("scheme", redirect_of("native", &format!("{scheme}:x")), REDIRECT));
        rows.push(("scheme", redirect_of("web", &format!("{scheme}://rp.example.com/cb")), REDIRECT));
    }
    hold(&server, rows).await;
}

#[rstest]
#[tokio::test]
async fn grants_and_methods_decide_about_the_secret(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let no_secret = json!({ "client_secret": null, "client_secret_expires_at": null });
    let none = json!({ "token_endpoint_auth_method": "none" });
    let none_with_secret = json!({ "token_endpoint_auth_method": "none", "client_secret": "mine" });
    let none_with_hs256 = json!({ "token_endpoint_auth_method": "none", "id_token_signed_response_alg": "HS256" });
    let unknown_grant = json!({ "grant_types": ["authorization_code", "urn:example:unknown"] });
    let implicit = json!({ "grant_types": ["implicit"], "response_types": ["id_token"] });
    let hybrid = json!({ "response_types": ["token id_token code"], "dpop_bound_access_tokens": true });
    let code = json!({ "grant_types": ["authorization_code"], "response_types": ["code"] });
    hold(
        &server,
        vec![
            ("none", web_with(none), to(no_secret.clone())),
            ("none with a secret of its own", web_with(none_with_secret), to(no_secret)),
            // Diverging rows.
            ("none + HS256", web_with(none_with_hs256), METADATA),
            (
                "client_secret_jwt",
                web("token_endpoint_auth_method", json!("client_secret_jwt")),
                to(json!({ "token_endpoint_auth_method": "client_secret_jwt", "client_secret_expires_at": 0 })),
            ),
            ("unknown grant type", web_with(unknown_grant), to(code.clone())),
            ("implicit only", web_with(implicit), to(code.clone())),
            ("a response type that returns tokens", web_with(hybrid), to(code.clone())),
            (
                "a response type without its grant",
                web("response_types", json!(["code token", "code"])),
                to(code.clone()),
            ),
            ("no grants and no response types", web_with(json!({ "grant_types": [], "response_types": [] })), to(code)),
            ("the same without redirect URIs", json!({ "grant_types": [], "response_types": [] }), REDIRECT),
        ],
    )
    .await;
}

#[rstest]
#[tokio::test]
async fn initial_access_tokens_are_required_and_stand_in_the_header(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.quick_start = false).await;
    let api = &server.api;
    let token = initial_access_token(&server, None, None).await;
    let body = redirect("https://rp.example.com/cb");
    let missing = api.register("", &body).await;
    assert_eq!(missing.header("www-authenticate"), "Bearer realm=\"registrar\"", "no error code: nothing was tried");
    missing.expect_error(401, "invalid_token");
    let mut in_body = body.clone();
    in_body["access_token"] = json!(token);
    api.register("", &in_body).await.expect_error(401, "invalid_token");
    let tampered = format!("{}{}", &token[..46], if token.ends_with('A') { 'B' } else { 'A' });
    for wrong in ["wrong", "iat_", "null", &format!("iat_{}", "x".repeat(43)), &tampered, &token[4..]] {
        let answer = api.register(wrong, &body).await;
        assert!(answer.header("www-authenticate").starts_with("Bearer "), "{wrong}");
        answer.expect_error(401, "invalid_token");
    }
    let in_query = format!("{}?access_token={token}", api.url("/oidc/register"));
    api.json(Method::POST, &in_query, "", &body.to_string()).await.expect_error(401, "invalid_token");
    api.register(&token, &body).await.expect(201);
}

#[rstest]
#[tokio::test]
async fn the_policy_of_the_initial_access_token_binds_later_updates(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_policy("gateway", |policy| policy.allowed_redirect_hosts = vec!["rp.example.com".to_owned()]).await;
    let token = initial_access_token(&server, None, None).await;
    let record = server.api.register(&token, &redirect("https://rp.example.com/cb")).await.expect(201);
    let elsewhere = redirect("https://elsewhere.example.com/cb");
    server.api.register(&token, &elsewhere).await.expect_error(400, "invalid_redirect_uri");
    server.api.put(&record, &elsewhere).await.expect_error(400, "invalid_redirect_uri");
}

#[rstest]
#[tokio::test]
async fn every_answer_forbids_storing_and_challenges_only_for_tokens(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, token) = (&server.api, server.admin_token().await);
    let record = registered(&server, &redirect("https://rp.example.com/cb")).await;
    let machine = server.add_machine("").await;
    let plain = api.token(&machine, "").await;
    let answers: [(Answer, u16, bool); 8] = [
        (api.register(&token, &redirect("x")).await, 400, false),
        (api.read(&record).await, 200, false),
        (api.put(&record, &redirect("https://rp.example.com/2")).await, 200, false),
        (api.put(&record, &redirect("x")).await, 400, false),
        (api.bare(Method::GET, &api.client_url(&record), "wrong").await, 401, true),
        (api.get(&api.client_url(&record)).await, 401, true),
        // Diverging: RFC 6750 §3.1 wants the challenge with insufficient_scope.
        (api.register(&plain, &redirect("https://rp.example.com/cb")).await, 403, true),
        (api.bare(Method::DELETE, &api.client_url(&record), token_of(&record)).await, 204, false),
    ];
    for (answer, status, challenged) in answers {
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("www-authenticate").starts_with("Bearer "), challenged, "{status}");
    }
}

#[rstest]
#[tokio::test]
async fn a_registration_token_used_elsewhere_is_refused_and_lives_on(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let one = registered(&server, &redirect("https://one.example.com/cb")).await;
    let other = registered(&server, &redirect("https://other.example.com/cb")).await;
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = server.api.json(method, &server.api.client_url(&other), token_of(&one), "{}").await;
        answer.expect_error(401, "invalid_token");
    }
    assert_eq!(server.api.read(&one).await.expect(200), one);
    assert_eq!(server.api.read(&other).await.expect(200), other);
}

#[rstest]
#[tokio::test]
async fn clients_made_by_hand_are_not_managed_here(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.registrars_manage_all = true).await;
    let (api, admin) = (&server.api, server.admin_token().await);
    let record = registered(&server, &redirect("https://rp.example.com/cb")).await;
    let by_hand = server.add_machine("").await;
    for id in [&by_hand.id, &server.gateway.id] {
        let url = api.url(&format!("/oidc/register/{id}"));
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            api.json(method.clone(), &url, token_of(&record), "{}").await.expect_error(401, "invalid_token");
            let answer = api.json(method, &url, &admin, "{}").await;
            answer.expect_error(403, "registration_forbidden");
        }
    }
}

#[rstest]
#[tokio::test]
async fn an_update_sets_and_removes_what_the_registrant_sent(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let sent =
        web_with(json!({ "client_name": "Foobar", "tos_uri": "https://rp.example.com/tos", "subject_type": "public" }));
    let record = registered(&server, &sent).await;
    let updated =
        api.put(&record, &web_with(json!({ "client_name": "Barfoo", "subject_type": null }))).await.expect(200);
    assert_eq!(updated["client_name"], "Barfoo");
    assert_eq!((updated.get("tos_uri"), updated.get("subject_type")), (None, None));
    // Diverging: what the server supplied is not the registrant's to leave out.
    assert_eq!(updated["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(token_of(&updated), token_of(&record), "not rotated");
    for body in ["null", "[]"] {
        let answer = api.json(Method::PUT, &api.client_url(&record), token_of(&record), body).await;
        answer.expect_error(400, "invalid_client_metadata");
    }
}

#[rstest]
#[tokio::test]
async fn an_update_may_repeat_what_only_the_server_sets(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = &server.api;
    let record = registered(&server, &redirect("https://rp.example.com/cb")).await;
    for (name, value) in [
        ("registration_access_token", json!("foo")),
        ("registration_client_uri", json!("https://elsewhere.example.com/")),
        ("client_secret_expires_at", json!(0)),
        ("client_id_issued_at", json!(1)),
        ("client_secret", Value::Null),
        ("client_id", Value::Null),
        ("client_id", record["client_id"].clone()),
        ("client_secret", record["client_secret"].clone()),
    ] {
        assert_eq!(api.put(&record, &web(name, value)).await.expect(200), record, "{name}");
    }
    for (name, value) in [
        ("client_secret", json!("another")),
        ("client_secret", json!(7)),
        ("client_id", json!("another")),
        ("client_id", json!(7)),
    ] {
        api.put(&record, &web(name, value)).await.expect_error(400, "invalid_client_metadata");
    }
}

#[rstest]
#[tokio::test]
async fn an_update_that_makes_a_secret_necessary_gives_one(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &web("token_endpoint_auth_method", json!("none"))).await;
    assert_eq!(record.get("client_secret"), None);
    let body = web("token_endpoint_auth_method", json!("client_secret_post"));
    let updated = server.api.put(&record, &body).await.expect(200);
    assert_eq!(updated["client_secret_expires_at"], 0);
    let form = format!(
        "token=x&client_id={}&client_secret={}",
        updated["client_id"].as_str().unwrap(),
        Credentials::of(&updated).secret
    );
    server.api.form_post("/oauth/introspect", &form).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn a_deleted_client_leaves_nothing_behind(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &redirect("https://rp.example.com/cb")).await;
    let answer = server.api.bare(Method::DELETE, &server.api.client_url(&record), token_of(&record)).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    server.api.read(&record).await.expect_error(401, "invalid_token");
}

#[rstest]
#[tokio::test]
async fn members_are_of_their_types(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut rows: Vec<Row> = vec![
        ("contacts not e-mail", web("contacts", json!(["not-a-mail"])), METADATA),
        (
            "contacts e-mail",
            web("contacts", json!(["dev@rp.example.com"])),
            to(json!({ "contacts": ["dev@rp.example.com"] })),
        ),
        ("default_max_age negative", web("default_max_age", json!(-1)), METADATA),
        ("default_max_age a fraction", web("default_max_age", json!(1.5)), METADATA),
        ("default_max_age 0", web("default_max_age", json!(0)), to(json!({ "default_max_age": 0 }))),
        ("redirect_uris a string", json!({ "redirect_uris": "https://rp.example.com/cb" }), REDIRECT),
        // Diverging: unknown members are kept, nothing means absent, any application type is echoed.
        (
            "unknown member",
            web("grant_types_allowed", json!({ "x": [1] })),
            to(json!({ "grant_types_allowed": { "x": [1] } })),
        ),
        ("null", web("client_name", Value::Null), to(json!({ "client_name": null }))),
        (
            "sparse array",
            web("contacts", json!([null, "dev@rp.example.com"])),
            to(json!({ "contacts": ["dev@rp.example.com"] })),
        ),
        ("application_type foo", web("application_type", json!("Foo")), to(json!({ "application_type": "Foo" }))),
    ];
    for (members, wrong) in [
        (&["client_name", "client_uri", "subject_type", "id_token_signed_response_alg"][..], json!(1)),
        (&["client_name", "logo_uri", "token_endpoint_auth_method"], json!({})),
        (&["grant_types", "response_types", "contacts", "default_acr_values"], json!("code")),
        (&["grant_types", "post_logout_redirect_uris", "request_uris"], json!([1])),
        (&["default_max_age", "jwks"], json!("string")),
        (&["require_auth_time", "dpop_bound_access_tokens"], json!("yes")),
        (&["require_auth_time"], json!(1)),
    ] {
        rows.extend(members.iter().map(|member| (*member, web(member, wrong.clone()), METADATA)));
    }
    hold(&server, rows).await;
}

#[rstest]
#[tokio::test]
async fn uris_and_algorithms_are_judged(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut rows: Vec<Row> = vec![
        ("id token alg none", web("id_token_signed_response_alg", json!("none")), METADATA),
        ("initiate_login_uri http", web("initiate_login_uri", json!("http://rp.example.com/")), METADATA),
        ("initiate_login_uri https", web("initiate_login_uri", json!("https://rp.example.com/")), to(json!({}))),
        ("unsupported scope", web("scope", json!("openid foo")), to(json!({ "scope": "openid" }))),
        ("post_logout fragment", web("post_logout_redirect_uris", json!(["https://rp.example.com/#"])), METADATA),
        ("post_logout http", web("post_logout_redirect_uris", json!(["http://rp.example.com/"])), METADATA),
        ("post_logout https", web("post_logout_redirect_uris", json!(["https://rp.example.com/"])), to(json!({}))),
        ("certificate, no subject", web("token_endpoint_auth_method", json!("tls_client_auth")), METADATA),
        (
            "certificate, two subjects",
            web_with(json!({
                "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "rp.example.com",
                "tls_client_auth_subject_dn": "CN=rp"
            })),
            METADATA,
        ),
        (
            "enc default",
            web("request_object_encryption_alg", json!("RSA-OAEP")),
            to(json!({ "request_object_encryption_enc": "A128CBC-HS256" })),
        ),
        (
            "encrypted answers",
            web_with(json!({
                "id_token_encrypted_response_alg": "RSA-OAEP", "userinfo_encrypted_response_alg": "RSA-OAEP"
            })),
            to(json!({
                "id_token_encrypted_response_alg": null, "id_token_encrypted_response_enc": null,
                "userinfo_encrypted_response_alg": null, "userinfo_encrypted_response_enc": null
            })),
        ),
    ];
    for member in ["client_uri", "logo_uri", "policy_uri", "tos_uri", "jwks_uri", "sector_identifier_uri"] {
        for uri in ["whatever://rp.example.com/", "rp.example.com", "/path"] {
            rows.push((member, web(member, json!(uri)), METADATA));
        }
    }
    for member in
        ["id_token_encrypted_response_enc", "userinfo_encrypted_response_enc", "request_object_encryption_enc"]
    {
        rows.push((member, web(member, json!("A128CBC-HS256")), METADATA));
    }
    hold(&server, rows).await;
}

#[rstest]
#[tokio::test]
async fn keys_are_public_and_there_where_needed(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let jwks = |key: Value| web("jwks", json!({ "keys": [key] }));
    let needs_keys = |method: &str| web("token_endpoint_auth_method", json!(method));
    hold(
        &server,
        vec![
            ("private", jwks(json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "BB", "d": "CC" })), METADATA),
            ("symmetric", jwks(json!({ "kty": "oct", "k": "AA" })), METADATA),
            ("malformed", jwks(json!({ "kty": "RSA", "n": 7, "e": "AQAB" })), METADATA),
            ("not an object", jwks(json!("key")), METADATA),
            ("without kty", jwks(json!({ "n": "AQAB", "e": "AQAB" })), METADATA),
            ("unknown kty", jwks(json!({ "kty": "ML-KEM" })), to(json!({ "jwks": { "keys": [{ "kty": "ML-KEM" }] } }))),
            ("private_key_jwt without keys", needs_keys("private_key_jwt"), METADATA),
            ("self_signed_tls_client_auth without keys", needs_keys("self_signed_tls_client_auth"), METADATA),
        ],
    )
    .await;
}

#[rstest]
#[tokio::test]
async fn a_bad_header_decides_even_where_anybody_may_register(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.open_registration = true).await;
    let api = &server.api;
    let body = redirect("https://rp.example.com/cb").to_string();
    for header in
        ["Bearer null", "Bearer undefined", "Bearer", "Bearer ", "Bearer a b", "Basic YTpi", "x", "Bearer \u{e9}"]
    {
        let headers = [("authorization", header), ("content-type", "application/json")];
        let answer = api.send(Method::POST, &api.url("/oidc/register"), &headers, body.clone()).await;
        let expected = if header.is_ascii() { (401, "invalid_token") } else { (400, "invalid_request") };
        answer.expect_error(expected.0, expected.1);
    }
    api.register("", &redirect("https://rp.example.com/cb")).await.expect(201);
}
