//! Firings: which planned instants have come, what becomes of each, and when the job fires next.
//!
//! ```text
//!                          too late for the grace ──▶ missed (one row for all in a row)
//!  firings due by now ──┤
//!                          in time ──▶ combined, or the first ──▶ conflict ──▶ run │ wait
//!                                                                    └──▶ skipped (likewise)
//! ```
//! A firing stays the job's next one until its outcome is recorded: a crash before that decides anew.

use super::runs::{Phase, Run};
use super::{Change, Effect, Engine, Note, Outcome};
use crate::model::{
    BootTrigger, Cause, Execution, ExecutionId, ExecutionStatus, Job, JobId, JobSpec, JobState,
    Micros, Now, Reason, Trigger,
};
use crate::policy::conflict::{self, Verdict as Conflict};
use crate::policy::misfire::{self, Verdict};
use crate::trigger::Schedule;

/// How many firings of a job are accounted for by one row: more make several rows, in rounds of
/// bounded length.
const AT_ONCE: u32 = 100_000;

/// A firing: when it is due, and the instant the trigger names for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Firing {
    pub(super) due: Micros,
    pub(super) nominal: Micros,
}

impl Firing {
    /// That of a job that waits for the machine to be started.
    pub(super) const AWAITED: Self =
        Self { due: BootTrigger::AWAITED, nominal: BootTrigger::AWAITED };
}

/// Firings in a row that have one outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub(super) first: Micros,
    pub(super) last: Micros,
    pub(super) count: u32,
    /// By how much the first of them is too late.
    missed: Option<std::time::Duration>,
    /// The firing after them.
    next: Option<Firing>,
}

/// What asks for an execution.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    Firings(Batch),
    ByHand(Micros),
}

impl Engine {
    /// The first firing of a job after an instant.
    pub(super) fn first_firing(
        &self,
        id: JobId,
        spec: &JobSpec,
        after: Micros,
    ) -> Result<Option<Firing>, String> {
        if let Trigger::Boot(_) = &spec.trigger {
            return Ok(Some(Firing::AWAITED));
        }
        // Its zone is only for show, unless days are excluded: it need not be known.
        if let Trigger::Date(date) = &spec.trigger
            && spec.bounds.is_none()
        {
            let at = Some(date.at).filter(|at| *at > after);
            return Ok(at.map(|at| put_off(id, spec, at)));
        }
        let schedule = Schedule::compile(&spec.trigger, &spec.bounds, &self.zones)
            .map_err(|error| error.to_string())?;
        Ok(schedule.next(after).map(|nominal| put_off(id, spec, nominal)))
    }

    /// Judges the firings of a job that are due by now, from its next one on; one that has waited
    /// for a slot was `in_time`, whatever the clock has done since. All with one outcome are taken
    /// together if they are missed, or `combined`.
    pub(super) fn batch(
        &self,
        now: Now,
        job: &Job,
        in_time: bool,
        combined: bool,
    ) -> Result<Option<Batch>, String> {
        let Some(due) = job.state.next_due else { return Ok(None) };
        let spec = &*job.spec;
        let mut firing = Firing { due, nominal: job.state.nominal.unwrap_or(due) };
        // A time that had passed when the job was accepted was not missed.
        let judge = |firing: &Firing| {
            let since = firing.due.max(spec.created_at);
            misfire::judge(since, self.clock.up_since(), spec.policies.grace)
        };
        let missed = match judge(&firing) {
            Verdict::Missed(late) if !in_time => Some(late),
            Verdict::Missed(_) | Verdict::Run => None,
        };
        let mut batch = Batch { first: due, last: due, count: 1, missed, next: None };
        let schedule = match &spec.trigger {
            Trigger::Date(_) => return Ok(Some(batch)),
            // Its grid goes through the last firing: a step of the clock may have shifted it.
            Trigger::Interval(interval) => {
                let mut interval = interval.clone();
                interval.first = firing.nominal;
                Schedule::compile(&Trigger::Interval(interval), &spec.bounds, &self.zones)
            }
            Trigger::Boot(_) => {
                batch.next = Some(Firing::AWAITED);
                return Ok(Some(batch));
            }
            Trigger::Cron(_) | Trigger::Daily(_) | Trigger::Weekly(_) | Trigger::Monthly(_) => {
                Schedule::compile(&spec.trigger, &spec.bounds, &self.zones)
            }
        }
        .map_err(|error| error.to_string())?;
        let several = missed.is_some() || combined;
        loop {
            batch.next = schedule.next(firing.nominal).map(|nominal| {
                let mut next = put_off(job.id, spec, nominal);
                // However it is put off, no firing overtakes the one before.
                next.due = next.due.max(Micros(firing.due.0.saturating_add(1)));
                next
            });
            match batch.next {
                Some(next)
                    if several
                        && next.due <= now.wall
                        && batch.count < AT_ONCE
                        && missed.is_some() == (judge(&next) != Verdict::Run) =>
                {
                    firing = next;
                    batch.last = next.due;
                    batch.count = batch.count.saturating_add(1);
                }
                _ => return Ok(Some(batch)),
            }
        }
    }

    /// Decides what becomes of a job's due firings. One that may start does so if there is a slot
    /// for it (`slot`), else the answer is true: it is to wait for one. Answers how many firings
    /// were looked at, too.
    pub(super) fn decide(
        &mut self,
        now: Now,
        id: JobId,
        slot: bool,
        out: &mut Outcome,
    ) -> (bool, u32) {
        let Some(job) = self.window.job(id) else { return (false, 0) };
        let verdict = self.conflict_of(id);
        // What is skipped is skipped at one moment: a row for each of a day's firings that come up
        // together would hold up the other jobs.
        let combined = job.spec.policies.coalesce || matches!(verdict, Conflict::Skip(_));
        let batch = match self.batch(now, job, slot, combined) {
            Ok(Some(batch)) => batch,
            Ok(None) => return (false, 0),
            Err(why) => {
                self.give_up(id, why, out);
                return (false, 0);
            }
        };
        if let Some(late) = batch.missed {
            let why = format!(
                "missed: the station could not run it at {}, and {} late is more than its grace \
                 allows",
                batch.first,
                crate::when::print_duration(late)
            );
            self.record_unrun(now, id, batch, ExecutionStatus::Missed, why, out);
        } else {
            match verdict {
                Conflict::Start if !slot => return (true, batch.count),
                Conflict::Start => self.begin(now, id, batch, out),
                Conflict::Wait => {
                    self.line_up(id, Asked::Firings(batch), out);
                }
                Conflict::Displace => {
                    self.displace_by(now, id, Asked::Firings(batch), out);
                }
                Conflict::Skip(why) => {
                    let why = self.skip_sentence(id, why);
                    self.record_unrun(now, id, batch, ExecutionStatus::Skipped, why, out);
                }
            }
        }
        self.requeue(id);
        (false, batch.count)
    }

    /// What its policy says to a further run of a job at this moment.
    pub(super) fn conflict_of(&self, id: JobId) -> Conflict {
        let Some(job) = self.window.job(id) else { return Conflict::Start };
        let (active, waiting) = self.lines.counts(&self.lane_of(job));
        conflict::judge(&job.spec.policies, active, waiting)
    }

    /// A firing that waits behind the runs it conflicts with, durably.
    pub(super) fn line_up(
        &mut self,
        id: JobId,
        asked: Asked,
        out: &mut Outcome,
    ) -> Option<ExecutionId> {
        let execution = self.create_execution(id, asked)?;
        let name = execution.id;
        out.changes.push(Change::ExecutionRecorded(Box::new(execution.clone())));
        self.place_new(execution, Phase::Queued);
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
        let newest = self.line_up(id, asked, out)?;
        self.make_way(now, newest, out);
        // What waited for a slot has left the lane, and nothing else would bring the next look at it.
        self.release_lines();
        Some(newest)
    }

    /// Ends what a newer firing takes the place of: the active runs of its lane, and what its job
    /// had waiting there.
    fn make_way(&mut self, now: Now, newest: ExecutionId, out: &mut Outcome) {
        let id = newest.job;
        let Some(job) = self.window.job(id) else { return };
        let lane = self.lane_of(job);
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
        execution.status = status;
        execution.ended = Some(now.wall);
        execution.error = Some(why);
        self.show_status(id, Some(status));
        out.changes.push(Change::ExecutionRecorded(Box::new(execution.clone())));
        self.record_job(id, out);
        out.effects.push(Effect::Note(Note::Ended(Box::new(execution.clone()))));
        self.owe_mail(&execution, out);
        self.raise_alarm(now, &execution, out);
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

    fn new_execution(&mut self, id: JobId, asked: Asked, runs: bool) -> Option<Execution> {
        let job = self.window.job_mut(id)?;
        let state = &mut job.state;
        state.executions = state.executions.saturating_add(1);
        state.retries = 0;
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

    /// Carries out a job's firings: creates their execution and starts it.
    fn begin(&mut self, now: Now, id: JobId, batch: Batch, out: &mut Outcome) {
        if let Some(execution) = self.create_execution(id, Asked::Firings(batch)) {
            let name = execution.id;
            self.place_new(execution, Phase::Waiting);
            self.next_attempt(now, name, out);
        }
    }

    /// Puts a run into its phase for the first time.
    pub(super) fn place_new(&mut self, execution: Execution, phase: Phase) {
        if let Some(job) = self.window.job(execution.id.job) {
            let lane = self.lane_of(job);
            self.place(Run { execution, phase, lane });
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

    /// Sets a job's status by what it does; `ended`: how its latest execution has ended.
    pub(super) fn show_status(&mut self, id: JobId, ended: Option<ExecutionStatus>) {
        let mut live = None;
        for run in self.runs_of(id) {
            match run.phase {
                Phase::Running { .. } | Phase::Surviving => {
                    live = Some(ExecutionStatus::Running);
                    break;
                }
                Phase::Waiting | Phase::Queued | Phase::BackingOff => {
                    live = Some(ExecutionStatus::Pending);
                }
            }
        }
        let Some(job) = self.window.job_mut(id) else { return };
        let to_come = job.state.next_due.is_some() || job.state.paused;
        let pending = to_come.then_some(ExecutionStatus::Pending);
        if let Some(status) = live.or(pending).or(ended) {
            job.state.status = status;
        }
    }
}

impl JobState {
    /// Sets when the job fires next.
    pub(super) fn set_next(&mut self, firing: Option<Firing>) {
        self.next_due = firing.map(|firing| firing.due);
        self.nominal =
            firing.filter(|firing| firing.due != firing.nominal).map(|firing| firing.nominal);
    }
}

/// The firing of a nominal instant, put off by the job's jitter.
fn put_off(id: JobId, spec: &JobSpec, nominal: Micros) -> Firing {
    let by = spec.bounds.jitter_of(id.0.cast_unsigned(), nominal);
    Firing { due: nominal.plus(by), nominal }
}
