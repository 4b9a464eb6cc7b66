//! The point at which the effect of a command shows, and what it has shown.
//!
//! What is reported before the command is confirmed counts only as a change: a value that was there
//! before is no effect.

use std::time::Duration;

use super::super::codec::{Asdu, Cause, DoublePoint, Object, Quality, Time, Value};

/// Where the effect shows, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Feedback {
    /// The common address of the outstation that reports the point.
    pub ca: u16,
    /// The address of the point.
    pub ioa: u32,
    /// What it is to show.
    pub expected: Expected,
    /// What it showed last, if that is known and was good.
    pub previous: Option<Value>,
}

/// What a feedback point is to show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// A single or double point that is on or off.
    Switched(bool),
    /// A tap changer at rest at a position.
    Position(i8),
    /// Bits, of those in the mask.
    Bits {
        /// The bits.
        value: u32,
        /// Which of them matter.
        mask: u32,
    },
    /// A normalised or scaled value as it is on the wire.
    Raw {
        /// The value.
        value: i16,
        /// How far from it is near enough.
        tolerance: u16,
    },
    /// A number.
    Float {
        /// The number.
        value: f32,
        /// How far from it is near enough.
        tolerance: f32,
    },
}

impl Expected {
    /// Whether a value is what was expected.
    #[must_use]
    pub fn is_met_by(&self, value: Value) -> bool {
        match (*self, value) {
            (Self::Switched(expected), Value::Single(on)) => on == expected,
            (Self::Switched(expected), Value::Double(position)) => {
                position == if expected { DoublePoint::On } else { DoublePoint::Off }
            }
            (Self::Position(expected), Value::Step { value, transient }) => {
                value == expected && !transient
            }
            (Self::Bits { value: expected, mask }, Value::Bits(bits)) => {
                (bits ^ expected) & mask == 0
            }
            (
                Self::Raw { value: expected, tolerance },
                Value::Normalized(raw) | Value::Scaled(raw),
            ) => raw.abs_diff(expected) <= tolerance,
            (Self::Float { value: expected, tolerance }, Value::Float(number)) => {
                (number - expected).abs() <= tolerance
            }
            _ => false,
        }
    }
}

/// The last report of a feedback point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// The value.
    pub value: Value,
    /// How far it is trusted.
    pub quality: Quality,
    /// Why it was sent.
    pub cause: Cause,
    /// The outstation's time.
    pub time: Option<Time>,
    /// When it came.
    pub at: Duration,
}

/// A feedback point that is watched.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    feedback: Feedback,
    /// The last report since the command was sent.
    pub(super) seen: Option<Seen>,
    /// Whether the last good value known is what is expected.
    met: Option<bool>,
    /// Whether it has become so since the command was sent.
    became: bool,
}

impl Watch {
    pub(super) fn new(feedback: Feedback) -> Self {
        let met = feedback.previous.map(|value| feedback.expected.is_met_by(value));
        Self { feedback, seen: None, met, became: false }
    }

    /// The report of the point in an ASDU: the last, where there are several.
    pub(super) fn report(&self, asdu: &Asdu<'_>, now: Duration) -> Option<Seen> {
        let Feedback { ca, ioa, .. } = self.feedback;
        let header = &asdu.header;
        // What is below 45 is monitored; what is a test or a denial is no report.
        if header.ca != ca || header.type_id >= 45 || header.test || header.negative {
            return None;
        }
        let object = asdu.objects().filter(|object| object.ioa == ioa).last()?;
        let Object { value, quality, time, .. } = object;
        Some(Seen { value, quality, cause: header.cause, time, at: now })
    }

    /// Takes a report, from before the command was sent for execution or after it. Whether it counts.
    pub(super) fn take(&mut self, seen: Seen, sent: bool) -> bool {
        if sent {
            self.seen = Some(seen);
        }
        let doubts = [
            Quality::INVALID,
            Quality::NOT_TOPICAL,
            Quality::SUBSTITUTED,
            Quality::BLOCKED,
            Quality::OVERFLOW,
        ];
        if doubts.into_iter().any(|doubt| seen.quality.has(doubt)) {
            return false;
        }
        let met = self.feedback.expected.is_met_by(seen.value);
        self.became = sent && met && (self.became || self.met == Some(false));
        self.met = Some(met);
        true
    }

    /// Whether the value became what is expected since the command was sent, and still is.
    pub(super) const fn became(&self) -> bool {
        self.became
    }

    /// Whether the last good value is what is expected.
    pub(super) fn is_met(&self) -> bool {
        self.met == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_point_has_its_own_comparison() {
        let on = Expected::Switched(true);
        assert!(on.is_met_by(Value::Single(true)) && on.is_met_by(Value::Double(DoublePoint::On)));
        for value in [
            Value::Single(false),
            Value::Double(DoublePoint::Off),
            Value::Double(DoublePoint::Intermediate),
            Value::Double(DoublePoint::Indeterminate),
            Value::Float(1.0),
        ] {
            assert!(!on.is_met_by(value), "{value:?}");
        }
        assert!(Expected::Switched(false).is_met_by(Value::Double(DoublePoint::Off)));
        let position = Expected::Position(-3);
        assert!(position.is_met_by(Value::Step { value: -3, transient: false }));
        assert!(!position.is_met_by(Value::Step { value: -3, transient: true }));
        let bits = Expected::Bits { value: 0b01, mask: 0b11 };
        assert!(bits.is_met_by(Value::Bits(0b101)) && !bits.is_met_by(Value::Bits(0b11)));
    }

    #[test]
    fn measured_values_have_a_tolerance() {
        let raw = Expected::Raw { value: -32_768, tolerance: 2 };
        assert!(raw.is_met_by(Value::Normalized(-32_766)) && raw.is_met_by(Value::Scaled(-32_768)));
        assert!(!raw.is_met_by(Value::Scaled(-32_765)) && !raw.is_met_by(Value::Scaled(32_767)));
        let float = Expected::Float { value: 10.0, tolerance: 0.5 };
        assert!(float.is_met_by(Value::Float(10.5)) && !float.is_met_by(Value::Float(9.4)));
        assert!(!float.is_met_by(Value::Float(f32::NAN)));
    }
}
