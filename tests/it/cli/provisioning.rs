//! Provisioning files: applied by a command or by the server, once or many times.

use rstest::rstest;
use serde_json::{Value, json};

use super::installation::text;
use super::{Database, Installation};

const FILE: &str = r#"
[[domain]]
name = "main"
settings = { access_token_lifetime = 900, gateway_policy = "partners" }

[[domain.scope]]
name = "orders.read"
label = "Read orders"
self_registrable = true

[[domain.policy]]
name = "partners"
from = "gateway"
rules = { quota = 50 }

[[domain.client]]
client_id = "apim"
type = "gateway-registrar"
secret = { env = "APIM_SECRET" }
metadata = { client_name = "Gravitee" }
settings = { registrar_policy = "partners" }

[[domain.client]]
client_id = "shop-spa"
type = "browser"
metadata = { redirect_uris = ["https://shop.example/cb"], scope = "openid orders.read" }

[[domain.resource]]
name = "orders"
identifiers = ["https://api.example/orders"]
settings = { prefix_match = true, scopes = "orders.read" }
grants = ["apim"]
credentials = { client_id = "orders-api", secret = { file = "orders.secret" } }
"#;

fn prepared(database: Database) -> Option<Installation> {
    let mut it = Installation::new(database)?;
    it.environment.push(("APIM_SECRET", "a secret for the gateway".to_owned()));
    it.write("orders.secret", "a secret for the orders API\n");
    it.write("file.toml", FILE);
    Some(it)
}

fn outcomes(report: &Value) -> Vec<String> {
    let line = |thing: &Value| format!("{} {} {}", text(thing, "outcome"), text(thing, "kind"), text(thing, "name"));
    report.as_array().into_iter().flatten().map(line).collect()
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn a_second_run_finds_everything_unchanged_and_writes_nothing(#[case] database: Database) {
    let Some(it) = prepared(database) else { return };
    let first = outcomes(&it.json(&["apply", "file.toml"]));
    assert_eq!(
        first,
        [
            "created scope orders.read",
            "created policy partners",
            "created domain main",
            "created client apim",
            "created client shop-spa",
            "created resource orders",
        ]
    );
    let events = it.ok(&["audit", "main"]);
    let again = it.json(&["apply", "file.toml"]);
    assert!(outcomes(&again).iter().all(|line| line.starts_with("unchanged ")), "{again}");
    assert_eq!(it.ok(&["audit", "main"]), events);
    assert!(it.ok(&["apply", "file.toml"]).contains("unchanged"));

    let server = it.serve(&[]);
    let (status, token) = server.token("apim", "a+secret+for+the+gateway", "");
    assert_eq!((status, &token["scope"], &token["expires_in"]), (200, &json!("dcr_admin"), &json!(900)));
    let resource = it.json(&["resource", "show", "main", "orders"]);
    assert_eq!((&resource["granted_clients"], &resource["credentials"]), (&json!(["apim"]), &json!("orders-api")));
    assert_eq!(it.json(&["client", "show", "main", "shop-spa"])["settings"]["require_pkce"], true);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn only_what_differs_is_changed_and_what_the_file_does_not_name_is_left_alone(#[case] database: Database) {
    let Some(mut it) = prepared(database) else { return };
    it.json(&["apply", "file.toml"]);
    it.json(&["domain", "set", "main", "introspection_by_get=true"]);
    it.json(&["client", "set", "main", "shop-spa", "--name", "Shop"]);
    let changed = FILE
        .replace("access_token_lifetime = 900", "access_token_lifetime = 600")
        .replace("Read orders", "See orders")
        .replace("quota = 50", "quota = 60")
        .replace("Gravitee", "Gravitee APIM")
        .replace("prefix_match = true", "prefix_match = false");
    it.write("file.toml", &changed);
    let report = outcomes(&it.json(&["apply", "file.toml"]));
    assert_eq!(
        report,
        [
            "changed scope orders.read",
            "changed policy partners",
            "changed domain main",
            "changed client apim",
            "unchanged client shop-spa",
            "changed resource orders",
        ]
    );
    let settings = it.json(&["domain", "show", "main"])["settings"].clone();
    assert_eq!((&settings["access_token_lifetime"], &settings["introspection_by_get"]), (&json!(600), &json!(true)));
    assert_eq!(it.json(&["client", "show", "main", "shop-spa"])["metadata"]["client_name"], "Shop");

    it.environment.retain(|(name, _)| *name != "APIM_SECRET");
    it.environment.push(("APIM_SECRET", "another secret".to_owned()));
    let report = outcomes(&it.json(&["apply", "file.toml"]));
    assert_eq!(report.iter().filter(|line| line.starts_with("changed")).collect::<Vec<_>>(), ["changed client apim"]);
    assert!(outcomes(&it.json(&["apply", "file.toml"])).iter().all(|line| line.starts_with("unchanged")));
    let server = it.serve(&[]);
    assert_eq!(server.token("apim", "another+secret", "").0, 200);
    assert_eq!(server.token("apim", "a+secret+for+the+gateway", "").0, 200, "the one before has a day's grace");
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn errors_name_the_file_the_table_and_the_field(#[case] database: Database) {
    let Some(it) = prepared(database) else { return };
    for (was, is, expected) in [
        ("[[domain]]", "[[server]]\n[[domain]]", "there is no table [[server]]"),
        ("access_token_lifetime", "token_lifetime", "[[domain]] \"main\": unknown field `token_lifetime`"),
        (
            "self_registrable = true",
            "self_registrable = 'yes'",
            "[[domain.scope]] \"orders.read\" of domain \"main\": self_registrable",
        ),
        ("quota = 50", "quota = -1", "[[domain.policy]] \"partners\" of domain \"main\": quota: must be at least 0"),
        ("{ env = \"APIM_SECRET\" }", "\"hunter2\"", "[[domain.client]] \"apim\" of domain \"main\": secret: must be"),
        ("APIM_SECRET", "NOT_SET", "the environment variable NOT_SET is not set"),
        ("orders.secret\"", "nowhere\"", "credentials: secret: the file nowhere cannot be read"),
        ("openid orders.read", "openid nope", "[[domain.client]] \"shop-spa\" of domain \"main\": nope is not a scope"),
        (
            "https://api.example/orders",
            "orders",
            "[[domain.resource]] \"orders\" of domain \"main\": identifier orders",
        ),
        ("grants = [\"apim\"]", "grants = [\"nobody\"]", "grants: the domain has no client nobody"),
        (
            "settings = { registrar_policy = \"partners\" }",
            "settings = { policy = 1 }",
            "settings: unknown field `policy`",
        ),
    ] {
        assert!(FILE.contains(was), "{was}");
        it.write("wrong.toml", &FILE.replacen(was, is, 1));
        let error = it.refused(&["apply", "wrong.toml"]);
        assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
    }
    assert!(it.refused(&["apply", "nowhere.toml"]).contains("nowhere.toml cannot be read"));
    it.json(&["apply", "file.toml"]);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn a_server_provisions_itself_before_it_answers(#[case] database: Database) {
    let Some(it) = prepared(database) else { return };
    for _ in 0..2 {
        let server = it.serve(&["--provision", "file.toml"]);
        assert_eq!(server.token("apim", "a+secret+for+the+gateway", "").0, 200);
        assert_eq!(it.json(&["domain", "list"]).as_array().unwrap().len(), 1);
        let origin_manual = it.json(&["client", "list", "main"]);
        assert_eq!(origin_manual.as_array().unwrap().len(), 3, "no gateway registrar beside the file's");
    }
    it.write("wrong.toml", "[[domain]]\nname = 'console'");
    assert!(it.refused(&["serve", "--provision", "wrong.toml"]).contains("reserved"));
}

const USERS: &str = r#"
[[domain]]
name = "main"
settings = { default_resource = "https://mcp.example/notes", sign_up = true, session_lifetime = 7200 }

[[domain.resource]]
name = "notes"
identifiers = ["https://mcp.example/notes"]

[[domain.user]]
username = "ada"
email = "ada@example.com"
email_verified = true
name = "Ada Lovelace"
claims = { given_name = "Ada" }
password = { env = "ADA_PASSWORD" }

[[domain.user]]
username = "bob"
"#;

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn users_are_created_and_brought_to_what_the_file_says(#[case] database: Database) {
    let Some(mut it) = Installation::new(database) else { return };
    it.environment.push(("ADA_PASSWORD", "a password of Ada's".to_owned()));
    it.write("file.toml", USERS);
    let created = ["created domain main", "created resource notes", "created user ada", "created user bob"];
    assert_eq!(outcomes(&it.json(&["apply", "file.toml"])), created);
    let settings = it.json(&["domain", "show", "main"])["settings"].clone();
    assert_eq!(
        (&settings["default_resource"], &settings["sign_up"], &settings["session_lifetime"]),
        (&json!("https://mcp.example/notes"), &json!(true), &json!(7200))
    );
    let ada = it.json(&["user", "show", "main", "ada"]);
    assert_eq!((&ada["email_verified"], &ada["has_password"]), (&json!(true), &json!(true)));
    assert_eq!(ada["claims"], json!({"name": "Ada Lovelace", "given_name": "Ada"}));
    assert_eq!(it.json(&["user", "show", "main", "bob"])["has_password"], false);

    let events = it.ok(&["audit", "main"]);
    let again = outcomes(&it.json(&["apply", "file.toml"]));
    assert!(again.iter().all(|line| line.starts_with("unchanged ")), "{again:?}");
    assert_eq!(it.ok(&["audit", "main"]), events);

    it.json(&["user", "set", "main", "ada", "--claim", "locale=en-GB"]);
    let changed = USERS.replace("Lovelace", "King").replace("\"bob\"", "\"bob\"\nenabled = false");
    it.write("file.toml", &changed);
    let report = outcomes(&it.json(&["apply", "file.toml"]));
    assert_eq!(report, ["unchanged domain main", "unchanged resource notes", "changed user ada", "changed user bob"]);
    let ada = it.json(&["user", "show", "main", "ada"]);
    assert_eq!(ada["claims"], json!({"name": "Ada King", "given_name": "Ada", "locale": "en-GB"}));
    assert_eq!(it.json(&["user", "show", "main", "bob"])["enabled"], false);

    it.environment.retain(|(name, _)| *name != "ADA_PASSWORD");
    it.environment.push(("ADA_PASSWORD", "another password".to_owned()));
    let report = outcomes(&it.json(&["apply", "file.toml"]));
    assert_eq!(report.iter().filter(|line| line.starts_with("changed")).collect::<Vec<_>>(), ["changed user ada"]);
    let again = outcomes(&it.json(&["apply", "file.toml"]));
    assert!(again.iter().all(|line| line.starts_with("unchanged ")), "{again:?}");
    for secret in ["another password", "a password of Ada's"] {
        assert!(!it.ok(&["audit", "main"]).contains(secret));
    }
}

#[test]
fn what_cannot_be_of_a_user_names_the_table_and_the_field() {
    let mut it = Installation::new(Database::Sqlite).unwrap();
    it.environment.push(("ADA_PASSWORD", "a password of Ada's".to_owned()));
    it.environment.push(("SHORT", "1234567".to_owned()));
    for (was, is, expected) in [
        ("given_name", "shoe_size", "[[domain.user]] \"ada\" of domain \"main\": claims: shoe_size: is not one of"),
        ("{ env = \"ADA_PASSWORD\" }", "\"hunter2\"", "password: must be"),
        ("ADA_PASSWORD", "SHORT", "password: must have at least 8 characters"),
        ("ADA_PASSWORD", "NOT_SET", "password: the environment variable NOT_SET is not set"),
        ("ada@example.com", "ada", "email: an e-mail address has"),
        ("email_verified", "verified", "unknown field `verified`"),
        (
            "mcp.example/notes\", sign",
            "mcp.example/other\", sign",
            "default_resource: https://mcp.example/other is not",
        ),
    ] {
        assert!(USERS.contains(was), "{was}");
        it.write("wrong.toml", &USERS.replacen(was, is, 1));
        let error = it.refused(&["apply", "wrong.toml"]);
        assert!(error.contains(expected) && !error.contains("hunter2") && !error.contains("1234567"), "{error}");
    }
}

#[test]
fn the_documented_example_applies() {
    let document = include_str!("../../../docs/provisioning.md");
    let example = document.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut it = Installation::new(Database::Sqlite).unwrap();
    it.write("example.toml", example);
    it.write("orders-api.secret", "a secret for the orders API");
    it.environment.push(("GATEWAY_CLIENT_SECRET", "a secret for the gateway".to_owned()));
    it.environment.push(("BILLING_CLIENT_SECRET", "a secret for billing".to_owned()));
    it.environment.push(("ADA_PASSWORD", "a password of Ada's".to_owned()));
    it.environment.push(("GRACE_PASSWORD", "a password of Grace's".to_owned()));
    it.json(&["apply", "example.toml"]);
    let again = it.json(&["apply", "example.toml"]);
    assert!(outcomes(&again).iter().all(|line| line.starts_with("unchanged")), "{again}");
}
