//! `registrar administrator list` and `administrator show`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::path_of;
use crate::cli::administration::{Administration, path};
use crate::cli::output::{pairs, plain, print, table, text, when};
use crate::model::user::fold;

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

pub(super) async fn list(api: &Administration, arguments: &ListArgs) -> anyhow::Result<()> {
    let after = fold(&arguments.after);
    let all = api.items(&path(&["administrators"])).await?;
    let later = |one: &Value| after.is_empty() || fold(one["username"].as_str().unwrap_or_default()) > after;
    let limit = usize::try_from(arguments.limit)?;
    let found: Vec<Value> = all.into_iter().filter(later).take(limit).map(described).collect();
    print(api.json, &json!(found), || {
        let row = |one: &Value| {
            [
                text(&one["username"]),
                text(&one["role"]),
                reach(one),
                standing(one).to_owned(),
                yes_or_no(&one["second_factor"]),
                when(&one["last_login_at"], "never"),
            ]
        };
        let rows: Vec<_> = found.iter().map(row).collect();
        let mut shown = table(["USER NAME", "ROLE", "DOMAINS", "STATUS", "SECOND FACTOR", "LAST LOGIN"], &rows);
        if let Some(last) = found.last().filter(|_| found.len() == limit) {
            let _ = writeln!(shown, "There may be more: --after {}", text(&last["username"]));
        }
        shown
    })
}

/// Prints an administrator with their sessions, never a password.
pub(super) async fn show(api: &Administration, one: Value) -> anyhow::Result<()> {
    let sessions = api.items(&path_of(&one, &["sessions"])).await?;
    let mut value = described(one);
    value["sessions"] = json!(sessions);
    print(api.json, &value, || {
        let row = |session: &Value| {
            let times = [&session["created_at"], &session["last_seen_at"]].map(|at| when(at, "-"));
            let [since, seen] = times;
            [text(&session["device"]), text(&session["source"]), since, seen]
        };
        let rows: Vec<_> = sessions.iter().map(row).collect();
        let sessions = if rows.is_empty() { String::new() } else { table(["BROWSER", "FROM", "SINCE", "SEEN"], &rows) };
        pairs(lines(&value)) + &sessions
    })
}

/// An administrator with whether every domain is within reach.
pub(super) fn described(mut one: Value) -> Value {
    one["all_domains"] = one["domains"].is_null().into();
    one
}

pub(super) fn lines(one: &Value) -> Vec<(&'static str, String)> {
    vec![
        ("Administrator", text(&one["username"])),
        ("Id", text(&one["id"])),
        ("Role", text(&one["role"])),
        ("Domains", reach(one)),
        ("Status", standing(one).to_owned()),
        ("Second factor", yes_or_no(&one["second_factor"])),
        ("Created", when(&one["created_at"], "-")),
        ("Changed", when(&one["updated_at"], "-")),
        ("Last login", when(&one["last_login_at"], "never")),
    ]
}

fn reach(one: &Value) -> String {
    if one["all_domains"] == true { "all".to_owned() } else { plain(&one["domains"]) }
}

fn standing(one: &Value) -> &'static str {
    if one["enabled"] == true { "active" } else { "disabled" }
}

fn yes_or_no(flag: &Value) -> String {
    if flag == true { "yes" } else { "no" }.to_owned()
}
