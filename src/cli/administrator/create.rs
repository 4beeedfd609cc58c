//! `registrar administrator create`, and where its password comes from.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{ReachArgs, role};
use crate::administrators::accounts::NewAdministrator;
use crate::cli::context::{Context, told};
use crate::cli::output::{pairs, print};
use crate::cli::values::read_secret;
use crate::model::administrator::{Reach, Role};
use crate::model::random;
use crate::model::secret::Secret;

/// Flags of `administrator create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// What the person logs in with
    #[arg(value_name = "USERNAME")]
    username: String,
    /// What the person may do: auditor looks, editor changes, owner makes domains, administrators and API tokens too
    #[arg(long, value_parser = role)]
    role: Role,
    #[command(flatten)]
    reach: ReachArgs,
    /// The person may not log in yet
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    password: NeededPassword,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct NeededPassword {
    /// A file with the password, or '-' for standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Generate a password and print it this once
    #[arg(long)]
    generate_password: bool,
}

/// The password that flags ask for, if they do, and whether it was generated.
pub(super) fn password(file: Option<&PathBuf>, generate: bool) -> anyhow::Result<Option<(Secret, bool)>> {
    Ok(match file {
        Some(path) => Some((read_secret(path)?, false)),
        None if generate => Some((Secret::new(random::identifier()), true)),
        None => None,
    })
}

pub(super) async fn run(context: &Context, arguments: CreateArgs) -> anyhow::Result<()> {
    let reach = match arguments.reach.read(context).await? {
        Some(reach) => reach,
        None if arguments.role == Role::Owner => Reach::All,
        None => anyhow::bail!("name the domains within reach: --domain NAME, or --all-domains"),
    };
    let chosen = password(arguments.password.password_file.as_ref(), arguments.password.generate_password)?;
    let Some((secret, generated)) = chosen else { anyhow::bail!("give --password-file or --generate-password") };
    let new = NewAdministrator {
        username: arguments.username,
        role: arguments.role,
        reach,
        password: secret.clone(),
        disabled: arguments.disabled,
    };
    let made = context.administrators().create(new, &context.actor).await.map_err(told)?;
    let domains = context.store.domains().await?;
    let mut value = super::show::describe(&made, &domains);
    let mut lines = super::show::lines(&made, &domains);
    if generated {
        value["password"] = json!(secret.expose());
        lines.push(("Password", format!("{}   (shown this once)", secret.expose())));
    }
    print(context.json, &value, || pairs(lines))
}
