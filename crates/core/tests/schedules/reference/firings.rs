//! What the reference says of firings: which there are, which are too late, what becomes of them.

use station_core::model::{
    Cause, Conflict, Execution, ExecutionId, ExecutionStatus, Grace, JobId, Micros, Mono, Now,
    Reason,
};

use station_core::engine::Outcome;

use super::nodes::Awaited;
use super::runs::records;
use super::{Firing, InTime, Mode, RefJob, RefRun, Reference, State};
use crate::calendar::Plan;

/// The engine accounts for so many firings with one row at most.
const AT_ONCE: u32 = 100_000;

/// What is done with a firing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Start,
    Wait,
    Displace,
    Skip,
}

impl RefJob {
    /// Whether a firing came up too late for the grace, through no fault of the slots.
    pub(crate) fn is_late(&self, firing: Firing, up_since: Micros) -> bool {
        let late = up_since.since(firing.due.max(self.spec.created_at));
        match self.spec.policies.grace {
            Grace::Within(grace) => late > grace,
            Grace::Forever => false,
        }
    }

    /// The firing after this one. A step of the clock may have shifted the grid of an interval.
    fn following(&self, firing: Firing) -> Option<Firing> {
        let plan = match self.plan() {
            Plan::Every { every, .. } => Plan::Every { first: firing.nominal.0, every },
            other => other,
        };
        let nominal = plan.next(firing.nominal, &self.spec.bounds)?;
        let mut next = self.put_off(nominal);
        next.due = next.due.max(Micros(firing.due.0 + 1));
        Some(next)
    }

    pub(super) fn add(&mut self, cause: Cause, planned: Micros, state: State) -> ExecutionId {
        let id = ExecutionId { job: self.id, n: u32::try_from(self.runs.len()).unwrap() + 1 };
        self.live.push(self.runs.len());
        self.runs.push(RefRun {
            id,
            cause,
            planned,
            node: None,
            state,
            attempts: 0,
            stop: None,
            since: Mono(0),
            rested: false,
            over: false,
            removed: false,
        });
        id
    }
}

impl Reference {
    /// The active runs of a job's lane there, and those in line there in their order.
    pub(crate) fn lane(
        &self,
        id: JobId,
        node: Option<&str>,
    ) -> (Vec<ExecutionId>, Vec<(Micros, ExecutionId)>) {
        let key = |job: &RefJob| job.spec.policies.conflict_key.clone();
        let own = self.jobs.iter().find(|job| job.id == id).expect("a known job");
        let beside = |job: &&RefJob| match key(own) {
            Some(name) => key(job) == Some(name),
            None => job.id == id,
        };
        let (mut active, mut line) = (Vec::new(), Vec::new());
        let there = |run: &&RefRun| run.node.as_deref() == node;
        let runs = self.jobs.iter().filter(beside).flat_map(RefJob::recent);
        for run in runs.filter(there) {
            match run.state {
                State::Queued => line.push((run.planned, run.id)),
                State::Ended(_) => {}
                State::Waiting | State::Running | State::Left | State::BackingOff(_) => {
                    active.push(run.id);
                }
            }
        }
        line.sort_unstable();
        (active, line)
    }

    pub(super) fn judge(&self, id: JobId, node: Option<&str>) -> Verdict {
        let (active, line) = self.lane(id, node);
        let policies = &self.jobs.iter().find(|job| job.id == id).unwrap().spec.policies;
        let (most, limit) = (policies.max_instances as usize, policies.queue_limit as usize);
        let busy = !active.is_empty() || !line.is_empty();
        match policies.conflict {
            Conflict::Replace if active.len() >= most => Verdict::Skip,
            Conflict::Replace => Verdict::Start,
            _ if !busy => Verdict::Start,
            Conflict::Skip => Verdict::Skip,
            Conflict::Queue if line.len() >= limit => Verdict::Skip,
            Conflict::Queue => Verdict::Wait,
            Conflict::CancelRunning => Verdict::Displace,
        }
    }

    /// Whether nothing is in the way of a firing of the job.
    pub(crate) fn may_start(&self, id: JobId) -> bool {
        self.judge(id, None) == Verdict::Start
    }

    /// Whether the first in line of the job's lane may go on.
    pub(crate) fn admits(&self, id: JobId, node: Option<&str>) -> bool {
        let policies = &self.jobs.iter().find(|job| job.id == id).unwrap().spec.policies;
        let most = match policies.conflict {
            Conflict::Replace => policies.max_instances as usize,
            Conflict::Skip | Conflict::Queue | Conflict::CancelRunning => 1,
        };
        self.lane(id, node).0.len() < most
    }

    /// Those in line go on where their lane is free.
    pub(super) fn release_lines(&mut self) {
        let queued = |run: &&RefRun| run.state == State::Queued;
        let mut all: Vec<_> =
            self.all_runs().filter(queued).map(|run| (run.planned, run.id)).collect();
        all.sort_unstable();
        for (planned, id) in all {
            let node = self.node_of(id);
            let line = self.lane(id.job, node.as_deref()).1;
            if line.first() == Some(&(planned, id)) && self.admits(id.job, node.as_deref()) {
                self.run(id).unwrap().state = State::Waiting;
            }
        }
    }

    /// Firings of a job are accounted for by a new execution: these, so, and none else.
    pub(super) fn account(&mut self, now: Now, row: &Execution) {
        assert_eq!(row.cause, Cause::Scheduled, "nobody asked for {row:?}");
        assert!(self.fires(), "{row:?} while nothing fires");
        let (up_since, crowded) = (self.up_since, self.crowded);
        let verdict = self.judge(row.id.job, None);
        let places = self.places(row.id.job);
        let parts = match &places {
            Some(Some(nodes)) => self.judged(row.id.job, nodes.clone()),
            Some(None) | None => Vec::new(),
        };
        let job = self.job(row.id.job).expect("a known job");
        assert!(!job.paused && !job.deleted, "{row:?} of a job that does not fire");
        let first = job.next.unwrap_or_else(|| panic!("{row:?} was never planned: {job:?}"));
        assert!(first.due <= now.wall, "{row:?} came early");
        let missed = row.status == ExecutionStatus::Missed;
        let in_time = job.in_time;
        let late = job.is_late(first, up_since);
        let may_miss = late && (crowded || in_time != InTime::Yes);
        let may_run = !late || crowded || in_time != InTime::No;
        assert!(if missed { may_miss } else { may_run }, "missed or in time? {row:?} of {job:?}");
        // All that share its outcome share its row.
        let skipped = match &places {
            Some(_) => {
                !parts.is_empty() && parts.iter().all(|(_, verdict)| *verdict == Verdict::Skip)
            }
            None => row.status == ExecutionStatus::Skipped,
        };
        let several = missed || skipped || job.spec.policies.coalesce;
        let (mut last, mut count, mut next) = (first, 1, job.following(first));
        while let Some(one) = next
            && several
            && one.due <= now.wall
            && count < AT_ONCE
            && job.is_late(one, up_since) == missed
        {
            (last, count, next) = (one, count + 1, job.following(one));
        }
        assert_eq!(row.firings, count, "firings of {row:?}, from {first:?} on, of {job:?}");
        assert_eq!(row.planned, last.due, "the last of {row:?}");
        assert_eq!(row.first_planned, (count > 1).then_some(first.due), "the first of {row:?}");
        job.planned += u64::from(count);
        let runs = match &places {
            Some(_) => !missed && !skipped,
            None => matches!(row.status, ExecutionStatus::Running | ExecutionStatus::Pending),
        };
        job.fired += u32::from(runs);
        let done = job.spec.bounds.max_executions.is_some_and(|most| job.fired >= most);
        job.plan_next(next.filter(|_| !done));
        job.begin_firing();
        let mut parts = parts.into_iter();
        let place = if missed { None } else { parts.next() };
        let id = job.add(Cause::Scheduled, last.due, State::Queued);
        assert_eq!(id, row.id, "the execution's number");
        let node = place.as_ref().map(|(node, _)| node.clone());
        assert_eq!(row.node, node, "the node of {row:?}");
        job.runs.last_mut().unwrap().node = node;
        if missed || places == Some(None) {
            let status = if missed { ExecutionStatus::Missed } else { ExecutionStatus::Failed };
            assert_eq!(row.status, status, "{row:?}");
            self.over(id, status);
            return self.alarm(now, row);
        }
        self.carry_out(now, row, place.map_or(verdict, |(_, verdict)| verdict));
        let planned = last.due;
        self.awaited.extend(parts.map(|(node, verdict)| Awaited {
            job: id.job,
            node,
            verdict,
            planned,
        }));
    }

    /// A job that is changed, paused or cancelled: what has come due and waits for a slot is skipped.
    pub(super) fn give_up_waiting(&mut self, now: Now, id: JobId, outcome: &Outcome, always: bool) {
        let (crowded, up_since) = (self.crowded, self.up_since);
        let Some(job) = self.job(id) else { return };
        let last_known = job.runs.len();
        let mut rows = records(outcome).filter(|row| {
            row.id.job == id
                && row.status == ExecutionStatus::Skipped
                && usize::try_from(row.id.n).unwrap() > last_known
        });
        let told = |row: &&Execution| {
            row.error.as_deref().is_some_and(|why| why.contains("while it waited to start"))
        };
        let Some(row) = rows.find(told) else {
            let due = job.next.is_some_and(|next| next.due <= now.wall);
            let waits = due && job.in_time == InTime::Yes && job.plan.recurs();
            assert!(!(always && waits) || crowded, "a firing of {job:?} is lost");
            return;
        };
        let first = job.next.unwrap_or_else(|| panic!("{row:?} was never planned: {job:?}"));
        assert!(job.plan.recurs() && first.due <= now.wall, "{row:?} of {job:?}");
        let in_time = job.in_time != InTime::No || !job.is_late(first, up_since);
        assert!(in_time || crowded, "{row:?} did not wait: {job:?}");
        self.account_unrun(now, row, first);
    }

    fn account_unrun(&mut self, now: Now, row: &Execution, first: Firing) {
        let up_since = self.up_since;
        let job = self.job(row.id.job).unwrap();
        let (mut last, mut count, mut next) = (first, 1, job.following(first));
        while let Some(one) = next
            && one.due <= now.wall
            && count < AT_ONCE
            && !job.is_late(one, up_since)
        {
            (last, count, next) = (one, count + 1, job.following(one));
        }
        assert_eq!((row.firings, row.planned), (count, last.due), "firings of {row:?}");
        assert_eq!(row.first_planned, (count > 1).then_some(first.due), "the first of {row:?}");
        // The request itself says when the job fires next.
        job.planned += u64::from(count);
        job.begin_firing();
        let state = State::Ended(ExecutionStatus::Skipped);
        assert_eq!(job.add(Cause::Scheduled, last.due, state), row.id, "the execution's number");
        self.over(row.id, ExecutionStatus::Skipped);
    }

    pub(super) fn carry_out(&mut self, now: Now, row: &Execution, verdict: Verdict) {
        let (id, status) = (row.id, row.status);
        let policy = self.job(id.job).unwrap().spec.policies.conflict.name();
        match verdict {
            Verdict::Start if row.node.is_some() => {
                assert_eq!(status, ExecutionStatus::Pending, "{row:?} waits for its turn");
                self.run(id).unwrap().state = State::Waiting;
            }
            Verdict::Start => {
                self.run(id).unwrap().state = State::Waiting;
                if status == ExecutionStatus::Pending {
                    assert!(self.is_held_up(id), "nothing holds up {row:?}");
                    return;
                }
                assert_eq!(status, ExecutionStatus::Running, "nothing was in the way of {row:?}");
                self.start(now, id);
            }
            Verdict::Wait => assert_eq!(status, ExecutionStatus::Pending, "{row:?} should wait"),
            Verdict::Displace => {
                assert_eq!(status, ExecutionStatus::Pending, "{row:?} should wait");
                self.displace(id);
            }
            Verdict::Skip => {
                assert_eq!(status, ExecutionStatus::Skipped, "{row:?} should be skipped");
                let why = row.error.as_deref().unwrap_or_default();
                assert!(why.contains(&format!("conflict_policy={policy}")), "{row:?}");
                self.over(id, status);
            }
        }
    }

    /// The newest firing of a job takes the place of what is in its lane.
    pub(super) fn displace(&mut self, id: ExecutionId) {
        let (active, line) = self.lane(id.job, self.node_of(id).as_deref());
        let mut ended = Vec::new();
        for (_, one) in line.into_iter().filter(|(_, one)| one.job == id.job && *one != id) {
            ended.push((one, ExecutionStatus::Skipped));
        }
        for one in active {
            let run = self.run(one).unwrap();
            match run.state {
                State::Running => run.stop = run.stop.or(Some(Reason::Replaced)),
                State::Waiting | State::BackingOff(_) => {
                    ended.push((one, ExecutionStatus::Cancelled));
                }
                State::Queued | State::Left | State::Ended(_) => {}
            }
        }
        for (one, status) in &ended {
            self.over(*one, *status);
        }
        self.displaced.extend(ended);
        self.release_lines();
    }

    /// A run by hand.
    pub(super) fn add_by_hand(&mut self, now: Now, id: JobId, state: State) -> ExecutionId {
        let job = self.job(id).unwrap();
        job.begin_firing();
        job.add(Cause::Manual, now.wall, state)
    }

    /// A one-off whose time passed while it was paused.
    pub(super) fn add_slept_through(&mut self, id: JobId, planned: Micros) {
        let job = self.job(id).unwrap();
        job.begin_firing();
        let id = job.add(Cause::Scheduled, planned, State::Ended(ExecutionStatus::Skipped));
        job.planned += 1;
        self.over(id, ExecutionStatus::Skipped);
    }

    /// What is due and in time now may wait for a slot as long as it takes.
    pub(crate) fn end_round(&mut self, now: Now) {
        if self.mode != Mode::Working || self.is_held() {
            return;
        }
        let up_since = self.up_since;
        let is_due = |job: &&RefJob| job.next.is_some_and(|next| next.due <= now.wall);
        let due = self.jobs.iter().filter(is_due).count();
        self.crowded = due >= self.window || (self.crowded && due > 0);
        for job in &mut self.jobs {
            job.live.retain(|at| job.runs[*at].state.is_live());
            job.over = job.live.first().copied().unwrap_or(job.runs.len());
            let Some(next) = job.next else { continue };
            if next.due > now.wall {
                job.in_time = InTime::No;
            } else if job.in_time == InTime::No && !job.is_late(next, up_since) {
                job.in_time = InTime::Yes;
            }
        }
    }
}
