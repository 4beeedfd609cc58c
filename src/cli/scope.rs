//! `registrar scope`.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::administration::{Administration, Answer, in_domain};
use super::output::{pairs, plain, print, table, text};

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
pub async fn run(api: &Administration, command: ScopeCommand) -> anyhow::Result<()> {
    match command {
        ScopeCommand::Create(arguments) => create(api, &arguments).await,
        ScopeCommand::Set(arguments) => set(api, &arguments).await,
        ScopeCommand::List { domain } => list(api, &domain).await,
        ScopeCommand::Delete { domain, name } => {
            let scope = find(api, &domain, &name).await?;
            api.delete(&in_domain(&domain, &["scopes", &name]), Some(&scope)).await?;
            print(api.json, &json!({ "deleted": name }), || format!("Scope {name} is deleted"))
        }
    }
}

async fn find(api: &Administration, domain: &str, name: &str) -> anyhow::Result<Answer> {
    let found = api.find(&in_domain(domain, &["scopes", name])).await?;
    found.with_context(|| format!("the domain has no scope {name}; `registrar scope create` makes it"))
}

async fn list(api: &Administration, domain: &str) -> anyhow::Result<()> {
    let scopes = api.items(&in_domain(domain, &["scopes"])).await?;
    print(api.json, &json!(scopes), || {
        let yes = |flag: &Value| if flag == true { "yes" } else { "-" }.to_owned();
        let row = |scope: &Value| {
            let flags = [&scope["hidden"], &scope["reserved"], &scope["self_registrable"]].map(yes);
            let [hidden, reserved, self_registrable] = flags;
            let [name, label, description] = ["name", "label", "description"].map(|member| text(&scope[member]));
            [name, hidden, reserved, self_registrable, label, description]
        };
        let rows: Vec<_> = scopes.iter().map(row).collect();
        table(["NAME", "HIDDEN", "RESERVED", "SELF-REGISTRABLE", "LABEL", "DESCRIPTION"], &rows)
    })
}

async fn create(api: &Administration, arguments: &ScopeArgs) -> anyhow::Result<()> {
    let mut wanted = arguments.members();
    wanted["name"] = arguments.name.as_str().into();
    let made = api.post(&in_domain(&arguments.domain, &["scopes"]), &wanted).await?;
    show(api, &made.body)
}

async fn set(api: &Administration, arguments: &ScopeArgs) -> anyhow::Result<()> {
    let current = find(api, &arguments.domain, &arguments.name).await?;
    let path = in_domain(&arguments.domain, &["scopes", &arguments.name]);
    let changed = api.patch(&path, &current, &arguments.members()).await?;
    show(api, &changed.body)
}

impl ScopeArgs {
    /// The members that were given.
    fn members(&self) -> Value {
        let mut members = json!({});
        for (name, value) in [
            ("label", self.label.clone().map(Value::from)),
            ("description", self.description.clone().map(Value::from)),
            ("hidden", self.hidden.map(Value::from)),
            ("reserved", self.reserved.map(Value::from)),
            ("self_registrable", self.self_registrable.map(Value::from)),
        ] {
            if let Some(value) = value {
                members[name] = value;
            }
        }
        members
    }
}

fn show(api: &Administration, scope: &Value) -> anyhow::Result<()> {
    print(api.json, scope, || {
        pairs([
            ("Scope", text(&scope["name"])),
            ("Label", text(&scope["label"])),
            ("Description", text(&scope["description"])),
            ("Hidden", plain(&scope["hidden"])),
            ("Reserved", plain(&scope["reserved"])),
            ("Self-registrable", plain(&scope["self_registrable"])),
        ])
    })
}
