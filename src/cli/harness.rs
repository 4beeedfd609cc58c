//! `registrar harness`.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::sync::oneshot;

use super::serve::stop_signal;
use super::{Cli, InstallLog, environment};
use crate::config::{BaseUrl, Settings};
use crate::harness::{Harness, Options};
use crate::ops::logging;
use crate::provisioning::file::ProvisioningFile;

/// A test clock may stand still, and limits per minute would never end then.
const RATE_LIMITS: &str = "REGISTRAR_RATE_LIMIT__ENABLED";

/// Flags of `harness`.
#[derive(Debug, Args)]
pub struct HarnessArgs {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The URL under which everybody reaches the server; where absent, the address it listens on
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// A further URL under which it is reached, such as that of its container; may be repeated
    #[arg(long, value_name = "URL")]
    base_url: Vec<BaseUrl>,
    /// A provisioning file (TOML) in place of the domain `main` and its gateway registrar
    #[arg(long, value_name = "FILE")]
    provision: Option<PathBuf>,
    /// Stop when standard input ends: with the process that started this one, however that ends
    #[arg(long)]
    exit_with_stdin: bool,
    /// Listen beyond loopback: whoever reaches the server makes tokens, reads secrets and logs anybody in
    #[arg(long)]
    anybody_may_control_it: bool,
}

/// Serves until the process is told to stop.
pub async fn run(cli: &Cli, arguments: HarnessArgs, install: InstallLog) -> anyhow::Result<()> {
    let settings = settings(cli, arguments.public_url)?;
    let provision = arguments.provision.as_deref().map(ProvisioningFile::load).transpose()?;
    let logging = logging::subscriber(&settings.log)?;
    install(logging.subscriber)?;
    let _guard = logging.guard;
    let harness = Box::pin(Harness::start_with(Options {
        listen: Some(arguments.listen),
        base_urls: arguments.base_url,
        provision,
        beyond_loopback: arguments.anybody_may_control_it,
        ..Options::new(settings)
    }))
    .await?;
    let told = stop_signal()?;
    let card = serde_json::to_string(&harness.card().await?)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{card}")?;
    out.flush()?;
    drop(out);
    let parent = arguments.exit_with_stdin;
    let stop = async move {
        tokio::select! {
            () = told => {}
            () = end_of_stdin(), if parent => {}
        }
    };
    harness.until(stop).await
}

/// No file is read that happens to lie about: the same server wherever it is started.
fn settings(cli: &Cli, public_url: Option<String>) -> anyhow::Result<Settings> {
    let flags = public_url.map(|url| ("public_url".to_owned(), url)).into_iter().collect();
    let mut overrides = cli.overrides(flags);
    overrides.no_default_file = true;
    let mut variables: Vec<(String, String)> = environment().collect();
    if !variables.iter().any(|(name, _)| name == RATE_LIMITS) {
        variables.push((RATE_LIMITS.to_owned(), "false".to_owned()));
    }
    Settings::load(&overrides, variables)
}

/// Waits for the end of standard input, on a thread that nobody waits for.
async fn end_of_stdin() {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut dropped = [0; 256];
        while matches!(input.read(&mut dropped), Ok(1..)) {}
        let _ = tell.send(());
    });
    let _ = told.await;
}
