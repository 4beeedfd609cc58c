//! The accept loop from the outside: over memory with a paused clock where time matters, over TCP elsewhere.

use axum::Extension;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls_pki_types::{PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedCipherSuite};

use super::*;

const HEAD: &str = "GET /peer HTTP/1.1\r\nHost: a\r\n\r\n";

fn limits() -> ServerLimits {
    ServerLimits::from(&Settings::default())
}

fn router() -> Router {
    Router::new()
        .route("/peer", get(|Extension(peer): Extension<Peer>| async move { peer.address.to_string() }))
        .route("/body", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/slow", get(|| async { sleep(Duration::from_secs(200)).await }))
        .route("/large", get(|| async { Body::from(vec![b'x'; 1 << 20]) }))
}

/// The client's end of a connection in memory.
fn connect(buffer: usize) -> DuplexStream {
    let (client, accepted) = duplex(buffer);
    let server = Server::new(router(), limits(), None, CancellationToken::new());
    let graceful = GracefulShutdown::new();
    tokio::spawn(async move {
        let peer = Peer { address: "192.0.2.1:7".parse().unwrap(), certificate: None };
        server.http(accepted, peer, graceful.watcher()).await;
    });
    client
}

/// Everything until the server closes, and the seconds that took.
async fn until_closed(stream: &mut (impl AsyncRead + Unpin)) -> (String, u64) {
    let start = Instant::now();
    let mut answer = Vec::new();
    // A reset is a way of closing, too.
    let _ = stream.read_to_end(&mut answer).await;
    (String::from_utf8_lossy(&answer).into_owned(), start.elapsed().as_secs())
}

async fn one_answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut buffer = [0; 4096];
    let length = stream.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

/// Sends a byte every three seconds for as long as the connection lasts.
async fn dawdle(mut stream: impl AsyncWrite + Unpin) {
    while stream.write_all(b"x").await.is_ok() {
        sleep(Duration::from_secs(3)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_sends_nothing_is_closed() {
    let (answer, seconds) = until_closed(&mut connect(4096)).await;
    assert_eq!((answer.as_str(), seconds), ("", 10));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_in_is_cut_off() {
    let (mut read, mut write) = tokio::io::split(connect(4096));
    write.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
    let trickle = tokio::spawn(dawdle(write));
    let (answer, seconds) = until_closed(&mut read).await;
    assert_eq!((answer.as_str(), seconds), ("", 10));
    trickle.abort();
}

#[tokio::test(start_paused = true)]
async fn an_http2_connection_without_requests_is_closed() {
    let mut stream = connect(4096);
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    assert_eq!(until_closed(&mut stream).await.1, 10);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_reuse_and_then_closed() {
    let mut stream = connect(4096);
    for _ in 0..3 {
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        assert!(one_answer(&mut stream).await.ends_with("192.0.2.1:7"));
        sleep(Duration::from_secs(74)).await;
    }
    assert_eq!(until_closed(&mut stream).await.1, 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_under_way_is_not_idle() {
    let mut stream = connect(4096);
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert!(one_answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    assert_eq!(until_closed(&mut stream).await.1, 75);
}

#[tokio::test(start_paused = true)]
async fn an_http2_connection_is_kept_while_it_has_requests_and_then_closed() {
    let io = TokioIo::new(connect(65_536));
    let (mut client, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let connection = tokio::spawn(connection);
    for path in ["/slow", "/peer"] {
        let request = Request::get(format!("http://a{path}")).body(Body::empty()).unwrap();
        assert_eq!(client.send_request(request).await.unwrap().status(), 200, "{path}");
        sleep(Duration::from_secs(65)).await;
        assert!(!client.is_closed());
    }
    let start = Instant::now();
    drop(connection.await.unwrap());
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_second_head_has_no_more_time_than_the_first() {
    let (mut read, mut write) = tokio::io::split(connect(4096));
    write.write_all(HEAD.as_bytes()).await.unwrap();
    one_answer(&mut read).await;
    sleep(Duration::from_secs(30)).await;
    let trickle = tokio::spawn(dawdle(write));
    assert_eq!(until_closed(&mut read).await.1, 10);
    trickle.abort();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_answered_with_408() {
    let (mut read, mut write) = tokio::io::split(connect(4096));
    write.write_all(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n").await.unwrap();
    let trickle = tokio::spawn(dawdle(write));
    let (answer, seconds) = until_closed(&mut read).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("content-type: application/json") && answer.contains("connection: close"), "{answer}");
    assert!(answer.contains(r#"{"error":"invalid_request","error_description":"the request body did"#), "{answer}");
    assert!((10..=11).contains(&seconds), "{seconds}");
    trickle.abort();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_arrives_late_but_in_time_is_taken() {
    let mut stream = connect(4096);
    stream.write_all(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab").await.unwrap();
    sleep(Duration::from_secs(9)).await;
    stream.write_all(b"cd").await.unwrap();
    let answer = one_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n4"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_its_answer_is_dropped() {
    let mut stream = connect(512);
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    sleep(Duration::from_secs(80)).await;
    let (answer, seconds) = until_closed(&mut stream).await;
    assert!(answer.len() <= 1024 && seconds == 0, "{} bytes, {seconds} s", answer.len());
}

#[tokio::test]
async fn heads_that_are_too_large_are_431() {
    for head in [format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000)), {
        format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(101))
    }] {
        let mut stream = connect(65_536);
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = until_closed(&mut stream).await.0;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    served: JoinHandle<anyhow::Result<()>>,
}

async fn run(router: Router, limits: ServerLimits, tls: Option<Arc<ServerConfig>>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
    let stop = shutdown.clone();
    let served = tokio::spawn(async move { serve(listener, router, &limits, tls, stop).await });
    Running { address, shutdown, served }
}

fn waiting() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (arrived.clone(), release.clone());
    let router = Router::new().route(
        "/peer",
        get(|| async move {
            tell.notify_one();
            wait.notified().await;
            "done"
        }),
    );
    (router, arrived, release)
}

#[tokio::test]
async fn requests_under_way_finish_after_the_stop_signal_and_new_ones_are_refused() {
    let (router, arrived, release) = waiting();
    let running = run(router, limits(), None).await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(HEAD.as_bytes()).await.unwrap();
    arrived.notified().await;
    running.shutdown.cancel();
    assert_eq!(until_closed(&mut idle).await.0, "");
    assert!(TcpStream::connect(running.address).await.is_err());
    release.notify_one();
    let answer = until_closed(&mut stream).await.0;
    assert!(answer.ends_with("done") && answer.contains("connection: close"), "{answer}");
    running.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn requests_that_outlast_the_drain_are_dropped() {
    let (router, arrived, _release) = waiting();
    let running = run(router, ServerLimits { drain: Duration::from_millis(20), ..limits() }, None).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(HEAD.as_bytes()).await.unwrap();
    arrived.notified().await;
    running.shutdown.cancel();
    assert_eq!(until_closed(&mut stream).await.0, "");
    running.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_source_has_so_many_connections_and_no_more() {
    let running = run(router(), ServerLimits { max_connections_per_source: 2, ..limits() }, None).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        assert!(one_answer(&mut stream).await.starts_with("HTTP/1.1 200"));
        open.push(stream);
    }
    let mut refused = TcpStream::connect(running.address).await.unwrap();
    assert_eq!(until_closed(&mut refused).await.0, "");
    let exempt =
        ServerLimits { max_connections_per_source: 0, exempt: vec!["127.0.0.0/8".parse().unwrap()], ..limits() };
    let running = run(router(), exempt, None).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(HEAD.as_bytes()).await.unwrap();
    assert!(one_answer(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[test]
fn a_place_is_given_back_when_its_connection_ends() {
    let (sources, limits) = (Arc::new(Sources::default()), ServerLimits { max_connections_per_source: 1, ..limits() });
    let admit = |address: &str| sources.admit(address.parse().unwrap(), &limits);
    let slot = admit("2001:db8::1").unwrap();
    assert!(admit("2001:db8::2").is_none(), "the same /64");
    assert!(admit("192.0.2.1").is_some());
    drop(slot);
    assert!(admit("2001:db8::2").is_some());
    assert!(sources.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn beyond_the_total_connections_wait_to_be_accepted() {
    let running = run(router(), ServerLimits { max_connections: 1, ..limits() }, None).await;
    let mut first = TcpStream::connect(running.address).await.unwrap();
    first.write_all(HEAD.as_bytes()).await.unwrap();
    one_answer(&mut first).await;
    let mut second = TcpStream::connect(running.address).await.unwrap();
    second.write_all(HEAD.as_bytes()).await.unwrap();
    drop(first);
    assert!(one_answer(&mut second).await.starts_with("HTTP/1.1 200"));
}

/// A handshake with a server of ours that offers these suites; what was agreed on.
async fn handshake(suites: Vec<SupportedCipherSuite>) -> Result<(ProtocolVersion, Vec<u8>), std::io::Error> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let running = run(router(), limits(), Some(tls::config(vec![cert.der().clone()], key).unwrap())).await;
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let provider = CryptoProvider { cipher_suites: suites, ..aws_lc_rs::default_provider() };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(running.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await?;
    assert!(stream.read(&mut [0; 9]).await? > 0);
    let agreed = stream.get_ref().1;
    Ok((agreed.protocol_version().unwrap(), agreed.alpn_protocol().unwrap().to_vec()))
}

#[tokio::test]
async fn tls_1_3_is_preferred_and_1_2_narrowed_to_aes_gcm() {
    use aws_lc_rs::cipher_suite as suite;
    let both = vec![suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, suite::TLS13_AES_128_GCM_SHA256];
    assert_eq!(handshake(both).await.unwrap(), (ProtocolVersion::TLSv1_3, b"h2".to_vec()));
    let old = vec![suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384];
    assert_eq!(handshake(old).await.unwrap().0, ProtocolVersion::TLSv1_2);
    assert!(handshake(vec![suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]).await.is_err());
}

#[test]
fn files_that_are_no_certificate_and_key_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (good, key) = (path("c.pem", &cert.pem()), path("k.pem", &signing_key.serialize_pem()));
    let empty = path("empty.pem", "");
    tls::from_files(&good, &key).unwrap();
    assert!(tls::from_files(&empty, &key).unwrap_err().to_string().starts_with("tls.certificate: "));
    assert!(tls::from_files(&good, &empty).unwrap_err().to_string().starts_with("tls.key: "));
}
