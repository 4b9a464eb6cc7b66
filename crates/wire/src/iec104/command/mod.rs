//! The life of one command, from its sending to the one outcome it has.
//!
//! ```text
//!  direct   Fresh ──Send(Execute), sent──▶ Executing
//!
//!  select   Fresh ──Send(Select), sent──▶ Selecting ──ACT_CON──▶ Selected: Recheck
//!             ──execute──▶ Armed ──Send(Execute), sent──▶ Executing
//!           Selecting, Selected, Armed ──cancelled, expired, selection too old, another value──▶
//!             Withdrawing ──Send(Deactivate), sent──▶ Deactivating ──any answer, or time──▶ not_sent
//!
//!  both     Executing ──ACT_CON──▶ Confirmed ──ACT_TERM as required, feedback as expected, or time──▶
//!             confirmed, completed, verified;  without an ACT_TERM that is required: unknown
//!
//!  before Executing   expired, withdrawn, link lost ─▶ not_sent     negative, 44 to 47 ─▶ refused
//!  Executing          negative, 44 to 47 ─▶ refused     time, link lost, another value ─▶ unknown
//!  Confirmed          negative ACT_TERM ─▶ refused     another value in it ─▶ unknown
//!  outcome            what comes after it is late, and changes nothing
//! ```
//!
//! Each ASDU is handed out once. The caller asks [`Command::step`], and for a [`Step::Send`] it makes the
//! octets with [`Command::encode`], gives them to a link that can send, and says [`Command::sent`]
//! before they go to the socket: from then on they may have arrived, whatever fails. What the link does
//! not take is withdrawn with [`Command::cancel`]. A command that is dropped leaves nothing behind.

mod answers;
mod feedback;
mod mirror;
mod outcome;
mod spec;
mod timing;

use std::time::Duration;

pub use answers::{Heard, Kind};
pub use feedback::{Expected, Feedback, Seen};
pub use outcome::{Class, Outcome, Reason, Withdrawal};
pub use spec::{Limits, Spec, SpecError, Termination};

use super::codec::{Cause, Cp56, EncodeError, Header, Object, Time, encode};
use feedback::Watch;
use mirror::with_select;

/// Which ASDU of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The selection.
    Select,
    /// The execution, which is sent at most once.
    Execute,
    /// The withdrawal of the selection.
    Deactivate,
}

impl Phase {
    /// What records call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Execute => "execute",
            Self::Deactivate => "cancel",
        }
    }
}

/// What the caller is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To send this, at once. It is said once.
    Send(Phase),
    /// To look again whether all that must hold still does, and then to [`Command::execute`] or to
    /// [`Command::cancel`].
    Recheck,
    /// Nothing, until something comes or the deadline does.
    Wait,
    /// Nothing ever again.
    Done(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fresh,
    Selecting {
        since: Duration,
    },
    Selected,
    Armed,
    Executing {
        since: Duration,
    },
    Confirmed {
        since: Duration,
    },
    /// The outcome is fixed but for its time.
    Withdrawing {
        since: Duration,
        class: Class,
        reason: Reason,
    },
    Deactivating {
        since: Duration,
        class: Class,
        reason: Reason,
    },
    Done(Outcome),
}

/// One command to one point.
#[derive(Clone, Debug)]
pub struct Command {
    spec: Spec,
    state: State,
    /// Whether what is to be sent in this state was handed out.
    handed: bool,
    /// When the selection was sent.
    selected: Option<Duration>,
    /// Whether the end of the operation was told, and whether it was good.
    terminated: Option<bool>,
    /// Whether the feedback shows the effect.
    verified: bool,
    watch: Option<Watch>,
}

impl Command {
    /// A command that is to be sent. One that cannot be commanded has its outcome at once.
    #[must_use]
    pub fn new(spec: Spec, now: Duration) -> Self {
        let state = match spec.check() {
            Ok(()) => State::Fresh,
            Err(error) => {
                State::Done(Outcome { class: Class::NotSent, reason: Reason::Spec(error), at: now })
            }
        };
        let watch = spec.feedback.map(Watch::new);
        Self {
            spec,
            state,
            handed: false,
            selected: None,
            terminated: None,
            verified: false,
            watch,
        }
    }

    /// What it is to do.
    #[must_use]
    pub const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Its end, once it has one, which never changes.
    #[must_use]
    pub const fn outcome(&self) -> Option<&Outcome> {
        if let State::Done(outcome) = &self.state { Some(outcome) } else { None }
    }

    /// Whether the outstation told the end of the operation before the outcome.
    #[must_use]
    pub const fn is_terminated(&self) -> bool {
        self.terminated.is_some()
    }

    /// What its feedback point reported last since it was sent for execution.
    #[must_use]
    pub fn feedback(&self) -> Option<&Seen> {
        self.watch.as_ref().and_then(|watch| watch.seen.as_ref())
    }

    /// What is to be done now. To be asked immediately before sending, as it looks whether that is too
    /// late, and after every other call.
    pub fn step(&mut self, now: Duration) -> Step {
        self.expire(now);
        let phase = match self.state {
            State::Done(outcome) => return Step::Done(outcome),
            State::Selected => return Step::Recheck,
            State::Fresh if self.spec.select => Phase::Select,
            State::Fresh | State::Armed => Phase::Execute,
            State::Withdrawing { .. } => Phase::Deactivate,
            State::Selecting { .. }
            | State::Executing { .. }
            | State::Confirmed { .. }
            | State::Deactivating { .. } => return Step::Wait,
        };
        if std::mem::replace(&mut self.handed, true) { Step::Wait } else { Step::Send(phase) }
    }

    /// Appends the ASDU of a phase to `out`, with a time where the type has one.
    ///
    /// # Errors
    ///
    /// The time is missing, or there is one too many.
    pub fn encode(
        &self,
        phase: Phase,
        time: Option<Cp56>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let cause = match phase {
            Phase::Select | Phase::Execute => Cause::ACTIVATION,
            Phase::Deactivate => Cause::DEACTIVATION,
        };
        // A withdrawal without the select bit is an execution to some outstations.
        let value = with_select(self.spec.value, phase != Phase::Execute);
        let originator = self.spec.originator;
        let header = Header { originator, ..Header::new(self.spec.type_id, cause, self.spec.ca) };
        let object = Object { time: time.map(Time::Cp56), ..Object::new(self.spec.ioa, value) };
        encode(&header, &[object], out)
    }

    /// What was handed out goes to the socket now. To be said before the first octet does.
    pub fn sent(&mut self, now: Duration) {
        if !self.handed {
            return;
        }
        let next = match self.state {
            State::Fresh if self.spec.select => {
                self.selected = Some(now);
                State::Selecting { since: now }
            }
            State::Fresh | State::Armed => State::Executing { since: now },
            State::Withdrawing { class, reason, .. } => {
                State::Deactivating { since: now, class, reason }
            }
            State::Selecting { .. }
            | State::Selected
            | State::Executing { .. }
            | State::Confirmed { .. }
            | State::Deactivating { .. }
            | State::Done(_) => return,
        };
        self.enter(next);
    }

    /// All that must hold for the operation does: it may be executed, if it is selected. Whether it is.
    pub fn execute(&mut self, now: Duration) -> bool {
        self.expire(now);
        let may = self.state == State::Selected;
        if may {
            self.enter(State::Armed);
        }
        may
    }

    /// Takes the command back, if it was not sent for execution. Whether that is so; a selection is
    /// withdrawn first.
    pub fn cancel(&mut self, now: Duration, why: Withdrawal) -> bool {
        let reason = Reason::Withdrawn(why);
        match self.state {
            State::Fresh => self.end(Class::NotSent, reason, now),
            State::Selecting { .. } | State::Selected | State::Armed => {
                self.withdraw(Class::NotSent, reason, now);
            }
            // It could not be given to the link, so there is no use in waiting for an answer.
            State::Withdrawing { class, reason, .. } if self.handed => self.end(class, reason, now),
            State::Withdrawing { .. }
            | State::Executing { .. }
            | State::Confirmed { .. }
            | State::Deactivating { .. }
            | State::Done(_) => return false,
        }
        true
    }

    /// The connection ended. Whatever was not confirmed on it is in doubt.
    pub fn link_lost(&mut self, now: Duration) {
        match self.state {
            State::Fresh | State::Selecting { .. } | State::Selected | State::Armed => {
                self.end(Class::NotSent, Reason::LinkLost, now);
            }
            State::Withdrawing { class, reason, .. }
            | State::Deactivating { class, reason, .. } => {
                self.end(class, reason, now);
            }
            State::Executing { .. } => self.end(Class::Unknown, Reason::LinkLost, now),
            State::Confirmed { .. } => {
                if self.lacks_termination() {
                    self.end(Class::Unknown, Reason::LinkLost, now);
                } else {
                    let (class, reason) = self.reached();
                    let lost = if self.verified { reason } else { Reason::LinkLost };
                    self.end(class, lost, now);
                }
            }
            State::Done(_) => {}
        }
    }

    /// Another state begins, in which nothing was handed out yet.
    fn enter(&mut self, state: State) {
        self.state = state;
        self.handed = false;
    }

    fn end(&mut self, class: Class, reason: Reason, at: Duration) {
        self.enter(State::Done(Outcome { class, reason, at }));
    }

    fn withdraw(&mut self, class: Class, reason: Reason, now: Duration) {
        self.enter(State::Withdrawing { since: now, class, reason });
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod property_tests;
