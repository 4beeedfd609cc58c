//! Refusals on their way into the audit log: a bounded queue written in batches, with drops counted.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::model::audit_event::AuditEvent;
use crate::store::Store;

const QUEUE: usize = 4_096;
const BATCH: usize = 200;

/// Where refusals are handed in; never waits.
#[derive(Debug, Clone)]
pub struct AuditQueue(mpsc::Sender<AuditEvent>);

/// Where they come out.
#[derive(Debug)]
pub struct AuditOutlet(mpsc::Receiver<AuditEvent>);

/// A new queue.
pub fn queue() -> (AuditQueue, AuditOutlet) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (AuditQueue(sender), AuditOutlet(receiver))
}

impl AuditQueue {
    /// Hands an event in. `false`: the queue is full and the event is lost; the caller counts it.
    pub fn push(&self, event: AuditEvent) -> bool {
        self.0.try_send(event).is_ok()
    }
}

impl AuditOutlet {
    /// Writes what comes in until the process stops, and then what is left. `dropped` is told of events that could not
    /// be written.
    pub async fn write(mut self, store: Store, stop: CancellationToken, dropped: impl Fn(u64)) {
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
            if let Err(error) = store.write_audit(&batch).await {
                tracing::warn!(%error, events = batch.len(), "audit events could not be written");
                dropped(u64::try_from(batch.len()).unwrap_or(u64::MAX));
            }
            batch.clear();
        }
    }
}
