//! What happens to a client in its life: suspended, resumed, approved, deleted, restored, renewed, reassigned.

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{One, path_of, read};
use crate::cli::administration::Administration;
use crate::cli::output::{pairs, print, text};
use crate::cli::values::duration;

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

/// Takes a step that leads to another status.
pub(super) async fn turn(api: &Administration, one: &One, step: &str) -> anyhow::Result<()> {
    let client = read(api, one).await?;
    let turned = api.act(&path_of(one, &[step]), Some(&client), None).await?.body;
    let value = json!({ "client_id": one.id, "status": turned["status"] });
    print(api.json, &value, || format!("Client {} is {}", one.id, text(&turned["status"])))
}

pub(super) async fn delete(api: &Administration, one: &One) -> anyhow::Result<()> {
    let client = read(api, one).await?;
    api.delete(&path_of(one, &[]), Some(&client)).await?;
    let value = json!({ "client_id": one.id, "status": "deleted" });
    print(api.json, &value, || {
        let mut text = format!("Client {} is deleted", one.id);
        if client.body["origin"] == "content_addressed" {
            text.push_str(", and its metadata cannot be registered until `registrar client restore` lifts the block");
        }
        text
    })
}

pub(super) async fn restore(api: &Administration, one: &One) -> anyhow::Result<()> {
    let client = read(api, one).await?;
    api.act(&path_of(one, &["restore"]), Some(&client), None).await?;
    let value = json!({ "client_id": one.id, "status": "active" });
    print(api.json, &value, || format!("Client {} is active again", one.id))
}

pub(super) async fn renew(api: &Administration, arguments: RenewArgs) -> anyhow::Result<()> {
    let one = &arguments.one;
    let client = read(api, one).await?;
    let wanted = arguments.grace.map_or_else(|| json!({}), |grace| json!({ "grace": grace }));
    let made = api.act(&path_of(one, &["secrets"]), Some(&client), Some(&wanted)).await?.body;
    let value = json!({ "client_id": one.id, "client_secret": made["client_secret"], "grace": made["grace"] });
    print(api.json, &value, || {
        let before = match &value["grace"] {
            Value::Number(grace) if grace.as_i64() != Some(0) => format!("work for {grace} s more"),
            _ => "ended".to_owned(),
        };
        pairs([
            ("Client ID", one.id.clone()),
            ("Client secret", format!("{}   (shown this once)", text(&value["client_secret"]))),
            ("Secrets before", before),
        ])
    })
}

pub(super) async fn end_secret(api: &Administration, arguments: EndSecretArgs) -> anyhow::Result<()> {
    let (one, id) = (&arguments.one, &arguments.secret_id);
    read(api, one).await?;
    let not_one = || format!("{id:?} is not the id of a secret; `registrar client show` shows the ids");
    id.parse::<Uuid>().ok().with_context(not_one)?;
    api.delete(&path_of(one, &["secrets", id]), None).await?;
    print(api.json, &json!({ "client_id": one.id, "ended": id }), || format!("Secret {id} is ended"))
}

pub(super) async fn reassign(api: &Administration, arguments: ReassignArgs) -> anyhow::Result<()> {
    let (one, to) = (&arguments.one, &arguments.registrant);
    let client = read(api, one).await?;
    api.act(&path_of(one, &["reassign"]), Some(&client), Some(&json!({ "registrant": to }))).await?;
    let value = json!({ "client_id": one.id, "registrant": to });
    print(api.json, &value, || format!("Client {} is managed by {to} now", one.id))
}
