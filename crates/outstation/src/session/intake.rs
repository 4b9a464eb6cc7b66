//! Where the ASDUs of an outstation go: values to whoever keeps and watches them, answers to the work
//! under way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use station_core::model::Micros;
use station_wire::iec104::codec::{Asdu, TypeId, Value};
use tokio::sync::{broadcast, mpsc};

use super::Shared;
use super::connect::Connection;
use super::event::{Event, Update};
use super::tap::Seen;
use super::upkeep::Upkeep;
use super::work::Work;

/// Whoever keeps the values of an outstation.
pub trait Values: Send {
    /// Takes in the values of an ASDU of monitored points (types 1 to 40) that came just now: `at` on
    /// the session's clock, `received_at` by the wall clock.
    fn take(&mut self, asdu: &Asdu<'_>, at: Duration, received_at: Micros);
    /// The connection was lost: what is known is not the newest any more.
    fn link_lost(&mut self);
    /// The outstation at a common address was restarted: what was known of it is void.
    fn restarted(&mut self, ca: u16);
}

/// What takes in ASDUs.
pub(super) struct Intake {
    shared: Arc<Shared>,
    values: Arc<Mutex<dyn Values>>,
    watchers: broadcast::Sender<Arc<[Update]>>,
    events: mpsc::UnboundedSender<Event>,
    pub(super) work: Work,
    pub(super) upkeep: Upkeep,
    /// When what is being read came.
    at: Duration,
    received_at: Micros,
    /// What of it there is to tell those who watch.
    updates: Vec<Update>,
}

impl Intake {
    pub(super) fn new(
        shared: Arc<Shared>,
        values: Arc<Mutex<dyn Values>>,
        watchers: broadcast::Sender<Arc<[Update]>>,
        events: mpsc::UnboundedSender<Event>,
        work: Work,
        upkeep: Upkeep,
    ) -> Self {
        Self {
            shared,
            values,
            watchers,
            events,
            work,
            upkeep,
            at: Duration::ZERO,
            received_at: Micros(0),
            updates: Vec::new(),
        }
    }

    /// Tells what happened; nobody may listen any more.
    pub(super) fn tell(&self, event: Event) {
        self.events.send(event).ok();
    }

    /// Octets were read just now.
    pub(super) fn begin(&mut self, now: Duration) {
        self.at = now;
        self.received_at = jiff::Timestamp::now().into();
    }

    /// All ASDUs of a read were taken.
    pub(super) fn end(&mut self) {
        if !self.updates.is_empty() {
            // Nobody may watch any more.
            self.watchers.send(std::mem::take(&mut self.updates).into()).ok();
        }
    }

    /// Takes an ASDU and passes it on.
    pub(super) fn take(&mut self, octets: &[u8], seen: Seen<'_>, connection: &Arc<Connection>) {
        let Ok(asdu) = Asdu::parse(octets) else {
            self.shared.counters.ignored();
            return;
        };
        let type_id = asdu.type_id();
        if type_id < TypeId::C_SC_NA_1 {
            self.take_values(&asdu);
        } else if type_id == TypeId::M_EI_NA_1 {
            self.take_restart(&asdu);
        }
        if let Some(event) = self.work.hear(&asdu, self.at, seen, connection) {
            self.tell(event);
        }
    }

    fn take_values(&mut self, asdu: &Asdu<'_>) {
        self.values().take(asdu, self.at, self.received_at);
        if self.watchers.receiver_count() > 0 {
            self.updates.push(Update {
                ca: asdu.header.ca,
                type_id: asdu.type_id(),
                cause: asdu.header.cause,
                objects: asdu.objects().collect(),
                at: self.at,
                received_at: self.received_at,
            });
        }
    }

    fn take_restart(&mut self, asdu: &Asdu<'_>) {
        let ca = asdu.header.ca;
        let said = asdu.objects().next().map(|object| object.value);
        let coi = if let Some(Value::Initialised(coi)) = said { coi } else { 0 };
        self.values().restarted(ca);
        self.upkeep.begin(self.at);
        self.tell(Event::Restarted { ca, coi });
    }

    /// Data is not transferred any more.
    pub(super) fn link_down(&mut self, now: Duration, why: &str) {
        self.values().link_lost();
        self.upkeep.end();
        self.work.link_down(now, why);
    }

    /// Begins what is due of itself.
    pub(super) fn keep_up(&mut self, now: Duration) {
        if self.upkeep.deadline().is_some_and(|at| at <= now) {
            for ask in self.upkeep.due(now) {
                self.work.ask_of_itself(ask, now);
            }
        }
    }

    fn values(&self) -> std::sync::MutexGuard<'_, dyn Values + 'static> {
        // A value that was not taken in whole is taken in anew with the next one.
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
