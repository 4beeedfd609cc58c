//! Domains, scopes, policies, resources, initial access tokens, the audit log.

use rstest::rstest;
use serde_json::json;

use super::installation::text;
use super::{Database, Installation};

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn a_domain_is_created_shown_changed_and_deleted(#[case] database: Database) {
    let Some(it) = Installation::new(database) else { return };
    let made = it.json(&["domain", "create", "shop", "open_registration=true", "access_token_lifetime=600"]);
    let base = format!("http://127.0.0.1:{}", it.port);
    assert_eq!(made["issuer"], format!("{base}/shop/oidc"));
    assert_eq!(made["renew_secret_url"], format!("{base}/shop/oidc/register/{{#client_id}}/renew_secret"));
    assert_eq!(made["settings"]["access_token_lifetime"], 600);
    let shown = it.ok(&["domain", "show", "shop"]);
    for url in
        ["/shop/oidc/.well-known/openid-configuration", "/shop/oauth/token", "/shop/oidc/register\n", "jwks.json"]
    {
        assert!(shown.contains(url), "{url}: {shown}");
    }
    let set =
        it.json(&["domain", "set", "shop", "access_token_lifetime=", "blocked_redirect_hosts=a.example,b.example"]);
    assert_eq!(set["settings"]["access_token_lifetime"], 3600);
    assert_eq!(set["settings"]["blocked_redirect_hosts"], json!(["a.example", "b.example"]));
    let denied = "https://app.example.com/client.json";
    let set = it.json(&["domain", "set", "shop", &format!("client_document_denied_hosts=*.evil.example,{denied}")]);
    assert_eq!(set["settings"]["client_document_denied_hosts"], json!(["*.evil.example", denied]));
    assert!(it.refused(&["domain", "set", "shop", "client_document_allowed_hosts=a/b"]).contains("is not a host"));
    assert!(it.refused(&["client", "suspend", "shop", denied]).contains("client_document_denied_hosts"));
    assert_eq!(it.json(&["domain", "list"])[0]["name"], "shop");
    assert!(it.ok(&["domain", "list"]).contains("open"));
    assert!(it.refused(&["domain", "create", "shop"]).contains("already"));
    assert!(it.refused(&["domain", "delete", "shop"]).contains("--yes"));
    assert_eq!(it.json(&["domain", "delete", "shop", "--yes"])["deleted"], "shop");
    assert_eq!(it.json(&["domain", "list"]), json!([]));
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn the_preset_for_mcp_clients_lets_them_begin_by_themselves(#[case] database: Database) {
    let Some(it) = Installation::new(database) else { return };
    let switches = |shown: &serde_json::Value| {
        let on = |name: &str| shown["settings"][name] == true;
        (on("open_registration"), on("client_documents"), text(&shown["settings"], "open_policy"))
    };
    let made = it.json(&["domain", "create", "tools", "--preset", "mcp", "access_token_lifetime=900"]);
    assert_eq!(switches(&made), (true, true, "mcp".to_owned()));
    assert_eq!(made["settings"]["access_token_lifetime"], 900);
    let made = it.json(&["domain", "create", "shop"]);
    assert_eq!(switches(&made), (false, false, "mcp".to_owned()));
    let set = it.json(&["domain", "set", "shop", "--preset", "mcp", "open_registration=false"]);
    assert_eq!(switches(&set), (false, true, "mcp".to_owned()));
    assert_eq!(switches(&it.json(&["domain", "set", "shop", "--preset", "mcp"])), (true, true, "mcp".to_owned()));
    assert_eq!(it.run(&["domain", "set", "shop", "--preset", "other"]).status.code(), Some(2));
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn unknown_and_wrong_names_are_refused_with_what_there_is(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    for (arguments, expected) in [
        (&["domain", "show", "nowhere"][..], "there is main"),
        (&["domain", "create", "console"], "reserved"),
        (&["domain", "set", "main", "registrations=true"], "`open_registration`"),
        (&["domain", "set", "main", "registration=perhaps"], "registration: "),
        (&["domain", "set", "main", "open_policy=nope"], "open_policy: nope is not a policy"),
        (&["domain", "set", "main", "default_resource=https://mcp.example"], "create the resource first"),
        (&["domain", "create", "shop", "default_resource=https://mcp.example"], "create the resource first"),
        (&["domain", "set", "main", "session_lifetime=1"], "session_lifetime must be between"),
        (&["client", "show", "main", "nobody"], "client list main"),
        (&["client", "list", "main", "--after", "nobody"], "no such client"),
        (&["client", "create", "main", "--grant-scope", "nope"], "nope is not a scope"),
        (&["client", "create", "main", "--scope", "nope"], "nope is not a scope"),
        (&["client", "create", "main", "--registrar-policy", "nope"], "nope is not a policy"),
        (&["scope", "set", "main", "nope", "--hidden"], "scope create"),
        (&["scope", "delete", "main", "nope"], "no scope nope"),
        (&["scope", "delete", "main", "dcr_admin"], "stays"),
        (&["scope", "set", "main", "dcr_admin", "--reserved", "false"], "stays reserved"),
        (&["scope", "create", "main", "a\"b"], "scope's name"),
        (&["policy", "show", "main", "nope"], "there is gateway, mcp"),
        (&["policy", "create", "main", "p", "--from", "nope"], "neither a preset"),
        (&["policy", "create", "main", "p", "secret_grace=-1"], "secret_grace: must be at least 0"),
        (&["policy", "set", "main", "mcp", "grant_type=x"], "unknown field `grant_type`"),
        (&["policy", "delete", "main", "gateway"], "gateway_policy"),
        (&["resource", "show", "main", "nope"], "resource list main"),
        (&["initial-token", "revoke", "main", "nope"], "not an id"),
        (&["initial-token", "create", "main", "--policy", "nope"], "nope is not a policy"),
        (&["keys", "revoke", "main", "nope"], "no key nope"),
        (&["audit", "nowhere"], "no domain"),
    ] {
        let error = it.refused(arguments);
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    for usage in [&["client", "create", "main", "--type", "spa"][..], &["nonsense"], &["domain", "set", "main"]] {
        assert_eq!(it.run(usage).status.code(), Some(2), "{usage:?}");
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn scopes_are_created_changed_and_deleted(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    let made = it.json(&["scope", "create", "main", "orders.read", "--label", "Orders", "--self-registrable"]);
    assert_eq!((&made["label"], &made["self_registrable"]), (&json!("Orders"), &json!(true)));
    assert!(it.refused(&["scope", "create", "main", "orders.read"]).contains("already"));
    let set = it.json(&["scope", "set", "main", "orders.read", "--hidden", "--self-registrable", "false"]);
    assert_eq!(
        (&set["label"], &set["hidden"], &set["self_registrable"]),
        (&json!("Orders"), &json!(true), &json!(false))
    );
    let listed = it.json(&["scope", "list", "main"]);
    assert!(listed.as_array().unwrap().iter().any(|scope| scope["name"] == "orders.read"));
    assert!(it.ok(&["scope", "list", "main"]).contains("dcr_admin"));
    it.ok(&["scope", "delete", "main", "orders.read"]);
    assert!(!it.ok(&["scope", "list", "main"]).contains("orders.read"));
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn policies_are_kept_and_tried_out(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    let made = it.json(&["policy", "create", "main", "partners", "--from", "mcp", "quota=7", "secret_lifetime=3600"]);
    assert_eq!((&made["rules"]["quota"], &made["rules"]["scope_is_ceiling"]), (&json!(7), &json!(false)));
    it.write("strict.toml", "grant_types = ['client_credentials']\nquota = 3");
    let set = it.json(&["policy", "set", "main", "partners", "--from", "strict.toml"]);
    assert_eq!((&set["rules"]["quota"], &set["rules"]["scope_is_ceiling"]), (&json!(3), &json!(true)));
    it.write("file.json", r#"{"quota": 5}"#);
    assert_eq!(it.json(&["policy", "create", "main", "other", "--from", "file.json"])["rules"]["quota"], 5);
    assert_eq!(it.json(&["policy", "show", "main", "partners"])["name"], "partners");
    assert_eq!(it.json(&["policy", "list", "main"]).as_array().unwrap().len(), 4);
    assert!(it.ok(&["policy", "list", "main"]).contains("open registration"));

    it.write(
        "good.json",
        r#"{"client_name": "App", "redirect_uris": ["https://app.example/cb"], "grant_types": ["password"]}"#,
    );
    let tried = it.json(&["policy", "dry-run", "main", "gateway", "good.json"]);
    assert_eq!((&tried["accepted"], &tried["metadata"]["client_name"]), (&json!(true), &json!("App")));
    assert!(!tried["findings"].as_array().unwrap().is_empty());
    it.write("bad.json", r#"{"redirect_uris": ["https://app.example/#x"]}"#);
    let tried = it.json(&["policy", "dry-run", "main", "gateway", "bad.json"]);
    assert_eq!((&tried["accepted"], &tried["error"]), (&json!(false), &json!("invalid_redirect_uri")));
    let text = it.ok(&["policy", "dry-run", "main", "gateway", "bad.json"]);
    assert!(text.contains("Refused: invalid_redirect_uri") && text.contains("redirect-uri"), "{text}");
    assert_eq!(it.json(&["client", "list", "main"]), json!([]));

    it.ok(&["policy", "delete", "main", "other"]);
    assert!(it.refused(&["policy", "delete", "main", "mcp"]).contains("open_policy"));
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn a_resource_has_identifiers_grants_and_credentials(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    it.ok(&["scope", "create", "main", "orders"]);
    let identifier = "https://api.example/orders";
    let made = it.json(&["resource", "create", "main", "orders", "--identifier", identifier, "--scope", "orders"]);
    let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    assert_eq!(made["credentials"], id.as_str());
    let credentials = it.json(&["client", "show", "main", &id]);
    assert_eq!(credentials["settings"]["resource_credentials"], true);
    assert_eq!(credentials["metadata"]["grant_types"], json!([]));
    assert!(!it.ok(&["resource", "show", "main", "orders"]).contains(&secret));
    for (arguments, expected) in [
        (&["orders", "--identifier", "https://other.example"][..], "already"),
        (&["b", "--identifier", "https://API.example:443/orders/"], "belongs to orders already"),
        (&["b", "--identifier", "https://b.example", "--identifier", "https://b.example/"], "given twice"),
        (&["b", "--identifier", "orders"], "absolute URI"),
        (&["b", "--identifier", "https://b.example", "--scope", "nope"], "nope is not a scope"),
        (&["b", "--identifier", "https://b.example", "--lifetime", "1"], "between 10 and 86400"),
    ] {
        let error = it.refused(&[&["resource", "create", "main"], arguments].concat());
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    let own = format!("http://127.0.0.1:{}/main", it.port);
    assert!(it.refused(&["resource", "create", "main", "b", "--identifier", &own]).contains("this server itself"));
    assert_eq!(it.json(&["client", "list", "main"]).as_array().unwrap().len(), 1, "no credentials are left over");

    let set = it.json(&["resource", "set", "main", "orders", "prefix_match=true", "access_token_algorithm=ES256"]);
    assert_eq!(set["settings"]["access_token_algorithm"], "ES256");
    let client = text(&it.json(&["client", "create", "main"]), "client_id");
    it.json(&["resource", "grant", "main", "orders", &client]);
    assert_eq!(it.json(&["resource", "show", "main", "orders"])["granted_clients"], json!([client]));
    assert!(it.refused(&["resource", "grant", "main", "orders", "nobody"]).contains("no client nobody"));
    it.json(&["resource", "revoke-grant", "main", "orders", &client]);
    assert!(it.refused(&["resource", "revoke-grant", "main", "orders", &client]).contains("is not granted"));
    let bare = ["resource", "create", "main", "bare", "--identifier", "https://bare.example", "--no-credentials"];
    assert_eq!(it.json(&bare)["credentials"], json!(null));
    assert_eq!(it.json(&["resource", "list", "main"]).as_array().unwrap().len(), 2);
    assert!(it.ok(&["resource", "list", "main"]).contains(identifier));
    it.json(&["resource", "delete", "main", "orders"]);
    assert_eq!(it.json(&["resource", "list", "main"]).as_array().unwrap().len(), 1);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn a_resource_shows_what_its_server_has_to_serve(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    it.ok(&["scope", "create", "main", "notes.read"]);
    let identifier = "https://mcp.example/notes";
    let made = it.json(&["resource", "create", "main", "notes", "--identifier", identifier, "--scope", "notes.read"]);
    let base = format!("http://127.0.0.1:{}/main", it.port);
    let shown = it.json(&["resource", "show", "main", "notes"]);
    let served = &shown["protected_resource"][0];
    let metadata_url = "https://mcp.example/.well-known/oauth-protected-resource/notes";
    assert_eq!(served["metadata_url"], metadata_url);
    let metadata = json!({
        "resource": identifier,
        "authorization_servers": [format!("{base}/oidc")],
        "scopes_supported": ["notes.read"],
        "bearer_methods_supported": ["header"],
        "resource_name": "notes",
    });
    assert_eq!(served["metadata"], metadata);
    let challenge = format!("Bearer resource_metadata=\"{metadata_url}\", scope=\"notes.read\"");
    assert_eq!(served["challenge"], challenge);
    let introspection = json!({"endpoint": format!("{base}/oauth/introspect"), "client_id": made["client_id"]});
    assert_eq!(shown["introspection"], introspection);
    let told = it.ok(&["resource", "show", "main", "notes"]);
    for part in [&format!("WWW-Authenticate: {challenge}"), metadata_url, "/main/oauth/introspect, as client"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn a_domains_default_resource_stays_registered(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    it.ok(&["resource", "create", "main", "notes", "--identifier", "https://mcp.example/notes", "--no-credentials"]);
    let set = it.json(&[
        "domain",
        "set",
        "main",
        "default_resource=https://MCP.example/notes/",
        "allow_unregistered_resources=true",
        "sign_up=true",
        "sign_up_email_hosts=example.com,example.org",
        "verify_email=true",
        "session_idle_lifetime=600",
        "session_lifetime=3600",
        "refresh_token_idle_lifetime=7200",
        "refresh_token_lifetime=86400",
    ]);
    let settings = &set["settings"];
    assert_eq!(settings["sign_up_email_hosts"], json!(["example.com", "example.org"]));
    assert_eq!((&settings["verify_email"], &settings["refresh_token_lifetime"]), (&json!(true), &json!(86400)));
    assert!(it.refused(&["resource", "delete", "main", "notes"]).contains("is the domain's default_resource"));
    let moved = ["resource", "set", "main", "notes", "identifiers=https://mcp.example/other"];
    assert!(it.refused(&moved).contains("is the domain's default_resource"));
    it.ok(&["domain", "set", "main", "default_resource="]);
    it.ok(&moved);
    it.ok(&["resource", "delete", "main", "notes"]);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn an_initial_access_token_registers_until_it_is_revoked(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    let server = it.serve(&[]);
    let create = ["initial-token", "create", "main", "--label", "Partner", "--expires", "30d", "--policy", "gateway"];
    let made = it.json(&create);
    let (token, id) = (text(&made, "initial_access_token"), text(&made, "id"));
    assert!(token.starts_with("iat_") && made["expires_at"].as_i64() > made["created_at"].as_i64());
    let body = json!({"client_name": "App", "grant_types": ["client_credentials"]});
    assert_eq!(server.register(Some(&token), &body).0, 201);
    let listed = it.json(&["initial-token", "list", "main"]);
    assert_eq!(
        (&listed[0]["uses"], &listed[0]["usable"], &listed[0]["policy"]),
        (&json!(1), &json!(true), &json!("gateway"))
    );
    assert!(!it.ok(&["initial-token", "list", "main"]).contains(&token));
    it.json(&["initial-token", "revoke", "main", &id]);
    assert_eq!(server.register(Some(&token), &body).0, 401);
    assert!(it.ok(&["initial-token", "list", "main"]).contains("revoked"));
    assert!(it.refused(&["initial-token", "revoke", "main", &id]).contains("revoked already"));

    let once = text(&it.json(&["initial-token", "create", "main", "--uses", "1"]), "initial_access_token");
    assert_eq!((server.register(Some(&once), &body).0, server.register(Some(&once), &body).0), (201, 401));
    assert!(it.ok(&["initial-token", "list", "main"]).contains("used up"));
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn the_audit_log_tells_who_did_what(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    it.ok(&["scope", "create", "main", "orders"]);
    let secret = text(&it.json(&["client", "create", "main"]), "client_secret");
    let lines = it.ok(&["audit", "main"]);
    assert!(!lines.contains(&secret));
    let events: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let actions: Vec<&str> = events.iter().filter_map(|event| event["action"].as_str()).collect();
    assert_eq!(actions, ["domain.create", "scope.create", "client.create"]);
    assert!(events.iter().all(|event| event["actor"] == "cli"));
    let last = it.json(&["audit", "main", "--limit", "1"]);
    assert_eq!((last.as_array().unwrap().len(), &last[0]["action"]), (1, &json!("client.create")));
}
