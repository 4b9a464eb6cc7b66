//! A world: the engine, its store, its processes and its clocks, and the rounds between them.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::tz::TimeZoneDatabase;
use station_core::engine::{ClockTrust, Config, Effect, Engine, Input, Outcome, Request, Scope};
use station_core::model::{ExecutionId, JobId, JobSpec, Micros, Mono, Now};

use crate::link::{Event, Link};
use crate::random::Random;
use crate::reference::Reference;
use crate::store::Store;
use crate::tally::Tally;
use crate::trace::{brief, short};

/// Something to hand to the engine. Requests get their rows only when they are handed in.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Event(Event),
    Create { spec: Box<JobSpec>, immediate: bool },
    Cancel(JobId),
    CancelExecution(ExecutionId),
    RunNow(JobId),
}

/// One input, when it was handed in, and what came of it; the start has no input.
pub(crate) struct Entry {
    now: Now,
    input: Option<Input>,
    outcome: Outcome,
}

/// What becomes of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stored,
    Refused,
    CrashBefore,
    /// The crash came after so many of its effects.
    CrashAfter(usize),
}

pub(crate) struct World {
    pub(crate) random: Random,
    pub(crate) trace: bool,
    pub(crate) config: Config,
    pub(crate) now: Now,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) link: Link,
    pub(crate) reference: Reference,
    /// When a store in trouble is tried again.
    pub(crate) trouble: Option<Mono>,
    pub(crate) held: Vec<Ask>,
    pub(crate) started: BTreeSet<(ExecutionId, u32)>,
    pub(crate) mailed: BTreeSet<ExecutionId>,
    pub(crate) exited: bool,
    /// The oldest outputs may be named twice around a failed round, which the engine's sum of them
    /// does not survive; the next daemon counts anew.
    pub(crate) asked_twice: bool,
    /// Nothing goes wrong any more.
    pub(crate) calm: bool,
    pub(crate) tally: Tally,
}

impl World {
    pub(crate) fn new(seed: u64, trace: bool) -> Self {
        let mut random = Random::new(seed);
        let slots = random.within(1, 3);
        let window = if random.chance(30) { 16 } else { random.within(slots.max(2), 8) };
        let config = Config {
            max_running: usize::try_from(slots).unwrap(),
            node_limit: Config::default().node_limit,
            kill_grace: Duration::from_secs(random.pick(&[0, 1, 5])),
            window: usize::try_from(window).unwrap(),
            output_budget: random.pick(&[600, 2_000, 1 << 30]),
            clock_wait: Duration::from_secs(30),
            load_interval: Duration::from_secs(10),
            retention: None,
            channels: Vec::new(),
        };
        let now = Now { wall: Micros(1_800_000_000_000_000), mono: Mono(1_000_000) };
        let store = Store::default();
        let (engine, _) = Engine::start(
            config.clone(),
            Scope::All,
            store.snapshot(config.window),
            now,
            ClockTrust::Trusted,
            seed,
            TimeZoneDatabase::none(),
        );
        let reference = Reference::new(config.max_running, config.window, config.clock_wait);
        let mut world = Self {
            random,
            trace,
            config,
            now,
            store,
            engine,
            link: Link::default(),
            reference,
            trouble: None,
            held: Vec::new(),
            started: BTreeSet::new(),
            mailed: BTreeSet::new(),
            exited: false,
            asked_twice: false,
            calm: false,
            tally: Tally::default(),
        };
        world.say(|world| format!("world {seed}: {:?}", world.config));
        world.boot();
        world
    }

    /// One round: all of these inputs, perhaps a tick, one commit.
    pub(crate) fn round(&mut self, asks: Vec<Ask>, tick: bool) {
        let mut all = std::mem::take(&mut self.held);
        all.extend(asks);
        if let Some(try_at) = self.trouble {
            if self.now.mono < try_at {
                self.held = keep(all);
                return;
            }
            self.trouble = None;
            self.say(|_| "the engine is rebuilt".to_owned());
            let asked = |ask: &Ask| matches!(ask, Ask::Event(Event::Due(Input::OldestOutputs(_))));
            self.asked_twice |= all.iter().any(asked)
                || self.link.awaits(|input| matches!(input, Input::OldestOutputs(_)));
            self.engine = self.engine.restart(self.store.snapshot(self.config.window));
            self.reference.forget();
        }
        let fate = self.fate();
        let before = (fate != Fate::Stored).then(|| self.store.clone());
        let mut entries = Vec::new();
        let load_at_once = self.random.chance(50);
        for ask in &all {
            if let Some(input) = self.input(ask) {
                self.hand(input, &mut entries);
            }
            if load_at_once {
                self.load(&mut entries);
            }
        }
        if tick {
            self.hand(Input::Tick, &mut entries);
        }
        self.load(&mut entries);
        match (fate, before) {
            (Fate::Refused, Some(before)) => {
                self.store = before;
                self.lose(&entries);
                self.held = keep(all);
                let wait = if self.random.chance(50) { 0 } else { self.random.within(1, 4_000) };
                self.trouble = Some(self.now.mono.plus(Duration::from_millis(wait)));
                self.tally.refused += 1;
                self.say(|_| "the round could not be stored".to_owned());
            }
            (Fate::CrashBefore, Some(before)) => {
                self.store = before;
                self.crash();
            }
            (Fate::CrashAfter(effects), _) => {
                self.commit(entries, effects);
                self.crash();
            }
            _ => {
                self.commit(entries, usize::MAX);
                if self.exited {
                    self.say(|_| "the daemon is done".to_owned());
                    self.tally.shutdowns += 1;
                    self.go_down(false);
                }
            }
        }
    }

    fn fate(&mut self) -> Fate {
        match self.random.within(0, 199) {
            _ if self.calm => Fate::Stored,
            0..=4 => Fate::Refused,
            5 => Fate::CrashBefore,
            6 => Fate::CrashAfter(usize::try_from(self.random.within(0, 4)).unwrap()),
            _ => Fate::Stored,
        }
    }

    /// The input for the engine, with the rows it names.
    fn input(&self, ask: &Ask) -> Option<Input> {
        let row = |id: &JobId| self.store.jobs.get(id).cloned().map(Box::new);
        Some(match ask {
            Ask::Event(Event::Due(input)) => input.clone(),
            Ask::Event(Event::Late(input)) => {
                let of = told_run(input)?;
                return (!self.engine.is_under_way(of)).then(|| input.clone());
            }
            Ask::Create { spec, immediate } => Input::Request(Request::Create {
                spec: spec.clone(),
                context: None,
                immediate: *immediate,
                paused: false,
            }),
            Ask::Cancel(job) => Input::Request(Request::Cancel { job: *job, row: row(job) }),
            Ask::CancelExecution(execution) => Input::Request(Request::CancelExecution {
                execution: *execution,
                row: row(&execution.job),
            }),
            Ask::RunNow(job) => Input::Request(Request::RunNow { job: *job, row: row(job) }),
        })
    }

    fn hand(&mut self, input: Input, entries: &mut Vec<Entry>) {
        let outcome = self.engine.handle(self.now, input.clone());
        self.say(|_| format!("{}\n      -> {}", short(&input), brief(&outcome)));
        self.fold(Some(input), outcome, entries);
    }

    pub(crate) fn fold(
        &mut self,
        input: Option<Input>,
        outcome: Outcome,
        entries: &mut Vec<Entry>,
    ) {
        outcome.changes.iter().for_each(|change| self.store.apply(change));
        entries.push(Entry { now: self.now, input, outcome });
    }

    /// Performs the loads that were asked for, until no more are.
    pub(crate) fn load(&mut self, entries: &mut Vec<Entry>) {
        loop {
            let wanted = entries.iter_mut().find_map(|entry| {
                let effects = &mut entry.outcome.effects;
                let at = effects.iter().position(is_load)?;
                Some(effects.remove(at))
            });
            match wanted {
                Some(Effect::Load { from, limit }) => {
                    let (jobs, more) = self.store.due_from(from, limit);
                    self.tally.loads += 1;
                    self.hand(Input::Loaded { jobs, more }, entries);
                }
                // No job of these worlds recurs.
                Some(_) => self.hand(Input::Planned { jobs: Vec::new(), more: false }, entries),
                None => return,
            }
        }
    }

    fn lose(&mut self, entries: &[Entry]) {
        for entry in entries {
            if let Some(input) = &entry.input {
                self.reference.lost(entry.now, input);
            }
        }
    }

    /// The round is durable: the reference hears of it, the effects are performed.
    pub(crate) fn commit(&mut self, entries: Vec<Entry>, mut effects: usize) {
        self.reference.begin();
        for entry in &entries {
            self.reference.commit(entry.now, entry.input.as_ref(), &entry.outcome);
            self.tally.count(&entry.outcome);
        }
        for effect in entries.into_iter().flat_map(|entry| entry.outcome.effects) {
            if effects == 0 {
                return;
            }
            effects -= 1;
            self.perform(effect);
        }
    }

    /// Time passes on both clocks.
    pub(crate) fn pass(&mut self, span: Duration) {
        self.now.wall = self.now.wall.plus(span);
        self.now.mono = self.now.mono.plus(span);
    }

    pub(crate) fn was_mailed(&self, id: ExecutionId) -> bool {
        self.mailed.contains(&id)
    }
}

/// What is handed in again after a round that could not be stored: all but requests.
fn keep(asks: Vec<Ask>) -> Vec<Ask> {
    asks.into_iter().filter(|ask| matches!(ask, Ask::Event(_))).collect()
}

fn is_load(effect: &Effect) -> bool {
    matches!(effect, Effect::Load { .. } | Effect::LoadPlanned { .. })
}

fn told_run(input: &Input) -> Option<ExecutionId> {
    if let Input::Ended { execution, .. }
    | Input::Output { execution, .. }
    | Input::Idle { execution }
    | Input::Started { execution, .. } = input
    {
        return Some(*execution);
    }
    None
}
