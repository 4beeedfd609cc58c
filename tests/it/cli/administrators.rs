//! Administrators and API tokens: made, changed and ended from a shell.

use rstest::rstest;
use serde_json::{Value, json};

use super::installation::text;
use super::{Database, Installation};

const PASSWORD: &str = "correct horse battery\n";

fn owner(it: &Installation, name: &str) -> Value {
    it.json(&["administrator", "create", name, "--role", "owner", "--generate-password"])
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn administrators_are_made_listed_changed_and_deleted(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    let nobody = it.refused(&["administrator", "show", "ada"]);
    assert!(nobody.contains("there is no administrator yet; `registrar administrator create`"), "{nobody}");
    let root = owner(&it, "root");
    assert_eq!((&root["role"], &root["all_domains"], &root["domains"]), (&json!("owner"), &json!(true), &json!(null)));
    assert_eq!(text(&root, "password").len(), 22);
    it.write("password", PASSWORD);
    let create = ["administrator", "create", "ada", "--role", "editor", "--password-file", "password"];
    assert!(it.refused(&create).contains("--domain NAME, or --all-domains"));
    let within = |domain: &'static str| [&create[..], &["--domain", domain]].concat();
    assert!(it.refused(&within("nowhere")).contains("there is no domain \"nowhere\"; there is main"));
    let ada = it.json(&within("main"));
    assert_eq!(
        (&ada["domains"], &ada["all_domains"], &ada["enabled"]),
        (&json!(["main"]), &json!(false), &json!(true))
    );
    assert!(ada.get("password").is_none(), "{ada}");
    assert!(it.refused(&within("main")).contains("username: another administrator logs in as ada"));
    it.write("short", "elevenchars\n");
    let short = it.refused(&["administrator", "create", "eve", "--role", "owner", "--password-file", "short"]);
    assert!(short.contains("password: must have at least 12 characters"), "{short}");
    let narrow = it.refused(&["administrator", "set", "root", "--domain", "main"]);
    assert!(narrow.contains("an owner reaches every domain"), "{narrow}");

    let names = |list: &Value| list.as_array().unwrap().iter().map(|one| text(one, "username")).collect::<Vec<_>>();
    assert_eq!(names(&it.json(&["administrator", "list"])), ["ada", "root"]);
    assert_eq!(names(&it.json(&["administrator", "list", "--after", "ada"])), ["root"]);
    assert!(it.ok(&["administrator", "list", "--limit", "1"]).contains("There may be more: --after ada"));
    let listed = it.ok(&["administrator", "list"]);
    assert!(listed.contains("ada") && listed.contains("editor") && listed.contains("never"), "{listed}");

    let ada = it.json(&["administrator", "set", "ada", "--role", "owner"]);
    assert_eq!((&ada["role"], &ada["all_domains"], &ada["version"]), (&json!("owner"), &json!(true), &json!(2)));
    it.json(&["administrator", "set", "root", "--enabled", "false"]);
    let last = it.refused(&["administrator", "delete", "ada"]);
    assert!(last.contains("ada is the last owner who may log in"), "{last}");
    let again = it.json(&["administrator", "set", "root", "--enabled", "--generate-password"]);
    assert_ne!(again["password"], root["password"]);
    assert_eq!(it.json(&["administrator", "delete", "ada"]), json!({ "deleted": "ada" }));
    assert!(it.refused(&["administrator", "show", "ada"]).contains("`registrar administrator list` lists them"));
    let shown = it.json(&["administrator", "show", "ROOT"]);
    assert_eq!((&shown["sessions"], &shown["second_factor"]), (&json!([]), &json!(false)));
    assert_eq!(it.json(&["administrator", "end-sessions", "root"]), json!({ "username": "root", "ended": 0 }));
    assert!(it.refused(&["administrator", "remove-second-factor", "root"]).contains("root has no second factor"));
    let printed = it.ok(&["administrator", "set", "root", "--generate-password"]);
    assert!(printed.contains("(shown this once)"), "{printed}");
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn api_tokens_are_issued_listed_and_revoked(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    let wide = it.json(&["api-token", "create", "deploy", "--role", "owner"]);
    assert!(text(&wide, "api_token").starts_with("adm_"));
    assert_eq!(
        (&wide["domain"], &wide["expires_at"], &wide["created_by"]),
        (&json!(null), &json!(null), &json!("cli"))
    );
    let create = ["api-token", "create", "reports", "--role", "auditor", "--domain", "main", "--expires", "30d"];
    let narrow = it.json(&create);
    assert_eq!((&narrow["domain"], &narrow["usable"]), (&json!("main"), &json!(true)));
    let lifetime = narrow["expires_at"].as_i64().unwrap() - narrow["created_at"].as_i64().unwrap();
    assert_eq!(lifetime, 30 * 86_400);
    let both = it.refused(&["api-token", "create", "x", "--role", "owner", "--domain", "main"]);
    assert!(both.contains("an owner reaches every domain"), "{both}");
    let list = it.json(&["api-token", "list"]);
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert!(list.as_array().unwrap().iter().all(|token| token.get("api_token").is_none()));
    let id = text(&narrow, "id");
    assert_eq!(it.json(&["api-token", "revoke", &id]), json!({ "revoked": id }));
    assert!(it.refused(&["api-token", "revoke", &id]).contains("revoked before"));
    assert!(it.refused(&["api-token", "revoke", "x"]).contains("\"x\" is not an id"));
    let shown = it.ok(&["api-token", "list"]);
    assert!(shown.contains("revoked") && shown.contains("usable") && !shown.contains("adm_"), "{shown}");
    assert!(it.ok(&["api-token", "create", "more", "--role", "editor"]).contains("(shown this once)"));
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn provisioned_administrators_are_as_the_file_says(#[case] database: Database) {
    let Some(mut it) = Installation::new(database) else { return };
    it.environment.push(("ADA_PASSWORD", "correct horse battery".to_owned()));
    let file = "[[administrator]]\nusername = 'ada'\nrole = 'owner'\npassword = { env = 'ADA_PASSWORD' }\n\n\
        [[administrator]]\nusername = 'eve'\nrole = 'editor'\ndomains = ['main']\npassword = { file = 'eve.secret' }\n\n\
        [[domain]]\nname = 'main'\n";
    it.write("eve.secret", "another good password\n");
    it.write("file.toml", file);
    let outcomes = |it: &Installation| {
        let report = it.json(&["apply", "file.toml"]);
        let line = |one: &Value| format!("{} {} {}", text(one, "outcome"), text(one, "kind"), text(one, "name"));
        report.as_array().unwrap().iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(&it), ["created domain main", "created administrator ada", "created administrator eve"]);
    let version = |it: &Installation, name: &str| it.json(&["administrator", "show", name])["version"].clone();
    assert_eq!(outcomes(&it), ["unchanged domain main", "unchanged administrator ada", "unchanged administrator eve"]);
    assert_eq!((version(&it, "ada"), version(&it, "eve")), (json!(1), json!(1)), "nothing was written");
    it.write("file.toml", &file.replace("'editor'", "'auditor'"));
    it.write("eve.secret", "an even better password\n");
    assert_eq!(outcomes(&it)[1..], ["unchanged administrator ada", "changed administrator eve"]);
    assert_eq!(it.json(&["administrator", "show", "eve"])["role"], "auditor");
    assert_eq!(outcomes(&it)[2], "unchanged administrator eve");
    it.write("file.toml", &file.replace("['main']", "['nowhere']"));
    let refused = it.refused(&["apply", "file.toml"]);
    assert!(refused.contains("[[administrator]] \"eve\"") && refused.contains("no domain \"nowhere\""), "{refused}");

    it.write("file.toml", file);
    let server = it.serve(&["--provision", "file.toml"]);
    assert_eq!(server.card.get("administrator"), None, "the file says who there is");
    assert_eq!(it.json(&["administrator", "list"]).as_array().unwrap().len(), 2);
}
