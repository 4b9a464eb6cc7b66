//! The place of one value, packed: a cache has tens of thousands.

use station_core::model::Now;
use station_wire::iec104::codec::{Object, Quality, Time, TypeId, Value};

use super::reading::{Reading, Source, Stale};

/// The place of one value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// Common address and object address.
    pub(super) key: u64,
    at: Now,
    value: Value,
    time: Option<Time>,
    quality: Quality,
    /// `None`: nothing was told yet.
    type_id: Option<TypeId>,
    source: Source,
    stale: Option<Stale>,
}

impl Slot {
    pub(super) fn empty(key: u64) -> Self {
        Self {
            key,
            at: Now::default(),
            value: Value::Single(false),
            time: None,
            quality: Quality::INVALID,
            type_id: None,
            source: Source::Interrogation,
            stale: None,
        }
    }

    /// Takes a value; whether that is a change.
    pub(super) fn put(
        &mut self,
        type_id: TypeId,
        source: Source,
        object: &Object,
        now: Now,
    ) -> bool {
        let is_change = self.type_id.is_none()
            || self.stale.is_some()
            || self.quality != object.quality
            || !is_same(&self.value, &object.value);
        self.at = now;
        self.value = object.value;
        self.time = object.time;
        self.quality = object.quality;
        self.type_id = Some(type_id);
        self.source = source;
        self.stale = None;
        is_change
    }

    /// Says that the value is old; whether it was not yet.
    pub(super) fn outdate(&mut self, why: Stale) -> bool {
        let was_current = self.type_id.is_some() && self.stale.is_none();
        if was_current {
            self.stale = Some(why);
        }
        was_current
    }

    pub(super) fn address(&self) -> (u16, u32) {
        let [ioa0, ioa1, ioa2, ioa3, ca0, ca1, _, _] = self.key.to_le_bytes();
        (u16::from_le_bytes([ca0, ca1]), u32::from_le_bytes([ioa0, ioa1, ioa2, ioa3]))
    }

    pub(super) fn reading(&self) -> Option<Reading> {
        Some(Reading {
            type_id: self.type_id?,
            value: self.value,
            quality: self.quality,
            source: self.source,
            time: self.time,
            received: self.at,
            stale: self.stale,
        })
    }
}

/// Whether two values are the same on the wire: also if they are no numbers.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Float(left), Value::Float(right)) => left.to_bits() == right.to_bits(),
        _ => left == right,
    }
}

// The memory of a cache: with the place of the slot by its key, at most 64 octets for each point.
const _: () = assert!(size_of::<Slot>() + size_of::<u32>() <= 64);
