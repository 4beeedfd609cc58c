//! `registrar client create`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::fields::Fields;
use crate::cli::context::{Context, told};
use crate::cli::domain::{discovery_url, renew_secret_url};
use crate::cli::output::{pairs, print};
use crate::cli::values::{read_object, read_secret};
use crate::clients::application::ApplicationKind;
use crate::clients::manual::{DCR_ADMIN, Made, Wanted};
use crate::model::id::ClientId;
use crate::store::cache::DomainEntry;

/// Flags of `client create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The domain
    domain: String,
    /// The type of application; without one: web with redirect URIs, else `backend_to_backend`
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(ApplicationKind::NAMES))]
    kind: Option<String>,
    /// Its id; generated where absent
    #[arg(long)]
    client_id: Option<String>,
    /// A file with its secret, or '-' for standard input; generated where absent
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// A JSON file with further metadata, or '-' for standard input
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    #[command(flatten)]
    fields: Fields,
}

pub(super) async fn run(context: &Context, arguments: CreateArgs) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.domain).await?;
    let wanted = wanted(&arguments)?;
    let registrar = wanted.settings.granted_scopes.contains(DCR_ADMIN);
    let chosen = wanted.secret.is_some();
    let made = context.registry.create(&domain, wanted, &context.actor).await.map_err(told)?;
    report(context, &domain, (&made, chosen), registrar).await
}

fn wanted(arguments: &CreateArgs) -> anyhow::Result<Wanted> {
    let fields = &arguments.fields;
    let given = arguments.metadata.as_deref().map(read_object).transpose()?;
    let kind = match (&arguments.kind, &given) {
        (Some(name), _) => {
            Some(name.parse::<ApplicationKind>().map_err(|problem| anyhow::anyhow!("--type {problem}"))?)
        }
        (None, Some(_)) => None,
        (None, None) if fields.has_redirects() => Some(ApplicationKind::Web),
        (None, None) => Some(ApplicationKind::BackendToBackend),
    };
    let default_name = if kind == Some(ApplicationKind::GatewayRegistrar) { "API gateway" } else { "" };
    let mut wanted = kind.map(|kind| kind.wanted(fields.name().unwrap_or(default_name))).unwrap_or_default();
    wanted.metadata.extend(given.unwrap_or_default());
    fields.overlay_metadata(&mut wanted.metadata);
    wanted.settings = fields.overlay_settings(&wanted.settings)?;
    wanted.client_id = arguments.client_id.clone().map(ClientId);
    wanted.secret = arguments.secret_file.as_deref().map(read_secret).transpose()?;
    Ok(wanted)
}

async fn report(
    context: &Context,
    domain: &DomainEntry,
    (made, chosen): (&Made, bool),
    registrar: bool,
) -> anyhow::Result<()> {
    let (base, name) = (context.public_url().await?, &domain.domain.name);
    let mut value = json!({ "client_id": made.client.client_id });
    if let Some(secret) = &made.secret {
        value["client_secret"] = secret.expose().into();
    }
    value["discovery_url"] = discovery_url(&base, name).into();
    if registrar {
        value["scope"] = DCR_ADMIN.into();
        value["renew_secret_url"] = renew_secret_url(&base, name).into();
    }
    value["metadata"] = made.client.metadata.to_object().into();
    value["settings"] = serde_json::to_value(&made.client.settings)?;
    print(context.json, &value, || {
        let secret = match &made.secret {
            Some(secret) => format!("{}   (shown this once)", secret.expose()),
            None if chosen => "as given".to_owned(),
            None => "none".to_owned(),
        };
        let mut lines = vec![
            ("Discovery URL", discovery_url(&base, name)),
            ("Client ID", made.client.client_id.to_string()),
            ("Client secret", secret),
        ];
        if registrar {
            lines.push(("Scope", DCR_ADMIN.to_owned()));
            lines.push(("Renew secret URL", renew_secret_url(&base, name)));
        }
        pairs(lines)
    })
}
