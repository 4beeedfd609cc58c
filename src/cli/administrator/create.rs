//! `registrar administrator create`, and where its password comes from.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{ReachArgs, role, show};
use crate::cli::administration::{Administration, path};
use crate::cli::output::{pairs, print};
use crate::cli::values::read_secret;
use crate::model::administrator::Role;
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

pub(super) async fn run(api: &Administration, arguments: CreateArgs) -> anyhow::Result<()> {
    let domains = arguments.reach.domains(api).await?;
    if domains.is_none() && !arguments.reach.all_domains && arguments.role != Role::Owner {
        anyhow::bail!("name the domains within reach: --domain NAME, or --all-domains");
    }
    let chosen = password(arguments.password.password_file.as_ref(), arguments.password.generate_password)?;
    let Some((secret, generated)) = chosen else { anyhow::bail!("give --password-file or --generate-password") };
    let mut wanted = json!({
        "username": arguments.username,
        "role": arguments.role,
        "password": secret.expose(),
        "disabled": arguments.disabled,
    });
    if let Some(domains) = domains {
        wanted["domains"] = json!(domains);
    }
    let mut value = show::described(api.post(&path(&["administrators"]), &wanted).await?.body);
    let mut lines = show::lines(&value);
    if generated {
        value["password"] = json!(secret.expose());
        lines.push(("Password", format!("{}   (shown this once)", secret.expose())));
    }
    print(api.json, &value, || pairs(lines))
}
