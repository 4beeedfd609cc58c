//! `registrar harness` as a process, and that `serve` has nothing of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::Value;

use crate::support::{Api, Backend, Database, Launch, TestServer, eventually, free_port};

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_registrar"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REGISTRAR_") || name == "DATABASE_URL") {
        command.env_remove(name);
    }
    command.arg("harness").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Starts it and reads its card.
    fn start(command: &mut Command) -> (Self, Value) {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let running = Self(child);
        (running, serde_json::from_str(&line).unwrap_or_else(|_| panic!("no card: {line:?}")))
    }

    async fn ends(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.0.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "it did not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Starts it and expects it to refuse; what it said.
fn refused(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn the_card_is_one_line_and_the_server_ends_with_its_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    // Nothing that lies about is read, and nothing is left behind.
    std::fs::write(folder.path().join("registrar.toml"), "nonsense = 1\n").unwrap();
    let (mut running, card) = Running::start(command().arg("--exit-with-stdin").current_dir(folder.path()));
    let text = |member: &str| card[member].as_str().unwrap().to_owned();
    assert_eq!((&card["ready"], &card["harness"], &card["domain"]), (&true.into(), &true.into(), &"main".into()));
    assert_eq!(text("control_url"), format!("{}/harness/v1", text("public_url")));
    let api = Api::new(text("public_url"), "main");
    assert_eq!(api.get(&text("discovery_url")).await.expect(200)["issuer"], text("issuer"));
    assert_eq!(api.get(&text("control_url")).await.expect(200), card);
    // The token on the card is one of the administration API.
    let bearer = format!("Bearer {}", text("api_token"));
    let domains = format!("{}/api/v1/domains", api.base);
    api.send(Method::GET, &domains, &[("authorization", &bearer)], "").await.expect(200);
    api.get(&domains).await.expect_problem(401, "invalid_token");
    drop(running.0.stdin.take());
    running.ends().await;
    assert!(running.0.wait().unwrap().success());
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["registrar.toml"]);
}

#[tokio::test]
async fn what_is_no_test_is_refused_with_the_reason() {
    let database = "postgres://app:very-secret@db.example/app";
    for told in [
        refused(command().env("DATABASE_URL", database)),
        refused(command().args(["--database-url", database])),
        refused(command().env("REGISTRAR_DATABASE__URL", "sqlite:real.db")),
    ] {
        assert!(told.contains("keeps everything in memory") && !told.contains("very-secret"), "{told}");
    }
    let told = refused(command().env("REGISTRAR_MASTER_KEY", "00".repeat(32)));
    assert!(told.contains("a master key is set") && !told.contains("0000"), "{told}");
    let told = refused(command().args(["--listen", "0.0.0.0:0"]));
    assert!(told.contains("beyond loopback") && told.contains("--anybody-may-control-it"), "{told}");
    let (_running, card) = Running::start(command().args(["--listen", "0.0.0.0:0", "--anybody-may-control-it"]));
    assert!(card["control_url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{card}");
    let allowed = ["--listen", "0.0.0.0:0", "--anybody-may-control-it", "--public-url", "http://registrar.test"];
    let (_running, card) = Running::start(command().args(allowed));
    // Whoever says so tests, wherever they reach it from: what a first try needs acts.
    assert_eq!((&card["issuer"], &card["quick_start"]), (&"http://registrar.test/main/oidc".into(), &true.into()));
    // Wherever everybody else reaches it: it is steered where it listens.
    let control = card["control_url"].as_str().unwrap();
    let api = Api::new(control.to_owned(), "main");
    assert_eq!(api.get(&format!("{control}/")).await.expect(200), card);
}

#[tokio::test]
async fn settings_say_where_it_listens_unless_a_flag_does() {
    let free = || format!("127.0.0.1:{}", free_port());
    let listens_at = |command: &mut Command| {
        let (_running, card) = Running::start(command);
        card["public_url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned()
    };
    let (set, variable, file, flag) = (free(), free(), free(), free());
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("named.toml");
    std::fs::write(&named, format!("listen = \"{file}\"\n")).unwrap();
    let with_file = || {
        let mut started = command();
        started.arg("--config").arg(&named);
        started
    };
    assert_eq!(listens_at(&mut with_file()), file);
    assert_eq!(listens_at(with_file().env("REGISTRAR_LISTEN", &variable)), variable);
    let setting = format!("listen={set}");
    assert_eq!(listens_at(command().env("REGISTRAR_LISTEN", &variable).args(["--set", &setting])), set);
    assert_eq!(listens_at(command().args(["--set", &setting, "--listen", &flag])), flag);
    for told in [
        refused(command().env("REGISTRAR_LISTEN", "0.0.0.0:0")),
        refused(command().args(["--set", "listen=0.0.0.0:0"])),
    ] {
        assert!(told.contains("--anybody-may-control-it"), "{told}");
    }
    assert!(refused(command().args(["--server", "http://127.0.0.1:1"])).contains("leave them out"));
    for wrong in [["--public-url", "foo"], ["--listen", "foo"], ["--base-url", "foo"]] {
        assert_eq!(command().args(wrong).output().unwrap().status.code(), Some(2), "{wrong:?}");
    }
    let help = command().arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("none is read unless") && help.contains("--set"), "{help}");
    for absent in ["registrar.toml", "--server", "--token-file", "--json"] {
        assert!(!help.contains(absent), "{help}");
    }
}

#[tokio::test]
async fn a_signal_ends_it_at_once() {
    let (mut running, card) = Running::start(&mut command());
    // A connection that is open does not hold it up.
    let address = card["public_url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    let mut open = std::net::TcpStream::connect(address).unwrap();
    open.write_all(b"GET /main/oauth/token").unwrap();
    let began = Instant::now();
    let sent = Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap();
    assert!(sent.success());
    running.ends().await;
    assert!(began.elapsed() < Duration::from_secs(5));
    let mut log = String::new();
    running.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test]
async fn serve_has_nothing_of_the_harness() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(server) = TestServer::start(backend).await else { continue };
        for (method, path) in [
            (Method::GET, "/harness/v1"),
            (Method::GET, "/harness/v1/openapi.json"),
            (Method::GET, "/harness/v1/clock"),
            (Method::POST, "/harness/v1/clock"),
            (Method::POST, "/harness/v1/reset"),
            (Method::POST, "/harness/v1/domains/main/tokens"),
            (Method::GET, "/harness/v1/domains"),
        ] {
            let url = format!("{}{path}", server.api.base);
            let answer = server.api.send(method.clone(), &url, &[("content-type", "application/json")], "{}").await;
            assert_eq!(answer.status, 404, "{method} {path}");
        }
        assert!(!server.app.throw_away);
        let login = server.api.get(&server.api.url("/login")).await;
        assert!(!login.text.contains("harness-notice"));
    }
    assert!(registrar::routes::routes().all(|route| !route.path.contains("harness")));
}

#[tokio::test]
async fn serve_runs_by_the_systems_clock_and_makes_its_own_keys() {
    let Some(database) = Database::fresh(Backend::Sqlite).await else { return };
    let mut process = Launch::on(&database).start().await;
    let keys = process.api.get(&process.api.url("/oidc/.well-known/jwks.json")).await.expect(200).to_string();
    assert!(keys.contains("\"kid\"") && !keys.contains("harness-"), "{keys}");
    let token = process.api.token(&process.gateway, "dcr_admin").await;
    let now = registrar::model::time::Clock::System.now().seconds();
    assert!((now - crate::support::claims(&token)["iat"].as_i64().unwrap()).abs() < 60);
    process.stop().await;
    // A key that everybody has does not sign for anybody.
    let renamed =
        database.execute("update signing_keys set kid = 'harness-rs256-1-abc' where algorithm = 'RS256'").await;
    assert_eq!(renamed, 1);
    let told = Launch::on(&database).refuses().await;
    assert!(told.contains("signing keys of the harness mode"), "{told}");
}

#[tokio::test]
async fn many_run_at_once() {
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(Running::start(&mut command()));
    }
    for (_, card) in &all {
        let api = Api::new(card["public_url"].as_str().unwrap().to_owned(), "main");
        eventually("it answers", Duration::from_secs(20), async || {
            api.get(card["discovery_url"].as_str().unwrap()).await.status == 200
        })
        .await;
    }
}
