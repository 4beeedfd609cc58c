//! Signing keys and the master key.

use rstest::rstest;
use serde_json::{Value, json};

use super::installation::{read, text};
use super::{Database, Installation};

fn statuses(keys: &Value) -> Vec<&str> {
    let mut statuses: Vec<&str> =
        keys.as_array().into_iter().flatten().filter_map(|key| key["state"].as_str()).collect();
    statuses.sort_unstable();
    statuses
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn signing_keys_are_listed_rotated_and_revoked(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    let server = it.serve(&[]);
    let keys = it.json(&["keys", "list", "main"]);
    assert_eq!(statuses(&keys), ["active", "active"]);
    let kid = text(&keys[0], "kid");
    assert!(it.ok(&["keys", "list", "main"]).contains(&kid));
    let set = |server: &super::installation::Server| {
        server.send("GET", "/main/oidc/.well-known/jwks.json", &[], "").1["keys"].as_array().unwrap().clone()
    };
    assert_eq!(set(&server).len(), 2);
    assert_eq!(statuses(&it.json(&["keys", "rotate", "main"])), ["active", "active", "published", "published"]);
    server.soon(|server| set(server).len() == 4);
    assert!(it.refused(&["keys", "rotate", "main"]).contains("published already"));
    let after = it.json(&["keys", "revoke", "main", &kid]);
    assert_eq!(statuses(&after), ["active", "active", "published", "revoked"]);
    server.soon(|server| set(server).iter().all(|key| key["kid"] != kid.as_str()));
    assert!(it.refused(&["keys", "revoke", "main", &kid]).contains("not revoked already"));
}

#[test]
fn a_fresh_master_key_needs_no_database() {
    let it = Installation::new(Database::Sqlite).unwrap();
    let key = it.ok(&["keys", "generate-master"]);
    assert_eq!(key.trim_end().len(), 43);
    assert_ne!(it.json(&["keys", "generate-master"])["master_key"], key.trim_end());
    assert_eq!(std::fs::read_dir(it.folder.path()).unwrap().count(), 0);
}

#[test]
fn the_embedded_databases_master_key_is_replaced_and_the_old_one_is_refused() {
    let it = Installation::with_domain(Database::Sqlite).unwrap();
    let made = it.json(&["client", "create", "main"]);
    let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    let file = it.path("data/registrar.key");
    let old = read(&file);
    let out = it.ok(&["keys", "rewrap"]);
    let new = read(&file);
    assert_ne!(old, new);
    assert!(!out.contains(new.trim()) && !out.contains(old.trim()), "a key is never printed");
    assert!(!it.path("data/registrar.key.new").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let server = it.serve(&[]);
    assert_eq!(server.token(&id, &secret, "").0, 200);
    drop(server);
    std::fs::write(&file, old).unwrap();
    assert!(it.refused(&["serve"]).contains("the master key is not the one"));
    assert!(it.refused(&["domain", "list"]).contains("the master key is not the one"));
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn a_named_master_key_takes_over(#[case] database: Database) {
    let Some(mut it) = Installation::with_domain(database) else { return };
    let new = text(&it.json(&["keys", "generate-master"]), "master_key");
    it.write("new.key", &new);
    let done = it.json(&["keys", "rewrap", "--new-key-file", "new.key"]);
    assert_eq!(done["rewrapped"], 3, "hashing, sealing, one domain's fingerprints");
    assert!(it.refused(&["serve"]).contains("the master key is not the one"));
    it.environment.retain(|(name, _)| *name != "REGISTRAR_MASTER_KEY");
    it.environment.push(("REGISTRAR_MASTER_KEY", new));
    assert_eq!(it.json(&["domain", "list"])[0]["name"], "main");
    it.environment.push(("REGISTRAR_NEW_MASTER_KEY", "09".repeat(32)));
    it.json(&["keys", "rewrap"]);
    it.environment.retain(|(name, _)| !name.ends_with("MASTER_KEY"));
    it.environment.push(("REGISTRAR_MASTER_KEY", "09".repeat(32)));
    assert!(it.refused(&["keys", "rewrap"]).contains("--new-key-file"));
    it.write("bad.key", "short");
    assert!(it.refused(&["keys", "rewrap", "--new-key-file", "bad.key"]).contains("32 bytes"));
    let server = it.serve(&[]);
    assert_eq!(server.card["ready"], json!(true));
}

#[test]
fn a_postgresql_database_without_a_key_is_refused_with_the_command_that_makes_one() {
    let mut it = Installation::new(Database::Sqlite).unwrap();
    // Nothing answers there, and nothing has to: without a key there is no use in asking.
    it.environment.push(("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none".to_owned()));
    let error = it.refused(&["serve"]);
    assert!(error.contains("registrar keys generate-master"), "{error}");
}
