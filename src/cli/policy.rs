//! `registrar policy`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::administration::{Administration, Answer, in_domain};
use super::output::{members, pairs, plain, print, table, text, when};
use super::values::{Assignment, assign, assignment, read, read_object};
use crate::model::json::{self, Object, parse_object, typed};
use crate::model::registration::policy::Policy;

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
pub async fn run(api: &Administration, command: PolicyCommand) -> anyhow::Result<()> {
    match command {
        PolicyCommand::Create { domain, name, from, members } => create(api, (&domain, &name), &from, &members).await,
        PolicyCommand::List { domain } => list(api, &domain).await,
        PolicyCommand::Show { domain, name } => show(api, &find(api, &domain, &name).await?.body),
        PolicyCommand::Set { domain, name, from, members } => {
            let current = find(api, &domain, &name).await?;
            let mut rules = match from {
                Some(from) => start(&from)?,
                None => json::members(&current.body["rules"]),
            };
            assign::<Policy>(&mut rules, &members)?;
            let path = in_domain(&domain, &["policies", &name]);
            show(api, &api.put(&path, Some(&current), Some(&Value::Object(rules))).await?.body)
        }
        PolicyCommand::Delete { domain, name } => {
            let gone = find(api, &domain, &name).await?;
            api.delete(&in_domain(&domain, &["policies", &name]), Some(&gone)).await?;
            print(api.json, &json!({ "deleted": name }), || format!("Policy {name} is deleted"))
        }
        PolicyCommand::DryRun { domain, name, body } => dry_run(api, (&domain, &name), &body).await,
    }
}

async fn find(api: &Administration, domain: &str, name: &str) -> anyhow::Result<Answer> {
    if let Some(policy) = api.find(&in_domain(domain, &["policies", name])).await? {
        return Ok(policy);
    }
    let policies = api.items(&in_domain(domain, &["policies"])).await?;
    let names: Vec<&str> = policies.iter().filter_map(|policy| policy["name"].as_str()).collect();
    bail!("domain {domain} has no policy {name:?}; there is {}", names.join(", "))
}

/// The rules of a preset, or those that a file describes.
fn start(from: &str) -> anyhow::Result<Object> {
    match from {
        "gateway" => return Ok(json::members(&Policy::gateway())),
        "mcp" => return Ok(json::members(&Policy::mcp())),
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
    typed::<Policy>(&object).map_err(|problem| anyhow!("{from}: {problem}"))?;
    Ok(object)
}

async fn create(
    api: &Administration,
    (domain, name): (&str, &str),
    from: &str,
    members: &[Assignment],
) -> anyhow::Result<()> {
    let mut rules = start(from)?;
    assign::<Policy>(&mut rules, members)?;
    // Where a null means "none" and not the default, only all the rules at once can say it.
    let whole = rules.values().any(Value::is_null).then(|| Value::Object(rules.clone()));
    rules.retain(|_, value| !value.is_null());
    let wanted = json!({ "name": name, "preset": "gateway", "rules": rules });
    let mut made = api.post(&in_domain(domain, &["policies"]), &wanted).await?;
    if let Some(whole) = whole.filter(|whole| differs(&made.body["rules"], whole)) {
        made = api.put(&in_domain(domain, &["policies", name]), Some(&made), Some(&whole)).await?;
    }
    show(api, &made.body)
}

/// Whether a member is not what is wanted.
fn differs(rules: &Value, wanted: &Value) -> bool {
    json::members(wanted).iter().any(|(name, value)| rules[name] != *value)
}

async fn list(api: &Administration, domain: &str) -> anyhow::Result<()> {
    let policies = api.items(&in_domain(domain, &["policies"])).await?;
    let used = |policy: &Value| {
        let uses = [("gateway_policy", "gateways"), ("open_policy", "open registration")];
        let named = policy["named_by"].as_array().map(Vec::as_slice).unwrap_or_default();
        uses.iter().filter(|(by, _)| named.iter().any(|n| n == by)).map(|(_, by)| *by).collect::<Vec<_>>().join(", ")
    };
    print(api.json, &json!(policies), || {
        let row = |policy: &Value| {
            let grants = plain(&policy["rules"]["grant_types"]);
            [text(&policy["name"]), used(policy), grants, when(&policy["created_at"], "-")]
        };
        table(["NAME", "BINDS", "GRANTS", "CREATED"], &policies.iter().map(row).collect::<Vec<_>>())
    })
}

fn show(api: &Administration, policy: &Value) -> anyhow::Result<()> {
    print(api.json, policy, || {
        let created = when(&policy["created_at"], "-");
        pairs([("Policy", text(&policy["name"])), ("Created", created), ("Rules", String::new())])
            + &members(&policy["rules"])
    })
}

async fn dry_run(api: &Administration, (domain, name): (&str, &str), body: &Path) -> anyhow::Result<()> {
    find(api, domain, name).await?;
    let body = Value::Object(read_object(body)?);
    let outcome = api.post(&in_domain(domain, &["policies", name, "dry-run"]), &body).await?.body;
    print(api.json, &outcome, || {
        let mut text = match outcome["error"].as_str() {
            None => "Accepted\n".to_owned(),
            Some(error) => format!("Refused: {error}\n"),
        };
        let findings = outcome["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !findings.is_empty() {
            let row = |finding: &Value| ["rule", "outcome", "member", "explanation"].map(|name| plain(&finding[name]));
            let rows: Vec<_> = findings.iter().map(row).collect();
            let _ = write!(text, "\n{}", table(["RULE", "OUTCOME", "MEMBER", "EXPLANATION"], &rows));
        }
        if !outcome["metadata"].is_null() {
            let _ = write!(text, "\nThe client would be\n{}", members(&outcome["metadata"]));
        }
        text
    })
}
