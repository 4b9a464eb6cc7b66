//! What an outstation does with what it is told. It has no clock and no socket.
//!
//! ```text
//!  receive ─┬─▶ command: select, execute, cancel ──▶ replies ──────┐  first
//!           ├─▶ general: read, clock, test, reset ─▶ replies ──────┤
//!           └─▶ general: interrogation, counters ──▶ sweeps ───────┤  last, as they are when sent
//!  drift, set: values that change by themselves ───▶ events ───────┤  in between
//!  on_deadline: answers that are late ─────────────▶ replies       ▼
//!                                                              next_asdu
//! ```
//!
//! Whoever drives it calls [`Model::next_asdu`] while its link can send, after any other call.

mod clock;
mod command;
mod drift;
mod general;
mod operate;
mod peer;
mod points;
mod reply;
mod sweep;

use std::collections::BTreeMap;
use std::time::Duration;

use station_core::model::Micros;
use station_wire::iec104::codec::{Asdu, AsduError, Cause, Header, Object, TypeId, Value};

use super::{Config, SimulateError};
use clock::Clock;
use drift::Drift;
use peer::Peer;
use points::Points;
use reply::mirror;

/// The common address that all stations answer to.
const BROADCAST: u16 = 65_535;

/// A connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkId(pub(super) u64);

/// Both clocks, read together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Since any fixed origin.
    pub(super) mono: Duration,
    /// What the computer's clock shows; the outstation's may have been set to another time.
    pub(super) wall: Micros,
}

/// A command that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operated {
    /// When, by the computer's clock.
    pub at: Micros,
    /// The name of the point.
    pub point: String,
    /// Its common address.
    pub ca: u16,
    /// Its address.
    pub ioa: u32,
    /// The value that was commanded, as people write it.
    pub value: String,
    /// Whether it was selected before.
    pub selected: bool,
}

/// The outstation.
#[derive(Debug)]
pub(super) struct Model {
    points: Points,
    select_window: Duration,
    termination: bool,
    late: Duration,
    clock: Clock,
    drift: Drift,
    links: BTreeMap<LinkId, Peer>,
    /// The link that is started; the others are only tested.
    active: Option<LinkId>,
    connections: u64,
    operated: Vec<Operated>,
}

/// What came, once it is known to be readable and to have one object.
struct Request<'a> {
    octets: &'a [u8],
    header: Header,
    type_id: TypeId,
    object: Object,
}

impl Request<'_> {
    /// It again, with another cause.
    fn mirror(&self, cause: Cause, negative: bool) -> Vec<u8> {
        mirror(self.octets, cause, negative)
    }
}

impl Model {
    /// Makes an outstation.
    ///
    /// # Errors
    ///
    /// A point cannot be: it has an unknown type, or an address that another has.
    pub(super) fn new(config: &Config) -> Result<Self, SimulateError> {
        let points = Points::of(config)?;
        Ok(Self {
            drift: Drift::of(&points),
            points,
            select_window: config.select_window,
            termination: config.termination,
            late: config.late,
            clock: Clock::default(),
            links: BTreeMap::new(),
            active: None,
            connections: 0,
            operated: Vec::new(),
        })
    }

    /// Somebody connected.
    pub(super) fn connected(&mut self) -> LinkId {
        self.connections += 1;
        let id = LinkId(self.connections);
        self.links.insert(id, Peer::default());
        id
    }

    /// The connection is lost, and what was selected over it.
    pub(super) fn disconnected(&mut self, link: LinkId) {
        self.stopped(link);
        self.links.remove(&link);
        self.points.release(link);
    }

    /// The link was started, and takes over from the one that was.
    pub(super) fn started(&mut self, link: LinkId) {
        if let Some(before) = self.active.replace(link)
            && before != link
            && let Some(peer) = self.links.get_mut(&before)
        {
            peer.clear();
        }
    }

    /// The link was stopped.
    pub(super) fn stopped(&mut self, link: LinkId) {
        if self.is_active(link) {
            self.active = None;
        }
        if let Some(peer) = self.links.get_mut(&link) {
            peer.clear();
        }
    }

    /// Whether this link is the one that is started.
    pub(super) fn is_active(&self, link: LinkId) -> bool {
        self.active == Some(link)
    }

    /// Whether the connection is to be closed, once all is sent that there is to send.
    pub(super) fn is_closing(&self, link: LinkId) -> bool {
        self.links.get(&link).is_none_or(Peer::is_done)
    }

    /// Closes all connections.
    pub(super) fn disconnect_all(&mut self) {
        for peer in self.links.values_mut() {
            peer.clear();
            peer.close();
        }
    }

    /// Takes an ASDU. What cannot be read is ignored.
    pub(super) fn receive(&mut self, link: LinkId, octets: &[u8], now: Now) {
        match Asdu::parse(octets) {
            Ok(asdu) => self.take(link, octets, &asdu, now),
            Err(AsduError::UnknownType { .. }) => {
                self.reply(link, mirror(octets, Cause::UNKNOWN_TYPE, true));
            }
            Err(error) => tracing::debug!(%error, "the simulated outstation ignores an ASDU"),
        }
    }

    fn take(&mut self, link: LinkId, octets: &[u8], asdu: &Asdu<'_>, now: Now) {
        let (header, type_id) = (asdu.header, asdu.type_id());
        // Commands and what is asked have one object each.
        let Some(object) = asdu.object() else {
            return self.reply(link, mirror(octets, Cause::ACTIVATION_CON, true));
        };
        if header.ca == BROADCAST && is_for_all(type_id) {
            for ca in self.points.stations().to_vec() {
                let own = reply::with_ca(octets, ca);
                let header = Header { ca, ..header };
                self.handle(link, &Request { octets: &own, header, type_id, object }, now);
            }
            return;
        }
        let request = Request { octets, header, type_id, object };
        if self.points.stations().contains(&header.ca) {
            self.handle(link, &request, now);
        } else {
            self.reply(link, request.mirror(Cause::UNKNOWN_CA, true));
        }
    }

    fn handle(&mut self, link: LinkId, request: &Request<'_>, now: Now) {
        if request.type_id.is_command() {
            return self.command(link, request, now);
        }
        if request.type_id == TypeId::C_RD_NA_1 {
            return self.read(link, request);
        }
        if !is_for_all(request.type_id) && request.type_id != TypeId::C_TS_TA_1 {
            return self.reply(link, request.mirror(Cause::UNKNOWN_TYPE, true));
        }
        if request.object.ioa != 0 {
            return self.reply(link, request.mirror(Cause::UNKNOWN_IOA, true));
        }
        self.general(link, request, now);
    }

    fn reply(&mut self, link: LinkId, asdu: Vec<u8>) {
        if let Some(peer) = self.links.get_mut(&link) {
            peer.reply(asdu);
        }
    }

    /// Appends the next ASDU that the link is to send to `out`; false when there is none.
    pub(super) fn next_asdu(&mut self, link: LinkId, out: &mut Vec<u8>) -> bool {
        let peer = self.links.get_mut(&link);
        self.active == Some(link) && peer.is_some_and(|peer| peer.next_asdu(&self.points, out))
    }

    /// When [`Self::on_deadline`] is to be called for the link.
    pub(super) fn deadline(&self, link: LinkId) -> Option<Duration> {
        self.links.get(&link).and_then(Peer::deadline)
    }

    /// Gives the answers that are due.
    pub(super) fn on_deadline(&mut self, link: LinkId, now: Now) {
        while let Some(late) = self.links.get_mut(&link).and_then(|peer| peer.due(now.mono)) {
            self.carry_out(link, &late, now);
        }
    }

    /// The commands that were carried out since it was asked last.
    pub(super) fn take_operated(&mut self) -> Vec<Operated> {
        std::mem::take(&mut self.operated)
    }

    /// What the point of that name shows.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.points.find(name).map(|(_, point)| point.value)
    }

    /// Lets the point of that name show something else, as if it had changed by itself. False when there
    /// is no such point, or its values are of another kind.
    pub(super) fn set(&mut self, name: &str, value: Value, now: Now) -> bool {
        let Some(place) = self.points.find(name).map(|(place, _)| place) else { return false };
        let done = self.points.show(place, value);
        if done {
            self.changed(place, now);
        }
        done
    }

    /// Tells the controlling station what a point shows now.
    fn changed(&mut self, place: u32, now: Now) {
        let time = self.clock.stamp(now.wall);
        if let Some(link) = self.active
            && let Some(point) = self.points.at(place)
            && let Some(peer) = self.links.get_mut(&link)
        {
            peer.event(place, point.value, time);
        }
    }
}

/// Whether all stations can be told at once.
const fn is_for_all(type_id: TypeId) -> bool {
    matches!(type_id, TypeId::C_IC_NA_1 | TypeId::C_CI_NA_1 | TypeId::C_CS_NA_1 | TypeId::C_RP_NA_1)
}

#[cfg(test)]
mod tests;
