//! The watch over one connection: closed when its peer dawdles over a request's head, stays idle too long, or does not
//! read its answer.
//!
//! # Design
//! The HTTP library polls this stream; whenever there is nothing to read, the stream looks at how long that may last.
//! It knows three phases: a head is awaited or incomplete, requests are under way, the connection is idle. It is not
//! polled when a request ends, so the end's time is kept and taken into account at the next alarm.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Version;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// The requests of one connection, as its service sees them.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    underway: AtomicU32,
    finished: AtomicU64,
    /// Milliseconds from `opened` to the end of the last request.
    last_end: AtomicU64,
    multiplexed: AtomicBool,
}

impl Activity {
    /// A connection opened now, without requests.
    pub(super) fn new() -> Self {
        let (finished, last_end) = (AtomicU64::new(0), AtomicU64::new(0));
        let (underway, multiplexed) = (AtomicU32::new(0), AtomicBool::new(false));
        Self { opened: Instant::now(), underway, finished, last_end, multiplexed }
    }

    fn idle_since(&self) -> Instant {
        self.opened + Duration::from_millis(self.last_end.load(Ordering::Acquire))
    }

    /// A request has come in; it is under way until the value returned is dropped.
    pub(super) fn enter(self: &Arc<Self>, version: Version) -> Underway {
        self.underway.fetch_add(1, Ordering::AcqRel);
        self.multiplexed.store(version == Version::HTTP_2, Ordering::Release);
        Underway(self.clone())
    }
}

/// A request under way.
#[derive(Debug)]
pub(super) struct Underway(Arc<Activity>);

impl Drop for Underway {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last_end.fetch_max(now, Ordering::AcqRel);
        self.0.finished.fetch_add(1, Ordering::AcqRel);
        self.0.underway.fetch_sub(1, Ordering::AcqRel);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The first head is awaited, or part of a head has arrived.
    Head,
    /// Requests are under way.
    Busy,
    /// Between requests.
    Idle,
}

/// A stream under watch.
pub(super) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    header_timeout: Duration,
    idle_timeout: Duration,
    phase: Phase,
    /// When the phase has lasted too long; of no meaning while busy.
    deadline: Instant,
    /// Requests finished when the phase was last settled.
    finished: u64,
    /// Fires at the deadline or before it, so that it need not be moved for each request.
    alarm: Pin<Box<Sleep>>,
    /// Runs while the peer takes no bytes.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    /// Puts a stream under watch; the first request's head is due within `header_timeout`.
    pub(super) fn new(stream: S, activity: Arc<Activity>, header_timeout: Duration, idle_timeout: Duration) -> Self {
        let deadline = Instant::now() + header_timeout;
        let alarm = Box::pin(sleep_until(deadline));
        let (phase, finished, stalled) = (Phase::Head, 0, None);
        Self { stream, activity, header_timeout, idle_timeout, phase, deadline, finished, alarm, stalled }
    }

    /// Brings the phase up to date with what the service did.
    fn settle(&mut self) {
        if self.activity.underway.load(Ordering::Acquire) > 0 {
            self.phase = Phase::Busy;
            return;
        }
        let finished = self.activity.finished.load(Ordering::Acquire);
        if self.phase == Phase::Busy || finished != self.finished {
            self.finished = finished;
            self.phase = Phase::Idle;
            self.deadline = self.activity.idle_since() + self.idle_timeout;
        }
    }

    fn bytes_arrived(&mut self) {
        self.settle();
        // On HTTP/2 bytes between requests may be a ping; the idle deadline goes on.
        if self.phase == Phase::Idle && !self.activity.multiplexed.load(Ordering::Acquire) {
            self.phase = Phase::Head;
            self.deadline = Instant::now() + self.header_timeout;
        }
    }

    /// Pending while the peer may still take its time.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            self.settle();
            let now = Instant::now();
            let target = if self.phase == Phase::Busy { now + self.idle_timeout } else { self.deadline };
            if target <= now {
                let what = if self.phase == Phase::Head { "a request's head took too long" } else { "idle too long" };
                return Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, what));
            }
            if target < self.alarm.deadline() {
                self.alarm.as_mut().reset(target);
            }
            ready!(self.alarm.as_mut().poll(cx));
            self.alarm.as_mut().reset(target);
        }
    }

    /// The outcome of a write, or an error when the peer has taken no bytes for as long as it may be idle.
    fn unless_stalled<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let patience = self.idle_timeout;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not read")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending => self.poll_patience(cx).map(Err),
            ready @ Poll::Ready(_) => {
                if buf.filled().len() > before {
                    self.bytes_arrived();
                }
                ready
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.unless_stalled(cx, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        self.unless_stalled(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.unless_stalled(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.unless_stalled(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
