//! ASDUs that are answers: what came with another cause, and values.

use station_wire::iec104::codec::{
    Cause, Cp56, HEADER_LENGTH, Header, Object, Time, TimeTag, TypeId, Value, encode,
};

/// Where the element of a command begins: behind the header and an address.
const ELEMENT: usize = HEADER_LENGTH + 3;

/// What came, with another cause; whether it was a test stays.
pub(super) fn mirror(octets: &[u8], cause: Cause, negative: bool) -> Vec<u8> {
    let mut answer = octets.to_vec();
    if let Some(octet) = answer.get_mut(2) {
        *octet = *octet & 0x80 | u8::from(negative) << 6 | cause.0;
    }
    answer
}

/// What came, as if it had been sent to that station alone.
pub(super) fn with_ca(octets: &[u8], ca: u16) -> Vec<u8> {
    let mut own = octets.to_vec();
    if let Some(place) = own.get_mut(4..HEADER_LENGTH) {
        place.copy_from_slice(&ca.to_le_bytes());
    }
    own
}

/// What came, with the other value of a single command.
pub(super) fn with_other_value(octets: &[u8]) -> Vec<u8> {
    let mut other = octets.to_vec();
    if let Some(octet) = other.get_mut(ELEMENT) {
        *octet ^= 1;
    }
    other
}

/// What came, from the next originator.
pub(super) fn with_other_originator(octets: &[u8]) -> Vec<u8> {
    let mut other = octets.to_vec();
    if let Some(octet) = other.get_mut(3) {
        *octet = octet.wrapping_add(1);
    }
    other
}

/// The type of values that come by themselves: with a time tag where there is such a type.
pub(super) fn tagged(type_id: TypeId) -> TypeId {
    // The odd ones of 1 to 15 have no tag, and are found again from 30 on with one.
    let number = match type_id.as_u8() {
        number @ 1..=15 if number % 2 == 1 => 30 + number / 2,
        number => number,
    };
    TypeId::from_u8(number).unwrap_or(type_id)
}

/// An object with the time tag that its type has.
pub(super) fn object(type_id: TypeId, ioa: u32, value: Value, time: Option<Cp56>) -> Object {
    let time = time.filter(|_| type_id.time_tag() == TimeTag::Cp56).map(Time::Cp56);
    Object { time, ..Object::new(ioa, value) }
}

/// Appends an ASDU; false, having told why, if it cannot be one.
pub(super) fn write(header: &Header, objects: &[Object], out: &mut Vec<u8>) -> bool {
    let written = encode(header, objects, out);
    if let Err(error) = &written {
        tracing::error!(%error, "the simulated outstation cannot say what it should");
    }
    written.is_ok()
}
