//! The life of a command: selected, executed or cancelled, confirmed, carried out, returned, terminated.

use station_wire::iec104::codec::{Asdu, Cause, Header, Object, Value};

use super::super::PointFault;
use super::operate::{after, is_valid, unselected};
use super::peer::Late;
use super::points::{Commanded, Selection};
use super::reply::{mirror, object, tagged, with_other_originator, with_other_value, write};
use super::{LinkId, Model, Now, Operated, Request};
use crate::value::text;

impl Model {
    pub(super) fn command(&mut self, link: LinkId, request: &Request<'_>, now: Now) {
        let (ca, ioa) = (request.header.ca, request.object.ioa);
        let Some(point) = self.points.commanded_mut(ca, ioa) else {
            return self.reply(link, request.mirror(Cause::UNKNOWN_IOA, true));
        };
        if request.type_id.tagged(false) != Some(point.type_id) {
            return self.reply(link, request.mirror(Cause::UNKNOWN_TYPE, true));
        }
        match request.header.cause {
            Cause::ACTIVATION => {
                let window = self.select_window;
                let held = point.selection.filter(|selection| now.mono < selection.until);
                let (command, select) = unselected(request.object.value);
                let (type_id, until) = (request.type_id, now.mono.saturating_add(window));
                let wanted = Selection { link, type_id, value: command, until };
                let (allowed, fault) = if select {
                    (point.select(held, wanted), point.select_fault)
                } else {
                    (point.release(held, &wanted), point.fault)
                };
                let fault = if allowed { fault } else { Some(PointFault::Refuse) };
                self.answer(link, request, held.is_some(), fault, now);
            }
            Cause::DEACTIVATION => {
                let held = point.selection.take_if(|selection| selection.link == link);
                let held = held.filter(|selection| now.mono < selection.until);
                self.reply(link, request.mirror(Cause::DEACTIVATION_CON, held.is_none()));
            }
            _ => self.reply(link, request.mirror(Cause::UNKNOWN_CAUSE, true)),
        }
    }

    /// Answers a selection or an execution, now or later, or never.
    fn answer(
        &mut self,
        link: LinkId,
        request: &Request<'_>,
        selected: bool,
        fault: Option<PointFault>,
        now: Now,
    ) {
        let late = Late {
            at: now.mono.saturating_add(self.late),
            octets: request.octets.to_vec(),
            selected,
        };
        match fault {
            Some(PointFault::Refuse) => {
                self.reply(link, request.mirror(Cause::ACTIVATION_CON, true));
            }
            Some(PointFault::Never) => {}
            Some(PointFault::Late) => {
                if let Some(peer) = self.links.get_mut(&link) {
                    peer.put_off(late);
                }
            }
            _ => self.carry_out(link, &late, now),
        }
    }

    /// Carries out what was allowed: confirms, operates, returns, terminates.
    pub(super) fn carry_out(&mut self, link: LinkId, allowed: &Late, now: Now) {
        let Ok(asdu) = Asdu::parse(&allowed.octets) else { return };
        let Some(object) = asdu.object() else { return };
        let (header, (command, select)) = (asdu.header, unselected(object.value));
        let Some(point) = self.points.commanded(header.ca, object.ioa) else { return };
        let fault = if select { point.select_fault } else { point.fault };
        let terminates = self.termination && point.terminates && fault != Some(PointFault::NoTerm);
        let mirrored = match fault {
            Some(PointFault::WrongEcho) => with_other_value(&allowed.octets),
            Some(PointFault::WrongOriginator) => with_other_originator(&allowed.octets),
            _ => allowed.octets.clone(),
        };
        let confirmed = mirror(&mirrored, Cause::ACTIVATION_CON, false);
        let mut answers = vec![confirmed];
        if fault != Some(PointFault::Close) && !select {
            // Whoever tests is told that it would have worked.
            if !header.test && fault.is_none_or(PointFault::operates) {
                let originator = mirrored.get(3).copied().unwrap_or_default();
                let header = Header { originator, ..header };
                answers.extend(self.operate(&header, object.ioa, &command, allowed.selected, now));
            }
            if terminates {
                let failed = fault == Some(PointFault::NegativeTerm);
                answers.push(mirror(&mirrored, Cause::ACTIVATION_TERM, failed));
            }
        }
        if fault == Some(PointFault::Early) {
            answers.rotate_left(1);
        }
        let times = if fault == Some(PointFault::Doubled) { 2 } else { 1 };
        let Some(peer) = self.links.get_mut(&link) else { return };
        for answer in answers {
            (0..times).for_each(|_| peer.reply(answer.clone()));
        }
        if fault == Some(PointFault::Close) {
            peer.close();
        }
    }

    /// Moves the point; what it returns is what its feedback shows then.
    fn operate(
        &mut self,
        header: &Header,
        ioa: u32,
        command: &Value,
        selected: bool,
        now: Now,
    ) -> Option<Vec<u8>> {
        let point = self.points.commanded(header.ca, ioa)?;
        self.operated.push(Operated {
            at: now.wall,
            point: point.name.clone(),
            ca: header.ca,
            ioa,
            value: text(command),
            selected,
        });
        let place = point.feedback?;
        let value = after(command, self.points.at(place)?.value);
        self.points.show(place, value);
        let feedback = self.points.at(place)?;
        let type_id = tagged(feedback.type_id);
        let originator = header.originator;
        let header =
            Header { originator, ..Header::new(type_id, Cause::RETURN_REMOTE, feedback.ca) };
        let object: Object = object(type_id, feedback.ioa, value, self.clock.stamp(now.wall));
        let mut returned = Vec::new();
        write(&header, &[object], &mut returned).then_some(returned)
    }
}

impl Commanded {
    /// Selects the point if it can be; a selection that fails by the point's fault is none.
    fn select(&mut self, held: Option<Selection>, wanted: Selection) -> bool {
        let free = held.is_none_or(|selection| selection.link == wanted.link);
        let allowed = free && wanted.type_id.is_selectable() && is_valid(self, &wanted.value);
        if allowed && !matches!(self.select_fault, Some(PointFault::Refuse | PointFault::Never)) {
            self.selection = Some(wanted);
        }
        allowed
    }

    /// Uses a selection up, if the point needs one or has one; whether the command may be carried out.
    fn release(&mut self, held: Option<Selection>, wanted: &Selection) -> bool {
        if held.is_some_and(|selection| selection.link != wanted.link) {
            return false;
        }
        self.selection = None;
        let same = |selection: Selection| {
            (selection.type_id, selection.value) == (wanted.type_id, wanted.value)
        };
        is_valid(self, &wanted.value) && held.map_or(!self.select, same)
    }
}
