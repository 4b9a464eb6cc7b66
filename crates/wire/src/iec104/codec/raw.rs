//! The octets of an element alone, as records keep them beside the value.

use std::ops::Deref;

use super::value::Value;

/// How many octets the longest element has without quality and time.
const LONGEST: usize = 5;

/// The octets of an element without its quality and its time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Raw {
    octets: [u8; LONGEST],
    length: u8,
}

impl Raw {
    /// The octets, of which there are at most five.
    pub(super) fn new(octets: &[u8]) -> Self {
        let mut raw = Self { octets: [0; LONGEST], length: 0 };
        for (place, octet) in raw.octets.iter_mut().zip(octets) {
            *place = *octet;
            raw.length += 1;
        }
        raw
    }
}

impl Deref for Raw {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl Value {
    /// The octets of the element without its quality and its time. Fields that are too large for their
    /// bits lose what does not fit.
    #[must_use]
    pub fn raw(&self) -> Raw {
        match *self {
            Self::Single(on) => Raw::new(&[u8::from(on)]),
            Self::Double(position) => Raw::new(&[position.bits()]),
            Self::Step { value, transient } => {
                Raw::new(&[value.cast_unsigned() & 0x7f | u8::from(transient) << 7])
            }
            Self::Bits(bits) | Self::SetBits(bits) => Raw::new(&bits.to_le_bytes()),
            Self::Normalized(value) | Self::Scaled(value) => Raw::new(&value.to_le_bytes()),
            Self::Float(value) => Raw::new(&value.to_le_bytes()),
            Self::Counter { value, sequence, carry, adjusted, invalid } => {
                let [a, b, c, d] = value.to_le_bytes();
                let flags = u8::from(carry) << 5 | u8::from(adjusted) << 6 | u8::from(invalid) << 7;
                Raw::new(&[a, b, c, d, sequence & 0x1f | flags])
            }
            Self::ProtectionEvent { state, elapsed } => {
                let [low, high] = elapsed.0.to_le_bytes();
                Raw::new(&[state.bits(), low, high])
            }
            Self::ProtectionStart { events: bits, elapsed }
            | Self::ProtectionOutput { circuits: bits, elapsed } => {
                let [low, high] = elapsed.0.to_le_bytes();
                Raw::new(&[bits, low, high])
            }
            Self::PackedSingle { status, change } => {
                let ([a, b], [c, d]) = (status.to_le_bytes(), change.to_le_bytes());
                Raw::new(&[a, b, c, d])
            }
            Self::SingleCommand { on, qu, select } => {
                Raw::new(&[command(u8::from(on), qu, select)])
            }
            Self::DoubleCommand { state: code, qu, select }
            | Self::StepCommand { step: code, qu, select } => {
                Raw::new(&[command(code, qu, select)])
            }
            Self::SetNormalized { raw: value, ql, select }
            | Self::SetScaled { value, ql, select } => {
                let [low, high] = value.to_le_bytes();
                Raw::new(&[low, high, setpoint(ql, select)])
            }
            Self::SetFloat { value, ql, select } => {
                let [a, b, c, d] = value.to_le_bytes();
                Raw::new(&[a, b, c, d, setpoint(ql, select)])
            }
            Self::Read | Self::ClockSync => Raw::new(&[]),
            Self::Interrogation(octet)
            | Self::CounterInterrogation(octet)
            | Self::ResetProcess(octet)
            | Self::Initialised(octet) => Raw::new(&[octet]),
            Self::Test(word) | Self::TestTagged(word) | Self::Delay(word) => {
                Raw::new(&word.to_le_bytes())
            }
        }
    }
}

/// SCO, DCO or RCO: what to do, for how long, and whether it is only selected.
fn command(code: u8, qu: u8, select: bool) -> u8 {
    code & 3 | (qu & 0x1f) << 2 | u8::from(select) << 7
}

/// QOS.
fn setpoint(ql: u8, select: bool) -> u8 {
    ql & 0x7f | u8::from(select) << 7
}
