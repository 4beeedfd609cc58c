//! The limits: a bare server that only signs the same token, or only answers, behind the same accept loop.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::extract::State;
use axum::routing::any;
use axum::{Json, Router};
use registrar::config::Settings;
use registrar::keys::generate::new_private_key;
use registrar::keys::signer::Signer;
use registrar::model::domain::TokenType;
use registrar::model::id::ClientId;
use registrar::model::random;
use registrar::model::scope::ScopeSet;
use registrar::model::signing_key::SigningAlgorithm;
use registrar::model::time::Clock;
use registrar::server::{self, ServerLimits};
use registrar::tokens::access_token::{AccessToken, Aud};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::process::Process;

/// The argument that makes this program such a server.
pub const FLAG: &str = "--sign-only";

/// Signs nothing: answers with as many bytes as an argument of this kind says.
const FIXED: &str = "fixed:";

const LIFETIME: i64 = 3600;

#[derive(Serialize)]
struct Answer {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
}

/// Starts one that signs with this algorithm.
pub fn signing(algorithm: SigningAlgorithm) -> anyhow::Result<Process> {
    start(algorithm.as_str())
}

/// Starts one that answers with so many bytes.
pub fn answering(length: usize) -> anyhow::Result<Process> {
    start(&format!("{FIXED}{length}"))
}

fn start(what: &str) -> anyhow::Result<Process> {
    let mut command = Command::new(std::env::current_exe()?);
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let (mut process, line) = Process::start(command.args([FLAG, what]), nowhere)?;
    process.address = line.trim().parse().context("the limit did not say where it listens")?;
    Ok(process)
}

/// The server itself; ends with its parent's `kill`.
pub fn serve(what: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let router = match what.strip_prefix(FIXED) {
            Some(length) => fixed(length.parse()?),
            None => tokens(what.parse().map_err(anyhow::Error::msg)?).await?,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let limits = ServerLimits::from(&Settings::default());
        server::serve(listener, router, &limits, None, CancellationToken::new()).await?;
        bail!("nobody asked the limit to stop")
    })
}

fn fixed(length: usize) -> Router {
    let body = bytes::Bytes::from(vec![b'x'; length]);
    Router::new().route("/{*path}", any(move || async move { body }))
}

async fn tokens(algorithm: SigningAlgorithm) -> anyhow::Result<Router> {
    let key = new_private_key(algorithm).await?;
    let signer = Arc::new(Signer::new(&random::identifier(), algorithm, &key)?);
    Ok(Router::new().route("/{*path}", any(token)).with_state(signer))
}

async fn token(State(signer): State<Arc<Signer>>) -> Json<Answer> {
    const CLIENT: &str = "0123456789abcdefghijkl";
    let now = Clock::System.now();
    let claims = AccessToken {
        iss: "http://127.0.0.1:65535/main/oidc".to_owned(),
        sub: CLIENT.to_owned(),
        aud: Aud::One(CLIENT.to_owned()),
        azp: ClientId(CLIENT.to_owned()),
        client_id: ClientId(CLIENT.to_owned()),
        scope: ScopeSet::default(),
        iat: now,
        exp: now.plus(LIFETIME),
        nbf: None,
        jti: random::identifier(),
        grant_id: None,
    };
    // An empty token would show as a wrong status nowhere, but the generator's figures would be absurd.
    let access_token = signer.sign(TokenType::Jwt, &claims).unwrap_or_default();
    Json(Answer { access_token, token_type: "Bearer", expires_in: LIFETIME })
}
