//! Where the ASDUs of an outstation go: values to whoever keeps and watches them, answers to the work
//! under way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use station_core::model::Now;
use station_wire::iec104::codec::{Asdu, Value};
use tokio::sync::{broadcast, mpsc};

use super::Shared;
use super::connect::Connection;
use super::event::{Change, Event};
use super::tap::Seen;
use super::upkeep::Upkeep;
use super::work::Work;
use crate::cache::Cache;

/// What takes in ASDUs.
pub(super) struct Intake {
    shared: Arc<Shared>,
    cache: Arc<Mutex<Cache>>,
    watchers: broadcast::Sender<Arc<[Change]>>,
    events: mpsc::UnboundedSender<Event>,
    pub(super) work: Work,
    pub(super) upkeep: Upkeep,
    /// When what is being read came.
    at: Duration,
    now: Now,
    /// The slots of the cache that changed.
    changed: Vec<u32>,
    /// How often it was restarted since then.
    restarts: (Duration, u32),
    /// Why nothing more is taken.
    pub(super) fault: Option<&'static str>,
}

/// How often an outstation, and those behind it, may say within a minute that they were restarted: each time
/// all values are looked at, and asked for.
const MOST_RESTARTS: u32 = 256;

impl Intake {
    pub(super) fn new(
        shared: Arc<Shared>,
        cache: Arc<Mutex<Cache>>,
        watchers: broadcast::Sender<Arc<[Change]>>,
        events: mpsc::UnboundedSender<Event>,
        work: Work,
        upkeep: Upkeep,
    ) -> Self {
        Self {
            shared,
            cache,
            watchers,
            events,
            work,
            upkeep,
            at: Duration::ZERO,
            now: Now::default(),
            changed: Vec::new(),
            restarts: (Duration::ZERO, 0),
            fault: None,
        }
    }

    /// Tells what happened; nobody may listen any more.
    pub(super) fn tell(&self, event: Event) {
        self.events.send(event).ok();
    }

    /// Octets were read just now.
    pub(super) fn begin(&mut self, now: Duration) {
        self.at = now;
        self.now = (self.shared.clock)();
    }

    /// All ASDUs of a read were taken.
    pub(super) fn end(&mut self) {
        if self.changed.is_empty() {
            return;
        }
        if self.watchers.receiver_count() > 0 {
            let cache = self.cache();
            let change = |place: &u32| {
                let (ca, ioa, reading) = cache.slot(*place)?;
                Some(Change { ca, ioa, reading: reading? })
            };
            let changes: Arc<[Change]> = self.changed.iter().filter_map(change).collect();
            drop(cache);
            // Whoever watched may be gone by now.
            self.watchers.send(changes).ok();
        }
        self.changed.clear();
    }

    /// Takes an ASDU and passes it on.
    pub(super) fn take(&mut self, octets: &[u8], seen: Seen<'_>, connection: &Arc<Connection>) {
        if self.fault.is_some() {
            return;
        }
        let Ok(asdu) = Asdu::parse(octets) else {
            self.shared.counters.ignored();
            return;
        };
        let mut changed = std::mem::take(&mut self.changed);
        let applied = self.cache().apply(&asdu, self.now, &mut changed);
        self.changed = changed;
        if applied.restarted {
            self.take_restart(&asdu);
        }
        if let Some(event) = self.work.hear(&asdu, self.at, seen, connection) {
            self.tell(event);
        }
    }

    fn take_restart(&mut self, asdu: &Asdu<'_>) {
        let ca = asdu.header.ca;
        let said = asdu.objects().next().map(|object| object.value);
        let coi = if let Some(Value::Initialised(coi)) = said { coi } else { 0 };
        let (since, count) = &mut self.restarts;
        if self.at.saturating_sub(*since) >= Duration::from_secs(60) {
            (*since, *count) = (self.at, 0);
        }
        *count += 1;
        if *count > MOST_RESTARTS {
            self.fault = Some("it said more than 256 times within a minute that it was restarted");
            return;
        }
        self.upkeep.begin(self.at);
        self.tell(Event::Restarted { ca, coi });
    }

    /// Data is not transferred any more.
    pub(super) fn link_down(&mut self, now: Duration, why: &str) {
        self.upkeep.end();
        self.work.link_down(now, why);
        // Values may have come although data transfer was not started, or was being stopped.
        let mut changed = std::mem::take(&mut self.changed);
        self.cache().link_lost(&mut changed);
        self.changed = changed;
        self.end();
    }

    /// Begins what is due of itself.
    pub(super) fn keep_up(&mut self, now: Duration) {
        if self.upkeep.deadline().is_some_and(|at| at <= now) {
            if self.upkeep.clock_due(now) {
                self.tell(Event::ClockDue);
            }
            for ask in self.upkeep.due(now) {
                self.work.ask_of_itself(ask);
            }
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // Each slot is whole at any time.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
