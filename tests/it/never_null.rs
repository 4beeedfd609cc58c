//! No answer ever holds a null or an empty text, and none is a 5xx, whatever is sent: gateways read nulls as values,
//! and clients in typed languages fail on them.
//!
//! Bodies are generated from a fixed seed: members of the specifications with plausible values, with values of any
//! other shape, and names that nobody knows.

use http::Method;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use registrar::model::client_metadata::{Kind, MEMBERS};
use rstest::rstest;
use serde_json::{Map, Value, json};

use crate::support::{Answer, Backend, Credentials, TestServer, basic};

/// How many stories are told per database.
const CASES: usize = 200;

/// Names that no specification has, names that are dropped, and names that look like something else.
const NAMES: &[&str] = &[
    "client_id",
    "client_secret",
    "registration_access_token",
    "registration_client_uri",
    "client_id_issued_at",
    "client_secret_expires_at",
    "domain",
    "id",
    "enabled",
    "created_at",
    "updated_at",
    "error",
    "error_description",
    "client_name#fr",
    "tos_uri#ja-Hani-JP",
    "metadata",
    "x",
    "",
    "#",
    "extra",
    "__proto__",
    "null",
    "password",
    "trusted",
    "Client_Name",
    "redirect_uris ",
    "naïve",
    "\u{202e}",
];

/// One story: who registers, what with, what is changed, what is asked for.
#[derive(Debug, Clone)]
struct Story {
    registrant: usize,
    register: Value,
    put: Value,
    patch: Value,
    form: String,
    path: String,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{1,12}",
        1 => Just(String::new()),
        1 => Just("  ".to_owned()),
        1 => any::<String>(),
        1 => Just("\u{0}".to_owned()),
        1 => Just("\u{feff}é\u{1f600}\"\\\n".to_owned()),
        1 => Just("x".repeat(2_100)),
    ]
}

/// Any JSON at all.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        2 => Just(Value::Null),
        2 => Just(json!("")),
        1 => Just(json!([])),
        1 => Just(json!({})),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        3 => text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A value that the member may well have, sometimes with nothings among it.
fn plausible(name: &'static str, kind: Kind) -> BoxedStrategy<Value> {
    let uri = prop_oneof![Just("https://rp.example.com/cb"), Just("http://localhost:1/cb"), Just("app:/cb")];
    let word = match name {
        "grant_types" => prop::sample::select(vec!["authorization_code", "refresh_token", "client_credentials", "x"]),
        "response_types" => prop::sample::select(vec!["code", "token", "code id_token"]),
        "token_endpoint_auth_method" => {
            prop::sample::select(vec!["none", "client_secret_basic", "client_secret_post", "private_key_jwt"])
        }
        "subject_type" => prop::sample::select(vec!["public", "pairwise"]),
        "contacts" => prop::sample::select(vec!["a@b.example", "https://b.example/"]),
        "application_type" => prop::sample::select(vec!["web", "NATIVE", "browser", "backend_to_backend", "é"]),
        name if name.ends_with("_enc") => prop::sample::select(vec!["A128GCM"]),
        name if name.contains("encrypt") => prop::sample::select(vec!["RSA-OAEP"]),
        name if name.ends_with("_alg") => prop::sample::select(vec!["RS256", "ES256", "none"]),
        _ => prop::sample::select(vec!["some text", "naïve \u{1f600}", " "]),
    };
    let nothing = || prop_oneof![Just(Value::Null), Just(json!(""))];
    let some = |item: BoxedStrategy<Value>| {
        prop::collection::vec(prop_oneof![5 => item, 1 => nothing()], 0..4).prop_map(Value::from).boxed()
    };
    match kind {
        Kind::Text => word.prop_map(Value::from).boxed(),
        Kind::Uri => uri.prop_map(Value::from).boxed(),
        Kind::TextList => some(word.prop_map(Value::from).boxed()),
        Kind::UriList => some(uri.prop_map(Value::from).boxed()),
        Kind::Flag => prop_oneof![any::<bool>().prop_map(Value::from), Just(json!("true"))].boxed(),
        Kind::Seconds => prop_oneof![(0..9_999i64).prop_map(Value::from), Just(json!("60"))].boxed(),
        Kind::Scope => {
            prop_oneof![Just(json!("openid read")), Just(json!(["read", "", null])), Just(json!(" "))].boxed()
        }
        Kind::KeySet => Just(json!({ "keys": [{ "kty": "X", "kid": "a", "x": null, "y": "" }] })).boxed(),
    }
}

/// Members of one body: plausible for the most part.
fn members(share_of_anything: u32) -> impl Strategy<Value = Value> {
    let known = prop::sample::select(MEMBERS.to_vec()).prop_flat_map(move |member| {
        prop_oneof![
            10 => plausible(member.name, member.kind),
            1 => Just(Value::Null),
            1 => Just(json!("")),
            1 => Just(json!([])),
            share_of_anything => anything(),
        ]
        .prop_map(move |value| (member.name.to_owned(), value))
    });
    let unknown =
        (prop_oneof![4 => prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned), 1 => text()], anything());
    prop::collection::vec(prop_oneof![6 => known, 1 => unknown], 0..6)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()))
}

/// A body that mostly registers: redirect URIs or the machine grant, and other members.
fn body() -> impl Strategy<Value = Value> {
    let base = prop_oneof![
        4 => Just(json!({ "grant_types": ["client_credentials", null, ""], "scope": ["read", ""] })),
        4 => Just(json!({ "redirect_uris": ["https://rp.example.com/cb", null, ""], "client_name": "" })),
        2 => Just(json!({ "redirect_uris": ["http://127.0.0.1:1/cb"], "token_endpoint_auth_method": "none" })),
        1 => Just(json!({})),
    ];
    let more = prop_oneof![4 => members(0), 1 => members(3)];
    prop_oneof![
        20 => (base, more).prop_map(|(mut base, more)| {
            let Value::Object(more) = more else { return more };
            for (name, value) in more {
                base.as_object_mut().unwrap().entry(name).or_insert(value);
            }
            base
        }),
        1 => anything(),
    ]
}

fn story() -> impl Strategy<Value = Story> {
    let form = prop_oneof![
        Just("grant_type=client_credentials".to_owned()),
        Just("grant_type=client_credentials&scope=read".to_owned()),
        Just("grant_type=client_credentials&resource=".to_owned()),
        (text(), text()).prop_map(|(scope, resource)| {
            let pairs =
                [("grant_type", "client_credentials"), ("scope", scope.as_str()), ("resource", resource.as_str())];
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
        }),
        (text(), text()).prop_map(|(name, value)| {
            url::form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish()
        }),
        text(),
    ];
    let path = text().prop_map(|text| url::form_urlencoded::byte_serialize(text.as_bytes()).collect());
    (0..3usize, body(), body(), members(2), form, path).prop_map(|(registrant, register, put, patch, form, path)| {
        Story { registrant, register, put, patch, form, path }
    })
}

/// The first null or empty text in a document, by its path.
fn nothing_in(value: &Value, path: &str) -> Option<String> {
    match value {
        Value::Null => Some(format!("{path} is null")),
        Value::String(text) if text.is_empty() => Some(format!("{path} is empty")),
        Value::Array(items) => items.iter().find_map(|item| nothing_in(item, &format!("{path}[]"))),
        Value::Object(members) => members.iter().find_map(|(name, value)| nothing_in(value, &format!("{path}.{name}"))),
        _ => None,
    }
}

/// Fails unless the answer is what every answer has to be; hands out its JSON if it has any.
#[track_caller]
fn judged(answer: &Answer, asked: &dyn std::fmt::Debug) -> Value {
    assert!(answer.status.as_u16() < 500, "{} {}\n{asked:?}", answer.status, answer.text);
    if answer.text.is_empty() {
        let silent = matches!(answer.status.as_u16(), 200 | 204 | 304);
        assert!(silent, "{} says nothing\n{asked:?}", answer.status);
        return json!({});
    }
    assert_eq!(answer.header("content-type"), "application/json", "{}\n{asked:?}", answer.text);
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_else(|_| panic!("{}\n{asked:?}", answer.text));
    if let Some(problem) = nothing_in(&body, "$") {
        panic!("{problem}: {body}\n{asked:?}");
    }
    if !answer.status.is_success() {
        let (code, said) = (body["error"].as_str().unwrap(), body["error_description"].as_str().unwrap());
        // RFC 6749 §5.2.
        let safe = |text: &str| text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E));
        assert!(safe(code) && safe(said) && said.len() <= 500, "{body}");
    }
    body
}

/// Lives one client's life by a story. Says whether there was one.
async fn tell(server: &TestServer, token: &str, story: &Story) -> bool {
    let api = &server.api;
    let register = api.register(token, &story.register).await;
    let record = judged(&register, &story.register);
    if register.status != 201 {
        return false;
    }
    if record["registration_access_token"].is_string() {
        manage(server, &record, story).await;
    }
    if record["client_secret"].is_string() {
        use_it(server, &Credentials::of(&record), story).await;
    }
    let gone = api.bare(Method::DELETE, &api.client_url(&record), token).await;
    judged(&gone, &story.register);
    true
}

async fn manage(server: &TestServer, record: &Value, story: &Story) {
    let (api, url) = (&server.api, server.api.client_url(record));
    let token = record["registration_access_token"].as_str().unwrap();
    let read = judged(&api.read(record).await, &story.register);
    assert_eq!(&read, record, "{:?}", story.register);
    let put = api.put(record, &story.put).await;
    let told = judged(&put, &(&story.register, &story.put));
    if put.status == 200 {
        let again = judged(&api.put(record, &story.put).await, &story.put);
        assert_eq!(again, told, "the same body twice changes nothing: {:?}", story.put);
    }
    let patch = api.json(Method::PATCH, &url, token, &story.patch.to_string()).await;
    judged(&patch, &(&story.register, &story.put, &story.patch));
    let echoed = judged(&api.read(record).await, story);
    let echo = api.put(record, &echoed).await;
    assert_eq!(judged(&echo, &echoed), echoed, "an echo changes nothing");
    judged(&api.renew(record).await, story);
    judged(&api.json(Method::PUT, &api.url(&format!("/oidc/register/{}", story.path)), token, "{}").await, story);
}

async fn use_it(server: &TestServer, client: &Credentials, story: &Story) {
    let api = &server.api;
    let answer = judged(&api.form("/oauth/token", client, &story.form).await, story);
    judged(&api.introspect(client, &story.path).await, story);
    judged(&api.form("/oauth/introspect", client, &story.form).await, story);
    if let Some(token) = answer["access_token"].as_str() {
        let form = format!("token={token}");
        assert_eq!(judged(&api.introspect(client, token).await, story)["active"], true);
        judged(&api.form("/oauth/check_token", client, &form).await, story);
        judged(&api.form("/oauth/revoke", client, &form).await, story);
        judged(&api.form("/oauth/check_token", client, &form).await, story);
    }
}

#[rstest]
#[tokio::test]
async fn whatever_is_registered_and_asked_for(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["read"]).await;
    server.set_domain(|settings| settings.open_registration = true).await;
    server.set_policy("mcp", |policy| policy.quota = None).await;
    let other = server.add_gateway().await;
    let (one, other) = (server.admin_token().await, server.api.token(&other, "").await);
    let (mut runner, stories) = (TestRunner::deterministic(), story());
    let mut registered = 0;
    for _ in 0..CASES {
        let story = stories.new_tree(&mut runner).unwrap().current();
        let token = ["", one.as_str(), other.as_str()][story.registrant];
        registered += usize::from(tell(&server, token, &story).await);
    }
    assert!((CASES / 3..CASES).contains(&registered), "{registered} of {CASES} registered: the bodies test too little");
}

#[rstest]
#[tokio::test]
async fn whatever_is_read(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, admin) = (&server.api, server.admin_token().await);
    for path in [
        "/main/oidc/.well-known/openid-configuration",
        "/main/oidc/.well-known/jwks.json",
        "/main/oidc/.well-known/nowhere",
        "/.well-known/oauth-authorization-server/main/oidc",
        "/.well-known/oauth-protected-resource",
        "/favicon.ico",
        "/main/oauth/authorized",
        "/main/oidc/register",
        "/main/oidc/register_templates",
        "/main/oauth/token",
        "/healthz",
        "/readyz",
        "/",
        "//",
        "/main",
        "/main/",
        "/%2e%2e/etc",
        "/main/oidc/register/%00",
        "/main/oidc/register/%ff",
        "/main/oidc/register//renew_secret",
        "/unknown/oidc/.well-known/openid-configuration",
    ] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let url = format!("{}{path}", api.base);
            judged(&api.send(method.clone(), &url, &[], "").await, &path);
            judged(&api.bare(method.clone(), &url, &admin).await, &path);
            judged(&api.json(method, &url, &admin, "{\"redirect_uris\":null}").await, &path);
        }
    }
}

#[rstest]
#[tokio::test]
async fn whatever_the_headers_say(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (api, credentials) = (&server.api, basic(&server.gateway));
    let (mut runner, texts) = (TestRunner::deterministic(), text());
    for _ in 0..60 {
        let text = texts.new_tree(&mut runner).unwrap().current();
        let value: String = text.chars().filter(|c| (' '..='~').contains(c)).collect();
        for (name, value) in [
            ("authorization", value.clone()),
            ("authorization", format!("Bearer {value}")),
            ("authorization", format!("Basic {value}")),
            ("content-type", value.clone()),
            ("x-forwarded-for", value.clone()),
            ("x-request-id", value.clone()),
            ("if-none-match", value.clone()),
        ] {
            let more =
                if name == "authorization" { ("accept", "*/*") } else { ("authorization", credentials.as_str()) };
            for path in ["/oauth/token", "/oidc/register", "/oauth/introspect"] {
                let answer = api.send(Method::POST, &api.url(path), &[(name, value.as_str()), more], "token=x").await;
                judged(&answer, &(name, &value));
            }
            let url = api.url("/oidc/.well-known/openid-configuration");
            judged(&api.send(Method::GET, &url, &[(name, value.as_str())], "").await, &(name, &value));
        }
    }
}
