//! Documents that metadata names, fetched from an https server of our own: `jwks_uri`, `sector_identifier_uri`
//! (node-oidc-provider, Hydra, Keycloak).

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use registrar::config::{List, Settings};
use registrar::server::{ServerLimits, serve, tls};
use rstest::rstest;
use rustls_pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{METADATA, hold, to, web};
use crate::support::{Backend, TestServer};

/// An https server on loopback, and the authority that vouches for it.
struct Origin {
    port: u16,
    folder: tempfile::TempDir,
    _running: DropGuard,
}

impl Origin {
    async fn start() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let tls = tls::config(vec![leaf.der().clone()], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, stop) = (listener.local_addr().unwrap().port(), CancellationToken::new());
        let (limits, stopped) = (ServerLimits::from(&Settings::default()), stop.clone());
        tokio::spawn(async move { serve(listener, documents(), &limits, Some(tls), stopped).await });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        Self { port, folder, _running: stop.drop_guard() }
    }

    fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.port)
    }

    /// A server that may fetch from here.
    async fn server(&self, backend: Backend) -> Option<TestServer> {
        TestServer::start_with(backend, |settings| {
            settings.fetch.allow = List(vec!["127.0.0.0/8".parse().unwrap()]);
            settings.fetch.extra_ca_file = Some(self.folder.path().join("ca.pem"));
        })
        .await
    }
}

fn documents() -> Router {
    let (one, two) = ("https://one.example.com/cb", "https://two.example.com/cb");
    let document = |value: Value| get(move || async move { axum::Json(value) });
    Router::new()
        .route("/both", document(json!([one, two, "https://three.example.com/"])))
        .route("/one", document(json!([one])))
        .route("/object", document(json!({ "redirect_uris": [one, two] })))
        .route("/numbers", document(json!([one, two, 3])))
        .route("/empty", document(json!([])))
        .route("/created", get(move || async move { (StatusCode::CREATED, axum::Json(json!([one, two]))) }))
        .route("/broken", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/jwks", document(json!({ "keys": [{ "kty": "RSA", "n": "AQAB", "e": "AQAB" }] })))
        .route("/newer", document(json!({ "keys": [{ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" }] })))
        .route("/private", document(json!({ "keys": [{ "kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AA" }] })))
        .route("/symmetric", document(json!({ "keys": [{ "kty": "oct", "k": "AA" }] })))
        .route("/no-keys", document(json!({ "key": [] })))
}

fn two_hosts(subject_type: &str, sector: Option<String>) -> Value {
    let mut body = json!({
        "redirect_uris": ["https://one.example.com/cb", "https://two.example.com/cb"], "subject_type": subject_type
    });
    if let Some(uri) = sector {
        body["sector_identifier_uri"] = json!(uri);
    }
    body
}

#[rstest]
#[tokio::test]
async fn a_sector_document_lists_every_redirect_uri(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let origin = Origin::start().await;
    let Some(server) = origin.server(backend).await else { return };
    let pairwise = |path: &str| two_hosts("pairwise", Some(origin.url(path)));
    let both = to(json!({ "sector_identifier_uri": origin.url("/both") }));
    hold(
        &server,
        vec![
            ("pairwise, two hosts, no sector", two_hosts("pairwise", None), METADATA),
            ("public, two hosts, no sector", two_hosts("public", None), to(json!({ "subject_type": "public" }))),
            ("both listed", pairwise("/both"), both.clone()),
            ("both listed, public", two_hosts("public", Some(origin.url("/both"))), both),
            ("one missing", pairwise("/one"), METADATA),
            ("one missing, also when public", two_hosts("public", Some(origin.url("/one"))), METADATA),
            ("an empty list", pairwise("/empty"), METADATA),
            ("an object", pairwise("/object"), METADATA),
            ("not only strings", pairwise("/numbers"), METADATA),
            ("status 201", pairwise("/created"), METADATA),
            ("status 500", pairwise("/broken"), METADATA),
            ("status 404", pairwise("/nowhere"), METADATA),
            ("http", two_hosts("pairwise", Some("http://one.example.com/sector".to_owned())), METADATA),
            ("malformed", two_hosts("pairwise", Some("https//one".to_owned())), METADATA),
            ("unreachable", two_hosts("pairwise", Some("https://127.0.0.1:1/sector".to_owned())), METADATA),
        ],
    )
    .await;
}

#[rstest]
#[tokio::test]
async fn an_update_that_adds_a_redirect_uri_asks_the_sector_again(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let origin = Origin::start().await;
    let Some(server) = origin.server(backend).await else { return };
    let mut body = two_hosts("pairwise", Some(origin.url("/both")));
    let record = super::registered(&server, &body).await;
    body["redirect_uris"] = json!(["https://one.example.com/cb", "https://three.example.com/"]);
    server.api.put(&record, &body).await.expect(200);
    body["redirect_uris"] = json!(["https://one.example.com/cb", "https://four.example.com/"]);
    server.api.put(&record, &body).await.expect_error(400, "invalid_client_metadata");
}

#[rstest]
#[tokio::test]
async fn a_key_set_is_fetched_and_holds_public_keys(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let origin = Origin::start().await;
    let Some(server) = origin.server(backend).await else { return };
    let jwks_uri = |path: &str| web("jwks_uri", json!(origin.url(path)));
    hold(
        &server,
        vec![
            ("public keys", jwks_uri("/jwks"), to(json!({ "jwks_uri": origin.url("/jwks") }))),
            ("an unknown kty", jwks_uri("/newer"), to(json!({}))),
            ("private keys", jwks_uri("/private"), METADATA),
            ("symmetric keys", jwks_uri("/symmetric"), METADATA),
            ("no key set", jwks_uri("/no-keys"), METADATA),
            ("status 500", jwks_uri("/broken"), METADATA),
        ],
    )
    .await;
}

#[rstest]
#[tokio::test]
async fn private_addresses_are_not_fetched_from(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let mut rows = Vec::new();
    for uri in ["https://127.0.0.1/x", "https://[::1]/x", "https://10.1.2.3/x", "https://169.254.169.254/latest"] {
        rows.push((uri, web("jwks_uri", json!(uri)), METADATA));
        rows.push((uri, web("sector_identifier_uri", json!(uri)), METADATA));
    }
    hold(&server, rows).await;
}
