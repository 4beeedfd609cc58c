//! The people of a domain, as administrators look after them.

use http::Method;
use registrar::model::administrator::Role;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{AdminApi, Backend, PASSWORD, TestServer};

const PATH: &str = "/domains/main/users";

async fn make(owner: &AdminApi, username: &str) -> Value {
    let wanted = json!({ "username": username, "email": format!("{username}@example.com"), "password": PASSWORD });
    owner.post(PATH, wanted).await.expect(201)
}

fn at(user: &Value, rest: &str) -> String {
    format!("{PATH}/{}{rest}", user["id"].as_str().unwrap())
}

#[rstest]
#[tokio::test]
async fn users_are_made_found_changed_and_deleted(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let made = make(&owner, "ada").await;
    assert_eq!((&made["has_password"], &made["enabled"]), (&json!(true), &json!(true)));
    assert!(!made.to_string().contains("argon2"));
    make(&owner, "bob").await;
    owner.post(PATH, json!({ "username": "ADA" })).await.expect_problem(409, "conflict");
    owner.post(PATH, json!({ "username": "a b" })).await.expect_problem(400, "invalid_request");
    owner.post(PATH, json!({ "username": "cy", "password": "short" })).await.expect_problem(400, "invalid_request");
    owner.post(PATH, json!({ "username": "cy", "role": "owner" })).await.expect_problem(400, "invalid_request");
    let page = owner.get(&format!("{PATH}?limit=1")).await.expect(200);
    assert_eq!((&page["items"][0]["username"], &page["total"]), (&json!("ada"), &json!({ "count": 2, "exact": true })));
    let next = page["next"].as_str().unwrap();
    let rest = owner.get(&format!("{PATH}?limit=1&cursor={next}")).await.expect(200);
    assert_eq!((&rest["items"][0]["username"], rest.get("next")), (&json!("bob"), None));
    owner.get(&format!("{PATH}?cursor={next}&q=a")).await.expect_problem(400, "invalid_request");
    let found = owner.get(&format!("{PATH}?q=bob%40")).await.expect(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    // What is sent is changed; null takes away.
    let hostile = "<img src=x onerror=alert(1)>";
    let change = json!({ "claims": { "name": hostile, "locale": "en" }, "email_verified": true });
    assert_eq!(owner.patch(&at(&made, ""), change).await.expect(200)["email_verified"], true);
    let changed = owner.patch(&at(&made, ""), json!({ "claims": { "locale": null } })).await.expect(200);
    assert_eq!(changed["claims"], json!({ "name": hostile }));
    let changed = owner.patch(&at(&made, ""), json!({ "email": null })).await.expect(200);
    assert_eq!((changed.get("email"), &changed["email_verified"]), (None, &json!(false)));
    owner.patch(&at(&made, ""), json!({ "claims": { "shoe_size": 38 } })).await.expect_problem(400, "invalid_request");
    owner.patch(&at(&made, ""), json!({ "username": null })).await.expect_problem(400, "invalid_request");
    let event =
        server.audited(|event| event.action == "user.update" && event.detail["changes"].get("email").is_some()).await;
    assert_eq!(event.detail["changes"]["email"], json!({ "before": "ada@example.com", "after": null }));
    let stale = [("if-match", "\"1\"")];
    let gone = owner.send(Method::DELETE, &at(&made, ""), &stale, &Value::Null).await;
    gone.expect_problem(412, "precondition_failed");
    owner
        .send(Method::PATCH, &at(&made, ""), &stale, &json!({ "enabled": false }))
        .await
        .expect_problem(412, "precondition_failed");
    assert_eq!(owner.delete(&at(&made, "")).await.status, 204);
    owner.get(&at(&made, "")).await.expect_problem(404, "not_found");
    owner.get(&format!("{PATH}/x")).await.expect_problem(404, "not_found");
}

#[rstest]
#[case(json!({ "enabled": false }))]
#[case(json!({ "password": "another correct horse battery" }))]
#[tokio::test]
async fn who_is_disabled_or_gets_another_password_is_logged_out_everywhere(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] change: Value,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let ada = server.user("ada").await;
    let client = server.add_web_client().await;
    let tokens = server.tokens(&client, &ada, "openid profile offline_access", &[]).await;
    let (access, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    let (_, cookie) = server.browser(&ada).await;
    let account = server.api.url("/account");
    let logged_in = async || server.api.send(Method::GET, &account, &[("cookie", &cookie)], "").await.status == 200;
    assert!(logged_in().await && server.api.is_active(&client, access).await);
    let path = format!("{PATH}/{}", ada.id);
    assert_eq!(owner.get(&format!("{path}/sessions")).await.expect(200)["items"].as_array().unwrap().len(), 1);
    owner.patch(&path, change.clone()).await.expect(200);
    assert!(!logged_in().await, "the session has ended");
    assert!(!server.api.is_active(&client, access).await, "the token has ended");
    server.api.userinfo(access).await.expect(401);
    server.api.refresh(&client, refresh, "").await.expect_error(400, "invalid_grant");
    assert_eq!(owner.get(&format!("{path}/sessions")).await.expect(200)["items"], json!([]));
    let action = if change.get("enabled").is_some() { "user.disable" } else { "user.update" };
    let event = server.audited(|event| event.action == action).await;
    assert!(!serde_json::to_string(&event.detail).unwrap().contains("another correct horse"));
}

#[rstest]
#[tokio::test]
async fn sessions_and_connections_are_ended_one_by_one(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let client = server.add_web_client().await;
    let tokens = server.tokens(&client, &ada, "openid", &[]).await;
    let (path, of_bob) = (format!("{PATH}/{}", ada.id), format!("{PATH}/{}", bob.id));
    let (first, _) = server.browser(&ada).await;
    server.browser(&ada).await;
    let bobs = server.browser(&bob).await.0;
    // Not by way of another user.
    owner.delete(&format!("{path}/sessions/{}", bobs.id)).await.expect_problem(404, "not_found");
    assert_eq!(owner.delete(&format!("{path}/sessions/{}", first.id)).await.status, 204);
    let left = owner.get(&format!("{path}/sessions")).await.expect(200);
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    assert_ne!(left["items"][0]["id"], first.id.to_string());
    assert_eq!(owner.delete(&format!("{path}/sessions")).await.status, 204);
    assert_eq!(owner.get(&format!("{path}/sessions")).await.expect(200)["items"], json!([]));
    assert_eq!(owner.get(&format!("{of_bob}/sessions")).await.expect(200)["items"].as_array().unwrap().len(), 1);
    let connections = owner.get(&format!("{path}/connections")).await.expect(200);
    assert_eq!(
        (&connections["items"][0]["client_id"], &connections["items"][0]["logins"]),
        (&json!(client.id), &json!(1))
    );
    owner.delete(&format!("{of_bob}/connections/{}", client.id)).await.expect_problem(404, "not_found");
    assert_eq!(owner.delete(&format!("{path}/connections/{}", client.id)).await.status, 204);
    assert!(!server.api.is_active(&client, tokens["access_token"].as_str().unwrap()).await);
    assert_eq!(owner.get(&format!("{path}/connections")).await.expect(200)["items"], json!([]));
}

#[rstest]
#[tokio::test]
async fn links_are_told_once_and_work_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let folder = tempfile::tempdir().unwrap();
    let mails = folder.path().to_owned();
    let Some(server) = TestServer::start_with(backend, |settings| settings.mail.folder = mails).await else {
        return;
    };
    let owner = server.owner().await;
    let ada = server.user("ada").await;
    let link = owner.post(&format!("{PATH}/{}/reset-link", ada.id), json!({ "send": true })).await.expect(201);
    assert_eq!((&link["sent"], &link["expires_at"]), (&json!(true), &json!(server.clock.now().plus(3_600).0)));
    assert!(link["link"].as_str().unwrap().contains("/main/password/reset?token="));
    let mailed = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(mailed, 1);
    let body = json!({ "email": "new@example.com", "lifetime": 3_600 });
    let invitation = owner.post("/domains/main/invitations", body).await.expect(201);
    assert_eq!(invitation["sent"], false);
    let path = invitation["link"].as_str().unwrap().strip_prefix(server.app.public_url.as_str()).unwrap();
    let page = server.api.get(&format!("{}{path}", server.api.base)).await;
    assert_eq!(page.status, 200);
    for refused in [json!({ "send": true }), json!({ "email": "x" }), json!({ "lifetime": 1 })] {
        owner.post("/domains/main/invitations", refused).await.expect_problem(400, "invalid_request");
    }
    let taken = json!({ "email": "ada@example.com" });
    owner.post("/domains/main/invitations", taken).await.expect_problem(409, "conflict");
    let event = server.audited(|event| event.action == "user.invite").await;
    let secret = path.split('=').next_back().unwrap();
    assert!(!serde_json::to_string(&event.detail).unwrap().contains(secret));
}

#[rstest]
#[tokio::test]
async fn the_console_looks_after_users(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let hostile = "<script>alert(1)</script>";
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let root = format!("{}/console/domains/main/users", server.api.base);
    let page = browser.open(&format!("{root}/new")).await.page();
    let form = page.form("new-user-form");
    let wrong = browser.submit(&form, &[("username", "a b"), ("name", hostile)]).await.page();
    assert_eq!(wrong.answer.status, 422);
    assert!(wrong.has("username-error") && !wrong.answer.text.contains(hostile));
    let typed = [("username", "ada"), ("name", hostile), ("email", "ada@example.com"), ("password", PASSWORD)];
    let page = browser.submit(&form, &typed).await.page();
    assert!(!page.answer.text.contains(hostile) && !page.answer.text.contains(PASSWORD), "{}", page.answer.text);
    let ada = server.app.store.user_by_login(server.domain().await.id(), "ada").await.unwrap().unwrap();
    // Her browser says who it is in a way of its own.
    let device = registrar::people::browser_session::Device { agent: hostile, source: "127.0.0.1" };
    server.app.people.begin_session(&*server.domain().await, &ada, device, None).await.unwrap().unwrap();
    let own = format!("{root}/{}", ada.id);
    let page = browser.open(&own).await.page();
    assert!(!page.answer.text.contains(hostile));
    let list = browser.open(&format!("{root}?q=ada&state=enabled")).await.page();
    assert!(list.answer.text.contains(&ada.id.to_string()) && !list.answer.text.contains(hostile));
    let list = browser.open(&format!("{root}?state=disabled&cursor=out-of-date")).await.page();
    assert!(!list.answer.text.contains(&ada.id.to_string()));
    // A lost update.
    let stale = browser.open(&own).await.page();
    let save = [("action", "save"), ("claims", "locale=en-GB\nphone_number_verified=true")];
    browser.submit(&page.form("profile-form"), &save).await.page();
    let late = browser.submit(&stale.form("profile-form"), &[("action", "save"), ("username", "eve")]).await.page();
    assert_eq!(late.answer.status, 409);
    let now = server.app.store.user(ada.domain_id, ada.id).await.unwrap().unwrap();
    assert_eq!((now.username.as_str(), &now.claims.0["phone_number_verified"]), ("ada", &json!(true)));
    assert_eq!(now.claims.0["name"], hostile, "what the form shows is what it sends");
    let page = browser.open(&own).await.page();
    let wrong = [("action", "save"), ("claims", "shoe_size=38")];
    assert_eq!(browser.submit(&page.form("profile-form"), &wrong).await.page().answer.status, 422);
    // A link, once; then out.
    let page = browser.submit(&page.form("reset-form"), &[("action", "reset_link")]).await.page();
    assert!(page.text("link").contains("/main/password/reset?token="));
    assert!(!browser.open(&own).await.page().has("link"));
    browser.submit(&page.form("end-sessions"), &[("action", "end_sessions")]).await.page();
    assert!(server.app.store.sessions_of_user(ada.domain_id, ada.id).await.unwrap().is_empty());
    browser.submit(&page.form("state-form"), &[("action", "disable")]).await.page();
    assert!(!server.app.store.user(ada.domain_id, ada.id).await.unwrap().unwrap().enabled);
    let page = browser.open(&own).await.page();
    let kept = browser.submit(&page.form("delete-form"), &[("action", "delete"), ("confirm", "adam")]).await.page();
    assert_eq!(kept.answer.status, 422);
    browser.submit(&page.form("delete-form"), &[("action", "delete"), ("confirm", "ada")]).await.page();
    assert!(server.app.store.user(ada.domain_id, ada.id).await.unwrap().is_none());
    let page = browser.open(&format!("{root}/invite")).await.page();
    let page =
        browser.submit(&page.form("invite-form"), &[("email", "new@example.com"), ("lifetime", "604800")]).await.page();
    assert!(page.text("link").contains("/main/register?invite="));
}

#[rstest]
#[tokio::test]
async fn a_new_user_is_told_everything_at_once_and_never_loses_a_password_in_silence(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let root = format!("{}/console/domains/main/users", server.api.base);
    let found = async || server.app.store.user_by_login(server.domain().await.id(), "ada").await.unwrap();
    let form = browser.open(&format!("{root}/new")).await.page().form("new-user-form");
    let wrong = [("username", "a b"), ("email", "nobody"), ("password", "short")];
    let page = browser.submit(&form, &wrong).await.page();
    assert_eq!(page.answer.status, 422);
    assert!(page.has("username-error") && page.has("email-error") && page.has("password-error"));
    assert!(page.answer.text.contains("Must have at least 8 characters."), "{}", page.answer.text);
    // A good one is not kept, and that is said at its field as long as anything else is wrong.
    let wrong = [("username", "ada"), ("email", "nobody"), ("password", PASSWORD)];
    let page = browser.submit(&page.form("new-user-form"), &wrong).await.page();
    assert!(page.has("email-error") && page.has("password-error") && !page.has("username-error"));
    assert!(page.answer.text.contains("Type it again") && !page.answer.text.contains(PASSWORD));
    let page = browser.submit(&page.form("new-user-form"), &[("username", "a b")]).await.page();
    assert!(page.has("username-error") && page.has("email-error") && page.has("password-error"));
    let right = [("username", "ada"), ("email", "ada@example.com")];
    let page = browser.submit(&page.form("new-user-form"), &right).await.page();
    assert_eq!(page.answer.status, 422);
    assert!(page.has("password-error") && !page.has("email-error") && found().await.is_none());
    // Without one after all: where that is said.
    let without = [("password_waived", "on")];
    let page = browser.submit(&page.form("new-user-form"), &without).await.page();
    assert!(page.answer.text.contains("The account is created."), "{}", page.answer.text);
    assert!(found().await.unwrap().password.is_none());
    // Who has no full name is shown without one.
    let list = browser.open(&root).await.page();
    assert!(list.answer.text.contains(">ada</a></th>"), "{}", list.answer.text);
    assert!(!list.answer.text.contains("without a name"));
}

#[rstest]
#[tokio::test]
async fn without_a_mail_server_nobody_is_told_that_a_link_was_mailed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let folder = tempfile::tempdir().unwrap();
    let mails = folder.path().to_owned();
    let Some(server) = TestServer::start_with(backend, |settings| settings.mail.folder = mails).await else {
        return;
    };
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let ada = server.user("ada").await;
    let root = format!("{}/console/domains/main/users", server.api.base);
    let (before, after) = ("the mail is only written into", "the mail was written into");
    for (path, form, fields) in [
        ("invite".to_owned(), "invite-form", vec![("email", "new@example.com")]),
        (ada.id.to_string(), "reset-form", vec![("action", "reset_link")]),
    ] {
        let page = browser.open(&format!("{root}/{path}")).await.page();
        assert!(page.answer.text.contains(&format!("{before} {}", folder.path().display())), "{}", page.answer.text);
        let page = browser.submit(&page.form(form), &fields).await.page();
        assert!(page.has("link") && !page.answer.text.contains(after), "nothing was asked for");
        let page = browser.open(&format!("{root}/{path}")).await.page();
        let page = browser.submit(&page.form(form), &[&fields[..], &[("send", "on")]].concat()).await.page();
        assert!(page.answer.text.contains(&format!("{after} {}", folder.path().display())), "{}", page.answer.text);
        assert!(page.has("link") && !page.answer.text.contains("mailed as well"));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[rstest]
#[tokio::test]
async fn what_ends_a_users_sessions_is_asked_about_and_stopping_stands_at_the_foot(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let ada = server.user("ada").await;
    server.browser(&ada).await;
    let page = browser.open(&format!("{}/console/domains/main/users/{}", server.api.base, ada.id)).await.page();
    let html = &page.answer.text;
    for action in ["disable", "set_password", "end_session", "end_sessions"] {
        assert!(html.contains(&format!("value=\"{action}\" data-confirm=\"")), "{action}: {html}");
    }
    let place = |id: &str| html.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}"));
    assert!(place("reset-form") < place("applications") && place("applications") < place("state-form"));
    assert!(place("state-form") < place("delete-form"));
}
