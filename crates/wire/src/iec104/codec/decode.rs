//! The value and the quality in the octets of an element.

use super::layout::Element;
use super::quality::Quality;
use super::time::Cp16;
use super::value::{DoublePoint, Value};

/// Reads an element without its time tag; nothing if it has another size.
pub(super) const fn element(element: Element, octets: &[u8]) -> Option<(Value, Quality)> {
    let read = match (element, octets) {
        (Element::Single, &[siq]) => (Value::Single(siq & 1 != 0), Quality(siq & 0xfe)),
        (Element::Double, &[diq]) => {
            (Value::Double(DoublePoint::from_bits(diq)), Quality(diq & 0xfc))
        }
        (Element::Step, &[vti, qds]) => {
            // The sign is the seventh bit.
            let value = (vti << 1).cast_signed() >> 1;
            (Value::Step { value, transient: vti & 0x80 != 0 }, Quality(qds))
        }
        (Element::Bits, &[a, b, c, d, qds]) => {
            (Value::Bits(u32::from_le_bytes([a, b, c, d])), Quality(qds))
        }
        (Element::Normalized, &[low, high, qds]) => {
            (Value::Normalized(i16::from_le_bytes([low, high])), Quality(qds))
        }
        (Element::NormalizedAlone, &[low, high]) => {
            (Value::Normalized(i16::from_le_bytes([low, high])), Quality::GOOD)
        }
        (Element::Scaled, &[low, high, qds]) => {
            (Value::Scaled(i16::from_le_bytes([low, high])), Quality(qds))
        }
        (Element::Float, &[a, b, c, d, qds]) => {
            (Value::Float(f32::from_le_bytes([a, b, c, d])), Quality(qds))
        }
        (Element::Counter, &[a, b, c, d, flags]) => {
            counter(i32::from_le_bytes([a, b, c, d]), flags)
        }
        (Element::ProtectionEvent, &[sep, low, high]) => {
            let (state, elapsed) = (DoublePoint::from_bits(sep), Cp16::from_octets(low, high));
            (Value::ProtectionEvent { state, elapsed }, Quality(sep & 0xfc))
        }
        (Element::ProtectionStart, &[events, qdp, low, high]) => {
            let elapsed = Cp16::from_octets(low, high);
            (Value::ProtectionStart { events, elapsed }, Quality(qdp))
        }
        (Element::ProtectionOutput, &[circuits, qdp, low, high]) => {
            let elapsed = Cp16::from_octets(low, high);
            (Value::ProtectionOutput { circuits, elapsed }, Quality(qdp))
        }
        (Element::PackedSingle, &[a, b, c, d, qds]) => {
            let (status, change) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
            (Value::PackedSingle { status, change }, Quality(qds))
        }
        _ => {
            let Some(value) = command(element, octets) else { return None };
            (value, Quality::GOOD)
        }
    };
    Some(read)
}

const fn counter(value: i32, flags: u8) -> (Value, Quality) {
    let counter = Value::Counter {
        value,
        sequence: flags & 0x1f,
        carry: flags & 0x20 != 0,
        adjusted: flags & 0x40 != 0,
        invalid: flags & 0x80 != 0,
    };
    (counter, Quality(flags & Quality::INVALID.0))
}

/// Reads an element that has no quality: commands, and what the system says of itself.
const fn command(element: Element, octets: &[u8]) -> Option<Value> {
    let value = match (element, octets) {
        (Element::SingleCommand, &[sco]) => {
            Value::SingleCommand { on: sco & 1 != 0, qu: qu(sco), select: select(sco) }
        }
        (Element::DoubleCommand, &[dco]) => {
            Value::DoubleCommand { state: dco & 3, qu: qu(dco), select: select(dco) }
        }
        (Element::StepCommand, &[rco]) => {
            Value::StepCommand { step: rco & 3, qu: qu(rco), select: select(rco) }
        }
        (Element::SetNormalized, &[low, high, qos]) => {
            let raw = i16::from_le_bytes([low, high]);
            Value::SetNormalized { raw, ql: qos & 0x7f, select: select(qos) }
        }
        (Element::SetScaled, &[low, high, qos]) => {
            let value = i16::from_le_bytes([low, high]);
            Value::SetScaled { value, ql: qos & 0x7f, select: select(qos) }
        }
        (Element::SetFloat, &[a, b, c, d, qos]) => {
            let value = f32::from_le_bytes([a, b, c, d]);
            Value::SetFloat { value, ql: qos & 0x7f, select: select(qos) }
        }
        (Element::SetBits, &[a, b, c, d]) => Value::SetBits(u32::from_le_bytes([a, b, c, d])),
        (Element::Initialised, &[coi]) => Value::Initialised(coi),
        (Element::Interrogation, &[qoi]) => Value::Interrogation(qoi),
        (Element::CounterInterrogation, &[qcc]) => Value::CounterInterrogation(qcc),
        (Element::Read, []) => Value::Read,
        (Element::ClockSync, []) => Value::ClockSync,
        (Element::Test, &[low, high]) => Value::Test(u16::from_le_bytes([low, high])),
        (Element::TestTagged, &[low, high]) => Value::TestTagged(u16::from_le_bytes([low, high])),
        (Element::ResetProcess, &[qrp]) => Value::ResetProcess(qrp),
        (Element::Delay, &[low, high]) => Value::Delay(u16::from_le_bytes([low, high])),
        _ => return None,
    };
    Some(value)
}

/// QU of SCO, DCO and RCO.
const fn qu(octet: u8) -> u8 {
    octet >> 2 & 0x1f
}

/// S/E of SCO, DCO, RCO and QOS.
const fn select(octet: u8) -> bool {
    octet & 0x80 != 0
}
