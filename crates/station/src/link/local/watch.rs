//! Watches one run from its start to its end: output, exit, idleness and what it leaves behind.

use std::future::poll_fn;
use std::process::Child;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::process::Pid;
use station_core::model::ProcessRecord;
use tokio::time::Instant;

use super::exit::Exit;
use super::proc;
use super::reader::Reader;
use crate::link::flow::Flow;
use crate::link::lazy_timer::LazyTimer;
use crate::link::live::Live;
use crate::port::StopSignal;

/// How long pipes may stay open after a kill, for the dying to let go of them.
const AFTER_KILL: Duration = Duration::from_millis(50);

/// Everything about a run that is going on. A silent run without limits needs no timer after its
/// first moments.
pub(super) struct Watch {
    pub(super) flow: Flow,
    pub(super) live: Arc<Live>,
    pub(super) child: Child,
    pub(super) pid: Pid,
    pub(super) exit: Exit,
    pub(super) out: Reader,
    pub(super) err: Reader,
    /// How long pipes may stay open after the exit.
    pub(super) leak: Duration,
    pub(super) progress: Progress,
    pub(super) timer: LazyTimer,
}

/// How far a run has come to its end.
#[derive(Debug, Default)]
pub(super) struct Progress {
    exited: bool,
    leak_at: Option<Instant>,
    killed_at: Option<Instant>,
}

impl Watch {
    /// Resolves when the process has exited and nothing more is awaited from its pipes; true if
    /// one of them is still open then.
    pub(super) async fn until_over(&mut self) -> bool {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        loop {
            self.flow.poll_stored(cx);
            self.progress.exited |= self.exit.poll(cx).is_ready();
            let has_read = self.read(cx);
            if self.progress.exited && self.out.is_closed() && self.err.is_closed() {
                return Poll::Ready(false);
            }
            let now = Instant::now();
            if has_read {
                self.flow.has_read(now);
            }
            if self.flow.flush(now) {
                continue;
            }
            if self.progress.exited && self.is_leaked(cx, now) {
                return Poll::Ready(true);
            }
            let pid = self.pid.as_raw_nonzero().get();
            // It is not reaped yet, so its pid is its own.
            self.flow.introduce(now, || Some(record(pid)));
            self.flow.tell_idle(now, self.progress.exited);
            let deadline = self.deadline();
            if self.timer.poll(cx, deadline).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Reads both pipes in turn until they are empty, or until there is a batch to send.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        let mut has_read = false;
        loop {
            if self.flow.is_full() || self.flow.has_batch() {
                return has_read;
            }
            let out = self.out.poll_read(cx, &mut self.flow);
            let err = self.err.poll_read(cx, &mut self.flow);
            if !out && !err {
                return has_read;
            }
            has_read = true;
        }
    }

    /// Whether an exited run whose pipes are still open has been waited for long enough.
    fn is_leaked(&mut self, cx: &Context<'_>, now: Instant) -> bool {
        let asked = self.live.asked(cx.waker());
        if asked == Some(StopSignal::Kill) {
            let killed_at = *self.progress.killed_at.get_or_insert(now);
            return killed_at + AFTER_KILL <= now;
        }
        if self.flow.is_full() {
            // Not read to its end yet, for our own fault.
            self.progress.leak_at = None;
            return false;
        }
        let leak_at = *self.progress.leak_at.get_or_insert(now + self.leak);
        if leak_at > now {
            return false;
        }
        if asked.is_some() && proc::group_lives(self.pid.as_raw_nonzero().get()) {
            // Asked to stop, so nothing of it is to be left behind: whoever asked kills it after
            // their grace.
            self.progress.leak_at = Some(now + self.leak);
            return false;
        }
        true
    }

    fn deadline(&self) -> Option<Instant> {
        let killed = self.progress.killed_at.map(|at| at + AFTER_KILL);
        let flow = self.flow.deadline(self.progress.exited);
        [flow, self.progress.leak_at, killed].into_iter().flatten().min()
    }
}

fn record(pid: i32) -> ProcessRecord {
    ProcessRecord {
        mark: None,
        pid,
        start_ticks: proc::stat(pid).map_or(0, |found| found.start_ticks),
        boot_id: proc::boot_id().to_owned(),
    }
}
