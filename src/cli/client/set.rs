//! `registrar client set`.

use clap::Args;
use serde_json::json;

use super::fields::Fields;
use super::show::show_entry;
use crate::cli::context::{Context, told};
use crate::cli::output::print;
use crate::cli::values::{Assignment, assign, assign_metadata, assignment};
use crate::clients::administer::Edit;

/// Flags of `client set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// The domain
    domain: String,
    /// The client's id
    #[arg(value_name = "CLIENT_ID")]
    id: String,
    /// Settings, as `client show` names them; nothing after '=' sets one back to its default
    #[arg(value_name = "SETTING=VALUE", value_parser = assignment)]
    settings: Vec<Assignment>,
    /// A member of the metadata, its value in JSON or as plain text; nothing after '=' takes it away
    #[arg(long, value_name = "MEMBER=VALUE", value_parser = assignment)]
    metadata: Vec<Assignment>,
    #[command(flatten)]
    fields: Fields,
}

pub(super) async fn run(context: &Context, arguments: SetArgs) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.domain).await?;
    let entry = context.client(&domain, &arguments.id).await?;
    let before = entry.client.metadata.to_object();
    let mut metadata = before.clone();
    arguments.fields.overlay_metadata(&mut metadata);
    assign_metadata(&mut metadata, &arguments.metadata)?;
    let settings = arguments.fields.overlay_settings(&entry.client.settings)?;
    let settings = assign(&settings, &arguments.settings)?;
    let edit = Edit { metadata: (metadata != before).then_some(metadata), settings: Some(settings) };
    let secret = context.registry.edit(&domain, &entry, edit, &context.actor).await.map_err(told)?;
    match secret {
        Some(secret) => {
            let value = json!({ "client_id": arguments.id, "client_secret": secret.expose() });
            print(context.json, &value, || {
                format!("The client authenticates with a secret now: {}   (shown this once)", secret.expose())
            })
        }
        None => show_entry(context, &domain, &context.client(&domain, &arguments.id).await?).await,
    }
}
