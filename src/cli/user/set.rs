//! `registrar user set`.

use clap::Args;

use super::{One, find};
use crate::cli::context::{Context, told};
use crate::cli::values::{Assignment, assign_claims, assignment};
use crate::people::users::UserEdit;

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

pub(super) async fn run(context: &Context, arguments: SetArgs) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.one.domain).await?;
    let user = find(context, &domain, &arguments.one.login).await?;
    let mut claims = user.claims.clone();
    match arguments.name.as_deref() {
        Some("") => drop(claims.0.remove("name")),
        Some(name) => drop(claims.0.insert("name".to_owned(), name.into())),
        None => {}
    }
    assign_claims(&mut claims, &arguments.claim)?;
    let edit = UserEdit {
        username: arguments.username,
        email: arguments.email,
        email_verified: arguments.verified,
        claims: Some(claims),
        password: None,
        enabled: arguments.enabled,
    };
    let changed = context.people()?.change_user(&domain, &user, edit, &context.actor).await.map_err(told)?;
    super::show::show(context, &changed)
}
