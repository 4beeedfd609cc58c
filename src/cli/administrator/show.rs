//! `registrar administrator list` and `administrator show`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::output::{pairs, print, table, time, time_or};
use crate::model::administrator::{Administrator, AdministratorSession, Reach};
use crate::model::domain::Domain;

/// Flags of `administrator list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
    /// Continue after this administrator
    #[arg(long, value_name = "USERNAME", default_value = "")]
    after: String,
}

pub(super) async fn list(context: &Context, arguments: ListArgs) -> anyhow::Result<()> {
    let found = context.store.administrators(&arguments.after, arguments.limit).await?;
    let domains = context.store.domains().await?;
    let shown: Vec<Value> = found.iter().map(|one| describe(one, &domains)).collect();
    print(context.json, &json!(shown), || {
        let row = |one: &Administrator| {
            [
                one.username.clone(),
                one.role.to_string(),
                reach(one, &domains),
                standing(one).to_owned(),
                yes_or_no(one.totp.is_some()).to_owned(),
                time_or(one.last_login_at, "never"),
            ]
        };
        let rows: Vec<_> = found.iter().map(row).collect();
        let mut text = table(["USER NAME", "ROLE", "DOMAINS", "STATUS", "SECOND FACTOR", "LAST LOGIN"], &rows);
        if let Some(last) = found.last().filter(|_| i64::try_from(found.len()) == Ok(arguments.limit)) {
            let _ = writeln!(text, "There may be more: --after {}", last.username);
        }
        text
    })
}

/// Prints an administrator with their sessions, never a password.
pub(super) async fn show(context: &Context, one: &Administrator) -> anyhow::Result<()> {
    let domains = context.store.domains().await?;
    let sessions = context.administrators().sessions(one.id).await?;
    let mut value = describe(one, &domains);
    value["sessions"] = sessions.iter().map(session).collect();
    print(context.json, &value, || {
        let row = |session: &AdministratorSession| {
            [session.device.clone(), session.source.clone(), time(session.created_at), time(session.last_seen_at)]
        };
        let rows: Vec<_> = sessions.iter().map(row).collect();
        let sessions = if rows.is_empty() { String::new() } else { table(["BROWSER", "FROM", "SINCE", "SEEN"], &rows) };
        pairs(lines(one, &domains)) + &sessions
    })
}

fn session(session: &AdministratorSession) -> Value {
    json!({
        "id": session.id,
        "device": session.device,
        "source": session.source,
        "created_at": session.created_at,
        "last_seen_at": session.last_seen_at,
        "expires_at": session.expires_at,
    })
}

pub(super) fn describe(one: &Administrator, domains: &[Domain]) -> Value {
    let reached = match &one.reach {
        Reach::All => Value::Null,
        Reach::Domains(_) => json!(names(one, domains)),
    };
    json!({
        "id": one.id,
        "username": one.username,
        "role": one.role,
        "all_domains": one.reach == Reach::All,
        "domains": reached,
        "second_factor": one.totp.is_some(),
        "enabled": one.enabled,
        "version": one.version,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "last_login_at": one.last_login_at,
    })
}

pub(super) fn lines(one: &Administrator, domains: &[Domain]) -> Vec<(&'static str, String)> {
    vec![
        ("Administrator", one.username.clone()),
        ("Id", one.id.to_string()),
        ("Role", one.role.to_string()),
        ("Domains", reach(one, domains)),
        ("Status", standing(one).to_owned()),
        ("Second factor", yes_or_no(one.totp.is_some()).to_owned()),
        ("Created", time(one.created_at)),
        ("Changed", time(one.updated_at)),
        ("Last login", time_or(one.last_login_at, "never")),
    ]
}

fn reach(one: &Administrator, domains: &[Domain]) -> String {
    match &one.reach {
        Reach::All => "all".to_owned(),
        Reach::Domains(_) => names(one, domains).join(" "),
    }
}

fn names<'a>(one: &Administrator, domains: &'a [Domain]) -> Vec<&'a str> {
    let Reach::Domains(reached) = &one.reach else { return Vec::new() };
    domains.iter().filter(|domain| reached.contains(&domain.id)).map(|domain| domain.name.as_str()).collect()
}

fn standing(one: &Administrator) -> &'static str {
    if one.enabled { "active" } else { "disabled" }
}

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
