//! Firings: what becomes of the planned instants that have come.
//!
//! ```text
//!                          too late for the grace ──▶ missed (one row for all in a row)
//!  firings due by now ──┤
//!                          in time ──▶ combined, or the first ──▶ conflict ──▶ run │ wait
//!                                                                    └──▶ skipped (likewise)
//! ```
//! A firing stays the job's next one until its outcome is recorded: a crash before that decides anew.

use super::outstations::AtOutstation;
use super::planned::Batch;
use super::runs::{Phase, Run};
use super::{Change, Effect, Engine, Note, Outcome};
use crate::model::{
    Cause, Execution, ExecutionId, ExecutionStatus, Fanned, Job, JobId, Micros, Now, Reason, Target,
};
use crate::policy::conflict::{self, Verdict as Conflict};

/// What asks for an execution.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    Firings(Batch),
    ByHand(Micros),
}

/// What came of a look at a job's due firings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decided {
    /// One may start, and is to wait for a slot, or for its condition.
    pub(super) starts: bool,
    /// How many executions were recorded.
    pub(super) rows: usize,
    /// How many firings were looked at.
    pub(super) firings: u32,
}

impl Decided {
    pub(super) const NOTHING: Self = Self { starts: false, rows: 1, firings: 0 };
}

impl Engine {
    /// Decides what becomes of a job's due firings. On this machine, one that may start does so if
    /// there is a slot for it (`slot`); on nodes, each execution waits for its own.
    pub(super) fn decide(&mut self, now: Now, id: JobId, slot: bool, out: &mut Outcome) -> Decided {
        let Some(job) = self.window.job(id) else { return Decided::NOTHING };
        if let Target::Nodes(set) = &job.spec.target {
            let set = set.clone();
            return self.decide_on(now, id, &set, slot, out);
        }
        let verdict = self.conflict_of(id, None);
        // What is skipped is skipped at one moment: a row for each of a day's firings that come up
        // together would hold up the other jobs.
        let combined = job.spec.policies.coalesce || matches!(verdict, Conflict::Skip(_));
        // One at an outstation waits as an execution, with its expiry, unless it has a condition.
        let at_outstation = job.spec.target.outstation().is_some();
        let waits = at_outstation && (slot || job.spec.policies.condition.is_none());
        let Some(batch) = self.due_batch(now, id, slot && !at_outstation, combined, out) else {
            return Decided::NOTHING;
        };
        if batch.missed.is_some() {
            self.record_missed(now, id, batch, out);
        } else {
            match verdict {
                Conflict::Start if waits => {
                    self.line_up(id, Asked::Firings(batch), Phase::Waiting, out);
                }
                Conflict::Start if !slot => {
                    return Decided { starts: true, rows: 0, firings: batch.count };
                }
                Conflict::Start => self.begin(now, id, batch, out),
                Conflict::Wait => {
                    self.line_up(id, Asked::Firings(batch), Phase::Queued, out);
                }
                Conflict::Displace => {
                    self.displace_by(now, id, Asked::Firings(batch), out);
                }
                Conflict::Skip(why) => {
                    let why = self.skip_sentence(id, None, why);
                    self.record_unrun(now, id, batch, ExecutionStatus::Skipped, why, out);
                }
            }
        }
        self.requeue(id);
        Decided { starts: false, rows: 1, firings: batch.count }
    }

    /// A job's due firings with one outcome, if there are any. A job that cannot be evaluated any
    /// more is given up.
    pub(super) fn due_batch(
        &mut self,
        now: Now,
        id: JobId,
        in_time: bool,
        combined: bool,
        out: &mut Outcome,
    ) -> Option<Batch> {
        let batch = self.batch(now, self.window.job(id)?, in_time, combined);
        batch.unwrap_or_else(|why| {
            self.give_up(id, why, out);
            None
        })
    }

    /// Records firings that came up too late.
    pub(super) fn record_missed(&mut self, now: Now, id: JobId, batch: Batch, out: &mut Outcome) {
        let (first, late) = (batch.first, batch.missed.unwrap_or_default());
        let late = crate::when::print_duration(late);
        let why = if self.window.job(id).is_some_and(|job| job.spec.target.outstation().is_some()) {
            format!(
                "missed: it was planned for {first}, and a command that is {late} late is not sent \
                 any more; nothing was sent"
            )
        } else {
            format!(
                "missed: the station could not run it at {first}, and {late} late is more than its \
                 grace allows"
            )
        };
        self.record_unrun(now, id, batch, ExecutionStatus::Missed, why, out);
    }

    /// What its policy says to a further run of a job there at this moment.
    pub(super) fn conflict_of(&self, id: JobId, node: Option<&str>) -> Conflict {
        let Some(job) = self.window.job(id) else { return Conflict::Start };
        let (active, waiting) = self.lines.counts(&self.lane_of(job, node));
        conflict::judge(&job.spec.policies, active, waiting)
    }

    /// A firing that waits, durably: behind the runs it conflicts with, or for a slot.
    pub(super) fn line_up(
        &mut self,
        id: JobId,
        asked: Asked,
        phase: Phase,
        out: &mut Outcome,
    ) -> Option<ExecutionId> {
        let execution = self.create_execution(id, asked)?;
        let name = execution.id;
        out.changes.push(Change::ExecutionRecorded(Box::new(execution.clone())));
        self.place_new(execution, phase);
        self.show_status(id, None);
        self.record_job(id, out);
        Some(name)
    }

    /// A firing that waits for what it takes the place of to end. It lines up first, since its job
    /// is kept in memory by its runs alone.
    pub(super) fn displace_by(
        &mut self,
        now: Now,
        id: JobId,
        asked: Asked,
        out: &mut Outcome,
    ) -> Option<ExecutionId> {
        let newest = self.line_up(id, asked, Phase::Queued, out)?;
        self.make_way(now, newest, out);
        // What waited for a slot has left the lane, and nothing else would bring the next look at it.
        self.release_lines();
        Some(newest)
    }

    /// Ends what a newer firing takes the place of: the active runs of its lane, and what its job
    /// had waiting there.
    pub(super) fn make_way(&mut self, now: Now, newest: ExecutionId, out: &mut Outcome) {
        let id = newest.job;
        let Some(lane) = self.runs.get(&newest).map(|run| run.lane.clone()) else { return };
        let older = |run: &ExecutionId| run.job == id && *run != newest;
        for run in self.lines.waiting(&lane).into_iter().filter(older) {
            self.skip_waiting(now, run, out);
        }
        for run in self.lines.active(&lane) {
            match self.runs.get(&run).map(|run| run.phase) {
                Some(Phase::Running { .. }) => self.stop(now, run, Reason::Replaced, out),
                Some(Phase::Waiting | Phase::BackingOff) => {
                    let why = "cancelled: a newer firing took its place";
                    self.cancel_waiting(now, run, why, out);
                }
                Some(Phase::Queued | Phase::Surviving) | None => {}
            }
        }
    }

    /// Lets those in line start whose lanes have become free.
    pub(super) fn release_lines(&mut self) {
        for lane in self.lines.take_freed() {
            while let Some((planned, id)) = self.lines.first(&lane) {
                let Some(job) = self.window.job(id.job) else { break };
                let (active, _) = self.lines.counts(&lane);
                if !conflict::admits(&job.spec.policies, active) {
                    break;
                }
                let Some(mut run) = self.displace(id) else {
                    self.lines.leave(&lane, (planned, id));
                    continue;
                };
                run.phase = Phase::Waiting;
                self.place(run);
            }
        }
    }

    /// Records firings that are not carried out.
    pub(super) fn record_unrun(
        &mut self,
        now: Now,
        id: JobId,
        batch: Batch,
        status: ExecutionStatus,
        why: String,
        out: &mut Outcome,
    ) {
        let Some(mut execution) = self.new_execution(id, Asked::Firings(batch), false) else {
            return;
        };
        execution.error = Some(why);
        let shown = self.record_ended(now, execution, status, out);
        self.show_status(id, Some(shown));
        self.record_job(id, out);
    }

    /// A job that cannot be evaluated any more: its time zone is gone, say.
    fn give_up(&mut self, id: JobId, why: String, out: &mut Outcome) {
        self.window.withdraw(id);
        if let Some(job) = self.window.job_mut(id) {
            job.state.next_due = None;
            job.state.nominal = None;
        }
        self.record_job(id, out);
        out.effects.push(Effect::Note(Note::Unschedulable(id, why)));
        self.release(id);
    }

    /// A new execution that is to be carried out, of a job that is in memory; not yet recorded.
    pub(super) fn create_execution(&mut self, id: JobId, asked: Asked) -> Option<Execution> {
        self.new_execution(id, asked, true)
    }

    /// A new execution of a job that is in memory, which accounts for what asks for it; `runs`: of
    /// a firing that is carried out.
    pub(super) fn new_execution(
        &mut self,
        id: JobId,
        asked: Asked,
        runs: bool,
    ) -> Option<Execution> {
        let job = self.window.job_mut(id)?;
        let fanned = job.fans_out_next();
        let state = &mut job.state;
        state.executions = state.executions.saturating_add(1);
        state.retries = 0;
        state.fanned = fanned;
        let (cause, planned, firings, first) = match asked {
            Asked::ByHand(at) => (Cause::Manual, at, 0, None),
            Asked::Firings(batch) => {
                state.planned = state.planned.saturating_add(batch.count.into());
                if runs {
                    state.fired = state.fired.saturating_add(1);
                }
                let done = job.spec.bounds.max_executions.is_some_and(|most| state.fired >= most);
                state.set_next(batch.next.filter(|_| !done));
                let first = (batch.count > 1).then_some(batch.first);
                (Cause::Scheduled, batch.last, batch.count, first)
            }
        };
        let id = ExecutionId { job: id, n: state.executions };
        Some(Execution { firings, first_planned: first, ..Execution::new(id, cause, planned) })
    }

    /// One more execution of the firing that this one accounts for.
    pub(super) fn further_execution(&mut self, first: &Execution) -> Option<Execution> {
        let state = &mut self.window.job_mut(first.id.job)?.state;
        state.executions = state.executions.saturating_add(1);
        let id = ExecutionId { n: state.executions, ..first.id };
        Some(Execution { firings: 0, ..Execution::new(id, first.cause, first.planned) })
    }

    /// Carries out a job's firings: creates their execution and starts it, or has it wait for its
    /// equipment.
    fn begin(&mut self, now: Now, id: JobId, batch: Batch, out: &mut Outcome) {
        let Some(execution) = self.create_execution(id, Asked::Firings(batch)) else { return };
        let (name, planned) = (execution.id, execution.planned);
        self.place_new(execution.clone(), Phase::Waiting);
        if self.is_parked((planned, name)) {
            out.changes.push(Change::ExecutionRecorded(Box::new(execution)));
            self.show_status(id, None);
            self.record_job(id, out);
        } else {
            self.next_attempt(now, name, out);
        }
    }

    /// Puts a run into its phase for the first time.
    pub(super) fn place_new(&mut self, execution: Execution, phase: Phase) {
        if let Some(job) = self.window.job(execution.id.job) {
            let lane = self.lane_of(job, execution.node.as_deref());
            let equipment = job.spec.target.equipment().to_vec();
            let outstation = AtOutstation::of(job, &execution, self.clock.last());
            self.place(Run { execution, phase, lane, equipment, outstation });
        }
    }

    /// Puts a job whose next firing has changed into the order of due jobs, or forgets it.
    pub(super) fn requeue(&mut self, id: JobId) {
        let Some(due) = self.window.job(id).map(|job| job.state.next_due) else { return };
        if let Some(due) = due.filter(|_| self.scope.covers(id)) {
            self.window.put_back((due, id));
        }
        self.release(id);
    }

    /// Records a job's state as it is now.
    pub(super) fn record_job(&self, id: JobId, out: &mut Outcome) {
        if let Some(job) = self.window.job(id) {
            out.changes.push(Change::JobUpdated { job: id, state: job.state.clone() });
        }
    }

    /// Sets a job's status by what it does; `ended`: how its latest execution has ended, or its
    /// latest firing on nodes.
    pub(super) fn show_status(&mut self, id: JobId, ended: Option<ExecutionStatus>) {
        let live = self.counts.get(&id).map(|runs| match runs.begun {
            0 => ExecutionStatus::Pending,
            _ => ExecutionStatus::Running,
        });
        let Some(job) = self.window.job_mut(id) else { return };
        let to_come = job.state.next_due.is_some() || job.state.paused;
        let pending = to_come.then_some(ExecutionStatus::Pending);
        if let Some(status) = live.or(pending).or(ended) {
            job.state.status = status;
        }
    }
}

impl Job {
    /// What is known of its next firing, if that is on nodes.
    pub(super) fn fans_out_next(&self) -> Option<Fanned> {
        let first = self.state.executions.saturating_add(1);
        matches!(self.spec.target, Target::Nodes(_)).then_some(Fanned { first, worst: None })
    }
}
