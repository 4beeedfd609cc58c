//! `registrar client list` and `client show`.

use std::fmt::Write as _;

use anyhow::anyhow;
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use super::One;
use crate::cli::context::Context;
use crate::cli::output::{members, pairs, print, table, time, time_or};
use crate::model::client::{Client, ClientStatus, Origin};
use crate::model::time::UnixTime;
use crate::store::cache::{ClientEntry, DomainEntry};
use crate::store::client_list::{ClientListQuery, Direction};

const ORIGINS: [&str; 5] = ["manual", "gateway", "initial_access_token", "open", "content_addressed"];
const STATUSES: [&str; 4] = ["active", "pending", "suspended", "deleted"];

/// Flags of `client list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The domain
    domain: String,
    /// Only those that came to be this way
    #[arg(long, value_parser = PossibleValuesParser::new(ORIGINS))]
    origin: Option<String>,
    /// Only those in this status
    #[arg(long, value_parser = PossibleValuesParser::new(STATUSES))]
    status: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
    /// Continue after this client
    #[arg(long, value_name = "CLIENT_ID")]
    after: Option<String>,
}

pub(super) async fn list(context: &Context, arguments: ListArgs) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.domain).await?;
    let mut query = ClientListQuery {
        origin: arguments.origin.as_deref().and_then(Origin::parse),
        status: arguments.status.as_deref().and_then(ClientStatus::parse),
        with_resource_credentials: true,
        direction: Direction::OldestFirst,
        limit: arguments.limit,
        ..ClientListQuery::default()
    };
    if let Some(id) = &arguments.after {
        query.cursor = Some(query.after(&context.client(&domain, id).await?.client));
    }
    let mut clients = Vec::new();
    while let Some(page) = context.store.list_clients(domain.id(), &query).await? {
        clients.extend(page.items.into_iter().map(|listed| listed.client));
        query.limit = arguments.limit - i64::try_from(clients.len())?;
        query.cursor = page.next;
        if query.cursor.is_none() || query.limit <= 0 {
            break;
        }
    }
    let shown: Vec<Value> = clients.iter().map(|client| describe(&domain, client)).collect();
    print(context.json, &json!(shown), || {
        let row = |client: &Client| {
            let metadata = &client.metadata;
            [
                client.client_id.to_string(),
                metadata.client_name.clone().unwrap_or_default(),
                client.origin.to_string(),
                client.status.as_str().to_owned(),
                metadata.token_endpoint_auth_method.clone().unwrap_or_default(),
                time(client.created_at),
            ]
        };
        let rows: Vec<_> = clients.iter().map(row).collect();
        let mut text = table(["CLIENT ID", "NAME", "ORIGIN", "STATUS", "AUTHENTICATION", "CREATED"], &rows);
        if let Some(last) = clients.last().filter(|_| i64::try_from(clients.len()) == Ok(arguments.limit)) {
            let _ = writeln!(text, "There may be more: --after {}", last.client_id);
        }
        text
    })
}

pub(super) async fn show(context: &Context, one: &One) -> anyhow::Result<()> {
    let domain = context.domain(&one.domain).await?;
    let entry = context.client(&domain, &one.id).await?;
    show_entry(context, &domain, &entry).await
}

/// Prints a client with its secrets' ages, never a secret.
pub(super) async fn show_entry(context: &Context, domain: &DomainEntry, entry: &ClientEntry) -> anyhow::Result<()> {
    let client = &entry.client;
    let last_used = context.store.client_last_used(domain.id(), &client.client_id).await?;
    let used = context.store.secrets_last_used(domain.id(), &client.client_id).await?;
    let used = |id| used.iter().find(|(secret, _)| *secret == id).map(|(_, at)| *at);
    let mut value = describe(domain, client);
    value["last_used_at"] = json!(last_used);
    let secrets = entry.secrets.iter().map(|secret| {
        json!({
            "id": secret.id,
            "created_at": secret.created_at,
            "expires_at": secret.expires_at,
            "superseded": secret.superseded,
            "valid": secret.is_valid_at(context.now()),
            "last_used_at": used(secret.id),
        })
    });
    value["secrets"] = secrets.collect();
    print(context.json, &value, || {
        let mut text = pairs([
            ("Client ID", client.client_id.to_string()),
            ("Origin", client.origin.to_string()),
            ("Status", client.status.as_str().to_owned()),
            ("Registrant", client.registrant.clone().unwrap_or_else(|| "-".to_owned())),
            ("Policy", value["policy"].as_str().unwrap_or("-").to_owned()),
            ("Created", time(client.created_at)),
            ("Changed", time(client.updated_at)),
            ("Last used", time_or(last_used, "never, as far as is written")),
            ("Metadata", String::new()),
        ]);
        let _ = write!(text, "{}Settings\n{}", members(&value["metadata"]), members(&value["settings"]));
        if !entry.secrets.is_empty() {
            let rows: Vec<_> = entry
                .secrets
                .iter()
                .map(|secret| {
                    let standing = if secret.superseded { "superseded" } else { "current" };
                    [
                        secret.id.to_string(),
                        standing.to_owned(),
                        age(context.now().since(secret.created_at)),
                        time_or(secret.expires_at, "never"),
                        time_or(used(secret.id), "-"),
                    ]
                })
                .collect();
            let _ = write!(text, "\n{}", table(["SECRET", "STANDING", "AGE", "ENDS", "LAST USED"], &rows));
        }
        text
    })
}

fn age(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn describe(domain: &DomainEntry, client: &Client) -> Value {
    let policy = client.policy_id.and_then(|id| domain.policies.iter().find(|policy| policy.id == id));
    let not_before = Some(client.tokens_not_before).filter(|at| *at > UnixTime(0));
    json!({
        "client_id": client.client_id,
        "origin": client.origin,
        "status": client.status,
        "registrant": client.registrant,
        "policy": policy.map(|policy| &policy.name),
        "metadata": client.metadata.to_object(),
        "settings": client.settings,
        "tokens_not_before": not_before,
        "version": client.version,
        "created_at": client.created_at,
        "updated_at": client.updated_at,
    })
}

/// A secret's id from its text.
pub(super) fn secret_id(text: &str) -> anyhow::Result<crate::model::id::SecretId> {
    let parsed = text.parse().map(crate::model::id::SecretId);
    parsed.map_err(|_| anyhow!("{text:?} is not the id of a secret; `registrar client show` shows the ids"))
}
