//! What sessions tell: how the link stands, what came late, and what of it is recorded.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use station_core::audit::{Actor, Draft, Kind, Status};
use station_core::model::{Micros, Mono, Now};
use tokio::sync::{mpsc, watch};

use crate::session::{Ask, AskEnd, Connection, Event, TapFrame};

use super::begun::{Begun, Lately};
use super::ledger::Ledger;
use super::repeats::{Key, MINUTE, Measure, Repeats};
use super::trail::Trail;
use super::view::UpkeepView;
use super::{Refused, Shared, lock};

/// How often failures that go on are recorded.
const EVERY: Duration = Duration::from_secs(60);
/// How often a link may come and go within a minute until that is counted only.
const OFTEN: Measure = Measure { at_once: 3, within: MINUTE };

/// What is noted of the link to an outstation.
pub(super) struct Notes {
    pub(super) name: String,
    trail: Arc<dyn Trail>,
    repeats: Arc<Repeats>,
    ledger: Arc<Ledger>,
    clock: fn() -> Now,
    lately: Mutex<Lately>,
    standing: Mutex<Standing>,
    /// Whether all values were asked for since the link stands, and that has ended.
    interrogated: watch::Sender<bool>,
}

/// How a link stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    pub(super) since: Micros,
    /// Why there is no session at all.
    pub(super) fault: Option<String>,
    pub(super) interrogated: Option<UpkeepView>,
    pub(super) clock_set: Option<UpkeepView>,
    pub(super) restarted_at: Option<Micros>,
    /// Failures since they were recorded last, and when that was.
    failures: u32,
    recorded: Option<Mono>,
}

impl Notes {
    pub(super) fn new(
        name: String,
        (trail, repeats): (Arc<dyn Trail>, Arc<Repeats>),
        ledger: Arc<Ledger>,
        clock: fn() -> Now,
    ) -> Self {
        let standing = Standing { since: clock().wall, ..Standing::default() };
        Self {
            name,
            trail,
            repeats,
            ledger,
            clock,
            lately: Mutex::default(),
            standing: Mutex::new(standing),
            interrogated: watch::Sender::new(false),
        }
    }

    pub(super) fn standing(&self) -> Standing {
        lock(&self.standing).clone()
    }

    pub(super) fn interrogated(&self) -> watch::Receiver<bool> {
        self.interrogated.subscribe()
    }

    /// There can be no session: a setting is not what it may be.
    pub(super) fn cannot_open(&self, why: &str) {
        lock(&self.standing).fault = Some(why.to_owned());
        self.record(self.link("unreachable", Status::Failed).with("why", why));
    }

    /// The clock was not set.
    pub(super) fn clock_refused(&self, refused: &Refused) {
        let (at, sentence) = ((self.clock)().wall, refused.sentence.clone());
        let view = UpkeepView { at, class: Refused::CLASS, sentence, values: 0 };
        lock(&self.standing).clock_set = Some(view);
    }

    /// Something was begun, to which answers may come late.
    pub(super) fn begun(&self, begun: Arc<Begun>) {
        lock(&self.lately).add(begun);
    }

    /// Takes note of the end of an interrogation or a setting of the clock.
    pub(super) fn upkept(&self, ask: Ask, end: &AskEnd) {
        let view = UpkeepView {
            at: end.at.wall,
            class: end.class.name(),
            sentence: end.message.clone(),
            values: end.values,
        };
        match ask {
            Ask::Interrogate { group: None, .. } => {
                lock(&self.standing).interrogated = Some(view);
                self.interrogated.send_replace(true);
            }
            Ask::SyncClock { .. } => lock(&self.standing).clock_set = Some(view),
            Ask::Interrogate { .. }
            | Ask::Counters { .. }
            | Ask::Read { .. }
            | Ask::Test { .. } => {}
        }
    }

    fn link(&self, action: &str, status: Status) -> Draft {
        let subject = format!("outstation {}", self.name);
        Draft { kind: Kind::Link, status, ..Draft::done(Actor::station(), subject, action) }
    }

    fn record(&self, draft: Draft) {
        self.trail.record_later(vec![draft]);
    }

    /// Records what may come over and over, `place` being where.
    fn repeat(&self, why: &'static str, place: &str, draft: Draft) {
        let key = Key { who: String::new(), what: format!("{} {place}", self.name), why };
        self.repeats.tell(key, OFTEN, draft);
    }

    async fn take(&self, event: Event) {
        match event {
            Event::Up(connection) => self.up(&connection),
            Event::Standby(connection) => {
                let draft = over(self.link("standby", Status::Confirmed), &connection);
                self.repeat("standby", &connection.endpoint, draft);
            }
            Event::Down { connection, was_active, why, security } => {
                self.down(&connection, was_active, &why, security);
            }
            Event::Unreachable { endpoint, why, security, attempts } => {
                self.unreachable(&endpoint, &why, security, attempts);
            }
            Event::Restarted { ca, coi } => {
                lock(&self.standing).restarted_at = Some((self.clock)().wall);
                let draft = self.link("restarted", Status::Confirmed);
                self.repeat("restarted", "", draft.with("ca", ca).with("coi", coi));
            }
            Event::Upkept { ask, end } => self.upkept(ask, &end),
            // That is for whoever holds the desk.
            Event::ClockDue => {}
            Event::Ended { correlation, end } => {
                let Some(begun) = lock(&self.lately).find(&correlation) else { return };
                let draft = begun.outcome(&end, None, None);
                if let Err(why) = self.trail.record(vec![draft.clone()]).await {
                    self.trail.record_later(vec![draft]);
                    let message =
                        format!("the outcome of {} could not be recorded: {why}", begun.subject);
                    self.trail.alarm("audit".to_owned(), message);
                }
            }
            Event::Late { correlation, connection, kind, frame } => {
                self.late(&correlation, &connection, kind, &frame);
            }
        }
    }

    fn late(&self, correlation: &str, connection: &Connection, kind: &str, frame: &TapFrame) {
        let Some(begun) = lock(&self.lately).find(correlation) else { return };
        let negative = is_negative(&frame.octets);
        self.record(begun.late(kind, negative, connection, frame));
        if kind == "act_term" && !negative {
            let told = &begun.telecontrol;
            self.ledger.set_terminates((told.ca, told.ioa), true);
        }
        if negative {
            let message = format!(
                "after the outcome of {} was recorded, the outstation said that it failed ({kind}); \
                 look there (audit trail: {correlation})",
                begun.subject
            );
            self.trail.alarm("outstation".to_owned(), message);
        }
    }

    fn up(&self, connection: &Connection) {
        let mut standing = lock(&self.standing);
        standing.since = connection.since;
        standing.recorded = None;
        let failures = std::mem::take(&mut standing.failures);
        drop(standing);
        self.interrogated.send_replace(false);
        let draft = over(self.link("up", Status::Confirmed), connection);
        let draft = if failures > 0 { draft.with("failures", failures) } else { draft };
        self.repeat("up", &connection.endpoint, draft);
    }

    fn down(&self, connection: &Connection, was_active: bool, why: &str, security: bool) {
        if was_active {
            lock(&self.standing).since = (self.clock)().wall;
            self.interrogated.send_replace(false);
        }
        let action = if security { "not_trusted" } else { "down" };
        let draft = over(self.link(action, Status::Failed), connection);
        let draft = draft.with("why", why).with("was_active", was_active);
        self.repeat(action, &connection.endpoint, draft);
        self.warn(why, security);
    }

    /// Failures that go on are recorded once in a while, with how many there were.
    fn unreachable(&self, endpoint: &str, why: &str, security: bool, attempts: u32) {
        let now = (self.clock)().mono;
        let mut standing = lock(&self.standing);
        standing.failures = standing.failures.saturating_add(1);
        let is_due = standing.recorded.is_none_or(|at| now.since(at) >= EVERY);
        if !is_due {
            return;
        }
        standing.recorded = Some(now);
        let failures = std::mem::take(&mut standing.failures);
        drop(standing);
        let action = if security { "not_trusted" } else { "unreachable" };
        let draft = self.link(action, Status::Failed).with("endpoint", endpoint).with("why", why);
        self.record(draft.with("failures", failures).with("attempts", attempts));
        self.warn(why, security);
    }

    fn warn(&self, why: &str, security: bool) {
        if security {
            let message =
                format!("outstation {} and this station do not trust each other: {why}", self.name);
            self.trail.alarm("outstation".to_owned(), message);
        }
    }
}

/// Whether an answer says no: by its bit, or since it does not know what was asked (44 to 47).
fn is_negative(frame: &[u8]) -> bool {
    frame.get(8).is_some_and(|cause| cause & 0x40 != 0 || matches!(cause & 0x3f, 44..=47))
}

fn over(draft: Draft, connection: &Connection) -> Draft {
    let draft = draft
        .with("endpoint", connection.endpoint.as_str())
        .with("local", connection.local.to_string())
        .with("peer", connection.peer.to_string())
        .with("connection", connection.id.as_str());
    match &connection.tls {
        Some(tls) => draft.with("tls", tls.as_str()),
        None => draft,
    }
}

/// Takes the events of a session until it ends.
pub(super) async fn listen(
    notes: Arc<Notes>,
    mut events: mpsc::UnboundedReceiver<Event>,
    desk: Weak<Shared>,
) {
    while let Some(event) = events.recv().await {
        if let (Event::ClockDue, Some(desk)) = (&event, desk.upgrade()) {
            desk.set_clock(&notes);
        }
        notes.take(event).await;
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
