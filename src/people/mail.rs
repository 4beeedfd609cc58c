//! Mail to people (RFC 5322): handed to an SMTP server (RFC 5321), or written to a folder where there is none.
//!
//! # Design
//! Mails carry links that open accounts, so none ever reaches the log: the error of a mail that could not be sent names
//! neither its text nor whom it was for.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, anyhow, bail, ensure};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId as HelloName;
use lettre::{Address, AsyncTransport as _, Tokio1Executor};
use percent_encoding::percent_decode_str;
use tokio::sync::watch;
use url::{Host, Url};

use crate::config;
use crate::model::oauth_error::OAuthError;
use crate::model::random;
use crate::model::secret::Secret;
use crate::model::time::{Clock, UnixTime};

/// The sender of mails that are only written to the folder.
const FOLDER_SENDER: &str = "Registrar <registrar@localhost>";

/// A mail to one person.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The address, without a name.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The text, plain.
    pub text: String,
}

/// Why a mail did not go out.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It cannot be a mail.
    #[error("the mail's {0}")]
    Malformed(&'static str),
    /// The server refused it, or did not answer in time.
    #[error("the mail server did not take the mail: {0}")]
    Server(String),
    /// It could not be written to the folder.
    #[error("the mail could not be written to {}: {error}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl From<MailError> for OAuthError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Malformed(_) => Self::invalid_request(error.to_string()),
            MailError::Server(_) | MailError::Folder { .. } => Self::server_error(error),
        }
    }
}

/// What sends mail.
#[derive(Debug)]
pub struct Mailer {
    from: Mailbox,
    clock: Clock,
    timeout: Duration,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Server(Box<AsyncSmtpTransport<Tokio1Executor>>),
    Folder(PathBuf),
    Kept(Arc<Outbox>),
}

/// How many mails an outbox keeps.
const MOST_KEPT: usize = 1_000;

/// Mails that were kept in memory instead of being sent, the latest ones: for tests.
#[derive(Debug)]
pub struct Outbox(watch::Sender<(u64, VecDeque<KeptMail>)>);

/// A mail that was kept.
#[derive(Debug, Clone)]
pub struct KeptMail {
    /// Counts the mails, from 1.
    pub id: u64,
    /// When it was sent.
    pub at: UnixTime,
    /// The mail.
    pub mail: Mail,
}

impl Default for Outbox {
    fn default() -> Self {
        Self(watch::Sender::new((0, VecDeque::new())))
    }
}

impl Outbox {
    /// The mails that are kept, oldest first.
    pub fn mails(&self) -> Vec<KeptMail> {
        self.0.borrow().1.iter().cloned().collect()
    }

    /// Is told when a mail comes.
    pub fn arrivals(&self) -> watch::Receiver<(u64, VecDeque<KeptMail>)> {
        self.0.subscribe()
    }

    /// Forgets all mails.
    pub fn clear(&self) {
        self.0.send_modify(|(_, mails)| mails.clear());
    }

    fn keep(&self, at: UnixTime, mail: Mail) {
        self.0.send_modify(|(last, mails)| {
            *last += 1;
            if mails.len() == MOST_KEPT {
                mails.pop_front();
            }
            mails.push_back(KeptMail { id: *last, at, mail });
        });
    }
}

impl Mailer {
    /// What the settings ask for. The error names the setting.
    pub fn new(settings: &config::Mail, clock: Clock) -> anyhow::Result<Self> {
        let sender = match settings.from.as_str() {
            "" => FOLDER_SENDER,
            from => from,
        };
        ensure!(!sender.chars().any(char::is_control), "mail.from must stand on one line");
        let from: Mailbox = sender
            .parse()
            .map_err(|_| anyhow!("mail.from: {sender:?} is no address; write it like Registrar <auth@example.com>"))?;
        let timeout = Duration::from_secs(settings.timeout_seconds);
        let way = match &settings.smtp_url {
            Some(url) => Way::Server(Box::new(server(url, &from, timeout).context("mail.smtp_url")?)),
            None => Way::Folder(settings.folder.clone()),
        };
        Ok(Self { from, clock, timeout, way })
    }

    /// Keeps all mail in memory.
    pub fn keeping(outbox: Arc<Outbox>, clock: Clock) -> Self {
        let from = Mailbox::new(None, Address::new("registrar", "localhost").expect("two words are an address"));
        Self { from, clock, timeout: Duration::ZERO, way: Way::Kept(outbox) }
    }

    /// The folder that mails are written to, where no server is set that would deliver them.
    pub fn folder(&self) -> Option<&Path> {
        match &self.way {
            Way::Folder(folder) => Some(folder),
            Way::Server(_) | Way::Kept(_) => None,
        }
    }

    /// Sends a mail.
    pub async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let message = self.message(mail.clone())?;
        match &self.way {
            Way::Kept(outbox) => {
                outbox.keep(self.clock.now(), mail);
                Ok(())
            }
            Way::Server(server) => match tokio::time::timeout(self.timeout, server.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(MailError::Server(reason(&error))),
                Err(_) => Err(MailError::Server(format!("no answer within {} s", self.timeout.as_secs()))),
            },
            Way::Folder(folder) => {
                let (folder, text) = (folder.clone(), message.formatted());
                let name = format!("{}-{}.eml", self.clock.now().seconds(), random::identifier());
                let written = tokio::task::spawn_blocking(move || match write_mail(&folder, &name, &text) {
                    Ok(()) => Ok(()),
                    Err(error) => Err(MailError::Folder { folder, error }),
                });
                written.await.map_err(|error| MailError::Server(error.to_string()))?
            }
        }
    }

    fn message(&self, mail: Mail) -> Result<Message, MailError> {
        // A line break would begin another header.
        if mail.subject.chars().any(char::is_control) {
            return Err(MailError::Malformed("subject must stand on one line"));
        }
        let to: Address = Some(&mail.to)
            .filter(|to| !to.contains(|c: char| c.is_control() || c.is_whitespace()))
            .and_then(|to| to.parse().ok())
            .ok_or(MailError::Malformed("recipient is not an e-mail address"))?;
        let seconds = u64::try_from(self.clock.now().seconds()).unwrap_or(0);
        let message_id = format!("<{}@{}>", random::identifier(), self.from.email.domain());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject)
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .message_id(Some(message_id))
            // No out-of-office notes in answer (RFC 3834 §5).
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text)
            .map_err(|_| MailError::Malformed("headers cannot be written"))
    }
}

/// The way to an SMTP server. Only on this machine do mails travel in clear.
fn server(url: &Secret, from: &Mailbox, timeout: Duration) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
    // The text is not repeated: it may hold a password.
    let url = Url::parse(url.expose()).map_err(|error| anyhow!("is not a URL ({error}); write smtps://HOST"))?;
    let Some(host) = url.host() else { bail!("names no host; write smtps://HOST") };
    // Hosts of schemes that the URL parser does not know stay texts.
    let host = match host {
        Host::Domain(name) => Host::parse(name).unwrap_or(Host::Domain(name.to_owned())),
        other => other.to_owned(),
    };
    ensure!(
        matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none(),
        "has more than user, password, host and port"
    );
    let name = match &host {
        Host::Ipv6(address) => address.to_string(),
        other => other.to_string(),
    };
    let (tls, port) = match url.scheme() {
        "smtps" => (Tls::Wrapper(TlsParameters::new(name.clone())?), 465),
        "smtp" if is_loopback(&host) => (Tls::None, 587),
        "smtp" => (Tls::Required(TlsParameters::new(name.clone())?), 587),
        _ => bail!("must begin with smtps:// or smtp://"),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(name)
        .port(url.port().unwrap_or(port))
        .tls(tls)
        .timeout(Some(timeout))
        .hello_name(HelloName::Domain(from.email.domain().to_owned()));
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from).context("is not UTF-8");
    match (url.username(), url.password()) {
        ("", None) => {}
        (user, Some(password)) if !user.is_empty() => {
            builder = builder.credentials(Credentials::new(decoded(user)?, decoded(password)?));
        }
        _ => bail!("names a user or a password; both are needed, or neither"),
    }
    Ok(builder.build())
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// What an SMTP server answered, in one short line; it may quote the recipient, whom the log need not know.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("it answered {code}"),
        None if error.is_timeout() => "no answer in time".to_owned(),
        None if error.is_tls() => "TLS failed; is its certificate good for this host?".to_owned(),
        None => error.to_string(),
    }
}

/// Written under another name first, so that whoever watches the folder sees whole mails only.
fn write_mail(folder: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let (unfinished, finished) = (folder.join(format!(".{name}")), folder.join(name));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&unfinished, &finished)
}

#[cfg(test)]
mod tests;
