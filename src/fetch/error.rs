//! Why nothing was fetched.

use std::error::Error as StdError;
use std::io;

use tokio_rustls::rustls;

/// Why nothing was fetched. The text is short, and for administrators and the log; see [`FetchError::told`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The text is no URL with a host, or carries a user name.
    #[error("not an absolute URL without credentials")]
    NotAUrl,
    /// The scheme is not https.
    #[error("not https")]
    NotHttps,
    /// The name has no address.
    #[error("the host name does not resolve")]
    Unresolvable,
    /// The host is, or resolves to, an address that is not on the public internet.
    #[error("resolves to a private address")]
    PrivateAddress,
    /// No connection came about.
    #[error("cannot connect")]
    Unreachable,
    /// The peer's certificate is not trusted, or the handshake failed.
    #[error("the TLS certificate or handshake is not acceptable")]
    Tls,
    /// The answer is a redirect.
    #[error("redirects")]
    Redirects,
    /// The answer is not 200.
    #[error("status {0}")]
    Status(u16),
    /// The answer has more bytes than this.
    #[error("too large (more than {0} bytes)")]
    TooLarge(usize),
    /// No complete answer in time.
    #[error("timed out")]
    TimedOut,
    /// The answer is not acceptable JSON.
    #[error("not JSON")]
    NotJson,
    /// Something else went wrong, such as a connection lost.
    #[error("failed")]
    Failed,
}

impl FetchError {
    /// What whoever named the URL is told. Anybody may name one: whether a name is known on this server's network, and
    /// what answers there, is nothing to tell them. The log has it.
    pub fn told(&self, url: &str) -> String {
        match self {
            Self::Unresolvable | Self::PrivateAddress | Self::Unreachable | Self::TimedOut => {
                tracing::info!(?url, reason = %self, "what a client names was not fetched");
                "no server answers at a public address".to_owned()
            }
            other => other.to_string(),
        }
    }
}

/// The reason in the client's chain of errors.
pub(super) fn reason(error: reqwest::Error) -> FetchError {
    let error = error.without_url();
    tracing::debug!(?error, "outbound request failed");
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(link) = cause {
        if let Some(own) = link.downcast_ref::<FetchError>() {
            return own.clone();
        }
        if is_tls(link) {
            return FetchError::Tls;
        }
        cause = link.source();
    }
    match error {
        _ if error.is_timeout() => FetchError::TimedOut,
        _ if error.is_connect() => FetchError::Unreachable,
        _ => FetchError::Failed,
    }
}

/// Whether a TLS error is, or is wrapped in, this link; an `io::Error` hides what it wraps from `source`.
fn is_tls(link: &(dyn StdError + 'static)) -> bool {
    let wrapped = link.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    link.is::<rustls::Error>() || wrapped.is_some_and(|inner| is_tls(inner))
}
