//! Administrators: logging in, the second factor, sessions, tokens, and what the audit log tells of changes.

use std::collections::BTreeSet;

use registrar::administrators::accounts::{AdministratorEdit, NewAdministrator, OwnPasswordRefused};
use registrar::administrators::api_tokens::NewApiToken;
use registrar::administrators::login::{Attempt, LoginOutcome};
use registrar::administrators::second_factor::SecondFactorOutcome;
use registrar::administrators::sessions::Current;
use registrar::clients::administer::{Edit, Step};
use registrar::domains::Domains;
use registrar::model::administrator::{Administrator, Principal, Reach, Role};
use registrar::model::audit_event::Actor;
use registrar::model::json::Object;
use registrar::model::oauth_error::OAuthError;
use registrar::model::secret::Secret;
use registrar::ops::rate_limit::SourcePrefix;
use registrar::people::browser_session::Device;
use registrar::people::users::{NewUser, UserEdit};
use registrar::store::administrator_sessions::EndAdministratorSessions;
use rstest::rstest;
use serde_json::{Value, json};
use totp_rs::Totp;

use crate::support::{Backend, TestServer, baked_keys};

const PASSWORD: &str = "correct horse battery";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn cli() -> Actor {
    Actor::local("cli")
}

fn source(address: &str) -> SourcePrefix {
    SourcePrefix::of(address.parse().unwrap())
}

fn here() -> Actor {
    Actor {
        name: String::new(),
        source: Some("192.0.2.1".to_owned()),
        request_id: Some("request-1".to_owned()),
        token_id: None,
    }
}

async fn add(server: &TestServer, username: &str, role: Role) -> Administrator {
    let new = NewAdministrator {
        username: username.to_owned(),
        role,
        reach: Reach::All,
        password: Secret::new(PASSWORD),
        disabled: false,
    };
    server.app.administrators.create(new, &cli()).await.unwrap()
}

async fn log_in_from(server: &TestServer, address: &str, username: &str, password: &str) -> LoginOutcome {
    let attempt = Attempt {
        username,
        password: Secret::new(password),
        device: Device { agent: FIREFOX, source: address },
        source: source(address),
    };
    server.app.administrators.log_in(attempt, &here()).await.unwrap()
}

async fn log_in(server: &TestServer, username: &str, password: &str) -> LoginOutcome {
    log_in_from(server, "192.0.2.1", username, password).await
}

/// Logs in with the password alone; what the cookie holds.
async fn cookie(server: &TestServer, username: &str) -> Secret {
    match log_in(server, username, PASSWORD).await {
        LoginOutcome::Session(_, secret) => secret,
        other => panic!("{other:?}"),
    }
}

async fn session(server: &TestServer, cookie: &Secret) -> Option<Current> {
    server.app.administrators.session(cookie.expose()).await.unwrap()
}

/// The latest audit event of an action, as text with its detail.
async fn told(server: &TestServer, action: &str) -> (String, Value) {
    let row = |columns: &str| {
        format!("select {columns} from audit_events where action = '{action}' order by id desc limit 1")
    };
    let who = row(
        "actor || ' ' || target || ' ' || outcome || ' ' || coalesce(reason, '-') || ' ' || coalesce(source, '-') || ' ' || coalesce(request_id, '-')",
    );
    let detail = server.database.text(&row("cast(detail as text)")).await;
    (server.database.text(&who).await, serde_json::from_str(&detail).unwrap())
}

async fn changes(server: &TestServer, action: &str) -> Value {
    told(server, action).await.1["changes"].clone()
}

/// What an authenticator application shows.
fn code(server: &TestServer, secret: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp: Totp = totp_rs::Builder::new().with_secret(secret).with_account_name("x").build().unwrap();
    totp.generate(u64::try_from(server.clock.now().seconds()).unwrap()).to_string()
}

/// Puts a second factor in force; its secret in base32.
async fn enrol(server: &TestServer, cookie: &Secret) -> String {
    let current = session(server, cookie).await.unwrap();
    let administrators = &server.app.administrators;
    let enrolment = administrators.enrol(&current, "auth.example.com").unwrap();
    let secret = enrolment.secret.expose().to_owned();
    let answer = (enrolment.token.expose(), code(server, &secret));
    administrators.confirm_enrolment(&current, (answer.0, &answer.1), &cli()).await.unwrap();
    secret
}

/// Logs in as far as the second factor.
async fn half_way(server: &TestServer, username: &str) -> (Secret, Current) {
    let LoginOutcome::NeedsSecondFactor(begun, secret) = log_in(server, username, PASSWORD).await else {
        panic!("the second factor is not asked for")
    };
    assert!(!begun.confirmed);
    assert!(session(server, &secret).await.is_none(), "half a login is none");
    let current = server.app.administrators.unconfirmed_session(secret.expose()).await.unwrap().unwrap();
    (secret, current)
}

async fn give(server: &TestServer, current: &Current, code: &str) -> SecondFactorOutcome {
    server.app.administrators.give_second_factor(current, code, &here()).await.unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T, OAuthError>) -> String {
    result.unwrap_err().description
}

#[rstest]
#[tokio::test]
async fn the_first_start_makes_an_owner_who_can_log_in(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let card = &server.card;
    assert_eq!(card.console_url, format!("{}/console", server.app.public_url.as_str()));
    let first = card.administrator.as_ref().unwrap();
    assert_eq!(first.username, "admin");
    let LoginOutcome::Session(begun, secret) = log_in(&server, "Admin", first.password.expose()).await else {
        panic!("the password of the card is wrong")
    };
    assert_eq!((begun.device.as_str(), begun.source.as_str()), ("Firefox on Linux", "192.0.2.1"));
    let current = session(&server, &secret).await.unwrap();
    let authority = current.authority();
    assert_eq!((authority.role, &authority.reach, authority.name.as_str()), (Role::Owner, &Reach::All, "admin"));
    assert_eq!(authority.principal, Principal::Administrator(current.administrator.id, current.session.id));
    let id = current.administrator.id;
    let (event, detail) = told(&server, "administrator.login").await;
    assert_eq!(event, format!("administrator:{id} {id} done - 192.0.2.1 request-1"));
    assert_eq!(detail, json!({ "username": "admin", "device": "Firefox on Linux", "second_factor": false }));
}

#[rstest]
#[tokio::test]
async fn a_wrong_login_is_refused_alike_and_told_apart_in_the_audit_log(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let ada = add(&server, "ada", Role::Auditor).await;
    let eve = add(&server, "eve", Role::Auditor).await;
    let edit = AdministratorEdit { enabled: Some(false), ..AdministratorEdit::default() };
    server.app.administrators.change(&eve, edit, None, &cli()).await.unwrap();
    for (username, password, target, why) in [
        ("ada", "something else", ada.id.to_string(), "the password is wrong"),
        ("eve", PASSWORD, eve.id.to_string(), "the administrator is disabled"),
        (PASSWORD, PASSWORD, "unknown".to_owned(), "there is no such administrator"),
    ] {
        let outcome = log_in(&server, username, password).await;
        assert!(matches!(outcome, LoginOutcome::Wrong), "{outcome:?}");
        let (event, detail) = told(&server, "administrator.login").await;
        assert_eq!(event, format!("anonymous {target} refused {why} 192.0.2.1 request-1"));
        assert!(!detail.to_string().contains("horse"), "a password in the wrong field: {detail}");
        server.clock.advance(1);
    }
}

#[rstest]
#[tokio::test]
async fn whoever_guesses_waits_and_the_person_does_not(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let on = |settings: &mut registrar::config::Settings| settings.rate_limit.enabled = true;
    let Some(server) = TestServer::start_with(backend, on).await else { return };
    add(&server, "ada", Role::Auditor).await;
    cookie(&server, "ada").await;
    for name in ["ada", "nobody"] {
        for _ in 0..5 {
            let outcome = log_in_from(&server, "198.51.100.7", name, "wrong").await;
            assert!(matches!(outcome, LoginOutcome::Wrong), "{name}: {outcome:?}");
        }
        for wait in [1, 2, 4] {
            let right = log_in_from(&server, "198.51.100.7", name, PASSWORD).await;
            assert!(matches!(right, LoginOutcome::Wait(seconds) if seconds == wait), "{name}: {right:?}");
            server.clock.advance(i64::from(wait));
            assert!(matches!(log_in_from(&server, "198.51.100.7", name, "wrong").await, LoginOutcome::Wrong));
        }
    }
    assert!(matches!(log_in(&server, "ada", PASSWORD).await, LoginOutcome::Session(..)), "from where she always does");
}

#[rstest]
#[tokio::test]
async fn a_second_factor_is_asked_for_and_each_code_counts_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    add(&server, "ada", Role::Editor).await;
    let (first, other) = (cookie(&server, "ada").await, cookie(&server, "ada").await);
    let secret = enrol(&server, &first).await;
    assert!(session(&server, &first).await.is_some() && session(&server, &other).await.is_none());

    let (planted, current) = half_way(&server, "ada").await;
    let same = code(&server, &secret);
    server.clock.advance(1);
    assert!(matches!(give(&server, &current, &same).await, SecondFactorOutcome::Wrong), "by which it was confirmed");
    let (event, _) = told(&server, "administrator.login").await;
    assert!(event.contains("refused the code of the second factor was used before"), "{event}");
    server.clock.advance(30);
    for wrong in ["", "12345", "1234567", "abcdef"] {
        assert!(matches!(give(&server, &current, wrong).await, SecondFactorOutcome::Wrong), "{wrong}");
    }
    server.clock.advance(1);
    let next = code(&server, &secret);
    let SecondFactorOutcome::Session(confirmed, secret_after) = give(&server, &current, &next).await else {
        panic!("the code is wrong")
    };
    assert_eq!((confirmed.id, confirmed.confirmed), (current.session.id, true));
    assert!(session(&server, &planted).await.is_none(), "the cookie from before is worth nothing");
    assert!(session(&server, &secret_after).await.is_some());
    assert_eq!(told(&server, "administrator.login").await.1["second_factor"], true);

    let (_, again) = half_way(&server, "ada").await;
    assert!(matches!(give(&server, &again, &next).await, SecondFactorOutcome::Wrong), "it was used");
    assert!(matches!(give(&server, &again, &same).await, SecondFactorOutcome::Wrong), "and this is older");
    server.clock.advance(60);
    // A device that is half a minute slow, and people's way of writing codes.
    let late = code(&server, &secret);
    server.clock.advance(30);
    let spaced = format!(" {} {}", &late[..3], &late[3..]);
    assert!(matches!(give(&server, &again, &spaced).await, SecondFactorOutcome::Session(..)));
    let (_, slow) = half_way(&server, "ada").await;
    let old = code(&server, &secret);
    server.clock.advance(61);
    assert!(matches!(give(&server, &slow, &old).await, SecondFactorOutcome::Wrong), "two steps are too many");
    server.clock.advance(600);
    let now = code(&server, &secret);
    assert!(matches!(give(&server, &slow, &now).await, SecondFactorOutcome::Ended), "ten minutes are over");
}

#[rstest]
#[tokio::test]
async fn whoever_guesses_codes_waits_wherever_they_are(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let on = |settings: &mut registrar::config::Settings| settings.rate_limit.enabled = true;
    let Some(server) = TestServer::start_with(backend, on).await else { return };
    add(&server, "ada", Role::Editor).await;
    let first = cookie(&server, "ada").await;
    let secret = enrol(&server, &first).await;
    server.clock.advance(30);
    let mut current = half_way(&server, "ada").await.1;
    for _ in 0..5 {
        assert!(matches!(give(&server, &current, "000000").await, SecondFactorOutcome::Wrong));
        current = half_way(&server, "ada").await.1;
    }
    let right = code(&server, &secret);
    assert!(matches!(give(&server, &current, &right).await, SecondFactorOutcome::Wait(1)));
    server.clock.advance(1);
    assert!(matches!(give(&server, &current, &right).await, SecondFactorOutcome::Session(..)));
}

#[rstest]
#[tokio::test]
async fn a_second_factor_is_confirmed_where_it_was_begun_and_removed_for_the_password(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let administrators = &server.app.administrators;
    add(&server, "ada", Role::Editor).await;
    let eve = add(&server, "eve", Role::Auditor).await;
    let first = cookie(&server, "ada").await;
    let ada = session(&server, &first).await.unwrap();
    let theirs = session(&server, &cookie(&server, "eve").await).await.unwrap();
    let elsewhere = session(&server, &cookie(&server, "ada").await).await.unwrap();
    let enrolment = administrators.enrol(&ada, "auth.example.com:8443").unwrap();
    let url = enrolment.url.expose();
    assert!(url.starts_with("otpauth://totp/Registrar%20auth.example.com%208443:ada?secret="), "{url}");
    assert!(url.contains(enrolment.secret.expose()) && enrolment.secret.expose().len() == 32, "{url}");
    let (token, right) = (enrolment.token.expose(), code(&server, enrolment.secret.expose()));
    let confirm = async |who: &Current, token: &str, code: &str| {
        administrators.confirm_enrolment(who, (token, code), &cli()).await
    };
    assert!(refused(confirm(&ada, token, "000000").await).contains("code: is wrong"));
    for who in [&theirs, &elsewhere] {
        assert!(refused(confirm(who, token, &right).await).contains("token: took too long, or is another session's"));
    }
    let mut forged = token.to_owned();
    forged.replace_range(40..41, if &token[40..41] == "A" { "B" } else { "A" });
    assert!(refused(confirm(&ada, &forged, &right).await).contains("token:"));
    server.clock.advance(900);
    assert!(refused(confirm(&ada, token, &right).await).contains("token:"), "fifteen minutes are over");
    let known = server.app.store.administrator(ada.administrator.id).await.unwrap().unwrap();
    assert!(known.totp.is_none(), "nothing is in force until then");

    let secret = enrol(&server, &first).await;
    let current = session(&server, &first).await.unwrap();
    assert!(refused(administrators.enrol(&current, "")).contains("remove it first"));
    let sealed = current.administrator.totp.clone().unwrap();
    let plain = totp_rs::Secret::try_from_base32(&secret).unwrap();
    assert!(!sealed.windows(20).any(|window| window == plain.as_bytes()), "it is sealed");
    let from = source("192.0.2.1");
    let remove = async |password: &str| {
        administrators.remove_own_second_factor(&current, Secret::new(password), from, &cli()).await
    };
    assert!(refused(remove("wrong").await).contains("password: is wrong"));
    assert!(matches!(log_in(&server, "ada", PASSWORD).await, LoginOutcome::NeedsSecondFactor(..)));
    remove(PASSWORD).await.unwrap();
    assert!(matches!(log_in(&server, "ada", PASSWORD).await, LoginOutcome::Session(..)));
    assert!(refused(administrators.remove_second_factor(&eve, &cli()).await).contains("no second factor"));
    let id = ada.administrator.id;
    for action in ["administrator.add_second_factor", "administrator.remove_second_factor"] {
        assert_eq!(told(&server, action).await.0, format!("cli {id} done - - -"));
    }
    let all = server.database.count("select count(*) from audit_events").await;
    assert!(all > 0);
    for hidden in [&secret, PASSWORD] {
        let sql = format!("select count(*) from audit_events where cast(detail as text) like '%{hidden}%'");
        assert_eq!(server.database.count(&sql).await, 0, "the audit log holds a secret");
    }
}

#[rstest]
#[tokio::test]
async fn a_session_ends_when_idle_and_after_half_a_day(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    add(&server, "ada", Role::Auditor).await;
    let (idle, busy) = (cookie(&server, "ada").await, cookie(&server, "ada").await);
    for minutes in 1..=11 {
        server.clock.advance(59 * 60);
        assert!(session(&server, &busy).await.is_some(), "after {minutes} times 59 minutes");
    }
    assert!(session(&server, &idle).await.is_none());
    server.clock.advance(12 * 3_600 - 11 * 59 * 60 - 1);
    // Seen again within the hour, but not past the end.
    assert!(session(&server, &busy).await.is_none(), "72 minutes without a request");
    let steady = cookie(&server, "ada").await;
    for _ in 0..23 {
        server.clock.advance(1_800);
        assert!(session(&server, &steady).await.is_some());
    }
    server.clock.advance(1_799);
    assert!(session(&server, &steady).await.is_some());
    server.clock.advance(1);
    assert!(session(&server, &steady).await.is_none());
    assert!(session(&server, &Secret::new("")).await.is_none());
}

#[rstest]
#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_person(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let administrators = &server.app.administrators;
    let ada = add(&server, "ada", Role::Auditor).await;
    let eve = add(&server, "eve", Role::Auditor).await;
    let cookies = [cookie(&server, "ada").await, cookie(&server, "ada").await, cookie(&server, "ada").await];
    let mine = session(&server, &cookies[0]).await.unwrap();
    let second = session(&server, &cookies[1]).await.unwrap();
    assert_eq!(administrators.sessions(ada.id).await.unwrap().len(), 3);
    let one = EndAdministratorSessions::One(second.session.id);
    assert!(refused(administrators.end_sessions(&eve, one, &cli()).await).contains("no such session"));
    assert_eq!(administrators.end_sessions(&ada, one, &cli()).await.unwrap(), 1);
    assert!(session(&server, &cookies[1]).await.is_none());
    let others = EndAdministratorSessions::AllBut(Some(mine.session.id));
    assert_eq!(administrators.end_sessions(&ada, others, &cli()).await.unwrap(), 1);
    assert!(session(&server, &cookies[2]).await.is_none() && session(&server, &cookies[0]).await.is_some());
    administrators.log_out(&mine, &cli()).await.unwrap();
    assert!(session(&server, &cookies[0]).await.is_none());
    assert!(told(&server, "administrator.logout").await.0.starts_with(&format!("cli {} done", ada.id)));
}

#[rstest]
#[tokio::test]
async fn another_password_ends_the_other_sessions(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let administrators = &server.app.administrators;
    add(&server, "ada", Role::Auditor).await;
    let (mine, other) = (cookie(&server, "ada").await, cookie(&server, "ada").await);
    let current = session(&server, &mine).await.unwrap();
    let change = async |old: &str, new: &str| {
        let passwords = (Secret::new(old), Secret::new(new));
        administrators.change_own_password(&current, passwords, source("192.0.2.1"), &cli()).await
    };
    for new in ["another long one", "short"] {
        let wrong = change("wrong", new).await;
        assert!(matches!(&wrong, Err(OwnPasswordRefused::Current(error)) if error.status == 400), "{wrong:?}");
    }
    for weak in ["elevenchars", "administrator", "password1234"] {
        let refused = change(PASSWORD, weak).await;
        assert!(matches!(refused, Err(OwnPasswordRefused::New(_))), "{weak}: {refused:?}");
    }
    let same = change(PASSWORD, PASSWORD).await;
    assert!(matches!(&same, Err(OwnPasswordRefused::New(why)) if why.contains("is the one you have")), "{same:?}");
    assert!(session(&server, &other).await.is_some());
    change(PASSWORD, "another long one").await.unwrap();
    assert!(session(&server, &mine).await.is_some() && session(&server, &other).await.is_none());
    assert!(matches!(log_in(&server, "ada", PASSWORD).await, LoginOutcome::Wrong));
    assert!(matches!(log_in(&server, "ada", "another long one").await, LoginOutcome::Session(..)));
    let (_, detail) = told(&server, "administrator.update").await;
    assert_eq!(detail, json!({ "username": "ada", "password": "changed" }));
}

#[rstest]
#[tokio::test]
async fn what_an_administrator_may_changes_at_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let administrators = &server.app.administrators;
    let domain_id = server.domain().await.id();
    let ada = add(&server, "ada", Role::Editor).await;
    let mine = cookie(&server, "ada").await;
    let narrow = || Reach::Domains(BTreeSet::from([domain_id]));
    let edit = AdministratorEdit {
        role: Some(Role::Auditor),
        reach: Some(narrow()),
        username: Some("lovelace".to_owned()),
        ..AdministratorEdit::default()
    };
    let ada = administrators.change(&ada, edit, None, &cli()).await.unwrap();
    let now = session(&server, &mine).await.unwrap().authority();
    assert_eq!((now.role, now.reach, now.name.as_str()), (Role::Auditor, narrow(), "lovelace"));
    assert_eq!(
        changes(&server, "administrator.update").await,
        json!({
            "role": { "before": "editor", "after": "auditor" },
            "domains": { "before": "all", "after": ["main"] },
            "username": { "before": "ada", "after": "lovelace" },
        })
    );
    let owner = AdministratorEdit { role: Some(Role::Owner), ..AdministratorEdit::default() };
    assert!(refused(administrators.change(&ada, owner, None, &cli()).await).contains("an owner reaches every domain"));
    let nowhere = AdministratorEdit { reach: Some(Reach::Domains(BTreeSet::new())), ..AdministratorEdit::default() };
    assert!(refused(administrators.change(&ada, nowhere, None, &cli()).await).contains("name at least one domain"));
    let stale = Administrator { version: 1, ..ada.clone() };
    let edit = AdministratorEdit { role: Some(Role::Editor), ..AdministratorEdit::default() };
    assert!(refused(administrators.change(&stale, edit, None, &cli()).await).contains("changed by somebody else"));

    let off = AdministratorEdit { enabled: Some(false), ..AdministratorEdit::default() };
    let ada = administrators.change(&ada, off, None, &cli()).await.unwrap();
    assert!(session(&server, &mine).await.is_none());
    assert_eq!(
        changes(&server, "administrator.disable").await,
        json!({ "enabled": { "before": true, "after": false } })
    );
    administrators.delete(&ada, None, &cli()).await.unwrap();
    assert_eq!(changes(&server, "administrator.delete").await["role"], json!({ "before": "auditor", "after": null }));
    assert!(refused(administrators.delete(&ada, None, &cli()).await).contains("deleted meanwhile"));
}

#[rstest]
#[tokio::test]
async fn the_server_is_never_left_without_an_owner(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let administrators = &server.app.administrators;
    let admin = server.app.store.administrator_by_username("admin").await.unwrap().unwrap();
    let rule = "admin is the last owner who may log in";
    assert!(refused(administrators.delete(&admin, None, &cli()).await).contains(rule));
    let off = || AdministratorEdit { enabled: Some(false), ..AdministratorEdit::default() };
    assert!(refused(administrators.change(&admin, off(), None, &cli()).await).contains(rule));
    add(&server, "ada", Role::Owner).await;
    administrators.change(&admin, off(), None, &cli()).await.unwrap();
    let twice = NewAdministrator {
        username: "ADA".to_owned(),
        role: Role::Auditor,
        reach: Reach::All,
        password: Secret::new(PASSWORD),
        disabled: false,
    };
    assert!(refused(administrators.create(twice, &cli()).await).contains("another administrator logs in as ADA"));
}

#[rstest]
#[tokio::test]
async fn an_api_token_acts_until_it_ends_or_is_revoked(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let administrators = &server.app.administrators;
    let domain_id = server.domain().await.id();
    let new = |role, domain_id, lifetime| NewApiToken { label: "deploy".to_owned(), role, domain_id, lifetime };
    let (token, secret) =
        administrators.create_api_token(new(Role::Editor, Some(domain_id), Some(60)), &cli()).await.unwrap();
    assert!(secret.expose().starts_with("adm_") && secret.expose().len() == 47);
    let authority = administrators.api_token(secret.expose()).await.unwrap().unwrap();
    assert_eq!(authority.principal, Principal::ApiToken(token.id));
    assert_eq!((authority.role, &authority.reach), (Role::Editor, &Reach::Domains([domain_id].into())));
    assert_eq!(authority.actor_name(), format!("api_token:{}", token.id));
    let before = server.app.store.statements();
    for _ in 0..50 {
        assert!(administrators.api_token(secret.expose()).await.unwrap().is_some());
    }
    let sent = server.app.store.statements() - before;
    assert!((50..75).contains(&sent), "one statement each, its use is noted once a minute: {sent}");
    server.clock.advance(60);
    assert!(administrators.api_token(secret.expose()).await.unwrap().is_none(), "it ended");

    let (token, secret) = administrators.create_api_token(new(Role::Owner, None, None), &cli()).await.unwrap();
    server.clock.advance(400 * 86_400);
    let authority = administrators.api_token(secret.expose()).await.unwrap().unwrap();
    assert_eq!((authority.role, authority.reach), (Role::Owner, Reach::All));
    administrators.revoke_api_token(token.id, &cli()).await.unwrap();
    assert!(administrators.api_token(secret.expose()).await.unwrap().is_none());
    assert!(refused(administrators.revoke_api_token(token.id, &cli()).await).contains("revoked before"));
    for not in ["", "adm_", "adm_x", &secret.expose()[4..]] {
        assert!(administrators.api_token(not).await.unwrap().is_none(), "{not}");
    }
    let owner = administrators.create_api_token(new(Role::Owner, Some(domain_id), None), &cli()).await;
    assert!(refused(owner).contains("domain: an owner reaches every domain"));
    for lifetime in [0, 59, -1, i64::MAX] {
        let wrong = administrators.create_api_token(new(Role::Auditor, None, Some(lifetime)), &cli()).await;
        assert!(refused(wrong).starts_with("expires_in: "), "{lifetime}");
    }
    let unnamed = NewApiToken { label: String::new(), ..new(Role::Auditor, None, None) };
    assert!(refused(administrators.create_api_token(unnamed, &cli()).await).starts_with("label: "));
    for (action, role) in [("api_token.create", "owner"), ("api_token.revoke", "owner")] {
        let (event, detail) = told(&server, action).await;
        assert_eq!(event, format!("cli {} done - - -", token.id));
        assert_eq!(detail, json!({ "label": "deploy", "role": role }));
    }
}

fn services(server: &TestServer) -> Domains {
    Domains { store: server.app.store.clone(), keys: server.app.keys.clone(), source: baked_keys() }
}

#[rstest]
#[tokio::test]
async fn changes_in_a_domain_are_told_with_what_was_before(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (domains, actor) = (services(&server), cli());
    let domain = server.domain().await;
    let mut settings = domain.domain.settings.clone();
    settings.access_token_lifetime = 120;
    domains.change(&domain, &settings, &actor).await.unwrap();
    assert_eq!(
        changes(&server, "domain.update").await,
        json!({ "access_token_lifetime": { "before": 3600, "after": 120 } })
    );

    server.add_scope("read", |_| {}).await;
    let domain = server.domain().await;
    let mut scope = domain.scope("read").unwrap().clone();
    scope.label = "Read".to_owned();
    domains.put_scope(&domain, &scope, &actor).await.unwrap();
    assert_eq!(changes(&server, "scope.update").await, json!({ "label": { "before": "", "after": "Read" } }));
    let domain = server.domain().await;
    domains.delete_scope(&domain, domain.scope("read").unwrap(), &actor).await.unwrap();
    assert_eq!(changes(&server, "scope.delete").await["label"], json!({ "before": "Read", "after": null }));

    let domain = server.domain().await;
    let mut policy = domain.policy("mcp").unwrap().clone();
    policy.rules.quota = Some(5);
    let before = serde_json::to_value(&domain.policy("mcp").unwrap().rules).unwrap()["quota"].clone();
    domains.change_policy(&domain, &policy, &actor).await.unwrap();
    assert_eq!(changes(&server, "policy.update").await, json!({ "quota": { "before": before, "after": 5 } }));

    let (mut orders, _) = server.add_resource("Orders", &["https://orders.example.com/"]).await;
    orders.settings.prefix_match = !orders.settings.prefix_match;
    let prefix = orders.settings.prefix_match;
    let domain = server.domain().await;
    domains.put_resource(&domain, &orders, "http://127.0.0.1:1", &actor).await.unwrap();
    assert_eq!(
        changes(&server, "resource.update").await,
        json!({ "prefix_match": { "before": !prefix, "after": prefix } })
    );
}

#[rstest]
#[tokio::test]
async fn changes_of_clients_and_users_are_told_with_what_was_before(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (actor, registry, people) = (cli(), &server.app.registry, &server.app.people);
    let machine = server.add_machine("").await;
    let (domain, entry) = (server.domain().await, server.stored(&machine.id).await.unwrap());
    let mut metadata = entry.client.metadata.to_object();
    let before = metadata.insert("client_name".to_owned(), "Billing".into());
    let mut settings = entry.client.settings.clone();
    settings.access_token_lifetime = Some(60);
    let edit = Edit { metadata: Some(metadata), settings: Some(settings) };
    registry.edit(&domain, &entry, edit, &actor).await.unwrap();
    assert_eq!(
        changes(&server, "client.update").await,
        json!({
            "client_name": { "before": before, "after": "Billing" },
            "settings.access_token_lifetime": { "before": null, "after": 60 },
        })
    );
    let entry = server.stored(&machine.id).await.unwrap();
    registry.turn(&entry, Step::Suspend, &actor).await.unwrap();
    assert_eq!(
        changes(&server, "client.suspend").await,
        json!({ "status": { "before": "active", "after": "suspended" } })
    );

    let new = NewUser { username: "ada".to_owned(), password: Some(Secret::new(PASSWORD)), ..NewUser::default() };
    let user = people.create_user(&domain, new, &actor).await.unwrap();
    assert_eq!(changes(&server, "user.create").await["username"], json!({ "before": null, "after": "ada" }));
    let mut claims = user.claims.clone();
    claims.0 = Object::from_iter([("name".to_owned(), "Ada".into())]);
    let edit = UserEdit {
        email: Some("ada@example.com".to_owned()),
        email_verified: Some(true),
        claims: Some(claims),
        password: Some(Secret::new("another long one")),
        ..UserEdit::default()
    };
    people.change_user(&domain, &user, edit, &actor).await.unwrap();
    let (_, detail) = told(&server, "user.update").await;
    assert_eq!(
        detail,
        json!({ "username": "ada", "password": "changed", "changes": {
            "email": { "before": null, "after": "ada@example.com" },
            "email_verified": { "before": false, "after": true },
            "claims": { "before": {}, "after": { "name": "Ada" } },
        } })
    );
    for hidden in [PASSWORD, "another long one", "argon2", "$hmac"] {
        let sql = format!("select count(*) from audit_events where cast(detail as text) like '%{hidden}%'");
        assert_eq!(server.database.count(&sql).await, 0, "the audit log holds a secret: {hidden}");
    }
}

#[rstest]
#[tokio::test]
async fn an_edit_for_any_version_counts_whoever_was_faster(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let (administrators, people) = (&server.app.administrators, &server.app.people);
    let ada = add(&server, "ada", Role::Editor).await;
    let renamed = AdministratorEdit { username: Some("lovelace".to_owned()), ..AdministratorEdit::default() };
    administrators.change(&ada, renamed, None, &cli()).await.unwrap();
    // What was read before is another version by now.
    let off = |any_version| AdministratorEdit { enabled: Some(false), any_version, ..AdministratorEdit::default() };
    assert!(refused(administrators.change(&ada, off(false), None, &cli()).await).contains("somebody else meanwhile"));
    let now = administrators.change(&ada, off(true), None, &cli()).await.unwrap();
    assert_eq!((now.username.as_str(), now.enabled), ("lovelace", false), "and nothing else");

    let domain = server.domain().await;
    let new = NewUser { username: "bob".to_owned(), password: Some(Secret::new(PASSWORD)), ..NewUser::default() };
    let bob = people.create_user(&domain, new, &cli()).await.unwrap();
    let renamed = UserEdit { username: Some("robert".to_owned()), ..UserEdit::default() };
    people.change_user(&domain, &bob, renamed, &cli()).await.unwrap();
    let password =
        |any_version| UserEdit { password: Some(Secret::new("another long one")), any_version, ..UserEdit::default() };
    let stale = people.change_user(&domain, &bob, password(false), &cli()).await;
    assert!(refused(stale).contains("somebody else meanwhile"));
    let now = people.change_user(&domain, &bob, password(true), &cli()).await.unwrap();
    assert_eq!(now.username, "robert");
    assert_ne!(now.password, bob.password);
}
