//! Follows the change feed, and knows how long ago it was last confirmed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::model::time::{Clock, UnixTime};
use crate::store::Store;
use crate::store::changes::{ChangeListener, FeedPosition};

/// A process that has not heard of changes for this long answers nothing that a change could make wrong.
const STALE_AFTER: Duration = Duration::from_secs(5);

/// How long ago this process last knew of every change.
#[derive(Debug)]
pub struct FeedHealth {
    started: Instant,
    confirmed_millis: AtomicU64,
}

impl Default for FeedHealth {
    fn default() -> Self {
        Self { started: Instant::now(), confirmed_millis: AtomicU64::new(0) }
    }
}

impl FeedHealth {
    /// Whether what is in memory may be trusted.
    pub fn is_fresh(&self) -> bool {
        let confirmed = Duration::from_millis(self.confirmed_millis.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(confirmed) < STALE_AFTER
    }

    /// Forgets what is in memory, so that all of it is read anew: for a process that follows no feed.
    pub fn start_afresh(&self, store: &Store) {
        let now = Instant::now();
        store.cache().clear();
        self.confirm(now);
    }

    fn confirm(&self, at: Instant) {
        let millis = u64::try_from(at.saturating_duration_since(self.started).as_millis()).unwrap_or(u64::MAX);
        self.confirmed_millis.store(millis, Ordering::Relaxed);
    }
}

/// How the feed is followed.
#[derive(Debug, Clone, Copy)]
pub struct FeedOptions {
    /// Time between two polls.
    pub interval: Duration,
    /// Whether PostgreSQL's notifications hasten it.
    pub listen: bool,
}

/// Polls the feed until the process stops. A failed poll empties the cache before the next one fills it.
pub async fn follow(store: Store, health: &FeedHealth, options: FeedOptions, stop: CancellationToken) {
    let mut position = FeedPosition::default();
    let mut listener: Option<ChangeListener> = None;
    let mut lost = true;
    let mut clock = WallClock::new(store.clock().clone());
    loop {
        // What was read at this time is confirmed, not what happened while the answer travelled.
        let asked = Instant::now();
        // A vanished peer is noticed by its silence only.
        let polled = tokio::time::timeout(STALE_AFTER, store.poll_changes(&mut position)).await;
        match polled.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            // A process that stood still, or waited long for this answer, has missed what a poll no longer looks back to.
            Ok(_) if lost || !health.is_fresh() || clock.jumped() => {
                store.cache().clear();
                if store.load_revoked_tokens().await.is_ok() {
                    lost = false;
                    health.confirm(asked);
                    clock.confirm();
                }
            }
            Ok(_) => {
                health.confirm(asked);
                clock.confirm();
            }
            Err(error) => {
                if !lost {
                    tracing::warn!(%error, "the change feed cannot be read; what is in memory is dropped");
                }
                lost = true;
                listener = None;
            }
        }
        if options.listen && listener.is_none() && !lost {
            listener = store.listen().await.unwrap_or_default();
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(options.interval) => {}
            heard = hear(&mut listener) => if !heard {
                listener = None;
            }
        }
    }
}

/// Notices that the machine was suspended: `Instant` may stand still meanwhile, the time of day does not.
struct WallClock {
    clock: Clock,
    confirmed: UnixTime,
}

impl WallClock {
    fn new(clock: Clock) -> Self {
        Self { confirmed: clock.now(), clock }
    }

    fn jumped(&self) -> bool {
        let elapsed = u64::try_from(self.clock.now().since(self.confirmed)).unwrap_or(0);
        // A hand that moves a test's clock moves it for whoever shares the database.
        matches!(self.clock, Clock::System) && elapsed >= STALE_AFTER.as_secs()
    }

    fn confirm(&mut self) {
        self.confirmed = self.clock.now();
    }
}

/// Waits for a notification; without a listener, for ever. `false`: the connection is gone.
async fn hear(listener: &mut Option<ChangeListener>) -> bool {
    match listener {
        Some(listener) => listener.wait().await.is_ok(),
        None => std::future::pending().await,
    }
}
