//! What protects people: forms of other sites, headers, errors as pages, the stylesheet.

use http::Method;
use registrar::pages::STYLESHEET_PATH;
use registrar::routes::{Surface, routes};
use rstest::rstest;

use super::{Browser, PASSWORD, Pages as _, Scene};
use crate::support::Backend;

#[rstest]
#[tokio::test]
async fn forms_of_other_sites_are_refused_on_every_page(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = Scene::open(backend).await else { return };
    scene.server.set_domain(|settings| settings.sign_up = true).await;
    scene.add_user("ada", "ada@example.com").await;
    let browser = Browser::logged_in(&scene, "ada").await;
    let fields = [("username", "eve"), ("email", "eve@example.com"), ("password", PASSWORD), ("action", "logout")];
    let own = scene.server.api.base.clone();
    let foreign: [&[(&str, &str)]; 6] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
        &[("origin", "http://127.0.0.1:1"), ("sec-fetch-site", "same-site")],
    ];
    let forms = routes().filter(|route| matches!(route.surface, Surface::Page | Surface::OwnPage));
    // The description of the API has no form.
    let forms = forms.filter(|route| route.path.starts_with("/{domain}/"));
    let mut guarded = 0;
    for route in forms {
        let path = route.path.replace("{domain}", "main");
        for headers in foreign {
            let answer = browser.post_with(&path, &fields, headers).await;
            answer.expect_page(403, "cross_site_request");
            assert_eq!(answer.header("set-cookie"), "", "{path}");
            guarded += 1;
        }
        let answer = browser.post_with(&path, &[("interaction", "unknown")], &[("origin", &own)]).await;
        assert_ne!(answer.status, 403, "{path}: a form of our own");
    }
    assert!(guarded >= 36, "{guarded}");
    assert!(scene.user("eve").await.is_none() && browser.is_logged_in().await);
}

#[rstest]
#[tokio::test]
async fn pages_carry_the_headers_of_pages(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let browser = Browser::new(&scene);
    for path in ["/login", "/password/forgot", "/register", "/login?interaction=unknown"] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("style-src 'self'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        // Browsers apply it along the redirect to the client.
        assert_eq!(policy.contains("form-action"), path.starts_with("/password"), "{path}: {policy}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert!(!answer.text.contains("<script"), "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn errors_are_pages_with_the_status_they_had(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let (api, browser) = (&scene.server.api, Browser::new(&scene));
    api.send(Method::PUT, &api.url("/login"), &[], "").await.expect_page(405, "id=\"error-code\"");
    let nowhere = api.in_domain("nowhere").url("/login");
    api.get(&nowhere).await.expect_page(404, "security domain");
    let long = "x".repeat(20_000);
    browser.post("/login", &[("username", &long)]).await.expect_page(413, "id=\"remedies\"");
    let json = [("content-type", "application/json")];
    api.send(Method::POST, &api.url("/login"), &json, "{}").await.expect_page(415, "id=\"error-code\"");
    let twice = browser.post("/login", &[("username", "a"), ("username", "<b>")]).await;
    twice.expect_page(400, "stands twice");
    let answer = browser.get("/login?interaction=unknown").await;
    assert!(answer.text.contains(answer.header("x-request-id")), "{}", answer.text);
    let markup = browser.get("/login?x=1&x=%3Cscript%3E&%3Cscript%3E=1&%3Cscript%3E=2").await;
    assert!(!markup.text.contains("<script"), "{}", markup.text);
}

#[rstest]
#[tokio::test]
async fn the_stylesheet_is_kept_for_ever(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = Scene::open(backend).await else { return };
    let api = &scene.server.api;
    let page = Browser::new(&scene).get("/login").await;
    assert!(page.text.contains(&format!("href=\"{STYLESHEET_PATH}\"")), "{}", page.text);
    let url = format!("{}{STYLESHEET_PATH}", api.base);
    let answer = api.get(&url).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/css; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    let tag = answer.header("etag").to_owned();
    let known = api.send(Method::GET, &url, &[("if-none-match", &tag)], "").await;
    assert_eq!((known.status.as_u16(), known.text.as_str(), known.header("etag")), (304, "", tag.as_str()));
    let other = api.send(Method::GET, &url, &[("if-none-match", "\"other\"")], "").await;
    assert_eq!(other.status, 200);
}
