//! The naive reference: a list of jobs scanned from end to end, with no window, no ordered index,
//! no lanes kept and nothing that has to be rebuilt.
//!
//! It is told what happened and what was stored, says whether that was right, and knows what must
//! be stored. What a job's firings are it reads from the calendar.

mod alarms;
mod clock;
mod firings;
mod nodes;
mod requests;
mod runs;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use station_core::engine::{Config, Input, Outcome};
use station_core::model::{
    AlarmId, Cause, ExecutionId, ExecutionStatus, JobId, JobSpec, Micros, Mono, Now, Reason,
};

use crate::calendar::{Plan, put_off};

pub(crate) use alarms::RefAlarm;
use nodes::Awaited;
pub(crate) use nodes::{RefNode, SETS};

/// From this step on also fixed times are planned anew.
const WRONG: Duration = Duration::from_secs(3 * 3600);

/// A firing: when it is due, and what the trigger says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Firing {
    pub(crate) due: Micros,
    pub(crate) nominal: Micros,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// In line behind the runs it conflicts with.
    Queued,
    /// It waits for a slot.
    Waiting,
    Running,
    /// A process of an earlier daemon.
    Left,
    BackingOff(Micros),
    Ended(ExecutionStatus),
}

impl State {
    pub(crate) fn is_live(self) -> bool {
        !matches!(self, Self::Ended(_))
    }
}

#[derive(Debug)]
pub(crate) struct RefRun {
    pub(crate) id: ExecutionId,
    pub(crate) cause: Cause,
    pub(crate) planned: Micros,
    pub(crate) node: Option<String>,
    pub(crate) state: State,
    pub(crate) attempts: u32,
    pub(crate) stop: Option<Reason>,
    since: Mono,
    /// The time of its next attempt has come; a clock set back does not change that.
    rested: bool,
    /// Its end was seen, though it could not be stored yet.
    over: bool,
    /// It has expired, or was deleted.
    pub(crate) removed: bool,
}

/// Whether a job's next firing was found in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InTime {
    No,
    Yes,
    /// Yes, but the engine was rebuilt since, or more jobs wait than it keeps in memory.
    Perhaps,
}

#[derive(Debug)]
pub(crate) struct RefJob {
    pub(crate) id: JobId,
    pub(crate) spec: Arc<JobSpec>,
    plan: Plan,
    pub(crate) next: Option<Firing>,
    pub(crate) in_time: InTime,
    pub(crate) paused: bool,
    pub(crate) deleted: bool,
    pub(crate) fired: u32,
    pub(crate) planned: u64,
    pub(crate) runs: Vec<RefRun>,
    /// All runs before this one have ended, so that they need not be looked at again.
    over: usize,
    /// The places of those that have not ended, and of some that have.
    live: Vec<usize>,
    /// The first execution of its latest firing, if that is on nodes.
    fan_first: Option<u32>,
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
    pub(crate) alarms: Vec<RefAlarm>,
    /// The notices that are owed: how often tried, when tried next.
    pub(crate) notices: BTreeMap<(AlarmId, String), (u32, Micros)>,
    pub(crate) nodes: BTreeMap<String, RefNode>,
    node_limit: u32,
    /// What is still to be recorded of the firing at hand, in this order.
    awaited: VecDeque<Awaited>,
    /// Left by an earlier daemon on nodes that are gone.
    orphans: Vec<ExecutionId>,
    channels: Vec<String>,
    slots: usize,
    window: usize,
    clock_wait: Duration,
    mode: Mode,
    last: Now,
    up_since: Micros,
    held_until: Option<Mono>,
    behind: Option<Micros>,
    /// The clock was set back by so much, and what recurs has not been planned anew.
    pub(crate) replan: Option<Duration>,
    /// More jobs have waited than the engine keeps in memory: which it sees is its own affair.
    pub(crate) crowded: bool,
    /// Policies were changed while runs were active: there may be more than they allow now.
    changed_lanes: bool,
    /// A newer firing took their place: that must be recorded in the entry at hand.
    displaced: Vec<(ExecutionId, ExecutionStatus)>,
}

impl Reference {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            jobs: Vec::new(),
            alarms: Vec::new(),
            notices: BTreeMap::new(),
            nodes: BTreeMap::new(),
            node_limit: config.node_limit,
            awaited: VecDeque::new(),
            orphans: Vec::new(),
            channels: config.channels.clone(),
            slots: config.max_running,
            window: config.window,
            clock_wait: config.clock_wait,
            mode: Mode::Working,
            last: Now::default(),
            up_since: Micros(0),
            held_until: None,
            behind: None,
            replan: None,
            crowded: false,
            changed_lanes: false,
            displaced: Vec::new(),
        }
    }

    // --- what happened

    /// One input was handled with this outcome, and both are durable. `None`: the engine's start.
    pub(crate) fn commit(&mut self, now: Now, input: Option<&Input>, outcome: &Outcome) {
        self.observe(now);
        if let Some(input) = input {
            self.take(now, input, outcome);
        }
        self.expire(now);
        self.time_out(now.mono);
        self.end_orphans(now, outcome);
        self.release_lines();
        self.rest(now);
        self.follow(now, outcome);
        self.drain(now, outcome);
    }

    fn take(&mut self, now: Now, input: &Input, outcome: &Outcome) {
        self.hear_of_node(input);
        match input {
            Input::Request(request) => self.request(now, request, outcome),
            Input::Ended { execution, report } => self.ended(now, *execution, report, outcome),
            Input::Idle { execution } => {
                let run = self.run(*execution).filter(|run| run.state == State::Running);
                if let Some(run) = run {
                    run.stop = run.stop.or(Some(Reason::IdleTimeout));
                }
            }
            Input::SurvivorsEnded { runs } => {
                runs.iter().for_each(|(id, _)| self.survivor_ended(now, *id, outcome));
            }
            Input::Planned { jobs, more } => {
                let by = self.replan.expect("recurring jobs are asked for after a step");
                jobs.iter().for_each(|job| self.plan_anew(now, job.id, by));
                if !more {
                    self.replan = None;
                }
            }
            Input::Expired { executions, .. } => self.expired(executions, outcome),
            Input::Notified { alarm, channel, error } => {
                self.notified(now, *alarm, channel, error.is_some());
            }
            Input::ClockSynchronised => self.release_clock(now),
            Input::Shutdown { limit } => self.shut_down(now, *limit),
            Input::Started { .. }
            | Input::Output { .. }
            | Input::Loaded { .. }
            | Input::Load(_)
            | Input::OldestOutputs(_)
            | Input::Mailed { .. }
            | Input::ZonesChanged { .. }
            | Input::Booted { .. }
            | Input::Tick => {}
        }
    }

    /// The clock was set back: intervals come earlier by as much, and what follows the clock does.
    fn plan_anew(&mut self, now: Now, id: JobId, by: Duration) {
        let job = self.job(id).expect("a recurring job is known");
        let Some(next) = job.next else { return };
        let plan = job.plan();
        let anew = match plan {
            Plan::Once(_) => None,
            Plan::Every { .. } => {
                let back = |at: Micros| Micros(at.0 - i64::try_from(by.as_micros()).unwrap());
                Some(Firing { due: back(next.due), nominal: back(next.nominal) })
            }
            Plan::Calendar { .. } if !plan.follows_clock() && by < WRONG => None,
            Plan::Calendar { .. } => job.first(now.wall).filter(|first| first.due < next.due),
        };
        if anew.is_some() {
            job.plan_next(anew);
        }
    }

    /// These have ended long ago: they go, but their firings stay counted.
    fn expired(&mut self, executions: &[(ExecutionId, u64)], outcome: &Outcome) {
        use station_core::engine::Change;
        for (id, _) in executions {
            let gone = outcome.changes.contains(&Change::ExecutionRemoved { execution: *id });
            let Some(run) = self.run(*id) else { continue };
            assert!(!run.state.is_live(), "{id} expired, but goes on");
            // What was asked for before a failed round is asked for again: until then it stays.
            run.removed |= gone;
        }
    }

    // --- questions

    pub(crate) fn is_held(&self) -> bool {
        self.held_until.is_some()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.mode != Mode::Working
    }

    pub(crate) fn fires(&self) -> bool {
        self.mode == Mode::Working && !self.is_held()
    }

    pub(crate) fn all_runs(&self) -> impl Iterator<Item = &RefRun> {
        self.jobs.iter().flat_map(RefJob::recent)
    }

    fn all_runs_mut(&mut self) -> impl Iterator<Item = &mut RefRun> {
        self.jobs.iter_mut().flat_map(RefJob::recent_mut)
    }

    pub(crate) fn under_way(&self) -> usize {
        self.all_runs().filter(|run| run.state == State::Running).count()
    }

    pub(crate) fn has_free_slot(&self) -> bool {
        self.under_way() < self.slots
    }

    pub(crate) fn up_since(&self) -> Micros {
        self.up_since
    }

    pub(crate) fn job(&mut self, id: JobId) -> Option<&mut RefJob> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    fn run(&mut self, id: ExecutionId) -> Option<&mut RefRun> {
        self.job(id.job)?.runs.get_mut(usize::try_from(id.n.checked_sub(1)?).unwrap())
    }
}

impl RefJob {
    pub(crate) fn plan(&self) -> Plan {
        self.plan
    }

    fn put_off(&self, nominal: Micros) -> Firing {
        Firing { due: nominal.plus(put_off(&self.spec.bounds, self.id.0, nominal)), nominal }
    }

    /// The first firing after an instant.
    pub(crate) fn first(&self, after: Micros) -> Option<Firing> {
        self.plan().next(after, &self.spec.bounds).map(|nominal| self.put_off(nominal))
    }

    fn plan_next(&mut self, next: Option<Firing>) {
        self.next = next;
        self.in_time = InTime::No;
    }

    /// The runs that have not ended, and some that have.
    fn recent(&self) -> impl Iterator<Item = &RefRun> {
        self.live.iter().map(|at| &self.runs[*at])
    }

    fn recent_mut(&mut self) -> &mut [RefRun] {
        &mut self.runs[self.over..]
    }

    pub(crate) fn is_live(&self) -> bool {
        self.recent().any(|run| run.state.is_live())
    }

    /// The status its row should show.
    pub(crate) fn status(&self) -> ExecutionStatus {
        let is = |state: fn(&State) -> bool| self.recent().any(|run| state(&run.state));
        if is(|state| matches!(state, State::Running | State::Left)) {
            ExecutionStatus::Running
        } else if self.next.is_some() || self.paused || self.is_live() {
            ExecutionStatus::Pending
        } else {
            self.last_end.expect("a job that is over has come to something")
        }
    }
}
