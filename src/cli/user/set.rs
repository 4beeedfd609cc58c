//! `registrar user set`.

use clap::Args;
use serde_json::{Value, json};

use super::{One, read};
use crate::cli::administration::Administration;
use crate::cli::values::{Assignment, assignment, claims_patch};

/// Flags of `user set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    #[command(flatten)]
    one: One,
    /// What the person logs in with
    #[arg(long, value_name = "USERNAME")]
    username: Option<String>,
    /// The e-mail address; an empty one takes it away, another one is not verified
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Whether the address is known to be the person's
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    verified: Option<bool>,
    /// Whether the person may log in; where that stops, all sessions and logins end
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    enabled: Option<bool>,
    /// The full name; an empty one takes it away
    #[arg(long)]
    name: Option<String>,
    /// A profile claim, its value in JSON or as plain text; nothing after '=' takes it away
    #[arg(long, value_name = "CLAIM=VALUE", value_parser = assignment)]
    claim: Vec<Assignment>,
}

pub(super) async fn run(api: &Administration, arguments: SetArgs) -> anyhow::Result<()> {
    let (path, user) = read(api, &arguments.one).await?;
    let or_none = |text: String| if text.is_empty() { Value::Null } else { text.into() };
    let mut claims = claims_patch(&user.body["claims"], &arguments.claim)?;
    if let Some(name) = arguments.name {
        claims.entry("name").or_insert(or_none(name));
    }
    let mut change = json!({});
    for (name, value) in [
        ("username", arguments.username.map(Value::from)),
        ("email", arguments.email.map(or_none)),
        ("email_verified", arguments.verified.map(Value::from)),
        ("enabled", arguments.enabled.map(Value::from)),
        ("claims", Some(claims).filter(|claims| !claims.is_empty()).map(Value::Object)),
    ] {
        if let Some(value) = value {
            change[name] = value;
        }
    }
    super::show::show(api, &api.patch(&path, &user, &change).await?.body)
}
