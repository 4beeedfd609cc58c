//! Logging out at the request of a client (OpenID Connect RP-Initiated Logout 1.0).

use http::Method;
use registrar::model::session::Session;
use registrar::model::user::User;
use rstest::rstest;
use serde_json::json;
use url::form_urlencoded;

use crate::support::{Answer, Backend, Credentials, TestServer, text};

const BACK: &str = "https://app.example.com/bye?a=1";

/// A browser in which Ada is logged in, and a client that may send her back.
struct Scene {
    server: TestServer,
    ada: User,
    client: Credentials,
    session: Session,
    cookie: String,
}

async fn scene(backend: Backend) -> Option<Scene> {
    let server = TestServer::start(backend).await?;
    let ada = server.add_user("ada").await;
    let uris = json!({ "post_logout_redirect_uris": [BACK, "com.app:/bye"], "client_name": "Shop <b>" });
    let client = server.add_login_client(uris).await;
    let (session, cookie) = server.browser(&ada).await;
    Some(Scene { server, ada, client, session, cookie })
}

fn encoded(params: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

impl Scene {
    /// An ID token of this browser's session.
    async fn hint(&self) -> String {
        let session = self.session.id;
        let code = self.server.log_in(&self.client, &self.ada, |grant, _| grant.session_id = Some(session)).await;
        text(&self.server.api.redeem(&self.client, &code).await.expect(200), "id_token").to_owned()
    }

    async fn get(&self, params: &[(&str, &str)]) -> Answer {
        let url = format!("{}?{}", self.server.api.url("/oidc/logout"), encoded(params));
        self.server.api.send(Method::GET, &url, &[("cookie", &self.cookie)], "").await
    }

    async fn post(&self, params: &[(&str, &str)]) -> Answer {
        let headers = [("cookie", self.cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        self.server.api.send(Method::POST, &self.server.api.url("/oidc/logout"), &headers, encoded(params)).await
    }

    async fn is_logged_in(&self) -> bool {
        let domain_id = self.server.domain().await.id();
        self.server.app.store.session(domain_id, self.session.id).await.unwrap().is_some()
    }
}

/// Asserts that a page came, with this title.
#[track_caller]
fn page(answer: &Answer, status: u16, title: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    assert!(answer.header("content-type").starts_with("text/html"), "{}", answer.text);
    assert!(answer.header("content-security-policy").contains("style-src 'self'"));
    assert!(answer.header("cache-control").contains("no-store"));
    assert!(answer.text.contains(&format!(r#"<h1 id="title">{title}</h1>"#)), "{}", answer.text);
}

/// Asserts that the browser is sent there, without its cookie.
#[track_caller]
fn sent_to(answer: &Answer, uri: &str) {
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, uri), "{}", answer.text);
    assert!(
        answer.header("set-cookie").starts_with("registrar-main=; ")
            && answer.header("set-cookie").contains("Max-Age=0")
    );
}

/// What a hidden field of the page holds.
fn hidden(answer: &Answer, name: &str) -> Option<String> {
    let (_, rest) = answer.text.split_once(&format!(r#"name="{name}" value=""#))?;
    Some(rest.split('"').next().unwrap().to_owned())
}

#[rstest]
#[tokio::test]
async fn the_client_of_the_session_ends_it_at_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    for posted in [false, true] {
        let Some(scene) = scene(backend).await else { return };
        let hint = scene.hint().await;
        scene.server.advance(10_000);
        let params = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", BACK),
            ("state", "a b&c"),
            ("ui_locales", "fr"),
        ];
        let answer = if posted { scene.post(&params).await } else { scene.get(&params).await };
        sent_to(&answer, "https://app.example.com/bye?a=1&state=a%20b%26c");
        assert!(!scene.is_logged_in().await);
        // Once more: nobody is logged in, and the way back is the same.
        sent_to(&scene.get(&params[..2]).await, BACK);
    }
}

#[rstest]
#[tokio::test]
async fn without_an_address_the_person_is_told(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = scene(backend).await else { return };
    let hint = scene.hint().await;
    let answer = scene.get(&[("id_token_hint", &hint)]).await;
    page(&answer, 200, "You are signed out");
    assert!(!scene.is_logged_in().await);
}

#[rstest]
#[tokio::test]
async fn logins_of_applications_survive(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = scene(backend).await else { return };
    let api = &scene.server.api;
    let mut refresh = Vec::new();
    for scope in ["openid", "openid offline_access"] {
        let body = scene.server.tokens(&scene.client, &scene.ada, scope, &[]).await;
        refresh.push((text(&body, "refresh_token").to_owned(), text(&body, "access_token").to_owned()));
    }
    let hint = scene.hint().await;
    page(&scene.get(&[("id_token_hint", &hint)]).await, 200, "You are signed out");
    for (refresh, access) in refresh {
        api.userinfo(&access).await.expect(200);
        api.refresh(&scene.client, &refresh, "").await.expect(200);
    }
}

#[rstest]
#[tokio::test]
async fn anybody_else_makes_the_person_confirm(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = scene(backend).await else { return };
    let (other_session, _) = scene.server.browser(&scene.ada).await;
    let bob = scene.server.add_user("bob").await;
    let hint_of = async |user: &User, session: Option<&Session>| {
        let session = session.map(|session| session.id);
        let code = scene.server.log_in(&scene.client, user, |grant, _| grant.session_id = session).await;
        text(&scene.server.api.redeem(&scene.client, &code).await.expect(200), "id_token").to_owned()
    };
    let (bobs, elsewhere) = (hint_of(&bob, None).await, hint_of(&scene.ada, Some(&other_session)).await);
    let access = scene.server.tokens(&scene.client, &scene.ada, "openid", &[]).await;
    let forged = format!("{}x", scene.hint().await);
    let id = scene.client.id.as_str();
    for params in [
        &[][..],
        &[("client_id", id)],
        &[("client_id", id), ("post_logout_redirect_uri", BACK)],
        &[("id_token_hint", &bobs)],
        &[("id_token_hint", &elsewhere)],
        &[("id_token_hint", &forged)],
        &[("id_token_hint", text(&access, "access_token"))],
        &[("id_token_hint", "nonsense"), ("post_logout_redirect_uri", BACK)],
        &[("post_logout_redirect_uri", BACK), ("state", "x")],
        &[("client_id", "unknown"), ("post_logout_redirect_uri", "https://evil.example/")],
        &[("confirmation", "guessed")],
    ] {
        for answer in [scene.get(params).await, scene.post(params).await] {
            page(&answer, 200, "Sign out?");
            assert!(answer.text.contains(r#"<form id="logout" method="post""#));
            assert!(answer.text.contains(r#"id="confirm-logout""#));
            assert!(hidden(&answer, "confirmation").is_some_and(|value| value.len() == 43 && value != "guessed"));
            assert!(!answer.text.contains("<b>") && answer.header("set-cookie").is_empty());
            assert!(scene.is_logged_in().await, "{params:?}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_confirmed_logout_goes_where_a_known_client_registered(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(scene) = scene(backend).await else { return };
    let asked = [("client_id", scene.client.id.as_str()), ("post_logout_redirect_uri", "com.app:/bye"), ("state", "s")];
    let question = scene.get(&asked).await;
    assert!(question.text.contains("Shop &#60;b&#62;") && question.text.contains("Ada Lovelace"), "{}", question.text);
    let names = ["client_id", "post_logout_redirect_uri", "state", "confirmation"];
    let fields: Vec<(&str, String)> = names.iter().map(|name| (*name, hidden(&question, name).unwrap())).collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    // Not by a link, though it names the right value, and not in another session.
    page(&scene.get(&fields).await, 200, "Sign out?");
    let (session, cookie) = scene.server.browser(&scene.ada).await;
    let other = Scene { session, cookie, server: scene.server, ada: scene.ada, client: scene.client.clone() };
    page(&other.post(&fields).await, 200, "Sign out?");
    assert!(other.is_logged_in().await);
    let own = other.get(&asked).await;
    let value = hidden(&own, "confirmation").unwrap();
    let mut fields = fields;
    fields[3].1 = &value;
    sent_to(&other.post(&fields).await, "com.app:/bye?state=s");
    assert!(!other.is_logged_in().await);
}

#[rstest]
#[tokio::test]
async fn addresses_that_are_not_registered_are_refused(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(scene) = scene(backend).await else { return };
    let hint = scene.hint().await;
    let id = scene.client.id.as_str();
    for uri in ["https://app.example.com/bye", "https://app.example.com/bye?a=1&b=2", "https://evil.example/", "x"] {
        for known_by in [("id_token_hint", hint.as_str()), ("client_id", id)] {
            let answer = scene.get(&[known_by, ("post_logout_redirect_uri", uri)]).await;
            page(&answer, 400, "You are not signed out");
            assert!(answer.text.contains("is not registered") && answer.header("location").is_empty());
        }
    }
    let other = scene.server.add_web_client().await;
    let answer = scene.get(&[("id_token_hint", &hint), ("client_id", &other.id)]).await;
    page(&answer, 400, "You are not signed out");
    let answer = scene.get(&[("state", "a"), ("state", "b")]).await;
    page(&answer, 400, "You are not signed out");
    assert!(scene.is_logged_in().await);
}

#[rstest]
#[tokio::test]
async fn a_form_on_another_site_is_led_back_to_its_cookie(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(mut scene) = scene(backend).await else { return };
    let (hint, cookie) = (scene.hint().await, std::mem::take(&mut scene.cookie));
    let answer = scene.post(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BACK), ("x", "y")]).await;
    assert_eq!(answer.status, 303);
    assert!(answer.header("set-cookie").is_empty());
    let (_, query) = answer.header("location").split_once("/main/oidc/logout?").unwrap();
    let params: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!(params.len(), 2);
    scene.cookie = cookie;
    let params: Vec<(&str, &str)> = params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    sent_to(&scene.get(&params).await, BACK);
    assert!(!scene.is_logged_in().await);
}

#[rstest]
#[tokio::test]
async fn nobody_logged_in_is_no_error(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(mut scene) = scene(backend).await else { return };
    scene.cookie = String::new();
    page(&scene.get(&[]).await, 200, "You are signed out");
    let id = scene.client.id.clone();
    sent_to(&scene.get(&[("client_id", &id), ("post_logout_redirect_uri", BACK)]).await, BACK);
    assert!(scene.is_logged_in().await, "another browser's session is its own");
}

#[rstest]
#[tokio::test]
async fn a_client_that_anybody_may_register_gets_back_only_whom_it_has_logged_in(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(mut scene) = scene(backend).await else { return };
    scene.server.set_domain(|settings| settings.open_registration = true).await;
    let body = json!({
        "redirect_uris": ["https://app.example.com/cb"], "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code"], "post_logout_redirect_uris": ["https://app.example.com/bye"]
    });
    let record = scene.server.api.register("", &body).await.expect(201);
    scene.client = Credentials { id: text(&record, "client_id").to_owned(), secret: String::new() };
    let hint = scene.hint().await;
    let asked = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", "https://app.example.com/bye")];
    // Who registered it can get such a token for themselves, and send the link to anybody.
    let own = std::mem::take(&mut scene.cookie);
    page(&scene.get(&asked).await, 200, "You are signed out");
    let bob = scene.server.add_user("bob").await;
    let (session, cookie) = scene.server.browser(&bob).await;
    let ended = std::mem::replace(&mut scene.session, session);
    scene.cookie = cookie;
    let question = scene.get(&asked).await;
    page(&question, 200, "Sign out?");
    let confirmation = hidden(&question, "confirmation").unwrap();
    let confirmed = [asked[0], asked[1], ("confirmation", confirmation.as_str())];
    page(&scene.post(&confirmed).await, 200, "You are signed out");
    assert!(!scene.is_logged_in().await);
    (scene.session, scene.cookie) = (ended, own);
    sent_to(&scene.get(&asked).await, "https://app.example.com/bye");
}
