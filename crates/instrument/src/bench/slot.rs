//! A slot: the place of one equipment on the bench. Who may use it, its idle line, what is known of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use station_core::model::{Equipment, Identity, Micros};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::breaker::Breaker;
use super::health::Health;
use super::line::Line;
use super::{EquipmentStatus, Holder, wear};
use crate::driver::{Driver, Step};
use crate::{Error, ErrorKind};

/// The place of one equipment on the bench.
pub(super) struct Slot {
    id: String,
    /// One permit: who has it has the turn. Its queue is fair.
    queue: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    turn: Option<Turn>,
    last: u64,
    parked: Option<Parked>,
    owed: Vec<Vec<Step>>,
    closing: Option<AbortHandle>,
    equipment: Option<(Equipment, Arc<Driver>)>,
    connected: bool,
    /// Why it could not be connected last, if that is still so.
    trouble: Option<String>,
    identity: Option<Identity>,
    desyncs: u64,
    breaker: Breaker,
    health: Health,
    writes: Vec<Micros>,
}

struct Turn {
    number: u64,
    holder: String,
    since: Micros,
    /// What ends it in time.
    expiry: Option<AbortHandle>,
    /// Given back when the turn is over.
    _permit: OwnedSemaphorePermit,
}

/// A line that nobody uses.
pub(super) struct Parked {
    pub(super) line: Line,
    /// It was left midway: it has to be brought in step before it is used.
    pub(super) doubtful: bool,
}

impl Slot {
    pub(super) fn new(id: &str) -> Arc<Self> {
        let state = Mutex::new(State::default());
        Arc::new(Self { id: id.to_owned(), queue: Arc::new(Semaphore::new(1)), state })
    }

    /// Waits for the turn, in the order of asking.
    pub(super) async fn wait(&self, until: Instant) -> Result<OwnedSemaphorePermit, Error> {
        let permit = Arc::clone(&self.queue).acquire_owned();
        match tokio::time::timeout_at(until, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(Error::new(ErrorKind::Refused, "the station is stopping")),
            Err(_) => {
                let message = match &self.state().turn {
                    Some(Turn { holder, since, .. }) => {
                        let since = Micros(since.0 - since.0.rem_euclid(1_000_000));
                        format!("it is held by {holder} since {since}")
                    }
                    None => "it is held by another".to_owned(),
                };
                Err(Error::new(ErrorKind::Busy, message))
            }
        }
    }

    /// Begins a turn; its number. With a limit it is over then, whether or not its lease is there.
    pub(super) fn begin(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        holder: &Holder,
        (since, idle): (Micros, Duration),
    ) -> u64 {
        let mut state = self.state();
        state.last = state.last.saturating_add(1);
        let number = state.last;
        let expiry = holder.limit.map(|limit| {
            let slot = Arc::downgrade(self);
            let expire = async move {
                tokio::time::sleep(limit).await;
                if let Some(slot) = slot.upgrade() {
                    slot.end(number, (None, Vec::new()), idle);
                }
            };
            tokio::spawn(expire).abort_handle()
        });
        let holder = holder.label.clone();
        state.turn = Some(Turn { number, holder, since, expiry, _permit: permit });
        if let Some(closing) = state.closing.take() {
            closing.abort();
        }
        number
    }

    /// Whether it is that turn still.
    pub(super) fn is_turn(&self, number: u64) -> bool {
        self.state().turn.as_ref().is_some_and(|turn| turn.number == number)
    }

    /// Takes the idle line, for the one whose turn it is.
    pub(super) fn take(&self) -> Option<Parked> {
        self.state().parked.take()
    }

    /// Lays a line aside, until its holder's next act.
    pub(super) fn park(&self, number: u64, parked: Parked) {
        let mut state = self.state();
        if state.turn.as_ref().is_some_and(|turn| turn.number == number) {
            state.parked = Some(parked);
        }
    }

    /// Ends a turn and lays its line aside; after `idle` it is closed, unless somebody takes it.
    pub(super) fn end(
        self: &Arc<Self>,
        number: u64,
        (parked, owed): (Option<Parked>, Vec<Vec<Step>>),
        idle: Duration,
    ) {
        let mut state = self.state();
        state.owed.extend(owed);
        if state.turn.as_ref().is_none_or(|turn| turn.number != number) {
            // It expired: the line is not wanted any more, and is closed by being dropped.
            return;
        }
        state.parked = parked.or(state.parked.take());
        state.connected = state.parked.is_some();
        if state.connected {
            // Without a runtime nothing can be closed later.
            match Handle::try_current() {
                Ok(runtime) => {
                    let close = close_later(Arc::downgrade(self), idle);
                    state.closing = Some(runtime.spawn(close).abort_handle());
                }
                Err(_) => state.parked = None,
            }
        }
        let turn = state.turn.take();
        drop(state);
        if let Some(expiry) = turn.and_then(|turn| turn.expiry) {
            expiry.abort();
        }
    }

    /// What a cut-off verb owes the instrument.
    pub(super) fn take_owed(&self) -> Vec<Vec<Step>> {
        std::mem::take(&mut self.state().owed)
    }

    /// What was owed could not be done now: it still is.
    pub(super) fn owe(&self, owed: Vec<Vec<Step>>) {
        self.state().owed.extend(owed);
    }

    /// Whether a cut-off verb owes something.
    pub(super) fn owes(&self) -> bool {
        !self.state().owed.is_empty()
    }

    /// Closes the idle line; with the equipment and driver it was used with.
    async fn close_idle(&self) {
        let (parked, driver) = {
            let mut state = self.state();
            if state.turn.is_some() {
                return;
            }
            state.connected = false;
            (state.parked.take(), state.equipment.as_ref().map(|(_, driver)| Arc::clone(driver)))
        };
        if let (Some(Parked { line, doubtful: false }), Some(driver)) = (parked, driver) {
            tracing::debug!(equipment = self.id, "an idle connection is closed");
            line.close(&driver).await;
        }
    }

    /// Whether it may be tried to reach it.
    pub(super) fn check_breaker(&self) -> Result<(), Error> {
        self.state().breaker.check(Instant::now())
    }

    /// It may be tried at once.
    pub(super) fn retry(&self) {
        self.state().breaker.close();
    }

    /// It was reached.
    pub(super) fn reached(&self, identity: &Identity) {
        let mut state = self.state();
        state.connected = true;
        state.trouble = None;
        state.identity = Some(identity.clone());
        let is_news = state.breaker.reached();
        drop(state);
        if is_news {
            tracing::info!(equipment = self.id, "the equipment can be reached again");
        }
    }

    /// It could not be connected.
    pub(super) fn not_connected(&self, error: &Error) {
        let mut state = self.state();
        state.connected = false;
        state.trouble = Some(error.message.clone());
    }

    /// It could not be reached.
    pub(super) fn not_reached(&self, wall: Micros, interval: Duration, error: &Error) {
        let is_news = {
            let mut state = self.state();
            state.breaker.failed((Instant::now(), wall), interval, error)
        };
        if is_news {
            let seconds = interval.as_secs();
            tracing::warn!(
                equipment = self.id,
                %error,
                "the equipment cannot be reached: it is tried again after {seconds} s at the earliest"
            );
        }
    }

    /// Its line is closed.
    pub(super) fn closed(&self) {
        self.state().connected = false;
    }

    /// An operation went well, or not; and how many desyncs there were in it.
    pub(super) fn done(&self, wall: Micros, error: Option<&Error>, desyncs: u64) {
        let mut state = self.state();
        state.desyncs = state.desyncs.saturating_add(desyncs);
        match error {
            None => state.health.good(),
            Some(error) => state.health.bad(wall, &error.message),
        }
    }

    /// It is used as this, with that driver.
    pub(super) fn used_as(&self, equipment: &Equipment, driver: &Arc<Driver>) {
        let mut state = self.state();
        let before = state.equipment.replace((equipment.clone(), Arc::clone(driver)));
        let is_elsewhere =
            before.as_ref().is_some_and(|(before, _)| before.resource != equipment.resource);
        // What was found out about another place, or by other means, says nothing of this one.
        if before.is_some_and(|(before, _)| is_elsewhere || before.settings != equipment.settings) {
            state.breaker = Breaker::default();
            state.trouble = None;
            if is_elsewhere {
                (state.identity, state.desyncs, state.health) = (None, 0, Health::default());
                // What another instrument was promised is not for this one.
                if !std::mem::take(&mut state.owed).is_empty() {
                    tracing::warn!(
                        equipment = self.id,
                        "registered elsewhere: what had to follow its last use is not done"
                    );
                }
            }
        }
    }

    /// As what it was used last.
    pub(super) fn last_used_as(&self) -> Option<(Equipment, Arc<Driver>)> {
        self.state().equipment.clone()
    }

    /// Whether a line to it is open.
    pub(super) fn is_connected(&self) -> bool {
        self.state().connected
    }

    /// When its memory was written, as it was just kept.
    pub(super) fn wrote(&self, writes: Vec<Micros>) {
        self.state().writes = writes;
    }

    /// What is known of it.
    pub(super) fn status(&self, wall: Micros) -> EquipmentStatus {
        let state = self.state();
        EquipmentStatus {
            connected: state.connected,
            error: state.trouble.clone(),
            identity: state.identity.clone(),
            health_score: if state.trouble.is_some() { 0 } else { state.health.score() },
            last_errors: state.health.errors(),
            desyncs: state.desyncs,
            holder: state.turn.as_ref().map(|turn| (turn.holder.clone(), turn.since)),
            skipped_until: state.breaker.skipped_until(Instant::now()),
            writes_last_hour: u32::try_from(wear::recent(&state.writes, wall).len())
                .unwrap_or(u32::MAX),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn close_later(slot: Weak<Slot>, idle: Duration) {
    tokio::time::sleep(idle).await;
    if let Some(slot) = slot.upgrade() {
        slot.close_idle().await;
    }
}
