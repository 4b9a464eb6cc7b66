//! What must hold whenever the engine has come to rest, and at the end of a world.

use station_core::engine::{Effect, Input};
use station_core::model::{Cause, ExecutionId, ExecutionStatus};

use crate::reference::{Fate, RefJob, State};
use crate::world::World;

impl World {
    pub(crate) fn check(&mut self) {
        if self.trouble.is_some() {
            return;
        }
        self.tally.quiet += 1;
        self.tally.crowded += u64::from(self.reference.is_crowded());
        self.check_reference();
        self.check_memory();
        self.check_work();
        self.check_outside();
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
        assert_eq!(self.store.jobs.len(), reference.jobs.len(), "the number of jobs");
        let mut executions = 0;
        for job in &reference.jobs {
            executions += job.executions.len();
            let state = &self.store.jobs[&job.id].state;
            let planned = (job.fate == Fate::Planned).then_some(job.due);
            assert_eq!(state.next_due, planned, "next_due of {job:?}");
            let count = u32::try_from(job.executions.len()).unwrap();
            assert_eq!(state.executions, count, "executions of {job:?}");
            assert_eq!(state.status, job.status(), "the status of {job:?}");
            let retries = job.executions.last().map_or(0, |run| run.attempts.saturating_sub(1));
            assert_eq!(state.retries, retries, "retries of {job:?}");
            let fired = job.executions.iter().filter(|run| run.cause == Cause::Scheduled).count();
            assert!(fired <= 1, "fired more than once: {job:?}");
            self.check_executions(job);
        }
        assert_eq!(self.store.executions.len(), executions, "the number of executions");
    }

    fn check_executions(&self, job: &RefJob) {
        for (n, run) in (1..).zip(&job.executions) {
            let id = ExecutionId { job: job.id, n };
            let stored = &self.store.executions[&id];
            let (status, retry_at) = match run.state {
                State::Waiting => (ExecutionStatus::Pending, None),
                State::BackingOff(at) => (ExecutionStatus::Pending, Some(at)),
                State::Running | State::Left => (ExecutionStatus::Running, None),
                State::Ended(status) => (status, None),
            };
            assert_eq!(stored.status, status, "{stored:?}");
            assert_eq!(stored.retry_at, retry_at, "{stored:?}");
            assert_eq!(stored.attempt, run.attempts, "{stored:?}");
            assert_eq!(stored.cause, run.cause, "{stored:?}");
            if status == ExecutionStatus::Running {
                assert_eq!(stored.stop, run.stop, "{stored:?}");
            }
            let ended = self.store.attempts.range((id, 0)..=(id, u32::MAX)).count();
            let last = u32::from(status == ExecutionStatus::Running || status.is_final());
            let waiting = u32::from(retry_at.is_none()) * last;
            let kept = u32::try_from(ended).unwrap();
            assert!(kept + waiting >= run.attempts, "attempts of {stored:?}: {kept} kept");
            let owed = job.mail && status.is_final();
            assert_eq!(self.store.mails.contains_key(&id), owed, "a mail about {stored:?}");
        }
    }

    /// Law 1: what the engine holds is what the store says.
    fn check_memory(&self) {
        for job in self.engine.jobs() {
            assert_eq!(Some(job), self.store.jobs.get(&job.id), "in memory and stored");
        }
        let mut live = 0;
        for execution in self.engine.executions() {
            live += 1;
            assert_eq!(Some(execution), self.store.executions.get(&execution.id));
            assert!(!execution.status.is_final(), "{execution:?} is over");
        }
        assert_eq!(live, self.store.live().count(), "live executions");
        let kept = self.engine.jobs().count();
        let most = 3 * self.config.window + live + self.conditional();
        assert!(kept <= most, "{kept} jobs in memory, {most} allowed");
    }

    fn conditional(&self) -> usize {
        self.reference.jobs.iter().filter(|job| job.is_conditional()).count()
    }

    /// Nothing that could be done is left undone.
    fn check_work(&self) {
        let reference = &self.reference;
        if reference.fires() && reference.has_free_slot() {
            let next = reference.first_candidate(self.now);
            assert_eq!(next, None, "a slot is free, but this waits");
            assert!(reference.first_miss().is_none(), "not missed: {:?}", reference.first_miss());
        }
        let trimming = self.link.awaits(|input| matches!(input, Input::OldestOutputs(_)));
        let over = self.store.output_bytes() > self.config.output_budget;
        if over && !trimming && !self.asked_twice {
            let droppable = self.store.oldest_outputs(1);
            assert_eq!(droppable, [], "output over the budget is kept");
        }
    }

    /// Every effect that was asked for is under way.
    fn check_outside(&self) {
        for execution in self.store.running() {
            let id = execution.id;
            let awaited = self.link.awaits(|input| {
                if let Input::SurvivorsEnded { runs } = input {
                    return runs.iter().any(|(run, _)| *run == id);
                }
                matches!(input, Input::Ended { execution, .. } if *execution == id)
            });
            assert!(awaited, "nothing will end {execution:?}");
            if let Some(process) = self.link.processes.get(&id)
                && execution.stop.is_some()
                && process.ends > self.now.mono
                && self.engine.is_under_way(id)
            {
                assert!(process.told.is_some(), "{id} was never told to end");
                assert!(process.killed || self.engine.deadline().mono.is_some(), "{id}: no kill");
            }
        }
        for (id, sent) in &self.store.mails {
            let awaited = || {
                self.link.awaits(
                    |input| matches!(input, Input::Mailed { execution, .. } if execution == id),
                )
            };
            assert!(*sent || awaited(), "the mail about {id} is forgotten");
        }
    }

    /// Law 1: an engine rebuilt from the store would go on just as this one.
    fn check_rebuilt(&self) {
        let window = self.config.window;
        let mut rebuilt = self.engine.restart(self.store.snapshot(window));
        let mut input = Input::Tick;
        loop {
            let outcome = rebuilt.handle(self.now, input);
            let lenient = self.reference.is_crowded() || self.reference.was_stepped();
            assert!(outcome.changes.is_empty() || lenient, "a rebuilt engine decides {outcome:?}");
            let Some(Effect::Load { from, limit }) =
                outcome.effects.into_iter().find(|effect| matches!(effect, Effect::Load { .. }))
            else {
                break;
            };
            let (jobs, more) = self.store.due_from(from, limit);
            input = Input::Loaded { jobs, more };
        }
        if self.reference.is_crowded() || self.reference.was_stepped() {
            return;
        }
        assert_eq!(rebuilt.running(), self.engine.running(), "runs of a rebuilt engine");
        let (was, is) = (self.engine.deadline(), rebuilt.deadline());
        assert_eq!(was.wall, is.wall, "the deadline of a rebuilt engine");
    }

    /// Everything has come to its end.
    pub(crate) fn check_done(&self) {
        assert!(self.trouble.is_none(), "the store is still in trouble");
        assert_eq!(self.store.live().count(), 0, "still live: {:?}", self.store.live().next());
        for job in self.store.jobs.values() {
            assert!(job.state.status.is_final(), "{job:?} has not ended");
            assert_eq!(job.state.next_due, None, "{job:?} is still due");
        }
        for (id, sent) in &self.store.mails {
            assert!(*sent && self.was_mailed(*id), "the mail about {id} was not sent");
        }
        assert_eq!(self.engine.running(), 0, "slots in use");
        assert_eq!(self.engine.jobs().count(), 0, "jobs kept in memory");
    }
}

impl RefJob {
    /// The status its row should show.
    fn status(&self) -> ExecutionStatus {
        let is = |state: fn(&State) -> bool| self.executions.iter().any(|run| state(&run.state));
        if is(|state| matches!(state, State::Running | State::Left)) {
            ExecutionStatus::Running
        } else if self.fate == Fate::Planned
            || is(|state| matches!(state, State::Waiting | State::BackingOff(_)))
        {
            ExecutionStatus::Pending
        } else {
            self.last_end.expect("a job that is over has come to something")
        }
    }
}
