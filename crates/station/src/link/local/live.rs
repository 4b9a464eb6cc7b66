//! Knows whether a run's process can be signalled, and delivers signals to its group safely.

use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use rustix::process::{Pid, Signal, kill_process_group};
use wait4::{ResUse, Wait4};

use crate::port::StopSignal;

/// A run's place between its start and its end.
///
/// ```text
/// Starting ──started──▶ Running ──reap──▶ Over
///     └───────────────abandon────────────▲
/// ```
///
/// The process is reaped as the last act of a run, under the same lock that signals take. Until
/// then its pid, and so its group's id, cannot be given to anybody else: a signal never reaches a
/// stranger.
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
    Starting,
    Running(Pid),
    Over,
}

impl Live {
    /// A run whose process does not exist yet.
    pub(super) fn new() -> Self {
        let state = State { phase: Phase::Starting, asked: None, waker: None };
        Self { state: Mutex::new(state) }
    }

    /// Signals the group, or notes the signal while there is none; false when the run is over.
    pub(super) fn signal(&self, signal: StopSignal) -> bool {
        let mut state = self.lock();
        let pid = match state.phase {
            Phase::Over => return false,
            Phase::Starting => None,
            Phase::Running(pid) => Some(pid),
        };
        state.note(signal);
        if let Some(pid) = pid {
            deliver(pid, signal);
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
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
        state.phase = Phase::Running(pid);
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

    /// Reaps the exited process; from here on signals are refused.
    pub(super) fn reap(&self, child: Child) -> std::io::Result<ResUse> {
        let mut state = self.lock();
        state.phase = Phase::Over;
        state.waker = None;
        child.wait4()
    }

    /// Refuses signals from here on, without reaping.
    pub(super) fn over(&self) {
        let mut state = self.lock();
        state.phase = Phase::Over;
        state.waker = None;
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
