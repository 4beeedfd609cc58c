//! `serve` itself, and the commands that look at a running server or need none.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use rstest::rstest;
use serde_json::{Value, json};

use super::installation::text;
use super::{Database, Installation};

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn the_first_start_prints_a_card_and_its_secrets_once(#[case] database: Database) {
    let Some(it) = Installation::new(database) else { return };
    let server = it.serve(&[]);
    let card = server.card.clone();
    assert_eq!((&card["ready"], &card["domain"], &card["quick_start"]), (&json!(true), &json!("main"), &json!(true)));
    let base = format!("http://127.0.0.1:{}", it.port);
    assert_eq!(card["discovery_url"], format!("{base}/main/oidc/.well-known/openid-configuration"));
    let gateway = &card["gateway"];
    assert_eq!(gateway["renew_secret_url"], format!("{base}/main/oidc/register/{{#client_id}}/renew_secret"));
    let (id, secret) = (text(gateway, "client_id"), text(gateway, "client_secret"));
    assert_eq!(server.token(&id, &secret, "&scope=dcr_admin").0, 200);
    assert_eq!(card["console_url"], format!("{base}/console"));
    let owner = &card["administrator"];
    assert_eq!((text(owner, "username").as_str(), text(owner, "password").len()), ("admin", 22));
    let kept = it.json(&["administrator", "show", "admin"]);
    assert_eq!((&kept["role"], &kept["all_domains"], &kept["version"]), (&json!("owner"), &json!(true), &json!(1)));
    drop(server);
    let again = it.serve(&[]);
    assert_eq!((again.card.get("administrator"), &again.card["console_url"]), (None, &card["console_url"]));
    assert_eq!(it.json(&["administrator", "show", "admin"])["version"], 1, "the password is the one that was shown");
    assert_eq!(
        (&again.card["gateway"]["client_id"], &again.card["gateway"]["client_secret"]),
        (&json!(id), &json!(null))
    );
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn the_first_domain_can_be_left_out(#[case] database: Database) {
    let Some(it) = Installation::new(database) else { return };
    let _server = it.serve(&["--no-default-domain"]);
    assert_eq!(it.json(&["domain", "list"]), json!([]));
    assert!(it.refused(&["domain", "show", "main"]).contains("there is none at all"));
}

#[test]
fn a_second_server_on_one_sqlite_file_is_refused() {
    let it = Installation::new(Database::Sqlite).unwrap();
    let _server = it.serve(&["--no-default-domain"]);
    let error = it.refused(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(error.contains("another server is running"), "{error}");
}

#[test]
fn commands_do_not_make_a_database_by_accident() {
    let it = Installation::new(Database::Sqlite).unwrap();
    assert!(it.refused(&["domain", "list"]).contains("there is no database"));
    assert_eq!(std::fs::read_dir(it.folder.path()).unwrap().count(), 0);
}

#[test]
fn completions_are_there_for_every_shell() {
    let it = Installation::new(Database::Sqlite).unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = it.ok(&["completions", shell]);
        assert!(script.contains("registrar") && script.contains("initial-token"), "{shell}");
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn health_tells_whether_the_server_may_be_sent_requests(#[case] database: Database) {
    let Some(it) = Installation::new(database) else { return };
    assert!(it.refused(&["health"]).contains("cannot connect"));
    let server = it.serve(&["--no-default-domain"]);
    server.soon(|server| server.send("GET", "/readyz", &[], "").0 == 200);
    assert_eq!(it.ok(&["health"]), "ready\n");
    assert_eq!(it.json(&["health", "--url", &format!("{}/readyz", server.base)])["ready"], true);
    assert!(it.refused(&["health", "--url", &format!("{}/nowhere", server.base)]).contains("404"));
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn the_doctor_finds_nothing_wrong_with_a_fresh_server(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    let server = it.serve(&[]);
    let issuer = format!("{}/main/oidc", server.base);
    for url in [issuer.clone(), format!("{issuer}/.well-known/openid-configuration")] {
        let report = it.json(&["doctor", &url]);
        assert_eq!((&report["healthy"], &report["issuer"]), (&json!(true), &json!(issuer)), "{report}");
        assert_eq!(report["checks"].as_array().unwrap().len(), 9);
    }
    let told = it.ok(&["doctor", &issuer]);
    assert!(told.lines().skip(1).all(|line| line.starts_with('✓')), "{told}");

    let elsewhere = format!("http://localhost:{}/main/oidc", it.port);
    let output = it.run(&["doctor", &elsewhere]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("✗ issuer") && told.contains("→ clients compare it exactly"), "{told}");
    assert!(it.refused(&["doctor", "nonsense"]).contains("is not a URL"));
}

/// A web server that knows nothing of OAuth answers HTML everywhere.
#[test]
fn the_doctor_names_the_remedy_where_something_else_answers() {
    let it = Installation::new(Database::Sqlite).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/main/oidc", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let page =
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>";
            let _ = stream.write_all(page.as_bytes());
        }
    });
    let output = it.run(&["doctor", &url, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["healthy"], false);
    let wrong = report["checks"].as_array().unwrap().last().unwrap();
    assert!(wrong["detail"].as_str().unwrap().contains("text/html") && wrong["remedy"].is_string(), "{report}");
}
