//! The life of a world: random steps, then calm until everything is done.

use std::time::Duration;

use station_core::engine::Input;
use station_core::model::{JobId, Micros};

use crate::link::Event;
use crate::requests::Ask;
use crate::world::World;

const DAY: u64 = 86_400_000;

impl World {
    /// Lives a whole life.
    pub(crate) fn live(&mut self) {
        for _ in 0..self.random.within(20, 55) {
            self.step();
            self.settle();
            self.check();
        }
        self.finish();
    }

    fn step(&mut self) {
        match self.random.within(0, 99) {
            0..=29 => {
                let count = if self.random.chance(20) { self.random.within(2, 6) } else { 1 };
                let asks = (0..count).map(|_| self.ask()).collect();
                self.round(asks, false);
            }
            30..=39 => {
                let ask = if self.store.last_job() < 12 { self.create() } else { self.ask() };
                self.round(vec![ask], false);
            }
            40..=59 => {
                if let Some(span) = self.next_wake() {
                    self.advance(span.min(Duration::from_secs(86_400)));
                }
            }
            60..=79 => {
                let span = match self.random.within(0, 9) {
                    0..=5 => self.random.millis(0, 20_000),
                    6..=8 => self.random.millis(20_000, 300_000),
                    _ => self.random.millis(300_000, 3_600_000),
                };
                self.advance(span);
            }
            80..=82 => self.round(Vec::new(), true),
            83..=88 => self.step_clock(),
            89..=92 => self.crash(),
            93 => {
                let limit = self.random.millis(0, 20_000);
                self.round(vec![due(Input::Shutdown { limit })], false);
            }
            94 => self.round(vec![due(Input::ClockSynchronised)], false),
            95..=96 => {
                // The machine sleeps.
                self.now.wall = self.now.wall.plus(self.random.millis(2_000, 4_000_000));
                self.tally.steps += 1;
                self.round(Vec::new(), true);
            }
            _ => {
                // The machine is slow: everything of a while arrives in one round.
                let span = self.random.millis(1_000, 30_000);
                self.pass(span);
                let mut asks = self.arrivals();
                asks.push(self.ask());
                self.round(asks, true);
            }
        }
    }

    fn step_clock(&mut self) {
        let size = match self.random.within(0, 5) {
            0 => self.random.within(100, 900),
            1 => self.random.within(2_000, 60_000),
            2..=3 => self.random.within(60_000, 7_200_000),
            4 => 3_600_000,
            _ => self.random.within(DAY / 8, 2 * DAY),
        };
        let size = i64::try_from(size).unwrap() * 1_000;
        let size = if self.random.chance(60) { -size } else { size };
        self.now.wall = Micros(self.now.wall.0 + size);
        self.tally.steps += 1;
        self.say(|_| format!("the clock was set by {} ms", size / 1000));
        let asks = if self.random.chance(30) { vec![self.ask()] } else { Vec::new() };
        self.round(asks, true);
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
        // What fires every second is not followed for hours.
        for _ in 0..120 {
            self.settle();
            let Some(mut next) = self.next_wake().filter(|next| *next <= left) else {
                self.pass(left);
                return self.settle();
            };
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
    }

    fn arrivals(&mut self) -> Vec<Ask> {
        let events = self.link.take(self.now.mono, &mut self.random);
        events.into_iter().map(Ask::Event).collect()
    }

    /// Does all that is to be done at this moment: the engine must come to rest.
    fn settle(&mut self) {
        for _ in 0..2_000 {
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
        while let Some(try_at) = self.trouble {
            self.pass(try_at.since(self.now.mono));
            self.settle();
        }
        self.settle();
        let ids: Vec<JobId> = self.store.jobs.keys().copied().collect();
        for job in ids {
            let state = &self.store.jobs[&job].state;
            let ask = match self.random.within(0, 1) {
                0 if state.next_due.is_some() => Ask::Pause(job),
                _ => Ask::Delete { job, history: false },
            };
            self.round(vec![ask], false);
        }
        for _ in 0..5_000 {
            self.settle();
            self.check();
            let live = self.store.live().next().is_some();
            if !live && self.store.notices.is_empty() && !self.reference.is_held() {
                break;
            }
            let next = self.next_wake().expect("something is still to come");
            self.pass(next);
        }
        self.check_done();
        // Then all of it expires.
        if self.config.retention.is_some() {
            for _ in 0..300 {
                self.settle();
                if self.store.executions.is_empty() {
                    break;
                }
                let next = self.next_wake().expect("it is looked for what has expired");
                self.pass(next);
            }
            self.check();
            assert!(self.store.executions.is_empty(), "kept: {:?}", self.store.executions);
            let deleted = self.store.jobs.values().find(|job| job.state.deleted);
            assert_eq!(deleted, None, "kept without executions");
            self.tally.emptied += 1;
        }
    }
}

fn due(input: Input) -> Ask {
    Ask::Event(Event::Due(input))
}
