//! Outcomes: what is known of work that went wrong, by what was sent and how it ended.

use station_core::model::Work;

use super::WorkOutcome;
use crate::{Error, ErrorKind};

/// What work does to an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    /// It only reads: when it is cut off, nothing is half done.
    Reads,
    /// It changes something.
    Changes,
}

impl Touch {
    /// What such work does; a command may also only read, which its driver knows.
    pub(super) fn of(work: &Work) -> Self {
        match work {
            Work::Acquisition(_)
            | Work::StateCapture
            | Work::Measurement(_)
            | Work::EquipmentTest { .. } => Self::Reads,
            Work::Command(_) | Work::Sequence(_) => Self::Changes,
        }
    }
}

/// What is known of work that ended with an error; `spoke`: something was sent, or may have been.
pub(super) fn of(error: &Error, touch: Touch, spoke: bool) -> WorkOutcome {
    match (error.kind, spoke, touch) {
        (
            ErrorKind::Invalid
            | ErrorKind::Refused
            | ErrorKind::Busy
            | ErrorKind::Unreachable
            | ErrorKind::Stopped,
            false,
            _,
        ) => WorkOutcome::NotStarted,
        (ErrorKind::Stopped, true, _) => WorkOutcome::Unknown,
        (
            ErrorKind::Timeout | ErrorKind::Lost | ErrorKind::Unreachable | ErrorKind::Busy,
            _,
            Touch::Changes,
        ) => WorkOutcome::Unknown,
        (
            ErrorKind::Timeout
            | ErrorKind::Lost
            | ErrorKind::Unreachable
            | ErrorKind::Busy
            | ErrorKind::Invalid
            | ErrorKind::Refused
            | ErrorKind::Reply
            | ErrorKind::Instrument
            | ErrorKind::Identity
            | ErrorKind::Local,
            _,
            _,
        ) => WorkOutcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_outcomes() {
        use ErrorKind as K;
        use Touch::{Changes, Reads};
        use WorkOutcome::{Failed, NotStarted, Unknown};
        for (kind, unspoken, read, changed) in [
            (K::Invalid, NotStarted, Failed, Failed),
            (K::Refused, NotStarted, Failed, Failed),
            (K::Busy, NotStarted, Failed, Unknown),
            (K::Unreachable, NotStarted, Failed, Unknown),
            (K::Stopped, NotStarted, Unknown, Unknown),
            (K::Timeout, Unknown, Failed, Unknown),
            (K::Lost, Unknown, Failed, Unknown),
            (K::Reply, Failed, Failed, Failed),
            (K::Instrument, Failed, Failed, Failed),
            (K::Identity, Failed, Failed, Failed),
            (K::Local, Failed, Failed, Failed),
        ] {
            let error = Error::new(kind, "");
            assert_eq!(of(&error, Changes, false), unspoken, "{kind:?}");
            assert_eq!(of(&error, Reads, true), read, "{kind:?}");
            assert_eq!(of(&error, Changes, true), changed, "{kind:?}");
        }
    }
}
