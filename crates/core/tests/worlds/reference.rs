//! The naive reference: a list of jobs scanned from end to end, with no window, no ordered index
//! and nothing that has to be rebuilt.
//!
//! It is told what happened and what the engine started, says whether that was right, and knows
//! what must be stored. What the engine may choose (which instant of a retry's spread) it takes
//! over after checking it.

use std::time::Duration;

use station_core::engine::{Effect, Input, Outcome, Request};
use station_core::model::{
    Cause, Condition, End, ExecutionId, ExecutionStatus, Grace, JobId, Micros, Mono, Now,
    OnInterrupted, Policies, Reason,
};

use crate::told;

/// What became of a job's planned time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Planned,
    Fired,
    Missed,
    Cancelled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Run,
    Miss,
    /// It waited while the clock was stepped, when more waited than the engine keeps in memory.
    Either,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Running,
    /// A process of an earlier daemon.
    Left,
    BackingOff(Micros),
    Ended(ExecutionStatus),
}

#[derive(Debug)]
pub(crate) struct RefExecution {
    pub(crate) cause: Cause,
    planned: Micros,
    pub(crate) state: State,
    pub(crate) attempts: u32,
    pub(crate) stop: Option<Reason>,
    since: Mono,
    /// The time of its next attempt has come; a clock set back does not change that.
    rested: bool,
    /// Its end was seen, though it could not be stored yet.
    over: bool,
}

#[derive(Debug)]
pub(crate) struct RefJob {
    pub(crate) id: JobId,
    pub(crate) due: Micros,
    created: Micros,
    policies: Policies,
    /// What its runs hold, by id.
    pub(crate) equipment: Vec<String>,
    pub(crate) mail: bool,
    pub(crate) fate: Fate,
    pub(crate) verdict: Option<Verdict>,
    /// It was found in time once, before the engine was rebuilt.
    in_time: bool,
    /// A look at the load let it through.
    passed: bool,
    pub(crate) executions: Vec<RefExecution>,
    /// What it came to last.
    pub(crate) last_end: Option<ExecutionStatus>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Working,
    Draining(Mono),
    Done,
}

pub(crate) struct Reference {
    pub(crate) jobs: Vec<RefJob>,
    slots: usize,
    window: usize,
    clock_wait: Duration,
    mode: Mode,
    last: Now,
    up_since: Micros,
    held_until: Option<Mono>,
    behind: Option<Micros>,
    /// More jobs have waited than the engine keeps in memory: which it sees is its own affair.
    crowded: bool,
    /// The same within one round: rows asked for may come only at its end.
    crowded_round: bool,
}

const STEP: Duration = Duration::from_secs(1);

impl Reference {
    pub(crate) fn new(slots: usize, window: usize, clock_wait: Duration) -> Self {
        Self {
            jobs: Vec::new(),
            slots,
            window,
            clock_wait,
            mode: Mode::Working,
            last: Now::default(),
            up_since: Micros(0),
            held_until: None,
            behind: None,
            crowded: false,
            crowded_round: false,
        }
    }

    // --- the daemon and its clock

    pub(crate) fn boot(&mut self, now: Now, unsynchronised: bool, newest: Option<Micros>) {
        self.mode = Mode::Working;
        self.last = now;
        self.up_since = now.wall;
        self.behind = newest.filter(|newest| now.wall.plus(STEP) < *newest);
        let held = unsynchronised || self.behind.is_some();
        self.held_until = held.then(|| now.mono.plus(self.clock_wait));
        self.crowded = false;
        self.crowded_round = false;
        for job in &mut self.jobs {
            job.verdict = None;
            job.in_time = false;
            job.passed = false;
            for execution in &mut job.executions {
                execution.over = false;
                execution.rested = false;
                if execution.state == State::Running {
                    execution.state = State::Left;
                }
            }
        }
    }

    /// A round that could not be stored: only the clocks and a shutdown outlast it.
    pub(crate) fn lost(&mut self, now: Now, input: &Input) {
        self.observe(now);
        match input {
            Input::ClockSynchronised => self.release(now),
            Input::Shutdown { limit } => self.shut_down(now, *limit),
            Input::Ended { execution, .. } => {
                if let Some(run) = self.execution(*execution) {
                    run.over |= run.state == State::Running;
                }
            }
            Input::Request(_)
            | Input::Started { .. }
            | Input::Output { .. }
            | Input::Idle { .. }
            | Input::SurvivorsEnded { .. }
            | Input::Loaded { .. }
            | Input::Load(_)
            | Input::OldestOutputs(_)
            | Input::Mailed { .. }
            | Input::Planned { .. }
            | Input::ZonesChanged { .. }
            | Input::Booted { .. }
            | Input::Expired { .. }
            | Input::Notified { .. }
            | Input::Tick => {}
        }
        self.expire(now);
    }

    /// The engine was rebuilt: what it had only in memory is decided again.
    pub(crate) fn forget(&mut self) {
        for job in &mut self.jobs {
            job.in_time |= matches!(job.verdict, Some(Verdict::Run | Verdict::Either));
            job.verdict = None;
            job.passed = false;
            job.executions.iter_mut().for_each(|run| run.rested = false);
        }
    }

    fn observe(&mut self, now: Now) {
        let expected = self.last.wall.plus(now.mono.since(self.last.mono));
        self.last = now;
        if now.wall.since(expected) > STEP || self.up_since > now.wall {
            self.set_up_since(now.wall);
        }
        if self.behind.is_some_and(|newest| now.wall >= newest) {
            self.release(now);
        }
    }

    fn release(&mut self, now: Now) {
        if self.held_until.take().is_some() {
            self.behind = None;
            self.set_up_since(now.wall);
        }
    }

    fn expire(&mut self, now: Now) {
        if self.held_until.is_some_and(|until| now.mono >= until) {
            self.release(now);
        }
    }

    fn set_up_since(&mut self, at: Micros) {
        self.up_since = at;
        let crowded = self.crowded;
        for job in self.jobs.iter_mut().filter(|job| crowded && job.fate == Fate::Planned) {
            if job.verdict.is_some_and(|verdict| verdict != job.judge(at)) {
                job.verdict = Some(Verdict::Either);
            }
        }
    }

    fn shut_down(&mut self, now: Now, limit: Duration) {
        if self.mode == Mode::Working {
            self.mode = Mode::Draining(now.mono.plus(limit));
        }
    }

    /// Whether a job now waits that would be decided otherwise if that were done only now.
    pub(crate) fn was_stepped(&self) -> bool {
        let wall = self.last.wall;
        let other = |job: &RefJob| {
            job.is_due() && job.judge(self.up_since) != Verdict::Run
                || job.executions.iter().any(|run| {
                    run.rested && matches!(run.state, State::BackingOff(at) if at > wall)
                })
        };
        self.jobs.iter().any(other)
    }

    pub(crate) fn is_crowded(&self) -> bool {
        self.crowded
    }

    // --- what happened

    /// One input was handled with this outcome, and both are durable. `None`: the engine's start.
    pub(crate) fn commit(&mut self, now: Now, input: Option<&Input>, outcome: &Outcome) {
        self.observe(now);
        match input {
            None | Some(Input::Tick) => {}
            Some(Input::Request(request)) => self.request(now, request, outcome),
            Some(Input::Ended { execution, report }) => {
                self.ended(now, *execution, report.end, outcome);
            }
            Some(Input::Idle { execution }) => {
                if let Some(run) = self.running(*execution) {
                    run.stop = run.stop.or(Some(Reason::IdleTimeout));
                }
            }
            Some(Input::SurvivorsEnded { runs }) => {
                for (id, _) in runs {
                    self.survivor_ended(now, *id, outcome);
                }
            }
            Some(Input::Load(hundredths)) => self.load(*hundredths),
            Some(Input::ClockSynchronised) => self.release(now),
            Some(Input::Shutdown { limit }) => self.shut_down(now, *limit),
            Some(
                Input::Started { .. }
                | Input::Output { .. }
                | Input::Loaded { .. }
                | Input::OldestOutputs(_)
                | Input::Planned { .. }
                | Input::ZonesChanged { .. }
                | Input::Booted { .. }
                | Input::Expired { .. }
                | Input::Notified { .. }
                | Input::Mailed { .. },
            ) => {}
        }
        self.settle(now, outcome);
    }

    fn ended(&mut self, now: Now, id: ExecutionId, end: End, outcome: &Outcome) {
        let Some(run) = self.running(id) else { return };
        let status = match run.stop {
            Some(Reason::Cancel | Reason::Replaced) => ExecutionStatus::Cancelled,
            Some(Reason::Shutdown) => ExecutionStatus::Interrupted,
            None if matches!(end, End::Exit(0) | End::Done) => ExecutionStatus::Completed,
            None if end == End::Unknown => ExecutionStatus::Interrupted,
            Some(Reason::Timeout | Reason::IdleTimeout) | None => ExecutionStatus::Failed,
        };
        self.conclude(now, id, status, outcome);
    }

    fn survivor_ended(&mut self, now: Now, id: ExecutionId, outcome: &Outcome) {
        let Some(run) = self.execution(id).filter(|run| run.state == State::Left) else { return };
        let status = match run.stop {
            Some(Reason::Cancel) => ExecutionStatus::Cancelled,
            _ => ExecutionStatus::Interrupted,
        };
        self.conclude(now, id, status, outcome);
    }

    /// An attempt ended: what follows must have been recorded in the same outcome.
    fn conclude(&mut self, now: Now, id: ExecutionId, status: ExecutionStatus, outcome: &Outcome) {
        let job = self.jobs.iter_mut().find(|job| job.id == id.job).unwrap();
        let n = usize::try_from(id.n).unwrap();
        let attempts = job.executions[n - 1].attempts;
        let policies = &job.policies;
        let rerun = policies.on_interrupted == OnInterrupted::Rerun;
        let wait = if status == ExecutionStatus::Failed && attempts <= policies.retries {
            let factor = 2_u32.pow(attempts - 1);
            Some((policies.retry_delay * factor).min(Duration::from_secs(3600)))
        } else if status == ExecutionStatus::Interrupted && rerun {
            Some(Duration::ZERO)
        } else {
            None
        };
        let run = &mut job.executions[n - 1];
        run.over = false;
        run.rested = false;
        run.state = if let Some(wait) = wait {
            run.stop = None;
            let at = told::retry_at(outcome, id).expect("a retry is planned");
            let (from, to) = (now.wall.plus(wait), now.wall.plus(wait + wait / 10));
            assert!(
                (from..=to).contains(&at),
                "{id} is retried at {at:?}, not in {from:?}..{to:?}"
            );
            assert!(
                told::attempt_recorded(outcome, id, attempts),
                "{id}: no record of its attempt"
            );
            State::BackingOff(at)
        } else {
            assert!(told::ended_so(outcome, id, status), "{id} should have ended as {status:?}");
            assert_eq!(told::mail_owed(outcome, id), job.mail, "a mail about {id}");
            job.last_end = Some(status);
            State::Ended(status)
        };
    }

    /// One look at the load lets the first job through whose limit is above it.
    fn load(&mut self, hundredths: u32) {
        let mut gated: Vec<&mut RefJob> = self
            .jobs
            .iter_mut()
            .filter(|job| job.is_gated() && job.load_limit().is_some_and(|at| hundredths < at))
            .collect();
        gated.sort_by_key(|job| (job.due, job.id));
        let many = if self.crowded { usize::MAX } else { 1 };
        gated.into_iter().take(many).for_each(|job| job.passed = true);
    }
}

impl RefJob {
    fn judge(&self, up_since: Micros) -> Verdict {
        let late = up_since.since(self.due.max(self.created));
        match self.policies.grace {
            Grace::Within(grace) if late > grace => Verdict::Miss,
            Grace::Within(_) | Grace::Forever => Verdict::Run,
        }
    }

    fn load_limit(&self) -> Option<u32> {
        self.policies.condition.map(|Condition::LoadBelow(limit)| limit)
    }

    /// It came due in time and waits, or waited, for its condition.
    pub(crate) fn is_conditional(&self) -> bool {
        self.is_due() && self.load_limit().is_some()
    }

    fn is_gated(&self) -> bool {
        self.is_due() && self.load_limit().is_some() && !self.passed
    }

    /// It came due in time and has not been started.
    fn is_due(&self) -> bool {
        self.fate == Fate::Planned && matches!(self.verdict, Some(Verdict::Run | Verdict::Either))
    }

    fn live(&self) -> Vec<u32> {
        let live = |run: &RefExecution| !matches!(run.state, State::Ended(_));
        (1..).zip(&self.executions).filter(|(_, run)| live(run)).map(|(n, _)| n).collect()
    }

    /// Whether a run of it and one of the other job need the same equipment.
    fn shares(&self, other: &Self) -> bool {
        self.equipment.iter().any(|id| other.equipment.contains(id))
    }

    /// Its planned time has come, and it has led to this execution.
    fn fire(&mut self, now: Now, id: ExecutionId) {
        assert!(self.is_due(), "{id} was begun, but its job is not due: {self:?}");
        assert!(now.wall >= self.due, "{id} was begun early");
        assert!(!self.is_gated(), "{id} was begun against its condition");
        self.fate = Fate::Fired;
        assert_eq!(self.add(Cause::Scheduled, self.due), id, "the number of an execution");
    }

    fn add(&mut self, cause: Cause, planned: Micros) -> ExecutionId {
        self.executions.push(RefExecution {
            cause,
            planned,
            state: State::Waiting,
            attempts: 0,
            stop: None,
            since: Mono(0),
            rested: false,
            over: false,
        });
        ExecutionId { job: self.id, n: u32::try_from(self.executions.len()).unwrap() }
    }
}

#[path = "answers.rs"]
mod answers;
#[path = "settle.rs"]
mod settle;
