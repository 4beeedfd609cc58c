//! `registrar user list` and `user show`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::administration::{Administration, encoded, in_domain};
use crate::cli::output::{members, pairs, print, table, text, when};

/// Flags of `user list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The domain
    domain: String,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
    /// Continue after this user
    #[arg(long, value_name = "USERNAME", default_value = "")]
    after: String,
}

pub(super) async fn list(api: &Administration, arguments: ListArgs) -> anyhow::Result<()> {
    let after = Some(&arguments.after).filter(|after| !after.is_empty());
    let query = after.map(|after| format!("after={}", encoded(after))).unwrap_or_default();
    let users = api.pages(&in_domain(&arguments.domain, &["users"]), &query, arguments.limit).await?;
    print(api.json, &json!(users), || {
        let row = |user: &Value| {
            [
                text(&user["username"]),
                text(&user["email"]),
                standing(user).to_owned(),
                user["claims"]["name"].as_str().map_or_else(|| text(&user["username"]), str::to_owned),
                when(&user["created_at"], "-"),
            ]
        };
        let rows: Vec<_> = users.iter().map(row).collect();
        let mut shown = table(["USER NAME", "E-MAIL", "STATUS", "NAME", "CREATED"], &rows);
        if let Some(last) = users.last().filter(|_| i64::try_from(users.len()) == Ok(arguments.limit)) {
            let _ = writeln!(shown, "There may be more: --after {}", text(&last["username"]));
        }
        shown
    })
}

/// Prints a user, never a password.
pub(super) fn show(api: &Administration, user: &Value) -> anyhow::Result<()> {
    print(api.json, user, || {
        let mut shown = lines(user);
        shown.push(("Claims", String::new()));
        pairs(shown) + &members(&user["claims"])
    })
}

pub(super) fn lines(user: &Value) -> Vec<(&'static str, String)> {
    let email = match user["email"].as_str() {
        Some(email) if user["email_verified"] == true => format!("{email} (verified)"),
        Some(email) => email.to_owned(),
        None => "-".to_owned(),
    };
    vec![
        ("User", text(&user["username"])),
        ("Id", text(&user["id"])),
        ("E-mail", email),
        ("Status", standing(user).to_owned()),
        ("Created", when(&user["created_at"], "-")),
        ("Changed", when(&user["updated_at"], "-")),
    ]
}

fn standing(user: &Value) -> &'static str {
    match (&user["enabled"], &user["has_password"]) {
        (Value::Bool(true), Value::Bool(true)) => "active",
        (Value::Bool(true), _) => "without password",
        _ => "disabled",
    }
}
