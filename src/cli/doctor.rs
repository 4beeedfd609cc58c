//! `registrar doctor`: walks through a server as a client from outside does.

mod checks;

use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use url::Url;

use super::Cli;
use super::output::print;
use crate::fetch::Fetcher;

/// Flags of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The issuer, or its discovery URL
    url: String,
}

/// What was looked at, and what is wrong with it.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
}

/// What is looked at.
#[derive(Debug)]
struct Patient {
    fetcher: Fetcher,
    /// The issuer, without a trailing slash.
    issuer: String,
    /// Scheme, host and port of the issuer.
    origin: String,
    /// The issuer's path, beginning with a slash, or empty.
    path: String,
}

/// Walks through the server and prints what was found.
pub async fn run(cli: &Cli, arguments: DoctorArgs) -> anyhow::Result<()> {
    let settings = cli.settings(Vec::new())?;
    let patient = Patient::new(Fetcher::operator(&settings.fetch)?, &arguments.url)?;
    let checks = patient.examine().await;
    let wrong = checks.iter().filter(|check| !check.ok).count();
    let value = json!({ "issuer": patient.issuer, "healthy": wrong == 0, "checks": checks });
    print(cli.options.json, &value, || describe(&patient.issuer, &checks))?;
    match wrong {
        0 => Ok(()),
        _ => bail!("{wrong} of {} checks found something wrong", checks.len()),
    }
}

fn describe(issuer: &str, checks: &[Check]) -> String {
    let mut text = format!("{issuer}\n");
    let width = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    for check in checks {
        let mark = if check.ok { '✓' } else { '✗' };
        let _ = writeln!(text, "{mark} {:<width$}  {}", check.name, check.detail);
        if let Some(remedy) = check.remedy {
            let _ = writeln!(text, "  {:<width$}  → {remedy}", "");
        }
    }
    text
}

impl Patient {
    fn new(fetcher: Fetcher, url: &str) -> anyhow::Result<Self> {
        let parsed = Url::parse(url).with_context(|| format!("{url:?} is not a URL"))?;
        if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
            bail!("{url:?} is neither http nor https");
        }
        let origin = parsed.origin().ascii_serialization();
        let mut path = parsed.path().trim_end_matches('/').to_owned();
        for name in ["openid-configuration", "oauth-authorization-server"] {
            let known = format!("/.well-known/{name}");
            if let Some(before) = path.strip_suffix(&known) {
                path = before.to_owned();
            } else if let Some(after) = path.strip_prefix(&known) {
                path = after.to_owned();
            }
        }
        Ok(Self { fetcher, issuer: format!("{origin}{path}"), origin, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn the_issuer_is_found_in_every_form_of_its_discovery_url() {
        for url in [
            "https://a.example/main/oidc",
            "https://a.example/main/oidc/",
            "https://a.example/main/oidc/.well-known/openid-configuration",
            "https://a.example/.well-known/oauth-authorization-server/main/oidc",
        ] {
            let fetcher = Fetcher::operator(&Settings::default().fetch).unwrap();
            let patient = Patient::new(fetcher, url).unwrap();
            assert_eq!(patient.issuer, "https://a.example/main/oidc", "{url}");
            assert_eq!(patient.path, "/main/oidc");
        }
    }
}
