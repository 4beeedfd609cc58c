//! Fetching from a server of our own on loopback, whose name is exempt or not.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::get;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::config::{List, Settings};
use crate::server::{ServerLimits, serve, tls};

const NAME: &str = "keys.test";

/// An https server named `keys.test`, and the authority that vouches for it.
struct Origin {
    port: u16,
    settings: config::Fetch,
    _folder: tempfile::TempDir,
    _running: DropGuard,
}

impl Origin {
    async fn start() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec![NAME.to_owned(), "127.0.0.1".to_owned()];
        let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let tls = tls::config(vec![leaf.der().clone()], key).unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, stop) = (listener.local_addr().unwrap().port(), CancellationToken::new());
        let (limits, stopped) = (ServerLimits::from(&Settings::default()), stop.clone());
        tokio::spawn(async move { serve(listener, router(), &limits, Some(tls), stopped).await });

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, authority.pem()).unwrap();
        let mut settings = Settings::default().fetch;
        settings.extra_ca_file = Some(path);
        settings.allow = allow(&format!("{NAME}:{port}"));
        Self { port, settings, _folder: folder, _running: stop.drop_guard() }
    }

    fn url(&self, path: &str) -> String {
        format!("https://{NAME}:{}{path}", self.port)
    }

    async fn get(&self, path: &str) -> Result<Fetched, FetchError> {
        guarded(&self.settings, "127.0.0.1").get_json(&self.url(path)).await
    }
}

fn router() -> Router {
    let cached = || async { ([("cache-control", "public, max-age=300")], r#"{"keys":[]}"#) };
    Router::new()
        .route("/jwks", get(cached))
        .route("/redirect", get(|| async { Redirect::temporary("/jwks") }))
        .route("/missing", get(|| async { http::StatusCode::NOT_FOUND }))
        .route("/html", get(|| async { "<html>" }))
        .route("/announced", get(|| async { "x".repeat(65_537) }))
        .route("/streamed", get(streamed))
        .route("/never", get(std::future::pending::<()>))
}

/// More bytes than allowed, in pieces and without a length.
async fn streamed() -> axum::response::Response {
    let pieces = (0..100).map(|_| Ok::<_, std::io::Error>("x".repeat(1024)));
    axum::body::Body::from_stream(futures_util::stream::iter(pieces)).into_response()
}

fn allow(entries: &str) -> List<Exemption> {
    List(entries.split(',').map(|entry| entry.parse().unwrap()).collect())
}

fn guarded(settings: &config::Fetch, answers: &str) -> Fetcher {
    let address = answers.split(',').map(|address| address.parse().unwrap()).collect::<Vec<IpAddr>>();
    Fetcher::guarded(settings).unwrap().with_lookup(Arc::new(move |_| address.clone()))
}

async fn refused(fetcher: &Fetcher, url: &str) -> String {
    fetcher.get_json(url).await.unwrap_err().to_string()
}

#[tokio::test]
async fn an_exempt_host_is_fetched_over_https() {
    let origin = Origin::start().await;
    let fetched = origin.get("/jwks").await.unwrap();
    assert_eq!(fetched.value, serde_json::json!({ "keys": [] }));
    assert_eq!(fetched.max_age, Some(300));
}

#[tokio::test]
async fn answers_that_are_not_a_small_json_document_are_refused() {
    let origin = Origin::start().await;
    for (path, expected) in [
        ("/redirect", FetchError::Redirects),
        ("/missing", FetchError::Status(404)),
        ("/html", FetchError::NotJson),
        ("/announced", FetchError::TooLarge(65_536)),
        ("/streamed", FetchError::TooLarge(65_536)),
    ] {
        assert_eq!(origin.get(path).await.unwrap_err(), expected, "{path}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up() {
    let mut origin = Origin::start().await;
    origin.settings.timeout_seconds = 1;
    assert_eq!(origin.get("/never").await.unwrap_err(), FetchError::TimedOut);
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let mut origin = Origin::start().await;
    let other = Origin::start().await;
    origin.settings.extra_ca_file = other.settings.extra_ca_file.clone();
    assert_eq!(origin.get("/jwks").await.unwrap_err(), FetchError::Tls);
}

#[tokio::test]
async fn private_addresses_are_refused_as_literals_in_any_spelling() {
    let fetcher = guarded(&Settings::default().fetch, "1.1.1.1");
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "169.254.169.254",
        "10.0.0.1:8443",
        "[::1]",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "0.0.0.0",
    ] {
        assert_eq!(refused(&fetcher, &format!("https://{host}/")).await, "resolves to a private address", "{host}");
    }
}

#[tokio::test]
async fn a_name_with_a_private_address_is_refused_even_among_public_ones() {
    for answers in ["10.0.0.1", "1.1.1.1,169.254.169.254", "::1", "fd12::1"] {
        let fetcher = guarded(&Settings::default().fetch, answers);
        assert_eq!(refused(&fetcher, "https://rebind.example/").await, "resolves to a private address", "{answers}");
    }
    let nowhere = Fetcher::guarded(&Settings::default().fetch).unwrap().with_lookup(Arc::new(|_| Vec::new()));
    assert_eq!(refused(&nowhere, "https://nowhere.example/").await, "the host name does not resolve");
}

#[tokio::test]
async fn a_name_is_resolved_once_and_the_connection_goes_there() {
    let origin = Origin::start().await;
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    // Exempt by network: the answer is checked, and would be refused if asked for again.
    let settings = config::Fetch { allow: allow("127.0.0.1"), ..origin.settings.clone() };
    let fetcher = Fetcher::guarded(&settings).unwrap().with_lookup(Arc::new(move |_| {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        vec![if first { "127.0.0.1" } else { "169.254.169.254" }.parse().unwrap()]
    }));
    fetcher.get_json(&origin.url("/jwks")).await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert_eq!(refused(&fetcher, &origin.url("/jwks")).await, "resolves to a private address");
}

#[tokio::test]
async fn an_exemption_holds_for_its_port_only() {
    let origin = Origin::start().await;
    let settings = config::Fetch { allow: allow(&format!("{NAME}:1")), ..origin.settings.clone() };
    assert_eq!(refused(&guarded(&settings, "127.0.0.1"), &origin.url("/jwks")).await, "resolves to a private address");
    let settings = config::Fetch { allow: allow("KEYS.test"), ..origin.settings.clone() };
    guarded(&settings, "127.0.0.1").get_json(&origin.url("/jwks")).await.unwrap();
    let literal = format!("https://127.0.0.1:{}/jwks", origin.port);
    let settings = config::Fetch { allow: allow("127.0.0.0/8"), ..origin.settings.clone() };
    guarded(&settings, "127.0.0.1").get_json(&literal).await.unwrap();
}

#[tokio::test]
async fn only_https_urls_without_credentials_are_taken_from_strangers() {
    let fetcher = guarded(&Settings::default().fetch, "1.1.1.1");
    assert_eq!(refused(&fetcher, "http://example.com/").await, "not https");
    assert_eq!(refused(&fetcher, "file:///etc/passwd").await, "not an absolute URL without credentials");
    assert_eq!(refused(&fetcher, "ftp://example.com/").await, "not https");
    for url in ["/jwks", "https://", "https://user:pass@example.com/", "https://user@example.com/"] {
        assert_eq!(refused(&fetcher, url).await, "not an absolute URL without credentials", "{url}");
    }
}

#[tokio::test]
async fn a_probe_goes_by_http_to_hosts_that_are_named_and_nothing_is_fetched_so() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(401)).mount(&server).await;
    let (port, url) = (server.address().port(), server.uri());
    let by_name = format!("http://{NAME}:{port}/mcp");
    let probe = async |entries: &str, url: &str| {
        let settings = config::Fetch { allow: allow(entries), ..Settings::default().fetch };
        let fetcher = guarded(&settings, "127.0.0.1");
        assert_eq!(refused(&fetcher, url).await, "not https", "{url}");
        fetcher.probe(&probe::Probe::new(http::Method::GET, url)).await.map(|answer| answer.status)
    };
    for entries in [format!("127.0.0.1:{port}").as_str(), "127.0.0.1", "127.0.0.0/8"] {
        assert_eq!(probe(entries, &url).await, Ok(401), "{entries}");
    }
    assert_eq!(probe(NAME, &by_name).await, Ok(401));
    // A name is not named by the network that it is in.
    for (entries, url) in [("127.0.0.1:1", &url), ("other.test", &by_name), ("127.0.0.0/8", &by_name)] {
        assert_eq!(probe(entries, url).await, Err(FetchError::NotHttps), "{entries}");
    }
}

#[tokio::test]
async fn the_operator_reaches_http_on_loopback() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_json(serde_json::json!({ "issuer": "x" }));
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let fetcher = Fetcher::operator(&Settings::default().fetch).unwrap();
    assert_eq!(fetcher.get_json(&server.uri()).await.unwrap().value["issuer"], "x");
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(refused(&fetcher, &format!("http://{nobody}/")).await, "cannot connect");
}

#[test]
fn an_unreadable_authority_file_is_named() {
    let mut settings = Settings::default().fetch;
    settings.extra_ca_file = Some("/nonexistent/ca.pem".into());
    assert!(Fetcher::guarded(&settings).unwrap_err().to_string().starts_with("fetch.extra_ca_file: "));
}
