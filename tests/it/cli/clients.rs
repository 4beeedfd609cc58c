//! Clients: made by hand, registered, and what an administrator does to them.

use rstest::rstest;
use serde_json::{Value, json};

use super::installation::{Server, text};
use super::{Database, Installation};

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn a_gateway_registrar_gets_exactly_what_the_gateways_form_wants(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    let out = it.ok(&["client", "create", "main", "--type", "gateway-registrar"]);
    let names: Vec<&str> = out.lines().map(|line| line.split("  ").next().unwrap()).collect();
    assert_eq!(names, ["Discovery URL", "Client ID", "Client secret", "Scope", "Renew secret URL"]);
    assert!(out.contains("{#client_id}/renew_secret"));
    let made = it.json(&["client", "create", "main", "--type", "gateway-registrar", "--name", "APIM"]);
    assert_eq!((&made["scope"], &made["metadata"]["client_name"]), (&json!("dcr_admin"), &json!("APIM")));
    let server = it.serve(&[]);
    let (status, token) = server.token(&text(&made, "client_id"), &text(&made, "client_secret"), "");
    assert_eq!((status, &token["scope"]), (200, &json!("dcr_admin")));
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn clients_of_every_type_are_made_listed_and_changed(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    let redirect = ["--redirect-uri", "https://app.example/cb"];
    let make = |more: &[&str]| it.json(&[&["client", "create", "main"], more].concat());
    let web = make(&[&["--name", "Web"], &redirect[..]].concat());
    assert_eq!(web["metadata"]["application_type"], "web");
    assert!(web["client_secret"].is_string());
    let browser = make(&[&["--type", "browser", "--name", "Spa"], &redirect[..]].concat());
    assert_eq!(browser["metadata"]["token_endpoint_auth_method"], "none");
    assert_eq!((&browser["client_secret"], &browser["settings"]["require_pkce"]), (&json!(null), &json!(true)));
    let native = make(&["--type", "native", "--redirect-uri", "http://127.0.0.1/cb", "--trusted"]);
    assert_eq!(native["settings"]["trusted"], true);
    let set = it.json(&["client", "set", "main", &text(&native, "client_id"), "--trusted", "false"]);
    assert_eq!(set["settings"]["trusted"], false);
    it.write("secret", "a secret that I chose\n");
    it.write("metadata.json", r#"{"client_name": "Batch", "contacts": ["ops@app.example"], "tenant": "t7"}"#);
    let batch = make(&[
        "--client-id",
        "batch",
        "--secret-file",
        "secret",
        "--metadata",
        "metadata.json",
        "--template",
        "batch",
        "--may-introspect",
        "--grant-scope",
        "email profile",
        "--default-scope",
        "email",
    ]);
    assert_eq!((&batch["client_id"], &batch["client_secret"]), (&json!("batch"), &json!(null)));
    assert_eq!(batch["metadata"]["tenant"], "t7");
    assert_eq!(batch["settings"]["granted_scopes"], "email profile");
    assert!(it.refused(&["client", "create", "main", "--client-id", "batch"]).contains("taken"));
    assert!(it.refused(&["client", "create", "main", "--type", "web"]).contains("redirect_uris"));

    let all = it.json(&["client", "list", "main"]);
    assert_eq!(all.as_array().unwrap().len(), 4);
    let first = text(&it.json(&["client", "list", "main", "--limit", "1"])[0], "client_id");
    assert!(it.ok(&["client", "list", "main", "--limit", "1"]).contains("--after"));
    assert_eq!(it.json(&["client", "list", "main", "--after", &first]).as_array().unwrap().len(), 3);
    assert_eq!(it.json(&["client", "list", "main", "--origin", "gateway"]), json!([]));

    let set = it.json(&[
        "client",
        "set",
        "main",
        "batch",
        "access_token_lifetime=120",
        "--name",
        "Nightly",
        "--metadata",
        "contacts=[\"a@app.example\"]",
        "--metadata",
        "tenant=",
        "--template",
        "",
    ]);
    assert_eq!(set["metadata"]["contacts"], json!(["a@app.example"]));
    assert_eq!((&set["metadata"]["tenant"], &set["metadata"]["client_name"]), (&json!(null), &json!("Nightly")));
    assert_eq!((&set["settings"]["access_token_lifetime"], &set["settings"]["template"]), (&json!(120), &json!(null)));
    for (arguments, expected) in [
        (&["access_token_lifetime=1"][..], "between 10 and 86400"),
        (&["lifetime=1"], "unknown field `lifetime`"),
        (&["--metadata", "default_max_age=soon"], "default_max_age: must be a whole number"),
        (&["--metadata", "client_secret=x"], "client_secret"),
        (&["--redirect-uri", "https://app.example/#x"], "fragment"),
    ] {
        let error = it.refused(&[&["client", "set", "main", "batch"], arguments].concat());
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    let id = text(&browser, "client_id");
    let now_secret = it.json(&["client", "set", "main", &id, "--auth-method", "client_secret_post"]);
    assert!(now_secret["client_secret"].is_string());
    let none_again = it.json(&["client", "set", "main", &id, "--auth-method", "none"]);
    assert_eq!(none_again["secrets"], json!([]));
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn a_server_sees_within_a_second_or_two_what_the_command_line_changes(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    let server = it.serve(&[]);
    let made = it.json(&["client", "create", "main", "--default-scope", "email", "--grant-scope", "email"]);
    let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    assert_eq!(server.token(&id, &secret, "").1["scope"], "email");

    assert_eq!(it.json(&["client", "suspend", "main", &id])["status"], "suspended");
    server.soon(|server| server.token(&id, &secret, "").0 == 401);
    assert!(it.refused(&["client", "suspend", "main", &id]).contains("is suspended"));
    assert!(it.refused(&["client", "approve", "main", &id]).contains("is suspended"));
    it.json(&["client", "resume", "main", &id]);
    server.soon(|server| server.token(&id, &secret, "").0 == 200);

    let renewed = it.json(&["client", "renew", "main", &id, "--grace", "1h"]);
    let second = text(&renewed, "client_secret");
    server.soon(|server| server.token(&id, &second, "").0 == 200);
    assert_eq!(server.token(&id, &secret, "").0, 200, "within its grace");
    let shown = it.json(&["client", "show", "main", &id]);
    let old = shown["secrets"].as_array().unwrap().iter().find(|secret| secret["superseded"] == true).unwrap();
    it.json(&["client", "end-secret", "main", &id, old["id"].as_str().unwrap()]);
    server.soon(|server| server.token(&id, &secret, "").0 == 401);
    assert!(it.refused(&["client", "end-secret", "main", &id, "nope"]).contains("not the id of a secret"));
    assert!(it.refused(&["client", "end-secret", "main", &id, old["id"].as_str().unwrap()]).contains("has no secret"));
    let text = it.ok(&["client", "show", "main", &id]);
    assert!(!text.contains(&secret) && !text.contains(&second) && text.contains("SECRET"), "{text}");

    it.json(&["client", "set", "main", &id, "default_scopes="]);
    server.soon(|server| server.token(&id, &second, "").1["scope"] != "email");
    it.json(&["client", "delete", "main", &id]);
    server.soon(|server| server.token(&id, &second, "").0 == 401);
    assert!(it.refused(&["client", "delete", "main", &id]).contains("was deleted"));
    assert!(it.refused(&["client", "restore", "main", &id]).contains("made anew"));
    assert_eq!(it.json(&["client", "list", "main", "--status", "deleted"])[0]["client_id"], id.as_str());
}

fn registrar(it: &Installation, server: &Server) -> (String, String) {
    let made = it.json(&["client", "create", "main", "--type", "gateway-registrar"]);
    let id = text(&made, "client_id");
    let token = text(&server.token(&id, &text(&made, "client_secret"), "").1, "access_token");
    (id, token)
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn a_registered_client_is_approved_reassigned_and_renewed(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    it.ok(&["policy", "set", "main", "gateway", "initial_status=pending"]);
    let server = it.serve(&[]);
    let ((first, token), (second, other)) = (registrar(&it, &server), registrar(&it, &server));
    let body = json!({"client_name": "App", "grant_types": ["client_credentials"]});
    let (status, record) = server.register(Some(&token), &body);
    assert_eq!(status, 201, "{record}");
    let (id, secret) = (text(&record, "client_id"), text(&record, "client_secret"));
    assert_ne!(server.token(&id, &secret, "").0, 200, "it waits for its approval");
    it.json(&["client", "approve", "main", &id]);
    server.soon(|server| server.token(&id, &secret, "").0 == 200);

    let path = format!("/main/oidc/register/{id}");
    let read = |token: &str| server.send("GET", &path, &[("authorization", &format!("Bearer {token}"))], "").0;
    assert_eq!((read(&token), read(&other)), (200, 403));
    let shown = it.json(&["client", "show", "main", &id]);
    assert_eq!((&shown["registrant"], &shown["policy"]), (&json!(first), &json!("gateway")));
    it.json(&["client", "reassign", "main", &id, "--registrant", &second]);
    server.soon(|_| (read(&token), read(&other)) == (403, 200));
    assert!(it.refused(&["client", "reassign", "main", &id, "--registrant", &id]).contains("dcr_admin"));
    assert!(it.refused(&["client", "reassign", "main", &first, "--registrant", &second]).contains("origin manual"));

    let renewed = it.json(&["client", "renew", "main", &id]);
    assert_eq!(renewed["grace"], 86_400);
    let renewed = text(&renewed, "client_secret");
    server.soon(|server| server.token(&id, &renewed, "").0 == 200);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn deleting_an_openly_registered_public_client_is_sticky_until_it_is_restored(#[case] database: Database) {
    let Some(it) = Installation::new(database) else { return };
    it.ok(&["domain", "create", "main", "open_registration=true"]);
    let server = it.serve(&[]);
    let body = json!({"client_name": "Tool", "redirect_uris": ["http://127.0.0.1:4000/cb"],
        "token_endpoint_auth_method": "none"});
    let id = text(&server.register(None, &body).1, "client_id");
    assert!(it.refused(&["client", "set", "main", &id, "--name", "X"]).contains("stands for its metadata"));
    assert!(it.refused(&["client", "restore", "main", &id]).contains("active, not deleted"));
    assert!(it.ok(&["client", "delete", "main", &id]).contains("restore"));
    let blocked = |server: &Server| server.register(None, &body);
    server.soon(|server| blocked(server).0 == 403);
    assert_eq!(blocked(&server).1["error"], "registration_forbidden");
    it.json(&["client", "restore", "main", &id]);
    server.soon(|server| matches!(blocked(server), (201, Value::Object(record)) if record["client_id"] == id.as_str()));
}
