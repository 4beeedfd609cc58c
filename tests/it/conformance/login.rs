//! OpenID conformance suite 5.2.4, from the authorization request to userinfo: the basic profile and what it shares
//! with the others.
//!
//! Rows that another file proves:
//!
//! | Row | Test |
//! | --- | --- |
//! | token answer: members, `no-store`, `Bearer` | `code_grant::a_code_gives_tokens_once` |
//! | no ID token without `openid`; no refresh token by client credentials | `id_token::only_the_scope_openid_asks_for_one`, `token::success_carries_a_strong_token_…` |
//! | a code again, at once and after 30 s; what the first gave ends | `code_grant::a_code_gives_tokens_once`, `…::a_code_used_again_long_after_ends_the_login` |
//! | a code after 62 s; a code of another client | `code_grant::codes_end_and_belong_to_one_client` |
//! | `code_verifier` missing or wrong | `code_grant::a_failed_first_try_uses_nothing_up` |
//! | another `client_id` beside the assertion; `exp`, `aud`, `sub` of an assertion | `client_assertions::a_client_proves_its_key_by_every_algorithm`, `…::each_claim_is_held_to_its_rule` |
//! | an assertion is missing, or of another algorithm | `client_assertions::a_client_uses_the_method_and_algorithm_it_registered` |
//! | a refreshed ID token: `iss`, `sub`, `aud`, `azp`, `auth_time` kept | `id_token::a_refresh_keeps_who_and_when_and_repeats_no_nonce` |
//! | another client's refresh token; a refresh without authentication | `refresh::a_token_belongs_to_its_client_and_its_person` |
//! | a rotated refresh token 30 s later | `refresh::within_the_grace_the_successor_is_the_same_and_afterwards_the_login_ends` |
//! | `grant_types_supported` has `refresh_token` | `discovery::what_is_supported_is_what_the_profiles_need` |
//! | `prompt=consent` with `offline_access` | `mcp::consequences::prompt_consent_of_somebody_who_is_logged_in_goes_on_by_303_alone` |
//! | userinfo: claims, methods, content types, the same `sub` | `userinfo` (all) |
//! | ID token: claims, `kid`, registered `alg` | `id_token::an_id_token_says_who_logged_in_where_and_when`, `…::the_algorithm_is_the_registered_one` |
//! | `max_age`, `prompt=login` and `auth_time` | `authorize::prompts::a_new_login_is_asked_for_and_shows_in_auth_time` |
//! | `prompt=none` with and without session; `id_token_hint` | `authorize::prompts::prompt_none_never_shows_a_page`, `…::hints_fill_in_the_form_and_tell_people_apart` |
//! | error answers: their members, `state`, `iss`; a missing `response_type` | `authorize::answers::every_wrong_parameter_has_its_own_error` |
//! | cancelling; unknown parameters; unregistered redirect URIs | `authorize::prompts::whoever_cancels_…`, `authorize::answers::parameters_that_nobody_knows_…`, `authorize::pages::a_redirect_uri_that_is_not_registered_…` |
//!
//! Where we differ:
//!
//! | The suite expects | We do | Why |
//! | --- | --- | --- |
//! | implicit and hybrid response types (their own profiles) | `unsupported_response_type` | tokens in URLs leak; OAuth 2.1 has neither |
//! | a `claims` parameter that is followed, else WARNING | passed over, and `claims_parameter_supported` is false | scopes decide what people are asked to allow |
//! | an `acr` for `acr_values`, else WARNING | none | there is one way to log in; a name for it would say nothing |
//! | a request object by reference (dynamic profile) | `request_uri_not_supported` | nothing is fetched for somebody who has not logged in |
//! | `DPoP` proofs, and RS256 refused (FAPI2) | not served | a profile of its own |

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::token::entropy;
use super::{registered, request};
use crate::support::{
    Authorize, Backend, Browser, Credentials, Landed, REDIRECT, TestServer, VERIFIER, claims, decoded, param, text,
};

const CALLBACK: &str = "https://suite.example.com/test/a/callback";

/// The suite's request: no proof key.
fn asked(client: &Credentials) -> Authorize {
    Authorize::new(&client.id, CALLBACK)
        .without("code_challenge")
        .without("code_challenge_method")
        .with("scope", "openid email")
}

/// What the suite does with a code.
async fn redeemed(server: &TestServer, client: &Credentials, code: &str) -> Value {
    let more = format!("&redirect_uri={CALLBACK}");
    server.api.redeem_with(client, code, &more).await.expect(200)
}

#[rstest]
#[tokio::test]
async fn the_client_that_the_suite_registers_logs_a_person_in_by_get_and_by_post(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.user("ada").await;
    let client = Credentials::of(&registered(&server).await);
    for (method, scope) in [(Method::GET, "openid"), (Method::POST, "openid email")] {
        let mut browser = Browser::new(&server.api);
        let nonce = format!("n-{scope}");
        let request = asked(&client).with("scope", scope).with("nonce", &nonce);
        let (url, form) = match method {
            Method::POST => (server.api.url("/oauth/authorize"), Some(request.params.as_slice())),
            _ => (request.url(&server.api), None),
        };
        let answer = browser.send(method, &url, form).await;
        assert_eq!(answer.status, 303);
        let login = browser.open(answer.header("location")).await.page();
        let consent = browser.log_in(&login, "ada").await.page();
        let params = browser.allow(&consent).await.params();
        let names: Vec<&str> = params.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["code", "state", "iss"]);
        let body = redeemed(&server, &client, param(&params, "code")).await;
        assert_eq!(body["scope"], scope);
        let told = claims(text(&body, "id_token"));
        assert_eq!((told["nonce"].as_str(), &told["aud"]), (Some(nonce.as_str()), &json!(client.id)));
        let person = server.api.userinfo(text(&body, "access_token")).await.expect(200);
        assert_eq!(person["sub"], told["sub"]);
        assert_eq!(person.get("email").is_some(), scope.contains("email"));
        let subject = told["sub"].as_str().unwrap();
        assert!(subject.len() <= 255 && subject.is_ascii());
    }
}

#[rstest]
#[tokio::test]
async fn codes_and_tokens_are_too_many_to_guess(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.user("ada").await;
    let client_id = server.open_client(&[REDIRECT]).await;
    let mut browser = Browser::new(&server.api);
    let request = Authorize::new(&client_id, REDIRECT).with("scope", "openid");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let code = browser.code(&request, "ada").await;
        let body = server.api.redeem_code(&client_id, REDIRECT, &code).await.expect(200);
        let next = server.api.refresh_public(&client_id, text(&body, "refresh_token")).await.expect(200);
        let access = text(&body, "access_token").rsplit('.').next().unwrap();
        for strong in [&code, text(&body, "refresh_token"), text(&next, "refresh_token"), access] {
            assert!(strong.len() >= 22 && entropy(strong) > 96.0, "{strong}");
            assert!(strong.bytes().all(|b| (0x21..=0x7e).contains(&b)));
            assert!(seen.insert(strong.to_owned()));
        }
    }
}

#[rstest]
#[tokio::test]
async fn errors_of_codes_and_refresh_tokens_are_400_in_the_characters_of_the_specification(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.user("ada").await;
    let client = Credentials::of(&registered(&server).await);
    let code = Browser::new(&server.api).code(&asked(&client), "ada").await;
    let hostile = "%0d%0a%09%22%5c%C3%A9";
    let right = format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}");
    for (form, error) in [
        (format!("grant_type=authorization_code&code={hostile}&redirect_uri={CALLBACK}"), "invalid_grant"),
        (format!("grant_type=authorization_code&code={code}&redirect_uri={hostile}"), "invalid_grant"),
        (format!("grant_type=authorization_code&code={code}"), "invalid_grant"),
        ("grant_type=authorization_code".to_owned(), "invalid_request"),
        (format!("{right}&code_verifier={hostile}"), "invalid_grant"),
        (format!("{right}&code_verifier={VERIFIER}"), "invalid_grant"),
        (format!("{right}&resource={hostile}"), "invalid_target"),
    ] {
        let answer = server.api.form("/oauth/token", &client, &form).await;
        let description = answer.expect_error(400, error);
        assert!(description.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E)), "{description}");
    }
    // None of it used the code up.
    server.api.form("/oauth/token", &client, &right).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn long_states_and_nonces_come_back_with_the_code(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.user("ada").await;
    let client = Credentials::of(&registered(&server).await);
    let characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (state, nonce) in [(128, 43), (384, 384), (4_096, 1_024)] {
        let of = |length: usize| characters.chars().cycle().take(length).collect::<String>();
        let request = asked(&client).with("state", &of(state)).with("nonce", &of(nonce));
        // Through both pages, which keep them meanwhile.
        let mut browser = Browser::new(&server.api);
        let login = browser.authorize(&request.with("prompt", "consent")).await.page();
        let consent = browser.log_in(&login, "ada").await.page();
        let params = browser.allow(&consent).await.params();
        assert_eq!(param(&params, "state"), of(state));
        let body = redeemed(&server, &client, param(&params, "code")).await;
        assert_eq!(claims(text(&body, "id_token"))["nonce"], json!(of(nonce)));
    }
    let code = Browser::new(&server.api).code(&asked(&client), "ada").await;
    let body = redeemed(&server, &client, &code).await;
    assert_eq!(claims(text(&body, "id_token")).get("nonce"), None, "none is made up");
}

#[rstest]
#[tokio::test]
async fn what_is_not_served_is_passed_over_and_not_made_up(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.user("ada").await;
    let client = Credentials::of(&registered(&server).await);
    let request = asked(&client)
        .with("scope", "openid")
        .with("acr_values", "urn:mace:incommon:iap:silver 1 2")
        .with("claims", r#"{"userinfo":{"email":{"essential":true}},"id_token":{"acr":{"essential":true}}}"#)
        .with("claims_locales", "se")
        .with("extra", "foobar");
    let code = Browser::new(&server.api).code(&request, "ada").await;
    let body = redeemed(&server, &client, &code).await;
    let told = decoded(text(&body, "id_token")).1;
    assert_eq!((told.get("acr"), told.get("email")), (None, None));
    let person = server.api.userinfo(text(&body, "access_token")).await.expect(200);
    assert_eq!(person.as_object().unwrap().keys().collect::<Vec<_>>(), ["sub"], "{person}");
    let url = server.api.url("/oidc/.well-known/openid-configuration");
    let metadata = server.api.get(&url).await.expect(200);
    assert_eq!(metadata["claims_parameter_supported"], json!(false));
    assert_eq!(
        (metadata.get("acr_values_supported"), &metadata["request_uri_parameter_supported"]),
        (None, &json!(false))
    );
}

#[rstest]
#[tokio::test]
async fn an_administrators_client_is_told_at_once_that_implicit_answers_are_not_served(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let client = Credentials::of(&registered(&server).await);
    for kind in ["token", "id_token", "id_token token", "code token", "code id_token", "code id_token token", "none"] {
        let landed = Browser::new(&server.api).authorize(&asked(&client).with("response_type", kind)).await;
        let Landed::Away(url) = landed else { panic!("{kind}: a page") };
        assert!(url.starts_with(&format!("{CALLBACK}?error=unsupported_response_type&")), "{kind}: {url}");
        assert!(!url.contains('#') && !url.contains("token="), "{url}");
    }
    // Nor is it registered: what cannot be used is taken out of the record.
    let mut body = request();
    body["response_types"] = json!(["code", "id_token token"]);
    body["grant_types"] = json!(["authorization_code", "implicit"]);
    let record = server.api.register(&server.admin_token().await, &body).await.expect(201);
    assert_eq!(record["grant_types"], json!(["authorization_code"]));
    assert_eq!(record["response_types"], json!(["code"]));
}
