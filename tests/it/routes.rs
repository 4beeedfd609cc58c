//! The table of routes against what the server does: access, CORS, body limits, methods.

use http::Method;
use registrar::routes::{Access, Body, Route, Surface, routes};
use rstest::rstest;

use crate::support::{Answer, Backend, TestServer};

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

fn url(server: &TestServer, route: &Route) -> String {
    let path = route.path.replace("{domain}", "main").replace("{client_id}", "nobody").replace("{file}", LOOK);
    format!("{}{path}", server.api.base)
}

/// The stylesheet of a domain whose accent is red; [`dressed`] makes it so.
const LOOK: &str = "s3jgQR_99TVyScnq.css";

/// Gives the domain what its public routes show.
async fn dressed(server: &TestServer) {
    server.set_domain(|settings| settings.look.accent_color = Some("#cc0000".to_owned())).await;
    let domain = server.domain().await;
    assert_eq!(registrar::domains::look::stylesheet(&domain.domain).unwrap().0, LOOK);
    let audit = registrar::model::audit_event::Actor::local("test").did(&server.clock, Some(domain.id()), "set", "");
    let logo = registrar::model::look::Logo::new("image/png".to_owned(), crate::support::PNG.into());
    server.app.store.put_logo(domain.id(), &logo, &audit).await.unwrap();
}

fn content_type(route: &Route) -> (&'static str, &'static str) {
    let media_type = if route.body == Body::Json { "application/json" } else { "application/x-www-form-urlencoded" };
    ("content-type", media_type)
}

/// The answers of a route to every method it serves, asked by nobody in particular.
async fn asked_by_nobody(server: &TestServer, route: &Route) -> Vec<(Method, Answer)> {
    let mut answers = Vec::new();
    for method in METHODS {
        let body = if route.body == Body::Form { "token=x&grant_type=client_credentials" } else { "{}" };
        let body = if method == Method::GET { "" } else { body };
        let answer = server.api.send(method.clone(), &url(server, route), &[content_type(route)], body).await;
        if answer.status != 405 {
            answers.push((method, answer));
        }
    }
    answers
}

#[rstest]
#[tokio::test]
async fn each_route_is_open_to_those_its_line_says(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.quick_start = false).await;
    dressed(&server).await;
    for route in routes() {
        let answers = asked_by_nobody(&server, route).await;
        assert!(!answers.is_empty(), "{} serves no method", route.path);
        for (method, answer) in answers {
            let at = format!("{method} {}: {} {}", route.path, answer.status, answer.text);
            match route.access {
                Access::Public => assert_eq!(answer.status, 200, "{at}"),
                Access::Client => {
                    assert_eq!(
                        (answer.status.as_u16(), &answer.json()["error"]),
                        (401, &"invalid_client".into()),
                        "{at}"
                    );
                }
                Access::Login | Access::Registrant | Access::Manager => {
                    assert_eq!(
                        (answer.status.as_u16(), &answer.json()["error"]),
                        (401, &"invalid_token".into()),
                        "{at}"
                    );
                    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{at}");
                }
                // The page that asks for what is missing, or says that it is.
                Access::Visitor if answer.status == 303 => {}
                Access::Visitor => {
                    assert!(matches!(answer.status.as_u16(), 200 | 400 | 403 | 410 | 422), "{at}");
                    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{at}");
                }
                Access::Administrator(_) if route.surface == Surface::Console => {
                    assert_eq!(answer.status, 303, "{at}");
                    assert!(answer.header("location").starts_with("/console/login"), "{at}");
                }
                Access::Administrator(_) => {
                    assert_eq!(answer.status, 401, "{at}");
                    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{at}");
                }
                Access::Person => {
                    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/main/login"), "{at}");
                }
            }
        }
    }
}

#[rstest]
#[tokio::test]
async fn each_route_answers_other_origins_as_its_line_says(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    for route in routes() {
        let open = !route.cors.is_empty();
        for (method, answer) in asked_by_nobody(&server, route).await {
            assert_eq!(answer.header("access-control-allow-origin") == "*", open, "{method} {}", route.path);
            assert_eq!(answer.header("access-control-allow-credentials"), "");
        }
        let preflight = [("origin", "https://app.example"), ("access-control-request-method", "POST")];
        let answer = server.api.send(Method::OPTIONS, &url(&server, route), &preflight, "").await;
        assert_eq!(answer.status == 204, open, "{}: {}", route.path, answer.status);
        for method in route.cors {
            assert!(answer.header("access-control-allow-methods").contains(method.as_str()), "{}", route.path);
        }
    }
}

#[rstest]
#[tokio::test]
async fn each_route_bounds_its_body(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    for route in routes().filter(|route| route.body != Body::None) {
        let limit = match route.body {
            Body::Json => 64 * 1024,
            Body::Management => 256 * 1024,
            _ => 16 * 1024,
        };
        let answer =
            server.api.send(Method::POST, &url(&server, route), &[content_type(route)], vec![b'x'; limit + 1]).await;
        assert!(matches!(answer.status.as_u16(), 413 | 405), "{}: {}", route.path, answer.text);
    }
}

#[rstest]
#[tokio::test]
async fn every_answer_is_guarded_and_can_be_traced(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    for route in routes() {
        for (_, answer) in asked_by_nobody(&server, route).await {
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
            assert!(!answer.header("x-request-id").is_empty());
        }
    }
    let answer = server.api.get(&format!("{}/nowhere", server.api.base)).await;
    answer.expect_error(404, "not_found");
}

#[rstest]
#[tokio::test]
async fn browsers_astray_are_led_to_the_console_and_programs_are_not(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let base = server.api.base.clone();
    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let get = async |path: &str, headers: &[(&'static str, &str)]| {
        server.api.send(Method::GET, &format!("{base}{path}"), headers, "").await
    };
    let root = get("/", &browser).await;
    assert_eq!((root.status.as_u16(), root.header("location")), (303, "/console"));
    for path in ["/console/nowhere", "/console/domains/main/nowhere/at/all"] {
        let page = get(path, &browser).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (404, "text/html; charset=utf-8"), "{path}");
        assert!(page.text.contains("There is nothing here"), "{}", page.text);
    }
    for path in ["/", "/console/nowhere", "/console/.well-known/nowhere"] {
        for headers in [&[][..], &[("accept", "*/*")], &[("accept", "application/json")]] {
            get(path, headers).await.expect_error(404, "not_found");
        }
    }
    get("/main/nowhere", &browser).await.expect_error(404, "not_found");
    let posted = server.api.send(Method::POST, &format!("{base}/"), &browser, "").await;
    posted.expect_error(404, "not_found");
    let mut console = server.console(registrar::model::administrator::Role::Auditor, &["main"]).await;
    let page = console.send(Method::GET, &format!("{base}/console/nowhere"), None).await;
    assert!(page.status == 404 && page.text.contains("/console/account"), "in the frame: {}", page.text);
}
