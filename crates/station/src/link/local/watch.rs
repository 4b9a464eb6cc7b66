//! Watches one run from its start to its end: output, exit, idleness and what it leaves behind.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::process::Child;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::process::Pid;
use station_core::model::ProcessRecord;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::capture::Capture;
use super::exit::Exit;
use super::lazy_timer::LazyTimer;
use super::live::Live;
use super::proc;
use super::reader::Reader;
use super::report::Report;
use crate::port::{RunEvent, StopSignal};

/// Collected output is sent at once from this size.
const BATCH: usize = 256 << 10;
/// Unsent output beyond this stays in the pipe: the command waits for the store.
const UNSENT_LIMIT: usize = 4 << 20;
/// The first output after a silence waits this long: a short command's goes with its end.
const FIRST_FLUSH: Duration = Duration::from_millis(10);
/// A run that lasts longer than this is recorded with its process; a shorter one leaves nothing that
/// could be found by it.
const SHORT: Duration = Duration::from_millis(20);
/// How long pipes may stay open after a kill, for the dying to let go of them.
const AFTER_KILL: Duration = Duration::from_millis(50);

/// Everything about a run that is going on. A silent run without limits needs no timer after its
/// first moments.
pub(super) struct Watch {
    pub(super) report: Report,
    pub(super) live: Arc<Live>,
    pub(super) child: Child,
    pub(super) pid: Pid,
    pub(super) exit: Exit,
    pub(super) out: Reader,
    pub(super) err: Reader,
    pub(super) capture: Capture,
    pub(super) limits: Limits,
    pub(super) progress: Progress,
    pub(super) timer: LazyTimer,
}

/// The spans a run is held to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Without output for this long, the engine is told.
    pub(super) idle: Option<Duration>,
    /// How long pipes may stay open after the exit.
    pub(super) leak: Duration,
    /// At most one batch of output in this span.
    pub(super) flush: Duration,
}

/// Where a run stands.
#[derive(Debug)]
pub(super) struct Progress {
    exited: bool,
    /// When the process is told of, until it has been.
    introduce_at: Option<Instant>,
    /// Resolves once what was sent is stored.
    pub(super) in_flight: Option<oneshot::Receiver<()>>,
    unsent_since: Option<Instant>,
    flushed: Option<Instant>,
    quiet_since: Instant,
    told_idle: bool,
    leak_at: Option<Instant>,
    killed_at: Option<Instant>,
}

impl Progress {
    /// That of a run just started.
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            exited: false,
            introduce_at: Some(now + SHORT),
            in_flight: None,
            unsent_since: None,
            flushed: None,
            quiet_since: now,
            told_idle: false,
            leak_at: None,
            killed_at: None,
        }
    }
}

impl Watch {
    /// Resolves when the process has exited and nothing more is awaited from its pipes; true if
    /// one of them is still open then.
    pub(super) async fn until_over(&mut self) -> bool {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        loop {
            self.poll_stored(cx);
            self.progress.exited |= self.exit.poll(cx).is_ready();
            let has_read = self.read(cx);
            if self.progress.exited && self.out.is_closed() && self.err.is_closed() {
                return Poll::Ready(false);
            }
            let now = Instant::now();
            if has_read {
                self.progress.quiet_since = now;
                self.progress.unsent_since.get_or_insert(now);
            }
            if self.flush(now) {
                continue;
            }
            if self.progress.exited && self.is_leaked(cx, now) {
                return Poll::Ready(true);
            }
            self.introduce(now);
            self.tell_idle(now);
            let deadline = self.deadline();
            if self.timer.poll(cx, deadline).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn poll_stored(&mut self, cx: &mut Context<'_>) {
        if let Some(stored) = &mut self.progress.in_flight
            && Pin::new(stored).poll(cx).is_ready()
        {
            self.progress.in_flight = None;
            if self.is_full() {
                // The command could not write for our own fault.
                self.progress.quiet_since = Instant::now();
            }
        }
    }

    /// Reads both pipes in turn until they are empty, or until there is a batch to send.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        let mut has_read = false;
        loop {
            let cost = self.capture.pending_cost();
            if self.is_full() || (cost >= BATCH && self.progress.in_flight.is_none()) {
                return has_read;
            }
            let out = self.out.poll_read(cx, &mut self.capture);
            let err = self.err.poll_read(cx, &mut self.capture);
            if !out && !err {
                return has_read;
            }
            has_read = true;
        }
    }

    fn is_full(&self) -> bool {
        self.capture.pending_cost() >= UNSENT_LIMIT
    }

    /// Sends what is collected when it is time and the last batch is stored; true if sent.
    fn flush(&mut self, now: Instant) -> bool {
        let due = self.flush_at().is_some_and(|at| at <= now);
        if self.progress.in_flight.is_some() || !(due || self.capture.pending_cost() >= BATCH) {
            return false;
        }
        self.progress.unsent_since = None;
        let chunks = self.capture.take_pending();
        if chunks.is_empty() {
            return false;
        }
        let (stored, in_flight) = oneshot::channel();
        self.report.send(RunEvent::Output { chunks, stored });
        self.progress.in_flight = Some(in_flight);
        self.progress.flushed = Some(now);
        true
    }

    fn flush_at(&self) -> Option<Instant> {
        let soon = self.progress.unsent_since? + FIRST_FLUSH.min(self.limits.flush);
        let next = self.progress.flushed.map(|last| last + self.limits.flush);
        Some(next.map_or(soon, |next| next.max(soon)))
    }

    /// Whether an exited run whose pipes are still open has been waited for long enough.
    fn is_leaked(&mut self, cx: &Context<'_>, now: Instant) -> bool {
        let asked = self.live.asked(cx.waker());
        if asked == Some(StopSignal::Kill) {
            let killed_at = *self.progress.killed_at.get_or_insert(now);
            return killed_at + AFTER_KILL <= now;
        }
        if self.is_full() {
            // Not read to its end yet, for our own fault.
            self.progress.leak_at = None;
            return false;
        }
        let leak_at = *self.progress.leak_at.get_or_insert(now + self.limits.leak);
        if leak_at > now {
            return false;
        }
        if asked.is_some() && proc::group_lives(self.pid.as_raw_nonzero().get()) {
            // Asked to stop, so nothing of it is to be left behind: whoever asked kills it after
            // their grace.
            self.progress.leak_at = Some(now + self.limits.leak);
            return false;
        }
        true
    }

    /// Tells of the process once the run has lasted a while. It is not reaped yet, so its pid is
    /// its own.
    fn introduce(&mut self, now: Instant) {
        if self.progress.introduce_at.is_some_and(|at| at <= now) {
            self.progress.introduce_at = None;
            let pid = self.pid.as_raw_nonzero().get();
            self.report.send(RunEvent::Started(ProcessRecord {
                mark: None,
                pid,
                start_ticks: proc::stat(pid).map_or(0, |found| found.start_ticks),
                boot_id: proc::boot_id().to_owned(),
            }));
        }
    }

    fn tell_idle(&mut self, now: Instant) {
        if self.idle_at().is_some_and(|at| at <= now) {
            self.progress.told_idle = true;
            self.report.send(RunEvent::Idle);
        }
    }

    fn idle_at(&self) -> Option<Instant> {
        let awaited = !self.progress.told_idle && !self.progress.exited && !self.is_full();
        self.limits.idle.filter(|_| awaited).map(|span| self.progress.quiet_since + span)
    }

    fn deadline(&self) -> Option<Instant> {
        let flush = self.flush_at().filter(|_| self.progress.in_flight.is_none());
        let killed = self.progress.killed_at.map(|at| at + AFTER_KILL);
        let introduce = self.progress.introduce_at;
        [introduce, flush, self.idle_at(), self.progress.leak_at, killed]
            .into_iter()
            .flatten()
            .min()
    }
}
