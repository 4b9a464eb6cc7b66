//! The window: the next pending jobs in memory, the rest in the store.
//!
//! Every pending job before the horizon is in the window; those at or beyond it are only stored.

use std::collections::{BTreeMap, BTreeSet};

use super::{Effect, Engine, Outcome, Scope};
use crate::model::{Condition, ExecutionId, Job, JobId, Micros, Now};

/// How many executions are recorded at once as missed or skipped, or for nodes: a million of them
/// after a long downtime make many rounds of bounded size, not one of gigabytes.
const ROWS_AT_ONCE: usize = 1024;
/// How many of their firings are looked at: a round takes a fraction of a second.
const FIRINGS_AT_ONCE: u32 = 200_000;

/// Jobs in memory: those due next, and those with runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    jobs: BTreeMap<JobId, Job>,
    due: BTreeSet<(Micros, JobId)>,
    horizon: Option<(Micros, JobId)>,
    loading: bool,
}

impl Window {
    /// The first due instant in the window.
    pub(super) fn first(&self) -> Option<Micros> {
        self.due.first().map(|(at, _)| *at)
    }

    pub(super) fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    pub(super) fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(&id)
    }

    pub(super) fn job_mut(&mut self, id: JobId) -> Option<&mut Job> {
        self.jobs.get_mut(&id)
    }

    /// Whether jobs due by then are still only stored; they are asked for at the end of the settling.
    pub(super) fn is_behind(&self, by: Micros) -> bool {
        self.due.is_empty() && self.horizon.is_some_and(|(due, _)| due <= by)
    }

    /// Keeps a job in memory, whether it is due or not.
    pub(super) fn hold(&mut self, job: Job) {
        self.jobs.entry(job.id).or_insert(job);
    }

    /// Puts a pending job into the window if it belongs before the horizon.
    pub(super) fn admit(&mut self, job: Job, scope: &Scope) {
        let Some(due) = job.state.next_due.filter(|_| scope.covers(job.id)) else { return };
        let key = (due, job.id);
        if self.horizon.is_none_or(|horizon| key < horizon) {
            self.due.insert(key);
            self.jobs.insert(job.id, job);
        }
    }

    /// Takes a job out of the due order; it stays in memory.
    pub(super) fn withdraw(&mut self, id: JobId) {
        if let Some(due) = self.jobs.get(&id).and_then(|job| job.state.next_due) {
            self.due.remove(&(due, id));
        }
    }

    /// Forgets a job that is neither due nor held by a run.
    pub(super) fn release(&mut self, id: JobId) {
        let due = self.jobs.get(&id).and_then(|job| job.state.next_due);
        if due.is_none_or(|due| !self.due.contains(&(due, id))) {
            self.jobs.remove(&id);
        }
    }

    /// Takes the first job due by then.
    fn pop_due(&mut self, by: Micros) -> Option<(Micros, JobId)> {
        let first = *self.due.first()?;
        (first.0 <= by).then(|| self.due.remove(&first)).map(|_| first)
    }

    /// Puts a job in memory back into the due order, if it belongs before the horizon.
    pub(super) fn put_back(&mut self, key: (Micros, JobId)) -> bool {
        let inside = self.horizon.is_none_or(|horizon| key < horizon);
        if inside {
            self.due.insert(key);
        }
        inside
    }

    pub(super) fn start(&mut self, due: Vec<Job>, more: bool, scope: &Scope) {
        self.horizon = None;
        self.loaded(due, more, scope, |_| false);
    }

    /// Takes in rows from the horizon on, all but those noticed as due already.
    pub(super) fn loaded(
        &mut self,
        jobs: Vec<Job>,
        more: bool,
        scope: &Scope,
        noticed: impl Fn(&(Micros, JobId)) -> bool,
    ) {
        self.loading = false;
        self.horizon = None;
        let last = jobs.last().and_then(|job| job.state.next_due.map(|due| (due, job.id)));
        for job in jobs {
            if job.state.next_due.is_some_and(|due| noticed(&(due, job.id))) {
                continue;
            }
            // A job held for its run is newer in memory than in a picture of the store.
            let job = self.jobs.remove(&job.id).unwrap_or(job);
            self.admit(job, scope);
        }
        if let Some((due, id)) = last.filter(|_| more) {
            self.horizon = Some((due, JobId(id.0.saturating_add(1))));
        }
    }

    /// Sends the jobs due last back to the store, all but those held for a run.
    fn shrink(&mut self, to: usize, held: impl Fn(JobId) -> bool) {
        if let Some(cut) = self.due.iter().nth(to).copied() {
            for (_, id) in self.due.split_off(&cut) {
                if !held(id) {
                    self.jobs.remove(&id);
                }
            }
            self.horizon = Some(cut);
        }
    }
}

impl Engine {
    /// Keeps the window within its size: asks for rows when it runs low, sends the latest back to
    /// the store when it grows too large.
    pub(super) fn size_window(&mut self, out: &mut Outcome) {
        if self.scope != Scope::All {
            return;
        }
        let size = self.config.window;
        if self.window.due.len() > size.saturating_mul(2) {
            let runs = &self.runs;
            self.window.shrink(size, |job| {
                let all = ExecutionId { job, n: 0 }..=ExecutionId { job, n: u32::MAX };
                runs.range(all).next().is_some()
            });
        }
        if let Some(from) = self.window.horizon
            && !self.window.loading
            && self.window.due.len() <= size / 4
        {
            self.window.loading = true;
            out.effects.push(Effect::Load { from, limit: size });
        }
    }

    /// Moves jobs that have come due to those ready to start, or records them as missed or skipped;
    /// true when there are more than one round takes.
    pub(super) fn notice_due(&mut self, now: Now, out: &mut Outcome) -> bool {
        // Where the clock was set back, what was due is still to come.
        let later = (Micros(now.wall.0.saturating_add(1)), JobId(i64::MIN));
        for key in self.ready.split_off(&later).into_iter().chain(self.gated.split_off(&later)) {
            if !self.window.put_back(key) {
                self.release(key.1);
            }
        }
        // What is left is still due, so the deadline brings the next tick at once.
        let (mut rows, mut firings) = (0_usize, 0_u32);
        let full = |rows, firings| rows >= ROWS_AT_ONCE || firings >= FIRINGS_AT_ONCE;
        while self.has_room()
            && !full(rows, firings)
            && let Some(key) = self.window.pop_due(now.wall)
        {
            let decided = self.decide(now, key.1, false, out);
            let condition = self.window.job(key.1).and_then(|job| job.spec.policies.condition);
            match condition.filter(|_| decided.starts) {
                Some(Condition::LoadBelow(_)) => {
                    self.gated.insert(key);
                }
                None if decided.starts => {
                    self.ready.insert(key);
                }
                None => {
                    rows = rows.saturating_add(decided.rows);
                    firings = firings.saturating_add(decided.firings);
                }
            }
        }
        self.sample_load(now, out);
        full(rows, firings)
    }

    /// Asks for the load average while jobs wait for it.
    fn sample_load(&mut self, now: Now, out: &mut Outcome) {
        if self.gated.is_empty() {
            self.sample_at = None;
        } else if self.sample_at.is_none_or(|at| now.mono >= at) {
            self.sample_at = Some(now.mono.plus(self.config.load_interval));
            out.effects.push(Effect::SampleLoad);
        }
    }

    /// Lets the first job through whose condition holds: one for each look at the load, since a
    /// job that starts raises it.
    pub(super) fn on_load(&mut self, now: Now, hundredths: u32) {
        let window = &self.window;
        let passes = |id: &JobId| {
            window.job(*id).is_some_and(|job| match job.spec.policies.condition {
                Some(Condition::LoadBelow(limit)) => hundredths < limit,
                None => true,
            })
        };
        if let Some(key) = self.gated.iter().find(|(_, id)| passes(id)).copied() {
            self.gated.remove(&key);
            self.ready.insert(key);
        }
        self.sample_at = Some(now.mono.plus(self.config.load_interval));
    }

    /// Forgets a job that is neither due, nor ready or gated, nor held by a run.
    pub(super) fn release(&mut self, id: JobId) {
        let due = self.window.job(id).and_then(|job| job.state.next_due);
        let noticed = |due| self.ready.contains(&(due, id)) || self.gated.contains(&(due, id));
        if self.runs_of(id).next().is_none() && !due.is_some_and(noticed) {
            self.window.release(id);
        }
    }
}
