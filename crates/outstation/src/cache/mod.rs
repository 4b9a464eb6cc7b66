//! The latest value of each point, as the outstation told it.
//!
//! ```text
//!            apply                    apply
//!  unknown ─────────▶ current ◀─────────────────┐
//!                        │                      │
//!                        └─ link lost, restart ─▶ stale: the value is kept, and said to be old
//! ```
//!
//! Values stand in slots, in the order of their addresses for the points that are configured. Outstations
//! tell values in that order too, so that the next slot is mostly the right one and nothing is searched.
//! What is not configured is kept as well, up to a limit. Of two values the one that came last counts,
//! whatever their time tags say: clocks of outstations are set, also back.

mod reading;
mod slot;
#[cfg(test)]
mod tests;

pub use reading::{Reading, Source, Stale};

use station_core::model::Now;
use station_wire::iec104::codec::{Asdu, Cause, Object, TypeId};

use slot::Slot;

/// The latest values of one outstation.
#[derive(Clone, Debug)]
pub struct Cache {
    slots: Vec<Slot>,
    /// The places of the slots, by their keys.
    sorted: Vec<u32>,
    /// The slot after the one that was found last.
    next: usize,
    /// How many slots there may be.
    most: usize,
    /// How many values found no slot.
    dropped: u64,
}

/// What an ASDU did to the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// How many values it brought.
    pub values: u32,
    /// How many of them found no slot, since there were too many that are not configured.
    pub dropped: u32,
    /// The outstation said that it was restarted: its values are stale until it is asked for them anew,
    /// and its clock has to be set.
    pub restarted: bool,
}

impl Cache {
    /// How many points that are not configured are kept unless something else is said.
    pub const OTHERS: usize = 10_000;

    /// A cache of those points, by common address and object address, and of so many others.
    #[must_use]
    pub fn new(points: impl IntoIterator<Item = (u16, u32)>, others: usize) -> Self {
        let mut keys: Vec<u64> = points.into_iter().map(|(ca, ioa)| key(ca, ioa)).collect();
        keys.sort_unstable();
        keys.dedup();
        let slots: Vec<Slot> = keys.iter().map(|key| Slot::empty(*key)).collect();
        let sorted = (0_u32..).take(slots.len()).collect();
        let most = slots.len().saturating_add(others).min(u32::MAX as usize);
        Self { slots, sorted, next: 0, most, dropped: 0 }
    }

    /// Takes over the values of an ASDU in the monitor direction, and appends the slots of those that
    /// changed to `changed`: in value or quality, or that were unknown or stale. Other ASDUs, tests and
    /// refusals change nothing.
    pub fn apply(&mut self, asdu: &Asdu<'_>, now: Now, changed: &mut Vec<u32>) -> Applied {
        let header = &asdu.header;
        let type_id = asdu.type_id();
        let mut applied = Applied::default();
        if header.test || header.negative {
            return applied;
        }
        if type_id == TypeId::M_EI_NA_1 {
            applied.restarted = true;
            self.outdate(Some(header.ca), Stale::Restarted, changed);
            return applied;
        }
        let Some(source) = Source::of(header.cause).filter(|_| type_id.as_u8() <= LAST_MONITOR)
        else {
            return applied;
        };
        for object in asdu.objects() {
            applied.values += 1;
            let Some(place) = self.place(key(header.ca, object.ioa)) else {
                applied.dropped += 1;
                continue;
            };
            self.put(place, type_id, source, &object, now, changed);
        }
        self.dropped += u64::from(applied.dropped);
        applied
    }

    /// The link was lost: what was known is stale. Appends the slots of all that was current.
    pub fn link_lost(&mut self, changed: &mut Vec<u32>) {
        self.outdate(None, Stale::LinkLost, changed);
    }

    /// What is known of a point; `None` if it was never told.
    #[must_use]
    pub fn get(&self, ca: u16, ioa: u32) -> Option<Reading> {
        let key = key(ca, ioa);
        let found = self.search(key).ok()?;
        self.slots.get(*self.sorted.get(found)? as usize)?.reading()
    }

    /// What is known in a slot, and whose it is: common address and object address.
    #[must_use]
    pub fn slot(&self, place: u32) -> Option<(u16, u32, Option<Reading>)> {
        let slot = self.slots.get(place as usize)?;
        let (ca, ioa) = slot.address();
        Some((ca, ioa, slot.reading()))
    }

    /// Everything that was told, in the order of addresses.
    pub fn all(&self) -> impl Iterator<Item = (u16, u32, Reading)> + '_ {
        self.sorted.iter().filter_map(|place| {
            let (ca, ioa, reading) = self.slot(*place)?;
            Some((ca, ioa, reading?))
        })
    }

    /// How many values were dropped since there were too many that are not configured.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn put(
        &mut self,
        place: usize,
        type_id: TypeId,
        source: Source,
        object: &Object,
        now: Now,
        changed: &mut Vec<u32>,
    ) {
        let Some(slot) = self.slots.get_mut(place) else { return };
        if slot.put(type_id, source, object, now) {
            // There are no more slots than a `u32` counts.
            changed.extend(u32::try_from(place));
        }
    }

    /// The slot of a key, made if there is room for it.
    fn place(&mut self, key: u64) -> Option<usize> {
        let guess = self.next;
        let place = if self.slots.get(guess).is_some_and(|slot| slot.key == key) {
            guess
        } else {
            match self.search(key) {
                Ok(found) => *self.sorted.get(found)? as usize,
                Err(gap) => self.insert(gap, key)?,
            }
        };
        self.next = place + 1;
        Some(place)
    }

    fn search(&self, wanted: u64) -> Result<usize, usize> {
        self.sorted.binary_search_by_key(&wanted, |place| {
            self.slots.get(*place as usize).map_or(u64::MAX, |slot| slot.key)
        })
    }

    fn insert(&mut self, gap: usize, key: u64) -> Option<usize> {
        let place = self.slots.len();
        if place >= self.most {
            return None;
        }
        self.sorted.insert(gap, u32::try_from(place).ok()?);
        self.slots.push(Slot::empty(key));
        Some(place)
    }

    fn outdate(&mut self, ca: Option<u16>, why: Stale, changed: &mut Vec<u32>) {
        for (slot, place) in self.slots.iter_mut().zip(0..) {
            // An outstation that restarts may say so with the address of all.
            let is_meant = ca.is_none_or(|ca| ca == EVERY_CA || slot.address().0 == ca);
            if is_meant && slot.outdate(why) {
                changed.push(place);
            }
        }
    }
}

/// The last type of values in the monitor direction; above are commands and the system.
const LAST_MONITOR: u8 = 40;

/// The common address of all.
const EVERY_CA: u16 = 0xffff;

/// Ordered as addresses are.
fn key(ca: u16, ioa: u32) -> u64 {
    u64::from(ca) << 32 | u64::from(ioa)
}

impl Source {
    /// Why a value was told; `None` for causes that values do not have.
    fn of(cause: Cause) -> Option<Self> {
        match cause.0 {
            1 | 2 => Some(Self::Periodic),
            3 => Some(Self::Spontaneous),
            5 => Some(Self::Read),
            11 | 12 => Some(Self::Return),
            20..=41 => Some(Self::Interrogation),
            _ => None,
        }
    }
}
