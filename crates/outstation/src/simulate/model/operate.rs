//! What a command makes of the point that shows what came of it, and whether it may be carried out.

use station_wire::iec104::codec::{DoublePoint, Value};

use super::points::Commanded;

/// The command without its select bit, and whether that was set.
pub(super) fn unselected(mut command: Value) -> (Value, bool) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "what else there is has no such bit")]
    let was = match &mut command {
        Value::SingleCommand { select, .. }
        | Value::DoubleCommand { select, .. }
        | Value::StepCommand { select, .. }
        | Value::SetNormalized { select, .. }
        | Value::SetScaled { select, .. }
        | Value::SetFloat { select, .. } => std::mem::take(select),
        _ => false,
    };
    (command, was)
}

/// Whether the value and the qualifier are such that the point takes them.
pub(super) fn is_valid(point: &Commanded, command: &Value) -> bool {
    let within = |value: f64| {
        value.is_finite()
            && point.limits.is_none_or(|(least, most)| (least..=most).contains(&value))
    };
    // 4 to 8 and 1 to 63 are reserved (IEC 60870-5-101, 7.2.6.26 and 7.2.6.39).
    let known = |qu: u8| !matches!(qu, 4..=8);
    let set = |ql: u8| !matches!(ql, 1..=63);
    #[expect(clippy::wildcard_enum_match_arm, reason = "what else there is commands no point")]
    match *command {
        Value::SingleCommand { qu, .. } => known(qu),
        Value::DoubleCommand { state, qu, .. } => matches!(state, 1 | 2) && known(qu),
        Value::StepCommand { step, qu, .. } => matches!(step, 1 | 2) && known(qu),
        Value::SetNormalized { raw, ql, .. } => within(f64::from(raw) / 32_768.0) && set(ql),
        Value::SetScaled { value, ql, .. } => within(f64::from(value)) && set(ql),
        Value::SetFloat { value, ql, .. } => within(f64::from(value)) && set(ql),
        Value::SetBits(bits) => within(f64::from(bits)),
        _ => false,
    }
}

/// What a point shows after a command, that showed `before`.
pub(super) fn after(command: &Value, before: Value) -> Value {
    match (*command, before) {
        (Value::SingleCommand { on, .. }, Value::Single(_)) => Value::Single(on),
        (Value::SingleCommand { on, .. }, Value::Double(_)) => Value::Double(double(on)),
        (Value::DoubleCommand { state, .. }, Value::Single(_)) => Value::Single(state == 2),
        (Value::DoubleCommand { state, .. }, Value::Double(_)) => Value::Double(double(state == 2)),
        (Value::StepCommand { step, .. }, Value::Step { value, .. }) => {
            let by = if step == 2 { 1 } else { -1 };
            Value::Step { value: (value + by).clamp(-64, 63), transient: false }
        }
        (Value::SetNormalized { raw, .. }, Value::Normalized(_)) => Value::Normalized(raw),
        (Value::SetScaled { value, .. }, Value::Scaled(_)) => Value::Scaled(value),
        (Value::SetFloat { value, .. }, Value::Float(_)) => Value::Float(value),
        (Value::SetBits(bits), Value::Bits(_)) => Value::Bits(bits),
        (_, before) => before,
    }
}

const fn double(on: bool) -> DoublePoint {
    if on { DoublePoint::On } else { DoublePoint::Off }
}
