//! Tokens made, changed and ended on purpose.

use http::Method;
use serde_json::{Value, json};

use super::Thrown;
use crate::support::{claims, decoded};

const FLAWS: [&str; 13] = [
    "expired",
    "not_yet_valid",
    "wrong_key",
    "wrong_issuer",
    "wrong_audience",
    "tampered_payload",
    "tampered_signature",
    "alg_none",
    "hs256_with_public_key",
    "unknown_kid",
    "no_kid",
    "wrong_type",
    "malformed",
];

#[tokio::test]
async fn what_is_wrong_with_a_token_is_that_and_nothing_else() {
    let server = Thrown::start().await;
    let good = decoded(&server.mint(json!({ "scope": "dcr_admin" })).await);
    for flaw in FLAWS {
        let minted = server.post("/domains/main/tokens", json!({ "scope": "dcr_admin", "flaw": flaw })).await;
        let token = minted["token"].as_str().unwrap();
        let parts = token.split('.').count();
        assert_eq!(parts, if flaw == "malformed" { 2 } else { 3 }, "{flaw}");
        let differs = |of: &Value, from: &Value| -> Vec<String> {
            let mut names: Vec<String> = of
                .as_object()
                .unwrap()
                .iter()
                .filter(|(name, value)| from.get(name) != Some(value))
                .map(|(n, _)| n.clone())
                .collect();
            names.extend(from.as_object().unwrap().keys().filter(|name| of.get(name).is_none()).cloned());
            names.sort();
            names.retain(|name| name != "jti" && name != "iat");
            names
        };
        let expected: (&[&str], &[&str]) = match flaw {
            "expired" => (&[], &["exp"]),
            "not_yet_valid" => (&[], &["exp", "nbf"]),
            "wrong_issuer" => (&[], &["iss"]),
            "wrong_audience" => (&[], &["aud"]),
            "tampered_payload" => (&[], &["tampered"]),
            "alg_none" | "hs256_with_public_key" => (&["alg"], &[]),
            "unknown_kid" | "no_kid" => (&["kid"], &[]),
            "wrong_type" => (&["typ"], &[]),
            _ => (&[], &[]),
        };
        assert_eq!(differs(&minted["header"], &good.0), expected.0, "{flaw}");
        let mut changed = differs(&minted["claims"], &good.1);
        // The second may have changed since.
        if !expected.1.contains(&"exp") {
            changed.retain(|name| name != "exp");
        }
        assert_eq!(changed, expected.1, "{flaw}");
        // The server itself takes none of them; the type of a token and its audience are for the resource to check.
        if !["wrong_type", "wrong_audience"].contains(&flaw) {
            assert!(!server.is_active(token).await, "{flaw}");
        }
    }
}

#[tokio::test]
async fn a_minted_token_is_one_of_the_servers() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    let plain = server.mint(json!({})).await;
    assert!(server.is_active(&plain).await);
    assert_eq!(claims(&plain)["sub"], server.gateway.id);
    let wanted = json!({ "client_id": client, "user": "ada", "scope": "openid profile email", "lifetime": 60,
        "algorithm": "ES256", "claims": { "roles": ["admin"], "azp": null } });
    let minted = server.mint(wanted).await;
    let (header, told) = decoded(&minted);
    assert_eq!((&header["alg"], &told["roles"], told.get("azp")), (&json!("ES256"), &json!(["admin"]), None));
    assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 60);
    let id = server
        .mint(json!({ "client_id": client, "user": "ada", "type": "id_token", "claims": { "nonce": "n" } }))
        .await;
    assert_eq!((&claims(&id)["aud"], &claims(&id)["nonce"]), (&json!(client), &json!("n")));
    assert_eq!(claims(&id)["sub"], told["sub"]);
    // The token of a person is good at the userinfo endpoint.
    let person = server.mint(json!({ "client_id": client, "user": "ada@example.com", "scope": "openid email" })).await;
    let info = server.api.bare(Method::GET, &server.api.url("/oidc/userinfo"), &person).await.expect(200);
    assert_eq!((&info["sub"], &info["email"]), (&told["sub"], &json!("ada@example.com")));
    let several = server.mint(json!({ "resource": ["https://a.example", "https://b.example"] })).await;
    assert_eq!(claims(&several)["aud"], json!(["https://a.example", "https://b.example"]));
    for wrong in [
        json!({ "client_id": "ghost" }),
        json!({ "user": "nobody" }),
        json!({ "type": "id_token" }),
        json!({ "flaw": "none" }),
        json!({ "lifetime": i64::MAX }),
    ] {
        server.control(Method::POST, "/domains/main/tokens", &wrong).await.expect_problem(400, "invalid_request");
    }
    server.control(Method::POST, "/domains/nowhere/tokens", &json!({})).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn tokens_are_changed_on_their_way_out() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    let changes = json!({ "items": [
        { "when": { "grant_type": "client_credentials" }, "claims": { "tenant": "t1" } },
        { "token": "id_token", "claims": { "email": "eve@example.com" }, "times": 1 },
        { "when": { "client_id": client, "grant_type": "authorization_code" }, "claims": { "roles": ["r"], "azp": null } },
    ] });
    assert_eq!(server.put("/domains/main/token-changes", changes).await["items"].as_array().unwrap().len(), 3);
    let token = server.api.token(&server.gateway, "dcr_admin").await;
    assert_eq!(claims(&token)["tenant"], "t1");
    assert!(server.is_active(&token).await, "it is signed as it should be");
    let told = server.redeem(&client, &server.code(&client, "ada").await).await.expect(200);
    let text = |member: &str| told[member].as_str().unwrap().to_owned();
    assert_eq!(claims(&text("access_token"))["roles"], json!(["r"]));
    let id = claims(&text("id_token"));
    assert_eq!(id["email"], "eve@example.com");
    // The hash in the ID token is that of the access token as it went out.
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text("access_token").as_bytes());
    assert_eq!(id["at_hash"], registrar::model::random::encode(&digest.as_ref()[..16]));
    let again = server.redeem(&client, &server.code(&client, "ada").await).await.expect(200);
    assert_eq!(claims(again["id_token"].as_str().unwrap()).get("email"), None);
    assert_eq!(server.get("/domains/main/token-changes").await["items"].as_array().unwrap().len(), 2);
    server.delete("/domains/main/token-changes").await;
    assert_eq!(claims(&server.api.token(&server.gateway, "dcr_admin").await).get("tenant"), None);
    let nothing = json!({ "items": [{ "when": {} }] });
    server.control(Method::PUT, "/domains/main/token-changes", &nothing).await.expect_problem(400, "invalid_request");
}

#[tokio::test]
async fn things_end_before_their_time() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    // A code.
    let code = server.code(&client, "ada").await;
    server.post("/domains/main/expire", json!({ "token": code })).await;
    server.redeem(&client, &code).await.expect_error(400, "invalid_grant");
    // A refresh token.
    let told = server.redeem(&client, &server.code(&client, "ada").await).await.expect(200);
    let refresh = told["refresh_token"].as_str().unwrap();
    server.post("/domains/main/expire", json!({ "token": refresh })).await;
    server.refresh(&client, refresh).await.expect_error(400, "invalid_grant");
    // Everything of a login, by its refresh token.
    let told = server.redeem(&client, &server.code(&client, "ada").await).await.expect(200);
    let (access, refresh) = (told["access_token"].as_str().unwrap(), told["refresh_token"].as_str().unwrap());
    let userinfo = server.api.url("/oidc/userinfo");
    server.api.bare(Method::GET, &userinfo, access).await.expect(200);
    server.post("/domains/main/revoke", json!({ "token": refresh })).await;
    assert_eq!(server.api.bare(Method::GET, &userinfo, access).await.status, 401);
    // Everything of a person.
    let told = server.redeem(&client, &server.code(&client, "ada").await).await.expect(200);
    let cookie = server.post("/domains/main/sessions", json!({ "user": "ada" })).await;
    server.post("/domains/main/revoke", json!({ "user": "ada" })).await;
    server.refresh(&client, told["refresh_token"].as_str().unwrap()).await.expect_error(400, "invalid_grant");
    let account = [("cookie", cookie["cookie"].as_str().unwrap())];
    let page = server.api.send(Method::GET, &server.api.url("/account"), &account, "").await;
    assert_eq!(page.status, 303, "{}", page.text);
    // Everything of a client; what it gets afterwards is good.
    let token = server.api.token(&server.gateway, "dcr_admin").await;
    server.post("/domains/main/revoke", json!({ "client_id": server.gateway.id })).await;
    assert!(!server.is_active(&token).await);
    let token = server.api.token(&server.gateway, "dcr_admin").await;
    assert!(server.is_active(&token).await);
    server.post("/domains/main/revoke", json!({ "token": token })).await;
    assert!(!server.is_active(&token).await);
    let told = server.redeem(&client, &server.code(&client, "ada").await).await.expect(200);
    server.post("/domains/main/revoke", json!({ "client_id": client })).await;
    server.refresh(&client, told["refresh_token"].as_str().unwrap()).await.expect_error(400, "invalid_grant");
    let told = server.redeem(&client, &server.code(&client, "ada").await).await.expect(200);
    server.refresh(&client, told["refresh_token"].as_str().unwrap()).await.expect(200);
    // An initial access token, a session, a login that waits, a secret.
    let issued = server.post("/domains/main/initial-access-tokens", json!({ "label": "CI" })).await;
    let initial = issued["initial_access_token"].as_str().unwrap();
    server.post("/domains/main/expire", json!({ "token": initial })).await;
    server.api.register(initial, &json!({ "client_name": "x" })).await.expect_error(401, "invalid_token");
    let cookie = server.post("/domains/main/sessions", json!({ "user": "ada" })).await;
    server.post("/domains/main/expire", json!({ "session_id": cookie["session_id"] })).await;
    let account = [("cookie", cookie["cookie"].as_str().unwrap())];
    assert_eq!(server.api.send(Method::GET, &server.api.url("/account"), &account, "").await.status, 303);
    server.post("/domains/main/expire", json!({ "client_secret_of": server.gateway.id })).await;
    assert!(!server.api.accepts(&server.gateway).await);
    for (path, unknown, status) in [
        ("revoke", json!({ "token": "rt_unknown" }), 404),
        ("revoke", json!({ "client_id": "ghost" }), 404),
        ("revoke", json!({ "user": "ghost" }), 404),
        ("revoke", json!({}), 400),
        ("expire", json!({ "interaction": "none" }), 404),
        ("expire", json!({ "token": "ac_none" }), 404),
        ("expire", json!({ "token": "iat_none", "interaction": "x" }), 400),
    ] {
        let answer = server.control(Method::POST, &format!("/domains/main/{path}"), &unknown).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {unknown}: {}", answer.text);
    }
}

#[tokio::test]
async fn an_id_token_that_has_ended_is_wrong_in_nothing_else() {
    let server = Thrown::start().await;
    server.add_user("ada").await;
    let client = server.public_client().await;
    let wanted = |more: Value| {
        let mut wanted = json!({ "type": "id_token", "user": "ada", "client_id": client });
        wanted.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        wanted
    };
    let in_order = |token: &str| {
        let told = claims(token);
        let [logged_in, issued, ends] = ["auth_time", "iat", "exp"].map(|name| told[name].as_i64().unwrap());
        assert!(logged_in <= issued && issued <= ends, "{told}");
        ends
    };
    let now = server.get("/clock").await["now"].as_i64().unwrap();
    for more in [json!({ "flaw": "expired" }), json!({ "lifetime": -60 })] {
        assert!(in_order(&server.mint(wanted(more)).await) < now);
    }
    let changes = json!({ "items": [{ "token": "id_token", "flaw": "expired" }] });
    server.put("/domains/main/token-changes", changes).await;
    let told = server.redeem(&client, &server.code(&client, "ada").await).await.expect(200);
    assert!(in_order(told["id_token"].as_str().unwrap()) < now);
    let refused = wanted(json!({ "resource": "https://api.example.com" }));
    let told = server.control(Method::POST, "/domains/main/tokens", &refused).await;
    assert!(told.expect_problem(400, "invalid_request").contains("resource"));
}
