//! Identity tokens (OpenID Connect Core §2, §3.1.3.3, §8, §12.2).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Backend, Credentials, START, TestServer, decoded, scopes, text};

/// The claims of a JWT that the published keys verify, with this algorithm, for this client.
pub async fn verified(server: &TestServer, jwt: &str, algorithm: Algorithm, client: &Credentials) -> Value {
    let keys = server.api.get(&server.api.url("/oidc/.well-known/jwks.json")).await;
    let keys: JwkSet = serde_json::from_str(&keys.text).unwrap();
    let kid = jsonwebtoken::decode_header(jwt).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).expect("the kid is in the key set")).unwrap();
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.set_audience(&[&client.id]);
    validation.required_spec_claims.clear();
    jsonwebtoken::decode::<Value>(jwt, &key, &validation).unwrap().claims
}

#[rstest]
#[tokio::test]
async fn an_id_token_says_who_logged_in_where_and_when(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (ada, client) = (server.add_user("ada").await, server.add_login_client(json!({})).await);
    let nonce = format!("n-{} +/=%", "x".repeat(384));
    let (session, _) = server.browser(&ada).await;
    let code = server
        .log_in(&client, &ada, |grant, _| {
            grant.details.nonce = Some(nonce.clone());
            grant.session_id = Some(session.id);
        })
        .await;
    let body = server.api.redeem(&client, &code).await.expect(200);
    let id_token = text(&body, "id_token");
    let (header, _) = decoded(id_token);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("JWT")));
    let claims = verified(&server, id_token, Algorithm::RS256, &client).await;
    let hash = digest::digest(&digest::SHA256, text(&body, "access_token").as_bytes());
    let expected = json!({
        "iss": format!("{}/main/oidc", server.api.base), "sub": ada.id, "aud": client.id, "azp": client.id,
        "iat": START.0, "exp": START.0 + 3_600, "auth_time": START.0 - 5, "nonce": nonce,
        "at_hash": URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]), "sid": session.id,
        "name": "Ada Lovelace", "locale": "en-GB", "preferred_username": "ada", "updated_at": START.0
    });
    assert_eq!(claims, expected);
    // It is no access token, and opens nothing.
    server.api.userinfo(id_token).await.expect_error(401, "invalid_token");
    let web = server.add_web_client().await;
    assert!(!server.api.is_active(&web, id_token).await);
}

#[rstest]
#[tokio::test]
async fn only_the_scope_openid_asks_for_one(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (ada, client) = (server.add_user("ada").await, server.add_login_client(json!({})).await);
    for (scope, comes) in [("profile email", false), ("openid", true), ("openid email", true)] {
        let body = server.tokens(&client, &ada, scope, &[]).await;
        assert_eq!(body.get("id_token").is_some(), comes, "{scope}");
        if comes {
            let claims = decoded(text(&body, "id_token")).1;
            assert_eq!(claims.get("email").is_some(), scope.contains("email"), "{scope}");
            assert!(claims.get("nonce").is_none() && claims.get("sid").is_none() && claims.get("client_id").is_none());
        }
    }
    let machine = server.add_machine("openid").await;
    assert_eq!(server.api.token_answer(&machine, "openid").await.expect(200).get("id_token"), None);
}

#[rstest]
#[tokio::test]
async fn a_refresh_keeps_who_and_when_and_repeats_no_nonce(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (ada, client) = (server.add_user("ada").await, server.add_login_client(json!({})).await);
    let code = server.log_in(&client, &ada, |grant, _| grant.details.nonce = Some("once".to_owned())).await;
    let body = server.api.redeem(&client, &code).await.expect(200);
    server.advance(100);
    let next = server.api.refresh(&client, text(&body, "refresh_token"), "").await.expect(200);
    let (first, second) = (decoded(text(&body, "id_token")).1, decoded(text(&next, "id_token")).1);
    for claim in ["iss", "sub", "aud", "azp", "auth_time", "name"] {
        assert_eq!(first[claim], second[claim], "{claim}");
    }
    assert_eq!((first["nonce"].as_str(), second.get("nonce")), (Some("once"), None));
    assert_eq!(second["iat"].as_i64(), first["iat"].as_i64().map(|at| at + 100));
    assert_ne!(first["at_hash"], second["at_hash"]);
}

#[rstest]
#[tokio::test]
async fn the_algorithm_is_the_registered_one(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let ada = server.add_user("ada").await;
    for (name, algorithm) in [("RS256", Algorithm::RS256), ("ES256", Algorithm::ES256)] {
        let client = server.add_login_client(json!({ "id_token_signed_response_alg": name })).await;
        let body = server.tokens(&client, &ada, "openid", &[]).await;
        assert_eq!(decoded(text(&body, "id_token")).0["alg"], name);
        verified(&server, text(&body, "id_token"), algorithm, &client).await;
        assert_eq!(decoded(text(&body, "access_token")).0["alg"], "RS256", "that is the domain's choice");
    }
}

#[rstest]
#[tokio::test]
async fn clients_of_one_sector_know_a_person_by_one_name_and_others_by_another(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (ada, bob) = (server.add_user("ada").await, server.add_user("bob").await);
    let pairwise = async |uri: &str| {
        let uris = json!([crate::support::REDIRECT.replace("app.example.com", uri)]);
        server.add_login_client(json!({ "redirect_uris": uris, "subject_type": "pairwise" })).await
    };
    let (one, same, other) =
        (pairwise("a.example").await, pairwise("a.example:8443").await, pairwise("b.example").await);
    let known_as = async |client: &Credentials, user| {
        let body = server.tokens(client, user, "openid", &[]).await;
        let access = text(&body, "access_token");
        let subject = decoded(text(&body, "id_token")).1["sub"].clone();
        assert_eq!(decoded(access).1["sub"], subject);
        assert_eq!(server.api.userinfo(access).await.expect(200)["sub"], subject);
        let next = server.api.refresh(client, text(&body, "refresh_token"), "").await.expect(200);
        assert_eq!(decoded(text(&next, "id_token")).1["sub"], subject);
        subject.as_str().unwrap().to_owned()
    };
    let subject = known_as(&one, &ada).await;
    assert_eq!(subject.len(), 43);
    assert_eq!(known_as(&one, &ada).await, subject);
    assert_eq!(known_as(&same, &ada).await, subject);
    assert_ne!(known_as(&other, &ada).await, subject);
    assert_ne!(known_as(&one, &bob).await, subject);
    let public = server.add_login_client(json!({})).await;
    assert_eq!(known_as(&public, &ada).await, ada.id.to_string());
}

#[rstest]
#[tokio::test]
async fn what_a_login_answers_says_nothing_empty(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (mut ada, client) = (server.add_user("ada").await, server.add_web_client().await);
    for email in [true, false] {
        if !email {
            ada.email = None;
            server.database.execute("update users set email = null, email_key = null, claims = '{}'").await;
        }
        for scope in ["", "openid", "openid profile email address phone offline_access"] {
            let code = server.log_in(&client, &ada, |grant, _| grant.scope = scopes(scope)).await;
            let body = server.api.redeem(&client, &code).await.expect(200);
            let next = server.api.refresh(&client, text(&body, "refresh_token"), "").await.expect(200);
            for answer in [&body, &next] {
                crate::apim::assert_says_nothing_empty(answer);
                assert_eq!(answer.get("scope").is_none(), scope.is_empty());
                for token in ["access_token", "id_token"] {
                    if let Some(jwt) = answer.get(token) {
                        crate::apim::assert_says_nothing_empty(&decoded(jwt.as_str().unwrap()).1);
                    }
                }
                let told = server.api.introspect(&client, text(answer, "access_token")).await.expect(200);
                crate::apim::assert_says_nothing_empty(&told);
            }
            let told = server.api.introspect(&client, text(&body, "refresh_token")).await.expect(200);
            crate::apim::assert_says_nothing_empty(&told);
            if scope.contains("openid") {
                let told = server.api.userinfo(text(&body, "access_token")).await.expect(200);
                crate::apim::assert_says_nothing_empty(&told);
            }
        }
    }
}
