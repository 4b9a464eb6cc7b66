//! Passes a run's output on in batches, each once the last is stored, and keeps the times of a run.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use station_core::model::{OutputCap, OutputChunk, OutputSummary, ProcessRecord, Stream};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::capture::Capture;
use super::clock::wall_now;
use super::report::Report;
use crate::port::RunEvent;

/// Collected output is sent at once from this size.
const BATCH: usize = 256 << 10;
/// Unsent output beyond this is not read: the command waits for the store.
const UNSENT_LIMIT: usize = 4 << 20;
/// The first output after a silence waits this long: a short command's goes with its end.
const FIRST_FLUSH: Duration = Duration::from_millis(10);
/// A run that lasts longer than this is recorded with its process; a shorter one leaves nothing that
/// could be found by it.
const SHORT: Duration = Duration::from_millis(20);

/// What of a request the flow of its output is held to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How much is kept.
    cap: OutputCap,
    /// Without output for this long, the engine is told.
    idle: Option<Duration>,
    /// At most one batch of output in this span.
    flush: Duration,
}

impl Limits {
    /// How much is kept, how long it may be silent, and how often a batch is sent at most.
    pub(super) fn new(cap: OutputCap, idle: Option<Duration>, flush: Duration) -> Self {
        Self { cap, idle, flush }
    }
}

/// The output of a run that is going on, on its way to the store.
pub(super) struct Flow {
    report: Report,
    capture: Capture,
    idle: Option<Duration>,
    flush: Duration,
    sent: Sent,
    /// When the process is told of, until it has been.
    introduce_at: Option<Instant>,
    unsent_since: Option<Instant>,
    flushed: Option<Instant>,
    quiet_since: Instant,
    told_idle: bool,
}

/// The batch that was sent last, until it is stored.
#[derive(Debug, Default)]
pub(super) struct Sent {
    stored: Option<oneshot::Receiver<()>>,
}

impl Sent {
    /// Ready once, when the batch is stored or given up.
    pub(super) fn poll_stored(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(stored) = &mut self.stored else { return Poll::Pending };
        // An error means that the store has given it up; the next may do better.
        drop(ready!(Pin::new(stored).poll(cx)));
        self.stored = None;
        Poll::Ready(())
    }
}

impl Flow {
    /// That of a run just started.
    pub(super) fn new(report: Report, limits: Limits) -> Self {
        let now = Instant::now();
        Self {
            report,
            capture: Capture::new(limits.cap),
            idle: limits.idle,
            flush: limits.flush,
            sent: Sent::default(),
            introduce_at: Some(now + SHORT),
            unsent_since: None,
            flushed: None,
            quiet_since: now,
            told_idle: false,
        }
    }

    /// Looks whether the last batch is stored; call [`Self::stored`] then.
    pub(super) fn poll_stored(&mut self, cx: &mut Context<'_>) {
        if self.sent.poll_stored(cx).is_ready() {
            self.stored();
        }
    }

    /// The last batch is stored.
    pub(super) fn stored(&mut self) {
        if self.is_full() {
            // The command could not write for our own fault.
            self.quiet_since = Instant::now();
        }
    }

    /// Where to read to, and what to watch meanwhile.
    pub(super) fn split(&mut self) -> (&mut Vec<u8>, &mut Sent) {
        (self.capture.room(), &mut self.sent)
    }

    /// Where the next read may append; there is always room.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        self.capture.room()
    }

    /// Appends bytes that came just now.
    pub(super) fn put(&mut self, stream: Stream, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.capture.room();
            let fits = bytes.len().min(room.capacity().saturating_sub(room.len()).max(1));
            let (now, later) = bytes.split_at(fits);
            room.extend_from_slice(now);
            self.took(stream, now.len());
            bytes = later;
        }
    }

    /// Takes note of the last `count` bytes of the room, read just now.
    pub(super) fn took(&mut self, stream: Stream, count: usize) {
        self.capture.took(stream, wall_now(), count);
    }

    /// Something was read.
    pub(super) fn has_read(&mut self, now: Instant) {
        self.quiet_since = now;
        self.unsent_since.get_or_insert(now);
    }

    /// So much is unsent that the command has to wait.
    pub(super) fn is_full(&self) -> bool {
        self.capture.pending_cost() >= UNSENT_LIMIT
    }

    /// Enough is collected for a batch, and it may be sent.
    pub(super) fn has_batch(&self) -> bool {
        self.capture.pending_cost() >= BATCH && self.sent.stored.is_none()
    }

    /// Sends what is collected when it is time and the last batch is stored; true if sent.
    pub(super) fn flush(&mut self, now: Instant) -> bool {
        let due = self.flush_at().is_some_and(|at| at <= now);
        if self.sent.stored.is_some() || !(due || self.capture.pending_cost() >= BATCH) {
            return false;
        }
        self.unsent_since = None;
        let chunks = self.capture.take_pending();
        if chunks.is_empty() {
            return false;
        }
        let (stored, in_flight) = oneshot::channel();
        self.report.send(RunEvent::Output { chunks, stored });
        self.sent.stored = Some(in_flight);
        self.flushed = Some(now);
        true
    }

    /// Tells of the process once the run has lasted a while.
    pub(super) fn introduce(&mut self, now: Instant, who: impl FnOnce() -> Option<ProcessRecord>) {
        if self.introduce_at.is_some_and(|at| at <= now) {
            self.introduce_at = None;
            if let Some(record) = who() {
                self.report.send(RunEvent::Started(record));
            }
        }
    }

    /// Tells, once, that there was no output for the idle timeout. Nothing is awaited of a process
    /// that has `exited`.
    pub(super) fn tell_idle(&mut self, now: Instant, exited: bool) {
        if self.idle_at(exited).is_some_and(|at| at <= now) {
            self.told_idle = true;
            self.report.send(RunEvent::Idle);
        }
    }

    /// When to call the three above again, at the latest.
    pub(super) fn deadline(&self, exited: bool) -> Option<Instant> {
        let flush = self.flush_at().filter(|_| self.sent.stored.is_none());
        [self.introduce_at, flush, self.idle_at(exited)].into_iter().flatten().min()
    }

    /// Ends the flow: what was not sent before, once what was sent is stored.
    pub(super) async fn finish(self) -> (Report, Vec<OutputChunk>, OutputSummary) {
        let (chunks, output) = self.capture.finish();
        if let Some(stored) = self.sent.stored
            && !chunks.is_empty()
            && stored.await.is_err()
        {
            tracing::debug!("a batch of output was given up by the store");
        }
        (self.report, chunks, output)
    }

    fn flush_at(&self) -> Option<Instant> {
        let soon = self.unsent_since? + FIRST_FLUSH.min(self.flush);
        let next = self.flushed.map(|last| last + self.flush);
        Some(next.map_or(soon, |next| next.max(soon)))
    }

    fn idle_at(&self, exited: bool) -> Option<Instant> {
        let awaited = !self.told_idle && !exited && !self.is_full();
        self.idle.filter(|_| awaited).map(|span| self.quiet_since + span)
    }
}
