//! Tokens as JWT plans read them, and the keys that they are checked with (check 10).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use registrar::keys::rotation::Turned;
use registrar::model::audit_event::Actor;
use rstest::rstest;
use serde_json::{Value, json};

use super::{assert_says_nothing_empty, fixture, registered};
use crate::support::{Backend, Credentials, TestServer};

const RESOURCE: &str = "https://gw.example.com/Orders";

/// The header and the claims of a token.
fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap_or_default());
    let mut part = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (part(), part())
}

async fn published_keys(server: &TestServer) -> BTreeSet<String> {
    let keys = server.api.get(&server.api.url("/oidc/.well-known/jwks.json")).await.expect(200);
    assert_says_nothing_empty(&keys);
    let private = ["d", "p", "q", "dp", "dq", "qi", "k"];
    let keys = keys["keys"].as_array().unwrap();
    assert!(keys.iter().all(|key| private.iter().all(|member| key.get(member).is_none())));
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn signer(server: &TestServer) -> (String, String) {
    let token = server.admin_token().await;
    let kid = parts(&token).0["kid"].as_str().unwrap().to_owned();
    (token, kid)
}

#[rstest]
#[tokio::test]
async fn check_10_tokens_carry_what_jwt_plans_read(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let application = Credentials::of(&registered(&server, &fixture("backend_to_backend")).await);
    let (resource, _) = server.add_resource("Orders", &[RESOURCE]).await;
    server.grant(&resource, &application.id).await;
    let for_itself = server.api.token(&application, "").await;
    let for_resource = server.api.token_for(&application, &[RESOURCE]).await.expect(200);
    let for_resource = for_resource["access_token"].as_str().unwrap().to_owned();
    for (token, audience, typ) in [(&for_itself, application.id.as_str(), "JWT"), (&for_resource, RESOURCE, "at+jwt")] {
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "sent unescaped by gateways");
        let (header, claims) = parts(token);
        assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!(typ)));
        let now = server.clock.now().seconds();
        let expected = json!({
            "iss": format!("{}/main/oidc", server.api.base), "sub": application.id, "aud": audience,
            "azp": application.id, "client_id": application.id, "iat": now, "exp": now + 3600, "jti": claims["jti"],
        });
        assert_eq!(claims, expected);
        assert!(published_keys(&server).await.contains(header["kid"].as_str().unwrap()));
    }
}

#[rstest]
#[tokio::test]
async fn check_10_a_new_key_is_published_ten_minutes_before_it_signs_and_the_old_one_outlives_its_tokens(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let turn = || async { server.app.rotator().run(&*server.domain().await).await.unwrap() };
    let before = published_keys(&server).await;
    let (_, old) = signer(&server).await;
    for expected in [Turned::Done, Turned::Nothing] {
        let turned = server.app.rotator().rotate(&*server.domain().await, &Actor::local("test")).await.unwrap();
        assert_eq!(turned, expected);
    }
    let both = published_keys(&server).await;
    assert_eq!((both.len(), both.is_superset(&before)), (4, true), "one more of each algorithm");
    server.advance(599);
    turn().await;
    let (last_token, kid) = signer(&server).await;
    assert_eq!(kid, old, "not yet");
    server.advance(1);
    turn().await;
    let (_, new) = signer(&server).await;
    assert!(new != old && both.contains(&new) && !before.contains(&new));
    assert_eq!(published_keys(&server).await, both);
    server.advance(3598);
    turn().await;
    assert!(published_keys(&server).await.contains(&old));
    assert!(server.api.is_active(&server.gateway, &last_token).await);
    // No client's token lives longer than a day.
    server.advance(24 * 60 * 60);
    turn().await;
    let left = published_keys(&server).await;
    assert!(!left.contains(&old) && left.contains(&new), "gone");
}

#[rstest]
#[tokio::test]
async fn check_10_keys_rotate_by_themselves(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start_with(backend, |settings| {
        settings.rotation.signing_key_lifetime_seconds = 86_400;
    })
    .await
    else {
        return;
    };
    let (_, first) = signer(&server).await;
    let mut signers = BTreeSet::new();
    for _ in 0..30 {
        server.advance(6 * 60 * 60);
        server.housekeeping().await;
        let published = published_keys(&server).await;
        let (token, kid) = signer(&server).await;
        assert!(published.contains(&kid) && server.api.is_active(&server.gateway, &token).await);
        signers.insert(kid);
    }
    assert!(signers.len() > 4 && !published_keys(&server).await.contains(&first), "{signers:?}");
}

#[rstest]
#[tokio::test]
async fn check_10_a_leaked_key_is_gone_at_once_and_nothing_it_signed_is_believed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (token, leaked) = signer(&server).await;
    assert!(server.api.is_active(&server.gateway, &token).await);
    server.app.rotator().revoke(&*server.domain().await, &leaked, &Actor::local("test")).await.unwrap();
    let (fresh, kid) = signer(&server).await;
    let published = published_keys(&server).await;
    assert!(kid != leaked && published.contains(&kid) && !published.contains(&leaked));
    assert!(!server.api.is_active(&server.gateway, &token).await);
    assert!(server.api.is_active(&server.gateway, &fresh).await);
    server.api.register(&token, &fixture("web")).await.expect_error(401, "invalid_token");
    let again = server.app.rotator().revoke(&*server.domain().await, &leaked, &Actor::local("test")).await;
    assert_eq!(again.unwrap(), Turned::Nothing);
}
