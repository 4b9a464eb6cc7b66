//! ASDUs written from their objects.

use super::asdu::{LARGEST_IOA, Object};
use super::cause::Cause;
use super::header::Header;
use super::layout::{Element, Trust};
use super::quality::Quality;
use super::time::{Cp24, Cp56, Time};
use super::type_id::{TimeTag, TypeId};
use super::value::Value;

/// Objects that do not make an ASDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The type is not known here.
    #[error("the type {0} is not supported")]
    UnknownType(u8),
    /// There are none, more than an ASDU can have, or not as many as the header says.
    #[error("the header announces {announced} objects and there are {given}; 1 to 127 can be")]
    Count {
        /// How many the header announces.
        announced: u8,
        /// How many there are.
        given: usize,
    },
    /// They do not fit into 249 octets.
    #[error("{given} objects of {} do not fit into an ASDU; {capacity} do", .type_id.name())]
    TooMany {
        /// How many there are.
        given: usize,
        /// How many fit.
        capacity: usize,
        /// The type of the ASDU.
        type_id: TypeId,
    },
    /// A value is not what objects of the type have.
    #[error("the object {ioa} has a value that {} has not", .type_id.name())]
    Value {
        /// The address of the object.
        ioa: u32,
        /// The type of the ASDU.
        type_id: TypeId,
    },
    /// The time tag is missing, or is another than objects of the type have.
    #[error("the object {ioa} has not the time tag of {}", .type_id.name())]
    Time {
        /// The address of the object.
        ioa: u32,
        /// The type of the ASDU.
        type_id: TypeId,
    },
    /// A field has fewer bits than its value needs.
    #[error("{field} is {value}; it goes from {least} to {most}")]
    Range {
        /// The name of the field.
        field: &'static str,
        /// What it is.
        value: i64,
        /// The least it can be.
        least: i64,
        /// The most it can be.
        most: i64,
    },
    /// The type has no room for such a quality.
    #[error("the object {ioa} has the quality {quality:02x}, for which {} has no bits", .type_id.name())]
    Quality {
        /// The address of the object.
        ioa: u32,
        /// The quality.
        quality: u8,
        /// The type of the ASDU.
        type_id: TypeId,
    },
    /// Only the first object of a sequence has an address, so the others must follow it one by one.
    #[error("the object {got} stands in a sequence where {expected} should")]
    NotConsecutive {
        /// The address it should have.
        expected: u32,
        /// The address it has.
        got: u32,
    },
}

/// Appends the ASDU to `out`; of one that cannot be nothing is appended.
///
/// # Errors
///
/// The objects are not what the header says, or do not fit.
pub fn encode(header: &Header, objects: &[Object], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    let written = write(header, objects, out);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

fn write(header: &Header, objects: &[Object], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let Some(type_id) = TypeId::from_u8(header.type_id) else {
        return Err(EncodeError::UnknownType(header.type_id));
    };
    if !matches!(header.count, 1..=127) || usize::from(header.count) != objects.len() {
        return Err(EncodeError::Count { announced: header.count, given: objects.len() });
    }
    range("the cause", header.cause.0.into(), 0, Cause::LARGEST.into())?;
    let capacity = type_id.capacity(header.sq);
    if objects.len() > capacity {
        return Err(EncodeError::TooMany { given: objects.len(), capacity, type_id });
    }
    out.extend_from_slice(&header.encode());
    let mut expected = None;
    for object in objects {
        range("the address of an object", object.ioa.into(), 0, LARGEST_IOA.into())?;
        match expected {
            Some(expected) if header.sq && expected != object.ioa => {
                return Err(EncodeError::NotConsecutive { expected, got: object.ioa });
            }
            Some(_) if header.sq => {}
            _ => {
                let [a, b, c, _] = object.ioa.to_le_bytes();
                out.extend_from_slice(&[a, b, c]);
            }
        }
        expected = Some(object.ioa + 1);
        write_object(type_id, object, out)?;
    }
    Ok(())
}

/// Writes an object behind its address.
fn write_object(type_id: TypeId, object: &Object, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let Object { ioa, ref value, quality: Quality(quality), time } = *object;
    let element = type_id.element();
    let alone = element == Element::NormalizedAlone && value.element() == Element::Normalized;
    if !alone && element != value.element() {
        return Err(EncodeError::Value { ioa, type_id });
    }
    check_fields(value)?;
    let trust = element.trust();
    if quality & !trust.bits() != 0 {
        return Err(EncodeError::Quality { ioa, quality, type_id });
    }
    let raw = value.raw();
    match trust {
        Trust::Own { at } => {
            let (before, after) = raw.split_at(at.min(raw.len()));
            out.extend_from_slice(before);
            out.push(quality);
            out.extend_from_slice(after);
        }
        Trust::Shares { at, .. } => {
            let octets = raw.iter().enumerate();
            out.extend(octets.map(|(n, octet)| if n == at { octet | quality } else { *octet }));
        }
        Trust::Nowhere => out.extend_from_slice(&raw),
    }
    match (type_id.time_tag(), time) {
        (TimeTag::None, None) => {}
        (TimeTag::Cp24, Some(Time::Cp24(Cp24(octets)))) => out.extend_from_slice(&octets),
        (TimeTag::Cp56, Some(Time::Cp56(Cp56(octets)))) => out.extend_from_slice(&octets),
        (TimeTag::None | TimeTag::Cp24 | TimeTag::Cp56, _) => {
            return Err(EncodeError::Time { ioa, type_id });
        }
    }
    Ok(())
}

/// Whether every field fits into its bits.
fn check_fields(value: &Value) -> Result<(), EncodeError> {
    match *value {
        Value::Step { value, .. } => range("the position of a step", value.into(), -64, 63),
        Value::Counter { sequence, .. } => range("the sequence number", sequence.into(), 0, 31),
        Value::SingleCommand { qu, .. } => range("QU", qu.into(), 0, 31),
        Value::DoubleCommand { state: code, qu, .. }
        | Value::StepCommand { step: code, qu, .. } => {
            range("the state of a command", code.into(), 0, 3)?;
            range("QU", qu.into(), 0, 31)
        }
        Value::SetNormalized { ql, .. }
        | Value::SetScaled { ql, .. }
        | Value::SetFloat { ql, .. } => range("QL", ql.into(), 0, 127),
        Value::Single(_)
        | Value::Double(_)
        | Value::Bits(_)
        | Value::Normalized(_)
        | Value::Scaled(_)
        | Value::Float(_)
        | Value::ProtectionEvent { .. }
        | Value::ProtectionStart { .. }
        | Value::ProtectionOutput { .. }
        | Value::PackedSingle { .. }
        | Value::SetBits(_)
        | Value::Interrogation(_)
        | Value::CounterInterrogation(_)
        | Value::Read
        | Value::ClockSync
        | Value::Test(_)
        | Value::TestTagged(_)
        | Value::ResetProcess(_)
        | Value::Initialised(_)
        | Value::Delay(_) => Ok(()),
    }
}

fn range(field: &'static str, value: i64, least: i64, most: i64) -> Result<(), EncodeError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(EncodeError::Range { field, value, least, most })
    }
}
