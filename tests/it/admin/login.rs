//! How the pages look to people: name, colour, logo.

use http::Method;
use registrar::model::administrator::Role;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{AdminApi, Answer, Api, Backend, Browser, PNG, TestServer};

const LOGO: &str = "/domains/main/logo";

async fn put(server: &TestServer, who: &AdminApi, media_type: &str, image: &[u8]) -> Answer {
    let bearer = format!("Bearer {}", who.token);
    let headers = [("authorization", bearer.as_str()), ("content-type", media_type)];
    server.api.send(Method::PUT, &format!("{}/api/v1{LOGO}", server.api.base), &headers, image).await
}

#[rstest]
#[tokio::test]
async fn a_logo_is_on_the_pages_from_our_own_origin(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let (login, logo) = (server.api.url("/login"), server.api.url("/logo"));
    assert!(!server.api.get(&login).await.text.contains("<img"));
    server.api.get(&logo).await.expect_error(404, "not_found");
    owner.get(LOGO).await.expect_problem(404, "not_found");
    let answer = put(&server, &owner, "image/png", PNG).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    let page = server.api.get(&login).await;
    let src = page.text.split("<img class=\"logo\" src=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(src.starts_with("/main/logo?v=") && page.text.contains("alt=\"Logo of main\""), "{src}");
    let image = server.api.get(&format!("{}{src}", server.api.base)).await;
    assert_eq!((image.status.as_u16(), image.header("content-type")), (200, "image/png"));
    assert_eq!(image.header("x-content-type-options"), "nosniff");
    assert_eq!(image.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(image.header("cache-control"), "public, max-age=31536000, immutable");
    let plain = server.api.get(&logo).await;
    assert_eq!(plain.header("cache-control"), "public, max-age=300");
    let known = [("if-none-match", plain.header("etag"))];
    assert_eq!(server.api.send(Method::GET, &logo, &known, "").await.status, 304);
    assert_eq!(owner.get(LOGO).await.header("content-type"), "image/png");
    let auditor = server.administration(Role::Auditor, None).await;
    put(&server, &auditor, "image/png", PNG).await.expect_problem(403, "forbidden");
    assert_eq!(owner.delete(LOGO).await.status, 204);
    owner.delete(LOGO).await.expect_problem(404, "not_found");
    assert!(!server.api.get(&login).await.text.contains("<img"));
    let event = server.audited(|event| event.action == "domain.remove_logo").await;
    assert_eq!(event.detail["changes"]["logo"]["after"], Value::Null);
}

#[rstest]
#[tokio::test]
async fn only_images_become_a_logo(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec();
    let polyglot = [PNG, b"<script>alert(1)</script>"].concat();
    let mut wide = PNG.to_vec();
    wide[18] = 0x10;
    for (media_type, image, status) in [
        ("image/svg+xml", svg.clone(), 415),
        ("image/png", svg, 400),
        ("image/png", polyglot, 400),
        ("image/png", wide, 400),
        ("image/jpeg", PNG.to_vec(), 400),
        ("text/html", PNG.to_vec(), 415),
        ("", PNG.to_vec(), 415),
        ("image/png", Vec::new(), 400),
        ("image/png", vec![0x89; 128 * 1_024 + 1], 413),
        ("image/png", vec![0x89; 300 * 1_024], 413),
    ] {
        let answer = put(&server, &owner, media_type, &image).await;
        assert_eq!(answer.status.as_u16(), status, "{media_type}, {} bytes: {}", image.len(), answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    assert!(server.domain().await.logo.is_none());
}

#[rstest]
#[tokio::test]
async fn name_and_colour_are_on_every_page(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let owner = server.owner().await;
    let hostile = "</title><script>alert(1)</script>";
    let look = json!({ "look": { "display_name": hostile, "accent_color": "#FFdd00" } });
    let changed = owner.patch("/domains/main", look).await.expect(200);
    assert_eq!(changed["settings"]["look"]["accent_color"], "#FFdd00");
    let page = server.api.get(&server.api.url("/login")).await;
    assert!(!page.text.contains(hostile), "{}", page.text);
    assert!(page.text.contains("alert(1)") && page.text.contains("&#60;"), "{}", page.text);
    let href = page.text.split("href=\"/main/look/").nth(1).unwrap().split('"').next().unwrap();
    let css = server.api.get(&server.api.url(&format!("/look/{href}"))).await;
    assert_eq!((css.status.as_u16(), css.header("content-type")), (200, "text/css; charset=utf-8"));
    assert!(css.text.contains("background:#ffdd00;color:#000000"), "{}", css.text);
    assert_eq!(css.header("x-content-type-options"), "nosniff");
    // An error page too, and a stylesheet that is out of date is gone.
    let lost =
        server.api.send(Method::GET, &server.api.url("/login?interaction=x"), &[("accept", "text/html")], "").await;
    assert!(lost.text.contains(&format!("/main/look/{href}")), "{}", lost.text);
    owner.patch("/domains/main", json!({ "look": { "accent_color": "#00ff00" } })).await.expect(200);
    server.api.get(&server.api.url(&format!("/look/{href}"))).await.expect_error(404, "not_found");
    let kept = owner.get("/domains/main").await.expect(200);
    assert_eq!(kept["settings"]["look"]["display_name"], hostile, "a patch goes member by member");
    for bad in [
        json!({ "accent_color": "red;}body{display:none" }),
        json!({ "accent_color": "#fff" }),
        json!({ "display_name": "" }),
        json!({ "display_name": "x".repeat(65) }),
        json!({ "font": "x" }),
    ] {
        owner.patch("/domains/main", json!({ "look": bad })).await.expect_problem(400, "invalid_request");
    }
    let reset = owner.patch("/domains/main", json!({ "look": null })).await.expect(200);
    assert_eq!(reset["settings"].get("look"), None);
    assert!(!server.api.get(&server.api.url("/login")).await.text.contains("/look/"));
}

/// A form with an image, as a browser sends it.
async fn upload(
    (api, browser): (&Api, &Browser),
    url: &str,
    (media_type, image): (&str, &[u8]),
    action: &str,
) -> Answer {
    let part = |head: &str, body: &[u8]| [format!("--x\r\n{head}\r\n\r\n").as_bytes(), body, b"\r\n"].concat();
    let file = format!("Content-Disposition: form-data; name=\"logo\"; filename=\"l\"\r\nContent-Type: {media_type}");
    let body = [
        part(&file, image),
        part("Content-Disposition: form-data; name=\"action\"", action.as_bytes()),
        b"--x--\r\n".to_vec(),
    ];
    let name = browser.cookie("registrar-console").map(|secret| format!("registrar-console={secret}")).unwrap();
    let headers = [("cookie", name.as_str()), ("content-type", "multipart/form-data; boundary=x")];
    api.send(Method::POST, url, &headers, body.concat()).await
}

#[rstest]
#[tokio::test]
async fn the_console_changes_how_people_log_in(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Editor, &["main"]).await;
    let own = format!("{}/console/domains/main/login", server.api.base);
    let page = browser.open(&own).await.page();
    let form = page.form("login-settings");
    // Looked at, not saved.
    let hostile = "<b>Retail</b>";
    let look = [("display_name", hostile), ("accent_color", "#ffdd00"), ("action", "preview")];
    let page = browser.submit(&form, &look).await.page();
    assert!(page.answer.text.contains("preview.css?accent=%23ffdd00"), "{}", page.answer.text);
    assert!(!page.answer.text.contains(hostile));
    assert!(server.domain().await.domain.settings.look.is_default());
    let css = browser.send(Method::GET, &format!("{own}/preview.css?accent=%23ffdd00"), None).await;
    assert_eq!((css.header("content-type"), css.status.as_u16()), ("text/css; charset=utf-8", 200));
    assert!(css.text.starts_with(".look-preview{"), "{}", css.text);
    let css = browser.send(Method::GET, &format!("{own}/preview.css?accent=red;}}"), None).await;
    assert_eq!(css.text, "");
    for (field, wrong) in [("accent_color", "red"), ("session_lifetime", "long"), ("session_lifetime", "0")] {
        let page = browser.submit(&form, &[(field, wrong), ("action", "save")]).await.page();
        assert_eq!(page.answer.status, 422, "{field}={wrong}");
        assert!(page.has(&format!("{field}-error")), "{field}={wrong}");
    }
    // Everything that is wrong is told at once, above the form and beside its field.
    let wrong =
        [("accent_color", "red"), ("session_lifetime", "0"), ("refresh_token_lifetime", "x"), ("action", "save")];
    let page = browser.submit(&form, &wrong).await.page();
    let summary = page.text("error-summary");
    for (field, label) in [
        ("session_lifetime", "A browser's session, at the most"),
        ("refresh_token_lifetime", "An application's access, at the most"),
        ("accent_color", "Accent colour"),
    ] {
        assert!(page.has(&format!("{field}-error")) && summary.contains(label), "{field}: {summary}");
        assert!(page.answer.text.contains(&format!("<a href=\"#{field}\">")), "{field}");
    }
    assert!(summary.contains("Must be between 1 minute and 3650 days."), "{summary}");
    assert!(page.answer.text.contains("formaction=\"/console/domains/main/login#look\""));
    let typed = [
        ("sign_up", "on"),
        ("sign_up_email_hosts", "Example.com\r\n\r\nexample.org"),
        ("session_lifetime", "24"),
        ("session_lifetime_unit", "hours"),
        ("accent_color", "#ffdd00"),
        ("action", "save"),
    ];
    let saved = browser.submit(&form, &typed).await.page();
    assert!(saved.answer.text.contains("Saved."), "{}", saved.answer.text);
    let settings = server.domain().await.domain.settings.clone();
    assert!(settings.sign_up && settings.session_lifetime == 86_400);
    assert_eq!(settings.sign_up_email_hosts, ["example.com", "example.org"]);
    assert!(server.api.get(&server.api.url("/login")).await.text.contains("id=\"sign-up-link\""));
    let stale = browser.submit(&form, &[("session_lifetime", "90"), ("action", "save")]).await.page();
    assert_eq!(stale.answer.status, 409);
    assert_eq!(server.domain().await.domain.settings.session_lifetime, 86_400);
    let event =
        server.audited(|event| event.action == "domain.update" && event.actor.starts_with("administrator:")).await;
    assert_eq!(event.detail["changes"]["sign_up"], json!({ "before": false, "after": true }));
    // The logo.
    let url = format!("{own}/logo");
    let refused = upload((&server.api, &browser), &url, ("image/svg+xml", b"<svg/>"), "set").await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("id=\"logo-error\""));
    assert_eq!(upload((&server.api, &browser), &url, ("image/png", b""), "set").await.status, 422);
    assert_eq!(upload((&server.api, &browser), &url, ("image/png", PNG), "set").await.status, 303);
    assert!(server.domain().await.logo.is_some());
    assert_eq!(upload((&server.api, &browser), &url, ("image/png", b""), "remove").await.status, 303);
    assert!(server.domain().await.logo.is_none());
    let empty = browser.send(Method::POST, &url, Some(&[])).await;
    assert_eq!(empty.status, 415);
}
