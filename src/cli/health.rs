//! `registrar health`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::bail;
use clap::Args;
use http::Method;
use serde_json::json;

use super::Cli;
use super::output::print;
use crate::config::Settings;
use crate::fetch::Fetcher;
use crate::fetch::probe::Probe;

/// Flags of `health`.
#[derive(Debug, Args)]
pub struct HealthArgs {
    /// Address to ask; derived from the setting `listen` where absent
    #[arg(long)]
    url: Option<String>,
}

/// Asks a running server whether it may be sent requests.
pub async fn run(cli: &Cli, arguments: HealthArgs) -> anyhow::Result<()> {
    let settings = cli.settings(Vec::new())?;
    let (url, fetcher) = match arguments.url {
        Some(url) => (url, Fetcher::operator(&settings.fetch)?),
        None => (own_url(&settings)?, Fetcher::own_server(&settings.fetch)?),
    };
    let answer = fetcher.probe(&Probe::new(Method::GET, &url)).await;
    match answer {
        Ok(answer) if answer.status == 200 => {
            print(cli.options.json, &json!({ "ready": true, "url": url }), || "ready".to_owned())
        }
        Ok(answer) => bail!("{url}: not ready (status {})", answer.status),
        Err(error) => bail!("{url}: {error}"),
    }
}

/// Where a server with these settings answers on this machine.
fn own_url(settings: &Settings) -> anyhow::Result<String> {
    if settings.listen.port() == 0 {
        bail!("listen has port 0, so the port is not known; name it: --url http://127.0.0.1:PORT/readyz");
    }
    let host = match settings.listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    let scheme = if settings.tls.certificate.is_some() { "https" } else { "http" };
    Ok(format!("{scheme}://{}/readyz", SocketAddr::new(host, settings.listen.port())))
}
