//! Why a command is not sent.

use std::fmt;

/// Why not, as a word. New ones are added; none changes its meaning, since records have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The outstation has no point of that name.
    UnknownPoint,
    /// The point is only watched.
    NotCommandable,
    /// All commands are stopped.
    ControlStopped,
    /// The point is tagged.
    Tagged,
    /// They may not command it.
    NotPermitted,
    /// It may be commanded at other hours.
    OutsideHours,
    /// The value is none of the point's type.
    BadValue,
    /// The value is one that the point may not have.
    OutOfRange,
    /// The point cannot be selected.
    SelectNotPossible,
    /// Somebody else has to agree first.
    ApprovalNeeded,
    /// Somebody would agree with themselves.
    SelfApproval,
    /// They cannot agree to commands.
    ApproverNotPermitted,
    /// What was agreed to is something else, or is not agreed to any more.
    ApprovalInvalid,
    /// It was commanded as often as it may be.
    RateExceeded,
    /// Its interlock does not hold.
    Interlock,
    /// Commands carry a time tag, and our clock is not synchronised.
    ClockUnsynchronised,
    /// Nobody knows what became of the last command to it.
    InDoubt,
    /// Another command to it is under way.
    InFlight,
    /// There is no link to the outstation.
    LinkDown,
    /// It is too late.
    Expired,
    /// Whoever asked for it went away.
    Cancelled,
}

impl Reason {
    /// All of them, in the order in which they are asked about.
    pub const ALL: [Self; 20] = [
        Self::UnknownPoint,
        Self::NotCommandable,
        Self::ControlStopped,
        Self::Tagged,
        Self::NotPermitted,
        Self::OutsideHours,
        Self::BadValue,
        Self::OutOfRange,
        Self::SelectNotPossible,
        Self::ApprovalNeeded,
        Self::SelfApproval,
        Self::ApproverNotPermitted,
        Self::ApprovalInvalid,
        Self::RateExceeded,
        Self::Interlock,
        Self::ClockUnsynchronised,
        Self::InDoubt,
        Self::InFlight,
        Self::LinkDown,
        Self::Expired,
    ];

    /// The word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownPoint => "unknown_point",
            Self::NotCommandable => "not_commandable",
            Self::ControlStopped => "control_stopped",
            Self::Tagged => "tagged",
            Self::NotPermitted => "not_permitted",
            Self::OutsideHours => "outside_hours",
            Self::BadValue => "bad_value",
            Self::OutOfRange => "out_of_range",
            Self::SelectNotPossible => "select_not_possible",
            Self::ApprovalNeeded => "approval_needed",
            Self::SelfApproval => "self_approval",
            Self::ApproverNotPermitted => "approver_not_permitted",
            Self::ApprovalInvalid => "approval_invalid",
            Self::RateExceeded => "rate_exceeded",
            Self::Interlock => "interlock",
            Self::ClockUnsynchronised => "clock_unsynchronised",
            Self::InDoubt => "in_doubt",
            Self::InFlight => "in_flight",
            Self::LinkDown => "link_down",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a command is not sent: nothing was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    /// As a word.
    pub reason: Reason,
    /// As a sentence that names the point, and says what can be done about it.
    pub sentence: String,
}

impl Refusal {
    pub(super) fn new(reason: Reason, sentence: impl Into<String>) -> Self {
        Self { reason, sentence: sentence.into() }
    }
}
