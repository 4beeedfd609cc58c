//! Who may do what: each line of the table of routes against each role and reach.

use http::Method;
use registrar::model::administrator::Role;
use registrar::model::audit_event::Outcome;
use registrar::routes::{Access, Route, Surface, routes};
use registrar::store::audit_list::AuditQuery;
use rstest::rstest;
use serde_json::json;

use crate::support::{AdminApi, Answer, Backend, Browser, TestServer};

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// What stands for every name in a path but the domain's: things that are not there.
fn path(route: &Route, domain: &str) -> String {
    let segments = route.path.split('/').map(|segment| match segment {
        "{domain}" => domain,
        "{client_id}" | "{scope}" | "{policy}" | "{kid}" | "{attempt}" => "nobody",
        named if named.starts_with('{') => "00000000-0000-7000-8000-000000000000",
        fixed => fixed,
    });
    segments.collect::<Vec<_>>().join("/")
}

fn administered() -> impl Iterator<Item = (&'static Route, registrar::admin::admit::Needs)> {
    routes().filter_map(|route| match route.access {
        Access::Administrator(needs) => Some((route, needs)),
        _ => None,
    })
}

/// Asks a route of either surface.
struct Asker {
    token: AdminApi,
    browser: Browser,
    base: String,
}

impl Asker {
    async fn new(server: &TestServer, role: Role, domain: Option<&str>) -> Self {
        let domains: Vec<&str> = domain.into_iter().collect();
        Self {
            token: server.administration(role, domain).await,
            browser: server.console(role, &domains).await,
            base: server.api.base.clone(),
        }
    }

    async fn ask(&mut self, route: &Route, method: &Method, domain: &str) -> Answer {
        let path = path(route, domain);
        if route.surface == Surface::Console {
            let form = (*method != Method::GET).then_some(&[][..]);
            return self.browser.send(method.clone(), &format!("{}{path}", self.base), form).await;
        }
        let body = if *method == Method::GET { json!(null) } else { json!({}) };
        let path = path.strip_prefix("/api/v1").expect("the API has one root");
        self.token.send(method.clone(), path, &[], &body).await
    }
}

/// How many changes the audit log knows of, in all.
async fn changes(server: &TestServer) -> usize {
    let mut count = 0;
    for domain in ["main", "other"] {
        let id = server.domain_id(domain).await;
        let query = AuditQuery { outcome: Some(Outcome::Done), limit: 200, ..AuditQuery::default() };
        let page = server.app.store.audit_events(id, &query).await.unwrap().expect("no cursor was sent");
        assert!(page.next.is_none());
        count += page.items.len();
    }
    count
}

#[rstest]
#[tokio::test]
async fn an_auditor_looks_at_everything_and_changes_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_domain("other").await;
    let mut auditor = Asker::new(&server, Role::Auditor, None).await;
    let before = changes(&server).await;
    for (route, needs) in administered() {
        for method in &METHODS {
            let answer = auditor.ask(route, method, "main").await;
            let at = format!("{method} {}: {} {}", route.path, answer.status, answer.text);
            if needs.of(method) > Role::Auditor {
                assert_eq!(answer.status, 403, "{at}");
            } else {
                assert!(!matches!(answer.status.as_u16(), 401 | 403 | 500..), "{at}");
            }
        }
    }
    assert_eq!(changes(&server).await, before);
}

#[rstest]
#[tokio::test]
async fn an_editor_changes_no_server_and_sees_no_other_domain(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_domain("other").await;
    let mut editor = Asker::new(&server, Role::Editor, Some("main")).await;
    let before = changes(&server).await;
    for (route, needs) in administered() {
        for method in &METHODS {
            let at = format!("{method} {}", route.path);
            if needs.of(method) > Role::Editor && !route.path.contains("{domain}") {
                assert_eq!(editor.ask(route, method, "main").await.status, 403, "{at}");
            }
            if route.path.contains("{domain}") {
                let other = editor.ask(route, method, "other").await;
                let none = editor.ask(route, method, "nowhere").await;
                assert_eq!((other.status, none.status), (404.try_into().unwrap(), 404.try_into().unwrap()), "{at}");
                assert_eq!(without_request(&other.text), without_request(&none.text), "{at}");
            }
        }
    }
    assert_eq!(changes(&server).await, before);
}

/// An answer without what differs from request to request.
fn without_request(text: &str) -> String {
    let Some(start) = text.find("\"request_id\":\"") else {
        return text.split("nowhere").flat_map(|part| part.split("other")).filter(|part| part.len() < 400).collect();
    };
    text[..start].to_owned()
}

#[rstest]
#[tokio::test]
async fn nobody_in_particular_administers_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    for (route, _) in administered() {
        for method in &METHODS {
            let url = format!("{}{}", server.api.base, path(route, "main"));
            let at = format!("{method} {}", route.path);
            for token in ["", "adm_", "adm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "null"] {
                let bearer = format!("Bearer {token}");
                let headers = [("authorization", bearer.as_str())];
                let headers = if token.is_empty() { &[][..] } else { &headers[..] };
                let answer = server.api.send(method.clone(), &url, headers, "").await;
                if route.surface == Surface::Console {
                    assert_eq!(answer.status, 303, "{at}");
                    assert!(answer.header("location").starts_with("/console/login?next=%2Fconsole"), "{at}");
                } else {
                    assert_eq!(answer.status, 401, "{at}");
                    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{at}");
                    assert_eq!(answer.header("content-type"), "application/problem+json", "{at}");
                }
            }
        }
    }
}

#[rstest]
#[tokio::test]
async fn what_opens_the_console_opens_no_api_and_the_other_way_round(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Owner, &[]).await;
    let answer = browser.send(Method::GET, &format!("{}/api/v1/domains", server.api.base), None).await;
    assert_eq!(answer.status, 401, "no other site can make a browser use the API");
    let gateway = server.admin_token().await;
    AdminApi::new(&server.api, &gateway).get("/domains").await.expect_problem(401, "invalid_token");
}
