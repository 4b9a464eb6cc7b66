//! Of what octets the elements of each type are made (IEC 60870-5-101, 7.2.6).

/// The element of a type, without its time tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Single,
    Double,
    Step,
    Bits,
    Normalized,
    NormalizedAlone,
    Scaled,
    Float,
    Counter,
    ProtectionEvent,
    ProtectionStart,
    ProtectionOutput,
    PackedSingle,
    SingleCommand,
    DoubleCommand,
    StepCommand,
    SetNormalized,
    SetScaled,
    SetFloat,
    SetBits,
    Initialised,
    Interrogation,
    CounterInterrogation,
    Read,
    ClockSync,
    Test,
    TestTagged,
    ResetProcess,
    Delay,
}

impl Element {
    /// How many octets it has, its quality included.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::Read | Self::ClockSync => 0,
            Self::Single
            | Self::Double
            | Self::SingleCommand
            | Self::DoubleCommand
            | Self::StepCommand
            | Self::Initialised
            | Self::Interrogation
            | Self::CounterInterrogation
            | Self::ResetProcess => 1,
            Self::Step | Self::NormalizedAlone | Self::Test | Self::TestTagged | Self::Delay => 2,
            Self::Normalized
            | Self::Scaled
            | Self::ProtectionEvent
            | Self::SetNormalized
            | Self::SetScaled => 3,
            Self::ProtectionStart | Self::ProtectionOutput | Self::SetBits => 4,
            Self::Bits | Self::Float | Self::Counter | Self::PackedSingle | Self::SetFloat => 5,
        }
    }

    /// Where its quality stands.
    pub(super) const fn trust(self) -> Trust {
        match self {
            Self::Single => Trust::Shares { at: 0, bits: 0xfe },
            Self::Double | Self::ProtectionEvent => Trust::Shares { at: 0, bits: 0xfc },
            Self::Counter => Trust::Shares { at: 4, bits: 0x80 },
            Self::Step | Self::ProtectionStart | Self::ProtectionOutput => Trust::Own { at: 1 },
            Self::Normalized | Self::Scaled => Trust::Own { at: 2 },
            Self::Bits | Self::Float | Self::PackedSingle => Trust::Own { at: 4 },
            Self::NormalizedAlone
            | Self::SingleCommand
            | Self::DoubleCommand
            | Self::StepCommand
            | Self::SetNormalized
            | Self::SetScaled
            | Self::SetFloat
            | Self::SetBits
            | Self::Initialised
            | Self::Interrogation
            | Self::CounterInterrogation
            | Self::Read
            | Self::ClockSync
            | Self::Test
            | Self::TestTagged
            | Self::ResetProcess
            | Self::Delay => Trust::Nowhere,
        }
    }
}

/// Where the quality of an element stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// It has none.
    Nowhere,
    /// In some bits of an octet of the value.
    Shares {
        /// Which octet.
        at: usize,
        /// Which bits of it.
        bits: u8,
    },
    /// In an octet of its own.
    Own {
        /// How many octets of the value stand before it.
        at: usize,
    },
}

impl Trust {
    /// The bits a quality can have there.
    pub(super) const fn bits(self) -> u8 {
        match self {
            Self::Nowhere => 0,
            Self::Shares { bits, .. } => bits,
            Self::Own { .. } => 0xff,
        }
    }
}
