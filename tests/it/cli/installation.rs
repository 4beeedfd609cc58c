//! A throw-away installation: a folder, a database, a free port, and the binary run in it.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{Connection as _, Executor as _};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_registrar");

/// Numbers the databases of this process.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    /// Only where `REGISTRAR_TEST_POSTGRES` names a server on which databases may be created.
    Postgres,
}

/// A folder, a database and a port of their own.
pub struct Installation {
    pub folder: TempDir,
    pub port: u16,
    /// Variables that every command gets.
    pub environment: Vec<(&'static str, String)>,
    created: Option<(String, String)>,
}

impl Installation {
    /// A fresh one; `None` where there is no PostgreSQL to test with.
    pub fn new(database: Database) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let listen = ("REGISTRAR_LISTEN", format!("127.0.0.1:{port}"));
        let mut new = Self { folder, port, environment: vec![listen], created: None };
        if database == Database::Postgres {
            let Ok(server) = std::env::var("REGISTRAR_TEST_POSTGRES") else {
                eprintln!("skipped: REGISTRAR_TEST_POSTGRES names no PostgreSQL server");
                return None;
            };
            let name = format!("registrar_cli_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            administer(&server, &format!("create database {name}"));
            let mut url = url::Url::parse(&server).expect("REGISTRAR_TEST_POSTGRES is a URL");
            url.set_path(&name);
            new.environment.push(("DATABASE_URL", url.to_string()));
            new.environment.push(("REGISTRAR_MASTER_KEY", "07".repeat(32)));
            new.created = Some((server, name));
        }
        Some(new)
    }

    /// A fresh one with the domain `main`.
    pub fn with_domain(database: Database) -> Option<Self> {
        let new = Self::new(database)?;
        new.ok(&["domain", "create", "main"]);
        Some(new)
    }

    /// What the server logged so far.
    pub fn log(&self) -> String {
        read(&self.path("server.log"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder, where commands find it by its name.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the folder is writable");
    }

    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("REGISTRAR_") || name_text == "DATABASE_URL" {
                command.env_remove(&name);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (*name, value)));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary runs")
    }

    /// What a command that succeeds prints.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// The one JSON document that a command prints with `--json`.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let text = self.ok(&arguments);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    }

    /// The one line that a command which fails prints on stderr.
    pub fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
        assert_eq!(errors.trim_end().lines().count(), 1, "{arguments:?}: {errors}");
        errors.trim_end().to_owned()
    }

    /// Starts a server and waits for its card.
    pub fn serve(&self, arguments: &[&str]) -> Server {
        let arguments: Vec<&str> = ["serve", "--card", "json"].into_iter().chain(arguments.iter().copied()).collect();
        let log = std::fs::File::create(self.path("server.log")).expect("the folder is writable");
        let mut child = self.command(&arguments).stdout(Stdio::piped()).stderr(log).spawn().expect("the binary runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let card = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: no card: {line:?}"));
        Server { child, card, base: format!("http://127.0.0.1:{}", self.port) }
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.created {
            administer(server, &format!("drop database {name} with (force)"));
        }
    }
}

fn administer(server: &str, statement: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(server).await.expect("PostgreSQL answers");
        connection.execute(sqlx::AssertSqlSafe(statement.to_owned())).await.expect("the statement runs");
    });
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    pub card: Value,
    pub base: String,
}

impl Server {
    /// Sends a request and reads the answer: status and body, as JSON where it is JSON.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.base.trim_start_matches("http://")).expect("the server listens");
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", &self.base[7..]);
        for (name, value) in headers {
            let _ = write!(request, "{name}: {value}\r\n");
        }
        let _ = write!(request, "content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the answer is text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).unwrap_or(Value::String(body.to_owned())))
    }

    /// Asks for a token by client credentials.
    pub fn token(&self, client_id: &str, secret: &str, more: &str) -> (u16, Value) {
        let body = format!("grant_type=client_credentials&client_id={client_id}&client_secret={secret}{more}");
        let form = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", "/main/oauth/token", &form, &body)
    }

    /// Registers a client.
    pub fn register(&self, token: Option<&str>, body: &Value) -> (u16, Value) {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        self.send("POST", "/main/oidc/register", &headers, &body.to_string())
    }

    /// Waits until what a command changed is in force; it takes no longer than the change feed's second.
    pub fn soon(&self, what: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !what(self) {
            assert!(began.elapsed() < Duration::from_secs(2), "the server did not see the change within two seconds");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text of a member.
pub fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("{member} of {value}")).to_owned()
}

/// What a file holds.
pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("the file is readable")
}
