//! The authorization code grant at the token endpoint (RFC 6749 §4.1.3, RFC 7636 §4.6, RFC 8707 §2.2, OpenID conformance
//! suite 5.2.4): codes as the authorization endpoint leaves them.

use registrar::model::resource::ResourceSettings;
use registrar::store::audit::AuditRecord;
use rstest::rstest;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Backend, Credentials, REDIRECT, TestServer, VERIFIER, decoded, scopes, text};

#[rstest]
#[tokio::test]
async fn a_code_gives_tokens_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada) = (&server.api, server.add_user("ada").await);
    for client in [server.add_login_client(json!({})).await, server.add_web_client().await] {
        let code = server.log_in(&client, &ada, |_, _| {}).await;
        let answer = api.redeem(&client, &code).await;
        assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "no-store"));
        let body = answer.expect(200);
        let members: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"]);
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
        assert_eq!(body["scope"], "openid profile");
        let refresh = text(&body, "refresh_token");
        assert!(refresh.starts_with("rt_") && refresh.len() == 46, "{refresh}");
        let (header, claims) = decoded(text(&body, "access_token"));
        assert_eq!((&header["typ"], &claims["aud"]), (&json!("JWT"), &json!(client.id)));
        assert_eq!((&claims["sub"], &claims["azp"]), (&json!(ada.id), &json!(client.id)));
        assert!(claims["grant_id"].is_string());

        // Again: refused, and what the first gave has ended (RFC 6749 §4.1.2).
        let token = text(&body, "access_token");
        api.userinfo(token).await.expect(200);
        let said = api.redeem(&client, &code).await.expect_error(400, "invalid_grant");
        assert!(said.contains("used before"), "{said}");
        api.userinfo(token).await.expect_error(401, "invalid_token");
        api.refresh(&client, refresh, "").await.expect_error(400, "invalid_grant");
        api.redeem(&client, &code).await.expect_error(400, "invalid_grant");
        let actor = format!("client:{}", client.id);
        let replay = |event: &AuditRecord| event.action == "authorization_code.replay" && event.actor == actor;
        assert_eq!(server.audited(replay).await.outcome, "refused");
    }
}

#[rstest]
#[tokio::test]
async fn a_code_used_again_long_after_ends_the_login(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada, client) = (&server.api, server.add_user("ada").await, server.add_login_client(json!({})).await);
    for seconds in [30, 300] {
        let code = server.log_in(&client, &ada, |_, _| {}).await;
        let body = api.redeem(&client, &code).await.expect(200);
        server.advance(seconds);
        api.redeem(&client, &code).await.expect_error(400, "invalid_grant");
        api.userinfo(text(&body, "access_token")).await.expect_error(401, "invalid_token");
    }
}

#[rstest]
#[tokio::test]
async fn a_used_code_without_its_proof_logs_nobody_out(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada, client) = (&server.api, server.add_user("ada").await, server.add_login_client(json!({})).await);
    let code = server.log_in(&client, &ada, |_, _| {}).await;
    let body = api.redeem(&client, &code).await.expect(200);
    let other = server.add_login_client(json!({})).await;
    api.redeem(&other, &code).await.expect_error(400, "invalid_grant");
    let without_proof = format!("&redirect_uri={REDIRECT}");
    api.redeem_with(&client, &code, &without_proof).await.expect_error(400, "invalid_grant");
    api.userinfo(text(&body, "access_token")).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn a_failed_first_try_uses_nothing_up(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada, client) = (&server.api, server.add_user("ada").await, server.add_login_client(json!({})).await);
    let code = server.log_in(&client, &ada, |_, _| {}).await;
    let right = format!("&redirect_uri={REDIRECT}&code_verifier={VERIFIER}");
    for (more, error) in [
        (format!("&redirect_uri={REDIRECT}"), "invalid_grant"),
        (format!("&redirect_uri={REDIRECT}&code_verifier={}", VERIFIER.replace('d', "e")), "invalid_grant"),
        (format!("&redirect_uri={REDIRECT}&code_verifier=x"), "invalid_grant"),
        (format!("&redirect_uri={REDIRECT}/&code_verifier={VERIFIER}"), "invalid_grant"),
        (format!("&code_verifier={VERIFIER}"), "invalid_grant"),
        (format!("{right}&resource=https://other.example"), "invalid_target"),
        (format!("{right}&resource=nonsense"), "invalid_target"),
    ] {
        api.redeem_with(&client, &code, &more).await.expect_error(400, error);
    }
    api.redeem(&client, &code).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn codes_end_and_belong_to_one_client(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada) = (&server.api, server.add_user("ada").await);
    let (client, other) = (server.add_login_client(json!({})).await, server.add_web_client().await);
    let code = server.log_in(&client, &ada, |_, _| {}).await;
    let said = api.redeem(&other, &code).await.expect_error(400, "invalid_grant");
    assert!(said.contains("another client"), "{said}");
    for bad in ["ac_unknown", "x", "%C3%A9", &"x".repeat(3_000)] {
        api.redeem(&client, bad).await.expect_error(400, "invalid_grant");
    }
    let said = api.redeem_with(&client, "", "").await.expect_error(400, "invalid_request");
    assert!(said.contains("code is missing"), "{said}");
    server.advance(59);
    api.redeem(&client, &code).await.expect(200);
    let code = server.log_in(&client, &ada, |_, _| {}).await;
    server.advance(60);
    let said = api.redeem(&client, &code).await.expect_error(400, "invalid_grant");
    assert!(said.contains("expired"), "{said}");
}

#[rstest]
#[tokio::test]
async fn a_redirect_uri_is_repeated_where_the_request_had_one(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada, client) = (&server.api, server.add_user("ada").await, server.add_login_client(json!({})).await);
    let proof = format!("&code_verifier={VERIFIER}");
    let unsent = async || server.log_in(&client, &ada, |_, code| code.redirect_uri_sent = false).await;
    api.redeem_with(&client, &unsent().await, &proof).await.expect(200);
    api.redeem(&client, &unsent().await).await.expect(200);
    let another = format!("&redirect_uri=https://evil.example/{proof}");
    api.redeem_with(&client, &unsent().await, &another).await.expect_error(400, "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn a_verifier_needs_a_challenge(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada, client) = (&server.api, server.add_user("ada").await, server.add_web_client().await);
    let code = server.log_in(&client, &ada, |_, code| code.code_challenge = None).await;
    let said = api.redeem(&client, &code).await.expect_error(400, "invalid_grant");
    assert!(said.contains("no code_challenge"), "{said}");
    api.redeem_with(&client, &code, &format!("&redirect_uri={REDIRECT}")).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn whoever_may_not_log_in_any_more_gets_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada, client) = (&server.api, server.add_user("ada").await, server.add_login_client(json!({})).await);
    let code = server.log_in(&client, &ada, |_, _| {}).await;
    server.database.execute("update users set enabled = false").await;
    let said = api.redeem(&client, &code).await.expect_error(400, "invalid_grant");
    assert!(said.contains("disabled"), "{said}");
    server.database.execute("update users set enabled = true").await;
    server.database.execute("delete from users").await;
    api.redeem(&client, &code).await.expect_error(400, "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn a_refresh_token_comes_with_the_registered_grant(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada) = (&server.api, server.add_user("ada").await);
    let client = server.add_login_client(json!({ "grant_types": ["authorization_code"] })).await;
    let body = server.tokens(&client, &ada, "openid offline_access", &[]).await;
    assert_eq!(body.get("refresh_token"), None);
    api.refresh(&client, "rt_x", "").await.expect_error(400, "unauthorized_client");
    let machine = server.add_machine("").await;
    api.redeem(&machine, "ac_x").await.expect_error(400, "unauthorized_client");
}

#[rstest]
#[tokio::test]
async fn resources_of_the_login_become_the_audience(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["read", "write"]).await;
    let (one, two) = ("https://one.example/mcp", "https://two.example");
    let (mut resource, _) = server.add_resource("one", &[one, "https://one.example/alias"]).await;
    server.add_resource("two", &[two]).await;
    resource.settings = ResourceSettings {
        scopes: scopes("read"),
        prefix_match: true,
        access_token_lifetime: Some(900),
        ..resource.settings
    };
    let audit = registrar::model::audit_event::Actor::local("test").did(
        &server.clock,
        Some(resource.domain_id),
        "resource.put",
        "one",
    );
    server.app.store.put_resource(&resource, &audit).await.unwrap();
    let (api, ada, client) = (&server.api, server.add_user("ada").await, server.add_login_client(json!({})).await);
    let login = async || {
        server
            .log_in(&client, &ada, |grant, _| {
                grant.scope = scopes("openid read write");
                grant.details.resources = vec![one.to_owned(), two.to_owned()];
            })
            .await
    };
    let right = format!("&redirect_uri={REDIRECT}&code_verifier={VERIFIER}");
    for (asked, audience, scope, seconds) in [
        ("", json!([one, two]), "openid read write", 900),
        ("&resource=https://one.example/mcp/", json!(one), "openid read", 900),
        ("&resource=HTTPS://ONE.example/mcp", json!(one), "openid read", 900),
        ("&resource=https://one.example/mcp/tools", json!(one), "openid read", 900),
        ("&resource=https://one.example/alias", json!(one), "openid read", 900),
        ("&resource=https://two.example/", json!(two), "openid read write", 3_600),
        ("&resource=https://two.example&resource=https://one.example/mcp", json!([one, two]), "openid read write", 900),
    ] {
        let body = api.redeem_with(&client, &login().await, &format!("{right}{asked}")).await.expect(200);
        let (header, claims) = decoded(text(&body, "access_token"));
        assert_eq!((&header["typ"], &claims["aud"]), (&json!("at+jwt"), &audience), "{asked}");
        assert_eq!((&body["scope"], &body["expires_in"]), (&json!(scope), &json!(seconds)), "{asked}");
    }
    for asked in ["https://three.example", "https://two.example/x", "https://one.example", "two"] {
        let more = format!("{right}&resource={asked}");
        let said = api.redeem_with(&client, &login().await, &more).await.expect_error(400, "invalid_target");
        assert!(said.contains(asked), "{said}");
    }
    // A login for the client itself is for no resource.
    let code = server.log_in(&client, &ada, |_, _| {}).await;
    let more = format!("{right}&resource={one}");
    api.redeem_with(&client, &code, &more).await.expect_error(400, "invalid_target");
}

#[rstest]
#[tokio::test]
async fn what_the_domain_has_no_more_is_left_out(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada, client) = (&server.api, server.add_user("ada").await, server.add_login_client(json!({})).await);
    server.add_resource("one", &["https://one.example"]).await;
    let both = ["https://one.example", "https://gone.example"];
    let body = server.tokens(&client, &ada, "openid", &both).await;
    assert_eq!(decoded(text(&body, "access_token")).1["aud"], json!(both), "quick start takes any resource");
    server.set_domain(|settings| settings.quick_start = false).await;
    let body = server.tokens(&client, &ada, "openid gone", &["https://one.example", "https://gone.example"]).await;
    assert_eq!(body["scope"], "openid");
    assert_eq!(decoded(text(&body, "access_token")).1["aud"], "https://one.example");
    for (scope, resource) in [("gone", "https://one.example"), ("openid", "https://gone.example")] {
        let code = server
            .log_in(&client, &ada, |grant, _| {
                grant.scope = scopes(scope);
                grant.details.resources = vec![resource.to_owned()];
            })
            .await;
        api.redeem(&client, &code).await.expect_error(400, "invalid_grant");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_redeem_a_code_at_once_no_two_succeed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (ada, client) = (server.add_user("ada").await, server.add_login_client(json!({})).await);
    let code = server.log_in(&client, &ada, |_, _| {}).await;
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let (api, client, code) = (server.api.clone(), client.clone(), code.clone());
        tasks.spawn(async move { api.redeem(&client, &code).await });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for refused in answers.into_iter().filter(|answer| answer.status != 200) {
        refused.expect_error(400, "invalid_grant");
    }
}

#[rstest]
#[tokio::test]
async fn a_login_is_a_use_of_the_client(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (ada, client) = (server.add_user("ada").await, server.add_login_client(json!({})).await);
    let code = server.log_in(&client, &ada, |_, _| {}).await;
    let used = async || {
        server.write_usage().await;
        let id = registrar::model::id::ClientId(client.id.clone());
        server.app.store.client_last_used(server.domain().await.id(), &id).await.unwrap()
    };
    server.api.redeem_with(&client, &code, "").await.expect_error(400, "invalid_grant");
    assert_eq!(used().await, None, "a name alone is no use");
    server.api.redeem(&client, &code).await.expect(200);
    assert_eq!(used().await, Some(server.clock.now()));
}

#[rstest]
#[tokio::test]
async fn a_code_of_another_domain_is_none_of_ours(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (ada, client) = (server.add_user("ada").await, server.add_web_client().await);
    let code = server.log_in(&client, &ada, |_, _| {}).await;
    let foreign = server.add_domain("other").await;
    let other = server.api.in_domain("other");
    other.redeem(&client, &code).await.expect_error(401, "invalid_client");
    let twin = Credentials { id: foreign.id, secret: foreign.secret };
    other.redeem(&twin, &code).await.expect_error(400, "unauthorized_client");
    server.api.redeem(&client, &code).await.expect(200);
}
