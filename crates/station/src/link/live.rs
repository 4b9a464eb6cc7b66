//! Knows whether a run can be signalled, and delivers signals to its process group here safely.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::port::StopSignal;

/// A run's place between its start and its end.
///
/// ```text
/// Task ──started──▶ Process ──over_by──▶ Over
///   └──────────────abandon, over──────────▲
/// ```
///
/// A run without a process here, because it does not exist yet or is another machine's, is a task:
/// signals are noted for it and it is woken. A process is reaped as the last act of a run, under
/// the same lock that signals take. Until then its pid, and so its group's id, cannot be given to
/// anybody else: a signal never reaches a stranger.
#[derive(Debug)]
pub(super) struct Live {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    asked: Option<StopSignal>,
    waker: Option<Waker>,
}

#[derive(Debug)]
enum Phase {
    Task,
    Process(Pid),
    Over,
}

impl Live {
    /// A run without a process here.
    pub(super) fn new() -> Self {
        let state = State { phase: Phase::Task, asked: None, waker: None };
        Self { state: Mutex::new(state) }
    }

    /// Signals the group, if there is one here, and notes the signal; false when the run is over.
    pub(super) fn signal(&self, signal: StopSignal) -> bool {
        let mut state = self.lock();
        let pid = match state.phase {
            Phase::Over => return false,
            Phase::Task => None,
            Phase::Process(pid) => Some(pid),
        };
        state.note(signal);
        if let Some(pid) = pid {
            deliver(pid, signal);
        }
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
        true
    }

    /// Gives the start up if the run was asked to stop before it; true if so.
    pub(super) fn abandon(&self) -> bool {
        let mut state = self.lock();
        if state.asked.is_some() {
            state.phase = Phase::Over;
        }
        state.asked.is_some()
    }

    /// The process exists; a signal that came before is delivered now.
    pub(super) fn started(&self, pid: Pid) {
        let mut state = self.lock();
        state.phase = Phase::Process(pid);
        if let Some(signal) = state.asked {
            deliver(pid, signal);
        }
    }

    /// What the run was asked so far; the waker is woken at the next signal.
    pub(super) fn asked(&self, waker: &Waker) -> Option<StopSignal> {
        let mut state = self.lock();
        match &mut state.waker {
            Some(known) => known.clone_from(waker),
            None => state.waker = Some(waker.clone()),
        }
        state.asked
    }

    /// Refuses signals from here on, and reaps the exited process while none can come.
    pub(super) fn over_by<T>(&self, reap: impl FnOnce() -> T) -> T {
        let mut state = self.lock();
        state.phase = Phase::Over;
        state.waker = None;
        reap()
    }

    /// Refuses signals from here on.
    pub(super) fn over(&self) {
        self.over_by(|| ());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn note(&mut self, signal: StopSignal) {
        self.asked = match (self.asked, signal) {
            (Some(StopSignal::Kill), _) | (_, StopSignal::Kill) => Some(StopSignal::Kill),
            (_, StopSignal::Terminate) => Some(StopSignal::Terminate),
        };
    }
}

fn deliver(group: Pid, signal: StopSignal) {
    let number = match signal {
        StopSignal::Terminate => Signal::TERM,
        StopSignal::Kill => Signal::KILL,
    };
    if let Err(error) = kill_process_group(group, number) {
        // EPERM: the command became another user; ESRCH cannot be while it is not reaped.
        tracing::warn!(group = group.as_raw_nonzero().get(), %error, ?signal, "signal not delivered");
    }
}
