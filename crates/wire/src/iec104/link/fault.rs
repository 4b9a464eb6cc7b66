//! Why a link is given up, and why something cannot be sent over it.

use super::super::codec::{FrameError, U};

/// Why the link is of no more use: the connection is to be closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// What came is no APDU.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Information came while the data transfer was stopped.
    #[error("the peer sent an I frame while the data transfer was stopped")]
    NotStarted,
    /// An I frame was lost, or came twice.
    #[error("the peer sent an I frame with N(S) {got} where {expected} was next")]
    SendSequence {
        /// V(R).
        expected: u16,
        /// N(S).
        got: u16,
    },
    /// Something was acknowledged that was not sent, or was acknowledged before.
    #[error("the peer acknowledged with N(R) {got} where {oldest} to {next} were possible")]
    ReceiveSequence {
        /// The oldest number that is not acknowledged.
        oldest: u16,
        /// V(S).
        next: u16,
        /// N(R).
        got: u16,
    },
    /// The peer says what only this side may say.
    #[error("the peer sent {}, which is for this side to send; both stations have the same role", .0.name())]
    Role(U),
    /// What was waited for did not come.
    #[error("the peer did not {0} within t1")]
    Unanswered(Awaited),
}

/// What is waited for no longer than t1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// An acknowledgement of an I frame.
    Acknowledgement,
    /// The confirmation of STARTDT.
    Start,
    /// The confirmation of STOPDT.
    Stop,
    /// The confirmation of TESTFR.
    Test,
}

impl std::fmt::Display for Awaited {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Acknowledgement => "acknowledge an I frame",
            Self::Start => "confirm STARTDT",
            Self::Stop => "confirm STOPDT",
            Self::Test => "confirm TESTFR",
        })
    }
}

/// Why an ASDU cannot be sent now. Nothing waits in the link: it is for the caller to keep it, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The data transfer is not started.
    #[error("the data transfer is not started")]
    NotStarted,
    /// The peer must acknowledge something first.
    #[error("{0} I frames wait for their acknowledgement, as many as may (k)")]
    WindowFull(usize),
    /// It is no ASDU.
    #[error("an ASDU has 6 to 249 octets, this one {0}")]
    Length(usize),
}
