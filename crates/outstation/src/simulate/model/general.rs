//! What is asked of the outstation as a whole: its values, its clock, whether it is there, a new beginning.

use station_wire::iec104::codec::{Cause, Header, Object, Time, TypeId, Value};

use super::points::Watched;
use super::reply::write;
use super::sweep::Sweep;
use super::{LinkId, Model, Now, Request};
use crate::value::Kind;

/// QOI: the whole station; those after it are the groups.
const STATION: u8 = 20;
/// RQT: all counters; those before it are the groups.
const ALL_COUNTERS: u8 = 5;
/// How many groups of counters there are.
const COUNTER_GROUPS: u8 = 4;
/// COI: a reset from afar.
const REMOTE_RESET: u8 = 2;

impl Model {
    pub(super) fn general(&mut self, link: LinkId, request: &Request<'_>, now: Now) {
        if request.header.cause == Cause::DEACTIVATION && request.type_id == TypeId::C_IC_NA_1 {
            return self.break_off(link, request);
        }
        if request.header.cause != Cause::ACTIVATION {
            return self.reply(link, request.mirror(Cause::UNKNOWN_CAUSE, true));
        }
        #[expect(clippy::wildcard_enum_match_arm, reason = "of what comes here the test is left")]
        match request.object.value {
            Value::Interrogation(qoi) => self.interrogate(link, request, qoi),
            Value::CounterInterrogation(qcc) => self.count(link, request, qcc),
            Value::ClockSync => self.set_clock(link, request, now),
            Value::ResetProcess(qrp) => self.restart(link, request, qrp),
            _ => self.reply(link, request.mirror(Cause::ACTIVATION_CON, false)),
        }
    }

    fn confirm(&mut self, link: LinkId, request: &Request<'_>, positive: bool) {
        self.reply(link, request.mirror(Cause::ACTIVATION_CON, !positive));
    }

    fn interrogate(&mut self, link: LinkId, request: &Request<'_>, qoi: u8) {
        let ca = request.header.ca;
        let asked = |point: &Watched| {
            let group = group(point.kind);
            point.ca == ca && group.is_some_and(|group| qoi == STATION || qoi == STATION + group)
        };
        let places = self.places(asked);
        // A station without a value has answered when it says so, a group without one does not exist.
        let known = qoi == STATION || !places.is_empty();
        self.sweep(link, request, known.then_some((Cause(qoi), places)));
    }

    fn count(&mut self, link: LinkId, request: &Request<'_>, qcc: u8) {
        let (asked, freeze, ca) = (qcc & 0x3f, qcc >> 6, request.header.ca);
        let mut places = self.places(|point| point.ca == ca && point.kind == Kind::Counter);
        let known = match asked {
            ALL_COUNTERS => true,
            1..=COUNTER_GROUPS => {
                let mut groups = (1..=COUNTER_GROUPS).cycle();
                places.retain(|_| groups.next() == Some(asked));
                !places.is_empty()
            }
            _ => false,
        };
        if freeze > 0 && known {
            // The readings are for whoever asks for them afterwards.
            self.freeze(&places, freeze);
            places.clear();
        }
        let cause = if asked == ALL_COUNTERS { 0 } else { asked } + Cause::COUNTERS.0;
        self.sweep(link, request, known.then_some((Cause(cause), places)));
    }

    fn freeze(&mut self, places: &[u32], how: u8) {
        let (keeps, resets) = (how != 3, how != 1);
        for (place, point) in (0..).zip(self.points.watched_mut()) {
            let Value::Counter { value, .. } = point.value else { continue };
            if places.binary_search(&place).is_err() {
                continue;
            }
            let reading = |value, sequence| Value::Counter {
                value,
                sequence,
                carry: false,
                adjusted: false,
                invalid: false,
            };
            if keeps {
                let last = match point.frozen {
                    Some(Value::Counter { sequence, .. }) => sequence,
                    _ => 0,
                };
                point.frozen = Some(reading(value, (last + 1) % 32));
            }
            if resets {
                point.value = reading(0, 0);
            }
        }
    }

    fn places(&self, asked: impl Fn(&Watched) -> bool) -> Vec<u32> {
        let all = (0..).zip(self.points.watched());
        all.filter(|(_, point)| asked(point)).map(|(place, _)| place).collect()
    }

    /// Confirms an interrogation and begins it; refuses one of what is not known, or one too many.
    fn sweep(&mut self, link: LinkId, request: &Request<'_>, asked: Option<(Cause, Vec<u32>)>) {
        let Some(peer) = self.links.get_mut(&link) else { return };
        let sweep = asked.filter(|_| peer.has_room());
        peer.reply(request.mirror(Cause::ACTIVATION_CON, sweep.is_none()));
        if let Some((cause, places)) = sweep {
            peer.sweep(Sweep::new(request, cause, places));
        }
    }

    fn break_off(&mut self, link: LinkId, request: &Request<'_>) {
        let Some(peer) = self.links.get_mut(&link) else { return };
        let done = peer.break_off(request.header.ca, request.type_id);
        peer.reply(request.mirror(Cause::DEACTIVATION_CON, !done));
    }

    /// Answers what one point shows.
    pub(super) fn read(&mut self, link: LinkId, request: &Request<'_>) {
        if request.header.cause != Cause::REQUEST {
            return self.reply(link, request.mirror(Cause::UNKNOWN_CAUSE, true));
        }
        let Some(point) = self.points.watched_at(request.header.ca, request.object.ioa) else {
            return self.reply(link, request.mirror(Cause::UNKNOWN_IOA, true));
        };
        let header = Header { type_id: point.type_id.as_u8(), ..request.header };
        let mut asdu = Vec::new();
        if write(&header, &[Object::new(point.ioa, point.value)], &mut asdu) {
            self.reply(link, asdu);
        }
    }

    /// Sets the clock; the answer has the time that it showed before.
    fn set_clock(&mut self, link: LinkId, request: &Request<'_>, now: Now) {
        let before = self.clock.stamp(now.wall);
        let done = match request.object.time {
            Some(Time::Cp56(to)) => self.clock.set(to, now.wall),
            Some(Time::Cp24(_)) | None => false,
        };
        let mut answer = request.mirror(Cause::ACTIVATION_CON, !done);
        if let (true, Some(before), Some(place)) = (done, before, answer.last_chunk_mut()) {
            *place = before.0;
        }
        self.reply(link, answer);
    }

    fn restart(&mut self, link: LinkId, request: &Request<'_>, qrp: u8) {
        self.confirm(link, request, matches!(qrp, 1 | 2));
        let ca = request.header.ca;
        match qrp {
            1 => {
                self.points.reset(ca);
                let type_id = TypeId::M_EI_NA_1;
                let mut asdu = Vec::new();
                let object = Object::new(0, Value::Initialised(REMOTE_RESET));
                if write(&Header::new(type_id, Cause::INITIALISED, ca), &[object], &mut asdu) {
                    self.reply(link, asdu);
                }
            }
            2 => {
                if let Some(peer) = self.links.get_mut(&link) {
                    peer.forget_events();
                }
            }
            _ => {}
        }
    }
}

/// The group of an interrogation that has such points; counters are asked for otherwise.
const fn group(kind: Kind) -> Option<u8> {
    match kind {
        Kind::Single | Kind::Double | Kind::Step | Kind::Packed => Some(1),
        Kind::Normalized | Kind::Scaled | Kind::Float => Some(2),
        Kind::Bits => Some(3),
        Kind::Counter => None,
    }
}
