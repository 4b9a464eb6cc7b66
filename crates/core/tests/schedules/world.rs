//! A world: the engine, its store, its processes and its clocks, and the rounds between them.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use station_core::engine::{ClockTrust, Config, Effect, Engine, Input, Outcome, Scope};
use station_core::model::{ExecutionId, Micros, Mono, Now};

use crate::link::{Event, Link};
use crate::random::Random;
use crate::reference::Reference;
use crate::requests::Ask;
use crate::store::Store;
use crate::tally::Tally;

/// Worlds begin a little before the clocks change somewhere.
const EVES: [&str; 6] = [
    "2026-10-03T10:00:00Z",
    "2026-10-24T20:00:00Z",
    "2026-10-31T22:00:00Z",
    "2027-03-13T22:00:00Z",
    "2027-03-27T20:00:00Z",
    "2027-04-03T10:00:00Z",
];
const HOUR: u64 = 3600;

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
    held: Vec<Ask>,
    pub(crate) started: BTreeSet<(ExecutionId, u32)>,
    pub(crate) exited: bool,
    /// Nothing goes wrong any more.
    pub(crate) calm: bool,
    pub(crate) tally: Tally,
}

impl World {
    pub(crate) fn new(seed: u64, trace: bool) -> Self {
        let mut random = Random::new(seed);
        let retention = random.pick(&[None, Some(2 * HOUR), Some(30 * HOUR)]);
        let channels: &[&str] = random.pick(&[&[] as &[&str], &["mail"], &["mail", "ops"]]);
        let config = Config {
            max_running: usize::try_from(random.within(1, 5)).unwrap(),
            node_limit: u32::try_from(random.within(1, 3)).unwrap(),
            kill_grace: Duration::from_secs(random.pick(&[0, 1, 5])),
            window: usize::try_from(random.pick(&[2, 4, 6, 16])).unwrap(),
            clock_wait: Duration::from_secs(30),
            retention: retention.map(Duration::from_secs),
            channels: channels.iter().map(|&name| name.to_owned()).collect(),
            ..Config::default()
        };
        let eve: Timestamp = random.pick(&EVES).parse().unwrap();
        let wall = Micros::from(eve).plus(random.millis(0, 6 * HOUR * 1000));
        let now = Now { wall, mono: Mono(1_000_000) };
        let store = Store::default();
        let (engine, _) = start(&config, &store, now, ClockTrust::Trusted, seed);
        let reference = Reference::new(&config);
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
            exited: false,
            calm: false,
            tally: Tally::default(),
        };
        world.say(|world| format!("world {seed}: {:?}", world.config));
        world.boot();
        let asks = (1..=3).map(|_| world.keep_node(false)).collect();
        world.round(asks, false);
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
                self.tally.refused += 1;
                let lost_step = entries.iter().any(Entry::has_planned_anew);
                self.tally.lost_steps += u64::from(lost_step);
                let lost =
                    entries.iter().filter_map(|entry| Some((entry.now, entry.input.as_ref()?)));
                lost.for_each(|(now, input)| self.reference.lost(now, input));
                self.held = keep(all);
                let wait = if self.random.chance(50) { 0 } else { self.random.within(1, 4_000) };
                self.trouble = Some(self.now.mono.plus(Duration::from_millis(wait)));
                self.say(|_| "the round could not be stored".to_owned());
                if lost_step && self.random.chance(50) {
                    // And again, before it was followed: the two add up.
                    self.now.wall = Micros(self.now.wall.0 - 20_000_000);
                }
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

    fn hand(&mut self, input: Input, entries: &mut Vec<Entry>) {
        let outcome = self.engine.handle(self.now, input.clone());
        self.say(|_| format!("{}\n      -> {}", line(&input), brief(&outcome)));
        self.fold(Some(input), outcome, entries);
    }

    fn fold(&mut self, input: Option<Input>, outcome: Outcome, entries: &mut Vec<Entry>) {
        outcome.changes.iter().for_each(|change| self.store.apply(change));
        entries.push(Entry { now: self.now, input, outcome });
    }

    /// Performs the loads that were asked for, until no more are.
    fn load(&mut self, entries: &mut Vec<Entry>) {
        while let Some(effect) = entries.iter_mut().find_map(|entry| {
            let effects = &mut entry.outcome.effects;
            let at = effects.iter().position(is_load)?;
            Some(effects.remove(at))
        }) {
            let input = match effect {
                Effect::Load { from, limit } => {
                    self.tally.loads += 1;
                    let (jobs, more) = self.store.due_from(from, limit);
                    Input::Loaded { jobs, more }
                }
                Effect::LoadPlanned { after, limit, .. } => {
                    // Pages are cut short, so that there are several.
                    let limit = limit.min(usize::try_from(self.random.within(1, 5)).unwrap());
                    let (jobs, more) = self.store.recurring_from(after, limit);
                    Input::Planned { jobs, more }
                }
                other => panic!("{other:?} is no load"),
            };
            self.hand(input, entries);
        }
    }

    /// The round is durable: the reference hears of it, the effects are performed.
    fn commit(&mut self, entries: Vec<Entry>, mut effects: usize) {
        self.engine.committed();
        for entry in &entries {
            self.reference.commit(entry.now, entry.input.as_ref(), &entry.outcome);
            self.tally.count(entry.input.as_ref(), &entry.outcome);
        }
        if !entries.is_empty() {
            self.reference.end_round(self.now);
        }
        self.check_round();
        for effect in entries.into_iter().flat_map(|entry| entry.outcome.effects) {
            if effects == 0 {
                return;
            }
            effects -= 1;
            self.perform(effect);
        }
    }

    // --- daemons

    /// The daemon ends at once.
    pub(crate) fn crash(&mut self) {
        self.tally.crashes += 1;
        let reboot = self.random.chance(20);
        self.say(|_| format!("crash; reboot: {reboot}"));
        self.go_down(reboot);
    }

    fn go_down(&mut self, reboot: bool) {
        self.exited = false;
        self.trouble = None;
        self.held.clear();
        self.link.lose_daemon(reboot);
        let down = match self.random.within(0, 9) {
            0..=4 => self.random.millis(10, 3_000),
            5..=8 => self.random.millis(1_000, 1_900_000),
            _ => self.random.millis(1_000_000, 150_000_000),
        };
        self.pass(down);
        if reboot {
            self.now.mono = Mono(self.random.within(1, 90_000_000));
        }
        self.boot();
    }

    fn boot(&mut self) {
        let unsynchronised = !self.calm && self.random.chance(15);
        let trust = if unsynchronised { ClockTrust::Unsynchronised } else { ClockTrust::Trusted };
        loop {
            let newest = self.store.newest();
            let random = self.random.next();
            let (engine, outcome) = start(&self.config, &self.store, self.now, trust, random);
            self.engine = engine;
            self.say(|_| format!("start, {trust:?}\n      -> {}", brief(&outcome)));
            let before = self.store.clone();
            let mut entries = Vec::new();
            self.fold(None, outcome, &mut entries);
            self.load(&mut entries);
            if !self.calm && self.random.chance(5) {
                self.say(|_| "the start could not be stored".to_owned());
                self.store = before;
                self.pass(Duration::from_secs(1));
                continue;
            }
            self.reference.boot(self.now, unsynchronised, newest);
            self.tally.held += u64::from(self.reference.is_held());
            return self.commit(entries, usize::MAX);
        }
    }

    /// Time passes on both clocks.
    pub(crate) fn pass(&mut self, span: Duration) {
        self.now.wall = self.now.wall.plus(span);
        self.now.mono = self.now.mono.plus(span);
    }

    /// Tells what happens, if a trace was asked for.
    pub(crate) fn say(&self, what: impl Fn(&Self) -> String) {
        if self.trace {
            #[expect(clippy::print_stderr, reason = "a trace was asked for")]
            {
                eprintln!("{} +{:>12}  {}", self.now.wall, self.now.mono.0, what(self));
            }
        }
    }
}

impl Entry {
    fn has_planned_anew(&self) -> bool {
        matches!(&self.input, Some(Input::Planned { jobs, .. }) if !jobs.is_empty())
    }
}

/// An engine over what is stored.
pub(crate) fn start(
    config: &Config,
    store: &Store,
    now: Now,
    trust: ClockTrust,
    random: u64,
) -> (Engine, Outcome) {
    let snapshot = store.snapshot(config.window);
    let zones = TimeZoneDatabase::bundled();
    Engine::start(config.clone(), Scope::All, snapshot, now, trust, random, zones)
}

/// What is handed in again after a round that could not be stored: all but requests.
fn keep(asks: Vec<Ask>) -> Vec<Ask> {
    asks.into_iter()
        .filter(|ask| matches!(ask, Ask::Event(Event::Due(_) | Event::Late(_))))
        .collect()
}

fn is_load(effect: &Effect) -> bool {
    matches!(effect, Effect::Load { .. } | Effect::LoadPlanned { .. })
}

fn brief(outcome: &Outcome) -> String {
    let changes = outcome.changes.iter().map(|change| format!("\n      {}", line(change)));
    let effects = outcome.effects.iter().map(|effect| format!("\n      => {}", line(effect)));
    let reply = outcome.reply.iter().map(|reply| format!("\n      reply {}", line(reply)));
    changes.chain(effects).chain(reply).collect()
}

fn line(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").chars().take(1_200).collect()
}
