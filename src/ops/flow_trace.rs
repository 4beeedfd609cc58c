//! Steps of login attempts on their way to the database: a bounded queue written in batches, with drops counted.
//!
//! # Design
//! Noting a step never waits, and a lost one fails nothing. Discovery is read far more often than anything else, so when a
//! source read it is only remembered, and becomes a step once a registration or login follows from there. Most steps need
//! no credentials, so what one source may write in a minute is bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::rate_limit::SourcePrefix;
use crate::model::flow_trace::{Outcome, PROBABLE, Step, TraceStep};
use crate::model::id::{DomainId, ordered_uuid};
use crate::model::time::{Clock, UnixTime};
use crate::store::Store;

const QUEUE: usize = 4_096;
const BATCH: usize = 500;

/// How long steps are gathered before they are written: a login has many, and nobody waits for them.
const GATHERED: Duration = Duration::from_millis(400);

/// How many sources are remembered.
const SOURCES: u64 = 20_000;

/// Discoveries of one source closer together than this, in seconds, are one.
const RESOLUTION: i64 = 10;

/// How many steps one source may write in a minute: a login has about eight, and a company may share an address.
const MOST_PER_MINUTE: u32 = 3_000;

/// Where steps are handed in.
#[derive(Debug)]
pub struct FlowTraces {
    steps: mpsc::Sender<TraceStep>,
    clock: Clock,
    dropped: Counter,
    /// Orders the steps of one moment.
    number: AtomicU32,
    /// When a source last read a domain's metadata.
    discoveries: Cache<(DomainId, SourcePrefix), UnixTime>,
    /// What each source wrote in the current minute.
    written: Cache<String, Arc<AtomicU32>>,
}

/// Where they come out.
#[derive(Debug)]
pub struct TraceOutlet(mpsc::Receiver<TraceStep>);

/// A new queue; `dropped` counts what is lost.
pub fn queue(clock: Clock, dropped: Counter) -> (FlowTraces, TraceOutlet) {
    let (steps, outlet) = mpsc::channel(QUEUE);
    let traces = FlowTraces {
        steps,
        clock,
        dropped,
        number: AtomicU32::new(0),
        discoveries: remembered(PROBABLE.unsigned_abs()),
        written: remembered(60),
    };
    (traces, TraceOutlet(outlet))
}

fn remembered<K, V>(seconds: u64) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(SOURCES).time_to_live(Duration::from_secs(seconds)).build()
}

impl FlowTraces {
    /// Notes a step, and gives it its identifier, and its time unless it has one. Never waits.
    pub fn note(&self, mut step: TraceStep) {
        if step.at == UnixTime(0) {
            step.at = self.clock.now();
        }
        step.id = ordered_uuid(&self.clock, self.number.fetch_add(1, Ordering::Relaxed));
        let mine = step.source.as_ref().map(|source| self.written.get_with_by_ref(source, Arc::default));
        let too_many = mine.is_some_and(|mine| mine.fetch_add(1, Ordering::Relaxed) >= MOST_PER_MINUTE);
        if too_many || self.steps.try_send(step).is_err() {
            self.dropped.inc();
        }
    }

    /// Remembers that a source read a domain's metadata.
    pub fn discovered(&self, domain_id: DomainId, source: SourcePrefix) {
        let (key, now) = ((domain_id, source), self.clock.now());
        // Looking is cheaper than writing, and gateways ask all the time.
        if self.discoveries.get(&key).is_none_or(|then| now.since(then) >= RESOLUTION) {
            self.discoveries.insert(key, now);
        }
    }

    /// Notes a registration or the beginning of a login, after the discovery that probably led to it.
    pub fn note_after_discovery(&self, step: TraceStep, source: SourcePrefix) {
        let key = (step.domain_id, source);
        if let Some(then) = self.discoveries.remove(&key).filter(|then| self.clock.now().since(*then) <= PROBABLE) {
            let mut discovery = TraceStep::new(step.domain_id, Step::Discovery, Outcome::Done).from(&source);
            discovery.at = then;
            self.note(discovery.by(step.client_id.as_deref()));
        }
        self.note(step);
    }
}

impl TraceOutlet {
    /// Writes what comes in until the process stops, and then what is left. `dropped` counts steps that could not be
    /// written.
    pub async fn write(mut self, store: Store, stop: CancellationToken, dropped: Counter) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let received = tokio::select! {
                received = self.0.recv_many(&mut batch, BATCH) => received,
                () = stop.cancelled() => {
                    self.0.close();
                    self.0.recv_many(&mut batch, QUEUE).await
                }
            };
            if received == 0 {
                return;
            }
            if batch.len() < BATCH {
                tokio::select! {
                    () = tokio::time::sleep(GATHERED) => {}
                    () = stop.cancelled() => {}
                }
                batch.extend(std::iter::from_fn(|| self.0.try_recv().ok()).take(BATCH));
            }
            if let Err(error) = store.write_flow_steps(&batch).await {
                tracing::warn!(%error, steps = batch.len(), "steps of logins could not be written");
                dropped.inc_by(u64::try_from(batch.len()).unwrap_or(u64::MAX));
            }
            batch.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const DOMAIN: DomainId = DomainId(Uuid::nil());

    fn source() -> SourcePrefix {
        SourcePrefix::of("192.0.2.1".parse().unwrap())
    }

    fn received(outlet: &mut TraceOutlet) -> Vec<TraceStep> {
        std::iter::from_fn(|| outlet.0.try_recv().ok()).collect()
    }

    fn begun() -> TraceStep {
        TraceStep::new(DOMAIN, Step::Authorize, Outcome::Done).by(Some("c")).from(&source())
    }

    #[test]
    fn discovery_is_a_step_once_when_something_follows_soon() {
        let clock = Clock::manual(UnixTime(1_000));
        let (traces, mut outlet) = queue(clock.clone(), Counter::default());
        for _ in 0..9 {
            traces.discovered(DOMAIN, source());
        }
        assert!(received(&mut outlet).is_empty());
        clock.advance(30);
        traces.note_after_discovery(begun(), source());
        traces.note_after_discovery(begun(), source());
        let steps = received(&mut outlet);
        let kinds: Vec<Step> = steps.iter().map(|step| step.step).collect();
        assert_eq!(kinds, [Step::Discovery, Step::Authorize, Step::Authorize]);
        assert!(steps.is_sorted_by_key(|step| (step.id, step.at)));
        assert_eq!(clock.now().since(steps[0].at), 30);
        assert_eq!(steps[0].client_id.as_deref(), Some("c"));
        traces.discovered(DOMAIN, source());
        clock.advance(PROBABLE + 1);
        traces.note_after_discovery(begun(), source());
        assert_eq!(received(&mut outlet).len(), 1);
    }

    #[test]
    fn what_one_source_or_the_queue_has_no_room_for_is_counted() {
        let dropped = Counter::default();
        let (traces, mut outlet) = queue(Clock::default(), dropped.clone());
        for _ in 0..MOST_PER_MINUTE + 5 {
            traces.note(begun());
        }
        assert_eq!((received(&mut outlet).len(), dropped.get()), (3_000, 5));
        for _ in 0..QUEUE + 2 {
            let mut anonymous = begun();
            anonymous.source = None;
            traces.note(anonymous);
        }
        assert_eq!(dropped.get(), 7);
    }
}
