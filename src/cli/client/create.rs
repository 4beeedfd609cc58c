//! `registrar client create`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use super::fields::Fields;
use crate::cli::administration::{Administration, in_domain};
use crate::cli::output::{pairs, print, text};
use crate::cli::values::{read_object, read_secret};
use crate::clients::application::ApplicationKind;
use crate::clients::manual::DCR_ADMIN;

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

pub(super) async fn run(api: &Administration, arguments: CreateArgs) -> anyhow::Result<()> {
    let wanted = wanted(&arguments)?;
    let made = api.post(&in_domain(&arguments.domain, &["clients"]), &wanted).await?.body;
    let domain = api.domain(&arguments.domain).await?.body;
    report(api, &domain["endpoints"], &made, arguments.secret_file.is_some())
}

fn wanted(arguments: &CreateArgs) -> anyhow::Result<Value> {
    let fields = &arguments.fields;
    let given = arguments.metadata.as_deref().map(read_object).transpose()?;
    let kind = match (&arguments.kind, &given) {
        (Some(name), _) => Some(name.as_str()),
        (None, Some(_)) => None,
        (None, None) if fields.has_redirects() => Some("web"),
        (None, None) => Some("backend_to_backend"),
    };
    let mut metadata = given.unwrap_or_default();
    metadata.extend(fields.metadata());
    let mut wanted = json!({ "metadata": metadata, "settings": fields.settings() });
    for (name, value) in [
        ("kind", kind.map(Value::from)),
        ("client_id", arguments.client_id.clone().map(Value::from)),
        ("client_secret", arguments.secret_file.as_deref().map(read_secret).transpose()?.map(|s| s.expose().into())),
    ] {
        if let Some(value) = value {
            wanted[name] = value;
        }
    }
    Ok(wanted)
}

fn report(api: &Administration, endpoints: &Value, made: &Value, chosen: bool) -> anyhow::Result<()> {
    let granted = text(&made["settings"]["granted_scopes"]);
    let registrar = granted.split(' ').any(|scope| scope == DCR_ADMIN);
    let mut value = json!({ "client_id": made["client_id"] });
    if !made["client_secret"].is_null() {
        value["client_secret"] = made["client_secret"].clone();
    }
    value["discovery_url"] = endpoints["discovery_url"].clone();
    if registrar {
        value["scope"] = DCR_ADMIN.into();
        value["renew_secret_url"] = endpoints["renew_secret_url"].clone();
    }
    value["metadata"] = made["metadata"].clone();
    value["settings"] = made["settings"].clone();
    print(api.json, &value, || {
        let secret = match value["client_secret"].as_str() {
            Some(secret) => format!("{secret}   (shown this once)"),
            None if chosen => "as given".to_owned(),
            None => "none".to_owned(),
        };
        let mut lines = vec![
            ("Discovery URL", text(&value["discovery_url"])),
            ("Client ID", text(&value["client_id"])),
            ("Client secret", secret),
        ];
        if registrar {
            lines.push(("Scope", DCR_ADMIN.to_owned()));
            lines.push(("Renew secret URL", text(&value["renew_secret_url"])));
        }
        pairs(lines)
    })
}
