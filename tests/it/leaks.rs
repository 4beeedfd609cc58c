//! Nothing that is secret shows up where it does not belong: logs, answers, metrics, the audit log, the database.

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::audit_log;
use crate::support::{
    Answer, Backend, Credentials, Database, Launch, MASTER_KEY, Process, REDIRECT, VERIFIER, add_user, basic, log_in,
    text,
};

/// Every secret of the run, and every text that must not hold one.
#[derive(Default)]
struct Witness {
    secrets: Vec<(&'static str, String)>,
    seen: Vec<(String, String)>,
}

impl Witness {
    fn secret(&mut self, what: &'static str, text: &str) {
        assert!(text.len() > 20, "{what}: {text}");
        self.secrets.push((what, text.to_owned()));
    }

    /// An answer that should not hold any secret.
    fn sees(&mut self, what: &str, answer: &Answer) {
        self.seen.push((format!("the answer to {what}"), format!("{:?} {}", answer.headers, answer.text)));
    }

    fn check(&self) {
        for (place, text) in &self.seen {
            self.absent_in(place, text.as_bytes());
        }
    }

    fn absent_in(&self, place: &str, bytes: &[u8]) {
        for (what, secret) in &self.secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{place} holds {what}");
        }
    }
}

#[rstest]
#[case("info,registrar=trace", "text")]
#[case("trace", "json")]
#[tokio::test]
async fn no_secret_is_logged_answered_counted_or_stored_in_clear(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] level: &str,
    #[case] format: &str,
) {
    let Some(database) = Database::fresh(backend).await else { return };
    let launch = Launch::on(&database)
        .set(&format!("log.level={level}"))
        .set("log.requests=all")
        .set(&format!("log.format={format}"));
    let mut server = launch.start().await;
    let mut witness = Witness::default();
    witness.secret("the gateway's secret", &server.gateway.secret);
    let owner = server.card["administrator"]["password"].as_str().unwrap();
    witness.secret("the first administrator's password", owner);
    master_key(&mut witness, &database);
    the_whole_flow(&server, &mut witness).await;
    a_login(&server, &mut witness).await;
    everything_that_fails(&server, &mut witness).await;
    witness.sees("metrics", &server.api.get(&format!("{}/metrics", server.api.base)).await);
    let administrator = server.administrator().await;
    let domain = administrator.domain().await;
    server.stop().await;

    let events = audit_log(&administrator.store, domain.id()).await;
    assert!(events.len() > 10);
    witness.seen.push(("the audit log".to_owned(), serde_json::to_string(&events).unwrap()));
    let log = server.log();
    assert!(log.contains("registrar::request") && log.contains("/oidc/register"), "requests are logged: {log}");
    witness.seen.push(("the log".to_owned(), log));
    let stdout = server.stdout();
    let after_the_card = stdout.split_once('\n').map_or("", |(_, rest)| rest);
    witness.seen.push(("stdout after the card".to_owned(), after_the_card.to_owned()));
    witness.check();
    drop(administrator);
    if let Some(folder) = database.folder() {
        for name in ["registrar.db", "registrar.db-wal"] {
            witness.absent_in(name, &std::fs::read(folder.join(name)).unwrap_or_default());
        }
    } else {
        witness.absent_in("the tables", dump(&database).await.as_bytes());
    }
}

fn master_key(witness: &mut Witness, database: &Database) {
    witness.secret("the master key", MASTER_KEY);
    if let Some(folder) = database.folder() {
        let key = std::fs::read_to_string(folder.join("registrar.key")).unwrap();
        witness.secret("the generated master key", key.trim());
    }
}

/// Every table as text; bytes as hexadecimal, which `to_jsonb` writes.
async fn dump(database: &Database) -> String {
    let tables = [
        "clients",
        "client_secrets",
        "initial_access_tokens",
        "data_keys",
        "signing_keys",
        "audit_events",
        "authorizations",
        "authorization_codes",
        "refresh_tokens",
        "administrators",
        "administrator_sessions",
        "api_tokens",
    ];
    let mut text = String::new();
    for table in tables {
        let rows = format!("select coalesce(string_agg(to_jsonb(t)::text, ' '), '') from {table} t");
        text.push_str(&database.text(&rows).await);
        // As text as well, where bytes happen to be one.
        let rows = format!("select coalesce(string_agg(encode(t::text::bytea, 'escape'), ' '), '') from {table} t");
        text.push_str(&database.text(&rows).await);
    }
    text
}

async fn the_whole_flow(server: &Process, witness: &mut Witness) {
    let api = &server.api;
    let admin = api.token(&server.gateway, "dcr_admin").await;
    witness.secret("an administration token", &admin);
    let initial = server.administrator().await.initial_access_token(5).await;
    witness.secret("an initial access token", &initial);
    let body = json!({ "grant_types": ["client_credentials"], "client_name": "Leaky" });
    for token in [&admin, &initial] {
        let record = api.register(token, &body).await.expect(201);
        learn(witness, &record);
        learn(witness, &api.read(&record).await.expect(200));
        learn(witness, &api.put(&record, &json!({ "grant_types": ["client_credentials"] })).await.expect(200));
        let renewed = api.renew(&record).await.expect(200);
        learn(witness, &renewed);
        let application = Credentials::of(&renewed);
        let access = api.token(&application, "").await;
        witness.secret("an access token", &access);
        witness.sees("introspect", &api.introspect(&application, &access).await);
        witness.sees("check_token", &api.form("/oauth/check_token", &application, &format!("token={access}")).await);
        witness.sees("revoke", &api.form("/oauth/revoke", &application, &format!("token={access}")).await);
        witness.sees("introspect again", &api.introspect(&application, &access).await);
        witness.sees("read by the gateway", &api.bare(Method::GET, &api.client_url(&record), &admin).await);
        witness.sees("delete", &api.bare(Method::DELETE, &api.client_url(&record), token_of(&record)).await);
        witness.sees("read of a deleted client", &api.read(&record).await);
    }
}

/// A login's code and tokens, used rightly and wrongly, by a client with rotation.
async fn a_login(server: &Process, witness: &mut Witness) {
    let (api, administrator) = (&server.api, server.administrator().await);
    let admin = api.token(&server.gateway, "dcr_admin").await;
    let body = json!({
        "redirect_uris": [REDIRECT], "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none"
    });
    let client = Credentials::of(&api.register(&admin, &body).await.expect(201));
    let ada = add_user(&administrator.store, administrator.domain().await.id(), "ada").await;
    let code = log_in((&administrator.store, &administrator.keys), &client.id, &ada, |_, _| {}).await;
    witness.secret("a code", &code);
    witness.secret("a proof key", VERIFIER);
    witness.sees("a code without its proof", &api.redeem_with(&client, &code, "").await);
    let mut tokens = api.redeem(&client, &code).await.expect(200);
    for _ in 0..2 {
        for member in ["access_token", "refresh_token", "id_token"] {
            witness.secret(member, text(&tokens, member));
        }
        witness.sees("userinfo", &api.userinfo(text(&tokens, "access_token")).await);
        let refresh = text(&tokens, "refresh_token").to_owned();
        witness.sees("a refresh by another client", &api.refresh(&server.gateway, &refresh, "").await);
        witness.sees("introspect a refresh token", &api.introspect(&server.gateway, &refresh).await);
        tokens = api.refresh(&client, &refresh, "").await.expect(200);
    }
    witness.sees("a code again", &api.redeem(&client, &code).await);
    let form = format!("token={}", text(&tokens, "refresh_token"));
    witness.sees("revoke a refresh token", &api.post_as("/oauth/revoke", &client, &form).await);
}

fn learn(witness: &mut Witness, record: &Value) {
    witness.secret("a client secret", record["client_secret"].as_str().unwrap());
    witness.secret("a registration access token", token_of(record));
}

fn token_of(record: &Value) -> &str {
    record["registration_access_token"].as_str().unwrap()
}

/// What goes wrong tends to be explained, and explanations quote.
async fn everything_that_fails(server: &Process, witness: &mut Witness) {
    let (api, gateway) = (&server.api, &server.gateway);
    let admin = api.token(gateway, "dcr_admin").await;
    witness.secret("another administration token", &admin);
    let wrong = Credentials { id: gateway.id.clone(), secret: "wrong-but-somebodys-other-password".to_owned() };
    witness.secret("a wrong secret", &wrong.secret);
    witness.sees("a wrong secret", &api.token_answer(&wrong, "").await);
    witness.sees("a wrong secret by post", &api.form_post("/oauth/token", &posted(&wrong)).await);
    let twice = format!("{}&grant_type=client_credentials", posted(gateway));
    witness.sees("a parameter twice", &api.form_post("/oauth/token", &twice).await);
    let url = format!("{}?{}", api.url("/oauth/token"), posted(gateway));
    witness.sees("a secret in the URL", &api.send(Method::POST, &url, &[], "x").await);
    witness.sees("secrets in two places", &api.form("/oauth/token", gateway, &posted(gateway)).await);
    let refused = [
        json!({ "client_secret": wrong.secret, "redirect_uris": "x" }),
        json!({ "password": wrong.secret, "grant_types": 7 }),
    ];
    for body in &refused {
        witness.seen.push(("the answer to a bad body".to_owned(), without_echo(&api.register(&admin, body).await)));
    }
    witness.sees("a token as body", &api.json(Method::POST, &api.url("/oidc/register"), &admin, &admin).await);
    witness.sees("a mangled token", &api.register(&admin[..admin.len() - 4], &json!({})).await);
    let unknown = format!("rat_{}", &MASTER_KEY[..43]);
    witness.secret("an unknown token", &unknown);
    witness.sees("an unknown token", &api.bare(Method::GET, &api.url("/oidc/register/nobody"), &unknown).await);
    let header = basic(gateway);
    let as_basic = [("authorization", header.as_str()), ("content-type", "application/json")];
    witness.sees("Basic at registration", &api.send(Method::POST, &api.url("/oidc/register"), &as_basic, "{}").await);
}

fn posted(client: &Credentials) -> String {
    format!("grant_type=client_credentials&client_id={}&client_secret={}", client.id, client.secret)
}

/// A registrant is told its own bad values; they are no secrets of anybody else.
fn without_echo(answer: &Answer) -> String {
    answer.json()["error"].as_str().unwrap_or_default().to_owned()
}
