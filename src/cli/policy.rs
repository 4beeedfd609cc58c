//! `registrar policy`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Subcommand;
use serde_json::{Value, json};

use super::Cli;
use super::context::{Context, policy, told};
use super::output::{members, pairs, plain, print, table, time};
use super::values::{Assignment, assign, assignment, read, read_object};
use crate::clients::admission::Who;
use crate::clients::dry_run::Trying;
use crate::model::json::{Object, parse_object, typed};
use crate::model::registration::policy::Policy;
use crate::store::policies::NamedPolicy;

/// Registration policies of a domain: what a registration may ask for and what it gets
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Create a policy
    Create {
        /// The domain
        domain: String,
        /// The policy
        name: String,
        /// What it starts from: a preset (gateway, mcp), or a JSON or TOML file
        #[arg(long, value_name = "gateway|mcp|FILE", default_value = "gateway")]
        from: String,
        /// Members, as `policy show` names them
        #[arg(value_name = "MEMBER=VALUE", value_parser = assignment)]
        members: Vec<Assignment>,
    },
    /// List the policies
    List {
        /// The domain
        domain: String,
    },
    /// Show a policy
    Show {
        /// The domain
        domain: String,
        /// The policy
        name: String,
    },
    /// Change a policy
    Set {
        /// The domain
        domain: String,
        /// The policy
        name: String,
        /// What it starts from anew: a preset (gateway, mcp), or a JSON or TOML file
        #[arg(long, value_name = "gateway|mcp|FILE")]
        from: Option<String>,
        /// Members, as `policy show` names them; nothing after '=' sets one back to the gateway preset's
        #[arg(value_name = "MEMBER=VALUE", value_parser = assignment)]
        members: Vec<Assignment>,
    },
    /// Delete a policy
    Delete {
        /// The domain
        domain: String,
        /// The policy
        name: String,
    },
    /// Show what a registration would get under a policy, without registering
    DryRun {
        /// The domain
        domain: String,
        /// The policy
        name: String,
        /// The registration's JSON body; '-' reads standard input
        #[arg(value_name = "FILE")]
        body: PathBuf,
    },
}

/// Runs the command.
pub async fn run(cli: &Cli, command: PolicyCommand) -> anyhow::Result<()> {
    let context = Context::open(cli).await?;
    match command {
        PolicyCommand::Create { domain, name, from, members } => {
            let domain = context.domain(&domain).await?;
            let rules = assign(&start(&from)?, &members)?;
            let made = context.domains.create_policy(&domain, &name, rules, &context.actor).await.map_err(told)?;
            show(&context, &made)
        }
        PolicyCommand::List { domain } => list(&context, &domain).await,
        PolicyCommand::Show { domain, name } => {
            let domain = context.domain(&domain).await?;
            show(&context, policy(&domain, &name)?)
        }
        PolicyCommand::Set { domain, name, from, members } => {
            let domain = context.domain(&domain).await?;
            let mut changed = policy(&domain, &name)?.clone();
            if let Some(from) = from {
                changed.rules = start(&from)?;
            }
            changed.rules = assign(&changed.rules, &members)?;
            context.domains.change_policy(&domain, &changed, &context.actor).await.map_err(told)?;
            show(&context, &changed)
        }
        PolicyCommand::Delete { domain, name } => {
            let domain = context.domain(&domain).await?;
            let gone = policy(&domain, &name)?;
            context.domains.delete_policy(&domain, gone, &context.actor).await.map_err(told)?;
            print(context.json, &json!({ "deleted": name }), || format!("Policy {name} is deleted"))
        }
        PolicyCommand::DryRun { domain, name, body } => dry_run(&context, &domain, &name, &body).await,
    }
}

/// A preset, or the policy that a file describes.
fn start(from: &str) -> anyhow::Result<Policy> {
    match from {
        "gateway" => return Ok(Policy::gateway()),
        "mcp" => return Ok(Policy::mcp()),
        _ => {}
    }
    let path = Path::new(from);
    let bytes = read(path).context("--from is neither a preset (gateway, mcp) nor a file")?;
    let object = if path.extension().is_some_and(|extension| extension == "toml") {
        let text = std::str::from_utf8(&bytes).with_context(|| format!("{from} is not text"))?;
        toml::from_str::<Object>(text).map_err(|error| anyhow!("{from}: {}", error.message().replace('\n', " ")))?
    } else {
        parse_object(&bytes).map_err(|problem| anyhow!("{from}: {problem}"))?
    };
    typed(&object).map_err(|problem| anyhow!("{from}: {problem}"))
}

async fn list(context: &Context, domain: &str) -> anyhow::Result<()> {
    let domain = context.domain(domain).await?;
    let shown: Vec<Value> = domain.policies.iter().map(describe).collect();
    let settings = &domain.domain.settings;
    let used = |name: &str| {
        let uses = [("gateways", &settings.gateway_policy), ("open registration", &settings.open_policy)];
        uses.iter().filter(|(_, used)| *used == name).map(|(by, _)| *by).collect::<Vec<_>>().join(", ")
    };
    print(context.json, &json!(shown), || {
        let rows: Vec<_> = domain
            .policies
            .iter()
            .map(|policy| {
                let grants = policy.rules.grant_types.join(" ");
                [policy.name.clone(), used(&policy.name), grants, time(policy.created_at)]
            })
            .collect();
        table(["NAME", "BINDS", "GRANTS", "CREATED"], &rows)
    })
}

fn describe(policy: &NamedPolicy) -> Value {
    json!({ "name": policy.name, "rules": policy.rules, "created_at": policy.created_at })
}

fn show(context: &Context, policy: &NamedPolicy) -> anyhow::Result<()> {
    let value = describe(policy);
    print(context.json, &value, || {
        pairs([("Policy", policy.name.clone()), ("Created", time(policy.created_at)), ("Rules", String::new())])
            + &members(&value["rules"])
    })
}

async fn dry_run(context: &Context, domain: &str, name: &str, body: &Path) -> anyhow::Result<()> {
    let domain = context.domain(domain).await?;
    let who = Who::Policy(policy(&domain, name)?.name.clone());
    let base_url = context.public_url().await?;
    let trying = Trying { domain: &domain, who: &who, open: false, base_url: &base_url };
    let outcome = context.registry.dry_run(&trying, read_object(body)?).await.map_err(told)?;
    let value = serde_json::to_value(&outcome)?;
    print(context.json, &value, || {
        let mut text = match &outcome.error {
            None => "Accepted\n".to_owned(),
            Some(error) => format!("Refused: {error}\n"),
        };
        if !outcome.findings.is_empty() {
            let rows: Vec<_> = value["findings"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|finding| ["rule", "outcome", "member", "explanation"].map(|name| plain(&finding[name])))
                .collect();
            let _ = write!(text, "\n{}", table(["RULE", "OUTCOME", "MEMBER", "EXPLANATION"], &rows));
        }
        if outcome.metadata.is_some() {
            let _ = write!(text, "\nThe client would be\n{}", members(&value["metadata"]));
        }
        text
    })
}
