//! `registrar initial-token`.

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};

use super::Cli;
use super::context::{Context, policy, told};
use super::output::{pairs, print, table, time, time_or};
use super::values::duration;
use crate::domains::initial_access_tokens::NewToken;
use crate::model::id::InitialAccessTokenId;
use crate::store::cache::DomainEntry;
use crate::store::initial_access_tokens::InitialAccessToken;

/// Initial access tokens of a domain: who holds one may register clients (RFC 7591)
#[derive(Debug, Subcommand)]
pub enum InitialTokenCommand {
    /// Issue a token; it is printed this once
    Create {
        /// The domain
        domain: String,
        /// What people call it
        #[arg(long, default_value = "")]
        label: String,
        /// How many registrations it allows; any number where absent
        #[arg(long, value_name = "N")]
        uses: Option<i64>,
        /// When it ends: seconds, or like 12h, 30d; never where absent
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires: Option<i64>,
        /// The policy that binds what it registers; that of gateways where absent
        #[arg(long, value_name = "NAME")]
        policy: Option<String>,
    },
    /// List the tokens, never the tokens themselves
    List {
        /// The domain
        domain: String,
    },
    /// Revoke a token; what it registered stays
    Revoke {
        /// The domain
        domain: String,
        /// The token's id, as the list shows it
        id: String,
    },
}

/// Runs the command.
pub async fn run(cli: &Cli, command: InitialTokenCommand) -> anyhow::Result<()> {
    let context = Context::open(cli).await?;
    match command {
        InitialTokenCommand::Create { domain, label, uses, expires, policy: name } => {
            let domain = context.domain(&domain).await?;
            let policy = name.map(|name| policy(&domain, &name).map(|policy| policy.id)).transpose()?;
            let new = NewToken { label, max_uses: uses, lifetime: expires, policy };
            let issued = context.domains.issue_initial_access_token(&domain, new, &context.actor).await;
            let (secret, token) = issued.map_err(told)?;
            let mut value = describe(&context, &domain, &token);
            value["initial_access_token"] = secret.expose().into();
            print(context.json, &value, || {
                pairs([
                    ("Initial access token", format!("{}   (shown this once)", secret.expose())),
                    ("Id", token.id.to_string()),
                    ("Uses", token.max_uses.map_or_else(|| "any number".to_owned(), |max| max.to_string())),
                    ("Expires", time_or(token.expires_at, "never")),
                ])
            })
        }
        InitialTokenCommand::List { domain } => {
            let domain = context.domain(&domain).await?;
            let tokens = context.store.initial_access_tokens(domain.id()).await?;
            let shown: Vec<Value> = tokens.iter().map(|token| describe(&context, &domain, token)).collect();
            print(context.json, &json!(shown), || {
                let row = |token: &InitialAccessToken| {
                    let uses = match token.max_uses {
                        Some(max) => format!("{} of {max}", token.uses),
                        None => token.uses.to_string(),
                    };
                    let status = token.refusal(context.now()).and_then(|text| text.rsplit(' ').next());
                    [
                        token.id.to_string(),
                        token.label.clone(),
                        uses,
                        time_or(token.expires_at, "never"),
                        status.map_or("usable", |last| if last == "up" { "used up" } else { last }).to_owned(),
                        time(token.created_at),
                    ]
                };
                let rows: Vec<_> = tokens.iter().map(row).collect();
                table(["ID", "LABEL", "USES", "EXPIRES", "STATUS", "CREATED"], &rows)
            })
        }
        InitialTokenCommand::Revoke { domain, id } => {
            let domain = context.domain(&domain).await?;
            let parsed = id.parse().ok().map(InitialAccessTokenId);
            let parsed = parsed.with_context(|| format!("{id:?} is not an id; the list shows the ids"))?;
            context.domains.revoke_initial_access_token(&domain, parsed, &context.actor).await.map_err(told)?;
            print(context.json, &json!({ "revoked": id }), || format!("Initial access token {id} is revoked"))
        }
    }
}

fn describe(context: &Context, domain: &DomainEntry, token: &InitialAccessToken) -> Value {
    let policy = token.policy_id.map(|id| match domain.policies.iter().find(|policy| policy.id == id) {
        Some(policy) => policy.name.as_str(),
        None => "(deleted)",
    });
    json!({
        "id": token.id,
        "label": token.label,
        "policy": policy,
        "uses": token.uses,
        "max_uses": token.max_uses,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "created_at": token.created_at,
        "usable": token.refusal(context.now()).is_none(),
    })
}
