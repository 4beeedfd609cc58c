//! The timelines of login attempts: what is noted, in which order, and that nothing secret is.

use std::time::{Duration, Instant};

use http::Method;
use registrar::clients::manual::Wanted;
use registrar::model::audit_event::Actor;
use registrar::model::consent::Consent;
use registrar::model::flow_trace::diagnosis::{awaited, diagnose};
use registrar::model::flow_trace::{Outcome, Step, TraceStep};
use registrar::model::id::{AttemptId, UserId};
use registrar::model::interaction::Decision;
use registrar::model::user::{User, UserClaims};
use registrar::oauth::request::{Caller, InDomain};
use registrar::people::browser_session::Device;
use registrar::store::flow_traces::AttemptFilter;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Backend, Browser, Credentials, Landed, TestServer, param};

const REDIRECT: &str = "https://app.example.com/cb?tenant=hidden-tenant";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A client that logs people in; openly registered, as MCP clients are.
async fn register(server: &TestServer) -> Credentials {
    server.add_scopes(&["read"]).await;
    let discovery = server.api.url("/oidc/.well-known/openid-configuration");
    for _ in 0..3 {
        assert_eq!(server.api.get(&discovery).await.status, 200);
    }
    let record = server
        .api
        .register(
            "",
            &json!({ "client_name": "Assistant", "redirect_uris": [REDIRECT],
            "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none" }),
        )
        .await
        .expect(201);
    Credentials::of(&record)
}

/// A browser in which somebody is logged in.
async fn logged_in(server: &TestServer) -> Browser {
    let domain = server.domain().await;
    let now = server.clock.now();
    let user = User {
        id: UserId::new(&server.clock),
        domain_id: domain.id(),
        username: "alice".to_owned(),
        email: None,
        email_verified: false,
        password: None,
        claims: UserClaims::default(),
        enabled: true,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let audit = Actor::local("test").did(&server.clock, Some(domain.id()), "user.create", "alice");
    server.app.store.create_user(&user, None, &audit).await.unwrap();
    let device = Device { agent: "Test Browser", source: "127.0.0.1" };
    let (_, secret) = server.app.people.begin_session(&domain, &user, device, None).await.unwrap().unwrap();
    let mut browser = Browser::new(&server.api);
    browser.set_cookie("registrar-main", secret.expose());
    browser
}

fn authorize_url(server: &TestServer, client_id: &str, more: &[(&str, &str)]) -> String {
    let mut url = url::Url::parse(&server.api.url("/oauth/authorize")).unwrap();
    let usual = [
        ("client_id", client_id),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "read"),
        ("state", "state-of-the-client-0123456789"),
        ("nonce", "nonce-of-the-client-0123456789"),
        ("login_hint", "alice@private.example"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in usual.iter().filter(|(name, _)| !more.iter().any(|(own, _)| own == name)).chain(more) {
        url.query_pairs_mut().append_pair(name, value);
    }
    url.to_string()
}

/// Sends the browser to the authorization endpoint; the attempt it is sent to a page with.
async fn begin(browser: &mut Browser, url: &str) -> AttemptId {
    let answer = browser.send(Method::GET, url, None).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let (_, id) = answer.header("location").split_once("?interaction=").expect("a page");
    AttemptId(id.to_owned())
}

/// The person allows what the consent page asks; the code that the client gets.
async fn allow(server: &TestServer, browser: &mut Browser, attempt: &AttemptId) -> String {
    let (store, domain_id) = (&server.app.store, server.domain().await.id());
    let mut interaction = store.interaction(domain_id, attempt).await.unwrap().unwrap();
    let asked = interaction.progress.consent.clone().expect("the consent page has something to ask");
    interaction.progress.decision = Some(Decision::Allowed {
        session_id: asked.session_id,
        scope: asked.scope.clone(),
        resources: asked.resources.clone(),
    });
    let audit = Actor::local("test").did(&server.clock, Some(domain_id), "consent.give", "");
    assert!(store.allow_interaction(&interaction, &[] as &[Consent], &audit).await.unwrap());
    let back = server.api.url(&format!("/oauth/authorize?interaction={attempt}"));
    let answer = browser.send(Method::GET, &back, None).await;
    let params = Landed::Away(answer.header("location").to_owned()).params();
    param(&params, "code").to_owned()
}

async fn redeem(server: &TestServer, client_id: &str, code: &str, verifier: &str) -> Answer {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code").append_pair("client_id", client_id).append_pair("code", code);
    form.append_pair("redirect_uri", REDIRECT).append_pair("code_verifier", verifier);
    server.api.form_post("/oauth/token", &form.finish()).await
}

async fn refresh(server: &TestServer, client_id: &str, token: &str) -> Answer {
    let form = format!("grant_type=refresh_token&client_id={client_id}&refresh_token={token}");
    server.api.form_post("/oauth/token", &form).await
}

/// The timeline once the queue has written so many steps of it.
async fn timeline(server: &TestServer, attempt: &AttemptId, length: usize) -> Vec<TraceStep> {
    let domain_id = server.domain().await.id();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let steps = server.app.store.flow_timeline(domain_id, attempt).await.unwrap();
        if steps.len() >= length {
            assert_eq!(steps.len(), length, "{steps:#?}");
            return steps;
        }
        assert!(Instant::now() < deadline, "not so many steps: {steps:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn kinds(steps: &[TraceStep]) -> Vec<(Step, Outcome)> {
    steps.iter().map(|step| (step.step, step.outcome)).collect()
}

/// The attempt that an error page names.
fn named_by(answer: &Answer) -> AttemptId {
    let is_id = |text: &&str| text.len() == 22 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let mut words = answer.text.split(|c: char| c.is_whitespace() || "<>\"".contains(c)).filter(is_id);
    AttemptId(words.next().unwrap_or_else(|| panic!("no attempt in {}", answer.text)).to_owned())
}

#[rstest]
#[tokio::test]
async fn a_login_is_told_from_discovery_to_refresh(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client = register(&server).await;
    let mut browser = logged_in(&server).await;
    server.advance(7);
    let attempt = begin(&mut browser, &authorize_url(&server, &client.id, &[])).await;
    let code = allow(&server, &mut browser, &attempt).await;
    let wrong = "a-verifier-that-belongs-to-another-login-0123456789";
    redeem(&server, &client.id, &code, wrong).await.expect_error(400, "invalid_grant");
    let steps = timeline(&server, &attempt, 6).await;
    let (done, refused, waiting) = (Outcome::Done, Outcome::Refused, Outcome::Waiting);
    let mut expected = vec![
        (Step::Discovery, done),
        (Step::Registration, done),
        (Step::Authorize, done),
        (Step::ConsentPage, waiting),
        (Step::Code, done),
        (Step::Token, refused),
    ];
    assert_eq!(kinds(&steps), expected);
    assert!(diagnose(&steps, server.clock.now())[0].contains("PKCE failed"));

    let issued = redeem(&server, &client.id, &code, VERIFIER).await.expect(200);
    let first = issued["refresh_token"].as_str().unwrap().to_owned();
    server.advance(3_600);
    let second = refresh(&server, &client.id, &first).await.expect(200)["refresh_token"].as_str().unwrap().to_owned();
    server.advance(61);
    refresh(&server, &client.id, &first).await.expect_error(400, "invalid_grant");
    let steps = timeline(&server, &attempt, 9).await;
    expected.extend([(Step::Token, done), (Step::Refresh, done), (Step::Refresh, refused)]);
    assert_eq!(kinds(&steps), expected);
    assert!(diagnose(&steps, server.clock.now())[0].contains("two processes"));
    assert!(steps.iter().all(|step| step.client_id.as_deref() == Some(client.id.as_str())));
    assert!(steps[..2].iter().all(TraceStep::is_probable) && !steps[2..].iter().any(TraceStep::is_probable));
    let asked = &steps[2].detail;
    assert_eq!(
        (&asked["redirect_uri"], &asked["redirect_kind"]),
        (&json!("https://app.example.com/cb"), &json!("https"))
    );
    assert_eq!((&asked["pkce"], &asked["scope"]), (&json!(true), &json!("read")));
    assert_eq!(steps[6].detail["audience"], json!([client.id]));

    let rows =
        "select string_agg(coalesce(attempt, '') || coalesce(client_id, '') || step || outcome || coalesce(code, '')
                || coalesce(reason, '') || coalesce(source, '') || cast(detail as text), ' ') from flow_steps";
    let rows = server.database.text(rows).await;
    assert!(rows.contains(attempt.as_str()) && rows.contains("code_verifier does not belong"));
    let access = issued["access_token"].as_str().unwrap();
    let cookie = browser.cookie("registrar-main").unwrap();
    let secrets = [&code, VERIFIER, wrong, CHALLENGE, access, &first, &second, cookie, "hidden-tenant"];
    for secret in secrets.into_iter().chain(["state-of-the-client", "nonce-of-the-client", "private.example"]) {
        assert!(!rows.contains(secret), "{secret} stands in {rows}");
    }
}

#[rstest]
#[tokio::test]
async fn what_never_came_is_known(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client = register(&server).await;
    let nobody = begin(&mut Browser::new(&server.api), &authorize_url(&server, &client.id, &[])).await;
    let mut browser = logged_in(&server).await;
    let url = authorize_url(&server, &client.id, &[]);
    let undecided = begin(&mut browser, &url).await;
    let unredeemed = begin(&mut browser, &url).await;
    allow(&server, &mut browser, &unredeemed).await;
    server.advance(60);
    for (attempt, length, missing, cause) in [
        (&nobody, 4, Step::Login, "never submitted"),
        (&undecided, 4, Step::Consent, "never decided"),
        (&unredeemed, 5, Step::Token, "firewall"),
    ] {
        let steps = timeline(&server, attempt, length).await;
        assert_eq!(awaited(&steps), Some(missing));
        assert!(diagnose(&steps, server.clock.now())[0].contains(cause));
    }
    // Who comes back to a page that is over is told so, and the timeline too.
    let back = server.api.url(&format!("/oauth/authorize?interaction={unredeemed}"));
    assert_eq!(browser.send(Method::GET, &back, None).await.status, 410);
    let steps = timeline(&server, &unredeemed, 6).await;
    assert_eq!(steps[5].detail["over"], true);
    let anything = server.api.url("/oauth/authorize?interaction=anything");
    assert_eq!(browser.send(Method::GET, &anything, None).await.status, 410);
    let interaction = server.app.store.interaction(server.domain().await.id(), &nobody).await.unwrap().unwrap();
    let caller = Caller { address: [127, 0, 0, 1].into(), request_id: "test".into() };
    let at = InDomain { app: server.app.clone(), domain: server.domain().await, caller };
    at.trace_page(&interaction, Step::Login, Some(("access_denied", "the password is wrong")));
    let steps = timeline(&server, &nobody, 5).await;
    assert!(diagnose(&steps, server.clock.now())[0].contains("logins were refused once"));
    at.trace_page(&interaction, Step::Login, None);
    let steps = timeline(&server, &nobody, 6).await;
    assert_eq!((steps[5].outcome, steps[5].client_id.as_deref()), (Outcome::Done, Some(client.id.as_str())));
    assert_eq!(awaited(&steps), Some(Step::Authorize));
    assert_eq!(server.database.count("select count(*) from flow_steps where attempt = 'anything'").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_token_request_of_a_client_that_proves_nothing_belongs_to_the_waiting_code(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["read"]).await;
    let Value::Object(metadata) = json!({ "redirect_uris": [REDIRECT], "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "client_secret_basic", "scope": "read" })
    else {
        unreachable!()
    };
    let mut client = server.create(Wanted { metadata, ..Wanted::default() }).await;
    let mut browser = logged_in(&server).await;
    let attempt = begin(&mut browser, &authorize_url(&server, &client.id, &[])).await;
    let code = allow(&server, &mut browser, &attempt).await;
    "an-old-secret-of-this-client-0123456789".clone_into(&mut client.secret);
    let form = format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}");
    server.api.form("/oauth/token", &client, &form).await.expect_error(401, "invalid_client");
    let steps = timeline(&server, &attempt, 4).await;
    assert_eq!((steps[3].step, steps[3].is_probable()), (Step::Token, true));
    let told = diagnose(&steps, server.clock.now());
    assert!(told[0].contains("could not prove who it is"), "{told:?}");
    let all = serde_json::to_string(&steps).unwrap();
    assert!(!all.contains("an-old-secret") && !all.contains(&code) && !all.contains(VERIFIER));
}

#[rstest]
#[tokio::test]
async fn what_an_error_page_names_leads_to_the_reason(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client = register(&server).await;
    let mut browser = Browser::new(&server.api);
    for (client_id, more, code, cause) in [
        ("forgotten", vec![], "invalid_client", "earlier registration"),
        (
            client.id.as_str(),
            vec![("redirect_uri", "https://app.example.com/cb")],
            "invalid_request",
            "has registered: https://app",
        ),
    ] {
        let answer = browser.send(Method::GET, &authorize_url(&server, client_id, &more), None).await;
        assert_eq!(answer.status, 400);
        let attempt = named_by(&answer);
        let domain_id = server.domain().await.id();
        let filter = AttemptFilter { refused: true, limit: 50, ..AttemptFilter::default() };
        let deadline = Instant::now() + Duration::from_secs(20);
        let found = loop {
            let listed = server.app.store.flow_attempts(domain_id, &filter).await.unwrap();
            if let Some(found) = listed.into_iter().find(|found| found.attempt == attempt) {
                break found;
            }
            assert!(Instant::now() < deadline, "{attempt} is not listed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!((found.last_code.as_deref(), found.client_id.as_deref()), (Some(code), Some(client_id)));
        let steps = server.app.store.flow_timeline(domain_id, &attempt).await.unwrap();
        let told = diagnose(&steps, server.clock.now()).join("\n");
        assert!(told.contains(cause), "{told}");
    }
    // A refusal that the client is told is noted as well.
    let target = [("resource", "https://elsewhere.example/mcp"), ("prompt", "none")];
    server.set_domain(|settings| (settings.quick_start, settings.allow_unregistered_resources) = (false, false)).await;
    let answer = browser.send(Method::GET, &authorize_url(&server, &client.id, &target), None).await;
    assert!(answer.header("location").contains("error=invalid_target"), "{}", answer.text);
    let told = "select detail ->> 'told' from flow_steps where code = 'invalid_target'";
    let deadline = Instant::now() + Duration::from_secs(20);
    while server.database.try_text(told).await.unwrap().as_deref() != Some("client") {
        assert!(Instant::now() < deadline, "it is not noted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[rstest]
#[tokio::test]
async fn a_refused_registration_is_kept_and_a_gateways_is_not(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let token = server.admin_token().await;
    let wrong = json!({ "redirect_uris": ["https://*.example.com/cb"], "token_endpoint_auth_method": "none" });
    server.api.register(&token, &wrong).await.expect_error(400, "invalid_redirect_uri");
    server.api.register(&token, &json!({ "grant_types": ["client_credentials"] })).await.expect(201);
    let (_, initial) = server.initial_access_token(|_| {}).await;
    for token in ["", &initial] {
        server.api.register(token, &wrong).await.expect_error(400, "invalid_redirect_uri");
    }
    let domain_id = server.domain().await.id();
    let deadline = Instant::now() + Duration::from_secs(20);
    let strays = loop {
        let strays = server.app.store.flow_strays(domain_id, 10).await.unwrap();
        if strays.len() > 1 {
            break strays;
        }
        assert!(Instant::now() < deadline, "{strays:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(kinds(&strays), [(Step::Registration, Outcome::Refused); 2]);
    assert!(strays.iter().all(|step| step.reason.as_deref().unwrap().contains("wildcard")));
    assert!(!serde_json::to_string(&strays).unwrap().contains(&initial));
    assert_eq!(server.database.count("select count(*) from flow_steps").await, 2);
}

#[rstest]
#[tokio::test]
async fn discovery_and_client_credentials_write_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client = server.add_machine("").await;
    let discovery = server.api.url("/oidc/.well-known/openid-configuration");
    let warm = async || {
        server.api.get(&discovery).await.expect(200);
        server.api.token(&client, "").await;
        server.api.token_answer(&Credentials { secret: "wrong".to_owned(), ..client.clone() }, "").await.expect(401);
    };
    warm().await;
    let before = server.app.store.statements();
    for _ in 0..20 {
        warm().await;
    }
    // Work in the background may send a few of its own.
    let sent = server.app.store.statements() - before;
    assert!(sent < 20, "{sent} statements for 60 requests");
    assert_eq!(server.database.count("select count(*) from flow_steps").await, 0);
}
