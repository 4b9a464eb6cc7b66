//! The life of a world: random steps, then calm until everything is done.

use std::time::Duration;

use station_core::engine::Input;
use station_core::model::{
    Action, Bounds, CommandLine, Condition, Conflict, DateTrigger, ExecutionId, Grace,
    InstrumentAction, JobId, JobSpec, Mail, MailWhen, Micros, OnInterrupted, Policies, Principal,
    Sequence, Target, Trigger, Work,
};

use crate::link::{Event, NEVER};
use crate::random::Random;
use crate::world::{Ask, World};

const SECOND: i64 = 1_000_000;
const DAY: u64 = 86_400_000;

impl World {
    /// Lives a whole life.
    pub(crate) fn live(&mut self) {
        for _ in 0..self.random.within(50, 150) {
            self.step();
            self.settle();
            self.check();
        }
        self.finish();
    }

    fn step(&mut self) {
        match self.random.within(0, 99) {
            0..=24 => {
                let count = if self.random.chance(20) { self.random.within(2, 6) } else { 1 };
                let asks = (0..count).map(|_| self.ask()).collect();
                self.round(asks, false);
            }
            25..=34 => {
                let ask = self.create();
                self.round(vec![ask], false);
            }
            35..=59 => {
                if let Some(span) = self.next_wake() {
                    self.advance(span.min(Duration::from_secs(3 * 86_400)));
                }
            }
            60..=79 => {
                let span = if self.random.chance(90) {
                    self.random.millis(0, 40_000)
                } else {
                    self.random.millis(60_000, 7_200_000)
                };
                self.advance(span);
            }
            80..=84 => self.round(Vec::new(), true),
            85..=88 => self.step_clock(),
            89..=91 => self.crash(),
            92..=93 => {
                let limit = self.random.millis(0, 20_000);
                self.round(vec![due(Input::Shutdown { limit })], false);
            }
            94 => self.round(vec![due(Input::ClockSynchronised)], false),
            95 => {
                // The machine sleeps.
                self.now.wall = self.now.wall.plus(self.random.millis(2_000, 4_000_000));
                self.tally.steps += 1;
                self.round(Vec::new(), true);
            }
            96 => {
                // The machine is slow: everything of a while arrives in one round.
                let span = self.random.millis(1_000, 30_000);
                self.pass(span);
                let asks = self.arrivals();
                self.round(asks, true);
            }
            97 => {
                // More than the window holds, each due before those that wait already.
                let asks = (1..=self.random.within(5, 14)).map(|n| self.create_past(n)).collect();
                self.round(asks, false);
            }
            _ => {
                let (a, b) = (self.create(), self.ask());
                self.round(vec![a, b], true);
            }
        }
    }

    fn step_clock(&mut self) {
        let size = match self.random.within(0, 3) {
            0 => self.random.within(100, 900),
            1 => self.random.within(2_000, 60_000),
            2 => self.random.within(60_000, 7_200_000),
            _ => self.random.within(DAY / 2, 3 * DAY),
        };
        let size = i64::try_from(size).unwrap() * 1_000;
        let size = if self.random.chance(50) { -size } else { size };
        self.now.wall = Micros(self.now.wall.0 + size);
        self.tally.steps += 1;
        self.say(|_| format!("the clock was set by {} ms", size / 1000));
        self.round(Vec::new(), true);
    }

    fn ask(&mut self) -> Ask {
        let last = u64::try_from(self.store.last_job()).unwrap();
        let oldest = if self.random.chance(50) { last.saturating_sub(4) } else { 0 };
        let job = JobId(i64::try_from(self.random.within(oldest, last + 1)).unwrap());
        match self.random.within(0, 9) {
            0..=3 => self.create(),
            4..=5 => Ask::Cancel(job),
            6 => {
                let n = u32::try_from(self.random.within(0, 2)).unwrap();
                Ask::CancelExecution(ExecutionId { job, n })
            }
            7 => {
                let live = self.store.live().last().map(|execution| execution.id);
                live.map_or(Ask::Cancel(job), Ask::CancelExecution)
            }
            _ => Ask::RunNow(job),
        }
    }

    fn create(&mut self) -> Ask {
        let random = &mut self.random;
        let now = self.now.wall.0;
        let mut immediate = false;
        let at = match random.within(0, 9) {
            0..=2 => {
                immediate = true;
                now - random.pick(&[0, 0, 1, 20 * SECOND])
            }
            3 => now,
            4..=6 => now + i64::try_from(random.within(0, 30_000_000)).unwrap(),
            7 => (now / SECOND + 10) / 10 * 10 * SECOND,
            8 => now + i64::try_from(random.within(60, 7_200)).unwrap() * SECOND,
            _ => now - i64::try_from(random.within(0, 5)).unwrap() * SECOND,
        };
        let grace = match random.within(0, 3) {
            0 => Grace::Forever,
            1 => Grace::Within(Duration::ZERO),
            2 => Grace::Within(random.millis(0, 60_000)),
            _ => Grace::Within(Duration::from_secs(300)),
        };
        let rerun = random.chance(30);
        let policies = Policies {
            retries: u32::try_from(random.within(0, 3)).unwrap(),
            retry_delay: random.pick(&[
                Duration::ZERO,
                Duration::from_secs(1),
                Duration::from_secs(10),
                Duration::from_secs(2_000),
            ]),
            timeout: random.chance(30).then(|| random.millis(0, 20_000)),
            idle_timeout: random.chance(20).then(|| random.millis(100, 8_000)),
            grace,
            on_interrupted: if rerun { OnInterrupted::Rerun } else { OnInterrupted::Keep },
            condition: random
                .chance(15)
                .then(|| Condition::LoadBelow(random.pick(&[50, 150, 250]))),
            // Runs side by side; what conflicts do is the business of other worlds.
            conflict: Conflict::Replace,
            max_instances: u32::MAX,
            ..Policies::default()
        };
        let (action, target) = work(random);
        let mail = Mail { to: "root".into(), when: MailWhen::Always };
        let spec = JobSpec {
            name: "job".into(),
            description: None,
            action,
            target,
            trigger: Trigger::Date(DateTrigger {
                at: Micros(at),
                zone: "UTC".into(),
                intent: None,
            }),
            bounds: Bounds::default(),
            policies,
            tags: Vec::new(),
            queue: None,
            mail: random.chance(30).then_some(mail),
            created_at: Micros(0),
            created_by: Principal::Unix { uid: 0, name: None },
        };
        Ask::Create { spec: Box::new(spec), immediate }
    }

    fn create_past(&mut self, seconds: u64) -> Ask {
        let mut ask = self.create();
        if let Ask::Create { spec, immediate } = &mut ask {
            let Trigger::Date(date) = &mut spec.trigger else { panic!("one-offs alone") };
            date.at = Micros(self.now.wall.0 - i64::try_from(seconds).unwrap() * SECOND);
            *immediate = true;
        }
        ask
    }

    // --- time

    /// How long until something is to be done, if anything is.
    fn next_wake(&self) -> Option<Duration> {
        let mut next = self.link.next();
        if let Some(try_at) = self.trouble {
            return Some(try_at.since(self.now.mono));
        }
        let deadline = self.engine.deadline();
        let wall = deadline.wall.map(|at| self.now.mono.plus(at.since(self.now.wall)));
        for at in [deadline.mono, wall].into_iter().flatten() {
            next = Some(next.map_or(at, |next| next.min(at)));
        }
        next.map(|at| at.since(self.now.mono))
    }

    /// Lets so much time pass, with everything that happens in it.
    fn advance(&mut self, span: Duration) {
        let mut left = span;
        loop {
            self.settle();
            match self.next_wake().filter(|next| *next <= left) {
                Some(mut next) => {
                    if self.random.chance(10) {
                        // It is noticed late.
                        next = (next + self.random.millis(0, 2_000)).min(left);
                    }
                    self.pass(next);
                    left -= next;
                    let before = self.tally.crashes + self.tally.shutdowns;
                    self.settle();
                    if self.tally.crashes + self.tally.shutdowns > before {
                        return;
                    }
                }
                None => {
                    self.pass(left);
                    return self.settle();
                }
            }
        }
    }

    fn arrivals(&mut self) -> Vec<Ask> {
        let events = self.link.take(self.now.mono, &mut self.random);
        events.into_iter().map(Ask::Event).collect()
    }

    /// Does all that is to be done at this moment: the engine must come to rest.
    fn settle(&mut self) {
        for _ in 0..400 {
            let Some(Duration::ZERO) = self.next_wake() else { return };
            let asks = self.arrivals();
            let deadline = self.engine.deadline();
            let tick = deadline.wall.is_some_and(|at| at <= self.now.wall)
                || deadline.mono.is_some_and(|at| at <= self.now.mono);
            self.round(asks, tick);
        }
        panic!("the engine does not come to rest: it wants {:?}", self.engine.deadline());
    }

    /// Nothing goes wrong any more: everything must come to its end.
    fn finish(&mut self) {
        self.say(|_| "calm".to_owned());
        self.calm = true;
        self.link.calm(self.now.mono, &mut self.random);
        for _ in 0..20_000 {
            self.settle();
            let Some(next) = self.next_wake() else { break };
            assert!(next < NEVER, "nothing happens for {next:?}");
            self.pass(next);
        }
        self.settle();
        self.check();
        self.check_done();
    }
}

/// What a job does: a command, or something with equipment.
fn work(random: &mut Random) -> (Action, Target) {
    let ids: &[&str] = match random.within(0, 19) {
        0..=11 => {
            let command = CommandLine::Shell("true".into());
            let action = Action::Command { command, context: None, stdin: None, sudo: false };
            return (action, Target::Local);
        }
        // A sequence of commands alone.
        12 => &[],
        13..=14 => &["load"],
        15..=16 => &["supply"],
        17 => &["load", "supply"],
        18 => &["meter", "supply"],
        _ => &["load", "meter", "supply"],
    };
    let action = InstrumentAction {
        work: if ids.is_empty() {
            Work::Sequence(Sequence { tick: Sequence::TICK, steps: Vec::new() })
        } else {
            Work::StateCapture
        },
        profile: None,
        on_release: Vec::new(),
    };
    let target = Target::Equipment(ids.iter().map(|id| (*id).to_owned()).collect());
    (Action::Instrument(Box::new(action)), target)
}

fn due(input: Input) -> Ask {
    Ask::Event(Event::Due(input))
}
