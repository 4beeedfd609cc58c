//! What no well-behaved HTTP library sends: raw bytes, endless bodies, slow heads, several requests at once.

use std::net::SocketAddr;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Backend, TestServer, basic};

const PATIENCE: Duration = Duration::from_secs(20);
const TEN_MEGABYTES: usize = 10 * 1024 * 1024;

/// Sends bytes and reads until the server closes or `enough` says so; the sending goes on while answers come.
async fn exchange(address: SocketAddr, bytes: Vec<u8>, enough: impl Fn(&str) -> bool) -> String {
    let (mut reader, mut writer) = TcpStream::connect(address).await.unwrap().into_split();
    let sending = tokio::spawn(async move {
        // The server may close before it has everything.
        let _ = writer.write_all(&bytes).await;
        writer
    });
    let mut text = String::new();
    let mut buffer = [0; 8192];
    let reading = async {
        while !enough(&text) {
            match reader.read(&mut buffer).await {
                Ok(read @ 1..) => text.push_str(&String::from_utf8_lossy(&buffer[..read])),
                _ => break,
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the server neither answers nor closes");
    sending.abort();
    text
}

/// One answer, or what came before the server closed.
async fn one(address: SocketAddr, bytes: impl Into<Vec<u8>>) -> String {
    exchange(address, bytes.into(), is_complete).await
}

fn is_complete(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    length.is_none_or(|length: usize| body.len() >= length)
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[track_caller]
fn assert_json_error(answer: &str, wanted: u16) {
    assert_eq!(status(answer), wanted, "{answer}");
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert!(body["error"].is_string() && body["error_description"].is_string(), "{answer}");
}

struct Target {
    server: TestServer,
    address: SocketAddr,
    bearer: String,
    basic: String,
    clients: i64,
}

impl Target {
    async fn new(backend: Backend) -> Option<Self> {
        let server = TestServer::start_with(backend, |settings| {
            settings.limits.header_timeout_seconds = 1;
            settings.limits.body_timeout_seconds = 2;
        })
        .await?;
        let (admin, basic) = (server.admin_token().await, basic(&server.gateway));
        let (address, clients) = (server.address, server.database.count(CLIENTS).await);
        Some(Self { server, address, bearer: format!("Bearer {admin}"), basic, clients })
    }

    fn registration(&self, headers: &str) -> String {
        let bearer = &self.bearer;
        format!(
            "POST /main/oidc/register HTTP/1.1\r\nhost: a\r\nauthorization: {bearer}\r\ncontent-type: application/json\r\n{headers}\r\n\r\n"
        )
    }

    fn token(&self, headers: &str, body: &str) -> String {
        let basic = &self.basic;
        let length = body.len();
        format!(
            "POST /main/oauth/token HTTP/1.1\r\nhost: a\r\nauthorization: {basic}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        )
    }

    async fn is_unharmed(&self) {
        assert_eq!(self.server.database.count(CLIENTS).await, self.clients);
        self.server.admin_token().await;
    }
}

const CLIENTS: &str = "select count(*) from clients";
const GRANT: &str = "grant_type=client_credentials";

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_of_ten_megabytes_are_refused_however_they_come(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(target) = Target::new(backend).await else { return };
    let filling = vec![b' '; TEN_MEGABYTES];
    let announced = target.registration(&format!("content-length: {TEN_MEGABYTES}"));
    assert_json_error(&one(target.address, [announced.as_bytes(), &filling].concat()).await, 413);

    let chunk = [format!("{TEN_MEGABYTES:x}\r\n").as_bytes(), &filling, b"\r\n0\r\n\r\n"].concat();
    let chunked = target.registration("transfer-encoding: chunked");
    assert_json_error(&one(target.address, [chunked.as_bytes(), &chunk].concat()).await, 413);

    let expecting = target.registration("content-length: 10485760\r\nexpect: 100-continue");
    assert_json_error(&one(target.address, expecting).await, 413);
    let endless = target.registration("content-length: 99999999999999999999");
    assert_eq!(status(&one(target.address, endless).await), 400);
    let huge = target.registration("content-length: 18446744073709551615");
    let answer = one(target.address, huge).await;
    assert!((400..500).contains(&status(&answer)), "{answer:?}");
    let form = format!("a={}", "x".repeat(TEN_MEGABYTES));
    assert_json_error(&one(target.address, target.token("", &form)).await, 413);
    target.is_unharmed().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_requests_end_their_connection_and_nothing_else(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(target) = Target::new(backend).await else { return };
    let long = "x".repeat(60_000);
    let many = "a: b\r\n".repeat(200);
    let malformed = [
        "GET\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "\0\0\0\0\r\n\r\n".to_owned(),
        format!("GET /{long} HTTP/1.1\r\nhost: a\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: a\r\n{many}\r\n"),
        "GET / HTTP/1.1\r\nhost: a\r\nbad header: x\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n".to_owned(),
        "GET /\u{1} HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(),
        target.registration("content-length: 2\r\ncontent-length: 3") + "{}",
        target.registration("content-length: -1") + "{}",
        target.registration("transfer-encoding: gzip") + "{}",
        target.registration("transfer-encoding: chunked") + "zz\r\n{}\r\n0\r\n\r\n",
    ];
    for request in malformed {
        let answer = one(target.address, request.clone()).await;
        let refused = answer.is_empty() || (400..500).contains(&status(&answer));
        assert!(refused, "{:.80}: {answer}", request.escape_debug().to_string());
    }
    target.is_unharmed().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn absurd_methods_and_targets_are_refused_in_json(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(target) = Target::new(backend).await else { return };
    for (line, wanted) in [
        ("TRACE /main/oidc/register HTTP/1.1", 405),
        ("BREW /main/oauth/token HTTP/1.1", 405),
        ("GET /main/oauth/token HTTP/1.1", 405),
        ("DELETE /healthz HTTP/1.1", 405),
        ("PROPFIND / HTTP/1.1", 404),
        ("GET /main/../main/healthz HTTP/1.1", 404),
        ("GET /%2e%2e/healthz HTTP/1.1", 404),
        ("GET /healthz%00 HTTP/1.1", 404),
        ("GET //healthz HTTP/1.1", 404),
        ("GET /main%2foidc/.well-known/openid-configuration HTTP/1.1", 404),
        ("GET /nowhere HTTP/1.1", 404),
    ] {
        let answer = one(target.address, format!("{line}\r\nhost: a\r\ncontent-length: 0\r\n\r\n")).await;
        assert_json_error(&answer, wanted);
    }
    for line in ["CONNECT a.example:443 HTTP/1.1", "OPTIONS * HTTP/1.1", "GET http://a.example/ HTTP/1.1"] {
        let answer = one(target.address, format!("{line}\r\nhost: a.example\r\n\r\n")).await;
        assert!((200..500).contains(&status(&answer)), "{line}: {answer}");
    }
    target.is_unharmed().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_of_strangers_decide_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(target) = Target::new(backend).await else { return };
    let lies = "host: evil.example\r\nx-forwarded-host: evil.example\r\nx-forwarded-proto: https\r\nforwarded: host=evil.example;for=8.8.8.8\r\nx-forwarded-for: 8.8.8.8\r\nx-original-url: /healthz\r\nx-http-method-override: DELETE\r\n";
    let discovery = format!("GET /main/oidc/.well-known/openid-configuration HTTP/1.1\r\n{lies}\r\n");
    let answer = one(target.address, discovery).await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert!(!answer.contains("evil.example"), "{answer}");
    let id = "x-request-id: a%0d%0aset-cookie: b\r\n";
    let answer = one(target.address, target.token(id, GRANT)).await;
    assert!(status(&answer) == 200 && !answer.contains("set-cookie"), "{answer}");
    let source = "select count(*) from audit_events where source = '8.8.8.8'";
    let register =
        target.registration(&format!("{}content-length: 2", lies.replace("host: evil.example\r\n", ""))) + "{";
    assert!(status(&one(target.address, register + "}").await) < 500);
    assert_eq!(target.server.database.count(source).await, 0, "no proxy is trusted unless it is named");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_and_hasty_clients_are_answered(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(target) = Target::new(backend).await else { return };
    let old = target.token("", GRANT).replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(status(&exchange(target.address, old.into(), |_| false).await), 200, "and closed");
    // Refusals in between do not cost the connection.
    let refused = target.token("", "grant_type=nonsense");
    let unread = "POST /main/oidc/register HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello".to_owned();
    let pipeline = [target.token("", GRANT), refused, unread, target.token("", GRANT)].concat();
    let answers = exchange(target.address, pipeline.into(), |text| text.matches("HTTP/1.1 ").count() == 4).await;
    let statuses: Vec<u16> = answers.split("HTTP/1.1 ").skip(1).map(|rest| rest[..3].parse().unwrap()).collect();
    assert_eq!(statuses, [200, 400, 415, 200], "{answers}");
    target.is_unharmed().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dawdlers_are_shown_the_door(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(target) = Target::new(backend).await else { return };
    let mut dawdlers = tokio::task::JoinSet::new();
    for n in 0..50 {
        let head =
            if n % 2 == 0 { "GET /healthz HTTP/1.1\r\n".to_owned() } else { target.registration("content-length: 99") };
        let address = target.address;
        dawdlers.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..100 {
                let _ = stream.write_all(b"x").await;
                let mut answer = [0; 1024];
                if let Ok(read) = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut answer)).await {
                    return String::from_utf8_lossy(&answer[..read.unwrap_or(0)]).into_owned();
                }
            }
            panic!("still connected after ten seconds");
        });
    }
    for answer in dawdlers.join_all().await {
        assert!(answer.is_empty() || status(&answer) == 408, "{answer}");
    }
    let body = json!({ "grant_types": ["client_credentials"] });
    let admin = target.server.admin_token().await;
    target.server.api.register(&admin, &body).await.expect(201);
}
