//! `registrar initial-token`.

use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use super::administration::{Administration, in_domain};
use super::output::{pairs, plain, print, table, text, when};
use super::values::duration;

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
pub async fn run(api: &Administration, command: InitialTokenCommand) -> anyhow::Result<()> {
    match command {
        InitialTokenCommand::Create { domain, label, uses, expires, policy } => {
            let mut wanted = json!({ "label": label });
            for (name, value) in [
                ("max_uses", uses.map(Value::from)),
                ("lifetime", expires.map(Value::from)),
                ("policy", policy.map(Value::from)),
            ] {
                if let Some(value) = value {
                    wanted[name] = value;
                }
            }
            let made = api.post(&in_domain(&domain, &["initial-access-tokens"]), &wanted).await?.body;
            let token = usable(made);
            print(api.json, &token, || {
                pairs([
                    ("Initial access token", format!("{}   (shown this once)", text(&token["initial_access_token"]))),
                    ("Id", text(&token["id"])),
                    ("Uses", token["max_uses"].as_i64().map_or_else(|| "any number".to_owned(), |max| max.to_string())),
                    ("Expires", when(&token["expires_at"], "never")),
                ])
            })
        }
        InitialTokenCommand::List { domain } => list(api, &domain).await,
        InitialTokenCommand::Revoke { domain, id } => {
            id.parse::<Uuid>().ok().with_context(|| format!("{id:?} is not an id; the list shows the ids"))?;
            let path = in_domain(&domain, &["initial-access-tokens", &id]);
            match api.find(&path).await? {
                Some(token) if !token.body["revoked_at"].is_null() => bail!("the token is revoked already"),
                Some(_) => api.delete(&path, None).await?,
                None => bail!("domain {domain} has no initial access token {id}; the list shows the ids"),
            }
            print(api.json, &json!({ "revoked": id }), || format!("Initial access token {id} is revoked"))
        }
    }
}

async fn list(api: &Administration, domain: &str) -> anyhow::Result<()> {
    let tokens = api.items(&in_domain(domain, &["initial-access-tokens"])).await?;
    let tokens: Vec<Value> = tokens.into_iter().map(usable).collect();
    print(api.json, &json!(tokens), || {
        let row = |token: &Value| {
            let uses = match token["max_uses"].as_i64() {
                Some(max) => format!("{} of {max}", plain(&token["uses"])),
                None => plain(&token["uses"]),
            };
            [
                text(&token["id"]),
                text(&token["label"]),
                uses,
                when(&token["expires_at"], "never"),
                text(&token["state"]).replace('_', " "),
                when(&token["created_at"], "-"),
            ]
        };
        table(["ID", "LABEL", "USES", "EXPIRES", "STATUS", "CREATED"], &tokens.iter().map(row).collect::<Vec<_>>())
    })
}

/// A token with whether it can be used beside its state.
fn usable(mut token: Value) -> Value {
    token["usable"] = (token["state"] == "usable").into();
    token
}
