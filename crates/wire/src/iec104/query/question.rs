//! What can be asked, and how long the answers may take.

use std::time::Duration;

use super::super::codec::{Cause, TypeId, Value};

/// The common address of all outstations at a connection.
pub(super) const BROADCAST: u16 = 65_535;

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The common address of the outstation; 65535 asks all of them for all but readings and tests.
    pub ca: u16,
    /// The originator address, 0 for none.
    pub originator: u8,
    /// What to ask.
    pub what: What,
    /// How long answers may take.
    pub limits: Limits,
}

/// What to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// All values: of the station (20) or of a group (21 to 36).
    Interrogation {
        /// QOI.
        qoi: u8,
    },
    /// Counters: the group and what is done with them.
    Counters {
        /// QCC: in bits 0 to 5 the group, 1 to 4, or 5 for all; in 6 and 7 whether they are frozen.
        qcc: u8,
    },
    /// The value of one point.
    Read {
        /// Its address.
        ioa: u32,
    },
    /// To set the clock.
    Clock,
    /// To repeat a number, which shows that the outstation itself is there (C_TS_TA_1).
    Test {
        /// The number.
        counter: u16,
    },
    /// The same with the fixed pattern of 101, which in 104 some answer with silence and some by closing.
    TestPattern,
}

/// How long answers may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The first of them.
    pub confirmation: Duration,
    /// The next, after each.
    pub silence: Duration,
    /// All of them together, after the first.
    pub longest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            confirmation: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            longest: Duration::from_secs(600),
        }
    }
}

impl What {
    /// The type of the ASDU.
    #[must_use]
    pub const fn type_id(self) -> TypeId {
        match self {
            Self::Interrogation { .. } => TypeId::C_IC_NA_1,
            Self::Counters { .. } => TypeId::C_CI_NA_1,
            Self::Read { .. } => TypeId::C_RD_NA_1,
            Self::Clock => TypeId::C_CS_NA_1,
            Self::Test { .. } => TypeId::C_TS_TA_1,
            Self::TestPattern => TypeId::C_TS_NA_1,
        }
    }

    /// Its value.
    pub(super) const fn value(self) -> Value {
        match self {
            Self::Interrogation { qoi } => Value::Interrogation(qoi),
            Self::Counters { qcc } => Value::CounterInterrogation(qcc),
            Self::Read { .. } => Value::Read,
            Self::Clock => Value::ClockSync,
            Self::Test { counter } => Value::TestTagged(counter),
            Self::TestPattern => Value::Test(0x55aa),
        }
    }

    pub(super) const fn ioa(self) -> u32 {
        if let Self::Read { ioa } = self { ioa } else { 0 }
    }

    pub(super) const fn cause(self) -> Cause {
        if let Self::Read { .. } = self { Cause::REQUEST } else { Cause::ACTIVATION }
    }

    /// Whether values with that cause are what was asked for.
    pub(super) const fn is_answered_by(self, cause: Cause) -> bool {
        match self {
            Self::Interrogation { qoi } => cause.0 == qoi && matches!(cause.0, 20..=36),
            Self::Counters { qcc } => match qcc & 0x3f {
                group @ 1..=4 => cause.0 == 37 + group,
                _ => cause.0 == 37,
            },
            Self::Read { .. } => cause.0 == Cause::REQUEST.0,
            Self::Clock | Self::Test { .. } | Self::TestPattern => false,
        }
    }

    /// Whether the confirmation is the whole answer: also of counters that are only frozen or reset.
    pub(super) const fn ends_with_its_confirmation(self) -> bool {
        match self {
            Self::Interrogation { .. } | Self::Read { .. } => false,
            Self::Counters { qcc } => qcc & 0xc0 != 0,
            Self::Clock | Self::Test { .. } | Self::TestPattern => true,
        }
    }
}
