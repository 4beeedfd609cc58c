//! TLS as the server speaks it: 1.3, and 1.2 with ECDHE and AES-GCM only (RFC 9325 §4.2).

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::{ServerConfig, SupportedCipherSuite};

use crate::config::Tls;

/// Narrower than the library's own list, which has `ChaCha20` for TLS 1.2 too; the FAPI 2.0 profile does not allow it.
const CIPHER_SUITES: [SupportedCipherSuite; 7] = [
    aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256,
    aws_lc_rs::cipher_suite::TLS13_AES_256_GCM_SHA384,
    aws_lc_rs::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    aws_lc_rs::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    aws_lc_rs::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    aws_lc_rs::cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    aws_lc_rs::cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
];

/// What the settings ask for; nothing where they name no certificate.
pub fn from_settings(settings: &Tls) -> anyhow::Result<Option<Arc<ServerConfig>>> {
    match (&settings.certificate, &settings.key) {
        (Some(certificate), Some(key)) => from_files(certificate, key).map(Some),
        _ => Ok(None),
    }
}

/// The configuration from the two PEM files named by `tls.certificate` and `tls.key`.
pub fn from_files(certificate: &Path, key: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("tls.certificate: cannot read certificates from {}", certificate.display()))?;
    ensure!(!chain.is_empty(), "tls.certificate: {} holds no certificate in PEM form", certificate.display());
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("tls.key: cannot read a private key from {}", key.display()))?;
    config(chain, key).context("tls.certificate and tls.key cannot be used together")
}

/// The configuration from a certificate chain, the server's own first, and its private key.
pub fn config(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> anyhow::Result<Arc<ServerConfig>> {
    let provider = CryptoProvider { cipher_suites: CIPHER_SUITES.to_vec(), ..aws_lc_rs::default_provider() };
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
