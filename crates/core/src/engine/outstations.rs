//! Outstations: which there are and how much goes on at each at once, and until when what is to be done
//! there may begin.
//!
//! ```text
//!  firing ─▶ waits: in line, for a slot, at the gates of its outstation and its point ─▶ running
//!     │ later than its expiry         │ its expiry passes
//!     ▼                               ▼
//!   missed                          missed
//! ```
//! An execution is recorded as soon as such a job fires, so that its expiry counts on both clocks from
//! then on, whatever it waits for. What a killed daemon was doing there is not looked for: whether
//! something was sent stands in the audit trail.

use std::time::Duration;

use super::gates::Gate;
use super::runs::{Phase, Run};
use super::{Change, Engine, Expect, Mode, Outcome, Refusal, Reply};
use crate::model::{
    Action, End, Execution, ExecutionStatus, Expiry, Job, JobId, JobSpec, Mono, Now, Outstation,
    Record, RecordKind, Target,
};
use crate::policy::expiry;

/// What a run is about that does something with an outstation.
#[derive(Clone, Debug)]
pub(super) struct AtOutstation {
    pub(super) name: String,
    /// The point it commands.
    pub(super) point: Option<String>,
    pub(super) expires: Expiry,
}

impl AtOutstation {
    pub(super) fn of(job: &Job, execution: &Execution, now: Now) -> Option<Self> {
        let name = job.spec.target.outstation()?.to_owned();
        let point = match &job.spec.action {
            Action::Outstation(control) => control.commanded().map(ToOwned::to_owned),
            Action::Command { .. } | Action::Instrument(_) => None,
        };
        let span = expiry::span(&job.spec.policies);
        Some(Self { name, point, expires: Expiry::new(execution.planned, span, now) })
    }

    pub(super) fn gates(&self) -> Vec<Gate> {
        let point = self.point.clone().map(|point| Gate::Point(self.name.clone(), point));
        point.into_iter().chain([Gate::Outstation(self.name.clone())]).collect()
    }

    /// From when on it is certainly past.
    pub(super) fn over_at(&self) -> Mono {
        self.expires.mono.plus(Duration::from_micros(1))
    }
}

impl Engine {
    /// Keeps a record as it comes; of outstations, how many runs they may have is known from then on.
    pub(super) fn keep_record(
        &mut self,
        record: Box<Record>,
        expect: Expect,
        there: bool,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        let key = || record.key().into_owned();
        match (expect, there) {
            (Expect::New, true) => return Err(Refusal::RecordExists(record.kind(), key())),
            (Expect::There, false) => return Err(Refusal::NoSuchRecord(record.kind(), key())),
            (Expect::New, false) | (Expect::There, true) | (Expect::Either, _) => {}
        }
        if let Record::Outstation(outstation) = &*record {
            self.take_in(outstation)?;
        }
        out.changes.push(Change::RecordKept(record));
        Ok(Reply::RecordKept)
    }

    fn take_in(&mut self, outstation: &Outstation) -> Result<(), Refusal> {
        let name = &outstation.name;
        if self.nodes.contains_key(name) {
            return Err(Refusal::NodeExists(name.clone()));
        }
        self.outstations.insert(name.clone(), outstation.settings.parallel);
        // It may have more runs at once now.
        self.wake(&[Gate::Outstation(name.clone())]);
        Ok(())
    }

    pub(super) fn remove_record(
        &mut self,
        kind: RecordKind,
        key: String,
        there: bool,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        if !there {
            return Err(Refusal::NoSuchRecord(kind, key));
        }
        if kind == RecordKind::Outstation && self.outstations.remove(&key).is_some() {
            // What waits for it waits for nothing.
            self.wake(&[Gate::Outstation(key.clone())]);
        }
        out.changes.push(Change::RecordRemoved { kind, key });
        Ok(Reply::RecordKept)
    }

    /// Refuses a job on an outstation that is not registered.
    pub(super) fn check_outstation(&self, name: &str) -> Result<(), Refusal> {
        if self.outstations.contains_key(name) {
            return Ok(());
        }
        Err(Refusal::NoSuchTarget(format!("outstation '{name}' is not registered")))
    }

    /// Refuses another command while runs of the job wait with theirs or send it: what is permitted,
    /// and agreed to, is what was asked for then.
    pub(super) fn check_command(&self, id: JobId, spec: &JobSpec) -> Result<(), Refusal> {
        let Some(before) = self.window.job(id).map(|job| &job.spec) else { return Ok(()) };
        let is_one = |target: &Target| target.outstation().is_some();
        let touched = (before.target != spec.target || before.action != spec.action)
            && (is_one(&before.target) || is_one(&spec.target));
        if touched && self.runs_of(id).next().is_some() {
            return Err(Refusal::CommandInUse(id));
        }
        Ok(())
    }

    /// A waiting run is missed if its expiry has passed.
    pub(super) fn note_expiry(&mut self, run: &Run) {
        let waits = matches!(run.phase, Phase::Queued | Phase::Waiting);
        if let Some(there) = run.outstation.as_ref().filter(|_| waits)
            && self.scope.covers(run.execution.id.job)
        {
            self.expiries.insert((there.over_at(), run.execution.id));
        }
    }

    /// A run waits no longer.
    pub(super) fn forget_expiry(&mut self, run: &Run) {
        if let Some(there) = &run.outstation {
            self.expiries.remove(&(there.over_at(), run.execution.id));
        }
    }

    /// When the first that waits becomes too late.
    pub(super) fn next_expiry(&self) -> Option<Mono> {
        self.expiries.first().filter(|_| self.mode == Mode::Working).map(|(at, _)| *at)
    }

    /// Ends what has waited for too long.
    pub(super) fn expire_waiting(&mut self, now: Now, out: &mut Outcome) {
        while let Some(&(at, id)) = self.expiries.first()
            && at <= now.mono
            && self.mode == Mode::Working
        {
            self.expiries.pop_first();
            if let Some(run) = self.displace(id) {
                self.miss(now, run, out);
            }
        }
    }

    /// Ends a run that may not, or cannot, begin at its outstation any more; otherwise hands it back.
    pub(super) fn admitted(&mut self, now: Now, run: Run, out: &mut Outcome) -> Option<Run> {
        let Some(there) = &run.outstation else { return Some(run) };
        if there.expires.is_past(now) {
            self.miss(now, run, out);
        } else if !self.outstations.contains_key(&there.name) {
            let why =
                format!("not started: outstation '{}' is not registered any more", there.name);
            self.end_unbegun(now, run, ExecutionStatus::Failed, why, out);
        } else {
            return Some(run);
        }
        None
    }

    /// A run has waited beyond its expiry.
    fn miss(&mut self, now: Now, run: Run, out: &mut Outcome) {
        let job = self.window.job(run.execution.id.job);
        let span = job.map_or(expiry::DEFAULT, |job| expiry::span(&job.spec.policies));
        let name = run.outstation.as_ref().map_or("", |there| &there.name);
        let why = format!(
            "missed: it waited for its turn at {name} for longer than {}, after which a command is \
             not sent any more; nothing was sent",
            crate::when::print_duration(span)
        );
        self.end_unbegun(now, run, ExecutionStatus::Missed, why, out);
    }

    fn end_unbegun(
        &mut self,
        now: Now,
        mut run: Run,
        status: ExecutionStatus,
        why: String,
        out: &mut Outcome,
    ) {
        run.execution.error = Some(why);
        run.execution.end = (status == ExecutionStatus::Failed).then_some(End::NotStarted);
        self.finish(now, run, status, out);
        // Starting is under way: nothing else would bring the next look at who stands in line.
        self.release_lines();
    }

    /// What the engine is rebuilt around keeps its expiry.
    pub(super) fn taken_over(
        job: &Job,
        execution: &Execution,
        before: Option<&Run>,
        now: Now,
    ) -> Option<AtOutstation> {
        let new = AtOutstation::of(job, execution, now)?;
        let expires = before.and_then(|run| Some(run.outstation.as_ref()?.expires));
        Some(AtOutstation { expires: expires.unwrap_or(new.expires), ..new })
    }
}
