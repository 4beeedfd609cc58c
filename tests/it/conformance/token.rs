//! OpenID conformance suite 5.2.4, the token endpoint: `CheckTokenEndpoint…`, `EnsureMinimumAccessToken…`.

use std::collections::HashMap;

use rstest::rstest;

use super::https_server;
use crate::support::{Answer, Backend, Credentials, TestServer};

async fn failures(server: &TestServer) -> Vec<Answer> {
    let api = &server.api;
    let wrong = Credentials { id: server.gateway.id.clone(), secret: "wrong".to_owned() };
    vec![
        api.token_answer(&wrong, "").await,
        api.token_answer(&server.gateway, "nonsense").await,
        api.form("/oauth/token", &server.gateway, "").await,
        api.form("/oauth/token", &server.gateway, "grant_type=nonsense%0d%0a%09%22%5c").await,
        api.form("/oauth/token", &server.gateway, "grant_type=authorization_code&code=x").await,
        api.form("/oauth/token", &server.gateway, "grant_type=client_credentials&resource=%0d%0a%22").await,
        api.form("/oauth/token", &server.gateway, "grant_type=client_credentials&scope=%0d%0a%22").await,
        api.form_post("/oauth/token", "grant_type=client_credentials").await,
        api.form("/oauth/token", &server.gateway, "%0d%0a=1&%0d%0a=2").await,
    ]
}

/// Shannon entropy of a text in bits, as the suite computes it.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts: HashMap<char, f64> = HashMap::new();
    for character in text.chars() {
        *counts.entry(character).or_default() += 1.0;
    }
    let length: f64 = counts.values().sum();
    counts.values().map(|count| -count * (count / length).log2()).sum()
}

#[rstest]
#[tokio::test]
async fn success_carries_a_strong_token_and_nothing_of_other_grants(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let server = https_server!(backend);
    let answer = server.api.token_answer(&server.gateway, "").await;
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "no-store"));
    let body = answer.expect(200);
    assert!(body["token_type"].as_str().unwrap().eq_ignore_ascii_case("bearer"));
    assert!((1..=31_536_000).contains(&body["expires_in"].as_i64().unwrap()));
    assert_eq!((body.get("id_token"), body.get("refresh_token")), (None, None));
    let token = body["access_token"].as_str().unwrap();
    assert!(token.bytes().all(|b| (0x20..=0x7e).contains(&b)));
    let signature = token.rsplit('.').next().unwrap();
    assert!(signature.len() >= 22 && entropy(signature) > 96.0);
    assert_ne!(token, server.api.token(&server.gateway, "").await);
}

#[rstest]
#[tokio::test]
async fn errors_are_400_or_401_for_invalid_client_only(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let server = https_server!(backend);
    for answer in failures(&server).await {
        let (status, body) = (answer.status.as_u16(), answer.json());
        assert_eq!(status, if body["error"] == "invalid_client" { 401 } else { 400 }, "{body}");
        let code = body["error"].as_str().unwrap().to_owned();
        answer.expect_error(status, &code);
    }
}

#[rstest]
#[tokio::test]
async fn error_texts_keep_to_the_characters_of_the_specification(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let server = https_server!(backend);
    for answer in failures(&server).await {
        let body = answer.json();
        for member in ["error", "error_description"] {
            // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
            let text = body[member].as_str().unwrap();
            assert!(text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E)), "{text}");
        }
        assert_eq!(body.get("error_uri"), None);
    }
}
