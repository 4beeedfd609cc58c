//! The work beside the requests: the change feed followed, refusals and timelines written, housekeeping.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::housekeeping;
use crate::ops::audit::AuditOutlet;
use crate::ops::feed::{self, FeedOptions};
use crate::ops::flow_trace::TraceOutlet;

/// Begins all of it; it ends when `stop` says so.
pub(crate) fn spawn_tasks(
    app: &App,
    (refusals, steps): (AuditOutlet, TraceOutlet),
    stop: &CancellationToken,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let options = FeedOptions {
        interval: Duration::from_millis(app.settings.cache.poll_interval_milliseconds),
        listen: app.settings.cache.listen,
    };
    let (follower, token) = (app.clone(), stop.clone());
    tasks.spawn(async move { feed::follow(follower.store.clone(), &follower.feed, options, token).await });
    let (writer, token) = (app.clone(), stop.clone());
    tasks.spawn(async move {
        let dropped = |events| {
            writer.metrics.audit_events_dropped.inc_by(events);
        };
        refusals.write(writer.store.clone(), token, dropped).await;
    });
    let dropped = app.metrics.trace_steps_dropped.clone();
    tasks.spawn(steps.write(app.store.clone(), stop.clone(), dropped));
    tasks.spawn(housekeeping::fill_search_words(app.clone(), stop.clone()));
    tasks.spawn(housekeeping::run(app.clone(), stop.clone()));
    tasks
}
