//! The same commands over the network: a server of its own, an API token, and no database at hand.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

use rstest::rstest;
use serde_json::{Value, json};

use super::installation::{Server, text};
use super::{Database, Installation};

/// A database with a server on it, and another machine.
struct Far {
    /// Beside the database.
    here: Installation,
    /// Without a database: it has the server's URL and a token.
    there: Installation,
    server: Server,
    token: String,
}

/// Commands from another machine, with this token.
fn machine(server: &str, token: &str) -> Installation {
    let mut there = Installation::new(Database::Sqlite).unwrap();
    there.environment.push(("REGISTRAR_SERVER", server.to_owned()));
    there.environment.push(("REGISTRAR_API_TOKEN", token.to_owned()));
    there
}

fn far(database: Database) -> Option<Far> {
    let here = Installation::with_domain(database)?;
    let token = text(&here.json(&["api-token", "create", "far", "--role", "owner"]), "api_token");
    let server = here.serve(&["--set", "log.requests=all"]);
    Some(Far { there: machine(&server.base, &token), here, server, token })
}

impl Far {
    /// What a command tells here and there is the same.
    #[track_caller]
    fn same(&self, arguments: &[&str]) -> Value {
        let (here, there) = (self.here.json(arguments), self.there.json(arguments));
        assert_eq!(here, there, "{arguments:?}");
        assert_eq!(self.here.ok(arguments), self.there.ok(arguments), "{arguments:?}");
        there
    }

    /// The token stands nowhere, and the other machine has no database.
    fn done(self) {
        let log = self.here.log();
        assert!(log.contains("/api/v1/") && !log.contains(&self.token), "{log}");
        assert!(!self.there.path("data").exists());
        drop(self.server);
    }
}

fn count(list: &Value) -> usize {
    list.as_array().unwrap_or_else(|| panic!("no list: {list}")).len()
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn domains_and_what_registrations_may_ask_for(#[case] database: Database) {
    let Some(far) = far(database) else { return };
    let there = &far.there;
    let made = there.json(&["domain", "create", "shop", "--preset", "mcp", "open_registration=false"]);
    assert_eq!(made["issuer"], format!("{}/shop/oidc", far.server.base));
    assert_eq!(made["settings"]["open_registration"], false);
    let set = there.json(&["domain", "set", "shop", "--preset", "gateway", "access_token_lifetime=600"]);
    assert_eq!((&set["settings"]["access_token_lifetime"], &set["version"]), (&json!(600), &json!(2)));
    assert_eq!(there.json(&["domain", "set", "shop", "access_token_lifetime="])["version"], 3);
    assert_eq!(count(&far.same(&["domain", "list"])), 2);
    far.same(&["domain", "show", "shop"]);
    assert!(there.refused(&["domain", "delete", "shop"]).contains("--yes"));
    there.ok(&["domain", "delete", "shop", "--yes"]);
    assert!(far.here.refused(&["domain", "show", "shop"]).contains("there is main"));

    there.json(&["scope", "create", "main", "orders", "--label", "Orders", "--self-registrable"]);
    assert_eq!(there.json(&["scope", "set", "main", "orders", "--hidden"])["label"], "Orders");
    assert!(far.same(&["scope", "list", "main"]).to_string().contains("\"orders\""));
    assert!(there.refused(&["scope", "create", "main", "orders"]).contains("already"));
    there.ok(&["scope", "delete", "main", "orders"]);
    assert!(!far.same(&["scope", "list", "main"]).to_string().contains("\"orders\""));

    let defaults = ["defaults={\"contacts\":[\"a@b.example\"],\"tos_uri\":\"https://b.example\"}", "quota=null"];
    let made = there.json(&[&["policy", "create", "main", "partners", "--from", "mcp"], &defaults[..]].concat());
    assert_eq!((&made["rules"]["quota"], &made["rules"]["scope_is_ceiling"]), (&json!(null), &json!(false)));
    there.write(
        "strict.toml",
        "grant_types = ['client_credentials']\nquota = 3\ndefaults = { contacts = ['c@d.example'] }",
    );
    let set = there.json(&["policy", "set", "main", "partners", "--from", "strict.toml", "secret_lifetime=60"]);
    assert_eq!((&set["rules"]["quota"], &set["rules"]["secret_lifetime"]), (&json!(3), &json!(60)));
    assert_eq!(set["rules"]["defaults"], json!({"contacts": ["c@d.example"]}), "replaced, not merged");
    far.same(&["policy", "show", "main", "partners"]);
    assert_eq!(count(&far.same(&["policy", "list", "main"])), 3);
    there.write("body.json", r#"{"redirect_uris": ["https://app.example/#x"]}"#);
    assert_eq!(there.json(&["policy", "dry-run", "main", "gateway", "body.json"])["accepted"], false);
    there.ok(&["policy", "delete", "main", "partners"]);
    assert!(there.refused(&["policy", "show", "main", "partners"]).contains("there is gateway, mcp"));

    let made = there.json(&["initial-token", "create", "main", "--label", "Partner", "--uses", "1"]);
    let body = json!({"client_name": "App", "grant_types": ["client_credentials"]});
    assert_eq!(far.server.register(Some(&text(&made, "initial_access_token")), &body).0, 201);
    assert!(far.there.ok(&["initial-token", "list", "main"]).contains("used up"));
    there.ok(&["initial-token", "revoke", "main", &text(&made, "id")]);
    assert_eq!(far.same(&["initial-token", "list", "main"])[0]["state"], "revoked");

    let identifier = "https://mcp.example/notes";
    let made = there.json(&["resource", "create", "main", "notes", "--identifier", identifier, "--scope", "email"]);
    assert!(made["client_secret"].is_string() && made["protected_resource"][0]["challenge"].is_string(), "{made}");
    let client = text(&there.json(&["client", "create", "main"]), "client_id");
    there.ok(&["resource", "grant", "main", "notes", &client]);
    assert_eq!(far.same(&["resource", "show", "main", "notes"])["granted_clients"], json!([client]));
    there.ok(&["resource", "revoke-grant", "main", "notes", &client]);
    let set = there.json(&["resource", "set", "main", "notes", "prefix_match=true", "scopes="]);
    assert_eq!((&set["settings"]["prefix_match"], &set["settings"]["scopes"]), (&json!(true), &json!(null)));
    assert_eq!(count(&far.same(&["resource", "list", "main"])), 1);
    there.ok(&["resource", "delete", "main", "notes"]);
    assert_eq!(far.here.json(&["resource", "list", "main"]), json!([]));
    far.done();
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn clients_keys_and_traces(#[case] database: Database) {
    let Some(far) = far(database) else { return };
    let there = &far.there;
    let made = there.json(&["client", "create", "main", "--name", "Batch", "--grant-scope", "email"]);
    let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    assert_eq!(far.server.token(&id, &secret, "").0, 200);
    let jwks = "jwks_uri=https://app.example/keys";
    let set = there.json(&["client", "set", "main", &id, "access_token_lifetime=60", "--metadata", jwks, "--trusted"]);
    assert_eq!((&set["settings"]["access_token_lifetime"], &set["settings"]["trusted"]), (&json!(60), &json!(true)));
    assert_eq!(set["metadata"]["jwks_uri"], "https://app.example/keys");
    assert_eq!(there.json(&["client", "suspend", "main", &id])["status"], "suspended");
    assert_eq!(far.server.token(&id, &secret, "").0, 401);
    there.ok(&["client", "resume", "main", &id]);
    let renewed = text(&there.json(&["client", "renew", "main", &id, "--grace", "1h"]), "client_secret");
    assert_eq!((far.server.token(&id, &secret, "").0, far.server.token(&id, &renewed, "").0), (200, 200));
    let shown = there.json(&["client", "show", "main", &id]);
    let old = shown["secrets"].as_array().unwrap().iter().find(|secret| secret["superseded"] == true).unwrap();
    there.ok(&["client", "end-secret", "main", &id, old["id"].as_str().unwrap()]);
    assert_eq!(far.server.token(&id, &secret, "").0, 401);
    for name in ["One", "Two", "Three"] {
        there.ok(&["client", "create", "main", "--name", name]);
    }
    assert_eq!(count(&there.json(&["client", "list", "main", "--limit", "2"])), 2);
    // Those of one second stand in the order of their ids.
    let all = there.json(&["client", "list", "main"]);
    let at = all.as_array().unwrap().iter().position(|client| client["client_id"] == id.as_str()).unwrap();
    assert_eq!(count(&there.json(&["client", "list", "main", "--after", &id])), count(&all) - at - 1);
    there.ok(&["client", "delete", "main", &id]);
    assert_eq!(far.here.json(&["client", "list", "main", "--status", "deleted"])[0]["client_id"], id.as_str());
    let bearer = format!("Bearer {}", far.token);
    for list in ["clients?after=nobody&q=x", "users?after=ada&cursor=x", "traces?after=x&cursor=y"] {
        let path = format!("/api/v1/domains/main/{list}");
        let (status, problem) = far.server.send("GET", &path, &[("authorization", &bearer)], "");
        assert!(status == 400 && text(&problem, "detail").starts_with("after: cannot"), "{problem}");
    }
    assert!(there.refused(&["client", "show", "main", "nobody"]).contains("client list main"));
    assert!(there.refused(&["client", "delete", "main", ".."]).contains("name nothing"));

    let kid = text(&far.same(&["keys", "list", "main"])[0], "kid");
    assert_eq!(count(&there.json(&["keys", "rotate", "main", "--now"])), 4);
    let after = there.json(&["keys", "revoke", "main", &kid]);
    assert!(after.as_array().unwrap().iter().any(|key| key["kid"] == kid.as_str() && key["state"] == "revoked"));
    far.same(&["keys", "list", "main"]);

    let query = "client_id=forgotten&response_type=code&redirect_uri=http%3A%2F%2F127.0.0.1%3A33418%2Fcb";
    assert_eq!(far.server.send("GET", &format!("/main/oauth/authorize?{query}"), &[], "").0, 400);
    let listed = || there.json(&["trace", "list", "--refused", "--client", "forgotten"])["attempts"].clone();
    far.server.soon(|_| count(&listed()) == 1);
    let attempt = text(&listed()[0], "attempt");
    assert!(there.ok(&["trace", "show", &attempt]).contains("Likely cause"));
    far.same(&["trace", "list", "--limit", "1"]);
    assert_eq!(there.json(&["trace", "list", "--after", &attempt])["attempts"], json!([]));
    assert!(there.refused(&["trace", "show", "nothing"]).contains("kept for 24 hours"));
    far.done();
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn people_and_those_who_administer(#[case] database: Database) {
    let Some(far) = far(database) else { return };
    let there = &far.there;
    let create =
        ["user", "create", "main", "ada", "--email", "ada@example.com", "--name", "Ada", "--generate-password"];
    let made = there.json(&create);
    assert_eq!((text(&made, "password").len(), &made["has_password"]), (22, &json!(true)));
    let set = there.json(&["user", "set", "main", "ADA@example.com", "--claim", "locale=en", "--email", ""]);
    assert_eq!(
        (&set["email"], &set["claims"]["locale"], &set["claims"]["name"]),
        (&json!(null), &json!("en"), &json!("Ada"))
    );
    there.ok(&["user", "create", "main", "eve", "--link"]);
    assert_eq!(count(&far.same(&["user", "list", "main"])), 2);
    assert_eq!(there.json(&["user", "list", "main", "--after", "ada"])[0]["username"], "eve");
    far.same(&["user", "show", "main", "ada"]);
    assert_eq!(
        text(&there.json(&["user", "reset-password", "main", "eve", "--generate-password"]), "password").len(),
        22
    );
    assert_eq!(far.same(&["user", "sessions", "main", "ada"]), json!([]));
    assert_eq!(there.json(&["user", "sessions", "main", "ada", "--end-all"])["ended"], 0);
    assert_eq!(far.same(&["user", "applications", "main", "ada"]), json!([]));
    let invited = there.json(&["user", "invite", "main", "--expires", "1h"]);
    assert!(text(&invited, "link").starts_with(&format!("{}/main/register?invite=", far.server.base)), "{invited}");
    there.ok(&["user", "delete", "main", "eve"]);
    let last = there.json(&["audit", "main", "--limit", "1"]);
    assert_eq!((count(&last), &last[0]["action"]), (1, &json!("user.delete")));
    assert!(text(&last[0], "actor").starts_with("api_token:"), "{last}");
    assert!(far.here.refused(&["user", "show", "main", "eve"]).contains("user list main"));

    let made =
        there.json(&["administrator", "create", "kim", "--role", "editor", "--domain", "main", "--generate-password"]);
    assert_eq!((&made["domains"], &made["all_domains"]), (&json!(["main"]), &json!(false)));
    assert_eq!(there.json(&["administrator", "set", "kim", "--role", "auditor", "--all-domains"])["all_domains"], true);
    far.same(&["administrator", "show", "KIM"]);
    assert!(far.same(&["administrator", "list"]).to_string().contains("\"kim\""));
    assert_eq!(there.json(&["administrator", "end-sessions", "kim"])["ended"], 0);
    assert!(there.refused(&["administrator", "remove-second-factor", "kim"]).contains("has no second factor"));
    there.ok(&["administrator", "delete", "kim"]);
    assert!(!far.here.ok(&["administrator", "list"]).contains("kim"));

    let made = there.json(&["api-token", "create", "more", "--role", "auditor", "--domain", "main", "--expires", "1h"]);
    assert_eq!((&made["domain"], &made["usable"]), (&json!("main"), &json!(true)));
    assert!(text(&made, "created_by").starts_with("api_token:"), "{made}");
    assert!(there.ok(&["api-token", "list"]).contains("more"));
    there.ok(&["api-token", "revoke", &text(&made, "id")]);
    assert!(far.here.ok(&["api-token", "list"]).contains("revoked"));
    far.done();
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn a_token_does_what_its_role_and_reach_allow(#[case] database: Database) {
    let Some(far) = far(database) else { return };
    far.here.ok(&["domain", "create", "shop"]);
    let narrow = |role| {
        let made = far.here.json(&["api-token", "create", "narrow", "--role", role, "--domain", "main"]);
        (text(&made, "id"), machine(&far.server.base, &text(&made, "api_token")))
    };
    let (id, auditor) = narrow("auditor");
    assert_eq!(count(&auditor.json(&["domain", "list"])), 1);
    let refused = auditor.refused(&["scope", "create", "main", "orders"]);
    assert!(refused.contains("this takes the role editor") && refused.contains("a token with that role"), "{refused}");
    let (_, editor) = narrow("editor");
    editor.ok(&["scope", "create", "main", "orders"]);
    for command in
        [&["domain", "show", "shop"][..], &["scope", "create", "shop", "x"], &["client", "show", "shop", "x"]]
    {
        let refused = editor.refused(command);
        assert!(refused.contains("no domain \"shop\" within reach; there is main"), "{refused}");
    }
    assert!(editor.refused(&["domain", "create", "more"]).contains("the role owner"));
    assert!(editor.refused(&["administrator", "list"]).contains("the role owner"));
    far.here.ok(&["api-token", "revoke", &id]);
    let refused = auditor.refused(&["domain", "list"]);
    assert!(refused.contains("was revoked; name a token that") && refused.contains("--token-file"), "{refused}");
    let wrong = machine(&far.server.base, "adm_nothing_at_all").refused(&["domain", "list"]);
    assert!(wrong.contains("the API token is unknown") && !wrong.contains("adm_nothing"), "{wrong}");
    far.done();
}

#[test]
fn the_token_comes_from_a_file_or_the_environment_and_some_commands_stay_here() {
    let far = far(Database::Sqlite).unwrap();
    let mut it = machine(&far.server.base, &far.token);
    it.environment.retain(|(name, _)| *name != "REGISTRAR_API_TOKEN");
    assert!(it.refused(&["domain", "list"]).contains("needs an API token: --token-file FILE, or REGISTRAR_API_TOKEN"));
    it.write("token", &format!("{}\n", far.token));
    assert_eq!(count(&it.json(&["domain", "list", "--token-file", "token"])), 1);
    it.write("token", "two words");
    let refused = it.refused(&["domain", "list", "--token-file", "token"]);
    assert!(refused.contains("is no API token") && !refused.contains("two words"), "{refused}");
    for command in [&["apply", "token"][..], &["keys", "rewrap"]] {
        let refused = far.there.refused(command);
        assert!(refused.contains("not over the network") || refused.contains("token"), "{refused}");
    }
    far.there.write("file.toml", "[[domain]]\nname = 'other'\n");
    assert!(far.there.refused(&["apply", "file.toml"]).contains("not over the network"));
    assert_eq!(far.there.run(&["domain", "list", "--database-url", "sqlite:x.db"]).status.code(), Some(2));
    it.environment.retain(|(name, _)| *name != "REGISTRAR_SERVER");
    assert!(it.refused(&["domain", "list", "--token-file", "token"]).contains("--token-file is for --server"));
    far.done();
}

#[test]
fn a_server_that_cannot_be_trusted_or_reached_gets_nothing() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (server, expected) in [
        (format!("http://{nobody}"), "gave no answer: cannot connect"),
        ("http://id.example".to_owned(), "plain http"),
        ("http://192.0.2.1:8080".to_owned(), "plain http"),
        ("id.example".to_owned(), "is not a URL"),
        ("https://someone:secret@id.example".to_owned(), "more than scheme, host, port and path"),
    ] {
        let refused = machine(&server, "adm_a_token").refused(&["domain", "list"]);
        assert!(refused.contains(expected) && !refused.contains("adm_a_token"), "{server}: {refused}");
        assert!(!refused.contains("someone:secret"), "{refused}");
    }
}

/// A server that answers what it is told to, and notes what it was asked.
fn scripted(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let ask = |answer: String| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut asked = String::new();
            while !asked.ends_with("\r\n\r\n") {
                reader.read_line(&mut asked).unwrap();
            }
            let length = asked.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            asked + &String::from_utf8(body).unwrap()
        };
        answers.into_iter().map(ask).collect()
    });
    (url, serving)
}

fn answer(status: &str, headers: &[(&str, &str)], body: &Value) -> String {
    let body = body.to_string();
    let mut answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        let _ = write!(answer, "{name}: {value}\r\n");
    }
    answer + "\r\n" + &body
}

#[test]
fn a_change_is_meant_for_the_version_that_was_read() {
    let json_type = ("content-type", "application/json");
    let scope = json!({"name": "orders", "label": "Orders"});
    let read = answer("200 OK", &[json_type, ("etag", "\"7\"")], &scope);
    let problem = json!({"detail": "If-Match: this was changed", "code": "precondition_failed"});
    let stale = answer("412 Precondition Failed", &[("content-type", "application/problem+json")], &problem);
    let (url, serving) = scripted(vec![read, stale]);
    let refused = machine(&url, "adm_a_token").refused(&["scope", "set", "main", "orders", "--label", "Other"]);
    assert!(refused.contains("somebody else changed it meanwhile"), "{refused}");
    let asked = serving.join().unwrap();
    assert!(asked[0].starts_with("GET /api/v1/domains/main/scopes/orders HTTP/1.1\r\n"), "{asked:?}");
    assert!(asked[1].starts_with("PATCH ") && asked[1].contains("if-match: \"7\"\r\n"), "{asked:?}");
    assert!(asked[1].ends_with(r#"{"label":"Other"}"#), "{asked:?}");
    assert!(asked.iter().all(|asked| asked.contains("authorization: Bearer adm_a_token\r\n")), "{asked:?}");
}

#[test]
fn a_token_follows_no_redirect_and_no_proxy_and_stands_in_no_process_list() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let location = format!("http://{}/", elsewhere.local_addr().unwrap());
    let (url, serving) = scripted(vec![answer("302 Found", &[("location", &location)], &json!({}))]);
    let mut it = machine(&url, "unused");
    it.environment.retain(|(name, _)| *name != "REGISTRAR_API_TOKEN");
    it.environment.push(("HTTP_PROXY", location.clone()));
    it.environment.push(("http_proxy", location));
    it.write("token", "adm_a_token");
    let refused = it.refused(&["domain", "list", "--token-file", "token"]);
    assert!(refused.contains("answered 302, and not as the administration API does"), "{refused}");
    assert!(serving.join().unwrap()[0].contains("Bearer adm_a_token"));
    elsewhere.set_nonblocking(true).unwrap();
    assert!(elsewhere.accept().is_err(), "nobody came");
    #[cfg(target_os = "linux")]
    {
        let waits = TcpListener::bind("127.0.0.1:0").unwrap();
        it.environment.retain(|(name, _)| *name != "REGISTRAR_SERVER");
        let server = format!("http://{}", waits.local_addr().unwrap());
        let arguments = ["domain", "list", "--server", &server, "--token-file", "token"];
        let mut child = it.command(&arguments).stderr(std::process::Stdio::null()).spawn().unwrap();
        let (mut stream, _) = waits.accept().unwrap();
        let mut asked = [0; 1024];
        let read = stream.read(&mut asked).unwrap();
        assert!(String::from_utf8_lossy(&asked[..read]).contains("Bearer adm_a_token"));
        for shown in ["cmdline", "environ"] {
            let shown = std::fs::read(format!("/proc/{}/{shown}", child.id())).unwrap();
            assert!(!shown.is_empty() && !String::from_utf8_lossy(&shown).contains("adm_a_token"));
        }
        drop(stream);
        assert!(!child.wait().unwrap().success());
    }
}
