//! Who sits where: the masters of each host, their places, and those who wait for one. Pure but for
//! the channels by which the waiting are told.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::life::Master;
use super::pool::{Place, Slot};
use crate::failure::Failure;
use crate::route::Route;

/// Commands wait so long for a place before another connection is made for them: with short
/// commands, places become free faster than a connection is made.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);
/// How many places of a master are left for ending commands.
const SPARE: usize = 2;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// All hosts that are in use.
#[derive(Debug, Default)]
pub(super) struct Seats {
    hosts: HashMap<Arc<Route>, Host>,
}

/// One host in one configuration.
#[derive(Debug, Default)]
pub(super) struct Host {
    pub(super) seats: Vec<Seat>,
    /// How many connections are being made.
    pub(super) attempts: usize,
    pub(super) waiting: VecDeque<Waiting>,
    /// How many sessions it takes on a connection, once it has refused one.
    takes: Option<usize>,
    /// Since when it is known that it lets us in.
    up: Option<Instant>,
    /// After a failure, further connections beside those there are wait so long.
    pause: Duration,
    not_before: Option<Instant>,
}

/// One who waits for a place.
pub(super) type Waiting = oneshot::Sender<Result<Slot, Failure>>;

/// A master with its places.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) master: Arc<Master>,
    /// Places in use, from the request to the host's word that the session is closed.
    pub(super) used: usize,
    /// How many of them are open sessions.
    pub(super) opened: usize,
    /// How many of those are commands of which no end is known yet.
    pub(super) running: usize,
    /// How many sessions it has opened ever.
    pub(super) served: u64,
    pub(super) capacity: usize,
    /// How many places it has beyond those, for ending commands.
    pub(super) spare: usize,
    /// Since when none was in use.
    pub(super) idle: Instant,
    /// It takes no more commands.
    pub(super) retired: bool,
}

impl Seats {
    pub(super) fn host(&mut self, route: &Arc<Route>) -> &mut Host {
        self.hosts.entry(route.clone()).or_default()
    }

    /// A host, if it is in use.
    pub(super) fn known(&mut self, route: &Arc<Route>) -> Option<&mut Host> {
        self.hosts.get_mut(route)
    }

    pub(super) fn seat(&mut self, master: &Master) -> Option<&mut Seat> {
        self.hosts.get_mut(&master.route)?.seat(master.number)
    }

    /// Forgets a host that nobody uses.
    pub(super) fn tidy(&mut self, route: &Arc<Route>) {
        let unused = self.hosts.get(route).is_some_and(|host| {
            host.seats.is_empty() && host.attempts == 0 && host.waiting.is_empty()
        });
        if unused {
            self.hosts.remove(route);
        }
    }

    /// How many connections are kept, or are being made.
    pub(super) fn count(&self) -> usize {
        let kept = |host: &Host| host.seats.iter().filter(|seat| !seat.retired).count();
        self.hosts.values().map(|host| kept(host) + host.attempts).sum()
    }

    /// The master that has been unused for longest.
    pub(super) fn longest_idle(&mut self) -> Option<&mut Seat> {
        let seats = self.hosts.values_mut().flat_map(|host| &mut host.seats);
        seats.filter(|seat| seat.used == 0 && !seat.retired).min_by_key(|seat| seat.idle)
    }
}

impl Host {
    pub(super) fn seat(&mut self, number: u64) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.master.number == number)
    }

    /// The master with most room.
    pub(super) fn roomiest(&mut self, place: Place) -> Option<&mut Seat> {
        self.seats
            .iter_mut()
            .filter(|seat| seat.has_room(place))
            .min_by_key(|seat| (seat.used, seat.master.number))
    }

    /// How many sessions a new connection is given.
    pub(super) fn capacity(&self, configured: usize) -> usize {
        self.takes.map_or(configured, |takes| takes.min(configured)).max(1)
    }

    /// Nobody would ever give a place.
    pub(super) fn is_cold(&self) -> bool {
        self.attempts == 0 && !self.is_up()
    }

    /// There is a connection.
    pub(super) fn is_up(&self) -> bool {
        self.seats.iter().any(|seat| !seat.retired)
    }

    /// How many connections are to be made for those who wait.
    pub(super) fn wanted(&mut self, now: Instant, configured: usize) -> usize {
        self.waiting.retain(|waiting| !waiting.is_closed());
        if self.waiting.is_empty() {
            return 0;
        }
        if self.is_cold() {
            return 1;
        }
        let settled = self.up.is_some_and(|up| now >= up + PATIENCE);
        let paused = self.not_before.is_some_and(|instant| now < instant);
        if !settled || paused || self.seats.is_empty() {
            return 0;
        }
        self.waiting.len().div_ceil(self.capacity(configured)).saturating_sub(self.attempts)
    }

    /// A connection has been made.
    pub(super) fn connected(&mut self, master: Arc<Master>, configured: usize, now: Instant) {
        self.attempts = self.attempts.saturating_sub(1);
        self.pause = Duration::ZERO;
        self.not_before = None;
        self.up = Some(now);
        let capacity = self.capacity(configured);
        self.seats.push(Seat {
            master,
            used: 0,
            opened: 0,
            running: 0,
            served: 0,
            capacity,
            spare: if self.takes.is_none() { SPARE } else { 0 },
            idle: now,
            retired: false,
        });
    }

    /// A connection could not be made. Those who wait go on waiting while there is hope.
    pub(super) fn failed(&mut self, failure: &Failure, now: Instant) {
        self.attempts = self.attempts.saturating_sub(1);
        if self.is_cold() {
            for waiting in self.waiting.drain(..) {
                // One that has gone meanwhile need not know.
                drop(waiting.send(Err(failure.clone())));
            }
            return;
        }
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        self.not_before = Some(now + self.pause);
    }

    /// The host refuses a session on this connection. Whether it should have taken it: no other was
    /// open on a connection nobody has used before.
    pub(super) fn refused(&mut self, number: u64) -> bool {
        let Some(seat) = self.seat(number) else { return false };
        if seat.used <= 1 {
            seat.retired = true;
            return seat.served == 0;
        }
        seat.capacity = seat.opened.max(1);
        seat.spare = 0;
        self.takes = Some(seat.capacity);
        false
    }

    /// The host has opened a session.
    pub(super) fn opened(&mut self, number: u64) {
        let Some(seat) = self.seat(number) else { return };
        seat.opened += 1;
        seat.running += 1;
        seat.served += 1;
        // Refusals may have been heard of before openings.
        seat.capacity = seat.capacity.max(seat.opened);
        let capacity = seat.capacity;
        self.takes = self.takes.map(|takes| takes.max(capacity));
    }
}

impl Seat {
    pub(super) fn has_room(&self, place: Place) -> bool {
        let spare = if place == Place::Spare { self.spare } else { 0 };
        !self.retired && self.used < self.capacity + spare
    }
}
