//! `registrar api-token`.

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use super::administration::{Administration, path};
use super::administrator::role;
use super::output::{pairs, print, table, text, when};
use super::values::duration;
use crate::model::administrator::Role;

/// API tokens: how programs use the administration API
#[derive(Debug, Subcommand)]
pub enum ApiTokenCommand {
    /// Issue a token; it is printed this once
    Create {
        /// What it is for
        label: String,
        /// What it may do: auditor looks, editor changes, owner makes domains, administrators and API tokens too
        #[arg(long, value_parser = role)]
        role: Role,
        /// The one domain within its reach; every domain where absent
        #[arg(long, value_name = "NAME")]
        domain: Option<String>,
        /// When it ends: seconds, or like 12h, 30d; never where absent
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires: Option<i64>,
    },
    /// List the tokens, never the tokens themselves
    List {
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
        limit: i64,
        /// Continue after the token with this id
        #[arg(long, value_name = "ID")]
        after: Option<String>,
    },
    /// Revoke a token
    Revoke {
        /// The token's id, as the list shows it
        id: String,
    },
}

/// Runs the command.
pub async fn run(api: &Administration, command: ApiTokenCommand) -> anyhow::Result<()> {
    match command {
        ApiTokenCommand::Create { label, role, domain, expires } => {
            let mut wanted = json!({ "label": label, "role": role });
            if let Some(domain) = domain {
                api.domain(&domain).await?;
                wanted["domain"] = domain.into();
            }
            if let Some(seconds) = expires {
                wanted["expires_in"] = seconds.into();
            }
            let mut token = api.post(&path(&["api-tokens"]), &wanted).await?.body;
            token["api_token"] = token["value"].take();
            token.as_object_mut().map(|members| members.remove("value"));
            print(api.json, &token, || {
                pairs([
                    ("API token", format!("{}   (shown this once)", text(&token["api_token"]))),
                    ("Id", text(&token["id"])),
                    ("Label", text(&token["label"])),
                    ("Role", text(&token["role"])),
                    ("Domain", domain_of(&token)),
                    ("Expires", when(&token["expires_at"], "never")),
                ])
            })
        }
        ApiTokenCommand::List { limit, after } => list(api, limit, after.as_deref()).await,
        ApiTokenCommand::Revoke { id } => {
            check_id(&id)?;
            api.delete(&path(&["api-tokens", &id]), None).await?;
            print(api.json, &json!({ "revoked": id }), || format!("API token {id} is revoked"))
        }
    }
}

async fn list(api: &Administration, limit: i64, after: Option<&str>) -> anyhow::Result<()> {
    after.map_or(Ok(()), check_id)?;
    let mut tokens = api.items(&path(&["api-tokens"])).await?;
    if let Some(after) = after {
        let at = tokens.iter().position(|token| token["id"] == after);
        tokens.drain(..=at.with_context(|| format!("there is no API token {after}; the list shows the ids"))?);
    }
    tokens.truncate(usize::try_from(limit)?);
    print(api.json, &json!(tokens), || {
        let row = |token: &Value| {
            [
                text(&token["id"]),
                text(&token["label"]),
                text(&token["role"]),
                domain_of(token),
                standing(token).to_owned(),
                when(&token["expires_at"], "never"),
                when(&token["last_used_at"], "never"),
                when(&token["created_at"], "-"),
            ]
        };
        let rows: Vec<_> = tokens.iter().map(row).collect();
        table(["ID", "LABEL", "ROLE", "DOMAIN", "STATUS", "EXPIRES", "LAST USED", "CREATED"], &rows)
    })
}

fn check_id(text: &str) -> anyhow::Result<()> {
    let parsed = text.parse::<Uuid>().ok().map(drop);
    parsed.with_context(|| format!("{text:?} is not an id; the list shows the ids"))
}

fn domain_of(token: &Value) -> String {
    token["domain"].as_str().unwrap_or("all").to_owned()
}

fn standing(token: &Value) -> &'static str {
    match (&token["revoked_at"], &token["usable"]) {
        (Value::Null, Value::Bool(true)) => "usable",
        (Value::Null, _) => "expired",
        _ => "revoked",
    }
}
