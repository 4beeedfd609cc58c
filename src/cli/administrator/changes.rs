//! `registrar administrator set`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{One, ReachArgs, create, read, role, show};
use crate::cli::administration::Administration;
use crate::cli::output::{pairs, print};
use crate::model::administrator::Role;

/// Flags of `administrator set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    #[command(flatten)]
    one: One,
    /// What the person logs in with
    #[arg(long, value_name = "USERNAME")]
    username: Option<String>,
    /// What the person may do: auditor, editor, owner
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    #[command(flatten)]
    reach: ReachArgs,
    /// Whether the person may log in; where that stops, all sessions end
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    enabled: Option<bool>,
    /// A file with another password, or '-' for standard input; all sessions end
    #[arg(long, value_name = "FILE", conflicts_with = "generate_password")]
    password_file: Option<PathBuf>,
    /// Generate another password and print it this once; all sessions end
    #[arg(long)]
    generate_password: bool,
}

pub(super) async fn run(api: &Administration, arguments: SetArgs) -> anyhow::Result<()> {
    let (path, one) = read(api, &arguments.one.name).await?;
    let domains = arguments.reach.domains(api).await?;
    let all = arguments.reach.all_domains || (arguments.role == Some(Role::Owner) && domains.is_none());
    let chosen = create::password(arguments.password_file.as_ref(), arguments.generate_password)?;
    let mut change = json!({});
    for (name, value) in [
        ("username", arguments.username.map(Value::from)),
        ("role", arguments.role.map(|role| json!(role))),
        ("domains", domains.map(|domains| json!(domains))),
        ("all_domains", all.then_some(Value::Bool(true))),
        ("password", chosen.as_ref().map(|(secret, _)| secret.expose().into())),
        ("enabled", arguments.enabled.map(Value::from)),
    ] {
        if let Some(value) = value {
            change[name] = value;
        }
    }
    let mut value = show::described(api.patch(&path, &one, &change).await?.body);
    let mut lines = show::lines(&value);
    if let Some((secret, true)) = &chosen {
        value["password"] = json!(secret.expose());
        lines.push(("Password", format!("{}   (shown this once)", secret.expose())));
    }
    print(api.json, &value, || pairs(lines))
}
