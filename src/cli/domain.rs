//! `registrar domain`.

use anyhow::bail;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Cli;
use super::context::{Context, told};
use super::output::{members, pairs, print, table, time};
use super::values::{Assignment, assign, assignment};
use crate::domains::endpoints::Endpoints;
use crate::model::domain::{self, Domain, DomainSettings};

/// Security domains: each is an issuer with clients, scopes, policies and keys of its own
#[derive(Debug, Subcommand)]
pub enum DomainCommand {
    /// Create a domain
    Create {
        /// Its path segment: a-z, 0-9 and '-'
        name: String,
        /// Turns on what some use needs; single settings still win
        #[arg(long)]
        preset: Option<DomainPreset>,
        /// Settings, as `domain show` names them
        #[arg(value_name = "SETTING=VALUE", value_parser = assignment)]
        settings: Vec<Assignment>,
    },
    /// List the domains
    List,
    /// Show a domain: its URLs and settings
    Show {
        /// The domain
        name: String,
    },
    /// Change settings of a domain
    Set {
        /// The domain
        name: String,
        /// Turns on what some use needs; single settings still win
        #[arg(long)]
        preset: Option<DomainPreset>,
        /// Settings, as `domain show` names them; nothing after '=' sets one back to its default
        #[arg(value_name = "SETTING=VALUE", required_unless_present = "preset", value_parser = assignment)]
        settings: Vec<Assignment>,
    },
    /// Delete a domain with everything in it
    Delete {
        /// The domain
        name: String,
        /// Confirms that all its clients, keys and policies go
        #[arg(long)]
        yes: bool,
    },
}

/// A set of settings for one use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DomainPreset {
    /// An API gateway registers the applications of its developers, with a dcr_admin token
    Gateway,
    /// MCP clients begin by themselves: open registration and client ID metadata documents, under the policy mcp
    Mcp,
    /// Nothing is registered: registration, open registration and metadata documents are off
    Empty,
}

impl DomainPreset {
    fn applied(preset: Option<Self>, mut settings: DomainSettings) -> DomainSettings {
        match preset {
            Some(Self::Gateway) => domain::DomainPreset::Gateway.apply(&mut settings),
            Some(Self::Mcp) => domain::DomainPreset::Mcp.apply(&mut settings),
            Some(Self::Empty) => domain::DomainPreset::Empty.apply(&mut settings),
            None => {}
        }
        settings
    }
}

/// Runs the command.
pub async fn run(cli: &Cli, command: DomainCommand) -> anyhow::Result<()> {
    let context = match command {
        DomainCommand::Create { .. } => Context::open_or_create(cli).await?,
        _ => Context::open(cli).await?,
    };
    match command {
        DomainCommand::Create { name, preset, settings } => {
            let settings = assign(&DomainPreset::applied(preset, DomainSettings::default()), &settings)?;
            if !context.domains.create(&name, settings, &context.actor).await.map_err(told)? {
                bail!("there is a domain {name:?} already");
            }
            show(&context, &name).await
        }
        DomainCommand::List => list(&context).await,
        DomainCommand::Show { name } => show(&context, &name).await,
        DomainCommand::Set { name, preset, settings } => {
            let domain = context.domain(&name).await?;
            let settings = assign(&DomainPreset::applied(preset, domain.domain.settings.clone()), &settings)?;
            context.domains.change(&domain, &settings, &context.actor).await.map_err(told)?;
            show(&context, &name).await
        }
        DomainCommand::Delete { name, yes } => {
            let domain = context.domain(&name).await?;
            if !yes {
                bail!("deleting domain {name} deletes all its clients, keys and policies; confirm with --yes");
            }
            context.domains.delete(&domain, &context.actor).await.map_err(told)?;
            print(context.json, &json!({ "deleted": name }), || format!("Domain {name} is deleted"))
        }
    }
}

async fn list(context: &Context) -> anyhow::Result<()> {
    let base = context.public_url().await?;
    let domains = context.store.domains().await?;
    let shown: Vec<Value> = domains.iter().map(|domain| describe(&base, domain)).collect();
    print(context.json, &json!(shown), || {
        let row = |domain: &Domain| {
            let registration = match &domain.settings {
                settings if settings.open_registration => "open",
                settings if settings.registration => "on",
                _ => "off",
            };
            [
                domain.name.clone(),
                format!("{base}/{}/oidc", domain.name),
                registration.to_owned(),
                time(domain.created_at),
            ]
        };
        table(["NAME", "ISSUER", "REGISTRATION", "CREATED"], &domains.iter().map(row).collect::<Vec<_>>())
    })
}

async fn show(context: &Context, name: &str) -> anyhow::Result<()> {
    let domain = &context.domain(name).await?.domain;
    let value = describe(&context.public_url().await?, domain);
    print(context.json, &value, || {
        let url = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        pairs([
            ("Domain", domain.name.clone()),
            ("Issuer", url("issuer")),
            ("Discovery URL", url("discovery_url")),
            ("Token URL", url("token_url")),
            ("Registration URL", url("registration_url")),
            ("Renew secret URL", url("renew_secret_url")),
            ("Introspection URL", url("introspection_url")),
            ("Keys URL", url("jwks_url")),
            ("Created", time(domain.created_at)),
            ("Settings", String::new()),
        ]) + &members(&value["settings"])
    })
}

fn describe(base: &str, domain: &Domain) -> Value {
    let mut described = json!({ "name": domain.name });
    if let (Value::Object(described), Ok(Value::Object(urls))) =
        (&mut described, serde_json::to_value(Endpoints::of(base, &domain.name)))
    {
        described.extend(urls);
    }
    described["settings"] = json!(domain.settings);
    described["version"] = domain.version.into();
    described["created_at"] = json!(domain.created_at);
    described
}

/// Where a domain's metadata is.
pub fn discovery_url(base: &str, domain: &str) -> String {
    Endpoints::of(base, domain).discovery_url
}

/// Where secrets are renewed, with the placeholder that APIM fills in.
pub fn renew_secret_url(base: &str, domain: &str) -> String {
    Endpoints::of(base, domain).renew_secret_url
}
