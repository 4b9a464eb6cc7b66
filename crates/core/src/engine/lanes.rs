//! Lanes: who is active and who stands in line where runs must not overlap: one lane for each
//! conflict key, and one for each job without a key; on nodes, one of each for every node.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Engine;
use super::runs::Phase;
use crate::model::{ExecutionId, Job, JobId, Micros};
use crate::policy::conflict::Why;

/// Where runs must not overlap: of this owner, on this node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lane {
    owner: Owner,
    /// `None`: this machine.
    node: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Job(JobId),
    Key(Arc<str>),
}

/// Those active and those in line, lane by lane.
#[derive(Clone, Debug, Default)]
pub(super) struct Lanes {
    active: BTreeMap<Lane, BTreeSet<ExecutionId>>,
    /// In order of planned time.
    line: BTreeMap<Lane, BTreeSet<(Micros, ExecutionId)>>,
    /// Lanes with a line that may have become free.
    freed: BTreeSet<Lane>,
}

impl Lanes {
    /// How many are active, how many stand in line.
    pub(super) fn counts(&self, lane: &Lane) -> (usize, usize) {
        let active = self.active.get(lane).map_or(0, BTreeSet::len);
        (active, self.line.get(lane).map_or(0, BTreeSet::len))
    }

    pub(super) fn active(&self, lane: &Lane) -> Vec<ExecutionId> {
        self.active.get(lane).into_iter().flatten().copied().collect()
    }

    pub(super) fn waiting(&self, lane: &Lane) -> Vec<ExecutionId> {
        self.line.get(lane).into_iter().flatten().map(|(_, id)| *id).collect()
    }

    /// The first in line.
    pub(super) fn first(&self, lane: &Lane) -> Option<(Micros, ExecutionId)> {
        self.line.get(lane)?.first().copied()
    }

    pub(super) fn enter(&mut self, lane: &Lane, id: ExecutionId) {
        self.active.entry(lane.clone()).or_default().insert(id);
    }

    /// A run is active no longer.
    pub(super) fn exit(&mut self, lane: &Lane, id: ExecutionId) {
        if let Some(active) = self.active.get_mut(lane) {
            active.remove(&id);
            if active.is_empty() {
                self.active.remove(lane);
            }
        }
        if self.line.contains_key(lane) {
            self.freed.insert(lane.clone());
        }
    }

    pub(super) fn line_up(&mut self, lane: &Lane, key: (Micros, ExecutionId)) {
        self.line.entry(lane.clone()).or_default().insert(key);
        self.freed.insert(lane.clone());
    }

    /// A run stands in line no longer.
    pub(super) fn leave(&mut self, lane: &Lane, key: (Micros, ExecutionId)) {
        if let Some(line) = self.line.get_mut(lane) {
            line.remove(&key);
            if line.is_empty() {
                self.line.remove(lane);
            } else {
                self.freed.insert(lane.clone());
            }
        }
    }

    /// The lanes to be looked at.
    pub(super) fn take_freed(&mut self) -> BTreeSet<Lane> {
        std::mem::take(&mut self.freed)
    }
}

impl Engine {
    /// The lane of a job's runs on a node, or on this machine.
    pub(super) fn lane_of(&self, job: &Job, node: Option<&str>) -> Lane {
        let owner = match &job.spec.policies.conflict_key {
            Some(key) => Owner::Key(Arc::from(key.as_str())),
            None => Owner::Job(job.id),
        };
        Lane { owner, node: node.map(Arc::from) }
    }

    /// Why a firing of a job is skipped there, for people.
    pub(super) fn skip_sentence(&self, id: JobId, node: Option<&str>, why: Why) -> String {
        let policies = self.window.job(id).map(|job| &job.spec.policies);
        let policy = policies.map_or("skip", |policies| policies.conflict.name());
        let what = match policies.and_then(|policies| policies.conflict_key.as_deref()) {
            None => "Job already running".to_owned(),
            Some(key) => format!("Conflict key '{key}' is in use"),
        };
        let what = node.map_or_else(|| what.clone(), |node| format!("{what} on {node}"));
        match why {
            Why::Active => format!("{what} (conflict_policy={policy})"),
            Why::Full(most) => format!("{what} (conflict_policy={policy}, max_instances={most})"),
            Why::LineFull(most) => {
                format!("{what} (conflict_policy={policy}, {most} firings wait already)")
            }
        }
    }

    /// Puts the runs of a job where its changed policies want them: what has not begun goes back
    /// into line, as it would in an engine rebuilt from the store.
    pub(super) fn realign(&mut self, id: JobId) {
        let Some(job) = self.window.job(id).cloned() else { return };
        let runs: Vec<_> = self.runs_of(id).map(|run| run.execution.id).collect();
        for run in runs {
            let Some(mut run) = self.displace(run) else { continue };
            run.lane = self.lane_of(&job, run.execution.node.as_deref());
            run.equipment = job.spec.target.equipment().to_vec();
            if run.phase == Phase::Waiting && run.execution.retry_at.is_none() {
                run.phase = Phase::Queued;
            }
            self.place(run);
        }
    }
}
