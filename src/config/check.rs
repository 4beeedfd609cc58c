//! What settings have to fulfil beyond their types.

use anyhow::{bail, ensure};

use super::Settings;

impl Settings {
    /// Refuses what cannot work, by the setting's name and with the remedy.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let (keys, limits, rotation) = (&self.keys, &self.limits, &self.rotation);
        ensure!(
            keys.master_key.is_none() || keys.master_key_file.is_none(),
            "keys.master_key (REGISTRAR_MASTER_KEY) and keys.master_key_file are both set; keep one"
        );
        ensure!(
            self.tls.certificate.is_some() == self.tls.key.is_some(),
            "tls.certificate and tls.key go together; set both, or neither"
        );
        ensure!(
            self.mail.smtp_url.is_none() || !self.mail.from.is_empty(),
            "mail.smtp_url needs mail.from: the sender, such as auth@example.com"
        );
        ensure!(limits.header_bytes >= 8192, "limits.header_bytes must be at least 8192");
        ensure!(
            rotation.publish_lead_seconds >= 600,
            "rotation.publish_lead_seconds must be at least 600: verifiers cache keys that long"
        );
        ensure!(
            rotation.signing_key_lifetime_seconds > rotation.publish_lead_seconds,
            "rotation.signing_key_lifetime_seconds must be greater than rotation.publish_lead_seconds"
        );
        ensure!(
            self.cache.poll_interval_milliseconds <= 2_000,
            "cache.poll_interval_milliseconds must be at most 2000: a process without news for five seconds stops answering"
        );
        let positive = [
            ("database.max_connections", u64::from(self.database.max_connections)),
            ("database.acquire_timeout_seconds", self.database.acquire_timeout_seconds),
            ("keys.argon2_clients", keys.argon2_clients as u64),
            ("keys.argon2_people", keys.argon2_people as u64),
            ("cache.poll_interval_milliseconds", self.cache.poll_interval_milliseconds),
            ("limits.header_count", limits.header_count as u64),
            ("limits.header_timeout_seconds", limits.header_timeout_seconds),
            ("limits.body_timeout_seconds", limits.body_timeout_seconds),
            ("limits.request_timeout_seconds", limits.request_timeout_seconds),
            ("limits.idle_timeout_seconds", limits.idle_timeout_seconds),
            ("limits.http2_streams", u64::from(limits.http2_streams)),
            ("limits.max_connections", limits.max_connections as u64),
            ("limits.max_connections_per_source", limits.max_connections_per_source as u64),
            ("fetch.timeout_seconds", self.fetch.timeout_seconds),
            ("fetch.max_concurrent", self.fetch.max_concurrent as u64),
            ("mail.timeout_seconds", self.mail.timeout_seconds),
        ];
        match positive.into_iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => bail!("{name} must be at least 1"),
            None => Ok(()),
        }
    }
}
