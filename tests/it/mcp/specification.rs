//! What the MCP specification asks of an authorization server, row by row (revision 2026-07-28, authorization).
//!
//! Rows that another file proves:
//!
//! | Row | Test |
//! | --- | --- |
//! | OAuth 2.1 for confidential and public clients | `mcp::clients::every_known_client_registers_and_completes_a_login` |
//! | Metadata by RFC 8414 or OpenID Connect Discovery | `discovery::the_document_is_the_same_at_every_path` |
//! | `resource`: case and trailing slash | `authorize::scopes_and_resources::a_resource_is_matched_whatever_its_slash_and_case_…` |
//! | An audience that the MCP server can check | `mcp::tutorial::a_client_that_has_never_heard_of_this_server_reaches_a_protected_one` |
//! | Redirect URIs match exactly what is registered | `authorize::pages::a_redirect_uri_that_is_not_registered_is_never_redirected_to` |
//! | All endpoints over HTTPS | `conformance::discovery::all_endpoints_are_https_below_the_issuers_host` |
//! | Refresh tokens of public clients rotate | `refresh::public_clients_get_another_token_each_time`, and by document below |
//! | Documents: supported is advertised | `client_documents::the_switch_and_the_lists_of_hosts_count_at_once` |
//! | Documents: no private addresses | `client_documents::addresses_that_are_nobodys_business_are_not_fetched` |
//! | Documents: cached within bounds | `client_documents::a_document_is_kept_by_its_own_account_within_bounds`, and below |
//! | Documents: policy on hosts | `client_documents::the_switch_and_the_lists_of_hosts_count_at_once` |
//!
//! For compatibility only, so without a row here: dynamic registration (see `registration` and `mcp::clients`).

use http::Method;
use jsonwebtoken::Algorithm;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client_documents::publish;
use crate::support::{
    ASSERTION_TYPE, Answer, Authorize, Backend, Browser, ClientKey, Landed, Origin, Page, REDIRECT, TestServer,
    VERIFIER, assertion_claims, param, text,
};

const PATH: &str = "/oauth/client.json";

/// A server that reads documents from an origin, and ada, who has an account there.
async fn scene(backend: Backend) -> Option<(TestServer, Origin)> {
    let origin = Origin::start().await;
    let server = TestServer::start_with_fetcher(backend, origin.fetcher()).await?;
    server.user("ada").await;
    Some((server, origin))
}

/// Ada logs in where she is asked to, and sees what comes then.
async fn after_login(server: &TestServer, request: &Authorize) -> Landed {
    let mut browser = Browser::new(&server.api);
    match browser.authorize(request).await {
        Landed::Page(login) if login.has("login") => browser.log_in(&login, "ada").await,
        landed => landed,
    }
}

/// A page that tells ada why it does not go on, and nothing is sent anywhere.
async fn refused(server: &TestServer, request: &Authorize, says: &str) {
    let page = after_login(server, request).await.page();
    assert!(page.answer.status.is_client_error(), "{}", page.answer.status);
    let technical = if page.has("technical") { page.text("technical") } else { String::new() };
    let told = format!("{} {technical}", page.text("explanation"));
    assert!(told.contains(says), "{says}: {told}");
}

async fn consent_page(server: &TestServer, request: &Authorize) -> Page {
    let page = after_login(server, request).await.page();
    assert!(page.has("consent"), "{}", page.answer.text);
    page
}

/// The tokens of a login by a client that is known by its name alone.
async fn log_in(server: &TestServer, browser: &mut Browser, id: &str) -> Value {
    let code = browser.code(&Authorize::new(id, REDIRECT), "ada").await;
    server.api.redeem_code(id, REDIRECT, &code).await.expect(200)
}

/// A token request in which the client proves its key.
async fn by_key(server: &TestServer, key: &ClientKey, id: &str, form: &[(&str, &str)]) -> Answer {
    let claims = assertion_claims(id, &server.app.issuer_of("main"), server.clock.now(), &json!({}));
    let assertion = key.sign(&claims);
    let proof = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
    server.api.token_request(id, &[form, &proof].concat()).await
}

fn redemption(code: &str) -> [(&str, &str); 4] {
    [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT), ("code_verifier", VERIFIER)]
}

fn refreshing(token: &str) -> [(&str, &str); 2] {
    [("grant_type", "refresh_token"), ("refresh_token", token)]
}

/// PKCE: `code_challenge_methods_supported` stands in the OpenID document as well, or clients must not go on.
#[rstest]
#[tokio::test]
async fn every_metadata_document_says_that_s256_is_taken_and_nothing_weaker(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    for document in ["openid-configuration", "oauth-authorization-server"] {
        for path in [format!("/.well-known/{document}/main/oidc"), format!("/main/oidc/.well-known/{document}")] {
            let metadata = server.api.get(&format!("{}{path}", server.api.base)).await.expect(200);
            assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]), "{path}");
        }
    }
}

/// RFC 9207: `iss` on success and on error, however the answer travels, the same text as in the metadata.
#[rstest]
#[tokio::test]
async fn every_answer_names_the_issuer_as_the_metadata_writes_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client_id = server.open_client(&[REDIRECT]).await;
    let ada = server.user("ada").await;
    let url = server.api.url("/oidc/.well-known/oauth-authorization-server");
    let issuer = server.api.get(&url).await.expect(200)["issuer"].as_str().unwrap().to_owned();
    let good = Authorize::new(&client_id, REDIRECT);
    for (request, answer) in [
        (good.clone(), "code"),
        (good.clone().with("prompt", "none"), "code"),
        (good.clone().with("code_challenge_method", "plain"), "error"),
        (good.clone().with("max_age", "soon"), "error"),
    ] {
        let mut browser = server.browser_of(&ada).await;
        browser.code(&good, "ada").await;
        let by_query = browser.authorize(&request).await.params();
        let by_form = browser.authorize(&request.with("response_mode", "form_post")).await.page();
        for params in [by_query, by_form.form("respond").fields] {
            assert_eq!(param(&params, "iss"), issuer);
            assert!(!param(&params, answer).is_empty());
        }
    }
}

/// RFC 9207: who sends `iss` says so, or clients take its absence for an attack, or go without.
#[rstest]
#[tokio::test]
async fn that_answers_name_the_issuer_is_advertised(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    for document in ["openid-configuration", "oauth-authorization-server"] {
        let metadata = server.api.get(&server.api.url(&format!("/oidc/.well-known/{document}"))).await.expect(200);
        assert_eq!(metadata["authorization_response_iss_parameter_supported"], json!(true), "{document}");
    }
}

/// Redirect URI kinds: HTTPS, this machine, and the private-use schemes of apps; never http beyond this machine.
#[rstest]
#[tokio::test]
async fn redirect_uris_are_https_or_stay_on_the_device(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.open_registration = true).await;
    for (uri, taken) in [
        ("https://app.example/cb", true),
        ("http://localhost:33418/cb", true),
        ("http://127.0.0.1/cb", true),
        ("http://[::1]:8000/cb", true),
        ("cursor://anysphere.cursor-mcp/oauth/callback", true),
        ("http://app.example/cb", false),
        ("http://localhost.app.example/cb", false),
        ("http://192.168.1.5/cb", false),
        ("http://0.0.0.0/cb", false),
        ("ftp://localhost/cb", false),
        ("javascript:alert(1)", false),
    ] {
        let body = json!({ "client_name": "A", "redirect_uris": [uri], "token_endpoint_auth_method": "none" });
        let answer = server.api.register("", &body).await;
        if taken {
            assert_eq!(answer.expect(201)["redirect_uris"], json!([uri]));
        } else {
            answer.expect_error(400, "invalid_redirect_uri");
        }
    }
}

/// Open redirect: a link alone leads nobody through this server to where somebody registered.
#[rstest]
#[tokio::test]
async fn nobody_is_sent_to_a_client_that_registered_itself_before_they_log_in_or_cancel(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client_id = server.open_client(&[REDIRECT]).await;
    server.user("ada").await;
    let good = Authorize::new(&client_id, REDIRECT);
    for (wrong, error) in [
        (good.clone().with("response_type", "token"), "unsupported_response_type"),
        (good.clone().with("scope", "nobody-defined-this"), "invalid_scope"),
        (good.clone().with("resource", "/relative"), "invalid_target"),
        (good.clone().without("code_challenge"), "invalid_request"),
    ] {
        let mut browser = Browser::new(&server.api);
        let login = browser.authorize(&wrong).await.page();
        assert_eq!(login.text("return-host"), "app.example.com");
        let params = browser.log_in(&login, "ada").await.params();
        assert_eq!((param(&params, "error"), param(&params, "state")), (error, "s-1"));

        let mut browser = Browser::new(&server.api);
        let login = browser.authorize(&wrong).await.page();
        let params = browser.submit(&login.form("login"), &[("decision", "cancel")]).await.params();
        assert_eq!(param(&params, "error"), error);
    }
    // A client that somebody answers for is told at once.
    server.administrate(&client_id, |client| client.settings.trusted = true).await;
    let params = Browser::new(&server.api).authorize(&good.with("response_type", "token")).await.params();
    assert_eq!(param(&params, "error"), "unsupported_response_type");
}

/// Access tokens are short-lived: an hour, unless an administrator says otherwise.
#[rstest]
#[tokio::test]
async fn an_access_token_ends_after_an_hour_for_every_client_that_registers_itself(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, origin)) = scene(backend).await else { return };
    let by_document = publish(&origin, PATH, &json!({}));
    for id in [server.open_client(&[REDIRECT]).await, by_document] {
        let tokens = log_in(&server, &mut Browser::new(&server.api), &id).await;
        assert_eq!(tokens["expires_in"], json!(3_600));
        server.advance(3_599);
        assert!(server.api.is_active(&server.gateway, text(&tokens, "access_token")).await);
        server.advance(1);
        assert!(!server.api.is_active(&server.gateway, text(&tokens, "access_token")).await);
    }
}

/// Documents: a `client_id` that is an https URL with a path is fetched, once somebody has logged in, and is a client.
#[rstest]
#[tokio::test]
async fn a_client_that_is_a_url_is_fetched_after_the_login_and_gets_its_tokens(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, origin)) = scene(backend).await else { return };
    let id = publish(&origin, PATH, &json!({ "client_name": "Document App" }));
    let request = Authorize::new(&id, REDIRECT);
    let mut browser = Browser::new(&server.api);
    let login = browser.authorize(&request).await.page();
    assert!(login.text("context").contains("origin.test"), "{}", login.text("context"));
    let wrong = [("username", "ada"), ("password", "not the password of anybody")];
    let login = browser.submit(&login.form("login"), &wrong).await.page();
    assert_eq!(origin.requests(), 0, "a stranger makes the server send nothing");
    let consent = browser.log_in(&login, "ada").await.page();
    assert_eq!((origin.requests(), consent.text("client-name").as_str()), (1, "Document App"));
    let params = browser.allow(&consent).await.params();
    assert_eq!((param(&params, "state"), param(&params, "iss")), ("s-1", server.app.issuer_of("main").as_str()));
    let tokens = server.api.redeem_code(&id, REDIRECT, param(&params, "code")).await.expect(200);
    let told = server.api.introspect(&server.gateway, text(&tokens, "access_token")).await.expect(200);
    assert_eq!((told["active"].as_bool(), told["client_id"].as_str()), (Some(true), Some(id.as_str())));
    // Known by its name alone, it is a public client: what it refreshes with rotates.
    let first = text(&tokens, "refresh_token");
    let next = server.api.refresh_public(&id, first).await.expect(200);
    assert_ne!(text(&next, "refresh_token"), first);
    server.advance(61);
    server.api.refresh_public(&id, first).await.expect_error(400, "invalid_grant");
    assert_eq!(origin.requests(), 1);
}

/// Documents: `client_id` inside is identical to the URL.
#[rstest]
#[tokio::test]
async fn a_document_about_another_url_is_refused_on_a_page(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, origin)) = scene(backend).await else { return };
    for (number, wrong) in
        [json!(origin.url("/other.json")), json!(format!("{}/", origin.url("/1.json"))), Value::Null].iter().enumerate()
    {
        let id = publish(&origin, &format!("/{number}.json"), &json!({ "client_id": wrong }));
        refused(&server, &Authorize::new(&id, REDIRECT), "is not the URL that the document was fetched from").await;
    }
}

/// Documents: a JSON object with at least `client_id`, `client_name` and `redirect_uris`.
#[rstest]
#[tokio::test]
async fn a_document_without_name_or_redirect_uris_is_refused_on_a_page(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, origin)) = scene(backend).await else { return };
    for (number, (changes, says)) in [
        (json!({ "client_name": null }), "client_name: is missing"),
        (json!({ "client_name": "" }), "client_name: is missing"),
        (json!({ "redirect_uris": null }), "redirect_uris: are missing"),
        (json!({ "redirect_uris": [] }), "redirect_uris: are missing"),
    ]
    .iter()
    .enumerate()
    {
        let id = publish(&origin, &format!("/{number}.json"), changes);
        refused(&server, &Authorize::new(&id, REDIRECT), says).await;
    }
    let id = origin.publish("/list.json", json!(["https://app.example.com/cb"]));
    refused(&server, &Authorize::new(&id, REDIRECT), "not a JSON object").await;
    let id = origin.url("/nothing.json");
    refused(&server, &Authorize::new(&id, REDIRECT), "status 404").await;
}

/// Documents: the `redirect_uri` of the request is one of the document's.
#[rstest]
#[tokio::test]
async fn a_redirect_uri_that_is_not_in_the_document_is_never_redirected_to(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, origin)) = scene(backend).await else { return };
    let id = publish(&origin, PATH, &json!({}));
    for wrong in ["https://evil.example/cb", "https://app.example.com/cb/", "http://127.0.0.1/cb"] {
        refused(&server, &Authorize::new(&id, wrong), "redirect_uri is not one").await;
    }
    // Nor by a client that is known by now, before anybody has logged in.
    let page = Browser::new(&server.api).authorize(&Authorize::new(&id, "https://evil.example/cb")).await.page();
    assert_eq!(page.answer.status, 400);
}

/// Documents: kept as long as HTTP says, and asked for again afterwards.
#[rstest]
#[tokio::test]
async fn a_document_is_not_fetched_for_each_login(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some((server, origin)) = scene(backend).await else { return };
    let id = publish(&origin, PATH, &json!({}));
    origin.cache_control(PATH, "max-age=7200");
    for (seconds, requests) in [(0, 1), (3_600, 1), (3_599, 1), (1, 2)] {
        server.advance(seconds);
        let tokens = log_in(&server, &mut Browser::new(&server.api), &id).await;
        server.api.refresh_public(&id, text(&tokens, "refresh_token")).await.expect(200);
        assert_eq!(origin.requests(), requests);
    }
}

/// Documents: the consent page shows the host of the redirect URI, and whose document it is.
#[rstest]
#[tokio::test]
async fn the_consent_page_shows_where_the_answer_goes_and_who_published_the_document(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, origin)) = scene(backend).await else { return };
    let id = publish(&origin, PATH, &json!({}));
    let page = consent_page(&server, &Authorize::new(&id, REDIRECT)).await;
    assert_eq!(
        (page.text("redirect-host").as_str(), page.text("client-host").as_str()),
        ("app.example.com", "origin.test")
    );
    assert!(!page.has("loopback-warning") && !page.has("self-registered") && !page.has("built-in-document"));
}

/// Documents: a client that is answered on this machine only could be any program; people are warned, and shown the
/// host.
#[rstest]
#[tokio::test]
async fn a_document_with_localhost_redirects_only_gets_a_warning_and_any_port(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, origin)) = scene(backend).await else { return };
    let redirects = json!({ "redirect_uris": ["http://localhost/callback", "http://127.0.0.1/callback"] });
    let id = publish(&origin, PATH, &redirects);
    for (uri, host) in
        [("http://localhost:53211/callback", "localhost"), ("http://127.0.0.1:49152/callback", "127.0.0.1")]
    {
        let mut browser = Browser::new(&server.api);
        let login = browser.authorize(&Authorize::new(&id, uri)).await.page();
        let consent = browser.log_in(&login, "ada").await.page();
        assert!(consent.has("loopback-warning") && consent.text("redirect-host").contains(host));
        assert!(browser.allow(&consent).await.away().starts_with(&format!("{uri}?code=")));
        // A remembered consent says nothing of who listens there now.
        assert!(browser.authorize(&Authorize::new(&id, uri)).await.page().has("consent"));
    }
    refused(&server, &Authorize::new(&id, "http://[::1]:53211/callback"), "redirect_uri is not one").await;
}

/// Documents: a well-known one that cannot be fetched is read from the copy that is built in, and people are told.
#[rstest]
#[tokio::test]
async fn a_built_in_copy_of_a_document_is_called_one(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    // This origin's fetcher reaches nothing else.
    let Some((server, _origin)) = scene(backend).await else { return };
    let request =
        Authorize::new("https://claude.ai/oauth/claude-code-client-metadata", "http://localhost:5000/callback");
    let page = consent_page(&server, &request).await;
    assert_eq!(page.text("client-name"), "Claude Code");
    assert!(page.has("built-in-document") && !page.has("impersonation"), "{}", page.answer.text);
}

/// Documents: no symmetric secret, which nobody could have agreed on, in any form.
#[rstest]
#[tokio::test]
async fn a_document_that_wants_a_shared_secret_is_refused_on_a_page(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, origin)) = scene(backend).await else { return };
    for method in ["client_secret_basic", "client_secret_post", "client_secret_jwt"] {
        let id = publish(&origin, &format!("/{method}"), &json!({ "token_endpoint_auth_method": method }));
        refused(&server, &Authorize::new(&id, REDIRECT), "must be none, or private_key_jwt").await;
    }
    let id = publish(&origin, "/secret", &json!({ "client_secret": "s3cret" }));
    refused(&server, &Authorize::new(&id, REDIRECT), "stands in a public document").await;
}

/// Documents: `private_key_jwt` with the document's keys. Who proves a key keeps the refresh token.
#[rstest]
#[tokio::test]
async fn a_document_with_keys_redeems_and_refreshes_by_them_alone(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, origin)) = scene(backend).await else { return };
    let (key, other) = (ClientKey::new(Algorithm::ES256, "one"), ClientKey::new(Algorithm::ES256, "one"));
    let keys = origin.publish("/jwks.json", key.jwks());
    let id = publish(&origin, PATH, &json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": keys }));
    let code = Browser::new(&server.api).code(&Authorize::new(&id, REDIRECT), "ada").await;
    server.api.redeem_code(&id, REDIRECT, &code).await.expect_error(401, "invalid_client");
    by_key(&server, &other, &id, &redemption(&code)).await.expect_error(401, "invalid_client");
    let tokens = by_key(&server, &key, &id, &redemption(&code)).await.expect(200);
    let refresh = text(&tokens, "refresh_token");
    server.api.refresh_public(&id, refresh).await.expect_error(401, "invalid_client");
    for _ in 0..2 {
        let next = by_key(&server, &key, &id, &refreshing(refresh)).await.expect(200);
        assert_eq!(text(&next, "refresh_token"), refresh);
        server.advance(120);
    }
}

/// Documents: one that lists `private_key_jwt` and `none`, as that of `ChatGPT` does; by its name alone it is a public
/// client, and its refresh token rotates.
#[rstest]
#[tokio::test]
async fn a_document_that_lists_both_methods_rotates_where_it_proves_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, origin)) = scene(backend).await else { return };
    let key = ClientKey::new(Algorithm::RS256, "one");
    let changes = json!({
        "client_name": "ChatGPT", "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
        "token_endpoint_auth_signing_alg": "RS256", "jwks_uri": origin.publish("/jwks.json", key.jwks()),
        "response_types": ["code"], "application_type": "web",
    });
    let id = publish(&origin, PATH, &changes);
    let mut browser = Browser::new(&server.api);

    let code = browser.code(&Authorize::new(&id, REDIRECT), "ada").await;
    let proven = by_key(&server, &key, &id, &redemption(&code)).await.expect(200);
    let kept = text(&proven, "refresh_token");
    let next = by_key(&server, &key, &id, &refreshing(kept)).await.expect(200);
    assert_eq!(text(&next, "refresh_token"), kept);

    let public = log_in(&server, &mut browser, &id).await;
    let first = text(&public, "refresh_token");
    let next = server.api.refresh_public(&id, first).await.expect(200);
    assert_ne!(text(&next, "refresh_token"), first);
    server.advance(61);
    server.api.refresh_public(&id, first).await.expect_error(400, "invalid_grant");
    server.api.refresh_public(&id, text(&next, "refresh_token")).await.expect_error(400, "invalid_grant");
    // The other login is another family.
    by_key(&server, &key, &id, &refreshing(kept)).await.expect(200);
}

/// Documents: whoever changes where answers go is asked about again.
#[rstest]
#[tokio::test]
async fn a_consent_ends_when_the_document_names_other_redirect_uris(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, origin)) = scene(backend).await else { return };
    let id = publish(&origin, PATH, &json!({}));
    let request = Authorize::new(&id, REDIRECT);
    let mut browser = Browser::new(&server.api);
    browser.code(&request, "ada").await;
    for (changes, asked) in [
        (json!({}), false),
        (json!({ "client_name": "Renamed" }), false),
        (json!({ "redirect_uris": [REDIRECT, "https://app.example.com/second"] }), true),
    ] {
        publish(&origin, PATH, &changes);
        server.advance(3_600);
        match browser.authorize(&request).await {
            Landed::Page(page) => assert!(asked && page.has("consent"), "{}", page.answer.text),
            Landed::Away(url) => assert!(!asked && url.contains("code="), "{url}"),
        }
    }
    assert_eq!(origin.requests(), 4);
}

/// Documents: a silent request for one that nobody has read cannot be answered to anybody but the person.
#[rstest]
#[tokio::test]
async fn an_unread_document_gets_no_silent_answer_and_no_request(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some((server, origin)) = scene(backend).await else { return };
    let id = publish(&origin, PATH, &json!({}));
    let url = Authorize::new(&id, REDIRECT).with("prompt", "none").url(&server.api);
    let answer = Browser::new(&server.api).send(Method::GET, &url, None).await;
    assert!(answer.status.is_client_error() && answer.header("location").is_empty(), "{}", answer.status);
    assert_eq!(origin.requests(), 0);
}
