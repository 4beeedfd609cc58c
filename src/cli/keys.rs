//! `registrar keys`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Cli;
use super::context::Context;
use super::output::{line, print, table, time, time_or};
use crate::keys::data_keys::DataKeys;
use crate::keys::master_key::MasterKey;
use crate::keys::rotation::Turned;
use crate::model::random;
use crate::model::secret::Secret;
use crate::startup;

const OVERTAKEN: &str = "the keys changed meanwhile; look at them and try again";

/// Keys: those that sign tokens, and the master key
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List the signing keys of a domain
    List {
        /// The domain
        domain: String,
    },
    /// Publish successors of a domain's signing keys; they sign once verifiers know them
    Rotate {
        /// The domain
        domain: String,
        /// Sign with the successors at once; verifiers that keep the key set refuse their tokens until they read it again
        #[arg(long)]
        now: bool,
    },
    /// Take a leaked signing key out of the key set at once; nothing it signed is believed any more
    Revoke {
        /// The domain
        domain: String,
        /// The key's id
        kid: String,
    },
    /// Put the data keys under another master key; servers must be restarted with it
    Rewrap(RewrapArgs),
    /// Print a fresh master key, to be stored apart from the database
    GenerateMaster,
}

/// Flags of `keys rewrap`.
#[derive(Debug, Args)]
pub struct RewrapArgs {
    /// A file with the new master key
    #[arg(long, value_name = "FILE", conflicts_with = "new_key")]
    new_key_file: Option<PathBuf>,
    /// The new master key itself: by the environment only, since command lines can be read by others
    #[arg(long, hide = true, env = "REGISTRAR_NEW_MASTER_KEY", hide_env_values = true)]
    new_key: Option<String>,
}

/// Runs the command.
pub async fn run(cli: &Cli, command: KeysCommand) -> anyhow::Result<()> {
    if matches!(command, KeysCommand::GenerateMaster) {
        let key = random::secret();
        return print(cli.options.json, &json!({ "master_key": key }), || key.clone());
    }
    let context = Context::open(cli).await?;
    match command {
        KeysCommand::List { domain } => list(&context, &domain).await,
        KeysCommand::Rotate { domain, now } => {
            let entry = context.domain(&domain).await?;
            let rotator = context.rotator();
            let turned = match now {
                true => rotator.rotate_now(&entry, &context.actor).await?,
                false => rotator.rotate(&entry, &context.actor).await?,
            };
            match turned {
                Turned::Done => {}
                Turned::Nothing => bail!(
                    "successors are published already: wait, or let them sign with --now; `registrar keys list {domain}`"
                ),
                Turned::Overtaken => bail!(OVERTAKEN),
            }
            list(&context, &domain).await
        }
        KeysCommand::Revoke { domain, kid } => {
            let entry = context.domain(&domain).await?;
            match context.rotator().revoke(&entry, &kid, &context.actor).await? {
                Turned::Done => {}
                Turned::Nothing => bail!("domain {domain} has no key {kid} that is not revoked already"),
                Turned::Overtaken => bail!(OVERTAKEN),
            }
            list(&context, &domain).await
        }
        KeysCommand::Rewrap(arguments) => rewrap(&context, arguments).await,
        KeysCommand::GenerateMaster => Ok(()),
    }
}

async fn list(context: &Context, domain: &str) -> anyhow::Result<()> {
    let domain = context.domain(domain).await?;
    let shown: Vec<Value> = domain
        .signing_keys
        .iter()
        .map(|key| {
            json!({
                "kid": key.kid,
                "algorithm": key.algorithm,
                "status": key.status,
                "created_at": key.created_at,
                "activates_at": key.activates_at,
                "gone_at": key.gone_at,
            })
        })
        .collect();
    print(context.json, &json!(shown), || {
        let rows: Vec<_> = domain
            .signing_keys
            .iter()
            .map(|key| {
                [
                    key.kid.clone(),
                    key.algorithm.to_string(),
                    key.status.as_str().to_owned(),
                    time(key.activates_at),
                    time_or(key.gone_at, "-"),
                ]
            })
            .collect();
        table(["KID", "ALGORITHM", "STATUS", "SIGNS FROM", "GONE"], &rows)
    })
}

async fn rewrap(context: &Context, arguments: RewrapArgs) -> anyhow::Result<()> {
    let old = startup::master_key(&context.settings)?;
    let named = match (&arguments.new_key_file, arguments.new_key) {
        (Some(path), _) => Some(MasterKey::load(path)?),
        (None, Some(text)) => Some(MasterKey::parse(&Secret::new(text))?),
        (None, None) => None,
    };
    if let Some(new) = named {
        let count = DataKeys::rewrap(&context.store, &old, &new).await?;
        return report(context, count, "start every server with the new master key from now on");
    }
    let Some(path) = own_file(context) else {
        bail!(
            "name the new master key: --new-key-file FILE, or REGISTRAR_NEW_MASTER_KEY; `registrar keys generate-master` makes one"
        );
    };
    let waiting = with_suffix(&path, ".new");
    let new = MasterKey::create(&waiting)?;
    let count = DataKeys::rewrap(&context.store, &old, &new).await.inspect_err(|_| {
        // It wraps nothing.
        let _ = std::fs::remove_file(&waiting);
    })?;
    std::fs::rename(&waiting, &path).with_context(|| {
        format!("the new key is in {}, but could not be moved to {}; move it there", waiting.display(), path.display())
    })?;
    report(context, count, &format!("the new master key is in {}; restart the server", path.display()))
}

/// The key file beside an embedded database, if the master key is there.
fn own_file(context: &Context) -> Option<PathBuf> {
    let keys = &context.settings.keys;
    if keys.master_key.is_some() || keys.master_key_file.is_some() {
        return None;
    }
    startup::embedded_key_file(&context.settings)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn report(context: &Context, count: usize, remedy: &str) -> anyhow::Result<()> {
    let value = json!({ "rewrapped": count, "next": remedy });
    if context.json {
        return print(true, &value, String::new);
    }
    line(&format!("{count} data keys are under the new master key; {remedy}"))
}
