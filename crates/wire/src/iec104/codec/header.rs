//! The six octets an ASDU begins with: what it carries, why, from whom and for which station.

use super::cause::Cause;
use super::type_id::TypeId;

/// How many octets a header has in IEC 60870-5-104, where the sizes of its fields are fixed.
pub const HEADER_LENGTH: usize = 6;

/// A header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the objects are, which may be a type that is not known here.
    pub type_id: u8,
    /// Whether only the first object has an address and the others follow it one by one.
    pub sq: bool,
    /// How many objects there are, 0 to 127.
    pub count: u8,
    /// Whether it is a test. Peers exist that operate nevertheless.
    pub test: bool,
    /// The P/N bit: whether it denies what was asked.
    pub negative: bool,
    /// Why it was sent.
    pub cause: Cause,
    /// The originator: which controlling station asked, 0 for none.
    pub originator: u8,
    /// The common address: the station, 65535 for all.
    pub ca: u16,
}

impl Header {
    /// The header of one object without any flag.
    #[must_use]
    pub const fn new(type_id: TypeId, cause: Cause, ca: u16) -> Self {
        let type_id = type_id.as_u8();
        Self {
            type_id,
            sq: false,
            count: 1,
            test: false,
            negative: false,
            cause,
            originator: 0,
            ca,
        }
    }

    /// Reads the header an ASDU begins with; nothing if there are fewer than six octets.
    #[must_use]
    pub const fn decode(asdu: &[u8]) -> Option<Self> {
        let &[type_id, vsq, cot, originator, low, high, ..] = asdu else { return None };
        Some(Self {
            type_id,
            sq: vsq & 0x80 != 0,
            count: vsq & 0x7f,
            test: cot & 0x80 != 0,
            negative: cot & 0x40 != 0,
            cause: Cause(cot & 0x3f),
            originator,
            ca: u16::from_le_bytes([low, high]),
        })
    }

    /// As it stands on the wire; of the count and the cause as many bits as their fields have.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_LENGTH] {
        let vsq = u8::from(self.sq) << 7 | self.count & 0x7f;
        let cot = u8::from(self.test) << 7 | u8::from(self.negative) << 6 | self.cause.0 & 0x3f;
        let [low, high] = self.ca.to_le_bytes();
        [self.type_id, vsq, cot, self.originator, low, high]
    }
}
