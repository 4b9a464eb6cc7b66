//! Requests: what people and programs ask for, answered with what was made durable.

use super::firings::Asked;
use super::runs::Phase;
use super::{Change, Engine, Outcome, Refusal, Reply, Request, Scope};
use crate::model::{ExecutionId, ExecutionStatus, Job, JobId, Now, Reason, Target, Trigger};
use crate::policy::conflict::{Verdict, Why};

impl Engine {
    pub(super) fn on_request(&mut self, now: Now, request: Request, out: &mut Outcome) {
        let reply = match request {
            Request::Create { spec, context, immediate, paused } => {
                self.create(now, *spec, context, immediate, paused, out)
            }
            Request::Update { job, row, spec, context, paused } => {
                self.update(now, job, row, *spec, context, paused, out)
            }
            Request::Delete { job, row, history } => self.delete(now, job, row, history, out),
            Request::Pause { job, row } => self.pause(now, job, row, out),
            Request::Resume { job, row } => self.resume(now, job, row, out),
            Request::Cancel { job, row } => self.cancel(now, job, row, out),
            Request::CancelExecution { execution, row } => {
                self.cancel_execution(now, execution, row, out)
            }
            Request::RunNow { job, row } => self.run_now(now, job, row, out),
            Request::Acknowledge { alarm, by, note, row } => {
                self.acknowledge(now, alarm, by, note, row, out)
            }
            Request::Clear { alarm, row } => self.clear(now, alarm, row, out),
            Request::RaiseAlarm { topic, severity, message } => {
                Ok(self.raise_own(now, topic, severity, message, out))
            }
            Request::ClearTopic { topic } => self.clear_topic(now, topic, out),
            Request::Forget { executions } => Ok(self.forget(&executions, out)),
            Request::KeepNodes { nodes, change } => self.keep_nodes(now, nodes, change, out),
            Request::RemoveNodes { names } => self.remove_nodes(&names, out),
            Request::Keep { record, expect, there } => self.keep_record(record, expect, there, out),
            Request::Remove { kind, key, there } => self.remove_record(kind, key, there, out),
            Request::KeepToken(token) => {
                out.changes.push(Change::TokenRecorded(token));
                Ok(Reply::TokenKept)
            }
        };
        out.reply = Some(reply.unwrap_or_else(Reply::Refused));
    }

    fn cancel(
        &mut self,
        now: Now,
        id: JobId,
        row: Option<Box<Job>>,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        self.fetch(id, row)?;
        let runs: Vec<_> = self.runs_of(id).map(|run| (run.execution.id, run.phase)).collect();
        let Some(job) = self.window.job_mut(id) else { return Err(Refusal::NoSuchJob(id)) };
        let state = &mut job.state;
        if state.next_due.is_none() && !state.paused && runs.is_empty() {
            let status = state.status.name();
            self.release(id);
            return Err(Refusal::AlreadyEnded { job: id, status });
        }
        if state.next_due.is_some() || state.paused {
            self.withdraw_due(now, id, "the job was cancelled", out);
            if let Some(job) = self.window.job_mut(id) {
                job.state.paused = false;
                job.state.set_next(None);
            }
            self.show_status(id, Some(ExecutionStatus::Cancelled));
            self.record_job(id, out);
        }
        let mut reply = Reply::Cancelled;
        for (execution, phase) in runs {
            let one = self.end_run(now, execution, phase, out);
            reply = if one == Reply::Cancelled { reply } else { one };
        }
        self.release(id);
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
    pub(super) fn end_run(
        &mut self,
        now: Now,
        id: ExecutionId,
        phase: Phase,
        out: &mut Outcome,
    ) -> Reply {
        match phase {
            Phase::Queued | Phase::Waiting | Phase::BackingOff => {
                self.cancel_waiting(now, id, "cancelled before its next attempt", out);
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
        self.fetch(id, row)?;
        if !self.scope.covers(id) {
            self.release(id);
            return Err(Refusal::NoDaemon);
        }
        if let Some(Target::Nodes(set)) = self.window.job(id).map(|job| job.spec.target.clone()) {
            return self.run_now_on(now, id, &set, out);
        }
        let asked = Asked::ByHand(now.wall);
        let name = match self.conflict_of(id, None) {
            Verdict::Start => self.line_up(id, asked, Phase::Waiting, out),
            Verdict::Wait => self.line_up(id, asked, Phase::Queued, out),
            Verdict::Displace => self.displace_by(now, id, asked, out),
            Verdict::Skip(why) => {
                let refusal = self.in_the_way(id, None, why);
                self.release(id);
                return Err(refusal);
            }
        };
        name.map(Reply::Running).ok_or(Refusal::NoSuchJob(id))
    }

    /// Why a run by hand is refused.
    pub(super) fn in_the_way(&self, id: JobId, node: Option<&str>, why: Why) -> Refusal {
        if let Why::LineFull(_) = why {
            return Refusal::LineFull(self.skip_sentence(id, node, why));
        }
        let Some(job) = self.window.job(id) else { return Refusal::NoSuchJob(id) };
        let lane = self.lane_of(job, node);
        let by = self.lines.active(&lane).into_iter().chain(self.lines.waiting(&lane)).next();
        match (by, &job.spec.policies.conflict_key) {
            (Some(execution), Some(key)) if execution.job != id => {
                Refusal::KeyInUse { key: key.clone(), execution }
            }
            (Some(execution), _) => Refusal::AlreadyRunning { job: id, execution },
            (None, _) => Refusal::LineFull(self.skip_sentence(id, node, why)),
        }
    }

    /// Holds a job in memory, from its row if need be; [`Self::release`] lets go of it.
    pub(super) fn fetch(&mut self, id: JobId, row: Option<Box<Job>>) -> Result<(), Refusal> {
        if let Some(row) = row {
            self.window.hold(*row);
        }
        match self.window.job(id) {
            Some(job) if !job.state.deleted => Ok(()),
            Some(_) => {
                self.release(id);
                Err(Refusal::NoSuchJob(id))
            }
            None => Err(Refusal::NoSuchJob(id)),
        }
    }

    /// Takes a job out of all that makes it fire.
    pub(super) fn withdraw(&mut self, id: JobId) {
        self.window.withdraw(id);
        if let Some(due) = self.window.job(id).and_then(|job| job.state.next_due) {
            self.ready.remove(&(due, id));
            self.gated.remove(&(due, id));
        }
    }

    /// Takes a job whose schedule changes out of all that makes it fire. What has come due and waits
    /// for a slot or for the load is accounted for; a one-off accounts for itself.
    pub(super) fn withdraw_due(&mut self, now: Now, id: JobId, why: &str, out: &mut Outcome) {
        let key = self.window.job(id).and_then(|job| Some((job.state.next_due?, id)));
        // Where the clock was set back in this round, what waited is still to come.
        let key = key.filter(|(due, _)| *due <= now.wall);
        let waits = key.is_some_and(|key| self.ready.contains(&key) || self.gated.contains(&key));
        self.withdraw(id);
        let recurs = |job: &&Job| !matches!(job.spec.trigger, Trigger::Date(_));
        let Some(job) = self.window.job(id).filter(recurs).filter(|_| waits) else { return };
        if let Ok(Some(batch)) = self.batch(now, job, true, true) {
            let why = format!("skipped: {why} while it waited to start");
            self.record_unrun(now, id, batch, ExecutionStatus::Skipped, why, out);
        }
    }

    /// Carries out a job besides those the scope covers, from now on.
    pub fn adopt(&mut self, job: Job) {
        if let Scope::Only(jobs) = &mut self.scope {
            jobs.insert(job.id);
            self.window.admit(job, &self.scope);
        }
    }
}
