//! `registrar apply`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::Cli;
use super::context::Context;
use super::output::{print, table};
use crate::provisioning::file::ProvisioningFile;
use crate::provisioning::{Provisioned, Provisioner};

/// Flags of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The provisioning file (TOML)
    file: PathBuf,
}

/// Brings what the file names to the state it describes.
pub async fn run(cli: &Cli, arguments: ApplyArgs) -> anyhow::Result<()> {
    let file = ProvisioningFile::load(&arguments.file)?;
    let context = Context::open_or_create(cli, "apply").await?;
    let public_url = context.public_url().await?;
    let people = context.people()?;
    let administrators = context.administrators();
    let provisioner = Provisioner {
        domains: &context.domains,
        registry: &context.registry,
        people: &people,
        administrators: &administrators,
        public_url: public_url.as_str(),
        actor: &context.actor,
    };
    let report = provisioner.apply(&file).await?;
    print(context.json, &json!(report), || {
        let row = |thing: &Provisioned| {
            [thing.outcome.to_string(), thing.kind.to_owned(), thing.domain.clone(), thing.name.clone()]
        };
        table(["OUTCOME", "KIND", "DOMAIN", "NAME"], &report.iter().map(row).collect::<Vec<_>>())
    })
}
