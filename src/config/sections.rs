//! The sections of the settings. Their meaning is described once, in `registrar.default.toml`.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::values::{optional, optional_secret, secret};
use super::{Exemption, List, Network};
use crate::model::secret::Secret;

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:…` or `postgres://…`; a secret because it may hold a password.
    #[serde(deserialize_with = "secret")]
    pub url: Secret,
    /// Connections this process may open.
    pub max_connections: u32,
    /// Seconds a request waits for a free connection.
    pub acquire_timeout_seconds: u64,
}

/// `[keys]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The master key in base64url.
    #[serde(deserialize_with = "optional_secret")]
    pub master_key: Option<Secret>,
    /// A file that holds the master key.
    #[serde(deserialize_with = "optional")]
    pub master_key_file: Option<PathBuf>,
    /// Concurrent Argon2id computations for client secrets.
    pub argon2_clients: usize,
    /// Concurrent Argon2id computations for people's passwords.
    pub argon2_people: usize,
    /// Computations of each kind that may wait.
    pub argon2_queue: usize,
}

/// `[cache]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// Hasten the change feed by PostgreSQL's `LISTEN`.
    pub listen: bool,
    /// Milliseconds between two polls of the change feed.
    pub poll_interval_milliseconds: u64,
    /// Bytes the cache may hold.
    pub capacity_bytes: u64,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest registration body, bytes.
    pub registration_body_bytes: usize,
    /// Largest form body, bytes.
    pub form_body_bytes: usize,
    /// Largest request head, bytes.
    pub header_bytes: usize,
    /// Most headers in a request.
    pub header_count: usize,
    /// Seconds for the TLS handshake and for a request's headers.
    pub header_timeout_seconds: u64,
    /// Seconds for a request's body.
    pub body_timeout_seconds: u64,
    /// Seconds a request may take in all.
    pub request_timeout_seconds: u64,
    /// Seconds an idle connection is kept.
    pub idle_timeout_seconds: u64,
    /// Concurrent requests on one HTTP/2 connection.
    pub http2_streams: u32,
    /// Open connections in total.
    pub max_connections: usize,
    /// Open connections per source.
    pub max_connections_per_source: usize,
}

/// `[rate_limit]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Whether anything is limited.
    pub enabled: bool,
    /// Open registrations per minute, source and domain.
    pub registrations_per_minute: u32,
    /// Failed client authentications and refused tokens per minute, source and domain.
    pub failed_authentications_per_minute: u32,
    /// Failed logins of people per minute, source and domain.
    pub failed_logins_per_minute: u32,
    /// Sign-ups and mails asked for without a login, per minute, source and domain.
    pub sign_ups_per_minute: u32,
    /// Logins begun by applications, per minute, source and domain.
    pub logins_begun_per_minute: u32,
    /// Sources remembered per kind.
    pub max_sources: usize,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: List<Network>,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// Level or filter directives.
    pub level: String,
    /// Which requests get a line.
    pub requests: LogRequests,
    /// Milliseconds from which a request is slow.
    pub slow_milliseconds: u64,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

/// Which requests get a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogRequests {
    /// None.
    Off,
    /// Those answered with 5xx, and slow ones.
    Errors,
    /// Every one, through a writer that does not block.
    All,
}

/// `[metrics]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// A listener of its own for `/metrics`.
    #[serde(deserialize_with = "optional")]
    pub listen: Option<SocketAddr>,
}

/// `[tls]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate chain.
    #[serde(deserialize_with = "optional")]
    pub certificate: Option<PathBuf>,
    /// PEM file with the private key.
    #[serde(deserialize_with = "optional")]
    pub key: Option<PathBuf>,
}

/// `[fetch]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// Private hosts and networks that may be reached all the same.
    pub allow: List<Exemption>,
    /// Seconds for an outbound request as a whole.
    pub timeout_seconds: u64,
    /// Largest answer, bytes.
    pub max_bytes: usize,
    /// Concurrent outbound requests.
    pub max_concurrent: usize,
    /// PEM file with further certificate authorities.
    #[serde(deserialize_with = "optional")]
    pub extra_ca_file: Option<PathBuf>,
}

/// `[mail]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The server that mail goes out by; a secret because it may hold a password.
    #[serde(deserialize_with = "optional_secret")]
    pub smtp_url: Option<Secret>,
    /// The sender.
    pub from: String,
    /// Where mail is written without a server.
    pub folder: PathBuf,
    /// Seconds for handing over one mail.
    pub timeout_seconds: u64,
}

/// `[rotation]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Seconds a signing key is used.
    pub signing_key_lifetime_seconds: i64,
    /// Seconds a new signing key is published before it signs.
    pub publish_lead_seconds: i64,
}

/// `[shutdown]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {
    /// Seconds that requests under way get to finish.
    pub drain_seconds: u64,
}
