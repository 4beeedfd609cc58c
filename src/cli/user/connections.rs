//! `registrar user sessions` and `user applications`.

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{One, find, path_of};
use crate::cli::administration::Administration;
use crate::cli::output::{plain, print, table, text, when};

/// Flags of `user sessions`.
#[derive(Debug, Args)]
pub struct SessionsArgs {
    #[command(flatten)]
    one: One,
    /// End this session
    #[arg(long, value_name = "SESSION_ID")]
    end: Option<String>,
    /// End all sessions; applications stay connected
    #[arg(long, conflicts_with = "end")]
    end_all: bool,
}

/// Flags of `user applications`.
#[derive(Debug, Args)]
pub struct ApplicationsArgs {
    #[command(flatten)]
    one: One,
    /// Take back what this client was allowed, and end everything issued to it
    #[arg(long, value_name = "CLIENT_ID")]
    revoke: Option<String>,
}

pub(super) async fn sessions(api: &Administration, arguments: SessionsArgs) -> anyhow::Result<()> {
    let one = &arguments.one;
    let user = find(api, one).await?;
    let path = path_of(&one.domain, &user, &["sessions"]);
    let name = text(&user["username"]);
    if let Some(id) = &arguments.end {
        let not_one = || format!("{id:?} is not the id of a session; `registrar user sessions` shows the ids");
        id.parse::<Uuid>().ok().with_context(not_one)?;
        api.delete(&path_of(&one.domain, &user, &["sessions", id]), None).await?;
        let value = json!({ "username": name, "ended": 1 });
        return print(api.json, &value, || format!("1 of {name}'s sessions ended"));
    }
    let sessions = api.items(&path).await?;
    if arguments.end_all {
        api.delete(&path, None).await?;
        let value = json!({ "username": name, "ended": sessions.len() });
        return print(api.json, &value, || format!("All of {name}'s sessions ended: {}", sessions.len()));
    }
    print(api.json, &json!(sessions), || {
        let row = |session: &Value| {
            let (began, seen) = (when(&session["created_at"], "-"), when(&session["last_seen_at"], "-"));
            [text(&session["id"]), text(&session["source"]), began, seen, text(&session["device"])]
        };
        table(["SESSION", "FROM", "BEGAN", "LAST SEEN", "BROWSER"], &sessions.iter().map(row).collect::<Vec<_>>())
    })
}

pub(super) async fn applications(api: &Administration, arguments: ApplicationsArgs) -> anyhow::Result<()> {
    let one = &arguments.one;
    let user = find(api, one).await?;
    if let Some(client_id) = &arguments.revoke {
        api.delete(&path_of(&one.domain, &user, &["connections", client_id]), None).await?;
        let name = text(&user["username"]);
        let value = json!({ "username": name, "revoked": client_id });
        return print(api.json, &value, || format!("{client_id} is no longer connected to {name}"));
    }
    let connections = api.items(&path_of(&one.domain, &user, &["connections"])).await?;
    print(api.json, &json!(connections), || {
        table(["CLIENT ID", "ALLOWED", "LOGINS", "LAST USED"], &connections.iter().map(row).collect::<Vec<_>>())
    })
}

fn row(connection: &Value) -> [String; 4] {
    let allowed = |consent: &Value| match consent["resource"].as_str() {
        None => text(&consent["scope"]),
        Some(resource) => format!("{} at {resource}", text(&consent["scope"])),
    };
    let consents = connection["consents"].as_array().into_iter().flatten();
    [
        text(&connection["client_id"]),
        consents.map(allowed).collect::<Vec<_>>().join(", "),
        plain(&connection["logins"]),
        when(&connection["last_used_at"], "-"),
    ]
}
