//! What is under way at an outstation, and what was sent there within the last hour.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use crate::rate::Rates;

use super::lock;

/// The books of one outstation. They outlive its sessions.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) rates: Mutex<Rates>,
    flight: Mutex<HashSet<(u16, u32)>>,
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
