//! What is under way at an outstation, and what was sent there within the last hour.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use station_core::model::Mono;
use station_wire::iec104::command::{Feedback, Spec};

use crate::cache::Cache;
use crate::rate::Rates;

use super::lock;

/// The books of one outstation. They outlive its sessions.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) rates: Mutex<Rates>,
    flight: Mutex<HashSet<(u16, u32)>>,
    doubts: Mutex<HashMap<(u16, u32), Doubt>>,
    /// Points that tell the end of an operation although they need not.
    terminating: Mutex<HashSet<(u16, u32)>>,
}

/// What became of a command is not known.
#[derive(Clone, Debug)]
struct Doubt {
    /// The connection it was sent over: on another one its answer cannot come any more.
    connection: Option<String>,
    /// When it was sent, at the earliest.
    since: Mono,
    until: Mono,
    /// What would show it.
    feedback: Option<Feedback>,
}

impl Doubt {
    /// Whether it shows since that it was carried out: what was there before is no effect.
    fn is_resolved(&self, cache: &Cache) -> bool {
        let Some(feedback) = self.feedback else { return false };
        let before = feedback.previous.is_some_and(|value| feedback.expected.is_met_by(value));
        let reading = cache.get(feedback.ca, feedback.ioa);
        let shown = reading.filter(|reading| reading.received.mono > self.since);
        let shown = shown.and_then(|reading| reading.trusted().ok());
        !before && shown.is_some_and(|value| feedback.expected.is_met_by(value))
    }
}

/// A command under way at a point, for as long as it exists.
#[derive(Debug)]
pub(super) struct Flight {
    ledger: Arc<Ledger>,
    at: (u16, u32),
}

/// Why there is no room for a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRoom {
    /// Another is under way at the same point.
    Point,
    /// As many are under way as the outstation takes at once.
    Outstation,
}

impl Ledger {
    /// Takes the place of a command to a point, if there are fewer than `most` under way.
    pub(super) fn begin(self: &Arc<Self>, at: (u16, u32), most: u32) -> Result<Flight, NoRoom> {
        let mut flight = lock(&self.flight);
        if flight.contains(&at) {
            return Err(NoRoom::Point);
        }
        if flight.len() >= usize::try_from(most.max(1)).unwrap_or(usize::MAX) {
            return Err(NoRoom::Outstation);
        }
        flight.insert(at);
        Ok(Flight { ledger: Arc::clone(self), at })
    }

    /// Nobody knows what became of a command: its answer may still come, which could not be told from the
    /// answer to the next one.
    pub(super) fn doubt(&self, spec: &Spec, connection: Option<&str>, (since, now): (Mono, Mono)) {
        let until = now.plus(spec.limits.execute_con.max(spec.limits.term));
        let connection = connection.map(ToOwned::to_owned);
        let doubt = Doubt { connection, since, until, feedback: spec.feedback };
        lock(&self.doubts).insert((spec.ca, spec.ioa), doubt);
    }

    /// For how long a point is still held because of that, on the connection that stands now.
    pub(super) fn doubted(
        &self,
        at: (u16, u32),
        connection: Option<&str>,
        (cache, now): (&Cache, Mono),
    ) -> Option<Duration> {
        let mut doubts = lock(&self.doubts);
        let doubt = doubts.get(&at)?;
        let is_same = connection.is_none() || doubt.connection.as_deref() == connection;
        if doubt.until > now && is_same && !doubt.is_resolved(cache) {
            return Some(doubt.until.since(now));
        }
        doubts.remove(&at);
        None
    }

    /// Whether the end of an operation is told, at a point where it need not be.
    pub(super) fn terminates(&self, at: (u16, u32)) -> bool {
        lock(&self.terminating).contains(&at)
    }

    pub(super) fn set_terminates(&self, at: (u16, u32), terminates: bool) {
        let mut terminating = lock(&self.terminating);
        if terminates {
            terminating.insert(at);
        } else {
            terminating.remove(&at);
        }
    }

    /// How many commands are under way.
    pub(super) fn in_flight(&self) -> usize {
        lock(&self.flight).len()
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        lock(&self.ledger.flight).remove(&self.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_takes_one_command_and_an_outstation_as_many_as_it_says() {
        let ledger = Arc::new(Ledger::default());
        let first = ledger.begin((1, 7), 2).unwrap();
        assert_eq!(ledger.begin((1, 7), 2).unwrap_err(), NoRoom::Point);
        let second = ledger.begin((2, 7), 2).unwrap();
        assert_eq!(ledger.begin((1, 8), 2).unwrap_err(), NoRoom::Outstation);
        drop(first);
        assert_eq!(ledger.in_flight(), 1);
        drop(second);
        assert!(ledger.begin((1, 7), 0).is_ok(), "one is possible in any case");
    }
}
