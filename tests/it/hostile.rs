//! Ten thousand bad requests from a seeded generator: each is refused in the protocol's words, none leaves anything.

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Answer, Api, Backend, Credentials, TestServer, basic};

const REQUESTS: u64 = 10_000;
const AT_ONCE: u64 = 16;

/// A small generator (`SplitMix64`), so that a failure can be repeated by its number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.roll() % limit as u64).unwrap()
    }

    fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..=self.below(most)).map(|_| self.roll().to_le_bytes()[0]).collect()
    }
}

/// What the attacker knows: an administrator's token, a client of its own, and the addresses.
#[derive(Clone)]
struct Attacker {
    api: Api,
    admin: String,
    record: Value,
    client: Credentials,
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_bad_requests_are_refused_and_leave_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, admin) = (server.api.clone(), server.admin_token().await);
    let record = api.register(&admin, &json!({ "grant_types": ["client_credentials"] })).await.expect(201);
    let attacker = Attacker { api, admin, client: Credentials::of(&record), record };
    let clients = "select count(*) from clients";
    let before = server.database.count(clients).await;

    let mut tasks = JoinSet::new();
    for worker in 0..AT_ONCE {
        let attacker = attacker.clone();
        tasks.spawn(async move {
            let mut wrong = Vec::new();
            for seed in (worker..REQUESTS).step_by(usize::try_from(AT_ONCE).unwrap()) {
                let answer = strike(&attacker, &mut Dice(seed)).await;
                wrong.extend(
                    objection(&answer)
                        .map(|problem| format!("request {seed}: {problem}: {:.300}", format!("{answer:?}"))),
                );
            }
            wrong
        });
    }
    let wrong: Vec<String> = tasks.join_all().await.concat();
    assert!(wrong.is_empty(), "{} wrong answers, such as\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
    assert_eq!(server.database.count(clients).await, before);
    assert_eq!(attacker.api.read(&attacker.record).await.expect(200), attacker.record);
    attacker.api.token(&attacker.client, "").await;
}

/// What is wrong with the answer to a bad request, if anything.
fn objection(answer: &Answer) -> Option<&'static str> {
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let refused = (400..500).contains(&answer.status.as_u16());
    let described = body["error"].is_string() && body["error_description"].is_string();
    let objections = [
        (!refused, "not refused"),
        (!described || answer.header("content-type") != "application/json", "not in the protocol's words"),
        (answer.text.len() > 2_000, "longer than an error should be"),
    ];
    objections.into_iter().find(|(wrong, _)| *wrong).map(|(_, problem)| problem)
}

async fn strike(attacker: &Attacker, dice: &mut Dice) -> Answer {
    let api = &attacker.api;
    let own = attacker.record["registration_access_token"].as_str().unwrap();
    match dice.below(8) {
        0 | 1 => send_json(api, Method::POST, (&api.url("/oidc/register"), &attacker.admin), bad_metadata(dice)).await,
        2 => send_json(api, Method::PUT, (&api.client_url(&attacker.record), own), bad_metadata(dice)).await,
        3 => send_json(api, Method::PATCH, (&api.client_url(&attacker.record), own), bad_json(dice)).await,
        4 => {
            let path = *dice.one_of(&["/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/check_token"]);
            let header = basic(&attacker.client);
            let headers = [("authorization", header.as_str()), ("content-type", "application/x-www-form-urlencoded")];
            api.send(Method::POST, &api.url(path), &headers, bad_form(dice)).await
        }
        5 => bad_headers(attacker, dice).await,
        6 => bad_bearer(attacker, dice).await,
        _ => bad_path(attacker, dice).await,
    }
}

async fn send_json(api: &Api, method: Method, (url, token): (&str, &str), body: Vec<u8>) -> Answer {
    let bearer = format!("Bearer {token}");
    api.send(method, url, &[("authorization", &bearer), ("content-type", "application/json")], body).await
}

fn bad_metadata(dice: &mut Dice) -> Vec<u8> {
    if dice.below(2) == 0 {
        return bad_json(dice);
    }
    let lists = ["redirect_uris", "grant_types", "response_types", "contacts", "post_logout_redirect_uris"];
    let uris = ["client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri", "sector_identifier_uri"];
    let wrong =
        [json!(7), json!({ "a": 1 }), json!([7]), json!([[]]), json!([{ "a": [1] }]), json!(true), json!([true])];
    let redirects = [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a.example/#f",
        "https://*.example/",
        "https://u:p@a.example/",
        "http://a.example/cb",
        "file:///etc/passwd",
        "https://",
        "//a.example",
        "https://a.example/\\..\\",
        "https://a.example:99999/",
        "vbscript:x",
        "https://a.example/\r\nSet-Cookie: a=b",
    ];
    let body = match dice.below(7) {
        0 => json!({ *dice.one_of(&lists): dice.one_of(&wrong) }),
        1 => {
            json!({ *dice.one_of(&uris): dice.one_of(&[json!(7), json!({ "a": 1 }), json!([1]), json!("not a uri")]) })
        }
        2 => json!({ "redirect_uris": [dice.one_of(&redirects)], "grant_types": ["authorization_code"] }),
        3 => json!({ "redirect_uris": vec!["https://a.example/cb"; 101 + dice.below(10_000)] }),
        4 => json!({ "client_name": "x".repeat(2_049 + dice.below(70_000)) }),
        5 => json!({ "jwks": dice.one_of(&[json!("x"), json!({}), json!({ "keys": [{ "kty": "oct", "k": "x" }] })]) }),
        _ => json!({ "software_statement": String::from_utf8_lossy(&dice.bytes(200)) }),
    };
    body.to_string().into_bytes()
}

/// What no JSON parser should take, or ours does not.
fn bad_json(dice: &mut Dice) -> Vec<u8> {
    let valid = br#"{"client_name":"x","grant_types":["client_credentials"],"contacts":["a@b.example"]}"#;
    let depth = 17 + dice.below(30_000);
    match dice.below(12) {
        0 => valid[..=dice.below(valid.len() - 2)].to_vec(),
        1 => [b"\x00".as_slice(), &dice.bytes(300)].concat(),
        2 => b"{\"client_name\":\"\xff\xfe\"}".to_vec(),
        3 => format!("{{\"a\":{}", "[".repeat(depth)).into_bytes(),
        4 => format!("{{\"a\":{}{}}}", "{\"a\":".repeat(17), "1".to_owned() + &"}".repeat(17)).into_bytes(),
        5 => br#"{"client_name":"a","client_name":"b"}"#.to_vec(),
        6 => format!("{{\"{0}\":1,\"{0}\":2}}", "n".repeat(1 + dice.below(20_000))).into_bytes(),
        7 => br#"{"client_name":"\u0000"}"#.to_vec(),
        8 => br#"{"client_name":"\ud800"}"#.to_vec(),
        9 => br#"{"a":1e999}"#.to_vec(),
        10 => {
            dice.one_of(&["[]", "null", "7", "\"x\"", "", "{}{}", "NaN", "{'a':1}", "{\"a\":01}"]).as_bytes().to_vec()
        }
        _ => format!("{{\"a\":{}", "9".repeat(1 + dice.below(50_000))).into_bytes(),
    }
}

fn bad_form(dice: &mut Dice) -> Vec<u8> {
    let repeated = format!("token={}", "&a=1".repeat(200));
    let long = format!("token=x&a={}", "x".repeat(20_000));
    match dice.below(10) {
        0 => b"grant_type=client_credentials&grant_type=client_credentials&token=a&token=a".to_vec(),
        1 => b"grant_type=client_credentials&scope=%00&token=%00".to_vec(),
        2 => b"grant_type=%ff&token=%ff".to_vec(),
        3 => repeated.into_bytes(),
        4 => long.into_bytes(),
        5 => b"grant_type=password&username=a&password=b&token=".to_vec(),
        6 => b"&&&===&=x&=x&token=".to_vec(),
        7 => b"grant_type=client_credentials&client_secret=x&token=x".to_vec(),
        8 => b"grant_type=client_credentials&client_assertion=x&token=x".to_vec(),
        _ => [b"grant_type=\xff".as_slice(), &dice.bytes(500), b"&a=1&a=1"].concat(),
    }
}

async fn bad_headers(attacker: &Attacker, dice: &mut Dice) -> Answer {
    let api = &attacker.api;
    let (bearer, own) = (format!("Bearer {}", attacker.admin), basic(&attacker.client));
    let json = ("content-type", "application/json");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let register = api.url("/oidc/register");
    let token = api.url("/oauth/token");
    let grant = "grant_type=client_credentials";
    let post = Method::POST;
    match dice.below(9) {
        0 => {
            let twice = [json, ("authorization", bearer.as_str()), ("authorization", bearer.as_str())];
            api.send(post, &register, &twice, "{}").await
        }
        1 => api.send(post, &token, &[form, ("authorization", &own), ("authorization", &bearer)], grant).await,
        2 => {
            let kinds = ["text/plain", "application/jsonp", "application/xml", "json", "", "multipart/form-data"];
            api.send(post, &register, &[("content-type", *dice.one_of(&kinds)), ("authorization", &bearer)], "{}").await
        }
        3 => api.send(post, &register, &[("authorization", &bearer)], "{}").await,
        4 => {
            let schemes = [
                "Bearer",
                "Bearer ",
                "Bearer null",
                "Basic",
                "Basic x",
                "Digest a",
                "bearer\tx",
                "x y z",
                "Bearer a b",
            ];
            api.send(post, &register, &[json, ("authorization", *dice.one_of(&schemes))], "{}").await
        }
        5 => {
            let schemes =
                ["Basic", "Basic !!!!", "Basic Og==", "Basic YTpi", "Basic /////w==", "Bearer x", "Basic YQ=="];
            api.send(post, &token, &[form, ("authorization", *dice.one_of(&schemes))], grant).await
        }
        6 => {
            let zipped = [json, ("authorization", bearer.as_str()), ("content-encoding", "gzip")];
            api.send(post, &register, &zipped, b"\x1f\x8b\x08\x00\x00\x00\x00\x00".to_vec()).await
        }
        7 => api.send(post, &token, &[json, ("authorization", &own)], r#"{"grant_type":"client_credentials"}"#).await,
        _ => api.send(post, &format!("{token}?{grant}"), &[form, ("authorization", &own)], grant).await,
    }
}

async fn bad_bearer(attacker: &Attacker, dice: &mut Dice) -> Answer {
    let api = &attacker.api;
    let mut token = attacker.admin.clone().into_bytes();
    match dice.below(4) {
        0 => token.truncate(dice.below(token.len() - 1) + 1),
        // The last character of a part may carry bits that mean nothing: any other one counts.
        1 => {
            let at = dice.below(token.len() - 8) + 1;
            token[at] = if token[at] == b'A' { b'B' } else { b'A' };
        }
        2 => token = format!("iat_{}", "A".repeat(1 + dice.below(3_000))).into_bytes(),
        _ => token = format!("rat_{}", "A".repeat(1 + dice.below(3_000))).into_bytes(),
    }
    let token = String::from_utf8(token).unwrap();
    match dice.below(3) {
        0 => api.register(&token, &json!({})).await,
        1 => api.bare(Method::DELETE, &api.client_url(&attacker.record), &token).await,
        _ => api.bare(Method::POST, &format!("{}/renew_secret", api.client_url(&attacker.record)), &token).await,
    }
}

async fn bad_path(attacker: &Attacker, dice: &mut Dice) -> Answer {
    let api = &attacker.api;
    let id = attacker.client.id.as_str();
    let long = "x".repeat(1 + dice.below(7_000));
    let paths = [
        format!("/main/oidc/register/{long}"),
        format!("/main/oidc/register/%00{id}"),
        format!("/main/oidc/register/{id}%00"),
        format!("/main/oidc/register/{id}%2Frenew_secret"),
        format!("/main/oidc/register/%ff{id}"),
        format!("/main/oidc/register//{id}"),
        format!("/main//oidc/register/{id}"),
        format!("/main/oidc/register/{id}/"),
        format!("/main/oidc/register/{id}/renew_secret/x"),
        format!("/main/oidc/register/x%2e%2e%2f{id}"),
        format!("/MAIN/oidc/register/{id}"),
        format!("/{long}/oidc/register/{id}"),
        format!("/main%00/oidc/register/{id}"),
        format!("/main%2foidc/register/{id}"),
        format!("/%6d%61in2/oidc/register/{id}"),
        format!("/console/oidc/register/{id}"),
        format!("/.well-known/{long}"),
        "/main/oidc/.well-known/nothing".to_owned(),
        "/".to_owned(),
    ];
    let url = format!("{}{}", api.base, dice.one_of(&paths));
    let method = dice.one_of(&[Method::GET, Method::DELETE, Method::PUT, Method::PATCH, Method::TRACE]).clone();
    send_json(api, method, (&url, &attacker.admin), b"[]".to_vec()).await
}
