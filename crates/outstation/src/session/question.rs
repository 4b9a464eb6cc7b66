//! Questions to an outstation.

use std::time::Duration;

/// What an outstation is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// For all values, or those of a group.
    Interrogate {
        /// Whom: the common address.
        ca: u16,
        /// The group, 1 to 16; `None`: all of the station.
        group: Option<u8>,
    },
    /// For all counters, or those of a group.
    Counters {
        /// Whom.
        ca: u16,
        /// The group, 1 to 4; `None`: all of them.
        group: Option<u8>,
    },
    /// For one value.
    Read {
        /// Whom.
        ca: u16,
        /// The address of the point.
        ioa: u32,
    },
    /// To set its clock by ours.
    SyncClock {
        /// Whom.
        ca: u16,
    },
    /// To answer a test command.
    Test {
        /// Whom.
        ca: u16,
    },
}

/// How a question ended.
#[derive(Clone, Debug)]
pub struct AskEnd {
    /// Why, as a word.
    pub reason: &'static str,
    /// Why, as a sentence.
    pub message: String,
    /// When, on the session's clock.
    pub at: Duration,
}

impl AskEnd {
    pub(super) fn not_asked(reason: &'static str, message: String, at: Duration) -> Self {
        Self { reason, message, at }
    }
}
