//! `registrar harness`.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::bail;
use clap::{Arg, Args, Command};
use tokio::sync::oneshot;

use super::serve::stop_signal;
use super::{Cli, InstallLog, Options, environment};
use crate::config::{BaseUrl, Overrides, Settings};
use crate::harness::{self, Harness};
use crate::ops::logging;
use crate::provisioning::file::ProvisioningFile;

/// What is otherwise than with `serve`, where nobody says anything. A test clock may stand still, and limits per minute
/// would never end then.
const DEFAULTS: &str = "listen = \"127.0.0.1:0\"\nrate_limit.enabled = false\n";

/// The common arguments as the help of `harness` has them: those that are of no use to it are left out.
pub(super) fn common_arguments() -> Vec<Arg> {
    let common = Options::augment_args(Command::new("registrar"));
    let shown = |argument: &Arg| match argument.get_id().as_str() {
        "config" => argument.clone().help("Settings file; none is read unless it is named here"),
        "set" => argument.clone(),
        _ => argument.clone().hide(true),
    };
    common.get_arguments().map(shown).collect()
}

/// Flags of `harness`.
#[derive(Debug, Args)]
pub struct HarnessArgs {
    /// Address to listen on; where absent, that of the settings, which is a free port of 127.0.0.1
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The URL under which everybody reaches the server; where absent, the address it listens on
    #[arg(long, value_name = "URL")]
    public_url: Option<BaseUrl>,
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
    let settings = settings(cli, &arguments)?;
    let provision = arguments.provision.as_deref().map(ProvisioningFile::load).transpose()?;
    let logging = logging::subscriber(&settings.log)?;
    install(logging.subscriber)?;
    let _guard = logging.guard;
    let harness = Box::pin(Harness::start_with(harness::Options {
        listen: Some(settings.listen),
        base_urls: arguments.base_url,
        provision,
        beyond_loopback: arguments.anybody_may_control_it,
        ..harness::Options::new(settings)
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
fn settings(cli: &Cli, arguments: &HarnessArgs) -> anyhow::Result<Settings> {
    if cli.options.server.is_some() || cli.options.token_file.is_some() {
        bail!(
            "--server (REGISTRAR_SERVER) and --token-file are for commands that administer a server, and the harness is one: leave them out"
        );
    }
    let overrides = cli.overrides(Vec::new());
    let overrides = overrides.with("listen", arguments.listen).with("public_url", arguments.public_url.as_ref());
    Settings::load(&Overrides { own_defaults: Some(DEFAULTS), ..overrides }, environment())
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
