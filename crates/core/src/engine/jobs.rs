//! Jobs: accepted, changed, paused, resumed and deleted.

use std::sync::Arc;
use std::time::Duration;

use super::gates::Gate;
use super::planned::Firing;
use super::runs::Phase;
use super::{Change, Engine, Outcome, Refusal, Reply};
use crate::model::{
    Cause, ContextHash, Execution, ExecutionId, ExecutionStatus, Job, JobId, JobSpec, JobState,
    Micros, Now, ShellContext, Trigger,
};
use crate::policy::expiry;

/// How long a request may have been under way: an interval that begins at its sending has not begun
/// in the past.
const ON_THE_WAY: Duration = Duration::from_secs(60);

type Context = Option<(ContextHash, ShellContext)>;

impl Engine {
    pub(super) fn create(
        &mut self,
        now: Now,
        mut spec: JobSpec,
        context: Context,
        immediate: bool,
        paused: bool,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        if self.is_draining() {
            return Err(Refusal::ShuttingDown);
        }
        self.check_target(&spec, None)?;
        bind(&mut spec);
        let id = JobId(self.last_job.saturating_add(1));
        let first = self.first_of_new(now, id, &spec, beginning(now, &spec.trigger, immediate))?;
        self.last_job = id.0;
        spec.created_at = now.wall;
        let mut state = JobState::new(None);
        state.paused = paused;
        if !paused {
            state.set_next(Some(first));
        }
        let job = Job { id, spec: Arc::new(spec), state };
        store_context(context, out);
        out.changes.push(Change::JobCreated(Box::new(job.clone())));
        self.window.admit(job.clone(), &self.scope);
        Ok(Reply::Created(Box::new(job)))
    }

    /// The first firing of a schedule that is accepted now.
    fn first_of_new(
        &self,
        now: Now,
        id: JobId,
        spec: &JobSpec,
        after: Micros,
    ) -> Result<Firing, Refusal> {
        let first = self.first_firing(id, spec, after).map_err(Refusal::Unschedulable)?;
        first.ok_or(match &spec.trigger {
            Trigger::Date(date) => Refusal::Past { at: date.at, now: now.wall },
            Trigger::Interval(_)
            | Trigger::Cron(_)
            | Trigger::Daily(_)
            | Trigger::Weekly(_)
            | Trigger::Monthly(_)
            | Trigger::Boot(_) => Refusal::NeverFires { now: now.wall },
        })
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one request")]
    pub(super) fn update(
        &mut self,
        now: Now,
        id: JobId,
        row: Option<Box<Job>>,
        mut spec: JobSpec,
        context: Context,
        paused: Option<bool>,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        self.fetch(id, row)?;
        let known = self.check_target(&spec, self.window.job(id));
        let free = |()| {
            self.check_equipment(id, &spec)?;
            self.check_command(id, &spec)
        };
        if let Err(refusal) = known.and_then(free) {
            self.release(id);
            return Err(refusal);
        }
        bind(&mut spec);
        let Some(job) = self.window.job(id) else { return Err(Refusal::NoSuchJob(id)) };
        let was = job.state.paused;
        let paused = paused.unwrap_or(was);
        let same = job.spec.trigger == spec.trigger && job.spec.bounds == spec.bounds;
        let elsewhere = job.spec.target != spec.target;
        spec.created_at = job.spec.created_at;
        spec.created_by = job.spec.created_by.clone();
        // A schedule that stays goes on where it is, also when it has ended.
        let first = if same && paused == was {
            None
        } else if paused {
            Some(None)
        } else {
            // The beginning of an interval that is not new has been planned already. Whether a new
            // date is in the past was judged when it was asked for: what passes on the way does
            // not count, so that a job can be told to run now.
            let is_new = job.spec.trigger != spec.trigger;
            let after = if is_new { beginning(now, &spec.trigger, true) } else { just_before(now) };
            let first = self.first_of_new(now, id, &spec, after);
            match first {
                Ok(_) if is_spent(&spec, &job.state) => {
                    self.release(id);
                    return Err(Refusal::NeverFires { now: now.wall });
                }
                Ok(first) => Some(Some(first)),
                Err(refusal) => {
                    self.release(id);
                    return Err(refusal);
                }
            }
        };
        store_context(context, out);
        if first.is_some() {
            self.withdraw_due(now, id, "the job was changed", out);
        } else if elsewhere {
            // What waits for a slot here waits for none there: it is decided anew.
            self.withdraw(id);
        }
        if let Some(job) = self.window.job_mut(id) {
            job.spec = Arc::new(spec);
            job.state.paused = paused;
            if let Some(first) = first {
                job.state.set_next(first);
            }
        }
        self.realign(id);
        // It may run on more nodes at once now.
        self.wake(&[Gate::Job(id)]);
        self.show_status(id, None);
        Ok(self.replaced(id, first.is_some() || elsewhere, out))
    }

    pub(super) fn pause(
        &mut self,
        now: Now,
        id: JobId,
        row: Option<Box<Job>>,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        self.fetch(id, row)?;
        let Some(job) = self.window.job(id) else { return Err(Refusal::NoSuchJob(id)) };
        if job.state.paused {
            return Ok(self.unchanged(id));
        }
        if job.state.next_due.is_none() {
            let status = job.state.status.name();
            self.release(id);
            return Err(Refusal::AlreadyEnded { job: id, status });
        }
        self.withdraw_due(now, id, "the job was paused", out);
        if let Some(job) = self.window.job_mut(id) {
            job.state.paused = true;
            job.state.set_next(None);
        }
        self.show_status(id, None);
        Ok(self.replaced(id, true, out))
    }

    pub(super) fn resume(
        &mut self,
        now: Now,
        id: JobId,
        row: Option<Box<Job>>,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        self.fetch(id, row)?;
        let Some(job) = self.window.job(id) else { return Err(Refusal::NoSuchJob(id)) };
        if !job.state.paused {
            if job.state.status.is_final() && job.state.next_due.is_none() {
                let status = job.state.status.name();
                self.release(id);
                return Err(Refusal::AlreadyEnded { job: id, status });
            }
            return Ok(self.unchanged(id));
        }
        if is_spent(&job.spec, &job.state) {
            self.release(id);
            return Err(Refusal::NeverFires { now: now.wall });
        }
        let first = match (&job.spec.trigger, self.first_firing(id, &job.spec, now.wall)) {
            (Trigger::Date(date), Ok(None)) => Err(date.at),
            (_, Ok(Some(first))) => Ok(first),
            (_, Ok(None)) => {
                self.release(id);
                return Err(Refusal::NeverFires { now: now.wall });
            }
            (_, Err(why)) => {
                self.release(id);
                return Err(Refusal::Unschedulable(why));
            }
        };
        if let Some(job) = self.window.job_mut(id) {
            job.state.paused = false;
            job.state.set_next(first.ok());
        }
        if let Err(planned) = first {
            self.record_slept_through(now, id, planned, out);
        }
        self.show_status(id, first.is_err().then_some(ExecutionStatus::Skipped));
        Ok(self.replaced(id, true, out))
    }

    /// The time of a one-off that passed while it was paused.
    fn record_slept_through(&mut self, now: Now, id: JobId, planned: Micros, out: &mut Outcome) {
        let Some(job) = self.window.job_mut(id) else { return };
        job.state.fanned = job.fans_out_next();
        job.state.executions = job.state.executions.saturating_add(1);
        job.state.retries = 0;
        job.state.planned = job.state.planned.saturating_add(1);
        let id = ExecutionId { job: id, n: job.state.executions };
        self.ends_as(id, ExecutionStatus::Skipped);
        out.changes.push(Change::ExecutionRecorded(Box::new(Execution {
            status: ExecutionStatus::Skipped,
            ended: Some(now.wall),
            error: Some("skipped: its time passed while it was paused".to_owned()),
            ..Execution::new(id, Cause::Scheduled, planned)
        })));
    }

    pub(super) fn delete(
        &mut self,
        now: Now,
        id: JobId,
        row: Option<Box<Job>>,
        history: bool,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        self.fetch(id, row)?;
        let runs: Vec<(ExecutionId, Phase)> =
            self.runs_of(id).map(|run| (run.execution.id, run.phase)).collect();
        if history && !runs.is_empty() {
            return Err(Refusal::StillRunning(id));
        }
        self.withdraw(id);
        if let Some(job) = self.window.job_mut(id) {
            job.state.paused = false;
            job.state.set_next(None);
            job.state.deleted = true;
        }
        out.changes.push(Change::JobDeleted { job: id, history });
        for (execution, phase) in runs {
            self.end_run(now, execution, phase, out);
        }
        self.release(id);
        Ok(Reply::Deleted)
    }

    /// The answer to a request that has changed a job.
    fn replaced(&mut self, id: JobId, moved: bool, out: &mut Outcome) -> Reply {
        let Some(job) = self.window.job(id).cloned() else {
            return Reply::Refused(Refusal::NoSuchJob(id));
        };
        out.changes.push(Change::JobReplaced(Box::new(job.clone())));
        if moved {
            self.requeue(id);
        } else {
            self.release(id);
        }
        Reply::Updated(Box::new(job))
    }

    /// The answer to a request that changes nothing.
    fn unchanged(&mut self, id: JobId) -> Reply {
        let job = self.window.job(id).cloned();
        self.release(id);
        job.map_or(Reply::Refused(Refusal::NoSuchJob(id)), |job| Reply::Updated(Box::new(job)))
    }
}

/// A command to an outstation has policies of its own.
fn bind(spec: &mut JobSpec) {
    if spec.target.outstation().is_some() {
        expiry::bind(&mut spec.policies);
    }
}

/// After which instant the first firing of a trigger that is accepted now lies.
fn beginning(now: Now, trigger: &Trigger, immediate: bool) -> Micros {
    match trigger {
        Trigger::Date(_) if immediate => Micros(i64::MIN),
        Trigger::Interval(interval) if now.wall.since(interval.first) <= ON_THE_WAY => {
            just_before(now).min(Micros(interval.first.0.saturating_sub(1)))
        }
        Trigger::Date(_)
        | Trigger::Interval(_)
        | Trigger::Cron(_)
        | Trigger::Daily(_)
        | Trigger::Weekly(_)
        | Trigger::Monthly(_)
        | Trigger::Boot(_) => just_before(now),
    }
}

/// Whether its schedule has led to as many runs as it may.
fn is_spent(spec: &JobSpec, state: &JobState) -> bool {
    spec.bounds.max_executions.is_some_and(|most| state.fired >= most)
}

/// A tick before now, so that a time of exactly now is still to come.
fn just_before(now: Now) -> Micros {
    Micros(now.wall.0.saturating_sub(1))
}

fn store_context(context: Context, out: &mut Outcome) {
    out.changes.extend(context.map(|(hash, context)| Change::ContextStored { hash, context }));
}
