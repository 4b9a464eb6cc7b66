//! Decides what a client that reads a whole firing of a job on nodes is sent next.
//!
//! ```text
//! Begin ──all have ended──▶ Stored: one execution after the other ──▶ end
//!   └──some have not──▶ Live: in the order of storing ──all output sent, all have ended──▶ end
//!                         └──▶ wait for a change
//! ```
//!
//! Pure, as [`super::sse`], and with the same promise: the rows are read before the output, so that
//! all output of an ended execution has been sent once none is left, and only then its end is told.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::tz::TimeZone;
use serde::Serialize;
use station_core::model::{Execution, ExecutionId, ExecutionStatus, Job, Micros};

use super::execution_view::ExecutionView;
use super::sse::{self, BEFORE_ALL, Next};
use super::stamp;
use super::view::{Detail, Frame, JobView};
use crate::store::{Firing, NodeRun, StoredOutput};

/// From bad to good: a firing is what the worst of its executions is.
const WORST_FIRST: [ExecutionStatus; 8] = [
    ExecutionStatus::Failed,
    ExecutionStatus::Interrupted,
    ExecutionStatus::Cancelled,
    ExecutionStatus::Missed,
    ExecutionStatus::Running,
    ExecutionStatus::Pending,
    ExecutionStatus::Skipped,
    ExecutionStatus::Completed,
];

/// Which output is to be read, after the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Where that of all of them begins.
    Begin,
    /// That of one execution, after a place.
    Of(ExecutionId, i64),
    /// That of all of them, after a place.
    OfAll(i64),
}

/// What was seen in the store.
pub(super) struct FiringLook {
    /// The job.
    pub(super) job: Option<Job>,
    /// Where the executions stand, from [`FiringFollower::from`] on.
    pub(super) runs: Vec<NodeRun>,
    /// Those of them that [`FiringFollower::news`] named.
    pub(super) rows: Vec<Execution>,
    /// The output that was wanted, read after the rows.
    pub(super) output: Vec<(ExecutionId, StoredOutput)>,
    /// The place up to which all of it was seen.
    pub(super) seen: i64,
    /// Whether there is more of it.
    pub(super) more: bool,
}

/// What a client was told of an execution.
type Told = (ExecutionStatus, u32, Option<Micros>);

#[derive(Clone, Debug)]
struct Known {
    node: String,
    status: ExecutionStatus,
    told: Option<Told>,
}

/// One reader of the output of all executions of a firing.
#[derive(Clone, Debug)]
pub(super) struct FiringFollower {
    firing: Firing,
    follow: bool,
    wanted: Wanted,
    known: BTreeMap<u32, Known>,
}

impl FiringFollower {
    /// A reader that has seen nothing; one that follows stays until all executions have ended.
    pub(super) fn new(firing: Firing, follow: bool) -> Self {
        Self { firing, follow, wanted: Wanted::Begin, known: BTreeMap::new() }
    }

    /// The firing.
    pub(super) fn firing(&self) -> Firing {
        self.firing
    }

    /// The first execution that may still change.
    pub(super) fn from(&self) -> u32 {
        let open =
            self.known.iter().find(|(_, known)| !known.status.is_final() || self.owes(known));
        let beyond = || self.known.keys().next_back().map_or(0, |last| last.saturating_add(1));
        open.map_or_else(beyond, |(n, _)| *n)
    }

    /// Whether a client is still to be told that it has ended.
    fn owes(&self, known: &Known) -> bool {
        self.follow && known.told.is_none_or(|(status, ..)| status != known.status)
    }

    /// Which of these executions have changed.
    pub(super) fn news(&self, runs: &[NodeRun]) -> Vec<ExecutionId> {
        let is_news = |run: &&NodeRun| match self.known.get(&run.n) {
            None => true,
            Some(known) => {
                self.follow && known.told != Some((run.status, run.attempt, run.retry_at))
            }
        };
        let id = |run: &NodeRun| ExecutionId { job: self.firing.job, n: run.n };
        runs.iter().filter(is_news).map(id).collect()
    }

    /// Which output to read next.
    pub(super) fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// The numbers of its executions.
    pub(super) fn numbers(&self, runs: &[NodeRun]) -> RangeInclusive<u32> {
        let first = self.known.keys().next().copied().or_else(|| runs.first().map(|run| run.n));
        let known = self.known.keys().next_back().copied();
        let last = runs.last().map(|run| run.n).max(known);
        first.unwrap_or(1)..=last.unwrap_or(0)
    }

    /// Appends the frames that follow from what was seen.
    pub(super) fn step(
        &mut self,
        look: &FiringLook,
        frame: &Frame<'_>,
        frames: &mut Vec<u8>,
    ) -> Next {
        let Some(job) = &look.job else { return sse::gone(frames) };
        for run in &look.runs {
            if let Some(known) = self.known.get_mut(&run.n) {
                known.status = run.status;
            }
        }
        for row in &look.rows {
            let node = row.node.clone().unwrap_or_default();
            let known = self.known.entry(row.id.n).or_insert(Known {
                node,
                status: row.status,
                told: None,
            });
            known.status = row.status;
        }
        if self.known.is_empty() {
            return sse::gone(frames);
        }
        let zone = frame.zone_of(job);
        // A start is told before its output, an end after it.
        self.tell(job, look, &zone, false, frames);
        for (id, batch) in &look.output {
            let Some(known) = self.known.get(&id.n) else { continue };
            for chunk in &batch.chunks {
                sse::put_chunk((*id, Some(&known.node)), batch.attempt, chunk, frames);
            }
        }
        if self.go_on(look) {
            return Next::Look;
        }
        self.tell(job, look, &zone, true, frames);
        if self.follow && self.known.values().any(|known| !known.status.is_final()) {
            return Next::Wait;
        }
        self.end(job, frame, frames);
        Next::End
    }

    /// Moves on in the output; whether there is more to be read at once.
    fn go_on(&mut self, look: &FiringLook) -> bool {
        let ended = self.known.values().all(|known| known.status.is_final());
        let id = |n: u32| ExecutionId { job: self.firing.job, n };
        match self.wanted {
            Wanted::Begin => {
                let first = self.known.keys().next().copied();
                self.wanted = match first {
                    Some(n) if ended || !self.follow => Wanted::Of(id(n), BEFORE_ALL),
                    Some(_) | None => Wanted::OfAll(look.seen),
                };
                true
            }
            Wanted::Of(at, _) => {
                let last = look.output.last().map(|(_, batch)| batch.seq);
                let next = self.known.range(at.n.saturating_add(1)..).next().map(|(n, _)| *n);
                match (last, next) {
                    (Some(seq), _) => self.wanted = Wanted::Of(at, seq),
                    (None, Some(n)) => self.wanted = Wanted::Of(id(n), BEFORE_ALL),
                    (None, None) => return false,
                }
                true
            }
            Wanted::OfAll(_) => {
                self.wanted = Wanted::OfAll(look.seen);
                look.more
            }
        }
    }

    /// Tells a follower of executions that have changed: those that run, or the others.
    fn tell(
        &mut self,
        job: &Job,
        look: &FiringLook,
        zone: &TimeZone,
        others: bool,
        frames: &mut Vec<u8>,
    ) {
        if !self.follow {
            return;
        }
        let kind = Some(job.spec.trigger.kind());
        for row in &look.rows {
            let state = (row.status, row.attempt, row.retry_at);
            let Some(known) = self.known.get_mut(&row.id.n) else { continue };
            let now = (row.status != ExecutionStatus::Running) == others;
            if now && known.told != Some(state) {
                known.told = Some(state);
                sse::put("execution", &ExecutionView::new(row, zone).triggered_by(kind), frames);
            }
        }
    }

    fn end(&self, job: &Job, frame: &Frame<'_>, frames: &mut Vec<u8>) {
        let mut counts = BTreeMap::new();
        for known in self.known.values() {
            *counts.entry(known.status.name()).or_insert(0_usize) += 1;
        }
        let worst = WORST_FIRST.into_iter().find(|status| counts.contains_key(status.name()));
        let event = FiringEnd {
            execution_id: None,
            status: worst.unwrap_or(job.state.status).name(),
            execution: None,
            firing: FiringView {
                scheduled_time: stamp::local(self.firing.planned, &frame.zone_of(job)),
                executions: self.known.len(),
                counts,
            },
            job: JobView::new(job, frame, Detail::default()),
        };
        sse::put("end", &event, frames);
    }
}

/// The end of a firing's stream; an execution's has the same fields.
#[derive(Serialize)]
struct FiringEnd<'a> {
    execution_id: Option<()>,
    status: &'static str,
    execution: Option<()>,
    firing: FiringView,
    job: JobView<'a>,
}

/// What has become of a firing.
#[derive(Serialize)]
struct FiringView {
    scheduled_time: String,
    executions: usize,
    counts: BTreeMap<&'static str, usize>,
}

#[cfg(test)]
#[path = "sse_firing_tests.rs"]
mod tests;
