//! `registrar client set`.

use clap::Args;
use serde_json::{Value, json};

use super::fields::Fields;
use super::{One, path_of, read, show};
use crate::cli::administration::Administration;
use crate::cli::output::{print, text};
use crate::cli::values::{Assignment, assignment, metadata_patch, patch_of};
use crate::model::client::ClientSettings;

/// Flags of `client set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    #[command(flatten)]
    one: One,
    /// Settings, as `client show` names them; nothing after '=' sets one back to its default
    #[arg(value_name = "SETTING=VALUE", value_parser = assignment)]
    settings: Vec<Assignment>,
    /// A member of the metadata, its value in JSON or as plain text; nothing after '=' takes it away
    #[arg(long, value_name = "MEMBER=VALUE", value_parser = assignment)]
    metadata: Vec<Assignment>,
    #[command(flatten)]
    fields: Fields,
}

pub(super) async fn run(api: &Administration, arguments: SetArgs) -> anyhow::Result<()> {
    let one = &arguments.one;
    let current = read(api, one).await?;
    let mut metadata = arguments.fields.metadata();
    metadata.extend(metadata_patch(&current.body["metadata"], &arguments.metadata)?);
    let mut settings = arguments.fields.settings();
    settings.extend(patch_of::<ClientSettings>(&current.body["settings"], &arguments.settings)?);
    let mut change = json!({});
    for (name, patch) in [("metadata", metadata), ("settings", settings)] {
        if !patch.is_empty() {
            change[name] = Value::Object(patch);
        }
    }
    let changed = api.patch(&path_of(one, &[]), &current, &change).await?.body;
    if changed["client_secret"].is_null() {
        return show::show(api, one, changed).await;
    }
    let value = json!({ "client_id": one.id, "client_secret": changed["client_secret"] });
    print(api.json, &value, || {
        let secret = text(&value["client_secret"]);
        format!("The client authenticates with a secret now: {secret}   (shown this once)")
    })
}
