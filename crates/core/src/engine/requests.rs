//! Requests: what people and programs ask for, answered with what was made durable.

use std::sync::Arc;

use super::runs::{Phase, Run};
use super::{Change, Engine, Outcome, Refusal, Reply, Request, Scope};
use crate::model::{
    Cause, ContextHash, ExecutionId, ExecutionStatus, Job, JobId, JobSpec, JobState, Micros, Now,
    Reason, ShellContext,
};

impl Engine {
    pub(super) fn on_request(&mut self, now: Now, request: Request, out: &mut Outcome) {
        let reply = match request {
            Request::Create { spec, context, immediate } => {
                self.create(now, *spec, context, immediate, out)
            }
            Request::Cancel { job, row } => self.cancel(now, job, row, out),
            Request::CancelExecution { execution, row } => {
                self.cancel_execution(now, execution, row, out)
            }
            Request::RunNow { job, row } => self.run_now(now, job, row, out),
        };
        out.reply = Some(reply.unwrap_or_else(Reply::Refused));
    }

    fn create(
        &mut self,
        now: Now,
        mut spec: JobSpec,
        context: Option<(ContextHash, ShellContext)>,
        immediate: bool,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        if self.is_draining() {
            return Err(Refusal::ShuttingDown);
        }
        // A tick before now, so that a time of exactly now is still to come.
        let just_before = Micros(now.wall.0.saturating_sub(1));
        let next_due = if immediate {
            spec.trigger.next(Micros(i64::MIN))
        } else {
            spec.trigger.next(just_before)
        };
        if next_due.is_none() {
            let at = spec.trigger.next(Micros(i64::MIN)).unwrap_or_default();
            return Err(Refusal::Past { at, now: now.wall });
        }
        self.last_job = self.last_job.saturating_add(1);
        spec.created_at = now.wall;
        let state =
            JobState { status: ExecutionStatus::Pending, next_due, executions: 0, retries: 0 };
        let job = Job { id: JobId(self.last_job), spec: Arc::new(spec), state };
        out.changes.extend(context.map(|(hash, context)| Change::ContextStored { hash, context }));
        out.changes.push(Change::JobCreated(Box::new(job.clone())));
        self.window.admit(job.clone(), &self.scope);
        Ok(Reply::Created(Box::new(job)))
    }

    fn cancel(
        &mut self,
        now: Now,
        id: JobId,
        row: Option<Box<Job>>,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        let job = self.window.job(id).cloned().or(row.map(|row| *row));
        let mut job = job.ok_or(Refusal::NoSuchJob(id))?;
        let all = ExecutionId { job: id, n: 0 }..=ExecutionId { job: id, n: u32::MAX };
        let runs: Vec<_> = self.runs.range(all).map(|(id, run)| (*id, run.phase)).collect();
        if job.state.next_due.is_none() && runs.is_empty() {
            return Err(Refusal::AlreadyEnded { job: id, status: job.state.status.name() });
        }
        if let Some(due) = job.state.next_due.take() {
            self.window.withdraw(id);
            self.ready.remove(&(due, id));
            self.gated.remove(&(due, id));
            if runs.is_empty() {
                job.state.status = ExecutionStatus::Cancelled;
            }
            out.changes.push(Change::JobUpdated { job: id, state: job.state.clone() });
            if let Some(held) = self.window.job_mut(id) {
                held.state = job.state;
            }
            self.window.release_if(id, runs.is_empty());
        }
        let mut reply = Reply::Cancelled;
        for (execution, phase) in runs {
            let one = self.end_run(now, execution, phase, out);
            reply = if one == Reply::Cancelled { reply } else { one };
        }
        Ok(reply)
    }

    fn cancel_execution(
        &mut self,
        now: Now,
        id: ExecutionId,
        row: Option<Box<Job>>,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        match self.runs.get(&id).map(|run| run.phase) {
            Some(phase) => Ok(self.end_run(now, id, phase, out)),
            None if row.is_some_and(|job| (1..=job.state.executions).contains(&id.n)) => {
                Err(Refusal::NotRunning(id))
            }
            None => Err(Refusal::NoSuchExecution(id)),
        }
    }

    /// Ends a run, whatever it is doing.
    fn end_run(&mut self, now: Now, id: ExecutionId, phase: Phase, out: &mut Outcome) -> Reply {
        match phase {
            Phase::Waiting | Phase::BackingOff => {
                self.cancel_waiting(now, id, out);
                Reply::Cancelled
            }
            Phase::Running { .. } => {
                self.stop(now, id, Reason::Cancel, out);
                Reply::Ending(id)
            }
            Phase::Surviving => {
                if let Some(run) = self.runs.get_mut(&id) {
                    run.execution.stop = Some(Reason::Cancel);
                    let execution = Box::new(run.execution.clone());
                    out.changes.push(Change::ExecutionRecorded(execution));
                }
                Reply::Ending(id)
            }
        }
    }

    fn run_now(
        &mut self,
        now: Now,
        id: JobId,
        row: Option<Box<Job>>,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        if self.is_draining() {
            return Err(Refusal::ShuttingDown);
        }
        if let Some(run) = self.run_of(id) {
            return Err(Refusal::AlreadyRunning { job: id, execution: run.execution.id });
        }
        let in_memory = self.window.job(id).is_some();
        match row {
            Some(row) if !in_memory => self.window.hold(*row),
            None if !in_memory => return Err(Refusal::NoSuchJob(id)),
            _ => {}
        }
        if !self.scope.covers(id) {
            self.window.release(id);
            return Err(Refusal::NoDaemon);
        }
        let execution = self
            .create_execution(id, now.wall, Cause::Manual, false)
            .ok_or(Refusal::NoSuchJob(id))?;
        let name = execution.id;
        out.changes.push(Change::ExecutionRecorded(Box::new(execution.clone())));
        if let Some(job) = self.window.job(id) {
            out.changes.push(Change::JobUpdated { job: id, state: job.state.clone() });
        }
        self.place(Run { execution, phase: Phase::Waiting });
        Ok(Reply::Running(name))
    }

    /// Carries out a job besides those the scope covers, from now on.
    pub fn adopt(&mut self, job: Job) {
        if let Scope::Only(jobs) = &mut self.scope {
            jobs.insert(job.id);
            self.window.admit(job, &self.scope);
        }
    }
}
