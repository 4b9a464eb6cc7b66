//! How a command ended, and why.

use std::fmt;
use std::time::Duration;

use super::super::codec::{Cause, Raw};
use super::spec::SpecError;

/// How a command ended. What was in doubt once stays so: nothing here is ever tried again by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It was not sent for execution: nothing was operated.
    NotSent,
    /// The outstation refused it, or says that the operation failed.
    Refused,
    /// The outstation confirmed it.
    Confirmed,
    /// The outstation says that the operation is over.
    Completed,
    /// The feedback shows the effect.
    Verified,
    /// It was sent, and what became of it is not known.
    Unknown,
}

impl Class {
    /// What records call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Refused => "refused",
            Self::Confirmed => "confirmed",
            Self::Completed => "completed",
            Self::Verified => "verified",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why its caller takes a command back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// Somebody wants so.
    Cancelled,
    /// What must hold for the operation holds no more.
    Interlock,
    /// It could not be given to the link, or not be recorded before.
    NotGiven,
}

/// Why a command ended as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The execution was confirmed and nothing more was to be waited for.
    Confirmation,
    /// The end of the operation was told.
    Termination,
    /// The feedback shows what was commanded.
    Feedback,
    /// The feedback did not show it in time.
    FeedbackTimeout,
    /// The outstation answered with a negative confirmation.
    NegativeConfirmation,
    /// It says that the operation failed.
    NegativeTermination,
    /// It does not know the type, cause, station or point (44 to 47).
    UnknownToPeer(Cause),
    /// It repeated another value than was sent.
    Mismatch {
        /// The octets of the element it sent.
        got: Raw,
    },
    /// It did not answer the selection in time.
    SelectConTimeout,
    /// It did not answer the execution in time.
    ConTimeout,
    /// It did not say in time that the operation is over.
    TermTimeout,
    /// The execution could not follow in time upon the selection.
    SelectExpired,
    /// The connection ended.
    LinkLost,
    /// It was too late to send it.
    Expired,
    /// Its caller took it back.
    Withdrawn(Withdrawal),
    /// It cannot be commanded at all.
    Spec(SpecError),
}

impl Reason {
    /// What records call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::Termination => "termination",
            Self::Feedback => "feedback",
            Self::FeedbackTimeout => "feedback_timeout",
            Self::NegativeConfirmation => "negative_confirmation",
            Self::NegativeTermination => "negative_termination",
            Self::UnknownToPeer(cause) => match cause {
                Cause::UNKNOWN_TYPE => "unknown_type",
                Cause::UNKNOWN_CAUSE => "unknown_cause",
                Cause::UNKNOWN_CA => "unknown_ca",
                _ => "unknown_ioa",
            },
            Self::Mismatch { .. } => "mismatch",
            Self::SelectConTimeout => "select_con_timeout",
            Self::ConTimeout => "con_timeout",
            Self::TermTimeout => "term_timeout",
            Self::SelectExpired => "select_expired",
            Self::LinkLost => "link_lost",
            Self::Expired => "expired",
            Self::Withdrawn(Withdrawal::Cancelled) => "cancelled",
            Self::Withdrawn(Withdrawal::Interlock) => "interlock",
            Self::Withdrawn(Withdrawal::NotGiven) => "not_given",
            Self::Spec(_) => "invalid",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Confirmation => "the outstation confirmed the command",
            Self::Termination => "the outstation says that the operation is over",
            Self::Feedback => "the feedback shows what was commanded",
            Self::FeedbackTimeout => "the feedback did not show in time what was commanded",
            Self::NegativeConfirmation => "the outstation refused the command",
            Self::NegativeTermination => "the outstation says that the operation failed",
            Self::UnknownToPeer(cause) => match *cause {
                Cause::UNKNOWN_TYPE => "the outstation does not know the type (cause 44)",
                Cause::UNKNOWN_CAUSE => {
                    "the outstation does not take the cause of transmission (cause 45)"
                }
                Cause::UNKNOWN_CA => "the outstation does not know the common address (cause 46)",
                _ => "the outstation does not know the point (cause 47)",
            },
            Self::Mismatch { got } => {
                return write!(
                    formatter,
                    "the outstation answered with another value than was sent, {got:?}"
                );
            }
            Self::SelectConTimeout => "the outstation did not answer the selection in time",
            Self::ConTimeout => "the outstation did not answer the command in time",
            Self::TermTimeout => "the outstation did not say in time that the operation is over",
            Self::SelectExpired => "the selection was too old for the execution to follow",
            Self::LinkLost => "the connection was lost",
            Self::Expired => "the command had expired before it could be sent",
            Self::Withdrawn(Withdrawal::Cancelled) => "the command was cancelled",
            Self::Withdrawn(Withdrawal::Interlock) => "an interlock stood against the command",
            Self::Withdrawn(Withdrawal::NotGiven) => "the command could not be given to the link",
            Self::Spec(error) => return error.fmt(formatter),
        })
    }
}

/// The end of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub class: Class,
    /// Why so.
    pub reason: Reason,
    /// When.
    pub at: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_causes_have_names_of_their_own() {
        let names: Vec<_> =
            (44..48).map(|cause| Reason::UnknownToPeer(Cause(cause)).name()).collect();
        assert_eq!(names, ["unknown_type", "unknown_cause", "unknown_ca", "unknown_ioa"]);
    }

    #[test]
    fn a_mismatch_shows_the_octets() {
        let got = super::super::super::codec::Value::SetBits(0xdead_beef).raw();
        assert_eq!(
            Reason::Mismatch { got }.to_string(),
            "the outstation answered with another value than was sent, efbeadde"
        );
    }
}
