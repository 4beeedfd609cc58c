//! Settings: defaults < file < environment < flags.
//!
//! # Design
//! The defaults live in one place, `registrar.default.toml`, which is embedded. The structs below have no defaults of
//! their own and refuse unknown members, so a field without its line, or a line without its field, cannot load.

mod check;
mod names;
mod sections;
mod values;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, ensure};
use config::{Environment, File, FileFormat};
use serde::Deserialize;

use names::{check_file, known_settings, settings_variables, suggestion};
pub use sections::*;
pub use values::{BaseUrl, Exemption, List, Network};
use values::{optional, socket_address};

/// The text of `registrar.default.toml`: every setting with its default and its meaning.
pub const DEFAULTS: &str = include_str!("../registrar.default.toml");

/// The file that is read from the working directory if it exists and no other is named.
pub const DEFAULT_FILE: &str = "registrar.toml";

/// The database where none is named.
pub const EMBEDDED_DATABASE: &str = "sqlite:./data/registrar.db";

/// All settings. Their meaning is described once, in `registrar.default.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address and port to serve on.
    #[serde(deserialize_with = "socket_address")]
    pub listen: SocketAddr,
    /// The base URL under which everybody reaches this server; see [`Settings::base_url`].
    #[serde(deserialize_with = "optional")]
    pub public_url: Option<BaseUrl>,
    /// Further base URLs for back-channel peers.
    pub extra_base_urls: List<BaseUrl>,
    /// Start although the database was made with another public URL.
    pub accept_new_issuer: bool,
    /// The database.
    pub database: Database,
    /// Master key and password hashing.
    pub keys: Keys,
    /// Cache and change feed.
    pub cache: Cache,
    /// Sizes and times of requests and connections.
    pub limits: Limits,
    /// Rate limits per source.
    pub rate_limit: RateLimit,
    /// Log lines.
    pub log: Log,
    /// Prometheus metrics.
    pub metrics: Metrics,
    /// TLS spoken by the server itself.
    pub tls: Tls,
    /// Outbound requests.
    pub fetch: Fetch,
    /// Mail to people.
    pub mail: Mail,
    /// Rotation of signing keys.
    pub rotation: Rotation,
    /// Graceful stop.
    pub shutdown: Shutdown,
}

/// What the command line says; it wins over everything else.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--config`: the file to read instead of `registrar.toml`.
    pub file: Option<PathBuf>,
    /// Defaults of a command's own, as TOML, in place of those of the server. Such a command reads no file unless one is
    /// named, and says itself where it may listen.
    pub own_defaults: Option<&'static str>,
    /// Settings by dotted name, as text (`("listen", "127.0.0.1:0")`), in order: the last one wins.
    pub set: Vec<(String, String)>,
}

impl Overrides {
    /// Adds a setting by its dotted name if there is a value.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<impl fmt::Display>) -> Self {
        self.set.extend(value.map(|value| (name.to_owned(), value.to_string())));
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        let no_variables = std::iter::empty::<(String, String)>();
        Self::assemble((None, None), no_variables, &[]).expect("the embedded defaults load: a unit test does the same")
    }
}

impl Settings {
    /// Reads the file (the named one, or `registrar.toml` if present), then the environment, then the flags, and checks
    /// what they say together.
    pub fn load(
        overrides: &Overrides,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let file = match &overrides.file {
            Some(file) => Some(file.as_path()),
            None => Some(Path::new(DEFAULT_FILE)).filter(|file| overrides.own_defaults.is_none() && file.exists()),
        };
        let settings = Self::assemble((file, overrides.own_defaults), environment, &overrides.set)?;
        if overrides.own_defaults.is_none() {
            settings.base_url(settings.listen)?;
        }
        settings.check()?;
        Ok(settings)
    }

    fn assemble(
        (file, own_defaults): (Option<&Path>, Option<&str>),
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> anyhow::Result<Self> {
        let known = known_settings();
        let mut builder = config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(defaults) = own_defaults {
            builder = builder.add_source(File::from_str(defaults, FileFormat::Toml));
        }
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the settings file {}", path.display()))?;
            check_file(&text, path, &known)?;
            builder = builder.add_source(File::from(path).format(FileFormat::Toml));
        }
        let variables = settings_variables(environment, &known)?;
        builder = builder.add_source(
            Environment::with_prefix("REGISTRAR")
                .prefix_separator("_")
                .separator("__")
                .try_parsing(false)
                .source(Some(variables)),
        );
        for (name, value) in flags {
            ensure!(known.contains(name), "there is no setting {name:?}{}", suggestion(name, &known, Clone::clone));
            builder = builder.set_override(name, value.as_str()).with_context(|| format!("cannot set {name}"))?;
        }
        let settings = builder.build().map_err(one_line)?.try_deserialize().map_err(one_line)?;
        Ok(settings)
    }

    /// The base URL of the server once it listens on `bound`: `public_url`, or what a loopback listener implies.
    pub fn base_url(&self, bound: SocketAddr) -> anyhow::Result<BaseUrl> {
        if let Some(url) = &self.public_url {
            return Ok(url.clone());
        }
        ensure!(
            bound.ip().is_loopback(),
            "listen is {bound}, beyond loopback: set public_url (REGISTRAR_PUBLIC_URL) to the URL under which clients \
             reach this server, such as https://auth.example.com"
        );
        let scheme = if self.tls.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{bound}").parse().map_err(|problem: String| anyhow!(problem))
    }
}

/// The library's message on one line.
#[expect(clippy::needless_pass_by_value, reason = "the signature map_err wants")]
fn one_line(error: config::ConfigError) -> anyhow::Error {
    anyhow!("{}", error.to_string().replace('\n', " "))
}

#[cfg(test)]
mod tests;
