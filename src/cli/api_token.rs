//! `registrar api-token`.

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};

use super::Cli;
use super::administrator::role;
use super::context::{Context, told};
use super::output::{pairs, print, table, time, time_or};
use super::values::duration;
use crate::administrators::api_tokens::NewApiToken;
use crate::model::administrator::{ApiToken, Role};
use crate::model::domain::Domain;
use crate::model::id::ApiTokenId;

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
pub async fn run(cli: &Cli, command: ApiTokenCommand) -> anyhow::Result<()> {
    let context = Context::open(cli).await?;
    match command {
        ApiTokenCommand::Create { label, role, domain, expires } => {
            let domain_id = match domain {
                Some(name) => Some(context.domain(&name).await?.id()),
                None => None,
            };
            let new = NewApiToken { label, role, domain_id, lifetime: expires };
            let made = context.administrators().create_api_token(new, &context.actor).await;
            let (token, secret) = made.map_err(told)?;
            let domains = context.store.domains().await?;
            let mut value = describe(&context, &token, &domains);
            value["api_token"] = json!(secret.expose());
            print(context.json, &value, || {
                pairs([
                    ("API token", format!("{}   (shown this once)", secret.expose())),
                    ("Id", token.id.to_string()),
                    ("Label", token.label.clone()),
                    ("Role", token.role.to_string()),
                    ("Domain", domain_of(&token, &domains)),
                    ("Expires", time_or(token.expires_at, "never")),
                ])
            })
        }
        ApiTokenCommand::List { limit, after } => {
            let after = after.as_deref().map(id_of).transpose()?;
            let tokens = context.store.api_tokens(after, limit).await?;
            let domains = context.store.domains().await?;
            let shown: Vec<Value> = tokens.iter().map(|token| describe(&context, token, &domains)).collect();
            print(context.json, &json!(shown), || {
                let row = |token: &ApiToken| {
                    [
                        token.id.to_string(),
                        token.label.clone(),
                        token.role.to_string(),
                        domain_of(token, &domains),
                        standing(&context, token).to_owned(),
                        time_or(token.expires_at, "never"),
                        time_or(token.last_used_at, "never"),
                        time(token.created_at),
                    ]
                };
                let rows: Vec<_> = tokens.iter().map(row).collect();
                table(["ID", "LABEL", "ROLE", "DOMAIN", "STATUS", "EXPIRES", "LAST USED", "CREATED"], &rows)
            })
        }
        ApiTokenCommand::Revoke { id } => {
            context.administrators().revoke_api_token(id_of(&id)?, &context.actor).await.map_err(told)?;
            print(context.json, &json!({ "revoked": id }), || format!("API token {id} is revoked"))
        }
    }
}

fn id_of(text: &str) -> anyhow::Result<ApiTokenId> {
    let parsed = text.parse().ok().map(ApiTokenId);
    parsed.with_context(|| format!("{text:?} is not an id; the list shows the ids"))
}

fn domain_of(token: &ApiToken, domains: &[Domain]) -> String {
    let Some(id) = token.domain_id else { return "all".to_owned() };
    domains.iter().find(|domain| domain.id == id).map_or_else(|| id.to_string(), |domain| domain.name.clone())
}

fn standing(context: &Context, token: &ApiToken) -> &'static str {
    match token.revoked_at {
        Some(_) => "revoked",
        None if token.is_valid_at(context.now()) => "usable",
        None => "expired",
    }
}

fn describe(context: &Context, token: &ApiToken, domains: &[Domain]) -> Value {
    json!({
        "id": token.id,
        "label": token.label,
        "role": token.role,
        "domain": token.domain_id.map(|_| domain_of(token, domains)),
        "created_by": token.created_by,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
        "usable": token.is_valid_at(context.now()),
    })
}
