//! `registrar user list` and `user show`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::output::{members, pairs, print, table, time};
use crate::model::user::User;
use crate::store::user_list::UserListQuery;

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

pub(super) async fn list(context: &Context, arguments: ListArgs) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.domain).await?;
    let mut query = UserListQuery { limit: arguments.limit, ..UserListQuery::default() };
    query.cursor = (!arguments.after.is_empty()).then(|| query.after(&arguments.after));
    let mut users = Vec::new();
    while let Some(page) = context.store.list_users(domain.id(), &query).await? {
        users.extend(page.items);
        query.limit = arguments.limit - i64::try_from(users.len())?;
        query.cursor = page.next;
        if query.cursor.is_none() || query.limit <= 0 {
            break;
        }
    }
    let shown: Vec<Value> = users.iter().map(describe).collect();
    print(context.json, &json!(shown), || {
        let row = |user: &User| {
            [
                user.username.clone(),
                user.email.clone().unwrap_or_default(),
                standing(user).to_owned(),
                user.display_name().to_owned(),
                time(user.created_at),
            ]
        };
        let mut text =
            table(["USER NAME", "E-MAIL", "STATUS", "NAME", "CREATED"], &users.iter().map(row).collect::<Vec<_>>());
        if let Some(last) = users.last().filter(|_| i64::try_from(users.len()) == Ok(arguments.limit)) {
            let _ = writeln!(text, "There may be more: --after {}", last.username);
        }
        text
    })
}

/// Prints a user, never a password.
pub(super) fn show(context: &Context, user: &User) -> anyhow::Result<()> {
    let value = describe(user);
    print(context.json, &value, || {
        let mut shown = lines(user);
        shown.push(("Claims", String::new()));
        pairs(shown) + &members(&value["claims"])
    })
}

pub(super) fn describe(user: &User) -> Value {
    json!({
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "email_verified": user.email_verified,
        "claims": user.claims,
        "has_password": user.password.is_some(),
        "enabled": user.enabled,
        "version": user.version,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    })
}

pub(super) fn lines(user: &User) -> Vec<(&'static str, String)> {
    let email = match &user.email {
        Some(email) if user.email_verified => format!("{email} (verified)"),
        Some(email) => email.clone(),
        None => "-".to_owned(),
    };
    vec![
        ("User", user.username.clone()),
        ("Id", user.id.to_string()),
        ("E-mail", email),
        ("Status", standing(user).to_owned()),
        ("Created", time(user.created_at)),
        ("Changed", time(user.updated_at)),
    ]
}

fn standing(user: &User) -> &'static str {
    match (user.enabled, &user.password) {
        (false, _) => "disabled",
        (true, Some(_)) => "active",
        (true, None) => "without password",
    }
}
