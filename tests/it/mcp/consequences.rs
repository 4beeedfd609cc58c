//! What the behaviour of real MCP clients asks of our answers, sentence by sentence.
//!
//! Sentences that another file proves:
//!
//! | Sentence | Test |
//! | --- | --- |
//! | Basic credentials raw and form-decoded | `rfc6749::authentication::chosen_secrets_work_raw_and_form_encoded` |
//! | Basic or body for every secret; an equal `client_id` beside Basic | `rfc6749::authentication::basic_and_body_are_both_fine_but_not_together` |
//! | `client_secret_expires_at` exactly with a secret | `conformance::registration::a_secret_comes_with_its_end_and_neither_comes_alone` |
//! | 201 and `no-store` on registration | `conformance::registration::success_is_201_json_without_error` |
//! | `no-store` on token answers | `code_grant::a_code_gives_tokens_once`, `refresh::public_clients_get_another_token_each_time`; on errors `Answer::expect_error` |
//! | A small JSON 404 for other well-known forms, no redirect | `discovery::every_other_well_known_path_is_a_json_404_for_any_origin` |
//! | All forms with one document, its members, its `Cache-Control` | `discovery::the_document_is_the_same_at_every_path` |
//! | `state` of kilobytes, byte by byte, or absent | `authorize::answers::state_comes_back_byte_by_byte_whatever_it_holds`, `conformance::login` |
//! | `error_description` on redirects: its characters | `authorize::answers::every_wrong_parameter_has_its_own_error` |
//! | The registered scope is a hint | `authorize::scopes_and_resources::what_a_client_registered_is_a_hint_…` |
//! | Scopes dropped in silence, the granted ones returned | `authorize::scopes_and_resources::scopes_are_narrowed_…` |
//! | A wider scope on refresh is narrowed | `refresh::scopes_narrow_and_never_widen` |
//! | `resource` absent | `authorize::scopes_and_resources::openly_registered_clients_that_name_no_resource_get_the_default_one` |
//! | Several `resource` | `authorize::scopes_and_resources::a_resource_is_matched_whatever_its_slash_and_case_…` |
//! | 600 seconds at least, a whole number | `mcp::clients`, `rfc6749::lifetimes_are_whole_numbers_and_those_of_the_narrowest` |
//! | 400 `invalid_grant` for dead codes and refresh tokens | `code_grant::codes_end_and_belong_to_one_client`, `refresh::a_token_belongs_to_its_client_and_its_person` |
//! | JSON from token and registration whatever comes | `hostile::ten_thousand_bad_requests_are_refused_and_leave_nothing` |
//! | A code again after a failed first try | `code_grant::a_failed_first_try_uses_nothing_up` |
//! | A page for an unknown client with a remedy per product | `authorize::pages::an_unknown_client_is_told_to_the_person_with_a_remedy_for_each_product` |

use http::Method;
use registrar::config::Settings;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Authorize, Backend, Browser, Credentials, REDIRECT, TestServer, VERIFIER, claims, param, text};

/// What VS Code takes from a URL without decoding it, and what HTTP Basic carries raw.
#[track_caller]
fn assert_unreserved(value: &Value) {
    let text = value.as_str().unwrap();
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    assert!(!text.is_empty() && text.bytes().all(unreserved), "{text}");
}

#[rstest]
#[tokio::test]
async fn whatever_a_client_has_to_repeat_needs_no_encoding(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.open_registration = true).await;
    server.user("ada").await;
    let mut browser = Browser::new(&server.api);
    for method in ["none", "client_secret_basic", "client_secret_post"] {
        let body = json!({
            "client_name": "App", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": method,
            "grant_types": ["authorization_code", "refresh_token"],
        });
        let record = server.api.register("", &body).await.expect(201);
        let client = Credentials::of(&record);
        let code = browser.code(&Authorize::new(&client.id, REDIRECT).with("scope", "openid"), "ada").await;
        let tokens = server.api.redeem(&client, &code).await.expect(200);
        assert_unreserved(&json!(code));
        for member in ["client_id", "client_secret", "registration_access_token"] {
            record.get(member).into_iter().for_each(assert_unreserved);
        }
        for member in ["access_token", "refresh_token", "id_token"] {
            assert_unreserved(&tokens[member]);
        }
    }
}

#[rstest]
#[tokio::test]
async fn discovery_is_never_limited_stays_small_and_turns_no_program_away(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let limited = |settings: &mut Settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.failed_authentications_per_minute = 1;
    };
    let Some(server) = TestServer::start_with(backend, limited).await else { return };
    let agents = ["python-httpx/0.28.1", "node", "curl/8.5.0", "Mozilla/5.0 (compatible; Bot)", ""];
    for (number, agent) in agents.into_iter().cycle().take(100).enumerate() {
        for (path, status) in [
            ("/.well-known/oauth-authorization-server/main/oidc", 200),
            ("/main/oidc/.well-known/openid-configuration", 200),
            ("/main/oidc/.well-known/jwks.json", 200),
            ("/.well-known/oauth-authorization-server", 404),
        ] {
            let url = format!("{}{path}", server.api.base);
            let headers = [("user-agent", agent), ("mcp-protocol-version", "2026-07-28")];
            let answer = server.api.send(Method::GET, &url, &headers, "").await;
            assert_eq!(answer.status.as_u16(), status, "{number} {path}");
            assert_eq!(answer.header("content-type"), "application/json");
            assert!(answer.text.len() < 8_192, "{path}: {}", answer.text.len());
        }
    }
}

#[rstest]
#[tokio::test]
async fn prompt_consent_of_somebody_who_is_logged_in_goes_on_by_303_alone(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client_id = server.open_client(&[REDIRECT]).await;
    let mut browser = server.browser_of(&server.user("ada").await).await;
    let request = Authorize::new(&client_id, REDIRECT).with("scope", "openid offline_access").with("prompt", "consent");
    for _ in 0..2 {
        let consent = browser.authorize(&request).await.page();
        let mut form = consent.form("consent");
        form.fields.push(("decision".to_owned(), "allow".to_owned()));
        let posted = browser.send(Method::POST, &form.action, Some(&form.fields)).await;
        assert_eq!(posted.status, 303, "a POST that is repeated at the client would be refused there");
        let next = url::Url::parse(&form.action).unwrap().join(posted.header("location")).unwrap();
        let sent_on = browser.send(Method::GET, next.as_str(), None).await;
        assert_eq!(sent_on.status, 303);
        let location = sent_on.header("location");
        assert!(location.starts_with(&format!("{REDIRECT}?code=")), "{location}");
    }
}

#[rstest]
#[tokio::test]
async fn a_live_session_and_a_remembered_consent_are_one_redirect(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client_id = server.open_client(&[REDIRECT]).await;
    server.user("ada").await;
    let mut browser = Browser::new(&server.api);
    let request = Authorize::new(&client_id, REDIRECT).with("scope", "openid");
    browser.code(&request, "ada").await;
    // What a client does that lost its tokens, an hour later.
    server.advance(3_600);
    let answer = browser.send(Method::GET, &request.url(&server.api), None).await;
    assert_eq!(answer.status, 303);
    let url = url::Url::parse(answer.header("location")).unwrap();
    assert!(url.as_str().starts_with(REDIRECT), "{url}");
    let params: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let tokens = server.api.redeem_code(&client_id, REDIRECT, param(&params, "code")).await.expect(200);
    assert_eq!(claims(text(&tokens, "access_token"))["client_id"], json!(client_id));
}

#[rstest]
#[tokio::test]
async fn a_refresh_token_comes_whether_or_not_offline_access_was_asked_for(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client_id = server.open_client(&[REDIRECT]).await;
    server.user("ada").await;
    let mut browser = Browser::new(&server.api);
    for scope in [None, Some("openid"), Some("openid offline_access")] {
        let request = Authorize::new(&client_id, REDIRECT);
        let request = scope.map_or_else(|| request.clone(), |scope| request.clone().with("scope", scope));
        let code = browser.code(&request, "ada").await;
        let tokens = server.api.redeem_code(&client_id, REDIRECT, &code).await.expect(200);
        server.api.refresh_public(&client_id, text(&tokens, "refresh_token")).await.expect(200);
    }
}

#[rstest]
#[tokio::test]
async fn every_grant_tells_an_unknown_client_so_in_json(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let gone = server.open_client(&[REDIRECT]).await;
    server.delete_client(&gone).await;
    for id in ["nobody", gone.as_str()] {
        for form in [
            format!("grant_type=authorization_code&code=ac_x&redirect_uri={REDIRECT}&code_verifier={VERIFIER}"),
            "grant_type=refresh_token&refresh_token=rt_x".to_owned(),
            "grant_type=client_credentials".to_owned(),
        ] {
            let answer = server.api.form_post("/oauth/token", &format!("{form}&client_id={id}")).await;
            assert_eq!(answer.header("www-authenticate"), "", "Basic was not tried");
            answer.expect_error(401, "invalid_client");
            let by_basic = Credentials { id: id.to_owned(), secret: "x".to_owned() };
            let answer = server.api.form("/oauth/token", &by_basic, &form).await;
            assert!(answer.header("www-authenticate").starts_with("Basic realm="));
            answer.expect_error(401, "invalid_client");
        }
    }
}
