//! Figures: what a store answers when it is asked how much, how often and how long.

use std::collections::BTreeMap;
use std::time::Duration;

use station_core::model::{AlarmState, Execution, ExecutionStatus, JobId, Micros, Severity};

use super::JobFilter;

/// What has become of a job's executions, over all that are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: String,
    /// When it fires next.
    pub next_due: Option<Micros>,
    /// Executions stored.
    pub total: u64,
    /// Executions by status; a status none is in is there with 0.
    pub by_status: BTreeMap<ExecutionStatus, u64>,
    /// Firings of the schedule those executions account for.
    pub firings: u64,
    /// How long its completed runs took on average, retries and the waits before them included.
    pub average: Option<Duration>,
    /// Its latest execution, running ones included.
    pub last: Option<Execution>,
}

/// What a station does, at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Jobs that are not deleted.
    pub total_jobs: u64,
    /// Jobs that are neither paused nor done.
    pub active_jobs: u64,
    /// Jobs that are paused.
    pub disabled_jobs: u64,
    /// Jobs that have ended and will not fire again.
    pub ended_jobs: u64,
    /// Jobs by kind, as the API names it.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// Executions that run.
    pub running_executions: u64,
    /// Executions planned for today by status, those of deleted jobs included; a status none is in
    /// is there with 0.
    pub today: BTreeMap<ExecutionStatus, u64>,
    /// The jobs that fire next, soonest first.
    pub upcoming: Vec<Upcoming>,
}

impl Statistics {
    /// Executions planned for today.
    #[must_use]
    pub fn total_today(&self) -> u64 {
        self.today.values().sum()
    }
}

/// A job that will fire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upcoming {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: String,
    /// When.
    pub next_due: Micros,
}

/// Executions that the schedule led to, and the firings they account for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accounted {
    /// The executions.
    pub executions: u64,
    /// Their firings.
    pub firings: u64,
}

/// Where each firing of a job's schedule went.
///
/// All that were planned are accounted for, each once:
/// `planned = pruned + ran + combined + cancelled + interrupted + skipped + missed + waiting`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Firings the job has counted.
    pub planned: u64,
    /// Those of executions that have been removed since.
    pub pruned: u64,
    /// The others by the status of the execution that stands for them.
    pub by_status: BTreeMap<ExecutionStatus, Accounted>,
}

/// The statuses of which an execution is one run, however many firings it stands for.
const RUNS: [ExecutionStatus; 5] = [
    ExecutionStatus::Running,
    ExecutionStatus::Completed,
    ExecutionStatus::Failed,
    ExecutionStatus::Cancelled,
    ExecutionStatus::Interrupted,
];

impl Ledger {
    /// Firings accounted for; those planned, when all is well.
    #[must_use]
    pub fn accounted(&self) -> u64 {
        let kept = self.by_status.values().map(|one| one.firings);
        kept.fold(self.pruned, u64::saturating_add)
    }

    /// Runs that go on, were completed or have failed.
    #[must_use]
    pub fn ran(&self) -> u64 {
        use ExecutionStatus::{Completed, Failed, Running};
        [Running, Completed, Failed].iter().map(|status| self.of(*status).executions).sum()
    }

    /// Firings that were combined into a run planned for a later one.
    #[must_use]
    pub fn combined(&self) -> u64 {
        let surplus = |one: Accounted| one.firings.saturating_sub(one.executions);
        RUNS.iter().map(|status| surplus(self.of(*status))).sum()
    }

    /// Runs that somebody cancelled, or that a newer firing has replaced.
    #[must_use]
    pub fn cancelled(&self) -> u64 {
        self.of(ExecutionStatus::Cancelled).executions
    }

    /// Runs that were cut off.
    #[must_use]
    pub fn interrupted(&self) -> u64 {
        self.of(ExecutionStatus::Interrupted).executions
    }

    /// Firings that were skipped.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.of(ExecutionStatus::Skipped).firings
    }

    /// Firings that were missed.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.of(ExecutionStatus::Missed).firings
    }

    /// Firings whose run has not begun.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.of(ExecutionStatus::Pending).firings
    }

    fn of(&self, status: ExecutionStatus) -> Accounted {
        self.by_status.get(&status).copied().unwrap_or_default()
    }
}

/// Which alarms; they come newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmFilter {
    /// Only those in one of these states; all when empty.
    pub states: Vec<AlarmState>,
    /// Only those of this severity.
    pub severity: Option<Severity>,
    /// Only those about this job.
    pub job: Option<JobId>,
    /// Only those about jobs on this equipment, alone or with others.
    pub equipment: Option<String>,
    /// At most so many; 0 means [`JobFilter::DEFAULT_LIMIT`].
    pub limit: usize,
}

impl AlarmFilter {
    /// At most how many are wanted.
    pub(super) fn most(&self) -> usize {
        if self.limit == 0 { JobFilter::DEFAULT_LIMIT } else { self.limit }
    }
}

/// How many alarms there are; a state or a severity without any is there with 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmStatistics {
    /// All of them.
    pub total: u64,
    /// By state.
    pub by_state: BTreeMap<AlarmState, u64>,
    /// Those that are not cleared, by severity.
    pub open_by_severity: BTreeMap<Severity, u64>,
    /// All by severity.
    pub by_severity: BTreeMap<Severity, u64>,
    /// Notices that are owed.
    pub notices_owed: u64,
}
