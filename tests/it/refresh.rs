//! The refresh token grant (RFC 6749 §6, RFC 9700 §4.14.2), its revocation (RFC 7009) and introspection (RFC 7662).

use std::collections::HashSet;
use std::time::Duration;

use registrar::config::Settings;
use registrar::model::audit_event::Actor;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Backend, Credentials, Database, TestServer, decoded, eventually, text};

/// For how long a rotated token gives the same successor.
const GRACE: i64 = 60;

async fn public(backend: Backend) -> Option<(TestServer, Credentials, Value)> {
    let server = TestServer::start(backend).await?;
    let (ada, client) = (server.add_user("ada").await, server.add_login_client(json!({})).await);
    let body = server.tokens(&client, &ada, "openid profile offline_access", &[]).await;
    Some((server, client, body))
}

#[rstest]
#[tokio::test]
async fn public_clients_get_another_token_each_time(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some((server, client, body)) = public(backend).await else { return };
    let mut seen = HashSet::from([text(&body, "refresh_token").to_owned()]);
    let mut current = text(&body, "refresh_token").to_owned();
    for _ in 0..4 {
        server.advance(1_000);
        let answer = server.api.refresh(&client, &current, "").await;
        assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "no-store"));
        let next = answer.expect(200);
        assert_eq!((&next["scope"], &next["expires_in"]), (&body["scope"], &json!(3_600)));
        server.api.userinfo(text(&next, "access_token")).await.expect(200);
        current = text(&next, "refresh_token").to_owned();
        assert!(current.starts_with("rt_") && current.len() == 46 && seen.insert(current.clone()), "{current}");
    }
}

#[rstest]
#[tokio::test]
async fn clients_that_prove_who_they_are_keep_their_token(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (ada, client) = (server.add_user("ada").await, server.add_web_client().await);
    let body = server.tokens(&client, &ada, "openid", &[]).await;
    let token = text(&body, "refresh_token");
    for _ in 0..4 {
        let next = server.api.refresh(&client, token, "").await.expect(200);
        assert_eq!(text(&next, "refresh_token"), token);
        server.advance(1_000);
    }
}

#[rstest]
#[tokio::test]
async fn within_the_grace_the_successor_is_the_same_and_afterwards_the_login_ends(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, client, body)) = public(backend).await else { return };
    let (api, old) = (&server.api, text(&body, "refresh_token"));
    let first = api.refresh(&client, old, "").await.expect(200);
    let successor = text(&first, "refresh_token");
    server.advance(GRACE - 1);
    let again = api.refresh(&client, old, "").await.expect(200);
    assert_eq!(text(&again, "refresh_token"), successor);
    api.userinfo(text(&again, "access_token")).await.expect(200);
    server.advance(1);
    let said = api.refresh(&client, old, "").await.expect_error(400, "invalid_grant");
    assert!(said.contains("used before"), "{said}");
    api.refresh(&client, successor, "").await.expect_error(400, "invalid_grant");
    for answer in [&body, &first, &again] {
        api.userinfo(text(answer, "access_token")).await.expect_error(401, "invalid_token");
    }
    let event = server.audited(|event| event.action == "refresh_token.replay").await;
    assert_eq!(event.outcome, "refused");
}

#[rstest]
#[tokio::test]
async fn a_replay_ends_the_login_whatever_else_it_asks_for(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, client, body)) = public(backend).await else { return };
    let (api, old) = (&server.api, text(&body, "refresh_token"));
    let next = api.refresh(&client, old, "").await.expect(200);
    server.advance(GRACE);
    api.refresh(&client, old, "&scope=nonsense&resource=x").await.expect_error(400, "invalid_grant");
    api.userinfo(text(&next, "access_token")).await.expect_error(401, "invalid_token");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_refreshes_at_once_all_get_one_successor(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, client, body)) = public(backend).await else { return };
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let (api, client, token) = (server.api.clone(), client.clone(), text(&body, "refresh_token").to_owned());
        tasks.spawn(async move { api.refresh(&client, &token, "").await.expect(200) });
    }
    let answers = tasks.join_all().await;
    let successors: HashSet<&str> = answers.iter().map(|answer| text(answer, "refresh_token")).collect();
    assert_eq!(successors.len(), 1);
    assert_eq!(server.database.count("select count(*) from refresh_tokens").await, 2);
    server.api.refresh(&client, successors.into_iter().next().unwrap(), "").await.expect(200);
}

#[rstest]
#[tokio::test]
async fn a_token_that_is_not_used_ends_and_one_that_is_lives_on(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server
        .set_domain(|settings| {
            settings.refresh_token_idle_lifetime = 1_000;
            settings.refresh_token_lifetime = 2_500;
        })
        .await;
    let ada = server.add_user("ada").await;
    for client in [server.add_login_client(json!({})).await, server.add_web_client().await] {
        let idle = server.tokens(&client, &ada, "openid", &[]).await;
        server.advance(1_000);
        server.api.refresh(&client, text(&idle, "refresh_token"), "").await.expect_error(400, "invalid_grant");

        let mut body = server.tokens(&client, &ada, "openid", &[]).await;
        for left in [1_501, 502] {
            server.advance(999);
            body = server.api.refresh(&client, text(&body, "refresh_token"), "").await.expect(200);
            assert_eq!(body["expires_in"], json!(left), "no token outlives its login");
        }
        server.advance(502);
        server.api.refresh(&client, text(&body, "refresh_token"), "").await.expect_error(400, "invalid_grant");
        server.api.userinfo(text(&body, "access_token")).await.expect_error(401, "invalid_token");
    }
}

#[rstest]
#[tokio::test]
async fn scopes_narrow_and_never_widen(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some((server, client, body)) = public(backend).await else { return };
    let mut token = text(&body, "refresh_token").to_owned();
    for (asked, scope) in [
        ("&scope=openid", "openid"),
        ("", "openid profile offline_access"),
        ("&scope=profile+openid", "openid profile"),
        ("&scope=openid+email+dcr_admin+unknown", "openid"),
        ("&scope=+", "openid profile offline_access"),
    ] {
        let next = server.api.refresh(&client, &token, asked).await.expect(200);
        assert_eq!(next["scope"], scope, "{asked}");
        assert_eq!(decoded(text(&next, "access_token")).1["scope"], scope);
        assert_eq!(next.get("id_token").is_some(), scope.contains("openid"));
        token = text(&next, "refresh_token").to_owned();
    }
    for asked in ["&scope=email", "&scope=unknown+dcr_admin", "&scope=%C3%A9"] {
        server.api.refresh(&client, &token, asked).await.expect_error(400, "invalid_scope");
    }
    server.api.refresh(&client, &token, "").await.expect(200);
}

#[rstest]
#[tokio::test]
async fn resources_narrow_and_those_that_are_gone_are_left_out(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (ada, client) = (server.add_user("ada").await, server.add_web_client().await);
    server.set_domain(|settings| settings.quick_start = false).await;
    let (one, two) = ("https://one.example", "https://two.example");
    server.add_resource("one", &[one]).await;
    let (second, _) = server.add_resource("two", &[two]).await;
    let body = server.tokens(&client, &ada, "openid", &[one, two]).await;
    let token = text(&body, "refresh_token");
    let audience = async |more: &str| {
        let body = server.api.refresh(&client, token, more).await.expect(200);
        decoded(text(&body, "access_token")).1["aud"].clone()
    };
    assert_eq!(audience("").await, json!([one, two]));
    assert_eq!(audience(&format!("&resource={two}/")).await, json!(two));
    assert_eq!(audience("").await, json!([one, two]), "narrowing holds for one answer only");
    let other = "&resource=https://three.example";
    server.api.refresh(&client, token, other).await.expect_error(400, "invalid_target");
    let audit = Actor::local("test").did(&server.clock, Some(second.domain_id), "resource.delete", "two");
    assert!(server.app.store.delete_resource(second.domain_id, second.id, None, &audit).await.unwrap());
    assert_eq!(audience("").await, json!(one));
    let gone = format!("&resource={two}");
    server.api.refresh(&client, token, &gone).await.expect_error(400, "invalid_target");
}

#[rstest]
#[tokio::test]
async fn a_token_belongs_to_its_client_and_its_person(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada) = (&server.api, server.add_user("ada").await);
    let (client, other) = (server.add_login_client(json!({})).await, server.add_web_client().await);
    let body = server.tokens(&client, &ada, "openid", &[]).await;
    let token = text(&body, "refresh_token");
    let said = api.refresh(&other, token, "").await.expect_error(400, "invalid_grant");
    assert!(said.contains("another client"), "{said}");
    for bad in ["rt_unknown", "x", text(&body, "access_token"), &"x".repeat(9_000)] {
        api.refresh(&client, bad, "").await.expect_error(400, "invalid_grant");
    }
    api.refresh(&client, "", "").await.expect_error(400, "invalid_request");
    let nobody = format!("grant_type=refresh_token&refresh_token={token}");
    api.form_post("/oauth/token", &nobody).await.expect_error(401, "invalid_client");
    // None of that used it up; closing the account does.
    let next = api.refresh(&client, token, "").await.expect(200);
    server.enable_user(ada.id, false).await;
    api.refresh(&client, text(&next, "refresh_token"), "").await.expect_error(400, "invalid_grant");
    api.userinfo(text(&next, "access_token")).await.expect_error(401, "invalid_token");
    server.enable_user(ada.id, true).await;
    api.refresh(&client, text(&next, "refresh_token"), "").await.expect_error(400, "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn a_deleted_client_takes_its_logins_along(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some((server, client, body)) = public(backend).await else { return };
    server.delete_client(&client.id).await;
    server.api.refresh(&client, text(&body, "refresh_token"), "").await.expect_error(401, "invalid_client");
    server.api.userinfo(text(&body, "access_token")).await.expect_error(401, "invalid_token");
}

#[rstest]
#[tokio::test]
async fn revoking_a_refresh_token_ends_the_login(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada) = (&server.api, server.add_user("ada").await);
    for client in [server.add_login_client(json!({})).await, server.add_web_client().await] {
        let body = server.tokens(&client, &ada, "openid", &[]).await;
        let form = format!("token={}", text(&body, "refresh_token"));
        api.post_as("/oauth/revoke", &server.gateway, &form).await.expect_error(400, "unauthorized_client");
        api.userinfo(text(&body, "access_token")).await.expect(200);
        for hint in ["", "&token_type_hint=access_token", "&token_type_hint=refresh_token"] {
            let answer = api.post_as("/oauth/revoke", &client, &format!("{form}{hint}")).await;
            assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
        }
        api.refresh(&client, text(&body, "refresh_token"), "").await.expect_error(400, "invalid_grant");
        api.userinfo(text(&body, "access_token")).await.expect_error(401, "invalid_token");
        server.audited(|event| event.action == "refresh_token.revoke").await;

        // An access token ends alone.
        let body = server.tokens(&client, &ada, "openid", &[]).await;
        let form = format!("token={}", text(&body, "access_token"));
        api.post_as("/oauth/revoke", &client, &form).await.expect(200);
        api.userinfo(text(&body, "access_token")).await.expect_error(401, "invalid_token");
        api.refresh(&client, text(&body, "refresh_token"), "").await.expect(200);
    }
}

#[rstest]
#[tokio::test]
async fn introspection_tells_the_client_of_its_own_refresh_token(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, ada, client) = (&server.api, server.add_user("ada").await, server.add_web_client().await);
    let (_, resource) = server.add_resource("one", &["https://one.example"]).await;
    let body = server.tokens(&client, &ada, "openid", &["https://one.example"]).await;
    let (token, access) = (text(&body, "refresh_token"), text(&body, "access_token"));
    let told = api.introspect(&client, token).await.expect(200);
    let ends = server.clock.now().plus(90 * 86_400).seconds();
    let expected = json!({
        "active": true, "iss": format!("{}/main/oidc", api.base), "client_id": client.id, "sub": ada.id,
        "scope": "openid", "iat": server.clock.now().seconds(), "exp": ends, "domain": "main"
    });
    assert_eq!(told, expected, "no token_type: it is no token for a resource");
    for other in [&resource, &server.gateway] {
        assert!(!api.is_active(other, token).await);
    }
    assert!(api.is_active(&resource, access).await && api.is_active(&client, access).await);
    // Callers of the alias take any 200 for an access token.
    let form = format!("token={token}");
    api.form("/oauth/check_token", &client, &form).await.expect_error(400, "invalid_token");
    assert!(!api.is_active(&client, "rt_unknown").await);
    server.enable_user(ada.id, false).await;
    for (caller, token) in [(&client, token), (&client, access), (&resource, access)] {
        assert!(!api.is_active(caller, token).await);
    }
}

#[tokio::test]
async fn what_ends_in_one_process_is_ended_in_the_other() {
    let Some(database) = Database::fresh(Backend::Postgres).await else { return };
    let one_name = |settings: &mut Settings| settings.public_url = Some("https://auth.example.com".parse().unwrap());
    let one = TestServer::on(database.clone(), one_name, None).await;
    let two = TestServer::on(database, one_name, None).await;
    let (ada, client) = (one.add_user("ada").await, one.add_login_client(json!({})).await);
    let body = one.tokens(&client, &ada, "openid", &[]).await;
    let (access, old) = (text(&body, "access_token").to_owned(), text(&body, "refresh_token"));
    two.api.userinfo(&access).await.expect(200);
    // Whichever process rotates it, the successor is the same.
    let next = two.api.refresh(&client, old, "").await.expect(200);
    let again = one.api.refresh(&client, old, "").await.expect(200);
    assert_eq!(text(&next, "refresh_token"), text(&again, "refresh_token"));
    let form = format!("token={}", text(&next, "refresh_token"));
    two.api.post_as("/oauth/revoke", &client, &form).await.expect(200);
    one.api.refresh(&client, text(&next, "refresh_token"), "").await.expect_error(400, "invalid_grant");
    eventually("the other process knows", Duration::from_secs(2), async || {
        one.api.userinfo(&access).await.status == 401
    })
    .await;
}
