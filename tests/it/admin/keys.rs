//! Signing keys by the administration API.

use http::Method;
use registrar::model::administrator::Role;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Backend, TestServer};

const KEYS: &str = "/domains/main/keys";

fn states(list: &Value) -> Vec<&str> {
    let mut states: Vec<&str> =
        list["items"].as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    states.sort_unstable();
    states
}

fn with_state<'a>(list: &'a Value, state: &str, algorithm: &str) -> &'a Value {
    let keys = list["items"].as_array().unwrap();
    keys.iter().find(|key| key["state"] == state && key["algorithm"] == algorithm).unwrap()
}

async fn key_set(server: &TestServer) -> Vec<Value> {
    let set = server.api.get(&server.api.url("/oidc/.well-known/jwks.json")).await.expect(200);
    set["keys"].as_array().unwrap().clone()
}

fn signed_by(token: &str) -> Value {
    crate::support::decoded(token).0["kid"].clone()
}

#[rstest]
#[tokio::test]
async fn keys_are_listed_without_their_private_part(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let answer = server.administration(Role::Auditor, Some("main")).await.get(KEYS).await;
    let text = answer.text.clone();
    let list = answer.expect(200);
    assert_eq!(states(&list), ["active", "active"]);
    let key = with_state(&list, "active", "RS256");
    assert_eq!((&key["listed"], &key["activates_at"]), (&json!(true), &json!(server.clock.now().seconds())));
    assert!(key.get("leaves_at").is_none(), "absent, not null: {key}");
    assert!(key_set(&server).await.contains(&key["public_jwk"]));
    assert_eq!(list["key_set"], server.api.url("/oidc/.well-known/jwks.json"));
    // RFC 7518 section 6: d, p, q, dp, dq and qi are private.
    for private in ["\"d\"", "\"p\"", "\"q\"", "\"dp\"", "\"dq\"", "\"qi\"", "sealed", "null"] {
        assert!(!text.contains(private), "{private} in {text}");
    }
}

#[rstest]
#[tokio::test]
async fn successors_are_published_before_they_sign(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let editor = server.administration(Role::Editor, Some("main")).await;
    let before = signed_by(&server.admin_token().await);
    let list = editor.post(&format!("{KEYS}/rotate"), json!({})).await.expect(200);
    assert_eq!(states(&list), ["active", "active", "published", "published"]);
    let next = with_state(&list, "published", "RS256");
    let lead = list["publish_lead"].as_i64().unwrap();
    assert_eq!(next["activates_at"], server.clock.now().plus(lead).seconds());
    assert_eq!(key_set(&server).await.len(), 4);
    assert_eq!(signed_by(&server.admin_token().await), before);
    let told = editor.post(&format!("{KEYS}/rotate"), json!({ "now": false })).await.expect_problem(409, "conflict");
    assert!(told.contains("with now to let them sign at once"), "{told}");

    // Who cannot wait lets them sign at once; the old ones are believed on.
    let old = server.admin_token().await;
    let list = editor.post(&format!("{KEYS}/rotate"), json!({ "now": true })).await.expect(200);
    assert_eq!(states(&list), ["active", "active", "retired", "retired"]);
    let signs = with_state(&list, "active", "RS256");
    assert_eq!((&signs["kid"], &signs["activates_at"]), (&next["kid"], &json!(server.clock.now().seconds())));
    let fresh = server.admin_token().await;
    assert_eq!(signed_by(&fresh), signs["kid"]);
    for token in [&old, &fresh] {
        assert!(server.api.is_active(&server.gateway, token).await);
    }
    let retired = with_state(&list, "retired", "RS256");
    assert!(retired["leaves_at"].as_i64().unwrap() >= server.clock.now().plus(86_400).seconds());
    let event =
        server.audited(|event| event.action == "signing_key.rotate" && event.actor.starts_with("api_token:")).await;
    assert!(event.source.is_some() && event.request_id.is_some());
    let changes = server.audited(|event| event.detail["changes"].get(before.as_str().unwrap()).is_some()).await;
    assert_eq!(changes.detail["changes"][before.as_str().unwrap()], json!({ "before": "active", "after": "retired" }));
    assert!(changes.target.contains(signs["kid"].as_str().unwrap()));
}

#[rstest]
#[tokio::test]
async fn new_keys_can_sign_at_once_where_none_is_published(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let before = signed_by(&server.admin_token().await);
    owner.post(&format!("{KEYS}/rotate"), json!({ "now": true })).await.expect(200);
    assert_ne!(signed_by(&server.admin_token().await), before);
    // Without a body they wait, as always.
    let list = owner.send(Method::POST, &format!("{KEYS}/rotate"), &[], &Value::Null).await.expect(200);
    assert_eq!(states(&list), ["active", "active", "published", "published", "retired", "retired"]);
}

#[rstest]
#[tokio::test]
async fn a_leaked_key_ends_what_it_signed_and_that_is_told(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let editor = server.administration(Role::Editor, Some("main")).await;
    let token = server.admin_token().await;
    let leaked = signed_by(&token).as_str().unwrap().to_owned();
    let path = format!("{KEYS}/{leaked}/revoke");
    let told = editor.post(&path, Value::Null).await.expect(200);
    assert_eq!((&told["revoked"]["kid"], &told["revoked"]["state"]), (&json!(leaked), &json!("revoked")));
    assert_eq!(told["revoked"]["listed"], false);
    assert!(told["consequences"][0].as_str().unwrap().contains("refused here from now on"), "{told}");
    assert!(!server.api.is_active(&server.gateway, &token).await);
    let fresh = server.admin_token().await;
    assert_eq!(signed_by(&fresh), told["signs_now"]);
    assert!(key_set(&server).await.iter().all(|key| key["kid"] != leaked.as_str()));
    editor.post(&path, Value::Null).await.expect_problem(409, "conflict");
    editor.post(&format!("{KEYS}/nothing/revoke"), Value::Null).await.expect_problem(404, "not_found");
    let event = server.audited(|event| event.action == "signing_key.revoke").await;
    assert_eq!(
        (event.target.as_str(), &event.detail["changes"][&leaked]["after"]),
        (leaked.as_str(), &json!("revoked"))
    );

    // A key that has not signed ends nothing.
    let list = editor.post(&format!("{KEYS}/rotate"), json!({})).await.expect(200);
    let waiting = with_state(&list, "published", "ES256")["kid"].as_str().unwrap().to_owned();
    let told = editor.post(&format!("{KEYS}/{waiting}/revoke"), Value::Null).await.expect(200);
    assert!(told.get("signs_now").is_none() && told["consequences"][0].as_str().unwrap().contains("signed nothing"));
    assert!(server.api.is_active(&server.gateway, &fresh).await);
}

#[rstest]
#[tokio::test]
async fn what_is_sent_for_a_rotation_is_read_strictly(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let path = format!("{KEYS}/rotate");
    for bad in [json!({ "now": "yes" }), json!({ "soon": true }), json!({ "now": null }), json!([])] {
        owner.post(&path, bad).await.expect_problem(400, "invalid_request");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = server
        .api
        .send(
            Method::POST,
            &format!("{}/api/v1{path}", server.api.base),
            &[form[0], ("authorization", &format!("Bearer {}", owner.token))],
            "now=true",
        )
        .await;
    answer.expect_problem(415, "unsupported_media_type");
    let auditor = server.administration(Role::Auditor, Some("main")).await;
    auditor.post(&path, json!({})).await.expect_problem(403, "forbidden");
    let list = auditor.get(KEYS).await.expect(200);
    let kid = list["items"][0]["kid"].as_str().unwrap();
    auditor.post(&format!("{KEYS}/{kid}/revoke"), Value::Null).await.expect_problem(403, "forbidden");
    assert_eq!(states(&auditor.get(KEYS).await.expect(200)), ["active", "active"]);
    server.add_domain("other").await;
    auditor.get("/domains/other/keys").await.expect_problem(404, "not_found");
}

#[rstest]
#[tokio::test]
async fn keys_are_rotated_and_revoked_in_the_console(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let url = format!("{}/console/domains/main/keys", server.api.base);
    let mut auditor = server.console(Role::Auditor, &["main"]).await;
    let page = auditor.send(Method::GET, &url, None).await;
    assert!(page.status == 200 && !page.text.contains("Publish successors") && !page.text.contains("/revoke"));
    assert_eq!(auditor.send(Method::POST, &url, Some(&[("action".to_owned(), "rotate".to_owned())])).await.status, 403);
    assert_eq!(auditor.send(Method::GET, &format!("{url}/rotate-now"), None).await.status, 403);

    let mut editor = server.console(Role::Editor, &["main"]).await;
    let done = editor.send(Method::POST, &url, Some(&[("action".to_owned(), "rotate".to_owned())])).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/console/domains/main/keys?done=rotated"));
    let page = editor.send(Method::GET, &format!("{url}?done=rotated"), None).await;
    assert!(page.text.contains("Successors are published") && page.text.contains("sign by themselves in time"));
    assert_eq!(editor.send(Method::POST, &url, Some(&[("action".to_owned(), "rotate".to_owned())])).await.status, 409);
    let question = editor.send(Method::GET, &format!("{url}/rotate-now"), None).await;
    assert!(question.text.contains("refuse the new tokens"));
    assert_eq!(
        editor.send(Method::POST, &url, Some(&[("action".to_owned(), "rotate_now".to_owned())])).await.status,
        303
    );

    let token = server.admin_token().await;
    let kid = signed_by(&token).as_str().unwrap().to_owned();
    let question = editor.send(Method::GET, &format!("{url}/{kid}/revoke"), None).await;
    assert!(question.text.contains("refused here from now on") && question.text.contains(&kid));
    assert!(server.api.is_active(&server.gateway, &token).await, "nothing is done before it is confirmed");
    assert_eq!(editor.send(Method::POST, &format!("{url}/{kid}/revoke"), Some(&[])).await.status, 303);
    assert!(!server.api.is_active(&server.gateway, &token).await);
    assert_eq!(editor.send(Method::GET, &format!("{url}/nothing/revoke"), None).await.status, 404);
}
