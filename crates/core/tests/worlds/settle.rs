//! What the reference says must follow by itself: time-outs, firings, misses, starts, the end.

use super::{
    Cause, Effect, ExecutionId, ExecutionStatus, Fate, Mode, Mono, Now, Outcome, Reason,
    RefExecution, RefJob, Reference, State, Verdict,
};
use crate::told;

impl Reference {
    pub(super) fn settle(&mut self, now: Now, outcome: &Outcome) {
        self.expire(now);
        self.time_out(now.mono);
        let missed = told::missed(outcome);
        if self.fires() {
            self.notice(now);
            missed.into_iter().for_each(|id| self.missed(id));
        } else {
            assert!(missed.is_empty(), "{missed:?} missed while nothing fires");
        }
        told::pending(outcome).into_iter().for_each(|id| self.waits(now, id));
        for effect in &outcome.effects {
            if let Effect::Start { execution, attempt, .. } = effect {
                assert!(self.fires(), "{execution} started while nothing fires");
                self.start(now, *execution, *attempt);
            }
        }
        self.drain(now, outcome);
    }

    fn time_out(&mut self, now: Mono) {
        for job in &mut self.jobs {
            let Some(limit) = job.policies.timeout else { continue };
            for run in &mut job.executions {
                let late = run.state == State::Running && !run.over && run.since.plus(limit) <= now;
                if late && run.stop.is_none() {
                    run.stop = Some(Reason::Timeout);
                }
            }
        }
    }

    fn notice(&mut self, now: Now) {
        for job in self.jobs.iter_mut().filter(|job| job.fate == Fate::Planned) {
            if job.due > now.wall {
                // The clock was set back: its time is still to come.
                job.verdict = None;
                job.passed = false;
                job.in_time = false;
            } else if job.verdict.is_none() {
                let verdict = job.judge(self.up_since);
                let doubt = job.in_time && verdict == Verdict::Miss;
                job.verdict = Some(if doubt { Verdict::Either } else { verdict });
            }
        }
        for run in self.jobs.iter_mut().flat_map(|job| &mut job.executions) {
            run.rested |= matches!(run.state, State::BackingOff(at) if at <= now.wall);
        }
        let waits = |job: &&RefJob| job.fate == Fate::Planned && job.verdict.is_some();
        let due = self.jobs.iter().filter(waits).count();
        let conditional = self.jobs.iter().any(RefJob::is_conditional);
        self.crowded_round |= due >= self.window;
        self.crowded = self.crowded_round || (self.crowded && conditional);
    }

    fn missed(&mut self, id: ExecutionId) {
        let job = self.jobs.iter_mut().find(|job| job.id == id.job).expect("a known job");
        assert_eq!(job.fate, Fate::Planned, "{id} missed");
        let allowed = matches!(job.verdict, Some(Verdict::Miss | Verdict::Either));
        assert!(allowed, "{id} was missed, but came in time: {job:?}");
        job.fate = Fate::Missed;
        job.last_end = Some(ExecutionStatus::Missed);
        assert_eq!(job.add(Cause::Scheduled, job.due), id);
        job.executions.last_mut().unwrap().state = State::Ended(ExecutionStatus::Missed);
    }

    /// An execution was recorded that does not start yet: its job's equipment is in use, or wanted by
    /// one that was planned before.
    fn waits(&mut self, now: Now, id: ExecutionId) {
        let job = self.jobs.iter_mut().find(|job| job.id == id.job).expect("a known job");
        if usize::try_from(id.n).unwrap() <= job.executions.len() {
            return;
        }
        assert!(!job.equipment.is_empty(), "{id} waits for nothing");
        job.fire(now, id);
    }

    fn start(&mut self, now: Now, id: ExecutionId, attempt: u32) {
        assert!(self.under_way() < self.slots, "{id} started without a free slot");
        if !self.crowded
            && let Some((planned, first)) = self.first_candidate(now)
        {
            let own = self.planned(id);
            assert!(planned >= own, "{id}, planned {own:?}, overtook {first}, planned {planned:?}");
        }
        if !self.crowded {
            let known = self.execution(id).is_some();
            let own = (self.planned(id), id.job, if known { id.n } else { 0 });
            let job = self.jobs.iter().find(|job| job.id == id.job).expect("a known job");
            let all = self.candidates(now);
            let before =
                all.iter().find(|(at, other, n)| other.shares(job) && (*at, other.id, *n) < own);
            assert!(before.is_none(), "{id} overtook {before:?} at its equipment");
        }
        let held = self.holder(id.job);
        assert_eq!(held, None, "{id} started, but its equipment is in use");
        let job = self.jobs.iter_mut().find(|job| job.id == id.job).expect("a known job");
        let n = usize::try_from(id.n).unwrap();
        if n > job.executions.len() {
            job.fire(now, id);
        }
        let run = &mut job.executions[n - 1];
        match run.state {
            State::Waiting => {}
            State::BackingOff(at) => assert!(run.rested, "{id} retried before {at:?}"),
            State::Running | State::Left | State::Ended(_) => panic!("{id} started: {run:?}"),
        }
        run.attempts += 1;
        assert_eq!(run.attempts, attempt, "the number of an attempt of {id}");
        run.state = State::Running;
        run.stop = None;
        run.since = now.mono;
    }

    fn planned(&self, id: ExecutionId) -> super::Micros {
        let job = self.jobs.iter().find(|job| job.id == id.job).expect("a known job");
        let n = usize::try_from(id.n).unwrap();
        job.executions.get(n - 1).map_or(job.due, |run| run.planned)
    }

    /// Who holds something that a job needs.
    fn holder(&self, id: super::JobId) -> Option<ExecutionId> {
        let job = self.jobs.iter().find(|job| job.id == id).expect("a known job");
        self.jobs.iter().filter(|other| other.shares(job)).find_map(|other| {
            let holds = |run: &RefExecution| matches!(run.state, State::Running | State::Left);
            let n = other.executions.iter().position(holds)?;
            Some(ExecutionId { job: other.id, n: u32::try_from(n + 1).unwrap() })
        })
    }

    /// What could start if only its equipment were free: the planned time, the job, and which
    /// execution; 0: a new one.
    fn candidates(&self, now: Now) -> Vec<(super::Micros, &RefJob, u32)> {
        let mut all = Vec::new();
        for job in &self.jobs {
            let ready = job.is_due() && job.due <= now.wall;
            if ready && !(job.is_gated() || self.crowded && job.load_limit().is_some()) {
                all.push((job.due, job, 0));
            }
            for (n, run) in (1..).zip(&job.executions) {
                let ready = match run.state {
                    State::Waiting => true,
                    State::BackingOff(_) => run.rested,
                    State::Running | State::Left | State::Ended(_) => false,
                };
                if ready {
                    all.push((run.planned, job, n));
                }
            }
        }
        all
    }

    /// What should start next, if there is anything: the planned time, and what it is. At equipment
    /// nobody overtakes one that was planned before.
    pub(crate) fn first_candidate(&self, now: Now) -> Option<(super::Micros, String)> {
        let all = self.candidates(now);
        let order = |(at, job, n): &(super::Micros, &RefJob, u32)| (*at, job.id, *n);
        let free = all.iter().filter(|(at, job, n)| {
            let own = (*at, job.id, *n);
            let behind =
                |other: &&(super::Micros, &RefJob, u32)| other.1.shares(job) && order(other) < own;
            self.holder(job.id).is_none() && all.iter().find(behind).is_none()
        });
        let (at, job, n) = free.min_by_key(|one| order(one))?;
        Some((*at, format!("execution {}.{n}", job.id)))
    }

    /// A job that should have been recorded as missed, if there is one.
    pub(crate) fn first_miss(&self) -> Option<&RefJob> {
        let missed = |job: &&RefJob| job.verdict == Some(Verdict::Miss);
        self.jobs.iter().filter(|job| job.fate == Fate::Planned).find(missed)
    }

    /// A round begins.
    pub(crate) fn begin(&mut self) {
        self.crowded_round = false;
    }

    fn drain(&mut self, now: Now, outcome: &Outcome) {
        let exits = outcome.effects.contains(&Effect::Exit);
        let Mode::Draining(until) = self.mode else {
            assert!(!exits, "the engine is done without having been asked");
            return;
        };
        if self.under_way() == 0 {
            assert!(exits, "the engine should be done");
            self.mode = Mode::Done;
            return;
        }
        assert!(!exits, "the engine is done while runs go on");
        if now.mono >= until {
            for run in self.jobs.iter_mut().flat_map(|job| &mut job.executions) {
                if run.state == State::Running && run.stop.is_none() {
                    run.stop = Some(Reason::Shutdown);
                }
            }
        }
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held_until.is_some()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.mode != Mode::Working
    }

    pub(crate) fn fires(&self) -> bool {
        self.mode == Mode::Working && !self.is_held()
    }

    pub(crate) fn under_way(&self) -> usize {
        let runs = self.jobs.iter().flat_map(|job| &job.executions);
        runs.filter(|run| run.state == State::Running).count()
    }

    pub(crate) fn has_free_slot(&self) -> bool {
        self.under_way() < self.slots
    }

    pub(super) fn execution(&mut self, id: ExecutionId) -> Option<&mut RefExecution> {
        let job = self.jobs.iter_mut().find(|job| job.id == id.job)?;
        job.executions.get_mut(usize::try_from(id.n.checked_sub(1)?).unwrap())
    }

    pub(super) fn running(&mut self, id: ExecutionId) -> Option<&mut RefExecution> {
        self.execution(id).filter(|run| run.state == State::Running)
    }
}
