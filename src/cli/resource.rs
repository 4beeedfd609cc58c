//! `registrar resource`.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::administration::{Administration, in_domain};
use super::output::{members, pairs, plain, print, table, text, when};
use super::values::{Assignment, assignment, patch_of};
use crate::model::resource::ResourceSettings;
use crate::model::scope::ScopeSet;
use crate::model::signing_key::SigningAlgorithm;

/// Protected resources of a domain: what a token can be for (RFC 8707)
#[derive(Debug, Subcommand)]
pub enum ResourceCommand {
    /// Create a resource with credentials for introspection; their secret is printed this once
    Create(CreateArgs),
    /// List the resources
    List {
        /// The domain
        domain: String,
    },
    /// Show a resource, and what its server has to serve so that clients find this one (RFC 9728)
    Show(One),
    /// Change settings of a resource
    Set {
        #[command(flatten)]
        one: One,
        /// Settings, as `resource show` names them; nothing after '=' sets one back to its default
        #[arg(value_name = "SETTING=VALUE", required = true, value_parser = assignment)]
        settings: Vec<Assignment>,
    },
    /// Delete a resource; its credentials stay as a client of their own
    Delete(One),
    /// Let a client have tokens for a resource by client credentials
    Grant(GrantArgs),
    /// Take a grant back
    RevokeGrant(GrantArgs),
}

/// A resource of a domain.
#[derive(Debug, Args)]
pub struct One {
    /// The domain
    domain: String,
    /// The resource's name
    name: String,
}

/// A resource and a client.
#[derive(Debug, Args)]
pub struct GrantArgs {
    #[command(flatten)]
    one: One,
    /// The client
    client_id: String,
}

/// Flags of `resource create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    #[command(flatten)]
    one: One,
    /// An identifier, by which requests name it; may be given several times, the first one is the audience of tokens
    #[arg(long, value_name = "URL", required = true)]
    identifier: Vec<String>,
    /// The scopes that mean something there, separated by blanks; all of the domain's where absent
    #[arg(long, value_name = "SCOPES", value_parser = ScopeSet::parse)]
    scope: Option<ScopeSet>,
    /// Whether an identifier stands for everything below it, too
    #[arg(long)]
    prefix_match: bool,
    /// What signs its tokens: RS256, ES256; the domain's where absent
    #[arg(long)]
    algorithm: Option<SigningAlgorithm>,
    /// Lifetime of its tokens in seconds; the domain's where absent
    #[arg(long, value_name = "SECONDS")]
    lifetime: Option<i64>,
    /// Make no credentials
    #[arg(long)]
    no_credentials: bool,
}

/// Runs the command.
pub async fn run(api: &Administration, command: ResourceCommand) -> anyhow::Result<()> {
    match command {
        ResourceCommand::Create(arguments) => create(api, arguments).await,
        ResourceCommand::List { domain } => list(api, &domain).await,
        ResourceCommand::Show(one) => show(api, &one, find(api, &one).await?).await,
        ResourceCommand::Set { one, settings } => {
            let known = find(api, &one).await?;
            let path = path_of(&one, &known, &[]);
            let current = api.get(&path).await?;
            let change = Value::Object(patch_of::<ResourceSettings>(&current.body, &settings)?);
            let changed = api.patch(&path, &current, &change).await?;
            show(api, &one, changed.body).await
        }
        ResourceCommand::Delete(one) => {
            let path = path_of(&one, &find(api, &one).await?, &[]);
            let current = api.get(&path).await?;
            api.delete(&path, Some(&current)).await?;
            print(api.json, &json!({ "deleted": one.name }), || format!("Resource {} is deleted", one.name))
        }
        ResourceCommand::Grant(arguments) => grant(api, &arguments, true).await,
        ResourceCommand::RevokeGrant(arguments) => grant(api, &arguments, false).await,
    }
}

/// A resource by its name.
async fn find(api: &Administration, one: &One) -> anyhow::Result<Value> {
    let resources = api.items(&in_domain(&one.domain, &["resources"])).await?;
    resources.into_iter().find(|resource| resource["name"] == one.name).with_context(|| {
        format!("domain {0} has no resource {1:?}; `registrar resource list {0}` lists them", one.domain, one.name)
    })
}

fn path_of(one: &One, resource: &Value, more: &[&str]) -> String {
    let id = text(&resource["id"]);
    in_domain(&one.domain, &[&["resources", &id], more].concat())
}

async fn create(api: &Administration, arguments: CreateArgs) -> anyhow::Result<()> {
    let one = arguments.one;
    let mut wanted = json!({
        "name": one.name,
        "identifiers": arguments.identifier,
        "prefix_match": arguments.prefix_match,
        "credentials": !arguments.no_credentials,
    });
    for (name, value) in [
        ("scopes", arguments.scope.map(|scopes| json!(scopes))),
        ("access_token_algorithm", arguments.algorithm.map(|algorithm| json!(algorithm))),
        ("access_token_lifetime", arguments.lifetime.map(Value::from)),
    ] {
        if let Some(value) = value {
            wanted[name] = value;
        }
    }
    let made = api.post(&in_domain(&one.domain, &["resources"]), &wanted).await?;
    show(api, &one, made.body).await
}

async fn list(api: &Administration, domain: &str) -> anyhow::Result<()> {
    let resources = api.items(&in_domain(domain, &["resources"])).await?;
    let resources: Vec<Value> = resources.into_iter().map(described).collect();
    print(api.json, &json!(resources), || {
        let row = |resource: &Value| {
            [
                text(&resource["name"]),
                plain(&resource["settings"]["identifiers"]),
                plain(&resource["credentials"]),
                resource["granted_clients"].as_array().map_or(0, Vec::len).to_string(),
                when(&resource["created_at"], "-"),
            ]
        };
        let rows: Vec<_> = resources.iter().map(row).collect();
        table(["NAME", "IDENTIFIERS", "CREDENTIALS", "GRANTS", "CREATED"], &rows)
    })
}

async fn grant(api: &Administration, arguments: &GrantArgs, granted: bool) -> anyhow::Result<()> {
    let (one, client_id) = (&arguments.one, &arguments.client_id);
    let path = path_of(one, &find(api, one).await?, &["grants", client_id]);
    if granted {
        api.put(&path, None, None).await?;
    } else {
        api.delete(&path, None).await?;
    }
    let value = json!({ "resource": one.name, "client_id": client_id, "granted": granted });
    print(api.json, &value, || {
        let does = if granted { "may have" } else { "may no longer have" };
        format!("{client_id} {does} tokens for {} by client credentials", one.name)
    })
}

/// A resource with its settings under a name of their own, as `resource set` takes them.
fn described(resource: Value) -> Value {
    let own = ["id", "name", "credentials", "client_secret", "granted_clients", "version", "created_at"];
    let (mut described, mut settings) = (json!({}), json!({}));
    if let Value::Object(members) = resource {
        for (name, value) in members {
            let place = if own.contains(&name.as_str()) { &mut described } else { &mut settings };
            place[name] = value;
        }
    }
    described["settings"] = settings;
    described
}

/// Prints a resource, and what its server has to do.
async fn show(api: &Administration, one: &One, resource: Value) -> anyhow::Result<()> {
    let metadata = api.get(&path_of(one, &resource, &["metadata"])).await?.body;
    let mut value = described(resource);
    let credentials = value["credentials"].clone();
    if !value["client_secret"].is_null() {
        value["client_id"] = credentials.clone();
    }
    value["introspection"] = json!({ "endpoint": metadata["introspection_endpoint"], "client_id": credentials });
    value["protected_resource"] = metadata["items"].clone();
    print(api.json, &value, || {
        let mut lines = vec![
            ("Resource", text(&value["name"])),
            ("Granted to", Some(plain(&value["granted_clients"])).filter(|t| !t.is_empty()).unwrap_or("-".to_owned())),
            ("Created", when(&value["created_at"], "-")),
            ("Client ID", plain(&credentials)),
        ];
        if let Some(secret) = value["client_secret"].as_str() {
            lines.push(("Client secret", format!("{secret}   (shown this once)")));
        }
        lines.push(("Settings", String::new()));
        let mut shown = pairs(lines) + &members(&value["settings"]);
        for served in value["protected_resource"].as_array().into_iter().flatten() {
            shown.push_str(&guide(served));
        }
        let introspection = text(&value["introspection"]["endpoint"]);
        let _ = match credentials.as_str() {
            Some(client_id) => writeln!(
                shown,
                "\nIt may check tokens at {introspection}, as client {client_id} with its secret (HTTP Basic, RFC 7662)."
            ),
            None => writeln!(
                shown,
                "\nIt has no credentials for {introspection}; it checks tokens by the keys of the domain."
            ),
        };
        shown
    })
}

/// What the server of an identifier has to serve, in words.
fn guide(served: &Value) -> String {
    let identifier = text(&served["identifier"]);
    let (Some(url), Some(challenge)) = (served["metadata_url"].as_str(), served["challenge"].as_str()) else {
        return format!("\n{identifier} is no http or https URL: clients cannot find this server from it.\n");
    };
    let document = serde_json::to_string_pretty(&served["metadata"]).unwrap_or_default();
    format!(
        "\nThe server of {identifier} has to serve this as application/json\nat {url}:\n\n{document}\n\n\
         and to answer requests without a good token with status 401 and\n\nWWW-Authenticate: {challenge}\n"
    )
}
