//! One server on a database in memory: what is thrown away at each reset.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use zeroize::Zeroizing;

use super::baked;
use super::order::Order;
use crate::app::App;
use crate::config::{BaseUrl, Settings};
use crate::fetch::Fetcher;
use crate::keys::data_keys::DataKeys;
use crate::keys::master_key::MasterKey;
use crate::model::random::{self, Queue, Random};
use crate::model::time::Clock;
use crate::people::mail::Outbox;
use crate::routes::{self, Routes};
use crate::startup::{Assembly, assemble, spawn_tasks};
use crate::store::Store;

/// What outlives a reset.
#[derive(Debug, Clone)]
pub(super) struct Lasting {
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    pub(super) queue: Arc<Queue>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) order: Arc<Order>,
    pub(super) fetcher: Arc<Fetcher>,
}

/// A server without a listener, on a database in memory.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) app: App,
    routes: Routes,
    order: Arc<Order>,
    stop: CancellationToken,
    // Dropped, they end.
    _tasks: JoinSet<()>,
}

impl Instance {
    /// A server on an empty database.
    pub(super) async fn empty(lasting: &Lasting, public_url: BaseUrl) -> anyhow::Result<Self> {
        let store = open(lasting, None).await?;
        let master = MasterKey::from_bytes(&Zeroizing::new(random::bytes::<32>()));
        let keys = Arc::new(DataKeys::load(&store, master).await?);
        Self::on(lasting, store, keys, public_url)
    }

    /// A server on a database as it was once, with the data keys it had then.
    pub(super) async fn from_image(
        lasting: &Lasting,
        image: &[u8],
        keys: Arc<DataKeys>,
        public_url: BaseUrl,
    ) -> anyhow::Result<Self> {
        let store = open(lasting, Some(image)).await?;
        store.load_revoked_tokens().await?;
        Self::on(lasting, store, keys, public_url)
    }

    /// The server's answer to a request that comes from within this process.
    pub(super) async fn answer(&self, request: Request) -> Response {
        let Ok(answer) = self.routes.clone().oneshot(request).await;
        self.order.note(&answer);
        answer
    }

    fn on(lasting: &Lasting, store: Store, keys: Arc<DataKeys>, public_url: BaseUrl) -> anyhow::Result<Self> {
        let (app, outlets) = assemble(Assembly {
            settings: lasting.settings.clone(),
            public_url,
            store,
            keys,
            key_source: baked::key_source(),
            fetcher: Some(Arc::clone(&lasting.fetcher)),
            outbox: Some(Arc::clone(&lasting.outbox)),
            throw_away: true,
        })?;
        let stop = CancellationToken::new();
        let tasks = spawn_tasks(&app, outlets, &stop);
        let routes = routes::serving(&app);
        Ok(Self { app, routes, order: Arc::clone(&lasting.order), stop, _tasks: tasks })
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn open(lasting: &Lasting, image: Option<&[u8]>) -> anyhow::Result<Store> {
    let surroundings = (lasting.clock.clone(), Random::Queued(Arc::clone(&lasting.queue)));
    Store::in_memory(image, lasting.settings.cache.capacity_bytes, surroundings).await
}
