//! `registrar serve`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::context::only_here;
use super::{Cli, InstallLog};
use crate::ops::logging;
use crate::provisioning::file::ProvisioningFile;
use crate::startup::{Card, Start, start};

/// Flags of `serve`.
#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// Address to listen on; port 0 takes a free one, and the card says which
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The URL under which everybody reaches the server
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Start although the database was made with another public URL
    #[arg(long)]
    accept_new_issuer: bool,
    /// A provisioning file (TOML) to apply before the server answers; the first start makes no domain of its own then
    #[arg(long, value_name = "FILE")]
    provision: Option<PathBuf>,
    /// Make no domain on the first start
    #[arg(long)]
    no_default_domain: bool,
    /// How the card is printed on stdout when the server answers
    #[arg(long, value_enum, default_value_t = CardStyle::Text)]
    card: CardStyle,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum CardStyle {
    /// For people
    #[default]
    Text,
    /// One line of JSON
    Json,
    /// Not at all
    None,
}

/// Serves until the process is told to stop.
pub async fn run(cli: &Cli, arguments: ServeArgs, install: InstallLog) -> anyhow::Result<()> {
    let mut flags = Vec::new();
    let mut set = |name: &str, value: Option<String>| flags.extend(value.map(|value| (name.to_owned(), value)));
    set("listen", arguments.listen);
    set("public_url", arguments.public_url);
    set("accept_new_issuer", arguments.accept_new_issuer.then(|| "true".to_owned()));
    let settings = cli.settings(flags)?;
    only_here(cli, "serve")?;
    let logging = logging::subscriber(&settings.log)?;
    install(logging.subscriber)?;
    let _guard = logging.guard;
    if !settings.public_url.as_ref().is_none_or(|url| url.is_https() || url.is_loopback()) {
        tracing::warn!("public_url is http beyond loopback: secrets and tokens travel in clear");
    }
    let provision = arguments.provision.as_deref().map(ProvisioningFile::load).transpose()?;
    let without_first_domain = arguments.no_default_domain;
    let running = start(Start { settings, without_first_domain, provision, ..Start::default() }).await?;
    let style = if cli.options.json { CardStyle::Json } else { arguments.card };
    let stop = stop_signal()?;
    print(&running.card, style)?;
    tracing::info!(address = %running.address, public_url = %running.app.public_url, "serving");
    running.until(stop).await
}

/// The card goes to stdout, everything else to stderr.
fn print(card: &Card, style: CardStyle) -> anyhow::Result<()> {
    use std::io::Write as _;
    let text = match style {
        CardStyle::None => return Ok(()),
        CardStyle::Json => serde_json::to_string(card)?,
        CardStyle::Text => describe(card),
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

fn describe(card: &Card) -> String {
    let mut text = format!("Registrar answers at {}\n", card.public_url);
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<18} {value}");
    };
    line("Discovery URL", &card.discovery_url);
    line("Issuer", &card.issuer);
    line("Console", &card.console_url);
    if let Some(administrator) = &card.administrator {
        line("Administrator", &administrator.username);
        line("Password", &format!("{}   (shown this once)", administrator.password.expose()));
    }
    let Some(gateway) = &card.gateway else { return text.trim_end().to_owned() };
    line("Client ID", &gateway.client_id);
    match &gateway.client_secret {
        Some(secret) => line("Client secret", &format!("{}   (shown this once)", secret.expose())),
        None => line("Client secret", "was shown on the first start; `registrar client renew` makes another"),
    }
    line("Scope", gateway.scope);
    line("Renew secret URL", &gateway.renew_secret_url);
    if card.quick_start {
        text.push_str("\nOpen registration and client ID metadata documents are on while the server is reachable from this machine only.\n");
    }
    let secret = gateway.client_secret.as_ref().map_or("...", |secret| secret.expose());
    let _ = write!(
        text,
        "\nTo try it, paste into another shell (the README goes on from here):\n  export BASE={base}\n  export CLIENT_ID={id}\n  export CLIENT_SECRET={secret}\n\nNext:\n  curl -s {discovery}\n  curl -s -u $CLIENT_ID:$CLIENT_SECRET -d grant_type=client_credentials {base}/{domain}/oauth/token\n  registrar client list {domain}",
        discovery = card.discovery_url,
        id = gateway.client_id,
        base = card.public_url,
        domain = card.domain,
    );
    text
}

/// Is ready when the process is told to stop. From the call on, a signal does not end the process by itself.
pub(super) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
