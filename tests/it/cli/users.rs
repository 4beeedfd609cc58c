//! Users: made by hand, changed, invited, logged in somewhere.

use std::path::PathBuf;

use registrar::model::consent::Consent;
use registrar::model::id::{AttemptId, AuthorizationId, ClientId, DomainId, SessionId, UserId};
use registrar::model::interaction::{Interaction, Progress, StoredRequest};
use registrar::model::scope::ScopeSet;
use registrar::model::secret::Secret;
use registrar::model::session::Session;
use registrar::model::time::Clock;
use registrar::store::login_grants::GrantOutcome;
use registrar::store::{ConnectOptions, Store};
use rstest::rstest;
use serde_json::{Value, json};

use super::installation::{read, text};
use super::{Database, Installation};

/// What a browser would do, at the database itself.
fn at_the_store<T>(it: &Installation, work: impl AsyncFnOnce(Store) -> T) -> T {
    let url = it.environment.iter().find(|(name, _)| *name == "DATABASE_URL");
    let embedded = || format!("sqlite:{}", it.path("data/registrar.db").display());
    let url = url.map_or_else(embedded, |(_, url)| url.clone());
    let options = ConnectOptions {
        url: Secret::new(url),
        max_connections: 2,
        acquire_timeout: 30,
        exclusive: false,
        cache_capacity: 1 << 20,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::connect(&options, Clock::System).await.unwrap();
        let result = work(store.clone()).await;
        store.close().await;
        result
    })
}

/// Logs a user in with two browsers and connects the application `notes`.
fn log_in(it: &Installation, user: &Value) {
    let user_id = UserId(text(user, "id").parse().unwrap());
    at_the_store(it, async |store: Store| {
        let domain_id = store.domain_named("main").await.unwrap().unwrap().id();
        let (clock, now) = (store.clock().clone(), store.clock().now());
        let known = store.user(domain_id, user_id).await.unwrap().unwrap();
        for (number, device) in ["Browser one", "Browser two"].into_iter().enumerate() {
            let session = Session {
                id: SessionId::new(&clock),
                domain_id,
                user_id,
                auth_time: now,
                device: device.to_owned(),
                source: "192.0.2.1".to_owned(),
                created_at: now,
                last_seen_at: now,
                expires_at: now.plus(3_600),
            };
            let (hash, password) = ([u8::try_from(number).unwrap(); 32], known.password.as_deref());
            assert!(store.begin_session(&session, &hash, password, None).await.unwrap());
        }
        allow(&store, domain_id, user_id).await;
        establish(&store, domain_id, user_id).await;
    });
}

async fn allow(store: &Store, domain_id: DomainId, user_id: UserId) {
    let now = store.clock().now();
    let interaction = Interaction {
        id: AttemptId::random(),
        domain_id,
        client_id: "notes".to_owned(),
        request: StoredRequest { params: Vec::new() },
        progress: Progress::default(),
        version: 1,
        created_at: now,
        expires_at: now.plus(600),
    };
    store.begin_interaction(&interaction).await.unwrap();
    let consent = Consent {
        domain_id,
        user_id,
        client_id: "notes".to_owned(),
        resource: "https://mcp.example/notes".to_owned(),
        scope: ScopeSet::parse("openid email").unwrap(),
        granted_at: now,
    };
    let actor = registrar::model::audit_event::Actor::local("test");
    let audit = actor.did(store.clock(), Some(domain_id), "consent.grant", "notes");
    assert!(store.allow_interaction(&interaction, &[consent], &audit).await.unwrap());
}

async fn establish(store: &Store, domain_id: DomainId, user_id: UserId) {
    use registrar::model::authorization::{AuthorizationCode, GrantDetails, GrantStatus, LoginGrant};
    let now = store.clock().now();
    let grant = LoginGrant {
        id: AuthorizationId::new(store.clock()),
        domain_id,
        client_id: ClientId("notes".to_owned()),
        user_id,
        session_id: None,
        attempt: AttemptId::random(),
        scope: ScopeSet::parse("openid").unwrap(),
        details: GrantDetails::default(),
        status: GrantStatus::Pending,
        created_at: now,
        last_used_at: now,
        expires_at: now.plus(3_600),
    };
    let code = AuthorizationCode {
        hash: grant.id.0.as_bytes().to_vec(),
        client_id: grant.client_id.clone(),
        redirect_uri: "https://notes.example/cb".to_owned(),
        redirect_uri_sent: true,
        code_challenge: None,
        created_at: now,
        expires_at: now.plus(60),
        redeemed_at: None,
    };
    assert_eq!(store.establish_grant(&grant, &code, None).await.unwrap(), GrantOutcome::Established);
    store.redeem_code((domain_id, &code.hash), &grant, None, now.plus(3_600)).await.unwrap();
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn a_user_is_created_shown_changed_and_deleted(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    it.write("password", "a password of Ada's\n");
    let made = it.json(&[
        "user",
        "create",
        "main",
        "ada",
        "--email",
        "Ada@example.com",
        "--verified",
        "--name",
        "Ada Lovelace",
        "--claim",
        "given_name=Ada",
        "--claim",
        "phone_number_verified=true",
        "--password-file",
        "password",
    ]);
    assert_eq!((&made["username"], &made["email"]), (&json!("ada"), &json!("Ada@example.com")));
    let claims = json!({"name": "Ada Lovelace", "given_name": "Ada", "phone_number_verified": true});
    assert_eq!((&made["claims"], &made["has_password"]), (&claims, &json!(true)));
    assert!(!made.to_string().contains("a password of"), "{made}");

    let generated = it.ok(&["user", "create", "main", "bob", "--generate-password"]);
    assert!(generated.contains("(shown this once)"), "{generated}");
    let names = |listed: &Value| -> Vec<String> {
        listed.as_array().unwrap().iter().map(|user| text(user, "username")).collect()
    };
    assert_eq!(names(&it.json(&["user", "list", "main"])), ["ada", "bob"]);
    assert_eq!(names(&it.json(&["user", "list", "main", "--after", "ada"])), ["bob"]);
    assert!(it.ok(&["user", "list", "main", "--limit", "1"]).contains("--after ada"));
    let shown = it.ok(&["user", "show", "main", "ADA@EXAMPLE.COM"]);
    assert!(shown.contains("Ada@example.com (verified)") && !shown.contains("argon2"), "{shown}");

    let set = it.json(&["user", "set", "main", "ada", "--email", "ada@example.org", "--claim", "given_name="]);
    assert_eq!((&set["email_verified"], &set["claims"]["given_name"]), (&json!(false), &json!(null)));
    let set = it.json(&["user", "set", "main", "ada", "--verified", "--username", "ada.lovelace"]);
    assert_eq!((&set["email_verified"], &set["username"]), (&json!(true), &json!("ada.lovelace")));
    assert_eq!(it.json(&["user", "set", "main", "bob", "--enabled", "false"])["enabled"], false);
    assert!(it.ok(&["user", "list", "main"]).contains("disabled"));
    assert_eq!(it.json(&["user", "set", "main", "bob", "--enabled"])["enabled"], true);

    assert_eq!(it.json(&["user", "delete", "main", "bob"])["deleted"], "bob");
    assert_eq!(names(&it.json(&["user", "list", "main"])), ["ada.lovelace"]);
    let audit = it.ok(&["audit", "main"]);
    for action in ["user.create", "user.update", "user.disable", "user.enable", "user.delete"] {
        assert!(audit.contains(&format!("\"{action}\"")), "{action}: {audit}");
    }
    assert!(!audit.contains("a password of") && audit.contains("\"actor\":\"cli\""), "{audit}");
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn what_cannot_be_a_user_is_refused_by_the_member(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    it.write("short", "1234567");
    it.write("common", "Password1\n");
    it.ok(&["user", "create", "main", "ada", "--email", "ada@example.com", "--generate-password"]);
    let create = |name: &str, more: &[&str]| it.refused(&[&["user", "create", "main", name], more].concat());
    for (name, more, expected) in [
        ("a b", &["--generate-password"][..], "username: a user name has"),
        ("bob", &["--generate-password", "--email", "bob"], "email: an e-mail address"),
        ("bob", &["--generate-password", "--verified"], "email_verified: there is no"),
        ("bob", &["--generate-password", "--claim", "shoe_size=38"], "is not one of name"),
        ("bob", &["--generate-password", "--claim", "phone_number_verified=perhaps"], "must be true or false"),
        ("bob", &["--password-file", "short"], "password: must have at least 8"),
        ("bob", &["--password-file", "common"], "password: is one of those"),
        ("ADA", &["--generate-password"], "username: another user"),
        ("bob", &["--generate-password", "--email", "ADA@example.com"], "email: another user"),
        ("bob", &["--link", "--send"], "has no e-mail address"),
    ] {
        let error = create(name, more);
        assert!(error.contains(expected), "{name} {more:?}: {error}");
    }
    for usage in [
        &["user", "create", "main", "bob"][..],
        &["user", "create", "main", "bob", "--link", "--generate-password"],
        &["user", "invite", "main", "--send"],
    ] {
        assert_eq!(it.run(usage).status.code(), Some(2), "{usage:?}");
    }
    for command in ["show", "delete", "sessions", "applications"] {
        assert!(it.refused(&["user", command, "main", "nobody"]).contains("user list main"));
    }
    assert!(it.refused(&["user", "invite", "main", "--email", "ada@example.com"]).contains("already"));
    assert!(it.refused(&["user", "invite", "main", "--expires", "1s"]).contains("works for 60 to"));
    assert_eq!(it.json(&["user", "list", "main"]).as_array().unwrap().len(), 1);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn links_are_printed_once_or_mailed_and_never_stored(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    let base = format!("http://127.0.0.1:{}/main", it.port);
    let link = text(&it.json(&["user", "invite", "main"]), "link");
    let secret = link.strip_prefix(&format!("{base}/register?invite=")).unwrap();
    assert_eq!(secret.len(), 43);
    assert!(it.ok(&["user", "invite", "main", "--expires", "1h"]).contains("(shown this once)"));
    assert_eq!(at_the_store(&it, async |store: Store| store.user_count(domain(&store).await).await).unwrap().count, 0);

    let sent = it.json(&["user", "invite", "main", "--email", "ada@example.com", "--send"]);
    assert_eq!((&sent["sent_to"], &sent["link"]), (&json!("ada@example.com"), &json!(null)));
    let mail = only_mail(&it);
    assert!(mail.contains("To: ada@example.com") && mail.contains(&format!("{base}/register?invite=")), "{mail}");

    let made = it.json(&["user", "create", "main", "ada", "--email", "ada@example.com", "--link"]);
    assert!(text(&made, "link").starts_with(&base), "{made}");
    assert_eq!(made["has_password"], false);
    let reset = it.json(&["user", "reset-password", "main", "ada", "--link", "--send"]);
    assert_eq!(reset["sent_to"], "ada@example.com");
    let generated = it.json(&["user", "reset-password", "main", "ada", "--generate-password"]);
    assert_eq!(text(&generated, "password").len(), 22);
    assert_eq!(it.json(&["user", "show", "main", "ada"])["has_password"], true);
    let audit = it.ok(&["audit", "main"]);
    assert!(audit.contains("user.invite") && audit.contains("user.reset_password"), "{audit}");
    for secret in [secret, &text(&generated, "password")] {
        assert!(!audit.contains(secret), "{audit}");
    }
}

async fn domain(store: &Store) -> DomainId {
    store.domain_named("main").await.unwrap().unwrap().id()
}

fn only_mail(it: &Installation) -> String {
    let mails: Vec<PathBuf> =
        std::fs::read_dir(it.path("data/mail")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(mails.len(), 1, "{mails:?}");
    read(&mails[0])
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn sessions_and_applications_are_listed_and_ended(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    let made = it.json(&["user", "create", "main", "ada", "--generate-password"]);
    assert_eq!(it.json(&["user", "sessions", "main", "ada"]), json!([]));
    log_in(&it, &made);
    let sessions = it.json(&["user", "sessions", "main", "ada"]);
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    assert!(it.ok(&["user", "sessions", "main", "ada"]).contains("Browser two"));
    let id = text(&sessions[0], "id");
    assert_eq!(it.json(&["user", "sessions", "main", "ada", "--end", &id])["ended"], 1);
    assert!(it.refused(&["user", "sessions", "main", "ada", "--end", &id]).contains("no such session"));
    assert!(it.refused(&["user", "sessions", "main", "ada", "--end", "nope"]).contains("not the id"));
    assert_eq!(it.json(&["user", "sessions", "main", "ada", "--end-all"])["ended"], 1);

    let applications = it.json(&["user", "applications", "main", "ada"]);
    let consents = &applications[0]["consents"];
    assert_eq!((&applications[0]["client_id"], &applications[0]["logins"]), (&json!("notes"), &json!(1)));
    assert_eq!(
        (&consents[0]["resource"], &consents[0]["scope"]),
        (&json!("https://mcp.example/notes"), &json!("openid email"))
    );
    assert!(it.ok(&["user", "applications", "main", "ada"]).contains("openid email at https://mcp.example/notes"));
    assert!(it.refused(&["user", "applications", "main", "ada", "--revoke", "mail"]).contains("not connected"));
    it.json(&["user", "applications", "main", "ada", "--revoke", "notes"]);
    assert_eq!(it.json(&["user", "applications", "main", "ada"]), json!([]));
    let audit = it.ok(&["audit", "main"]);
    assert!(audit.contains("session.end") && audit.contains("consent.revoke"), "{audit}");
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
fn disabling_a_user_and_another_password_end_sessions_and_logins(#[case] database: Database) {
    let Some(it) = Installation::with_domain(database) else { return };
    let ada = it.json(&["user", "create", "main", "ada", "--generate-password"]);
    let ends: [&[&str]; 2] = [
        &["user", "set", "main", "ada", "--enabled", "false"],
        &["user", "reset-password", "main", "ada", "--generate-password"],
    ];
    for end in ends {
        at_the_store(&it, async |store: Store| {
            let user_id = UserId(text(&ada, "id").parse().unwrap());
            establish(&store, domain(&store).await, user_id).await;
        });
        assert_eq!(it.json(&["user", "applications", "main", "ada"])[0]["logins"], 1);
        it.json(end);
        assert_eq!(it.json(&["user", "applications", "main", "ada"]), json!([]), "{end:?}");
    }
}
