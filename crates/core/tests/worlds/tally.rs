//! Counts what the worlds met, so that a test of nothing is noticed.

use station_core::engine::{Change, Effect, Note, Outcome};
use station_core::model::{Cause, ExecutionStatus};

/// How often what happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) jobs: u64,
    pub(crate) starts: u64,
    pub(crate) retries: u64,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) missed: u64,
    pub(crate) cancelled: u64,
    pub(crate) interrupted: u64,
    pub(crate) kills: u64,
    pub(crate) survivors: u64,
    pub(crate) made_safe: u64,
    pub(crate) held_up: u64,
    pub(crate) samples: u64,
    pub(crate) trims: u64,
    pub(crate) mails: u64,
    pub(crate) loads: u64,
    pub(crate) refused: u64,
    pub(crate) crashes: u64,
    pub(crate) shutdowns: u64,
    pub(crate) held: u64,
    pub(crate) steps: u64,
    pub(crate) crowded: u64,
    pub(crate) quiet: u64,
}

impl Tally {
    pub(crate) fn count(&mut self, outcome: &Outcome) {
        for change in &outcome.changes {
            self.jobs += u64::from(matches!(change, Change::JobCreated(_)));
            self.trims += u64::from(matches!(change, Change::OutputDropped { .. }));
            if let Change::ExecutionRecorded(execution) = change {
                let status = execution.status;
                let first = status == ExecutionStatus::Pending && execution.attempt == 0;
                // Nothing else has a planned run wait in these worlds.
                self.held_up += u64::from(first && execution.cause == Cause::Scheduled);
                self.completed += u64::from(status == ExecutionStatus::Completed);
                self.failed += u64::from(status == ExecutionStatus::Failed);
                self.missed += u64::from(status == ExecutionStatus::Missed);
                self.cancelled += u64::from(status == ExecutionStatus::Cancelled);
                self.interrupted += u64::from(status == ExecutionStatus::Interrupted);
            }
        }
        for effect in &outcome.effects {
            self.starts += u64::from(matches!(effect, Effect::Start { .. }));
            self.kills += u64::from(matches!(effect, Effect::Stop { kill: true, .. }));
            self.survivors += u64::from(matches!(effect, Effect::EndSurvivors { .. }));
            self.made_safe += u64::from(matches!(effect, Effect::MakeSafe { .. }));
            self.samples += u64::from(matches!(effect, Effect::SampleLoad));
            self.mails += u64::from(matches!(effect, Effect::SendMail { .. }));
            self.retries += u64::from(matches!(effect, Effect::Note(Note::Retry(..))));
        }
    }

    fn all(&self) -> [(&'static str, u64); 23] {
        [
            ("jobs", self.jobs),
            ("starts", self.starts),
            ("retries", self.retries),
            ("completed", self.completed),
            ("failed", self.failed),
            ("missed", self.missed),
            ("cancelled", self.cancelled),
            ("interrupted", self.interrupted),
            ("kills", self.kills),
            ("survivors", self.survivors),
            ("made safe", self.made_safe),
            ("held up", self.held_up),
            ("samples", self.samples),
            ("trims", self.trims),
            ("mails", self.mails),
            ("loads", self.loads),
            ("refused", self.refused),
            ("crashes", self.crashes),
            ("shutdowns", self.shutdowns),
            ("held", self.held),
            ("steps", self.steps),
            ("crowded", self.crowded),
            ("quiet", self.quiet),
        ]
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let Self {
            jobs,
            starts,
            retries,
            completed,
            failed,
            missed,
            cancelled,
            interrupted,
            kills,
            survivors,
            made_safe,
            held_up,
            samples,
            trims,
            mails,
            loads,
            refused,
            crashes,
            shutdowns,
            held,
            steps,
            crowded,
            quiet,
        } = self;
        let mine = [
            jobs,
            starts,
            retries,
            completed,
            failed,
            missed,
            cancelled,
            interrupted,
            kills,
            survivors,
            made_safe,
            held_up,
            samples,
            trims,
            mails,
            loads,
            refused,
            crashes,
            shutdowns,
            held,
            steps,
            crowded,
            quiet,
        ];
        mine.into_iter().zip(other.all()).for_each(|(sum, (_, n))| *sum += n);
    }

    /// Everything must have happened somewhere, or the worlds are too tame.
    pub(crate) fn check(&self) {
        for (what, n) in self.all() {
            assert!(n > 0, "no world met any of: {what}; all: {self:?}");
        }
    }
}
