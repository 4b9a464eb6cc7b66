//! An interrogation under way: values as they are when they are sent, packed as tightly as they can be.

use station_wire::iec104::codec::{Cause, Header, Object, TypeId};

use super::Request;
use super::points::{Points, Watched};
use super::reply::write;

/// From so many addresses in a row on, only the first of them is sent.
const RUN: usize = 4;

/// What is left of an interrogation.
#[derive(Debug)]
pub(super) struct Sweep {
    /// What ends it.
    termination: Option<Vec<u8>>,
    asked: TypeId,
    header: Header,
    cause: Cause,
    places: Vec<u32>,
    sent: usize,
}

impl Sweep {
    /// All of these places, in the order of the points, with that cause.
    pub(super) fn new(request: &Request<'_>, cause: Cause, places: Vec<u32>) -> Self {
        Self {
            termination: Some(request.mirror(Cause::ACTIVATION_TERM, false)),
            asked: request.type_id,
            header: request.header,
            cause,
            places,
            sent: 0,
        }
    }

    /// Whether it is what was asked for of that station by a request of the type.
    pub(super) fn answers(&self, ca: u16, type_id: TypeId) -> bool {
        self.header.ca == ca && self.asked == type_id
    }

    /// Appends its next ASDU; false when all is said.
    pub(super) fn write(&mut self, points: &Points, out: &mut Vec<u8>) -> bool {
        let left = self.places.get(self.sent..).unwrap_or_default();
        let mut left = left.iter().filter_map(|place| points.at(*place)).peekable();
        let Some(first) = left.peek().copied() else {
            let last = self.termination.take();
            out.extend_from_slice(last.as_deref().unwrap_or_default());
            return last.is_some();
        };
        let type_id = first.type_id;
        let run = run(left.clone(), type_id.capacity(true));
        let sq = run >= RUN;
        let objects: Vec<Object> = if sq {
            left.take(run).map(shown).collect()
        } else {
            let mut scattered = Vec::with_capacity(type_id.capacity(false));
            while scattered.len() < type_id.capacity(false)
                && run_of(&left, type_id) < RUN
                && let Some(point) = left.next_if(|point| point.type_id == type_id)
            {
                scattered.push(shown(point));
            }
            scattered
        };
        self.sent += objects.len();
        let header = Header {
            type_id: type_id.as_u8(),
            sq,
            count: u8::try_from(objects.len()).unwrap_or(u8::MAX),
            cause: self.cause,
            ..self.header
        };
        write(&header, &objects, out)
    }
}

/// How many follow each other by type and address, at most so many.
fn run<'p>(points: impl Iterator<Item = &'p Watched>, most: usize) -> usize {
    let mut before: Option<&Watched> = None;
    points
        .take(most)
        .take_while(|point| {
            let follows = before.is_none_or(|before| {
                before.type_id == point.type_id && before.ioa + 1 == point.ioa
            });
            before = Some(point);
            follows
        })
        .count()
}

/// Whether a run begins there, of that type.
fn run_of<'p>(points: &(impl Iterator<Item = &'p Watched> + Clone), type_id: TypeId) -> usize {
    run(points.clone().take_while(|point| point.type_id == type_id), RUN)
}

fn shown(point: &Watched) -> Object {
    Object::new(point.ioa, point.frozen.unwrap_or(point.value))
}
