//! What must hold after every round, whenever the engine has come to rest, and at the end.

use station_core::engine::{Effect, Input};
use station_core::model::{
    AlarmState, Execution, ExecutionStatus, Job, Micros, Node, NodeHealth, Notice, Target, Trigger,
};

use crate::reference::{InTime, RefJob, State};
use crate::world::World;

impl World {
    /// The ledger, read from the rows alone: each firing is accounted for by exactly one.
    pub(crate) fn check_round(&self) {
        for job in self.store.jobs.values() {
            let accounted = self.store.accounted.get(&job.id).copied().unwrap_or_default();
            assert_eq!(job.state.planned, accounted, "the ledger of {job:?}");
            let due = job.state.next_due;
            assert!(due.is_none() || !(job.state.paused || job.state.deleted), "due: {job:?}");
            assert!(job.state.nominal.is_none() || job.state.nominal != due, "nominal: {job:?}");
        }
    }

    pub(crate) fn check(&mut self) {
        if self.trouble.is_some() {
            return;
        }
        self.tally.quiet += 1;
        self.tally.crowded += u64::from(self.reference.crowded);
        let reference = &self.reference;
        let held_up = reference.waiting().iter().any(|(_, id)| reference.is_held_up(*id));
        self.tally.held_up += u64::from(held_up && reference.has_free_slot());
        let lacks = |id| reference.is_held_up(id) && reference.node_of(id).is_none();
        let lacking = reference.waiting().iter().filter(|(_, id)| lacks(*id)).count();
        self.tally.lacking += u64::from(lacking > 0 && reference.has_free_slot());
        self.tally.several_lacking += u64::from(lacking > 1 && reference.has_free_slot());
        self.check_reference();
        self.check_memory();
        self.check_work();
        self.check_outside();
        self.check_tick();
        if self.random.chance(20) {
            self.check_rebuilt();
        }
    }

    /// The store says what the reference says.
    fn check_reference(&self) {
        let (reference, engine) = (&self.reference, &self.engine);
        assert_eq!(engine.is_held(), reference.is_held(), "firing is held");
        assert_eq!(engine.is_draining(), reference.is_draining(), "the engine is draining");
        assert_eq!(engine.running(), reference.under_way(), "runs under way");
        assert!(engine.running() <= self.config.max_running, "more runs than slots");
        assert_eq!(reference.replan, None, "a step of the clock was not followed");
        let mut kept = 0;
        for job in &reference.jobs {
            kept += self.check_runs(job);
            match self.store.jobs.get(&job.id) {
                Some(row) => check_job(job, row),
                None => assert!(job.deleted && job.runs.iter().all(|run| run.removed), "{job:?}"),
            }
        }
        assert_eq!(self.store.executions.len(), kept, "the number of executions");
        assert_eq!(self.store.alarms.len(), reference.alarms.len(), "the number of alarms");
        for alarm in &reference.alarms {
            let row = &self.store.alarms[&alarm.id];
            let stored = (row.job, row.state, row.occurrences);
            assert_eq!(stored, (Some(alarm.job), alarm.state, alarm.occurrences), "{row:?}");
            assert_eq!(row.cleared_at.is_some(), row.state == AlarmState::Cleared, "{row:?}");
        }
        let open = reference.alarms.iter().filter(|alarm| alarm.state != AlarmState::Cleared);
        let mut jobs: Vec<_> = open.map(|alarm| alarm.job).collect();
        let all = jobs.len();
        jobs.sort_unstable();
        jobs.dedup();
        assert_eq!(jobs.len(), all, "a job has several alarms");
        let owed = |notice: &Notice| (notice.attempts, notice.next_at);
        let stored: Vec<_> = self.store.notices.iter().map(|(key, row)| (key, owed(row))).collect();
        let wanted: Vec<_> = reference.notices.iter().map(|(key, owed)| (key, *owed)).collect();
        assert_eq!(stored, wanted, "the notices that are owed");
        let known = |(node, health): &(Node, Option<NodeHealth>)| {
            (node.clone(), health.as_ref().map(|health| health.unreachable.is_some()))
        };
        let stored: Vec<_> = self.store.nodes.values().map(known).collect();
        let wanted = reference.nodes.values();
        let wanted: Vec<_> = wanted.map(|node| (node.node.clone(), node.out_of_reach)).collect();
        assert_eq!(stored, wanted, "the nodes, and which are out of reach");
    }

    fn check_runs(&self, job: &RefJob) -> usize {
        let mut kept = 0;
        for run in &job.runs {
            let row = self.store.executions.get(&run.id);
            assert_eq!(row.is_none(), run.removed, "{run:?} is stored as {row:?}");
            let Some(row) = row else { continue };
            kept += 1;
            let (status, retry_at) = match run.state {
                State::Queued | State::Waiting => (ExecutionStatus::Pending, None),
                State::BackingOff(at) => (ExecutionStatus::Pending, Some(at)),
                State::Running | State::Left => (ExecutionStatus::Running, None),
                State::Ended(status) => (status, None),
            };
            assert_eq!((row.status, row.retry_at), (status, retry_at), "{row:?}");
            assert_eq!((row.attempt, row.cause), (run.attempts, run.cause), "{row:?}");
            assert_eq!(row.node, run.node, "{row:?}");
            if status == ExecutionStatus::Running {
                assert_eq!(row.stop, run.stop, "{row:?}");
            }
        }
        kept
    }

    /// Law 1: what the engine holds is what the store says.
    fn check_memory(&self) {
        for job in self.engine.jobs() {
            assert_eq!(Some(job), self.store.jobs.get(&job.id), "in memory and stored");
        }
        let held: Vec<&Execution> = self.engine.executions().collect();
        for execution in &held {
            assert_eq!(Some(*execution), self.store.executions.get(&execution.id));
        }
        assert_eq!(held.len(), self.store.live().count(), "live executions");
        let needed = |job: &&Job| {
            let runs = held.iter().any(|execution| execution.id.job == job.id);
            !runs && job.state.next_due.is_none()
        };
        assert_eq!(self.engine.jobs().find(needed), None, "kept in memory for nothing");
        let (kept, most) = (self.engine.jobs().count(), 3 * self.config.window + held.len());
        assert!(kept <= most, "{kept} jobs in memory, {most} allowed");
    }

    /// Nothing that could be done is left undone.
    fn check_work(&self) {
        let reference = &self.reference;
        for run in reference.all_runs().filter(|run| run.state == State::Queued) {
            let node = run.node.as_deref();
            let first = reference.lane(run.id.job, node).1[0].1 == run.id;
            let stuck = first && reference.admits(run.id.job, node);
            assert!(!stuck, "{run:?} waits in line for nothing");
        }
        if !reference.fires() {
            return;
        }
        if reference.has_free_slot() {
            let mut waiting = reference.waiting();
            waiting.retain(|(_, id)| !reference.is_held_up(*id));
            assert_eq!(waiting, [], "a slot is free, but these wait");
        }
        for job in &reference.jobs {
            let Some(next) = job.next.filter(|next| next.due <= self.now.wall) else { continue };
            let here = !matches!(job.spec.target, Target::Nodes(_));
            assert!(here || reference.crowded, "a firing on nodes waits for nothing: {job:?}");
            assert!(!reference.has_free_slot(), "a slot is free, but it waits: {job:?}");
            let late = job.is_late(next, reference.up_since()) && job.in_time == InTime::No;
            assert!(!late || reference.crowded, "it was not missed: {job:?}");
        }
        for (alarm, channel) in reference.due_notices(self.now.wall) {
            let awaited = self.link.awaits(|input| {
                matches!(input, Input::Notified { alarm: a, channel: c, .. } if (a, c) == (alarm, channel))
            });
            assert!(awaited, "nobody tells {channel} of {alarm}");
        }
    }

    /// Every effect that was asked for is under way.
    fn check_outside(&self) {
        for execution in self.store.running() {
            let id = execution.id;
            let awaited = self.link.awaits(|input| match input {
                Input::SurvivorsEnded { runs } => runs.iter().any(|(run, _)| *run == id),
                Input::Ended { execution, .. } => *execution == id,
                _ => false,
            });
            assert!(awaited, "nothing will end {execution:?}");
            if let Some(process) = self.link.processes.get(&id)
                && execution.stop.is_some()
                && process.ends > self.now.mono
                && self.engine.is_under_way(id)
            {
                assert!(process.told.is_some(), "{id} was never told to end");
            }
        }
    }

    /// Law 2: a tick more changes nothing.
    fn check_tick(&self) {
        let mut engine = self.engine.clone();
        let outcome = engine.handle(self.now, Input::Tick);
        let all = (outcome.changes, outcome.effects);
        assert_eq!(all, (Vec::new(), Vec::new()), "a tick does something at rest");
    }

    /// Law 1: an engine rebuilt from the store would go on just as this one.
    fn check_rebuilt(&mut self) {
        let up_since = self.reference.up_since();
        let stepped = |job: &RefJob| {
            let late = job.next.is_some_and(|next| job.is_late(next, up_since));
            late && job.in_time != InTime::No
        };
        let set_back =
            self.reference.waiting().iter().any(|(_, id)| {
                self.store.executions[id].retry_at.is_some_and(|at| at > self.now.wall)
            });
        // A firing that waits for a slot is judged only then, a rebuilt engine judges it at once.
        let blocked = |job: &RefJob| {
            job.next.is_some_and(|next| next.due <= self.now.wall)
                && !self.reference.may_start(job.id)
        };
        let other = |job: &RefJob| stepped(job) || blocked(job);
        if self.reference.crowded || set_back || self.reference.jobs.iter().any(other) {
            return;
        }
        self.tally.rebuilt += 1;
        let mut rebuilt = self.engine.restart(self.store.snapshot(self.config.window));
        let mut input = Input::Tick;
        loop {
            let outcome = rebuilt.handle(self.now, input);
            assert!(outcome.changes.is_empty(), "a rebuilt engine decides {outcome:?}");
            let again = |effect: &Effect| matches!(effect, Effect::LoadPlanned { .. });
            assert!(!outcome.effects.iter().any(again), "a rebuilt engine plans anew");
            let load = outcome.effects.into_iter().find_map(|effect| match effect {
                Effect::Load { from, limit } => Some(self.store.due_from(from, limit)),
                _ => None,
            });
            let Some((jobs, more)) = load else { break };
            input = Input::Loaded { jobs, more };
        }
        assert_eq!(rebuilt.running(), self.engine.running(), "runs of a rebuilt engine");
        // Notices are on their way already, so they do not count here.
        let due = |at: Option<Micros>| at.filter(|_| self.store.notices.is_empty());
        let (was, is) = (self.engine.deadline(), rebuilt.deadline());
        assert_eq!(due(was.wall), due(is.wall), "the deadline of a rebuilt engine");
    }

    /// Everything has come to its end.
    pub(crate) fn check_done(&self) {
        assert!(self.trouble.is_none(), "the store is still in trouble");
        assert_eq!(self.store.live().count(), 0, "still live: {:?}", self.store.live().next());
        for job in self.store.jobs.values() {
            let over = job.state.status.is_final() || job.state.paused || job.state.deleted;
            assert!(over, "{job:?} has not ended");
            assert_eq!(job.state.next_due, None, "{job:?} is still due");
        }
        assert_eq!(self.store.notices.len(), 0, "notices are still owed");
        assert_eq!(self.engine.running(), 0, "slots in use");
        assert_eq!(self.engine.jobs().count(), 0, "jobs kept in memory");
    }
}

fn check_job(job: &RefJob, row: &Job) {
    let state = &row.state;
    assert_eq!(*row.spec, *job.spec, "what is asked of {}", job.id);
    assert_eq!((state.paused, state.deleted), (job.paused, job.deleted), "{row:?}");
    let next = job.next.map(|next| (next.due, next.nominal));
    let stored = state.next_due.map(|due| (due, state.nominal.unwrap_or(due)));
    assert_eq!(stored, next, "the next firing of {row:?}");
    assert_eq!((state.planned, state.fired), (job.planned, job.fired), "counts of {row:?}");
    assert_eq!(state.executions as usize, job.runs.len(), "executions of {row:?}");
    let most =
        job.spec.bounds.max_executions.filter(|_| !matches!(job.spec.trigger, Trigger::Date(_)));
    assert!(most.is_none_or(|most| job.next.is_none() || state.fired < most), "spent: {row:?}");
    if !job.deleted {
        assert_eq!(state.status, job.status(), "the status of {row:?}");
    }
    let retries = job.runs.last().map_or(0, |run| run.attempts.saturating_sub(1));
    assert_eq!(state.retries, retries, "retries of {row:?}");
}
