//! `registrar domain`.

use anyhow::bail;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Cli;
use super::context::{Context, told};
use super::output::{members, pairs, print, table, time};
use super::values::{Assignment, assign, assignment};
use crate::model::domain::{Domain, DomainSettings};

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
    /// MCP clients begin by themselves: open registration and client ID metadata documents, under the policy mcp
    Mcp,
}

impl DomainPreset {
    fn applied(preset: Option<Self>, mut settings: DomainSettings) -> DomainSettings {
        match preset {
            Some(Self::Mcp) => settings.for_mcp(),
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
    let root = format!("{base}/{}", domain.name);
    json!({
        "name": domain.name,
        "issuer": format!("{root}/oidc"),
        "discovery_url": discovery_url(base, &domain.name),
        "token_url": format!("{root}/oauth/token"),
        "registration_url": format!("{root}/oidc/register"),
        "renew_secret_url": renew_secret_url(base, &domain.name),
        "introspection_url": format!("{root}/oauth/introspect"),
        "jwks_url": format!("{root}/oidc/.well-known/jwks.json"),
        "settings": domain.settings,
        "version": domain.version,
        "created_at": domain.created_at,
    })
}

/// Where a domain's metadata is.
pub fn discovery_url(base: &str, domain: &str) -> String {
    format!("{base}/{domain}/oidc/.well-known/openid-configuration")
}

/// Where secrets are renewed, with the placeholder that APIM fills in.
pub fn renew_secret_url(base: &str, domain: &str) -> String {
    format!("{base}/{domain}/oidc/register/{{#client_id}}/renew_secret")
}
