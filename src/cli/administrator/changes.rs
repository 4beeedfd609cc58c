//! `registrar administrator set`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{One, ReachArgs, create, find, role, show};
use crate::administrators::accounts::AdministratorEdit;
use crate::cli::context::{Context, told};
use crate::cli::output::{pairs, print};
use crate::model::administrator::{Reach, Role};

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

pub(super) async fn run(context: &Context, arguments: SetArgs) -> anyhow::Result<()> {
    let administrator = find(context, &arguments.one.name).await?;
    let mut reach = arguments.reach.read(context).await?;
    if arguments.role == Some(Role::Owner) && reach.is_none() {
        reach = Some(Reach::All);
    }
    let chosen = create::password(arguments.password_file.as_ref(), arguments.generate_password)?;
    let edit = AdministratorEdit {
        username: arguments.username,
        role: arguments.role,
        reach,
        password: chosen.as_ref().map(|(secret, _)| secret.clone()),
        enabled: arguments.enabled,
    };
    let changed = context.administrators().change(&administrator, edit, None, &context.actor).await.map_err(told)?;
    let domains = context.store.domains().await?;
    let (mut value, mut lines) = (show::describe(&changed, &domains), show::lines(&changed, &domains));
    if let Some((secret, true)) = &chosen {
        value["password"] = json!(secret.expose());
        lines.push(("Password", format!("{}   (shown this once)", secret.expose())));
    }
    print(context.json, &value, || pairs(lines))
}
