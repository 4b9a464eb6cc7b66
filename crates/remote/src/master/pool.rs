//! The pool: places on masters for those who have a command.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use station_core::model::NodeKind;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::base::Base;
use super::life::Master;
use super::seats::{PATIENCE, Seats};
use crate::client::ClientConfig;
use crate::failure::{Failure, FailureKind};
use crate::route::Route;

/// How many connections of masters may be in the making at once: a login is work for both sides.
const CONNECTS: usize = 32;

/// How long past the deadline the failure of an attempt is waited for.
const LAST_WORD: Duration = Duration::from_secs(1);

/// All masters of a client.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) config: Arc<ClientConfig>,
    /// The last one is in use; those before it have lost their directories.
    bases: Mutex<Vec<Arc<Base>>>,
    seats: Mutex<Seats>,
    pub(super) connects: Arc<Semaphore>,
    relays: Mutex<HashMap<String, Arc<Semaphore>>>,
    numbers: AtomicU64,
}

/// Which places a command may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// One of [`ClientConfig::sessions`].
    Usual,
    /// One of the two more that are left for ending commands.
    Spare,
}

/// A place on a master. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    pool: Weak<Pool>,
    master: Arc<Master>,
    opened: bool,
}

impl Pool {
    /// No masters yet.
    pub(crate) fn new(config: Arc<ClientConfig>) -> Self {
        Self {
            config,
            bases: Mutex::default(),
            seats: Mutex::default(),
            connects: Arc::new(Semaphore::new(CONNECTS)),
            relays: Mutex::default(),
            numbers: AtomicU64::new(1),
        }
    }

    /// The directory and what goes with it; made when first needed.
    pub(crate) fn base(&self) -> Result<Arc<Base>, Failure> {
        let mut bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(base) = bases.last().filter(|base| base.is_there()) {
            return Ok(base.clone());
        }
        let base = Arc::new(Base::start(&self.config)?);
        bases.push(base.clone());
        Ok(base)
    }

    /// A number no other process of ours has.
    pub(crate) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// The right to connect to a relay.
    pub(crate) async fn relay(
        &self,
        relay: &str,
        deadline: Instant,
    ) -> Result<OwnedSemaphorePermit, Failure> {
        let gate = {
            let mut relays = self.relays.lock().unwrap_or_else(PoisonError::into_inner);
            relays.retain(|_, gate| Arc::strong_count(gate) > 1);
            let made = || Arc::new(Semaphore::new(self.config.connects.max(1)));
            relays.entry(relay.to_owned()).or_insert_with(made).clone()
        };
        match timeout_at(deadline, gate.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => {
                let message = format!(
                    "the relay {relay} was too busy: {} connections to it were in the making for \
                     the whole time",
                    self.config.connects
                );
                Err(Failure::new(FailureKind::Timeout, message))
            }
        }
    }

    /// What the masters of a route are known by.
    pub(super) fn key(route: &Route) -> Arc<Route> {
        Arc::new(Route {
            address: route.address.clone(),
            user: route.user.clone(),
            port: route.port,
            kind: NodeKind::Ssh,
            relay: None,
            multiplex: true,
            host_keys: route.host_keys,
        })
    }

    /// A place on a master of the route, at most until the deadline.
    pub(super) async fn slot(
        self: &Arc<Self>,
        route: &Arc<Route>,
        place: Place,
        limit: Duration,
        deadline: Instant,
    ) -> Result<Slot, Failure> {
        loop {
            let (mut turn, began) = match self.take(route, place, limit, deadline) {
                Ok(slot) => return Ok(slot),
                Err(waiting) => waiting,
            };
            let mut look = Instant::now() + PATIENCE;
            let told = loop {
                tokio::select! {
                    biased;
                    told = &mut turn => break told,
                    () = sleep_until(look.min(deadline)) => {
                        if Instant::now() >= deadline {
                            // The attempt has the same deadline, and knows more about the why.
                            return match timeout(LAST_WORD, turn).await {
                                Ok(Ok(told)) => told,
                                Ok(Err(_)) | Err(_) => Err(self.no_place(route, limit)),
                            };
                        }
                        self.grow(route, limit, deadline);
                        look = Instant::now() + PATIENCE;
                    }
                }
            };
            match told {
                Ok(Err(other)) if shorter_than_ours(&other, began, deadline) => {}
                Ok(told) => return told,
                Err(_) => return Err(self.no_place(route, limit)),
            }
        }
    }

    /// A place at once; else a place in the queue, and whether a connection was begun for it.
    fn take(
        self: &Arc<Self>,
        route: &Arc<Route>,
        place: Place,
        limit: Duration,
        deadline: Instant,
    ) -> Result<Slot, (oneshot::Receiver<Result<Slot, Failure>>, bool)> {
        let mut seats = self.seats();
        let host = seats.host(route);
        if let Some(seat) = host.roomiest(place) {
            seat.used += 1;
            return Ok(self.slot_on(&seat.master));
        }
        let (sender, receiver) = oneshot::channel();
        host.waiting.push_back(sender);
        let cold = host.is_cold();
        if cold {
            self.attempt(&mut seats, route, limit, deadline);
        }
        Err((receiver, cold))
    }

    /// Makes connections for those who have waited long enough.
    fn grow(self: &Arc<Self>, route: &Arc<Route>, limit: Duration, deadline: Instant) {
        let mut seats = self.seats();
        let host = seats.known(route);
        let wanted = host.map_or(0, |host| host.wanted(Instant::now(), self.config.sessions));
        for _ in 0..wanted {
            self.attempt(&mut seats, route, limit, deadline);
        }
    }

    /// Begins to make a connection. The one unused for longest makes room for it.
    fn attempt(
        self: &Arc<Self>,
        seats: &mut Seats,
        route: &Arc<Route>,
        limit: Duration,
        deadline: Instant,
    ) {
        if seats.count() >= self.config.masters
            && let Some(seat) = seats.longest_idle()
        {
            seat.retired = true;
            seat.master.stop(false);
        }
        seats.host(route).attempts += 1;
        tokio::spawn(super::connect::attempt(Arc::downgrade(self), route.clone(), limit, deadline));
    }

    /// What has become of a connection.
    pub(super) fn attempted(
        self: &Arc<Self>,
        route: &Arc<Route>,
        result: Result<Arc<Master>, Failure>,
    ) {
        let mut seats = self.seats();
        let host = seats.host(route);
        match result {
            Ok(master) => {
                let number = master.number;
                host.connected(master, self.config.sessions, Instant::now());
                self.serve(&mut seats, route, number);
            }
            Err(failure) => host.failed(&failure, Instant::now()),
        }
        seats.tidy(route);
    }

    /// Gives a master's free places to those who wait.
    fn serve(self: &Arc<Self>, seats: &mut Seats, route: &Arc<Route>, number: u64) {
        let host = seats.host(route);
        while host.seat(number).is_some_and(|seat| seat.has_room(Place::Usual))
            && let Some(waiting) = host.waiting.pop_front()
            && let Some(seat) = host.seat(number)
        {
            let master = seat.master.clone();
            match waiting.send(Ok(self.slot_on(&master))) {
                Ok(()) => seat.used += 1,
                // It has gone meanwhile. The seats are locked: the slot must not give itself back.
                Err(Ok(mut slot)) => slot.pool = Weak::new(),
                Err(Err(_)) => {}
            }
        }
    }

    pub(super) fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot_on(self: &Arc<Self>, master: &Arc<Master>) -> Slot {
        Slot { pool: Arc::downgrade(self), master: master.clone(), opened: false }
    }

    fn release(self: &Arc<Self>, slot: &Slot) {
        let mut seats = self.seats();
        let many = seats.count() > self.config.masters;
        let Some(seat) = seats.seat(&slot.master) else { return };
        seat.used = seat.used.saturating_sub(1);
        seat.opened = seat.opened.saturating_sub(usize::from(slot.opened));
        self.serve(&mut seats, &slot.master.route, slot.master.number);
        let Some(seat) = seats.seat(&slot.master) else { return };
        if seat.used == 0 {
            seat.idle = Instant::now();
            if seat.retired || many {
                slot.master.stop(seat.retired);
                seat.retired = true;
            }
        }
    }

    fn no_place(&self, route: &Arc<Route>, limit: Duration) -> Failure {
        let (host, seconds) = (&route.address, limit.as_secs_f64());
        if self.seats().known(route).is_some_and(|host| host.is_up()) {
            let message = format!(
                "{host} had no free session within {seconds} s: all connections to it are in use, \
                 and no other could be made"
            );
            return Failure::new(FailureKind::Sessions, message);
        }
        let message = format!("{host} did not answer, or did not let us in, within {seconds} s");
        Failure::new(FailureKind::Timeout, message)
    }
}

/// It waited for a connection of somebody who had less time than itself.
fn shorter_than_ours(failure: &Failure, ours: bool, deadline: Instant) -> bool {
    failure.kind == FailureKind::Timeout && !ours && Instant::now() < deadline
}

impl Slot {
    /// The master it is on.
    pub(super) fn master(&self) -> &Arc<Master> {
        &self.master
    }

    /// The host has opened the session.
    pub(super) fn opened(&mut self) {
        self.opened = true;
        if let Some(pool) = self.pool.upgrade()
            && let Some(host) = pool.seats().known(&self.master.route)
        {
            host.opened(self.master.number);
        }
    }

    /// The end of its command is known; the host has yet to close the session.
    pub(super) fn ended(&self) {
        let Some(pool) = self.pool.upgrade() else { return };
        let mut seats = pool.seats();
        let Some(seat) = seats.seat(&self.master) else { return };
        seat.running = seat.running.saturating_sub(1);
        if seat.retired && seat.running == 0 {
            self.master.stop(true);
        }
    }

    /// The host refused the session; see [`super::seats::Host::refused`].
    pub(super) fn refused(&self) -> bool {
        let Some(pool) = self.pool.upgrade() else { return true };
        let mut seats = pool.seats();
        seats.known(&self.master.route).is_some_and(|host| host.refused(self.master.number))
    }

    /// The master is to take no more commands; it ends when none runs on it.
    pub(super) fn retire(&self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.retire(&self.master);
        }
    }
}

impl Pool {
    /// The master is to take no more commands; it ends when none runs on it.
    pub(super) fn retire(&self, master: &Master) {
        let mut seats = self.seats();
        let Some(seat) = seats.seat(master) else { return };
        seat.retired = true;
        if seat.running == 0 {
            master.stop(true);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.release(self);
        }
    }
}
