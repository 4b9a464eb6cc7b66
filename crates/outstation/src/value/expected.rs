//! What a feedback point should show once a command was carried out.

use station_wire::iec104::codec::{DoublePoint, Value};

/// What a feedback point should show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// This position, as a single or a double point.
    Switched(bool),
    /// This value in 32768ths, or one beside it: some outstations scale by 32767.
    Normalized(i16),
    /// This value.
    Scaled(i16),
    /// This value.
    Float(f32),
    /// These bits.
    Bits(u32),
    /// A tap changer at rest beyond the position it had.
    Stepped {
        /// Where it was.
        from: i8,
        /// Whether it should be higher.
        higher: bool,
    },
}

impl Expected {
    /// What a command should lead to. `before` is what the feedback point shows now: without it nobody
    /// can say where a tap changer should be.
    #[must_use]
    pub fn of(command: &Value, before: Option<&Value>) -> Option<Self> {
        match (*command, before.copied()) {
            (Value::SingleCommand { on, .. }, _) => Some(Self::Switched(on)),
            (Value::DoubleCommand { state: state @ (1 | 2), .. }, _) => {
                Some(Self::Switched(state == 2))
            }
            (Value::StepCommand { step: step @ (1 | 2), .. }, Some(Value::Step { value, .. })) => {
                Some(Self::Stepped { from: value, higher: step == 2 })
            }
            (Value::SetNormalized { raw, .. }, _) => Some(Self::Normalized(raw)),
            (Value::SetScaled { value, .. }, _) => Some(Self::Scaled(value)),
            (Value::SetFloat { value, .. }, _) => Some(Self::Float(value)),
            (Value::SetBits(bits), _) => Some(Self::Bits(bits)),
            _ => None,
        }
    }

    /// Whether a feedback point that shows this value shows what was expected. Compared is what stands
    /// on the wire.
    #[must_use]
    pub fn is_met(&self, shown: &Value) -> bool {
        match (*self, *shown) {
            (Self::Switched(on), Value::Single(is_on)) => on == is_on,
            (Self::Switched(on), Value::Double(position)) => {
                position == if on { DoublePoint::On } else { DoublePoint::Off }
            }
            (Self::Normalized(wanted), Value::Normalized(raw)) => wanted.abs_diff(raw) <= 1,
            (Self::Scaled(wanted), Value::Scaled(value)) => wanted == value,
            (Self::Float(wanted), Value::Float(value)) => wanted.to_bits() == value.to_bits(),
            (Self::Bits(wanted), Value::Bits(bits)) => wanted == bits,
            (Self::Stepped { from, higher }, Value::Step { value, transient: false }) => {
                if higher {
                    value > from
                } else {
                    value < from
                }
            }
            _ => false,
        }
    }
}
