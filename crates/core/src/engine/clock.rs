//! The engine's view of the clocks: steps, suspends, and a clock not to be trusted yet.

use std::time::Duration;

use super::replan::sum;
use super::{Effect, Engine, Note, Outcome};
use crate::model::{Micros, Mono, Now};

/// A difference between wall and monotonic time from which on it counts as a step.
const STEP: Duration = Duration::from_secs(1);

/// Whether the wall clock can be believed at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockTrust {
    /// It is kept by a battery or already synchronised.
    Trusted,
    /// The machine has no battery-backed clock and is not synchronised yet.
    Unsynchronised,
}

/// Both clocks as last seen, and since when the station has been able to fire.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    last: Now,
    up_since: Micros,
    held_until: Option<Mono>,
    /// The wall time below which the clock is certainly wrong.
    newest: Option<Micros>,
}

impl Clock {
    pub(super) fn start(
        now: Now,
        trust: ClockTrust,
        newest: Option<Micros>,
        wait: Duration,
    ) -> Self {
        let behind = newest.is_some_and(|newest| now.wall.plus(STEP) < newest);
        let held = behind || trust == ClockTrust::Unsynchronised;
        Self {
            last: now,
            up_since: now.wall,
            held_until: held.then(|| now.mono.plus(wait)),
            newest: newest.filter(|_| behind),
        }
    }

    pub(super) fn last(&self) -> Now {
        self.last
    }

    pub(super) fn up_since(&self) -> Micros {
        self.up_since
    }

    pub(super) fn is_held(&self) -> bool {
        self.held_until.is_some()
    }

    pub(super) fn held_until(&self) -> Option<Mono> {
        self.held_until
    }

    /// The wall time that ends the hold when the clock shows it.
    pub(super) fn held_below(&self) -> Option<Micros> {
        self.newest.filter(|_| self.is_held())
    }

    /// Ends the hold once its time is over, whatever the clock shows.
    pub(super) fn expire(&mut self, now: Now, out: &mut Outcome) {
        if self.held_until.is_some_and(|until| now.mono >= until) {
            self.release(now, out);
        }
    }

    /// Ends the hold: what became due meanwhile is judged as after downtime.
    fn release(&mut self, now: Now, out: &mut Outcome) {
        if self.held_until.take().is_some() {
            self.up_since = now.wall;
            self.newest = None;
            out.effects.push(Effect::Note(Note::ClockReleased));
        }
    }
}

impl Engine {
    /// Compares the clocks with their last reading and takes note of steps.
    pub(super) fn observe(&mut self, now: Now, out: &mut Outcome) {
        let clock = &mut self.clock;
        let expected = clock.last.wall.plus(now.mono.since(clock.last.mono));
        let forward = now.wall.since(expected);
        let backward = expected.since(now.wall);
        clock.last = now;
        if forward > STEP {
            clock.up_since = now.wall;
            out.effects.push(Effect::Note(Note::ClockForward(forward)));
        } else if backward > STEP {
            out.effects.push(Effect::Note(Note::ClockBackward(backward)));
            self.set_back = sum(self.set_back, Some(backward));
        }
        let clock = &mut self.clock;
        // Times that are still to come do not count as passed while the station was down.
        clock.up_since = clock.up_since.min(now.wall);
        // A clock that was certainly wrong has been set right.
        if clock.newest.is_some_and(|newest| now.wall >= newest) {
            clock.release(now, out);
        }
    }

    /// The system says that its clock is synchronised.
    pub(super) fn release_clock(&mut self, now: Now, out: &mut Outcome) {
        self.clock.release(now, out);
    }
}
