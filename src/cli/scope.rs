//! `registrar scope`.

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::Cli;
use super::context::{Context, told};
use super::output::{pairs, print, table};
use crate::domains::scopes::find_scope;
use crate::model::scope::Scope;

/// Scopes of a domain
#[derive(Debug, Subcommand)]
pub enum ScopeCommand {
    /// Create a scope
    Create(ScopeArgs),
    /// List the scopes
    List {
        /// The domain
        domain: String,
    },
    /// Change a scope; what is not named stays as it is
    Set(ScopeArgs),
    /// Delete a scope
    Delete {
        /// The domain
        domain: String,
        /// The scope
        name: String,
    },
}

/// A scope and what it shall be.
#[derive(Debug, Args)]
pub struct ScopeArgs {
    /// The domain
    domain: String,
    /// The scope
    name: String,
    /// A short name for people
    #[arg(long)]
    label: Option<String>,
    /// What it allows, in words
    #[arg(long)]
    description: Option<String>,
    /// Never listed in discovery
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    hidden: Option<bool>,
    /// Granted by an administrator only
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    reserved: Option<bool>,
    /// May be asked for in a registration
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    self_registrable: Option<bool>,
}

/// Runs the command.
pub async fn run(cli: &Cli, command: ScopeCommand) -> anyhow::Result<()> {
    let context = Context::open(cli).await?;
    match command {
        ScopeCommand::Create(arguments) => put(&context, arguments, true).await,
        ScopeCommand::Set(arguments) => put(&context, arguments, false).await,
        ScopeCommand::List { domain } => {
            let domain = context.domain(&domain).await?;
            let yes = |flag: bool| if flag { "yes" } else { "-" }.to_owned();
            print(context.json, &json!(domain.scopes), || {
                let rows: Vec<_> = domain
                    .scopes
                    .iter()
                    .map(|scope| {
                        let Scope { name, label, description, .. } = scope.clone();
                        let flags = (yes(scope.hidden), yes(scope.reserved), yes(scope.self_registrable));
                        [name, flags.0, flags.1, flags.2, label, description]
                    })
                    .collect();
                table(["NAME", "HIDDEN", "RESERVED", "SELF-REGISTRABLE", "LABEL", "DESCRIPTION"], &rows)
            })
        }
        ScopeCommand::Delete { domain, name } => {
            let domain = context.domain(&domain).await?;
            let scope = find_scope(&domain, &name).map_err(told)?;
            context.domains.delete_scope(&domain, scope, &context.actor).await.map_err(told)?;
            print(context.json, &json!({ "deleted": name }), || format!("Scope {name} is deleted"))
        }
    }
}

async fn put(context: &Context, arguments: ScopeArgs, create: bool) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.domain).await?;
    let current = domain.scope(&arguments.name).cloned();
    let base = match (current, create) {
        (Some(_), true) => {
            bail!("the domain has a scope {:?} already; `registrar scope set` changes it", arguments.name)
        }
        (None, true) => Scope {
            name: arguments.name.clone(),
            label: arguments.name.clone(),
            description: String::new(),
            hidden: false,
            reserved: false,
            self_registrable: false,
            version: 0,
        },
        (current, false) => current.with_context(|| {
            format!("the domain has no scope {:?}; `registrar scope create` makes it", arguments.name)
        })?,
    };
    let scope = Scope {
        name: base.name,
        label: arguments.label.unwrap_or(base.label),
        description: arguments.description.unwrap_or(base.description),
        hidden: arguments.hidden.unwrap_or(base.hidden),
        reserved: arguments.reserved.unwrap_or(base.reserved),
        self_registrable: arguments.self_registrable.unwrap_or(base.self_registrable),
        version: base.version,
    };
    context.domains.put_scope(&domain, &scope, &context.actor).await.map_err(told)?;
    print(context.json, &json!(scope), || {
        pairs([
            ("Scope", scope.name.clone()),
            ("Label", scope.label.clone()),
            ("Description", scope.description.clone()),
            ("Hidden", scope.hidden.to_string()),
            ("Reserved", scope.reserved.to_string()),
            ("Self-registrable", scope.self_registrable.to_string()),
        ])
    })
}
