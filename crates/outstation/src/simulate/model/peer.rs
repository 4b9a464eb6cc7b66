//! What is to be said on one connection, and in which order.

use std::collections::VecDeque;
use std::time::Duration;

use station_wire::iec104::codec::{Cause, Cp56, Header, TypeId, Value};

use super::points::Points;
use super::reply::{object, tagged, write};
use super::sweep::Sweep;

/// How many values that changed wait for a link; of more, the oldest are lost.
const MOST_EVENTS: usize = 20_000;
/// How many interrogations may be under way on a link.
const MOST_SWEEPS: usize = 8;

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Peer {
    replies: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
    sweeps: VecDeque<Sweep>,
    late: VecDeque<Late>,
    closing: bool,
}

/// A value that changed.
#[derive(Debug)]
struct Event {
    place: u32,
    value: Value,
    time: Option<Cp56>,
}

/// A command that is carried out late; they all take the same time, so the first is due first.
#[derive(Debug)]
pub(super) struct Late {
    pub(super) at: Duration,
    pub(super) octets: Vec<u8>,
    pub(super) selected: bool,
}

impl Peer {
    pub(super) fn reply(&mut self, asdu: Vec<u8>) {
        self.replies.push_back(asdu);
    }

    pub(super) fn event(&mut self, place: u32, value: Value, time: Option<Cp56>) {
        if self.events.len() >= MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(Event { place, value, time });
    }

    /// Whether another interrogation can be taken on.
    pub(super) fn has_room(&self) -> bool {
        self.sweeps.len() < MOST_SWEEPS
    }

    pub(super) fn sweep(&mut self, sweep: Sweep) {
        self.sweeps.push_back(sweep);
    }

    /// Breaks off interrogations of a type; false if there are none.
    pub(super) fn break_off(&mut self, ca: u16, type_id: TypeId) -> bool {
        let before = self.sweeps.len();
        self.sweeps.retain(|sweep| !sweep.answers(ca, type_id));
        self.sweeps.len() < before
    }

    pub(super) fn put_off(&mut self, late: Late) {
        self.late.push_back(late);
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.late.front().map(|late| late.at)
    }

    pub(super) fn due(&mut self, now: Duration) -> Option<Late> {
        self.late.front().filter(|late| late.at <= now)?;
        self.late.pop_front()
    }

    /// Forgets what was to be said.
    pub(super) fn clear(&mut self) {
        self.replies.clear();
        self.forget_events();
        self.sweeps.clear();
    }

    pub(super) fn forget_events(&mut self) {
        self.events.clear();
    }

    /// Has the connection closed after the replies that wait.
    pub(super) fn close(&mut self) {
        self.closing = true;
    }

    pub(super) fn is_done(&self) -> bool {
        self.closing && self.replies.is_empty()
    }

    /// Appends what is to be said next: replies, then what changed, then what was asked for.
    pub(super) fn next_asdu(&mut self, points: &Points, out: &mut Vec<u8>) -> bool {
        if let Some(reply) = self.replies.pop_front() {
            out.extend_from_slice(&reply);
            return true;
        }
        if self.closing {
            return false;
        }
        if self.write_events(points, out) {
            return true;
        }
        while let Some(sweep) = self.sweeps.front_mut() {
            if sweep.write(points, out) {
                return true;
            }
            self.sweeps.pop_front();
        }
        false
    }

    /// Appends as many of the values that changed as fit together.
    fn write_events(&mut self, points: &Points, out: &mut Vec<u8>) -> bool {
        let Some(first) = self.events.front().and_then(|event| points.at(event.place)) else {
            return false;
        };
        let type_id = tagged(first.type_id);
        let mut objects = Vec::with_capacity(type_id.capacity(false));
        while objects.len() < type_id.capacity(false)
            && let Some(event) = self.events.front()
            && let Some(point) = points.at(event.place)
            && (point.ca, point.type_id) == (first.ca, first.type_id)
        {
            objects.push(object(type_id, point.ioa, event.value, event.time));
            self.events.pop_front();
        }
        let count = u8::try_from(objects.len()).unwrap_or(u8::MAX);
        let header = Header { count, ..Header::new(type_id, Cause::SPONTANEOUS, first.ca) };
        write(&header, &objects, out)
    }
}
