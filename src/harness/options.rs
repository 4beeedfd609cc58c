//! What a harness is started with, and what it refuses to be started with.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::bail;

use crate::config::{BaseUrl, EMBEDDED_DATABASE, List, Settings};
use crate::fetch::Fetcher;
use crate::model::time::Clock;
use crate::provisioning::file::ProvisioningFile;

/// What a harness is started with.
#[derive(Debug)]
pub struct Options {
    /// The settings. The database is in memory whatever they say; naming one is an error.
    pub settings: Settings,
    /// Where it listens; a free port of 127.0.0.1 where absent.
    pub listen: Option<SocketAddr>,
    /// Further base URLs under which it is reached, such as the name of its container.
    pub base_urls: Vec<BaseUrl>,
    /// What shall be there from the start, in place of the domain `main` and its gateway registrar.
    pub provision: Option<ProvisioningFile>,
    /// Whether other machines may reach it, and do with it what they like.
    pub beyond_loopback: bool,
    /// What fetches documents; made from the settings where absent.
    pub fetcher: Option<Fetcher>,
    /// A movable clock of the caller's; one that goes like the system's where absent.
    pub clock: Option<Clock>,
}

impl Default for Options {
    fn default() -> Self {
        let mut settings = Settings::default();
        // A clock that stands still would never end a limit per minute.
        settings.rate_limit.enabled = false;
        Self::new(settings)
    }
}

impl Options {
    /// With these settings, on a free port of 127.0.0.1, with the domain `main`.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            listen: None,
            base_urls: Vec::new(),
            provision: None,
            beyond_loopback: false,
            fetcher: None,
            clock: None,
        }
    }

    /// The settings of the server, once it is clear that nothing else than a throw-away server is meant.
    ///
    /// # Errors
    /// A database, a master key or an address beyond loopback is named.
    pub(super) fn checked(&self) -> anyhow::Result<Settings> {
        let mut settings = self.settings.clone();
        if settings.database.url.expose() != EMBEDDED_DATABASE {
            bail!(
                "the harness keeps everything in memory, and a database is named (--database-url, DATABASE_URL, REGISTRAR_DATABASE__URL or database.url): `registrar serve` is for databases; to test with the harness, unset it"
            );
        }
        if settings.keys.master_key.is_some() || settings.keys.master_key_file.is_some() {
            bail!(
                "a master key is set (REGISTRAR_MASTER_KEY or keys.master_key_file), and the harness has its own: a key that protects a server has no place in tests; unset it"
            );
        }
        settings.listen = self.listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        if !settings.listen.ip().is_loopback() && !self.beyond_loopback {
            bail!(
                "{} is beyond loopback, and whoever reaches a harness makes tokens, reads secrets and logs anybody in: listen on 127.0.0.1, or say --anybody-may-control-it",
                settings.listen
            );
        }
        if !self.base_urls.is_empty() {
            settings.extra_base_urls = List(self.base_urls.clone());
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;

    fn refused(change: impl FnOnce(&mut Options)) -> String {
        let mut options = Options::default();
        change(&mut options);
        options.checked().unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_thrown_away_is_refused_with_the_reason() {
        let database = |options: &mut Options| options.settings.database.url = Secret::new("postgres://u:pw@db/auth");
        let told = refused(database);
        assert!(told.contains("DATABASE_URL") && !told.contains("pw"), "{told}");
        let key = |options: &mut Options| options.settings.keys.master_key = Some(Secret::new("00".repeat(32)));
        assert!(refused(key).contains("REGISTRAR_MASTER_KEY"));
        let public = |options: &mut Options| options.listen = Some(([0, 0, 0, 0], 8080).into());
        assert!(refused(public).contains("0.0.0.0:8080 is beyond loopback"));
    }

    #[test]
    fn the_database_that_is_named_nowhere_is_no_database() {
        assert_eq!(Settings::default().database.url.expose(), EMBEDDED_DATABASE);
        assert!(!Options::default().settings.rate_limit.enabled);
    }

    #[test]
    fn it_listens_on_loopback_unless_told_otherwise() {
        assert_eq!(Options::default().checked().unwrap().listen, ([127, 0, 0, 1], 0).into());
        let listen = Some(([0, 0, 0, 0], 8080).into());
        let told = Options { listen, beyond_loopback: true, ..Options::default() };
        assert_eq!(told.checked().unwrap().listen.port(), 8080);
    }
}
