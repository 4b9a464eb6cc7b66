//! The engine: a state machine that turns inputs into changes to store and effects to perform.
//!
//! ```text
//!                    due                    slot free, durable            process ended
//!  job pending ────────────▶ ready ─────────────────────────▶ running ─────────────────▶ ended
//!      │                       ▲ │ condition not met             │ │ failed, retries left
//!      │ too late              │ ▼                               │ └──────▶ backing off ──▶ ready
//!      ▼                     gated                               │ cancel, timeout, shutdown
//!    missed                                                      └──▶ TERM ──grace──▶ KILL ──▶ ended
//! ```
//!
//! Contract of the caller, in each round:
//! 1. [`Engine::handle`] for every input that is ready, in order, with one [`Now`] per call; after
//!    each, its changes are folded into the store (not yet durable).
//! 2. One commit. If it succeeds, [`Engine::committed`] is told. If it fails, everything of the
//!    round is forgotten: the engine is rebuilt with [`Engine::restart`] from the store, requests
//!    are answered with the store's error, and all other inputs of the round are handed in again
//!    later.
//! 3. Replies are sent, effects are performed in order. [`Effect::Load`] is performed at once and
//!    its rows handed in before any other input, since they are a picture of the store as it is.
//! 4. The timers are set to [`Engine::deadline`]; when one is reached, [`Input::Tick`] is handed
//!    in. Early, late and repeated ticks are harmless.

mod alarms;
mod change;
mod clock;
mod effect;
mod ends;
mod fanout;
mod firings;
mod gates;
mod input;
mod jobs;
mod lanes;
mod nodes;
mod output;
mod outstations;
mod planned;
mod replan;
mod request;
mod requests;
mod restart;
mod retention;
mod runs;
mod settings;
mod stops;
mod survivors;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alarms::NoticeKey;
pub use change::Change;
use clock::Clock;
pub use clock::ClockTrust;
pub use effect::{Effect, Note, Outcome, OutstationRun, SafetyRun};
use gates::Gates;
pub use input::{EndReport, Input, Snapshot};
use jiff::tz::TimeZoneDatabase;
use lanes::Lanes;
use replan::Replan;
pub use request::{Expect, Refusal, Reply, Request};
use retention::Retention;
use runs::{Run, Runs};
pub use settings::{Config, Deadline, Scope};
use window::Window;

use crate::model::{
    Alarm, Execution, ExecutionId, Job, JobId, Micros, Mono, Node, NodeHealth, Notice, Now,
};

/// Whether the engine takes work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Working,
    /// Runs may go on until then, nothing starts.
    Draining {
        until: Mono,
        interrupted: bool,
    },
    Done {
        until: Mono,
    },
}

/// Whether old output is being dropped to keep to the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trim {
    Idle,
    /// The oldest outputs were asked for; `more`: a run has ended since.
    Asked {
        more: bool,
    },
    /// There was nothing to drop; the next run that ends makes it worth asking again.
    Stuck,
}

/// The engine. See the module's documentation for how it is to be called.
#[derive(Clone, Debug)]
pub struct Engine {
    config: Config,
    zones: TimeZoneDatabase,
    scope: Scope,
    mode: Mode,
    clock: Clock,
    random: u64,
    last_job: i64,
    output_bytes: u64,
    trim: Trim,
    window: Window,
    /// Jobs that have come due and wait for a slot, in order of planned time.
    ready: BTreeSet<(Micros, JobId)>,
    /// Jobs that have come due and wait for their condition.
    gated: BTreeSet<(Micros, JobId)>,
    sample_at: Option<Mono>,
    runs: BTreeMap<ExecutionId, Run>,
    /// The attempts that the last daemon left behind, ended or not.
    left: BTreeMap<ExecutionId, u32>,
    /// Runs that wait for a slot, in order of planned time.
    waiting: BTreeSet<(Micros, ExecutionId)>,
    /// Runs that wait for their next attempt, in order of its time.
    retries: BTreeSet<(Micros, ExecutionId)>,
    /// Who is active and who stands in line, where runs must not overlap.
    lines: Lanes,
    /// How many runs each node and each job on nodes has, and what waits for fewer.
    gates: Gates,
    /// How many runs of each job have begun, and how many have not.
    counts: BTreeMap<JobId, Runs>,
    /// What the last daemon left on nodes that are not registered any more, until its end is durable.
    orphans: BTreeSet<ExecutionId>,
    /// The nodes by name, and what is known of them.
    nodes: BTreeMap<String, (Node, Option<NodeHealth>)>,
    /// The outstations by name, and how many runs each may have at once.
    outstations: BTreeMap<String, u32>,
    /// When runs that wait for an outstation become too late.
    expiries: BTreeSet<(Mono, ExecutionId)>,
    last_alarm: i64,
    /// The alarms that are not cleared, by source; each has at most one.
    alarms: BTreeMap<String, Alarm>,
    /// The notices that are owed.
    notices: BTreeMap<NoticeKey, (Notice, Alarm)>,
    /// Those that are not on their way, in order of their next try.
    notices_due: BTreeSet<(Micros, NoticeKey)>,
    retention: Retention,
    /// The clock was set back by so much: what recurs is to be planned anew.
    set_back: Option<Duration>,
    /// The time-zone database is of this version: what is read on a clock is to be planned anew.
    new_zones: Option<String>,
    /// The machine was started since the last daemon ran; this is its boot's name.
    new_boot: Option<String>,
    /// Such planning is under way, and so many jobs were changed so far.
    replanning: Option<(Replan, usize)>,
    /// By how much the clock was set back in the round at hand, which is not durable yet.
    unsure: Option<Duration>,
    /// When something is to be done about a run under way.
    timers: BTreeSet<(Mono, ExecutionId)>,
    /// How many runs take a slot.
    under_way: usize,
    /// Nothing has been settled since the engine was rebuilt.
    rebuilt: bool,
}

impl Engine {
    /// An engine over what the store holds, and its first outcome.
    ///
    /// `random` seeds the spread of retries. `trust` says whether the clock can be believed. In
    /// `zones` the zones of triggers are looked up.
    #[must_use]
    pub fn start(
        config: Config,
        scope: Scope,
        snapshot: Snapshot,
        now: Now,
        trust: ClockTrust,
        random: u64,
        zones: TimeZoneDatabase,
    ) -> (Self, Outcome) {
        let clock = Clock::start(now, trust, snapshot.newest, config.clock_wait);
        let mut engine = Self {
            config,
            zones,
            scope,
            mode: Mode::Working,
            clock,
            random,
            lines: Lanes::default(),
            gates: Gates::default(),
            counts: BTreeMap::new(),
            orphans: BTreeSet::new(),
            nodes: BTreeMap::new(),
            outstations: BTreeMap::new(),
            expiries: BTreeSet::new(),
            last_alarm: snapshot.last_alarm,
            alarms: BTreeMap::new(),
            notices: BTreeMap::new(),
            notices_due: BTreeSet::new(),
            retention: Retention::starting(now),
            set_back: None,
            new_zones: None,
            new_boot: None,
            replanning: None,
            unsure: None,
            last_job: snapshot.last_job,
            output_bytes: snapshot.output_bytes,
            trim: Trim::Idle,
            window: Window::default(),
            ready: BTreeSet::new(),
            gated: BTreeSet::new(),
            sample_at: None,
            runs: BTreeMap::new(),
            left: BTreeMap::new(),
            waiting: BTreeSet::new(),
            retries: BTreeSet::new(),
            timers: BTreeSet::new(),
            under_way: 0,
            rebuilt: false,
        };
        let mut out = Outcome::default();
        if engine.clock.is_held() {
            out.effects.push(Effect::Note(Note::ClockHeld));
        }
        engine.take_snapshot(snapshot, now, None, &mut out);
        engine.settle(now, &mut out);
        (engine, out)
    }

    /// Handles one input.
    #[must_use]
    pub fn handle(&mut self, now: Now, input: Input) -> Outcome {
        let mut out = Outcome::default();
        self.observe(now, &mut out);
        match input {
            Input::Request(request) => self.on_request(now, request, &mut out),
            Input::Started { execution, process } => {
                self.on_started(now, execution, process, &mut out)
            }
            Input::Output { execution, chunks } => self.on_output(execution, chunks, &mut out),
            Input::Idle { execution } => self.on_idle(now, execution, &mut out),
            Input::Ended { execution, report } => self.on_ended(now, execution, *report, &mut out),
            Input::SurvivorsEnded { runs } => self.on_survivors_ended(now, &runs, &mut out),
            Input::Loaded { jobs, more } => {
                let noticed = |key: &_| self.ready.contains(key) || self.gated.contains(key);
                self.window.loaded(jobs, more, &self.scope, noticed);
            }
            Input::ZonesChanged { version } => self.new_zones = Some(version),
            Input::Booted { boot } => self.new_boot = Some(boot),
            Input::Planned { jobs, more } => self.on_planned(now, jobs, more, &mut out),
            Input::Expired { executions, more } => {
                self.on_expired(now, &executions, more, &mut out);
            }
            Input::Notified { alarm, channel, error } => {
                self.on_notified(now, alarm, channel, error, &mut out);
            }
            Input::Load(hundredths) => self.on_load(now, hundredths),
            Input::OldestOutputs(outputs) => self.on_oldest_outputs(&outputs, &mut out),
            Input::Mailed { execution, error } => {
                out.changes.push(Change::MailDone { execution, error });
            }
            Input::Tick => {}
            Input::ClockSynchronised => self.release_clock(now, &mut out),
            Input::Shutdown { limit } => self.on_shutdown(now, limit),
        }
        self.settle(now, &mut out);
        out
    }

    /// When the engine wants its next tick, if nothing else happens before.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        if matches!(self.mode, Mode::Done { .. }) {
            return Deadline::default();
        }
        if self.rebuilt {
            return Deadline { wall: None, mono: Some(self.clock.last().mono) };
        }
        let mut deadline =
            Deadline { wall: self.clock.held_below(), mono: self.clock.held_until() };
        let mut at_mono = |at: Option<Mono>| {
            deadline.mono = match (deadline.mono, at) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        };
        at_mono(self.sample_at.filter(|_| self.fires()));
        if let Mode::Draining { until, interrupted: false } = self.mode {
            at_mono(Some(until));
        }
        at_mono(self.timers.first().map(|(at, _)| *at));
        at_mono(self.next_prune());
        at_mono(self.next_expiry());
        if self.fires() {
            let due = self.window.first().filter(|_| self.has_room());
            let retry = self.retries.first().map(|(at, _)| *at);
            deadline.wall = due.into_iter().chain(retry).chain(self.next_notice()).min();
        }
        deadline
    }

    /// Whether firing is held until the clock can be trusted.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.clock.is_held()
    }

    /// Whether the engine is shutting down or done.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.mode != Mode::Working
    }

    /// How many runs are under way.
    #[must_use]
    pub fn running(&self) -> usize {
        self.under_way
    }

    /// Whether the execution is one of this engine's runs that is under way.
    #[must_use]
    pub fn is_under_way(&self, execution: ExecutionId) -> bool {
        self.runs.get(&execution).is_some_and(Run::is_under_way)
    }

    /// The jobs held in memory: those due next, and those with runs.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.window.jobs()
    }

    /// A job, when it is held in memory.
    #[must_use]
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.window.job(id)
    }

    /// The executions that have not ended.
    pub fn executions(&self) -> impl Iterator<Item = &Execution> {
        self.runs.values().map(|run| &run.execution)
    }

    /// Whether more due jobs can wait in memory for a slot; the rest wait in the window.
    fn has_room(&self) -> bool {
        self.ready.len() < self.config.window
    }

    /// Whether due jobs may be started.
    fn fires(&self) -> bool {
        self.mode == Mode::Working && !self.clock.is_held()
    }

    /// Does all that has become possible: fires what is due, starts what is ready, ends what has
    /// run out of time, asks for more rows, trims output. Idempotent.
    fn settle(&mut self, now: Now, out: &mut Outcome) {
        self.rebuilt = false;
        self.clock.expire(now, out);
        self.stop_late_runs(now, out);
        self.end_orphans(now, out);
        self.expire_waiting(now, out);
        self.start_replan(out);
        self.release_lines();
        if self.fires() {
            // What has begun may be due again.
            loop {
                let more = self.notice_due(now, out);
                self.start_ready(now, out);
                let due = self.window.first().is_some_and(|at| at <= now.wall);
                if more || !due || !self.has_room() {
                    break;
                }
            }
            self.send_notices(now, out);
        }
        if self.mode == Mode::Working {
            self.size_window(out);
            self.prune(now, out);
        }
        self.trim_output(out);
        self.drain(now, out);
    }

    /// The next random value (SplitMix64).
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
