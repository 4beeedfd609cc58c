//! `registrar resource`.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Cli;
use super::context::{Context, told};
use super::output::{members, pairs, print, table, time};
use super::values::{Assignment, assign, assignment};
use crate::domains::resources::NewResource;
use crate::model::id::ClientId;
use crate::model::protected_resource::{ProtectedResource, protected_resources};
use crate::model::resource::{Resource, ResourceSettings};
use crate::model::scope::ScopeSet;
use crate::model::secret::Secret;
use crate::model::signing_key::SigningAlgorithm;
use crate::store::cache::DomainEntry;

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
pub async fn run(cli: &Cli, command: ResourceCommand) -> anyhow::Result<()> {
    let context = Context::open(cli).await?;
    match command {
        ResourceCommand::Create(arguments) => create(&context, arguments).await,
        ResourceCommand::List { domain } => list(&context, &domain).await,
        ResourceCommand::Show(one) => {
            let domain = context.domain(&one.domain).await?;
            show(&context, &domain, find(&domain, &one)?, None).await
        }
        ResourceCommand::Set { one, settings } => {
            let domain = context.domain(&one.domain).await?;
            let mut resource = find(&domain, &one)?.clone();
            resource.settings = assign(&resource.settings, &settings)?;
            let base = context.public_url().await?;
            context.domains.put_resource(&domain, &resource, &base, &context.actor).await.map_err(told)?;
            show(&context, &domain, &resource, None).await
        }
        ResourceCommand::Delete(one) => {
            let domain = context.domain(&one.domain).await?;
            context.domains.delete_resource(find(&domain, &one)?, &context.actor).await.map_err(told)?;
            print(context.json, &json!({ "deleted": one.name }), || format!("Resource {} is deleted", one.name))
        }
        ResourceCommand::Grant(arguments) => grant(&context, arguments, true).await,
        ResourceCommand::RevokeGrant(arguments) => grant(&context, arguments, false).await,
    }
}

fn find<'a>(domain: &'a DomainEntry, one: &One) -> anyhow::Result<&'a Resource> {
    domain.resources.iter().find(|resource| resource.name == one.name).with_context(|| {
        format!("domain {0} has no resource {1:?}; `registrar resource list {0}` lists them", one.domain, one.name)
    })
}

async fn create(context: &Context, arguments: CreateArgs) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.one.domain).await?;
    let settings = ResourceSettings {
        identifiers: arguments.identifier,
        prefix_match: arguments.prefix_match,
        scopes: arguments.scope.unwrap_or_default(),
        access_token_algorithm: arguments.algorithm,
        access_token_lifetime: arguments.lifetime,
    };
    let public_url = &context.public_url().await?;
    let (name, credentials) = (&arguments.one.name, !arguments.no_credentials);
    let new = NewResource { name, settings, credentials, public_url };
    let made = context.domains.create_resource(&context.registry, &domain, new, &context.actor).await;
    let (resource, secret) = made.map_err(told)?;
    show(context, &domain, &resource, secret.as_ref()).await
}

async fn list(context: &Context, domain: &str) -> anyhow::Result<()> {
    let domain = context.domain(domain).await?;
    let shown: Vec<Value> = domain.resources.iter().map(describe).collect();
    print(context.json, &json!(shown), || {
        let row = |resource: &Resource| {
            [
                resource.name.clone(),
                resource.settings.identifiers.join(" "),
                resource.credentials.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
                resource.granted_clients.len().to_string(),
                time(resource.created_at),
            ]
        };
        let rows: Vec<_> = domain.resources.iter().map(row).collect();
        table(["NAME", "IDENTIFIERS", "CREDENTIALS", "GRANTS", "CREATED"], &rows)
    })
}

async fn grant(context: &Context, arguments: GrantArgs, granted: bool) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.one.domain).await?;
    let resource = find(&domain, &arguments.one)?;
    let client_id = ClientId(arguments.client_id);
    context.domains.grant_resource(resource, &client_id, granted, &context.actor).await.map_err(told)?;
    let value = json!({ "resource": resource.name, "client_id": client_id, "granted": granted });
    print(context.json, &value, || {
        let does = if granted { "may have" } else { "may no longer have" };
        format!("{client_id} {does} tokens for {} by client credentials", resource.name)
    })
}

fn describe(resource: &Resource) -> Value {
    json!({
        "name": resource.name,
        "credentials": resource.credentials,
        "settings": resource.settings,
        "granted_clients": resource.granted_clients,
        "created_at": resource.created_at,
    })
}

/// Prints a resource, and what its server has to do. `secret`: of credentials just made.
async fn show(
    context: &Context,
    domain: &DomainEntry,
    resource: &Resource,
    secret: Option<&Secret>,
) -> anyhow::Result<()> {
    let root = format!("{}/{}", context.public_url().await?, domain.domain.name);
    let served = protected_resources(resource, &format!("{root}/oidc"), &domain.scopes);
    let introspection = format!("{root}/oauth/introspect");
    let mut value = describe(resource);
    if let (Some(secret), Some(client_id)) = (secret, &resource.credentials) {
        value["client_id"] = client_id.as_str().into();
        value["client_secret"] = secret.expose().into();
    }
    value["protected_resource"] = served.iter().map(to_serve).collect();
    value["introspection"] = json!({ "endpoint": introspection, "client_id": resource.credentials });
    print(context.json, &value, || {
        let granted: Vec<&str> = resource.granted_clients.iter().map(ClientId::as_str).collect();
        let mut lines = vec![
            ("Resource", resource.name.clone()),
            ("Granted to", if granted.is_empty() { "-".to_owned() } else { granted.join(" ") }),
            ("Created", time(resource.created_at)),
            ("Client ID", resource.credentials.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)),
        ];
        if let Some(secret) = secret {
            lines.push(("Client secret", format!("{}   (shown this once)", secret.expose())));
        }
        lines.push(("Settings", String::new()));
        let mut text = pairs(lines) + &members(&value["settings"]);
        for served in &served {
            text.push_str(&guide(served));
        }
        let _ = match &resource.credentials {
            Some(client_id) => writeln!(
                text,
                "\nIt may check tokens at {introspection}, as client {client_id} with its secret (HTTP Basic, RFC 7662)."
            ),
            None => writeln!(
                text,
                "\nIt has no credentials for {introspection}; it checks tokens by the keys of the domain."
            ),
        };
        text
    })
}

fn to_serve(served: &ProtectedResource) -> Value {
    json!({
        "identifier": served.identifier,
        "metadata_url": served.metadata_url,
        "metadata": served.metadata,
        "challenge": served.challenge,
    })
}

/// What the server of an identifier has to serve, in words.
fn guide(served: &ProtectedResource) -> String {
    let (Some(url), Some(challenge)) = (&served.metadata_url, &served.challenge) else {
        return format!("\n{} is no http or https URL: clients cannot find this server from it.\n", served.identifier);
    };
    let document = serde_json::to_string_pretty(&served.metadata).unwrap_or_default();
    format!(
        "\nThe server of {} has to serve this as application/json\nat {url}:\n\n{document}\n\n\
         and to answer requests without a good token with status 401 and\n\nWWW-Authenticate: {challenge}\n",
        served.identifier
    )
}
