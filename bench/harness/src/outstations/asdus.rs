//! The ASDUs that are sent here, made before anything is measured.

use station_wire::iec104::codec::{
    Cause, Civil, Cp56, Header, Object, Quality, Time, TypeId, Value, encode,
};

use super::CA;
use crate::Result;

/// One object, or some that follow each other.
pub(crate) fn asdu(type_id: TypeId, cause: Cause, sq: bool, objects: &[Object]) -> Result<Vec<u8>> {
    let mut header = Header::new(type_id, cause, CA);
    header.sq = sq;
    header.count = u8::try_from(objects.len())?;
    let mut octets = Vec::new();
    encode(&header, objects, &mut octets)?;
    Ok(octets)
}

/// A command to switch a point on, or an answer to it.
pub(crate) fn command(cause: Cause, ioa: u32) -> Result<Vec<u8>> {
    let value = Value::SingleCommand { on: true, qu: 0, select: false };
    asdu(TypeId::C_SC_NA_1, cause, false, &[Object::new(ioa, value)])
}

/// A general interrogation, or an answer to it.
pub(crate) fn interrogation(cause: Cause) -> Result<Vec<u8>> {
    let value = Value::Interrogation(20);
    asdu(TypeId::C_IC_NA_1, cause, false, &[Object::new(0, value)])
}

/// Whether a point is on.
pub(crate) fn single(cause: Cause, ioa: u32, on: bool) -> Result<Vec<u8>> {
    asdu(TypeId::M_SP_NA_1, cause, false, &[Object::new(ioa, Value::Single(on))])
}

/// A measured value that changed, with the time of it.
pub(crate) fn spontaneous(ioa: u32, value: f32) -> Result<Vec<u8>> {
    let object = Object { time: Some(noon()?), ..Object::new(ioa, Value::Float(value)) };
    asdu(TypeId::M_ME_TF_1, Cause::SPONTANEOUS, false, &[object])
}

/// So many measured values from the address 1 on, each with its address, as full as frames get.
pub(crate) fn floats(count: u32) -> Result<Vec<Vec<u8>>> {
    let objects: Vec<Object> =
        (1..=count).map(|ioa| Object::new(ioa, Value::Float(ioa as f32))).collect();
    let room = TypeId::M_ME_NC_1.capacity(false);
    let full = |objects: &[Object]| asdu(TypeId::M_ME_NC_1, Cause::INTERROGATED, false, objects);
    objects.chunks(room).map(full).collect()
}

/// Objects of a type of values, as many as fit.
pub(crate) fn full(type_id: TypeId, value: Value, sq: bool, tagged: bool) -> Result<Vec<u8>> {
    let time = tagged.then(noon).transpose()?;
    let count = u32::try_from(type_id.capacity(sq))?;
    let objects: Vec<Object> =
        (1..=count).map(|ioa| Object { ioa, value, quality: Quality::GOOD, time }).collect();
    asdu(type_id, Cause::SPONTANEOUS, sq, &objects)
}

fn noon() -> Result<Time> {
    let civil = Civil {
        year: 26,
        month: 7,
        day: 1,
        weekday: 3,
        hour: 12,
        minute: 0,
        millisecond: 1,
        summer: false,
        substituted: false,
        invalid: false,
    };
    Ok(Time::Cp56(Cp56::from_civil(&civil).ok_or("noon is no time")?))
}
