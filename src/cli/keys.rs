//! `registrar keys`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Cli;
use super::administration::{Administration, in_domain};
use super::context::Context;
use super::output::{line, print, table, text, when};
use crate::keys::data_keys::DataKeys;
use crate::keys::master_key::MasterKey;
use crate::model::random;
use crate::model::secret::Secret;
use crate::startup;

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
    match command {
        KeysCommand::List { domain } => cli.administer(async |api| list(api, &domain).await).await,
        KeysCommand::Rotate { domain, now } => {
            cli.administer(async |api| {
                api.post(&in_domain(&domain, &["keys", "rotate"]), &json!({ "now": now })).await?;
                list(api, &domain).await
            })
            .await
        }
        KeysCommand::Revoke { domain, kid } => cli.administer(async |api| revoke(api, &domain, &kid).await).await,
        KeysCommand::Rewrap(arguments) => rewrap(&Context::open(cli, "keys rewrap").await?, arguments).await,
        KeysCommand::GenerateMaster => {
            let key = random::secret();
            print(cli.options.json, &json!({ "master_key": key }), || key.clone())
        }
    }
}

async fn revoke(api: &Administration, domain: &str, kid: &str) -> anyhow::Result<()> {
    let keys = api.items(&in_domain(domain, &["keys"])).await?;
    let key = keys.iter().find(|key| key["kid"] == kid);
    if key.is_none_or(|key| key["state"] == "revoked") {
        bail!("domain {domain} has no key {kid} that is not revoked already");
    }
    api.act(&in_domain(domain, &["keys", kid, "revoke"]), None, None).await?;
    list(api, domain).await
}

async fn list(api: &Administration, domain: &str) -> anyhow::Result<()> {
    let keys = api.items(&in_domain(domain, &["keys"])).await?;
    print(api.json, &json!(keys), || {
        let row = |key: &Value| {
            let [kid, algorithm, state] = ["kid", "algorithm", "state"].map(|member| text(&key[member]));
            [kid, algorithm, state, when(&key["activates_at"], "-"), when(&key["leaves_at"], "-")]
        };
        table(["KID", "ALGORITHM", "STATUS", "SIGNS FROM", "GONE"], &keys.iter().map(row).collect::<Vec<_>>())
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
