//! Counts what the worlds met, so that a test of nothing is noticed.

use station_core::engine::{Change, Effect, Input, Note, Outcome, Refusal, Reply, Request};
use station_core::model::{Cause, Execution, ExecutionStatus, Reason};

macro_rules! tally {
    ($($name:ident)*) => {
        /// How often what happened.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct Tally {
            $(pub(crate) $name: u64,)*
        }

        impl Tally {
            pub(crate) fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

tally! {
    jobs updated paused deleted planned_anew manual starts retries completed failed missed
    missed_rows skipped combined queued displaced cancelled interrupted spent jittered alarms
    alarms_again notices notices_failed expired loads refused lost_steps crashes shutdowns held
    steps crowded quiet rebuilt emptied nodes out_of_reach in_reach fanned skipped_alone nowhere
    lost orphaned killed held_up lacking several_lacking made_safe target_in_use
}

impl Tally {
    pub(crate) fn count(&mut self, input: Option<&Input>, outcome: &Outcome) {
        for change in &outcome.changes {
            match change {
                Change::JobCreated(job) => {
                    self.jobs += 1;
                    self.jittered += u64::from(job.state.nominal.is_some());
                }
                Change::JobDeleted { .. } => self.deleted += 1,
                Change::ExecutionRemoved { .. } => self.expired += 1,
                Change::AlarmRecorded(alarm) => {
                    self.alarms += u64::from(alarm.occurrences == 1);
                    self.alarms_again += u64::from(alarm.occurrences == 2);
                }
                Change::ExecutionRecorded(row) => self.row(row),
                Change::NodeRecorded(_) => self.nodes += 1,
                Change::NodeMarked { health, .. } => {
                    self.out_of_reach += u64::from(health.unreachable.is_some());
                    self.in_reach += u64::from(health.unreachable.is_none());
                }
                Change::JobUpdated { state, .. } => {
                    let over = state.next_due.is_none() && state.fired > 0;
                    self.spent += u64::from(over && state.status.is_final());
                }
                _ => {}
            }
        }
        for effect in &outcome.effects {
            self.starts += u64::from(matches!(effect, Effect::Start { .. }));
            self.made_safe += u64::from(matches!(effect, Effect::MakeSafe { .. }));
            self.notices += u64::from(matches!(effect, Effect::Notify { .. }));
            self.retries += u64::from(matches!(effect, Effect::Note(Note::Retry(..))));
            self.planned_anew += u64::from(matches!(effect, Effect::Note(Note::Replanned(_))));
        }
        match (input, &outcome.reply) {
            (Some(Input::Request(Request::Update { .. })), Some(Reply::Updated(_))) => {
                self.updated += 1;
            }
            (Some(Input::Request(Request::Pause { .. })), Some(Reply::Updated(_))) => {
                self.paused += 1;
            }
            (Some(Input::Request(Request::RunNow { .. })), Some(Reply::Running(_))) => {
                self.manual += 1;
            }
            (_, Some(Reply::Refused(Refusal::TargetInUse(_)))) => self.target_in_use += 1,
            (Some(Input::Notified { error: Some(_), .. }), _) => self.notices_failed += 1,
            _ => {}
        }
    }

    fn row(&mut self, row: &Execution) {
        let scheduled = row.cause == Cause::Scheduled;
        let further = scheduled && row.node.is_some() && row.firings == 0;
        let gone = row.error.as_deref().is_some_and(|why| why.ends_with("registered any more"));
        self.killed += u64::from(row.kill.is_some());
        match row.status {
            ExecutionStatus::Pending => {
                self.queued += u64::from(scheduled && row.attempt == 0 && row.node.is_none());
                self.fanned += u64::from(further && row.attempt == 0);
            }
            ExecutionStatus::Running => {
                self.combined += u64::from(row.firings > 1);
                self.displaced += u64::from(row.stop == Some(Reason::Replaced));
            }
            ExecutionStatus::Completed => self.completed += 1,
            ExecutionStatus::Failed => {
                self.failed += 1;
                self.nowhere += u64::from(row.attempt == 0 && row.node.is_none());
                self.lost += u64::from(gone);
            }
            ExecutionStatus::Cancelled => self.cancelled += 1,
            ExecutionStatus::Skipped => {
                self.skipped += 1;
                self.skipped_alone += u64::from(further);
            }
            ExecutionStatus::Missed => {
                self.missed += 1;
                self.missed_rows += u64::from(row.firings > 1);
            }
            ExecutionStatus::Interrupted => {
                self.interrupted += 1;
                self.orphaned += u64::from(gone);
            }
        }
    }

    /// Everything must have happened somewhere, or the worlds are too tame.
    pub(crate) fn check(&self) {
        for (what, n) in self.all() {
            assert!(n > 0, "no world met any of: {what}; all: {self:?}");
        }
    }
}
