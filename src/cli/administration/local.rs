//! The API in this process, on the database: a server without listeners.

use std::sync::atomic::Ordering;

use anyhow::{Context as _, anyhow, bail};
use axum::body::{Body, to_bytes};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, ETAG, IF_MATCH};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::{Answer, Request};
use crate::admin::admit::LocalOperator;
use crate::app::App;
use crate::config::{BaseUrl, Settings};
use crate::keys::generate::KeySource;
use crate::model::time::Clock;
use crate::oauth::error::Cause;
use crate::routes::{self, Routes};
use crate::startup::{self, Assembly, FACT_PUBLIC_URL};
use crate::store::Store;

/// The API in this process.
#[derive(Debug)]
pub struct Local {
    app: App,
    routes: Routes,
    stop: CancellationToken,
    writers: JoinSet<()>,
}

impl Local {
    /// On the database of the settings, beside a server that may be running on it.
    pub async fn open(settings: Settings, create: bool) -> anyhow::Result<Self> {
        if !create {
            there_is_a_database(&settings)?;
        }
        let (store, keys) = startup::open(&settings, Clock::System, false).await?;
        let public_url = public_url(&settings, &store).await?;
        let key_source = KeySource::Generated;
        let (fetcher, outbox, throw_away) = (None, None, false);
        let assembly = Assembly { settings, public_url, store, keys, key_source, fetcher, outbox, throw_away };
        let (app, (refusals, steps)) = startup::assemble(assembly)?;
        let (stop, mut writers) = (CancellationToken::new(), JoinSet::new());
        writers.spawn(refusals.write(app.store.clone(), stop.clone(), |_| {}));
        writers.spawn(steps.write(app.store.clone(), stop.clone(), app.metrics.trace_steps_dropped.clone()));
        let routes = routes::serving(&app);
        Ok(Self { app, routes, stop, writers })
    }

    /// Writes what is still in memory.
    pub async fn close(mut self) {
        self.app.stopping.store(true, Ordering::Relaxed);
        self.stop.cancel();
        while self.writers.join_next().await.is_some() {}
        // Last-used times and counts: nothing that a command did is lost with them.
        let _ = self.app.flush().await;
        self.app.store.close().await;
    }

    pub(super) async fn send(&self, request: &Request<'_>) -> anyhow::Result<Answer> {
        // Nobody tells this process what others change meanwhile.
        self.app.feed.start_afresh(&self.app.store);
        let mut built = http::Request::builder().method(&request.method).uri(request.path).extension(LocalOperator);
        if let Some(tag) = request.if_match {
            built = built.header(IF_MATCH, tag);
        }
        let body = match request.body {
            Some(body) => {
                built = built.header(CONTENT_TYPE, "application/json");
                Body::from(serde_json::to_vec(body)?)
            }
            None => Body::empty(),
        };
        let response = self.routes.clone().oneshot(built.body(body)?).await?;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await?;
        let cause = parts.extensions.get::<Cause>().map(|Cause(cause)| cause.to_string());
        Ok(Answer {
            status: parts.status.as_u16(),
            etag: etag(&parts.headers),
            cause,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        })
    }
}

fn etag(headers: &HeaderMap) -> Option<String> {
    headers.get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned)
}

/// Fails where the settings name an embedded database that is not there.
pub fn there_is_a_database(settings: &Settings) -> anyhow::Result<()> {
    let path = settings.database.url.expose().strip_prefix("sqlite:").map(|path| path.trim_start_matches("//"));
    if let Some(path) = path.filter(|path| !std::path::Path::new(path).exists()) {
        bail!("there is no database {path} yet; start `registrar serve`, or name the database: --database-url");
    }
    Ok(())
}

/// The base URL under which everybody reaches the server.
pub async fn public_url(settings: &Settings, store: &Store) -> anyhow::Result<BaseUrl> {
    if let Some(url) = &settings.public_url {
        return Ok(url.clone());
    }
    // The server wrote it down when it started.
    match store.fact(FACT_PUBLIC_URL).await? {
        Some(url) => url.parse().map_err(|problem: String| anyhow!(problem)).context("the database's public_url"),
        None => settings.base_url(settings.listen),
    }
}
