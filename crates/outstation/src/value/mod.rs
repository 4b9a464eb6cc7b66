//! Values as people write them, and as they stand on the wire.
//!
//! ```text
//!  command: `on` ─▶ SingleCommand        text: DoublePoint::On ─▶ `on`
//!  kind: the types points can have
//!  expected: what a feedback point should show once a command was carried out
//!  tag: time tags as text
//! ```

mod command;
mod expected;
mod kind;
mod tag;
#[cfg(test)]
mod tests;

pub(crate) use command::bits;
pub use command::{BadValue, Limits, command};
pub use expected::Expected;
pub use kind::{Kind, TYPES};
pub use tag::tag_text;

use station_wire::iec104::codec::{DoublePoint, Quality, Value};

/// How many 32768ths a normalized value of 1 has (IEC 60870-5-101, 7.2.6.6).
const ONE: f64 = 32_768.0;

/// A value as people write it: `on`, `12.5`, `-3`, `0xdeadbeef`. What has no such form (protection
/// events, system commands) is told as its octets in hexadecimal digits.
#[must_use]
pub fn text(value: &Value) -> String {
    match *value {
        Value::Single(on) | Value::SingleCommand { on, .. } => on_off(on).to_owned(),
        Value::Double(position) => double(position).to_owned(),
        Value::DoubleCommand { state, .. } => double(DoublePoint::from_bits(state)).to_owned(),
        Value::StepCommand { step: 1, .. } => "lower".to_owned(),
        Value::StepCommand { step: 2, .. } => "higher".to_owned(),
        Value::Step { value, transient: false } => value.to_string(),
        Value::Step { value, transient: true } => format!("{value} moving"),
        Value::Bits(bits) | Value::SetBits(bits) => format!("{bits:#010x}"),
        Value::Normalized(raw) | Value::SetNormalized { raw, .. } => normalized(raw),
        Value::Scaled(value) | Value::SetScaled { value, .. } => value.to_string(),
        Value::Float(value) | Value::SetFloat { value, .. } => value.to_string(),
        Value::Counter { value, .. } => value.to_string(),
        Value::PackedSingle { status, .. } => format!("{status:#06x}"),
        Value::ProtectionEvent { .. }
        | Value::ProtectionStart { .. }
        | Value::ProtectionOutput { .. }
        | Value::StepCommand { .. }
        | Value::Interrogation(_)
        | Value::CounterInterrogation(_)
        | Value::Read
        | Value::ClockSync
        | Value::Test(_)
        | Value::TestTagged(_)
        | Value::ResetProcess(_)
        | Value::Initialised(_)
        | Value::Delay(_) => raw_text(value),
    }
}

/// The octets of a value in hexadecimal digits, without quality and time: `9a993e41`.
#[must_use]
pub fn raw_text(value: &Value) -> String {
    value.raw().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The names of the quality bits that are set, the gravest first; none: good.
#[must_use]
pub fn quality_names(quality: Quality) -> Vec<String> {
    let names = [
        (Quality::INVALID, "IV"),
        (Quality::NOT_TOPICAL, "NT"),
        (Quality::SUBSTITUTED, "SB"),
        (Quality::BLOCKED, "BL"),
        (Quality::OVERFLOW, "OV"),
        (Quality::ELAPSED_INVALID, "EI"),
    ];
    names
        .into_iter()
        .filter(|(bit, _)| quality.has(*bit))
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// A value to compare by size: what measures and counts, and the position of a tap changer.
#[must_use]
pub fn number(value: &Value) -> Option<f64> {
    if let Value::Float(value) = *value {
        Some(f64::from(value))
    } else if let Value::Normalized(raw) = *value {
        Some(f64::from(raw) / ONE)
    } else if let Value::Scaled(value) = *value {
        Some(f64::from(value))
    } else if let Value::Step { value, .. } = *value {
        Some(f64::from(value))
    } else if let Value::Counter { value, .. } = *value {
        Some(f64::from(value))
    } else {
        None
    }
}

const fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

const fn double(position: DoublePoint) -> &'static str {
    match position {
        DoublePoint::Intermediate => "intermediate",
        DoublePoint::Off => "off",
        DoublePoint::On => "on",
        DoublePoint::Indeterminate => "indeterminate",
    }
}

/// Six places are enough to tell one 32768th from the next.
fn normalized(raw: i16) -> String {
    let text = format!("{:.6}", f64::from(raw) / ONE);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}
