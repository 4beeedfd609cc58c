//! Work in the background: keys rotated, rows cut back, what was collected in memory written.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::model::flow_trace::MOST_KEPT;
use crate::model::interaction::MOST_INTERACTIONS;
use crate::model::random;

/// How often last-used times and statistics are written.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// Every so many flushes, one process does what one process must do.
const FLUSHES_PER_ROUND: u32 = 6;

/// Longer than a round, in seconds, so that the same process keeps at it.
const LEASE_SECONDS: i64 = 90;

/// Works until the process stops.
pub async fn run(app: App, stop: CancellationToken) {
    let holder = random::identifier();
    let mut flushes = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(FLUSH_EVERY) => {}
        }
        if let Err(error) = app.flush().await {
            tracing::warn!(%error, "last-used times and statistics could not be written; they are kept for the next time");
        }
        flushes += 1;
        if flushes % FLUSHES_PER_ROUND == 0 {
            app.rate_limits.retain_recent();
            if let Err(error) = round(&app, &holder).await {
                tracing::warn!(error = format!("{error:#}"), "housekeeping failed; it is tried again");
            }
        }
    }
}

/// Gives clients and users of an older database their search words, in one process at a time, until all have them.
pub async fn fill_search_words(app: App, stop: CancellationToken) {
    let holder = random::identifier();
    loop {
        match fill_next(&app, &holder).await {
            Ok(Filled::All) => return,
            Ok(Filled::Some) if stop.is_cancelled() => return,
            Ok(Filled::Some) => continue,
            Ok(Filled::Elsewhere) => {}
            Err(error) => tracing::warn!(%error, "search words could not be written; it is tried again"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(FLUSH_EVERY) => {}
        }
    }
}

/// What became of a batch of search words.
enum Filled {
    All,
    Some,
    Elsewhere,
}

async fn fill_next(app: &App, holder: &str) -> Result<Filled, sqlx::Error> {
    if !app.store.take_lease("search_words", holder, LEASE_SECONDS).await? {
        return Ok(Filled::Elsewhere);
    }
    if !app.store.fill_search_words().await? {
        return Ok(Filled::Some);
    }
    app.store.release_lease("search_words", holder).await?;
    Ok(Filled::All)
}

/// One round of what one process must do, if it is this process's turn.
pub async fn round(app: &App, holder: &str) -> anyhow::Result<()> {
    if app.store.take_lease("housekeeping", holder, LEASE_SECONDS).await? {
        tidy(app).await?;
    }
    Ok(())
}

/// What a round does, whoever's turn it is.
pub async fn tidy(app: &App) -> anyhow::Result<()> {
    app.store.remove_expired().await?;
    app.store.remove_surplus(MOST_INTERACTIONS, MOST_KEPT).await?;
    for domain in app.store.domains().await? {
        let Some(entry) = app.store.domain(domain.id).await? else { continue };
        app.rotator().run(&entry).await?;
        for policy in &entry.policies {
            if let Some(seconds) = policy.rules.remove_unused_after {
                let before = app.clock.now().plus(-seconds);
                app.store.remove_unused_clients(domain.id, policy.id, before).await?;
            }
        }
    }
    Ok(())
}
