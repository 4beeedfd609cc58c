//! Somebody else's https server, `origin.test`, which serves the documents that a test gives it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse as _;
use http::{StatusCode, Uri};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use registrar::config::{List, Settings};
use registrar::fetch::Fetcher;
use registrar::server::{ServerLimits, serve, tls};
use rustls_pki_types::PrivateKeyDer;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

const NAME: &str = "origin.test";

type Documents = Arc<Mutex<HashMap<String, Reply>>>;

/// What is answered at a path.
#[derive(Debug, Clone, Default)]
struct Reply {
    status: StatusCode,
    document: Value,
    cache_control: Option<String>,
    delay: Duration,
    challenge: Option<String>,
}

/// An https server on this machine.
#[derive(Debug)]
pub struct Origin {
    documents: Documents,
    requests: Arc<AtomicUsize>,
    port: u16,
    authority: tempfile::NamedTempFile,
    _running: DropGuard,
}

impl Origin {
    pub async fn start() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![NAME.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let tls = tls::config(vec![leaf.der().clone()], key).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), authority.pem()).unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, stop) = (listener.local_addr().unwrap().port(), CancellationToken::new());
        let (documents, requests) = (Documents::default(), Arc::new(AtomicUsize::new(0)));
        let router = router(Arc::clone(&documents), Arc::clone(&requests));
        let (limits, stopped) = (ServerLimits::from(&Settings::default()), stop.clone());
        tokio::spawn(async move { serve(listener, router, &limits, Some(tls), stopped).await });
        Self { documents, requests, port, authority: file, _running: stop.drop_guard() }
    }

    /// Serves a document at a path from now on; returns its URL.
    pub fn publish(&self, path: &str, document: Value) -> String {
        self.reply(path, |reply| (reply.status, reply.document) = (StatusCode::OK, document))
    }

    /// Answers at a path with this status from now on; a document that is there comes back with 200.
    pub fn fail(&self, path: &str, status: u16) -> String {
        self.reply(path, |reply| reply.status = StatusCode::from_u16(status).unwrap())
    }

    /// Says from now on how long the document at a path may be kept.
    pub fn cache_control(&self, path: &str, value: &str) -> String {
        self.reply(path, |reply| reply.cache_control = Some(value.to_owned()))
    }

    /// Takes so long to answer at a path from now on.
    pub fn delay(&self, path: &str, delay: Duration) -> String {
        self.reply(path, |reply| reply.delay = delay)
    }

    /// Asks at a path for a token from now on, by this `WWW-Authenticate` header.
    pub fn protect(&self, path: &str, challenge: &str) -> String {
        self.reply(path, |reply| {
            (reply.status, reply.challenge) = (StatusCode::UNAUTHORIZED, Some(challenge.to_owned()));
        })
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("https://{NAME}:{}{path}", self.port)
    }

    fn reply(&self, path: &str, change: impl FnOnce(&mut Reply)) -> String {
        change(self.documents.lock().unwrap().entry(path.to_owned()).or_default());
        self.url(path)
    }

    /// How many requests there were.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// What fetches from here, and from nowhere else that is not public.
    pub fn fetcher(&self) -> Fetcher {
        let mut settings = Settings::default().fetch;
        settings.extra_ca_file = Some(self.authority.path().to_owned());
        settings.allow = List(vec![format!("{NAME}:{}", self.port).parse().unwrap()]);
        Fetcher::guarded(&settings).unwrap().with_lookup(Arc::new(|_| vec!["127.0.0.1".parse().unwrap()]))
    }
}

fn router(documents: Documents, requests: Arc<AtomicUsize>) -> Router {
    Router::new().fallback(move |uri: Uri| {
        requests.fetch_add(1, Ordering::SeqCst);
        let document = documents.lock().unwrap().get(uri.path()).cloned();
        async move {
            let Some(reply) = document else { return StatusCode::NOT_FOUND.into_response() };
            tokio::time::sleep(reply.delay).await;
            let mut response = (reply.status, axum::Json(reply.document)).into_response();
            if let Some(value) = reply.challenge {
                response.headers_mut().insert("www-authenticate", value.parse().unwrap());
            }
            if let Some(value) = reply.cache_control {
                response.headers_mut().insert("cache-control", value.parse().unwrap());
            }
            response
        }
    })
}
