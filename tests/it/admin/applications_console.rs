//! The pages of applications in the console.

use http::Method;
use registrar::model::administrator::Role;
use registrar::model::id::ClientId;
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::{fixture, registered};
use crate::support::{Answer, Backend, Browser, Credentials, TestServer, audit_log};

/// What every member that a stranger may fill is filled with.
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";

/// An administrator in a browser.
struct Console {
    browser: Browser,
    base: String,
}

impl Console {
    async fn new(server: &TestServer, role: Role) -> Self {
        let base = format!("{}/console/domains/main/applications", server.api.base);
        Self { browser: server.console(role, &[]).await, base }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.browser.send(Method::GET, &format!("{}{path}", self.base), None).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.browser.send(Method::POST, &format!("{}{path}", self.base), Some(&fields)).await
    }

    /// The page, which must be there.
    async fn page(&mut self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.text
    }
}

async fn version(server: &TestServer, client_id: &str) -> String {
    server.stored(client_id).await.unwrap().client.version.to_string()
}

/// The value of the element with this id: what its copy button copies.
fn copied(html: &str, id: &str) -> String {
    let from = html.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id} in {html}"));
    let rest = &html[from..];
    let text = &rest[rest.find('>').unwrap() + 1..];
    text[..text.find('<').unwrap()].to_owned()
}

fn holds(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "no {part} in {html}");
    }
}

#[rstest]
#[tokio::test]
async fn a_registration_provider_is_one_click_and_shows_what_the_gateways_form_wants(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut console = Console::new(&server, Role::Editor).await;
    let html = console.page("/new").await;
    for kind in ["web", "browser", "native", "backend_to_backend", "gateway-registrar"] {
        holds(&html, &[&format!("name=\"kind\" value=\"{kind}\"")]);
    }
    holds(&html, &["You get what APIM&#39;s form asks for, to copy.</span>"]);
    holds(&console.page("/new?kind=gateway-registrar").await, &["value=\"API gateway\"", "full control"]);
    let answer = console.post("/new", &[("kind", "gateway-registrar"), ("name", "API gateway")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
    let html = answer.text;
    holds(&html, &["Initial Access Token Provider", "Client ID", "Client Secret", "Scopes", "HTTP Method", "Endpoint"]);
    let base = server.app.public_url.as_str();
    assert_eq!(copied(&html, "provider-discovery"), format!("{base}/main/oidc/.well-known/openid-configuration"));
    assert_eq!(copied(&html, "provider-renewal"), format!("{base}/main/oidc/register/{{#client_id}}/renew_secret"));
    assert_eq!(copied(&html, "provider-scopes"), "dcr_admin");
    let gateway = Credentials { id: copied(&html, "provider-client-id"), secret: copied(&html, "provider-secret") };
    // The default scope: named by nobody.
    let token = server.api.token_answer(&gateway, "").await.expect(200);
    assert_eq!(token["scope"], "dcr_admin");
    let token = token["access_token"].as_str().unwrap();
    server.api.register(token, &fixture("backend_to_backend")).await.expect(201);
    let id = &gateway.id;
    for page in ["", "/endpoints", "/scopes", "/secrets", "/activity"] {
        let html = console.page(&format!("/{id}{page}")).await;
        assert!(!html.contains(&gateway.secret), "{page} shows the secret again");
    }
    let log = serde_json::to_string(&audit_log(&server.app.store, server.domain().await.id()).await).unwrap();
    assert!(!log.contains(&gateway.secret));
    holds(&console.page(&format!("/{id}/scopes")).await, &["full control of the clients it registers"]);
    holds(&console.page(&format!("/{id}/endpoints")).await, &["{#client_id}", "/oauth/token", "jwks.json"]);
    holds(&console.page("").await, &["Gateway registrar", id]);
}

#[rstest]
#[tokio::test]
async fn what_is_wrong_stands_beside_the_field_and_nothing_typed_is_lost(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut console = Console::new(&server, Role::Editor).await;
    let typed =
        [("kind", "web"), ("name", "My <b>app"), ("redirect_uris", "http://shop.example/cb"), ("client_id", "a b")];
    let answer = console.post("/new", &typed).await;
    assert_eq!(answer.status, 422);
    holds(&answer.text, &["id=\"redirect_uris-error\"", "http://shop.example/cb</textarea>", "value=\"a b\""]);
    assert!(!answer.text.contains("My <b>app"));
    let answer = console.post("/new", &[("kind", "backend_to_backend"), ("name", "x"), ("client_id", "a b")]).await;
    holds(&answer.text, &["id=\"client_id-error\""]);
    // Everything at once; a secret of one's own is asked for again, or given up in words.
    let mut typed = vec![
        ("kind", "web"),
        ("name", "Shop"),
        ("redirect_uris", "http://shop.example/cb"),
        ("client_id", "a b"),
        ("client_secret", "short"),
    ];
    let answer = console.post("/new", &typed).await;
    let all = ["id=\"redirect_uris-error\"", "id=\"client_id-error\"", "id=\"client_secret-error\""];
    holds(&answer.text, &all);
    typed[4].1 = "mine-and-nobodys";
    let answer = console.post("/new", &typed).await;
    holds(&answer.text, &all);
    holds(&answer.text, &["Type it again", "name=\"client_secret_wanted\" value=\"on\""]);
    assert!(!answer.text.contains("mine-and-nobodys"), "{}", answer.text);
    typed.truncate(2);
    typed.extend([("redirect_uris", "https://shop.example/cb"), ("client_id", "shop"), ("client_secret_wanted", "on")]);
    let answer = console.post("/new", &typed).await;
    assert_eq!(answer.status, 422, "not with a generated one in silence");
    holds(&answer.text, &["id=\"client_secret-error\""]);
    typed.push(("client_secret_waived", "on"));
    assert_eq!(console.post("/new", &typed).await.status, 200);
    let machine = server.add_machine("").await;
    let at = format!("/{}", machine.id);
    let version = version(&server, &machine.id).await;
    let fields = [
        ("version", version.as_str()),
        ("client_name", "Machine"),
        ("grant_types", "client_credentials"),
        ("token_endpoint_auth_method", "client_secret_basic"),
        ("access_token_lifetime", "5"),
    ];
    let answer = console.post(&at, &fields).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    holds(
        &answer.text,
        &["id=\"access_token_lifetime-error\"", "value=\"5\"", "Must be between 10 seconds and 1 day."],
    );
    let wrong =
        [&fields[..4], &[("access_token_lifetime", "soon"), ("redirect_uris", "http://a.example/x#y")][..]].concat();
    let answer = console.post(&at, &wrong).await;
    holds(&answer.text, &["id=\"access_token_lifetime-error\"", "id=\"redirect_uris-error\"", "id=\"error-summary\""]);
    holds(&answer.text, &["<a href=\"#redirect_uris\">Redirect URIs</a>", "Is not a whole number."]);
    assert_eq!(console.post(&at, &[("action", "explode"), ("version", &version)]).await.status, 400);
}

#[rstest]
#[tokio::test]
async fn of_two_administrators_the_second_sees_what_the_first_saved(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (mut first, mut second) = (Console::new(&server, Role::Editor).await, Console::new(&server, Role::Owner).await);
    let machine = server.add_machine("").await;
    let at = format!("/{}", machine.id);
    let read = version(&server, &machine.id).await;
    let save = |version: &str, name: &str| {
        [
            ("version", version.to_owned()),
            ("client_name", name.to_owned()),
            ("grant_types", "client_credentials".to_owned()),
            ("token_endpoint_auth_method", "client_secret_basic".to_owned()),
            ("action", "save".to_owned()),
        ]
    };
    let answer = first.post(&at, &borrowed(&save(&read, "First one"))).await;
    assert_eq!((answer.status.as_u16(), answer.header("location").ends_with("?done=saved")), (303, true));
    holds(&first.page(&format!("{at}?done=saved")).await, &["Saved."]);
    let answer = second.post(&at, &borrowed(&save(&read, "Second one"))).await;
    assert_eq!(answer.status, 409);
    holds(&answer.text, &["Somebody else changed this", "First one", "Second one", "id=\"save-anyway\""]);
    let stored = server.stored(&machine.id).await.unwrap().client;
    assert_eq!(stored.metadata.client_name.as_deref(), Some("First one"));
    for (path, fields) in [
        ("", vec![("version", read.as_str()), ("action", "suspend")]),
        ("/scopes", vec![("version", read.as_str()), ("granted", "openid")]),
        ("/secrets", vec![("version", read.as_str()), ("grace", "0"), ("action", "make")]),
        ("/delete", vec![("version", read.as_str()), ("confirm", "First one")]),
    ] {
        assert_eq!(second.post(&format!("{at}{path}"), &fields).await.status, 409, "{path}");
    }
    let after = server.stored(&machine.id).await.unwrap();
    assert_eq!((after.client.version, after.secrets.len()), (stored.version, 1), "nothing was overwritten");
    assert!(server.api.accepts(&machine).await);
    // Whoever has looked may save over it.
    let now = stored.version.to_string();
    assert_eq!(second.post(&at, &borrowed(&save(&now, "Second one"))).await.status, 303);
}

#[rstest]
#[tokio::test]
async fn the_page_shows_the_drift_and_takes_back_the_registrants_value(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["orders:read"]).await;
    let mut console = Console::new(&server, Role::Editor).await;
    let mut body = fixture("backend_to_backend");
    body["scope"] = json!("orders:read orders:nobody");
    let record = registered(&server, &body).await;
    let id = record["client_id"].as_str().unwrap();
    let at = format!("/{id}/registration");
    server.administrate(id, |client| client.metadata.client_name = Some("Nightly (approved)".to_owned())).await;
    server.advance(60);
    server.api.put(&record, &body).await.expect(200);
    let html = console.page(&at).await;
    holds(&html, &["Nightly (approved)", "Administrator", "value=\"client_name\"", "orders:nobody", "narrowed"]);
    let own = body["client_name"].as_str().unwrap();
    let version = version(&server, id).await;
    assert_eq!(console.post(&at, &[("take", "client_name"), ("version", "1")]).await.status, 409);
    assert_eq!(console.post(&at, &[("take", "client_name"), ("version", &version)]).await.status, 303);
    let stored = server.stored(id).await.unwrap().client;
    assert_eq!(stored.metadata.client_name.as_deref(), Some(own));
    assert!(!console.page(&at).await.contains("value=\"client_name\""));
}

#[rstest]
#[tokio::test]
async fn nothing_that_a_stranger_says_of_itself_becomes_markup(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut console = Console::new(&server, Role::Owner).await;
    // An address may hold anything but blanks.
    let uri = format!("https://h.example/?{}", HOSTILE.replace(' ', "/"));
    let body = json!({
        "client_name": HOSTILE, "client_name#de": HOSTILE, "contacts": [format!("{HOSTILE}@h.example")], "software_id": HOSTILE,
        "software_version": HOSTILE, "client_uri": uri, "logo_uri": uri, "policy_uri": uri, "tos_uri": uri,
        "redirect_uris": [format!("https://h.example/cb?a='-alert(1)-'")], "x": { "y": [HOSTILE, { "z": HOSTILE }] },
        (HOSTILE.to_owned()): HOSTILE, "application_type": HOSTILE,
    });
    let record = registered(&server, &body).await;
    let id = record["client_id"].as_str().unwrap().to_owned();
    let open = json!({ "client_name": HOSTILE, "contacts": [format!("{HOSTILE}@h.example")], "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://127.0.0.1/cb"] });
    let open = server.api.register("", &open).await.expect(201)["client_id"].as_str().unwrap().to_owned();
    server.administrate(&id, |client| client.metadata.contacts = Some(vec!["ops@shop.example".to_owned()])).await;
    // A change that the audit log tells before and after.
    let mut changed = body.clone();
    changed["client_name"] = format!("again {HOSTILE}").into();
    server.api.put(&record, &changed).await.expect(200);
    let stale = [("version", "0"), ("client_name", HOSTILE), ("redirect_uris", HOSTILE), ("action", "save")];
    let conflict = console.post(&format!("/{id}"), &stale).await;
    assert_eq!(conflict.status, 409);
    let ask = console.post("", &[("client", HOSTILE), ("client", &id), ("action", "delete")]).await;
    assert_eq!(ask.status, 200);
    let mut pages = vec![("conflict".to_owned(), conflict.text), ("bulk".to_owned(), ask.text)];
    for path in ["", "?q=alert", "?fragment=1"] {
        pages.push((path.to_owned(), console.page(path).await));
    }
    for id in [&id, &open] {
        for page in ["", "/endpoints", "/scopes", "/secrets", "/registration", "/activity", "/delete"] {
            pages.push((page.to_owned(), console.page(&format!("/{id}{page}")).await));
        }
    }
    let query = format!("?q={}&origin=%22%3E%3Cscript%3Ealert(3)", "%22%27%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E");
    pages.push(("search".to_owned(), console.page(&query).await));
    let mut seen = 0;
    for (name, html) in &pages {
        for bad in ["<script>alert", "<img src=x", "<img/src=x", "\"><script", "\"'><"] {
            assert!(!html.contains(bad), "{name} holds {bad}: {html}");
        }
        seen += html.matches("alert(1)").count();
    }
    assert!(seen > 20, "the names are shown, escaped: {seen}");
}

#[rstest]
#[tokio::test]
async fn many_are_asked_about_first_and_done_then(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut console = Console::new(&server, Role::Editor).await;
    let (one, two) = (server.add_machine("").await, server.add_machine("").await);
    let fields = [("client", one.id.as_str()), ("client", two.id.as_str()), ("action", "suspend")];
    let answer = console.post("", &fields).await;
    assert_eq!(answer.status, 200);
    holds(&answer.text, &["Suspend 2 applications?", "name=\"confirmed\" value=\"yes\""]);
    assert!(server.api.accepts(&one).await, "nothing is done before the answer");
    holds(&answer.text, &[&one.id, &two.id, "<strong class=\"claimed\">Machine</strong>"]);
    let sure = [&fields[..], &[("confirmed", "yes")]].concat();
    assert_eq!(console.post("", &sure).await.status, 303);
    assert!(!server.api.accepts(&one).await && !server.api.accepts(&two).await);
    holds(&console.post("", &sure).await.text, &["Done to 0, not done to 2."]);
    let nothing = console.post("?q=Machine&origin=manual", &[("action", "suspend")]).await;
    assert_eq!(nothing.status, 422);
    holds(&nothing.text, &["id=\"notice\"", "tick 1 to 200 applications", &one.id, "?q=Machine&#38;origin=manual\">"]);
    let delete = format!("/{}/delete", one.id);
    let version = version(&server, &one.id).await;
    let answer = console.post(&delete, &[("version", &version), ("confirm", "something else")]).await;
    assert_eq!(answer.status, 422);
    let answer = console.post(&delete, &[("version", &version), ("confirm", "Machine")]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    holds(&console.page(&format!("/{}", one.id)).await, &["This application is deleted"]);
    holds(&console.page("?status=deleted").await, &[&one.id]);
}

#[rstest]
#[tokio::test]
async fn many_are_deleted_by_their_number(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut console = Console::new(&server, Role::Editor).await;
    let (one, two) = (server.add_machine("").await, server.add_machine("").await);
    let fields = [("client", one.id.as_str()), ("client", two.id.as_str()), ("client", "gone"), ("action", "delete")];
    let asked = console.post("?q=Machine", &fields).await;
    holds(&asked.text, &["Delete 3 applications?", &one.id, "gone", "Type <code class=\"claimed\">3</code>"]);
    for wrong in ["", "2", "delete"] {
        let sure = [&fields[..], &[("confirmed", "yes"), ("confirm", wrong)]].concat();
        let answer = console.post("?q=Machine", &sure).await;
        assert_eq!(answer.status, 422, "{wrong}");
        holds(&answer.text, &["id=\"confirm-error\"", &two.id]);
    }
    assert!(server.api.accepts(&one).await && server.api.accepts(&two).await);
    let sure = [&fields[..], &[("confirmed", "yes"), ("confirm", "3")]].concat();
    holds(&console.post("?q=Machine", &sure).await.text, &["Done to 2, not done to 1.", "gone", "?q=Machine\">"]);
    assert!(!server.api.accepts(&one).await && !server.api.accepts(&two).await);
    let list = console.page("").await;
    assert!(list.contains("API gateway") && list.contains("class=\"bulk\""));
    let none = console.page("?status=suspended").await;
    assert!(!none.contains("class=\"bulk\"") && !none.contains("Delete …"), "nothing is listed to do it to");
}

#[rstest]
#[tokio::test]
async fn what_is_not_there_or_not_allowed_leads_back(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut auditor = Console::new(&server, Role::Auditor).await;
    let list = "href=\"/console/domains/main/applications\">Back to Applications</a>";
    let missing = auditor.get("/nobody").await;
    assert_eq!(missing.status, 404);
    holds(&missing.text, &[list]);
    let refused = auditor.post("/new", &[("kind", "web")]).await;
    assert_eq!(refused.status, 403);
    holds(&refused.text, &[list]);
    let url = format!("{}/console/administrators", server.api.base);
    let refused = auditor.browser.send(Method::GET, &url, None).await;
    assert_eq!(refused.status, 403);
    holds(&refused.text, &["href=\"/console/domains\">Back to Domains</a>"]);
}

#[rstest]
#[tokio::test]
async fn a_value_that_is_not_served_is_not_taken(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut console = Console::new(&server, Role::Editor).await;
    let body = json!({ "client_name": "Old", "redirect_uris": ["https://old.example/cb"],
        "grant_types": ["authorization_code", "implicit"], "response_types": ["code"] });
    let record = registered(&server, &body).await;
    let id = record["client_id"].as_str().unwrap();
    server.administrate(id, |client| client.metadata.client_name = Some("New".to_owned())).await;
    let at = format!("/{id}/registration");
    let html = console.page(&at).await;
    holds(&html, &["implicit", "Not served here", "value=\"client_name\""]);
    assert!(!html.contains("value=\"grant_types\""), "{html}");
    let now = version(&server, id).await;
    let answer = console.post(&at, &[("take", "grant_types"), ("version", &now)]).await;
    assert_eq!(answer.status, 400);
    holds(&answer.text, &["is not served here, so nothing was changed"]);
    assert_eq!(version(&server, id).await, now);
}

#[rstest]
#[tokio::test]
async fn types_are_told_apart_in_one_set_of_words(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut console = Console::new(&server, Role::Editor).await;
    let mut made = vec![("gateway_registrar", "Gateway registrar", server.gateway.id.clone())];
    for (kind, words) in [("web", "Web"), ("browser", "Single-page"), ("native", "Native")] {
        let uri = if kind == "native" { "http://127.0.0.1/cb" } else { "https://a.example/cb" };
        let answer = console.post("/new", &[("kind", kind), ("name", kind), ("redirect_uris", uri)]).await;
        made.push((kind, words, copied(&answer.text, "client-id")));
    }
    made.push(("backend_to_backend", "Backend to backend", server.add_machine("").await.id));
    let html = console.page("").await;
    for (kind, words, id) in &made {
        holds(&html, &[&format!("<option value=\"{kind}\">{words}</option>")]);
        let rows = console.page(&format!("?type={kind}&fragment=1")).await;
        holds(&rows, &[&format!("data-label=\"Type\">{words}</td>"), id]);
        for (other, _, id) in &made {
            assert_eq!(rows.contains(&format!("data-key=\"{id}\"")), other == kind, "{kind} {other}: {rows}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn who_registered_by_a_token_is_known_by_its_label(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut console = Console::new(&server, Role::Editor).await;
    let url = format!("{}/console/domains/main/registration/tokens/new", server.api.base);
    let page = console.browser.open(&url).await.page();
    let page = console.browser.submit(&page.form("settings"), &[("label", "Pipeline of CI")]).await.page();
    let token = page.text("initial-access-token");
    let body = json!({ "client_name": "By token", "redirect_uris": ["https://app.example/cb"] });
    let record = server.api.register(&token, &body).await.expect(201);
    let id = record["client_id"].as_str().unwrap();
    holds(&console.page("?q=token").await, &["By token", "<span class=\"claimed\">Pipeline of CI</span>"]);
    holds(&console.page(&format!("/{id}")).await, &["Initial access token: Pipeline of CI"]);
}

#[rstest]
#[tokio::test]
async fn a_list_is_searched_narrowed_and_follows(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut console = Console::new(&server, Role::Auditor).await;
    let used = server.add_machine("").await;
    assert!(server.api.accepts(&used).await);
    server.write_usage().await;
    let html = console.page("").await;
    let refresh = html.split("data-refresh=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let refresh = refresh.replace("&amp;", "&");
    for button in ["New application", "value=\"suspend\"", "type=\"checkbox\""] {
        assert!(!html.contains(button), "an auditor is offered {button}");
    }
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let id = record["client_id"].as_str().unwrap();
    let path = refresh.strip_prefix("/console/domains/main/applications").expect(&refresh);
    let fragment = console.page(path).await;
    assert!(fragment.contains(id) && !fragment.contains("<html"), "{fragment}");
    holds(&fragment, &["API gateway", "Gateway"]);
    for (query, there, not) in [
        ("?origin=gateway", id, used.id.as_str()),
        ("?origin=manual", &used.id, id),
        ("?used=never", id, &used.id),
        ("?q=Nightly", id, &used.id),
        ("?status=active&type=backend_to_backend&origin=gateway", id, &used.id),
    ] {
        let html = console.page(query).await;
        assert!(html.contains(there) && !html.contains(not), "{query}: {html}");
    }
    holds(&console.page("?q=nothing-like-it").await, &["No application fits"]);
    holds(&console.page("").await, &["3 in all"]);
    let api = server.administration(Role::Auditor, Some("main")).await;
    let list = api.get("/domains/main/clients?origin=gateway&limit=1").await.expect(200);
    assert_eq!((&list["items"][0]["client_id"], &list["total"]), (&id.into(), &json!({ "count": 1, "exact": true })));
    let first = api.get("/domains/main/clients?limit=2").await.expect(200);
    let next = first["next"].as_str().expect("there is more");
    let second = api.get(&format!("/domains/main/clients?limit=2&cursor={next}")).await.expect(200);
    assert_eq!((second["items"].as_array().unwrap().len(), second.get("next")), (1, None::<&Value>));
    for bad in
        ["?cursor=x", "?limit=x", "?colour=red", "?origin=x", "?q=a%00b", "?policy=nope", "?limit=0", "?limit=201"]
    {
        api.get(&format!("/domains/main/clients{bad}")).await.expect_problem(400, "invalid_request");
    }
}

#[rstest]
#[tokio::test]
async fn a_secret_is_made_on_its_page_shown_once_and_ended(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut console = Console::new(&server, Role::Editor).await;
    let machine = server.add_machine("").await;
    let at = format!("/{}/secrets", machine.id);
    let now = version(&server, &machine.id).await;
    let answer = console.post(&at, &[("version", &now), ("grace", "3600"), ("action", "make")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
    let fresh = Credentials { secret: copied(&answer.text, "client-secret"), ..machine.clone() };
    assert!(server.api.accepts(&fresh).await && server.api.accepts(&machine).await);
    let html = console.page(&at).await;
    holds(&html, &["Current", "Superseded"]);
    assert!(!html.contains(&fresh.secret) && !html.contains(&machine.secret));
    let id = server.stored(&machine.id).await.unwrap().secrets[0].id.to_string();
    assert_eq!(console.post(&at, &[("secret", &id), ("action", "end")]).await.status, 303);
    assert!(!server.api.accepts(&fresh).await && server.api.accepts(&machine).await);
    let now = version(&server, &machine.id).await;
    let short = [("version", now.as_str()), ("grace", "0"), ("client_secret", "short"), ("action", "make")];
    let answer = console.post(&at, &short).await;
    assert_eq!(answer.status, 422);
    holds(&answer.text, &["id=\"client_secret-error\""]);
    assert!(!answer.text.contains("value=\"short\""), "a secret does not come back");
    // Left out now, it is asked for again; somebody else's change loses it too, and says so.
    let (own, wanted) = ("mine-and-nobodys", ("client_secret_wanted", "on"));
    let empty = [("version", now.as_str()), ("grace", "3600"), wanted, ("action", "make")];
    let answer = console.post(&at, &empty).await;
    assert_eq!(answer.status, 422);
    holds(&answer.text, &["id=\"client_secret-error\"", "value=\"3600\" selected", "value=\"0\" data-confirm"]);
    let stale = [("version", "0"), ("grace", "3600"), ("client_secret", own), ("action", "make")];
    let answer = console.post(&at, &stale).await;
    assert_eq!(answer.status, 409);
    holds(&answer.text, &["id=\"form-error\"", "id=\"client_secret-error\"", "name=\"client_secret_wanted\""]);
    assert!(!answer.text.contains(own) && version(&server, &machine.id).await == now);
    let scopes = format!("/{}/scopes", machine.id);
    let fields = [("version", now.as_str()), ("granted", "openid"), ("granted", "profile"), ("default", "openid")];
    assert_eq!(console.post(&scopes, &fields).await.status, 303);
    let client = server.app.store.read_client(server.domain().await.id(), &ClientId(machine.id.clone())).await;
    let settings = client.unwrap().unwrap().client.settings;
    assert_eq!(
        (settings.granted_scopes.to_string(), settings.default_scopes.to_string()),
        ("openid profile".into(), "openid".into())
    );
}

fn borrowed<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}
