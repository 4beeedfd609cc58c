//! `registrar domain`.

use anyhow::bail;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::administration::{Administration, in_domain, path};
use super::output::{members, pairs, print, table, text, when};
use super::values::{Assignment, assignment, patch_of};
use crate::model::domain::{self, DomainSettings};

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
    /// An API gateway registers the applications of its developers, with a `dcr_admin` token
    Gateway,
    /// MCP clients begin by themselves: open registration and client ID metadata documents, under the policy mcp
    Mcp,
    /// Nothing is registered: registration, open registration and metadata documents are off
    Empty,
}

impl From<DomainPreset> for domain::DomainPreset {
    fn from(preset: DomainPreset) -> Self {
        match preset {
            DomainPreset::Gateway => Self::Gateway,
            DomainPreset::Mcp => Self::Mcp,
            DomainPreset::Empty => Self::Empty,
        }
    }
}

impl DomainCommand {
    /// Whether it makes the database where there is none.
    pub fn creates(&self) -> bool {
        matches!(self, Self::Create { .. })
    }
}

/// Runs the command.
pub async fn run(api: &Administration, command: DomainCommand) -> anyhow::Result<()> {
    match command {
        DomainCommand::Create { name, preset, settings } => {
            let mut wanted = json!({ "name": name });
            wanted["settings"] = patch_of::<DomainSettings>(&Value::Null, &settings)?.into();
            if let Some(preset) = preset {
                wanted["preset"] = serde_json::to_value(domain::DomainPreset::from(preset))?;
            }
            show(api, api.post(&path(&["domains"]), &wanted).await?.body)
        }
        DomainCommand::List => list(api).await,
        DomainCommand::Show { name } => show(api, api.domain(&name).await?.body),
        DomainCommand::Set { name, preset, settings } => {
            let current = api.domain(&name).await?;
            let patch = Value::Object(patch_of::<DomainSettings>(&current.body["settings"], &settings)?);
            let changed = match preset {
                Some(preset) => {
                    let wanted = json!({ "preset": domain::DomainPreset::from(preset), "settings": patch });
                    api.act(&in_domain(&name, &["apply-preset"]), Some(&current), Some(&wanted)).await?
                }
                None => api.patch(&in_domain(&name, &[]), &current, &patch).await?,
            };
            show(api, changed.body)
        }
        DomainCommand::Delete { name, yes } => {
            let domain = api.domain(&name).await?;
            if !yes {
                bail!("deleting domain {name} deletes all its clients, keys and policies; confirm with --yes");
            }
            api.delete(&in_domain(&name, &[]), Some(&domain)).await?;
            print(api.json, &json!({ "deleted": name }), || format!("Domain {name} is deleted"))
        }
    }
}

async fn list(api: &Administration) -> anyhow::Result<()> {
    let domains: Vec<Value> = api.items(&path(&["domains"])).await?.into_iter().map(flat).collect();
    print(api.json, &json!(domains), || {
        let row = |domain: &Value| {
            let settings = &domain["settings"];
            let registration = match (&settings["open_registration"], &settings["registration"]) {
                (Value::Bool(true), _) => "open",
                (_, Value::Bool(true)) => "on",
                _ => "off",
            };
            [text(&domain["name"]), text(&domain["issuer"]), registration.to_owned(), when(&domain["created_at"], "-")]
        };
        table(["NAME", "ISSUER", "REGISTRATION", "CREATED"], &domains.iter().map(row).collect::<Vec<_>>())
    })
}

fn show(api: &Administration, domain: Value) -> anyhow::Result<()> {
    let domain = flat(domain);
    print(api.json, &domain, || {
        pairs([
            ("Domain", text(&domain["name"])),
            ("Issuer", text(&domain["issuer"])),
            ("Discovery URL", text(&domain["discovery_url"])),
            ("Token URL", text(&domain["token_url"])),
            ("Registration URL", text(&domain["registration_url"])),
            ("Renew secret URL", text(&domain["renew_secret_url"])),
            ("Introspection URL", text(&domain["introspection_url"])),
            ("Keys URL", text(&domain["jwks_url"])),
            ("Created", when(&domain["created_at"], "-")),
            ("Settings", String::new()),
        ]) + &members(&domain["settings"])
    })
}

/// A domain with its URLs beside its name.
fn flat(mut domain: Value) -> Value {
    if let Value::Object(members) = &mut domain
        && let Some(Value::Object(endpoints)) = members.remove("endpoints")
    {
        members.extend(endpoints);
    }
    domain
}
