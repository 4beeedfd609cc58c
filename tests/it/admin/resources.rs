//! MCP servers: what is kept of them, who holds tokens for them, and the test that walks a client's way.

use http::Method;
use registrar::model::administrator::Role;
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{AdminApi, Answer, Backend, Credentials, Origin, TestServer};

const PATH: &str = "/domains/main/resources";

/// A name that is a page of its own where it is not made safe.
const HOSTILE: &str = "<script>alert(1)</script>\"'&";

async fn make(owner: &AdminApi, name: &str, identifier: &str) -> Value {
    owner.post(PATH, json!({ "name": name, "identifiers": [identifier] })).await.expect(201)
}

fn at(resource: &Value, rest: &str) -> String {
    format!("{PATH}/{}{rest}", resource["id"].as_str().unwrap())
}

#[rstest]
#[tokio::test]
async fn a_resource_is_made_with_credentials_that_are_told_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    server.add_scopes(&["orders.read"]).await;
    let wanted = json!({
        "name": HOSTILE, "identifiers": ["https://orders.example/mcp"], "scopes": "orders.read",
        "access_token_lifetime": 300, "prefix_match": true
    });
    let answer = owner.post(PATH, wanted).await;
    let location = answer.header("location").to_owned();
    assert_eq!(answer.header("etag"), "\"1\"");
    let made = answer.expect(201);
    assert_eq!(location, format!("/api/v1{}", at(&made, "")));
    assert_eq!((&made["scopes"], &made["access_token_lifetime"]), (&json!("orders.read"), &json!(300)));
    let credentials = Credentials {
        id: made["credentials"].as_str().unwrap().to_owned(),
        secret: made["client_secret"].as_str().unwrap().to_owned(),
    };
    assert!(!server.api.is_active(&credentials, "x").await, "they introspect");
    let read = owner.get(&at(&made, "")).await.expect(200);
    assert_eq!((&read["name"], read.get("client_secret")), (&json!(HOSTILE), None));
    assert_eq!(owner.get(PATH).await.expect(200)["items"], json!([read]));
    let metadata = owner.get(&at(&made, "/metadata")).await.expect(200);
    let issuer = server.app.issuer_of("main");
    assert_eq!(metadata["items"][0]["metadata"]["authorization_servers"], json!([issuer]));
    assert_eq!(metadata["items"][0]["metadata_url"], "https://orders.example/.well-known/oauth-protected-resource/mcp");
    assert!(metadata["items"][0]["challenge"].as_str().unwrap().contains("scope=\"orders.read\""));
    let event = server.audited(|event| event.action == "resource.create").await;
    assert_eq!(event.detail["changes"]["name"], json!({ "before": null, "after": HOSTILE }));
    assert!(!serde_json::to_string(&event.detail).unwrap().contains(&credentials.secret));
    // A second one of the name leaves no credentials behind.
    let before = server.client_count().await;
    let again = json!({ "name": HOSTILE, "identifiers": ["https://other.example"] });
    owner.post(PATH, again).await.expect_problem(409, "conflict");
    assert_eq!(server.client_count().await, before);
}

#[rstest]
#[case(json!({ "name": "A", "identifiers": [] }), 400)]
#[case(json!({ "name": "A", "identifiers": ["/mcp"] }), 400)]
#[case(json!({ "name": "A", "identifiers": ["https://a.example/#x"] }), 400)]
#[case(json!({ "name": "", "identifiers": ["https://a.example"] }), 400)]
#[case(json!({ "name": "A", "identifiers": ["https://a.example"], "scopes": "nowhere" }), 400)]
#[case(json!({ "name": "A", "identifiers": ["https://a.example"], "access_token_lifetime": 1 }), 400)]
#[case(json!({ "name": "A", "identifiers": ["https://a.example"], "color": "red" }), 400)]
#[case(json!({ "identifiers": ["https://a.example"] }), 400)]
#[tokio::test]
async fn what_cannot_be_a_resource_is_refused(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] wanted: Value,
    #[case] status: u16,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let before = server.client_count().await;
    let answer = owner.post(PATH, wanted).await;
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!((server.client_count().await, server.domain().await.resources.len()), (before, 0));
}

#[rstest]
#[tokio::test]
async fn of_two_who_change_a_resource_the_second_is_told(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let made = make(&owner, "Orders", "https://orders.example").await;
    let path = at(&made, "");
    let (first, second) = (json!({ "name": "First" }), json!({ "access_token_lifetime": 60 }));
    owner.send(Method::PATCH, &path, &[], &first).await.expect_problem(428, "precondition_required");
    let tag = [("if-match", "\"1\"")];
    let changed = owner.send(Method::PATCH, &path, &tag, &first).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!(changed.expect(200)["name"], "First");
    owner.send(Method::PATCH, &path, &tag, &second).await.expect_problem(412, "precondition_failed");
    owner.send(Method::DELETE, &path, &tag, &Value::Null).await.expect_problem(412, "precondition_failed");
    // Both pass the precondition at once, and one of them comes too late.
    let domain = server.domain().await;
    let seen = domain.resources[0].clone();
    for (lifetime, taken) in [(60, true), (90, false)] {
        let mut mine = seen.clone();
        mine.settings.access_token_lifetime = Some(lifetime);
        let domains = registrar::domains::Domains {
            store: server.app.store.clone(),
            keys: std::sync::Arc::clone(&server.app.keys),
            source: server.app.key_source.clone(),
        };
        let actor = registrar::model::audit_event::Actor::local("test");
        let outcome = domains.put_resource(&domain, &mine, server.app.public_url.as_str(), &actor).await;
        assert_eq!(outcome.is_ok(), taken, "{lifetime}");
        assert!(outcome.err().is_none_or(|error| error.status == 409));
    }
    assert_eq!(server.domain().await.resources[0].settings.access_token_lifetime, Some(60));
    let event = server.audited(|event| event.action == "resource.update" && event.target == "First").await;
    assert!(event.detail["changes"].is_object());
    // Null sets a member back.
    owner.patch(&path, json!({ "access_token_lifetime": null })).await.expect(200);
    assert_eq!(owner.get(&path).await.expect(200).get("access_token_lifetime"), None);
    owner.patch(&path, json!({ "identifiers": null })).await.expect_problem(400, "invalid_target");
    owner.patch(&path, json!({ "id": "x" })).await.expect_problem(400, "invalid_request");
    assert_eq!(owner.delete(&path).await.status, 204);
    owner.get(&path).await.expect_problem(404, "not_found");
}

#[rstest]
#[tokio::test]
async fn the_secret_before_works_as_long_as_is_said(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let made = make(&owner, "Orders", "https://orders.example").await;
    let id = made["credentials"].as_str().unwrap().to_owned();
    let first = Credentials { id: id.clone(), secret: made["client_secret"].as_str().unwrap().to_owned() };
    let new = owner.post(&at(&made, "/credentials"), json!({ "overlap": 600 })).await.expect(201);
    assert_eq!(new["client_id"], id.as_str());
    let second = Credentials { id, secret: new["client_secret"].as_str().unwrap().to_owned() };
    let works = async |credentials: &Credentials| server.api.introspect(credentials, "x").await.status == 200;
    assert!(works(&first).await && works(&second).await);
    server.advance(601);
    assert!(!works(&first).await && works(&second).await);
    owner.post(&at(&made, "/credentials"), json!({ "overlap": -1 })).await.expect_problem(400, "invalid_request");
    // Without credentials it gets some.
    let bare = json!({ "name": "Bare", "identifiers": ["https://bare.example"], "credentials": false });
    let bare = owner.post(PATH, bare).await.expect(201);
    assert_eq!((bare.get("credentials"), bare.get("client_secret")), (None, None));
    let new = owner.post(&at(&bare, "/credentials"), json!({})).await.expect(201);
    assert_eq!(owner.get(&at(&bare, "")).await.expect(200)["credentials"], new["client_id"]);
}

#[rstest]
#[tokio::test]
async fn connections_are_machines_and_people(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    server.add_scopes(&["read"]).await;
    let made = make(&owner, "Orders", "https://orders.example/mcp").await;
    let machine = server.add_machine("").await;
    let grant = at(&made, &format!("/grants/{}", machine.id));
    let granted = owner.send(Method::PUT, &grant, &[], &Value::Null).await;
    assert_eq!(granted.status, 204, "{}", granted.text);
    owner.send(Method::PUT, &at(&made, "/grants/nobody"), &[], &Value::Null).await.expect_problem(404, "not_found");
    server.api.token_for(&machine, &["https://orders.example/mcp"]).await.expect(200);
    // Two people by way of the pages.
    let redirect = "http://127.0.0.1:4000/cb";
    let client = server.open_client(&[redirect]).await;
    for name in ["ada", "bob"] {
        let user = server.user(name).await;
        let mut browser = server.browser_of(&user).await;
        let request = crate::support::Authorize::new(&client, redirect)
            .with("scope", "openid read")
            .with("resource", "https://orders.example/mcp");
        let code = browser.code(&request, name).await;
        server.api.redeem_code(&client, redirect, &code).await.expect(200);
        server.advance(1);
    }
    let connections = at(&made, "/connections");
    let page = owner.get(&format!("{connections}?limit=1")).await.expect(200);
    assert_eq!(page["machines"], json!([{ "client_id": machine.id, "client_name": "Machine" }]));
    assert_eq!(
        (&page["items"][0]["username"], &page["items"][0]["client_name"]),
        (&json!("bob"), &json!("Test Client"))
    );
    let next = page["next"].as_str().unwrap();
    let rest = owner.get(&format!("{connections}?limit=1&cursor={next}")).await.expect(200);
    assert_eq!((&rest["items"][0]["username"], rest.get("next")), (&json!("ada"), None));
    owner.get(&format!("{connections}?cursor=x")).await.expect_problem(400, "invalid_request");
    owner.get(&format!("{connections}?limit=0")).await.expect_problem(400, "invalid_request");
    owner.get(&format!("{connections}?colour=red")).await.expect_problem(400, "invalid_request");
    // Taken back.
    let ada = rest["items"][0]["user_id"].as_str().unwrap();
    let gone = owner.delete(&format!("/domains/main/users/{ada}/connections/{client}")).await;
    assert_eq!(gone.status, 204);
    assert_eq!(owner.delete(&grant).await.status, 204);
    let left = owner.get(&connections).await.expect(200);
    assert_eq!((left["items"].as_array().unwrap().len(), &left["machines"]), (1, &json!([])));
}

fn step<'a>(test: &'a Value, name: &str) -> &'a Value {
    test["steps"].as_array().unwrap().iter().find(|step| step["name"] == name).unwrap()
}

async fn tested(owner: &AdminApi, resource: &Value) -> Value {
    owner.post(&at(resource, "/test"), Value::Null).await.expect(200)
}

/// A protected server at `/mcp`, whose metadata names these.
fn publish(origin: &Origin, resource: &str, servers: &Value) -> String {
    let metadata = origin.publish(
        "/.well-known/oauth-protected-resource/mcp",
        json!({ "resource": resource, "authorization_servers": servers }),
    );
    origin.protect("/mcp", &format!("Bearer resource_metadata=\"{metadata}\""))
}

#[rstest]
#[tokio::test]
async fn the_test_of_a_good_server_finds_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let owner = server.owner().await;
    server.add_scopes(&["orders.read"]).await;
    server.set_domain(|settings| (settings.open_registration, settings.client_documents) = (true, true)).await;
    let url = publish(&origin, &origin.url("/mcp/"), &json!([server.app.issuer_of("main")]));
    let wanted = json!({ "name": "Orders", "identifiers": [url], "scopes": "orders.read" });
    let made = owner.post(PATH, wanted).await.expect(201);
    let tables = ["clients", "interactions", "authorizations", "revoked_tokens", "flow_steps", "client_documents"];
    let mut before = Vec::new();
    for table in tables {
        before.push(server.database.count(&format!("select count(*) from {table}")).await);
    }
    let test = tested(&owner, &made).await;
    assert_eq!(test["outcome"], "done", "{test:#}");
    let names: Vec<&str> =
        test["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["challenge", "metadata", "discovery", "registration", "authorization", "token"]);
    for (table, before) in tables.iter().zip(before) {
        let after = server.database.count(&format!("select count(*) from {table}")).await;
        assert_eq!(after, before, "a row of {table} is left");
    }
    let event = server.audited(|event| event.action == "resource.test").await;
    assert_eq!(event.detail["steps"]["token"], "done");
}

#[rstest]
#[tokio::test]
async fn the_test_tells_what_is_wrong_with_a_server(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let owner = server.owner().await;
    server.set_domain(|settings| settings.quick_start = false).await;
    let url = origin.url("/mcp");
    let made = make(&owner, "Orders", &url).await;
    let issuer = server.app.issuer_of("main");
    // Nothing is there.
    let test = tested(&owner, &made).await;
    assert_eq!(
        (&step(&test, "challenge")["outcome"], &step(&test, "metadata")["outcome"]),
        (&json!("failed"), &json!("failed")),
        "{test:#}"
    );
    // Anybody gets in.
    origin.publish("/mcp", json!({}));
    let test = tested(&owner, &made).await;
    assert!(step(&test, "challenge")["seen"].as_str().unwrap().contains("200 without a token"), "{test:#}");
    // A challenge that leads nowhere.
    origin.protect("/mcp", "Bearer");
    let test = tested(&owner, &made).await;
    assert_eq!(step(&test, "challenge")["outcome"], "warning");
    assert!(step(&test, "challenge")["remedy"].as_str().unwrap().contains("resource_metadata="));
    assert!(step(&test, "metadata")["seen"].as_str().unwrap().contains("status 404"), "{test:#}");
    // Another authorization server, another resource.
    for (resource, servers, outcome, says) in [
        (url.as_str(), json!(["https://other.example"]), "failed", "leads elsewhere: https://other.example"),
        (&url, json!([]), "failed", "is missing"),
        (&url, json!(["https://other.example", issuer]), "warning", "not first"),
        (&url, json!([format!("{issuer}/")]), "warning", "slash"),
        ("https://evil.example/<script>", json!([issuer]), "failed", "resource is https://evil.example"),
        (&origin.url(""), json!([issuer]), "warning", "above the identifier"),
        (&url, json!([issuer]), "done", "names this identifier"),
    ] {
        publish(&origin, resource, &servers);
        let test = tested(&owner, &made).await;
        let metadata = step(&test, "metadata");
        assert_eq!(metadata["outcome"], outcome, "{metadata:#}");
        assert!(metadata["seen"].as_str().unwrap().contains(says), "{metadata:#}");
    }
    // Nobody can register, and the scopes are not to be had.
    let test = tested(&owner, &made).await;
    assert_eq!(step(&test, "registration")["outcome"], "warning", "{test:#}");
    server.add_scope("closed", |scope| scope.self_registrable = false).await;
    owner.patch(&at(&made, ""), json!({ "scopes": "closed" })).await.expect(200);
    let test = tested(&owner, &made).await;
    assert!(step(&test, "authorization")["seen"].as_str().unwrap().contains("closed"), "{test:#}");
    server.set_domain(|settings| settings.open_policy = "nowhere".to_owned()).await;
    let test = tested(&owner, &made).await;
    assert_eq!(step(&test, "registration")["outcome"], "failed", "{test:#}");
    server.set_status(made["credentials"].as_str().unwrap(), registrar::model::client::ClientStatus::Suspended).await;
    let test = tested(&owner, &made).await;
    assert_eq!(step(&test, "token")["outcome"], "failed", "{test:#}");
}

#[rstest]
#[case("https://127.0.0.1/mcp")]
#[case("https://10.1.2.3/mcp")]
#[case("https://intranet.test/mcp")]
#[case("http://intranet.test/mcp")]
#[tokio::test]
async fn what_this_server_may_not_reach_is_said_with_a_remedy(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] url: &str,
) {
    let origin = Origin::start().await;
    let Some(server) = TestServer::start_with_fetcher(backend, origin.fetcher()).await else { return };
    let owner = server.owner().await;
    let made = make(&owner, "Intranet", url).await;
    let test = tested(&owner, &made).await;
    for name in ["challenge", "metadata"] {
        let step = step(&test, name);
        assert_eq!(step["outcome"], "warning", "{step:#}");
        assert!(step["remedy"].as_str().unwrap().contains("registrar doctor"), "{step:#}");
    }
    assert_eq!(origin.requests(), 0);
}

#[rstest]
#[tokio::test]
async fn who_looks_only_cannot_have_a_resource_tested(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let made = make(&server.owner().await, "Orders", "https://orders.example").await;
    let auditor = server.administration(Role::Auditor, None).await;
    auditor.get(&at(&made, "")).await.expect(200);
    auditor.post(&at(&made, "/test"), Value::Null).await.expect_problem(403, "forbidden");
    auditor.post(&at(&made, "/credentials"), json!({})).await.expect_problem(403, "forbidden");
    server.add_domain("other").await;
    let elsewhere = server.administration(Role::Editor, Some("other")).await;
    let answer: Answer = elsewhere.get(&at(&made, "")).await;
    answer.expect_problem(404, "not_found");
}

#[rstest]
#[tokio::test]
async fn the_console_makes_an_mcp_server_and_shows_its_secret_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["orders.read"]).await;
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let root = format!("{}/console/domains/main/mcp-servers", server.api.base);
    let page = browser.open(&format!("{root}/new")).await.page();
    let form = page.form("new-mcp-server-form");
    // What is wrong comes back with what was typed.
    let page = browser.submit(&form, &[("name", HOSTILE), ("identifiers", "/mcp")]).await.page();
    assert_eq!(page.answer.status, 422);
    assert!(page.has("identifiers-error") && page.answer.text.contains("/mcp is no whole URL"), "{}", page.answer.text);
    assert!(!page.answer.text.contains(HOSTILE) && page.answer.text.contains("alert(1)"));
    let wrong = [("name", ""), ("identifiers", "/mcp"), ("lifetime", "soon"), ("lifetime_unit", "hours")];
    let page = browser.submit(&page.form("new-mcp-server-form"), &wrong).await.page();
    for field in ["name", "identifiers", "lifetime"] {
        assert!(page.has(&format!("{field}-error")), "{field}: {}", page.answer.text);
    }
    let form = page.form("new-mcp-server-form");
    let typed =
        [("lifetime", ""), ("name", HOSTILE), ("identifiers", "https://orders.example/mcp"), ("credentials", "on")];
    let page = browser.submit(&form, &typed).await.page();
    let secret = page.text("client-secret");
    let credentials = Credentials { id: page.text("client-id"), secret: secret.clone() };
    let accepted = async |secret: &str| {
        let credentials = Credentials { secret: secret.to_owned(), ..credentials.clone() };
        server.api.introspect(&credentials, "x").await.status == 200
    };
    assert!(accepted(&secret).await, "they introspect");
    assert_eq!(page.answer.header("cache-control"), "no-store");
    assert!(page.text("challenge-0").contains("resource_metadata"), "{}", page.answer.text);
    assert!(!page.answer.text.contains(HOSTILE));
    let own = page.link("to-mcp-server");
    let path = own.strip_prefix(&server.api.base).unwrap().to_owned();
    for part in ["", "/credentials", "/connections", "/metadata", "/test"] {
        let page = browser.open(&format!("{own}{part}")).await.page();
        assert_eq!(page.answer.status, 200, "{part}");
        assert!(!page.answer.text.contains(&secret) && !page.answer.text.contains(HOSTILE), "{part}");
    }
    let list = browser.open(&format!("{root}?q=orders.example")).await.page();
    assert!(list.answer.text.contains(&path) && !list.answer.text.contains(HOSTILE));
    let list = browser.open(&format!("{root}?q=nowhere")).await.page();
    assert!(!list.answer.text.contains(&path));
    let url = ("identifiers", "https://orders.example/mcp");
    // Two windows: the later one is told, and nothing of it is written.
    let first = browser.open(&own).await.page();
    let second = browser.open(&own).await.page();
    let five = [url, ("action", "save"), ("lifetime", "5"), ("lifetime_unit", "minutes")];
    let saved = browser.submit(&first.form("mcp-server"), &five).await.page();
    assert!(saved.answer.text.contains("Saved."), "{}", saved.answer.text);
    let stale =
        browser.submit(&second.form("mcp-server"), &[url, ("action", "save"), ("lifetime", "900")]).await.page();
    assert_eq!(stale.answer.status, 409);
    assert_eq!(server.domain().await.resources[0].settings.access_token_lifetime, Some(300));
    // Another secret, and the way of a client.
    let page = browser.open(&format!("{own}/credentials")).await.page();
    let form = page.form("renew");
    let wrong = browser.submit(&form, &[("overlap", "soon")]).await.page();
    assert_eq!(wrong.answer.status, 422);
    assert!(wrong.has("overlap-error"));
    // Unless one chooses otherwise, and says so once more, what is in use goes on working.
    assert!(page.answer.text.contains("value=\"0\" data-confirm=\""), "{}", page.answer.text);
    let page = browser.submit(&form, &[]).await.page();
    let renewed = page.text("client-secret");
    assert_ne!(renewed, secret);
    assert!(accepted(&secret).await && accepted(&renewed).await);
    let form = browser.open(&format!("{own}/credentials")).await.page().form("renew");
    browser.submit(&form, &[("overlap", "0")]).await.page();
    assert!(!accepted(&secret).await && !accepted(&renewed).await);
    let page = browser.open(&format!("{own}/test")).await.page();
    let page = browser.submit(&page.form("run-test"), &[]).await.page();
    assert!(page.answer.text.contains("A token is good for it"), "{}", page.answer.text);
    // A client is let in and sent away.
    let machine = server.add_machine("").await;
    let page = browser.open(&format!("{own}/connections")).await.page();
    let form = page.form("grant");
    let wrong = browser.submit(&form, &[("client", "nobody"), ("action", "grant")]).await.page();
    assert_eq!(wrong.answer.status, 422);
    browser.submit(&form, &[("client", &machine.id), ("action", "grant")]).await.page();
    assert!(server.domain().await.resources[0].granted_clients.iter().any(|own| own.as_str() == machine.id));
    // It goes when its name is typed.
    let page = browser.open(&own).await.page();
    let form = page.form("delete-form");
    let kept = browser.submit(&form, &[("action", "delete"), ("confirm", "Orders")]).await.page();
    assert_eq!(kept.answer.status, 422);
    let version = kept.form("delete-form");
    browser.submit(&version, &[("action", "delete"), ("confirm", HOSTILE)]).await.page();
    assert!(server.domain().await.resources.is_empty());
}

#[rstest]
#[tokio::test]
async fn an_auditor_is_offered_no_button_and_pushes_none(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let made = make(&server.owner().await, "Orders", "https://orders.example").await;
    let mut editor = server.console(Role::Editor, &[]).await;
    let mut auditor = server.console(Role::Auditor, &[]).await;
    let own = format!("{}/console/domains/main/mcp-servers/{}", server.api.base, made["id"].as_str().unwrap());
    for (part, form) in
        [("", "delete-form"), ("/credentials", "renew"), ("/connections", "grant"), ("/test", "run-test")]
    {
        assert!(editor.open(&format!("{own}{part}")).await.page().has(form), "{part}");
        let page = auditor.open(&format!("{own}{part}")).await.page();
        assert!(!page.has(form) && !page.answer.text.contains("value=\"save\""), "{part}");
        let refused = auditor.send(Method::POST, &format!("{own}{part}"), Some(&[])).await;
        assert_eq!(refused.status, 403, "{part}");
    }
}

#[rstest]
#[tokio::test]
async fn a_server_without_tls_is_tested_where_its_host_is_named(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(true, false)] named: bool,
) {
    let theirs = MockServer::start().await;
    let (url, port) = (format!("{}/mcp", theirs.uri()), theirs.address().port());
    let mut settings = registrar::config::Settings::default().fetch;
    if named {
        settings.allow = registrar::config::List(vec![format!("127.0.0.1:{port}").parse().unwrap()]);
    }
    let fetcher = registrar::fetch::Fetcher::guarded(&settings).unwrap();
    let Some(server) = TestServer::start_with_fetcher(backend, fetcher).await else { return };
    let document = format!("{}/.well-known/oauth-protected-resource/mcp", theirs.uri());
    let challenge = ResponseTemplate::new(401)
        .insert_header("www-authenticate", format!("Bearer resource_metadata=\"{document}\"").as_str());
    Mock::given(path("/mcp")).respond_with(challenge).mount(&theirs).await;
    let metadata = json!({ "resource": url, "authorization_servers": [server.app.issuer_of("main")] });
    let metadata = ResponseTemplate::new(200).set_body_json(metadata);
    Mock::given(path("/.well-known/oauth-protected-resource/mcp")).respond_with(metadata).mount(&theirs).await;
    let owner = server.owner().await;
    let made = make(&owner, "Local", &url).await;
    let test = tested(&owner, &made).await;
    let outcome = if named { "done" } else { "warning" };
    for name in ["challenge", "metadata"] {
        assert_eq!(step(&test, name)["outcome"], outcome, "{test:#}");
    }
    let mut browser = server.console(Role::Owner, &[]).await;
    let id = made["id"].as_str().unwrap();
    let page = format!("{}/console/domains/main/mcp-servers/{id}/test", server.api.base);
    let page = browser.send(Method::POST, &page, Some(&[])).await.text;
    assert_eq!(page.contains("Could not look: whether the server asks for a token"), !named, "{page}");
    assert_eq!(page.contains("The server asks for a token"), named, "{page}");
    assert_eq!(page.contains(&format!("Put 127.0.0.1:{port} in the list fetch.allow")), !named, "{page}");
    assert!(!page.contains('`'), "{page}");
    assert_eq!(theirs.received_requests().await.unwrap().is_empty(), !named);
}
