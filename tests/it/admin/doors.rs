//! Into the console and out again: passwords, codes, sessions, and those who have no business there.

use http::Method;
use registrar::admin::admit::console_cookie_name;
use registrar::model::administrator::Role;
use registrar::routes::{Surface, routes};
use rstest::rstest;

use crate::support::{ADMIN_PASSWORD, Answer, Backend, Browser, Landed, Page, TestServer};

fn url(server: &TestServer, path: &str) -> String {
    format!("{}{path}", server.api.base)
}

async fn open(server: &TestServer, browser: &mut Browser, path: &str) -> Page {
    browser.open(&url(server, path)).await.page()
}

async fn post(server: &TestServer, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    browser.send(Method::POST, &url(server, path), Some(&fields)).await
}

fn cookie(server: &TestServer, browser: &Browser) -> String {
    browser.cookie(&console_cookie_name(&server.app)).unwrap_or_default().to_owned()
}

/// The code that an authenticator application shows now.
fn code(server: &TestServer, secret: &str) -> String {
    let secret = secret.replace(' ', "");
    let bytes = base32(&secret);
    let step = u64::try_from(server.clock.now().seconds()).unwrap() / 30;
    // RFC 6238 by hand, so that the server is not checked against the library it uses.
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let hash = aws_lc_rs::hmac::sign(&key, &step.to_be_bytes());
    let hash = hash.as_ref();
    let at = usize::from(hash[19] & 0xf);
    let number = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

fn base32(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for c in text.bytes() {
        let value = if c.is_ascii_uppercase() { c - b'A' } else { c - b'2' + 26 };
        bits = (bits << 5) | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    bytes
}

#[rstest]
#[tokio::test]
async fn a_person_logs_in_lands_where_they_wanted_and_logs_out(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_administrator("ada", Role::Owner, &[]).await;
    let mut browser = Browser::new(&server.api);
    let door = open(&server, &mut browser, "/console/administrators?x=1").await;
    assert!(door.url.ends_with("/console/login?next=%2Fconsole%2Fadministrators%3Fx%3D1"), "{}", door.url);
    let wrong =
        browser.submit(&door.form("login"), &[("username", "ada"), ("password", "nope nope nope")]).await.page();
    assert_eq!(wrong.answer.status, 422);
    assert!(!wrong.answer.text.contains("nope nope") && cookie(&server, &browser).is_empty());
    let inside =
        browser.submit(&wrong.form("login"), &[("username", "ADA"), ("password", ADMIN_PASSWORD)]).await.page();
    assert!(inside.url.ends_with("/console/administrators?x=1"), "{}", inside.url);
    assert!(inside.answer.text.contains("New administrator"));
    let secret = cookie(&server, &browser);
    let answer = post(&server, &mut browser, "/console/logout", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/console/login?ended=logout"));
    browser.set_cookie(&console_cookie_name(&server.app), &secret);
    let gone = browser.send(Method::GET, &url(&server, "/console/account"), None).await;
    assert_eq!(gone.status, 303, "the session is over, whoever kept its cookie");
}

#[rstest]
#[tokio::test]
async fn the_second_factor_is_set_up_asked_for_and_counts_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let ada = server.add_administrator("ada", Role::Editor, &[]).await;
    let (mut browser, mut other) = (Browser::new(&server.api), Browser::new(&server.api));
    server.console_login(&mut browser, "ada").await;
    server.console_login(&mut other, "ada").await;
    let account = open(&server, &mut browser, "/console/account").await;
    let form = account.form("begin-second-factor");
    let with = |password| [("current_password", password), ("action", "begin_second_factor")];
    let refused = browser.submit(&form, &with("not the password")).await.page();
    assert_eq!(refused.answer.status, 422);
    let begun = browser.submit(&form, &with(ADMIN_PASSWORD)).await.page();
    assert!(begun.has("qr"));
    let secret = begun.text("totp-secret");
    let confirm = begun.form("confirm-second-factor");
    let wrong = browser.submit(&confirm, &[("code", "000000"), ("action", "confirm_second_factor")]).await.page();
    assert_eq!((wrong.answer.status.as_u16(), wrong.text("totp-secret")), (422, secret.clone()));
    let now = code(&server, &secret);
    let confirm = wrong.form("confirm-second-factor");
    let done = browser.submit(&confirm, &[("code", &now), ("action", "confirm_second_factor")]).await.page();
    assert!(done.answer.text.contains("The second factor is set up"), "{}", done.answer.text);
    let elsewhere = other.send(Method::GET, &url(&server, "/console/account"), None).await;
    assert_eq!(elsewhere.status, 303, "other sessions ended");

    // Logging in takes both now, and the code that set it up is used.
    let mut browser = Browser::new(&server.api);
    let door = open(&server, &mut browser, "/console/login").await;
    let asked = browser.submit(&door.form("login"), &[("username", "ada"), ("password", ADMIN_PASSWORD)]).await.page();
    assert!(asked.url.contains("/console/second-factor"), "{}", asked.url);
    let half = cookie(&server, &browser);
    let inside = browser.send(Method::GET, &url(&server, "/console/account"), None).await;
    assert_eq!(inside.status, 303, "the password alone opens nothing");
    let form = asked.form("second-factor");
    let again = browser.submit(&form, &[("code", &now)]).await.page();
    assert_eq!(again.answer.status, 422, "a code counts once");
    server.clock.advance(30);
    let next = code(&server, &secret);
    let home = browser.submit(&form, &[("code", &next)]).await.page();
    assert!(home.url.contains("/console"), "{}", home.url);
    assert_ne!(cookie(&server, &browser), half, "the session goes on under another secret");
    let mut planted = Browser::new(&server.api);
    planted.set_cookie(&console_cookie_name(&server.app), &half);
    assert_eq!(planted.send(Method::GET, &url(&server, "/console/account"), None).await.status, 303);
    // Somebody who lost the device is helped by an owner.
    let mut owner = server.console(Role::Owner, &[]).await;
    let page = open(&server, &mut owner, &format!("/console/administrators/{}", ada.id)).await;
    let removed = owner.submit(&page.form("remove-second-factor"), &[("action", "remove_second_factor")]).await.page();
    assert!(removed.answer.text.contains("The second factor is removed"));
}

#[rstest]
#[tokio::test]
async fn guessing_is_slowed_down_and_locks_nobody_out(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start_with(backend, |settings| settings.rate_limit.enabled = true).await else {
        return;
    };
    server.add_administrator("ada", Role::Owner, &[]).await;
    let mut browser = Browser::new(&server.api);
    let guess = [("username", "ada"), ("password", "a wrong password")];
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(post(&server, &mut browser, "/console/login", &guess).await.status.as_u16());
    }
    assert_eq!(statuses[0], 422);
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    let right = [("username", "ada"), ("password", ADMIN_PASSWORD)];
    assert_eq!(post(&server, &mut browser, "/console/login", &right).await.status, 429, "the right one waits as well");
    server.clock.advance(3_700);
    assert_eq!(post(&server, &mut browser, "/console/login", &right).await.status, 303);
}

#[rstest]
#[tokio::test]
async fn guessing_codes_is_slowed_down(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start_with(backend, |settings| settings.rate_limit.enabled = true).await else {
        return;
    };
    server.add_administrator("ada", Role::Owner, &[]).await;
    let mut browser = Browser::new(&server.api);
    server.console_login(&mut browser, "ada").await;
    let account = open(&server, &mut browser, "/console/account").await;
    let begin = [("current_password", ADMIN_PASSWORD), ("action", "begin_second_factor")];
    let begun = browser.submit(&account.form("begin-second-factor"), &begin).await.page();
    let secret = begun.text("totp-secret");
    let now = code(&server, &secret);
    let confirm = [("code", now.as_str()), ("action", "confirm_second_factor")];
    browser.submit(&begun.form("confirm-second-factor"), &confirm).await.page();
    let mut thief = Browser::new(&server.api);
    post(&server, &mut thief, "/console/login", &[("username", "ada"), ("password", ADMIN_PASSWORD)]).await;
    let mut statuses = Vec::new();
    for guess in 0..8 {
        let guess = format!("{guess:06}");
        statuses.push(post(&server, &mut thief, "/console/second-factor", &[("code", &guess)]).await.status.as_u16());
    }
    assert_eq!((statuses[0], statuses.last()), (422, Some(&429)), "{statuses:?}");
}

#[rstest]
#[tokio::test]
async fn a_planted_session_is_not_the_one_that_logs_in(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_administrator("ada", Role::Owner, &[]).await;
    server.add_administrator("eve", Role::Auditor, &["main"]).await;
    let mut eve = Browser::new(&server.api);
    server.console_login(&mut eve, "eve").await;
    let planted = cookie(&server, &eve);
    let mut ada = Browser::new(&server.api);
    ada.set_cookie(&console_cookie_name(&server.app), &planted);
    post(&server, &mut ada, "/console/login", &[("username", "ada"), ("password", ADMIN_PASSWORD)]).await;
    assert_ne!(cookie(&server, &ada), planted);
    assert!(open(&server, &mut ada, "/console/account").await.answer.text.contains("ada"));
    let answer = eve.send(Method::GET, &url(&server, "/console/account"), None).await;
    assert_eq!(answer.status, 303, "what was planted is over");
}

#[rstest]
#[tokio::test]
async fn forms_of_other_sites_change_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Owner, &[]).await;
    let mut guarded = 0;
    for route in routes().filter(|route| route.surface == Surface::Console) {
        let path = route.path.replace("{domain}", "main");
        for headers in [
            [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
            [("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:1")],
        ] {
            browser.headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            let answer = post(&server, &mut browser, &path, &[("action", "delete"), ("confirm", "x")]).await;
            assert_eq!(answer.status, 403, "{path}");
            assert!(answer.text.contains("cross_site_request"), "{path}: {}", answer.text);
            guarded += 1;
        }
    }
    assert!(guarded >= 16, "{guarded}");
}

#[rstest]
#[tokio::test]
async fn what_one_may_not_do_is_said_on_a_page(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut auditor = server.console(Role::Auditor, &["main"]).await;
    let Landed::Page(page) = auditor.open(&url(&server, "/console/administrators")).await else { panic!("sent away") };
    assert_eq!(page.answer.status, 403);
    assert!(page.answer.text.contains("You may not do this") && page.answer.text.contains("takes the role owner"));
    assert!(page.answer.header("content-security-policy").contains("script-src 'self'"));
    assert!(!page.answer.text.contains("/console/api-tokens"), "nothing is offered that cannot be done");
}

#[rstest]
#[tokio::test]
async fn a_password_that_does_not_change_is_told_at_the_field_that_is_wrong(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut browser = server.console(Role::Auditor, &[]).await;
    let form = open(&server, &mut browser, "/console/account").await.form("change-password");
    let good = "another long password";
    for (current, new, wrong) in
        [("not the password", good, "current_password"), (ADMIN_PASSWORD, "too short", "new_password")]
    {
        let typed = [("current_password", current), ("new_password", new), ("action", "change_password")];
        let page = browser.submit(&form, &typed).await.page();
        assert_eq!(page.answer.status, 422);
        for field in ["current_password", "new_password"] {
            assert_eq!(page.has(&format!("{field}-error")), field == wrong, "{wrong}: {}", page.answer.text);
        }
        assert_eq!(page.answer.text.matches(" autofocus").count(), 1, "{}", page.answer.text);
    }
    let typed = [("current_password", ADMIN_PASSWORD), ("new_password", good), ("action", "change_password")];
    let page = browser.submit(&form, &typed).await.page();
    assert!(page.answer.text.contains("Your password is changed."), "{}", page.answer.text);
}
