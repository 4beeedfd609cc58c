//! What happens to a client in its life: suspended, resumed, approved, deleted, restored, renewed, reassigned.

use clap::Args;
use serde_json::json;

use super::One;
use super::show::secret_id;
use crate::cli::context::{Context, told};
use crate::cli::output::{pairs, print};
use crate::cli::values::duration;
use crate::clients::administer::{Step, usual_grace};
use crate::clients::update::{Holder, Managing};
use crate::model::client::{ClientStatus, Origin};
use crate::model::id::ClientId;

/// A step with the status that it leads to.
pub(super) type Turn = (Step, &'static str);

pub(super) const SUSPEND: Turn = (Step::Suspend, "suspended");
pub(super) const RESUME: Turn = (Step::Resume, "active");
pub(super) const APPROVE: Turn = (Step::Approve, "active");

/// Flags of `client renew`.
#[derive(Debug, Args)]
pub struct RenewArgs {
    #[command(flatten)]
    one: One,
    /// How long the secrets before go on working: seconds, or like 12h; the policy's grace where absent
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    grace: Option<i64>,
}

/// Flags of `client end-secret`.
#[derive(Debug, Args)]
pub struct EndSecretArgs {
    #[command(flatten)]
    one: One,
    /// The secret's id, as `client show` shows it
    secret_id: String,
}

/// Flags of `client reassign`.
#[derive(Debug, Args)]
pub struct ReassignArgs {
    #[command(flatten)]
    one: One,
    /// The gateway registrar that manages it from now on
    #[arg(long, value_name = "CLIENT_ID")]
    registrant: String,
}

pub(super) async fn turn(context: &Context, one: &One, (step, status): Turn) -> anyhow::Result<()> {
    let domain = context.domain(&one.domain).await?;
    let entry = context.client(&domain, &one.id).await?;
    context.registry.turn(&entry, step, &context.actor).await.map_err(told)?;
    let value = json!({ "client_id": one.id, "status": status });
    print(context.json, &value, || format!("Client {} is {status}", one.id))
}

pub(super) async fn delete(context: &Context, one: &One) -> anyhow::Result<()> {
    let domain = context.domain(&one.domain).await?;
    let entry = context.client(&domain, &one.id).await?;
    if entry.client.status == ClientStatus::Deleted {
        anyhow::bail!("the client was deleted");
    }
    let sticky = entry.client.origin == Origin::ContentAddressed;
    let managing = Managing { domain: &domain, holder: &Holder::Administrator, actor: &context.actor };
    context.registry.delete(&managing, entry).await.map_err(told)?;
    let value = json!({ "client_id": one.id, "status": "deleted" });
    print(context.json, &value, || {
        let mut text = format!("Client {} is deleted", one.id);
        if sticky {
            text.push_str(", and its metadata cannot be registered until `registrar client restore` lifts the block");
        }
        text
    })
}

pub(super) async fn restore(context: &Context, one: &One) -> anyhow::Result<()> {
    let domain = context.domain(&one.domain).await?;
    let entry = context.client(&domain, &one.id).await?;
    context.registry.restore(&entry, &context.actor).await.map_err(told)?;
    let value = json!({ "client_id": one.id, "status": "active" });
    print(context.json, &value, || format!("Client {} is active again", one.id))
}

pub(super) async fn renew(context: &Context, arguments: RenewArgs) -> anyhow::Result<()> {
    let one = &arguments.one;
    let domain = context.domain(&one.domain).await?;
    let client = context.client(&domain, &one.id).await?.client;
    let grace = arguments.grace.unwrap_or_else(|| usual_grace(&domain, &client));
    let (secret, _) = context.registry.renew_manual(&domain, &client, grace, &context.actor).await.map_err(told)?;
    let value = json!({ "client_id": one.id, "client_secret": secret.expose(), "grace": grace });
    print(context.json, &value, || {
        pairs([
            ("Client ID", one.id.clone()),
            ("Client secret", format!("{}   (shown this once)", secret.expose())),
            ("Secrets before", if grace == 0 { "ended".to_owned() } else { format!("work for {grace} s more") }),
        ])
    })
}

pub(super) async fn end_secret(context: &Context, arguments: EndSecretArgs) -> anyhow::Result<()> {
    let one = &arguments.one;
    let domain = context.domain(&one.domain).await?;
    let entry = context.client(&domain, &one.id).await?;
    let id = secret_id(&arguments.secret_id)?;
    context.registry.end_secret(&entry, id, &context.actor).await.map_err(told)?;
    let value = json!({ "client_id": one.id, "ended": arguments.secret_id });
    print(context.json, &value, || format!("Secret {} is ended", arguments.secret_id))
}

pub(super) async fn reassign(context: &Context, arguments: ReassignArgs) -> anyhow::Result<()> {
    let one = &arguments.one;
    let domain = context.domain(&one.domain).await?;
    let entry = context.client(&domain, &one.id).await?;
    let to = ClientId(arguments.registrant.clone());
    context.registry.reassign(&domain, &entry, &to, &context.actor).await.map_err(told)?;
    let value = json!({ "client_id": one.id, "registrant": to });
    print(context.json, &value, || format!("Client {} is managed by {to} now", one.id))
}
