//! What goes wrong with instruments, as a kind to decide by and a sentence for people.

/// Why something could not be done with an instrument.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind of trouble it is.
    pub kind: ErrorKind,
    /// A sentence that names what was wrong, where, and what would be right.
    pub message: String,
}

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// A resource string, a driver, a verb, a parameter: what was asked for cannot be meant. Nothing
    /// was sent.
    Invalid,
    /// A policy says no: the budget of writes is spent, or the instrument is not tried for a while.
    /// Nothing was sent.
    Refused,
    /// Somebody else holds the instrument. Nothing was sent.
    Busy,
    /// It could not be reached. Nothing was sent.
    Unreachable,
    /// It did not answer in time; a late reply may still come.
    Timeout,
    /// The connection was lost. What was sent may have been done.
    Lost,
    /// What it answered cannot be read, or is not an answer to what was asked.
    Reply,
    /// It reports errors of its own (its error queue, its status).
    Instrument,
    /// It is another one than the registry says, or was switched off and on meanwhile.
    Identity,
    /// This machine: a file, a disk, a device that cannot be opened.
    Local,
    /// It was stopped from here.
    Stopped,
}

impl Error {
    /// An error of that kind.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Whether nothing can have reached the instrument.
    #[must_use]
    pub fn is_before(&self) -> bool {
        match self.kind {
            ErrorKind::Invalid | ErrorKind::Refused | ErrorKind::Busy | ErrorKind::Unreachable => {
                true
            }
            ErrorKind::Timeout
            | ErrorKind::Lost
            | ErrorKind::Reply
            | ErrorKind::Instrument
            | ErrorKind::Identity
            | ErrorKind::Local
            | ErrorKind::Stopped => false,
        }
    }
}
