//! The course of a run, shared by its lanes: when steps are due now, what is done, what went wrong.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use crate::sequence::file::duration_text;
use crate::sequence::timeline::snap_up;
use crate::sequence::{Doing, FailedStep, Jitters, Reading, SequenceReport, TimedStep};
use crate::{Error, ErrorKind};

/// The most values of one reading that are kept in the report.
const MOST_VALUES: usize = 1000;

/// A step of a run.
#[derive(Clone, Copy)]
pub(super) struct Due<'a> {
    pub(super) step: &'a TimedStep,
    /// Its place in the timeline.
    pub(super) place: usize,
    /// How many holds come before it.
    pub(super) epoch: usize,
    /// How many commands come before it.
    pub(super) commands: usize,
}

pub(super) struct Course<'a> {
    /// When it began, by the timer's clock.
    pub(super) start: Duration,
    pub(super) tick: Duration,
    steps: &'a [TimedStep],
    /// How much later the steps of each epoch are than in the timeline; as many as have begun.
    shifts: watch::Sender<Vec<Duration>>,
    ending: watch::Sender<Ending>,
    /// How many commands have ended.
    pub(super) commands_ended: watch::Sender<usize>,
    taken: Mutex<Taken>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    No,
    Failed,
    Stopped,
}

#[derive(Default)]
struct Taken {
    done: u64,
    jitters: Jitters,
    readings: VecDeque<Reading>,
    failure: Option<(FailedStep, Error)>,
    /// Of commands: the place in the timeline, and what went wrong.
    failed_command: Option<(usize, Error)>,
}

impl<'a> Course<'a> {
    pub(super) fn new(start: Duration, tick: Duration, steps: &'a [TimedStep]) -> Self {
        Self {
            start,
            tick,
            steps,
            shifts: watch::Sender::new(vec![Duration::ZERO]),
            ending: watch::Sender::new(Ending::No),
            commands_ended: watch::Sender::new(0),
            taken: Mutex::default(),
        }
    }

    /// The steps that are for one of the hands, or for none of them.
    pub(super) fn steps_at(&self, places: &[Option<usize>], wanted: Option<usize>) -> Vec<Due<'a>> {
        let (mut epoch, mut commands) = (0, 0);
        let mut found = Vec::new();
        for ((place, step), hands) in self.steps.iter().enumerate().zip(places) {
            if *hands == wanted {
                found.push(Due { step, place, epoch, commands });
            }
            match *step.what {
                Doing::Hold { .. } => epoch += 1,
                Doing::Command { .. } => commands += 1,
                Doing::Call(_) => {}
            }
        }
        found
    }

    /// When the step is due, by the timer's clock; waits for the hold before it. `None`: the run ends.
    pub(super) async fn deadline(&self, due: &Due<'_>) -> Option<Duration> {
        let mut shifts = self.shifts.subscribe();
        let begun = async {
            // The sender lives in `self`.
            let shifts = shifts.wait_for(|shifts| shifts.len() > due.epoch).await.ok()?;
            shifts.get(due.epoch).copied()
        };
        tokio::select! {
            biased;
            () = self.ended() => None,
            shift = begun => Some(self.start.saturating_add(due.step.at).saturating_add(shift?)),
        }
    }

    /// Begins the epoch after a hold that was due then and has waited for so many ticks. What comes
    /// next is not yet late: where asking took longer than a tick, that is added.
    pub(super) fn release(&self, hold: &Due<'_>, due: Duration, ticks: u32, now: Duration) {
        let waited = self.tick.saturating_mul(ticks);
        let next = self.steps.get(hold.place.saturating_add(1));
        let next = next.map_or(now, |next| {
            due.saturating_add(next.at.saturating_sub(hold.step.at)).saturating_add(waited)
        });
        let behind = snap_up(now.saturating_sub(next), self.tick).unwrap_or_default();
        self.shifts.send_modify(|shifts| {
            let shift = shifts.last().copied().unwrap_or_default();
            shifts.push(shift.saturating_add(waited).saturating_add(behind));
        });
    }

    /// Resolves once the run is to end early.
    pub(super) async fn ended(&self) {
        let mut ending = self.ending.subscribe();
        if ending.wait_for(|ending| *ending != Ending::No).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends the run, asked from outside.
    pub(super) fn stop(&self) {
        self.ending.send_if_modified(|ending| {
            let first = *ending == Ending::No;
            if first {
                *ending = Ending::Stopped;
            }
            first
        });
    }

    pub(super) fn is_stopped(&self) -> bool {
        *self.ending.borrow() == Ending::Stopped
    }

    /// A step is sent now, so much after its deadline.
    pub(super) fn sent(&self, late: Duration) {
        self.taken().jitters.add(late);
    }

    /// A step is done; what it gave, if anything.
    pub(super) fn done(&self, step: &TimedStep, sent: Duration, value: Value) {
        let mut taken = self.taken();
        taken.done += 1;
        if value.is_null() {
            return;
        }
        if taken.readings.len() >= SequenceReport::MOST_READINGS {
            taken.readings.pop_front();
        }
        let at = sent.saturating_sub(self.start).as_secs_f64();
        taken.readings.push_back(Reading { step: step.path.clone(), at, value: short(value) });
    }

    /// A step has failed, and with it the run.
    pub(super) fn fail(&self, step: &TimedStep, error: &Error) {
        if error.kind == ErrorKind::Stopped {
            self.stop();
            return;
        }
        let at = duration_text(step.at);
        let full = format!("step {} (at {at}): {}", step.path, error.message);
        let failed = FailedStep { step: step.path.clone(), at, error: error.message.clone() };
        self.taken().failure.get_or_insert((failed, Error::new(error.kind, full)));
        self.ending.send_if_modified(|ending| {
            let first = *ending == Ending::No;
            if first {
                *ending = Ending::Failed;
            }
            first
        });
    }

    /// A command has ended; a failure counts at the next hold, or at the end.
    pub(super) fn command_ended(&self, place: usize, failure: Option<Error>) {
        let mut taken = self.taken();
        match failure {
            None => taken.done += 1,
            Some(error) => {
                let earlier = taken.failed_command.as_ref().is_none_or(|(first, _)| place < *first);
                if earlier {
                    taken.failed_command = Some((place, error));
                }
            }
        }
        drop(taken);
        self.commands_ended.send_modify(|ended| *ended += 1);
    }

    /// Fails the run if a command has failed; whether it has.
    pub(super) fn fail_for_commands(&self) -> bool {
        let failed = self.taken().failed_command.clone();
        let failed = failed.and_then(|(place, error)| Some((self.steps.get(place)?, error)));
        if let Some((step, error)) = &failed {
            self.fail(step, error);
        }
        failed.is_some()
    }

    /// What became of it.
    pub(super) fn report(self) -> (SequenceReport, Option<Error>) {
        let taken = self.taken.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (failed, error) = taken.failure.unzip();
        let report = SequenceReport {
            steps: taken.done,
            planned: u64::try_from(self.steps.len()).unwrap_or(u64::MAX),
            jitter: taken.jitters.statistics(),
            readings: taken.readings.into(),
            failed,
        };
        (report, error)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A waveform has no place in a report; how long it was, has.
fn short(value: Value) -> Value {
    let size = size(&value);
    if size > MOST_VALUES { Value::from(format!("({size} values)")) } else { value }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.iter().map(size).sum(),
        Value::Object(map) => map.values().map(size).sum(),
        Value::String(text) => text.len().div_ceil(16).max(1),
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
    }
}
