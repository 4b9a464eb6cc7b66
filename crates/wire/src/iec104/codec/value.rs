//! What an information object says or commands.

use super::layout::Element;
use super::time::Cp16;

/// The value of an object, or what it commands, by its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// On or off.
    Single(bool),
    /// The position of what has two contacts.
    Double(DoublePoint),
    /// The position of a tap changer.
    Step {
        /// The position, -64 to 63.
        value: i8,
        /// Whether it is on its way to another.
        transient: bool,
    },
    /// 32 bits, the first octet lowest.
    Bits(u32),
    /// A measured value in 32768ths.
    Normalized(i16),
    /// A measured value in units agreed on.
    Scaled(i16),
    /// A measured value.
    Float(f32),
    /// A counter reading.
    Counter {
        /// What it counted.
        value: i32,
        /// The number of the reading, 0 to 31.
        sequence: u8,
        /// CY: it overflowed since the last reading.
        carry: bool,
        /// CA: it was set since the last reading.
        adjusted: bool,
        /// IV: the reading is invalid, which the object's quality says too.
        invalid: bool,
    },
    /// What a protection did.
    ProtectionEvent {
        /// Whether it began or ended.
        state: DoublePoint,
        /// How long it took.
        elapsed: Cp16,
    },
    /// What started a protection.
    ProtectionStart {
        /// SPE: a bit for each phase and cause.
        events: u8,
        /// How long it took.
        elapsed: Cp16,
    },
    /// What a protection switched.
    ProtectionOutput {
        /// OCI: a bit for each output circuit.
        circuits: u8,
        /// How long it took.
        elapsed: Cp16,
    },
    /// Sixteen points at once.
    PackedSingle {
        /// A bit for each point.
        status: u16,
        /// Which of them changed.
        change: u16,
    },
    /// Switches on or off.
    SingleCommand {
        /// On.
        on: bool,
        /// QU, 0 to 31: how long a pulse.
        qu: u8,
        /// Selects only.
        select: bool,
    },
    /// Switches what has two contacts.
    DoubleCommand {
        /// DCS: 1 off, 2 on; 0 and 3 are not permitted and no outstation should take them.
        state: u8,
        /// QU, 0 to 31: how long a pulse.
        qu: u8,
        /// Selects only.
        select: bool,
    },
    /// Moves a tap changer one step.
    StepCommand {
        /// RCS: 1 lower, 2 higher; 0 and 3 are not permitted.
        step: u8,
        /// QU, 0 to 31: how long a pulse.
        qu: u8,
        /// Selects only.
        select: bool,
    },
    /// Sets a value in 32768ths.
    SetNormalized {
        /// The value.
        raw: i16,
        /// QL, 0 to 127.
        ql: u8,
        /// Selects only.
        select: bool,
    },
    /// Sets a value in units agreed on.
    SetScaled {
        /// The value.
        value: i16,
        /// QL, 0 to 127.
        ql: u8,
        /// Selects only.
        select: bool,
    },
    /// Sets a value.
    SetFloat {
        /// The value; nothing here refuses what is no number.
        value: f32,
        /// QL, 0 to 127.
        ql: u8,
        /// Selects only.
        select: bool,
    },
    /// Sets 32 bits, the first octet lowest. It cannot be selected.
    SetBits(u32),
    /// Asks for all values: QOI 20 of the station, 21 to 36 of a group.
    Interrogation(u8),
    /// Asks for counter readings: QCC, the group and whether they are frozen or reset.
    CounterInterrogation(u8),
    /// Asks for the value of one object.
    Read,
    /// Sets the clock to the object's time.
    ClockSync,
    /// Tests the connection; always 0x55aa.
    Test(u16),
    /// Tests the connection, with a counter.
    TestTagged(u16),
    /// Resets the outstation: QRP 1 all of it, 2 its pending events.
    ResetProcess(u8),
    /// The outstation was initialised: COI, the cause and whether parameters changed.
    Initialised(u8),
    /// How long the way to the outstation takes, in milliseconds.
    Delay(u16),
}

impl Value {
    /// The element it stands in; that with a quality where there are two.
    pub(super) const fn element(&self) -> Element {
        match self {
            Self::Single(_) => Element::Single,
            Self::Double(_) => Element::Double,
            Self::Step { .. } => Element::Step,
            Self::Bits(_) => Element::Bits,
            Self::Normalized(_) => Element::Normalized,
            Self::Scaled(_) => Element::Scaled,
            Self::Float(_) => Element::Float,
            Self::Counter { .. } => Element::Counter,
            Self::ProtectionEvent { .. } => Element::ProtectionEvent,
            Self::ProtectionStart { .. } => Element::ProtectionStart,
            Self::ProtectionOutput { .. } => Element::ProtectionOutput,
            Self::PackedSingle { .. } => Element::PackedSingle,
            Self::SingleCommand { .. } => Element::SingleCommand,
            Self::DoubleCommand { .. } => Element::DoubleCommand,
            Self::StepCommand { .. } => Element::StepCommand,
            Self::SetNormalized { .. } => Element::SetNormalized,
            Self::SetScaled { .. } => Element::SetScaled,
            Self::SetFloat { .. } => Element::SetFloat,
            Self::SetBits(_) => Element::SetBits,
            Self::Interrogation(_) => Element::Interrogation,
            Self::CounterInterrogation(_) => Element::CounterInterrogation,
            Self::Read => Element::Read,
            Self::ClockSync => Element::ClockSync,
            Self::Test(_) => Element::Test,
            Self::TestTagged(_) => Element::TestTagged,
            Self::ResetProcess(_) => Element::ResetProcess,
            Self::Initialised(_) => Element::Initialised,
            Self::Delay(_) => Element::Delay,
        }
    }
}

/// The position of what has two contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum DoublePoint {
    /// On its way.
    Intermediate = 0,
    /// Off.
    Off = 1,
    /// On.
    On = 2,
    /// The contacts contradict each other.
    Indeterminate = 3,
}

impl DoublePoint {
    /// By the two lowest bits of an octet.
    #[must_use]
    pub const fn from_bits(octet: u8) -> Self {
        match octet & 3 {
            0 => Self::Intermediate,
            1 => Self::Off,
            2 => Self::On,
            _ => Self::Indeterminate,
        }
    }

    /// As two bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::Intermediate => 0,
            Self::Off => 1,
            Self::On => 2,
            Self::Indeterminate => 3,
        }
    }
}
