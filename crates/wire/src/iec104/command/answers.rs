//! What the answers of an outstation do to a command, in all the forms that outstations give them.

use std::time::Duration;

use super::super::codec::{Asdu, Cause, Value};
use super::mirror::{is_selection, same, same_but_for_the_qualifier};
use super::{Class, Command, Reason, State};

/// What an ASDU was to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing.
    NotMine,
    /// An answer, which was taken.
    Step(Kind),
    /// An answer that changed nothing: it came twice, too early, or after the outcome.
    Late(Kind),
}

/// Which answer. Its header says whether it was negative and whom it was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of the selection.
    SelectConfirmation,
    /// Of the execution.
    Confirmation,
    /// Of the withdrawal of the selection.
    DeactivationConfirmation,
    /// The end of the operation.
    Termination,
    /// That the outstation does not know what was asked (44 to 47), which is negative always.
    Unknown(Cause),
    /// A report of the feedback point.
    Feedback,
}

impl Kind {
    /// What records call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SelectConfirmation => "select_con",
            Self::Confirmation | Self::Unknown(_) => "act_con",
            Self::DeactivationConfirmation => "deact_con",
            Self::Termination => "act_term",
            Self::Feedback => "return_info",
        }
    }
}

/// An answer to a command.
#[derive(Clone, Copy)]
struct Answer {
    kind: Kind,
    negative: bool,
    /// The command as it was repeated.
    value: Value,
}

impl Answer {
    /// Whether it is about the selection.
    fn is_selection(&self) -> bool {
        is_selection(self.value)
    }

    /// Why it refuses, if it does.
    fn refusal(&self) -> Option<Reason> {
        match self.kind {
            Kind::Unknown(cause) => Some(Reason::UnknownToPeer(cause)),
            Kind::SelectConfirmation | Kind::Confirmation if self.negative => {
                Some(Reason::NegativeConfirmation)
            }
            Kind::SelectConfirmation
            | Kind::Confirmation
            | Kind::DeactivationConfirmation
            | Kind::Termination
            | Kind::Feedback => None,
        }
    }

    fn mismatch(&self) -> Reason {
        Reason::Mismatch { got: self.value.raw() }
    }
}

impl Command {
    /// Hears any ASDU of the connection: an answer, a report of the feedback point, or neither.
    pub fn receive(&mut self, asdu: &Asdu<'_>, now: Duration) -> Heard {
        if let Some(answer) = self.answer(asdu) {
            let taken = self.take(answer, now);
            return if taken { Heard::Step(answer.kind) } else { Heard::Late(answer.kind) };
        }
        if self.outcome().is_none() && self.take_report(asdu, now) {
            return Heard::Step(Kind::Feedback);
        }
        Heard::NotMine
    }

    /// An answer repeats type, station and point. Whom it says it is for may differ.
    fn answer(&self, asdu: &Asdu<'_>) -> Option<Answer> {
        let (header, spec) = (&asdu.header, &self.spec);
        if header.type_id != spec.type_id.as_u8() || header.ca != spec.ca {
            return None;
        }
        let value = asdu.objects().find(|object| object.ioa == spec.ioa)?.value;
        let kind = match header.cause {
            Cause::ACTIVATION_CON if is_selection(value) => Kind::SelectConfirmation,
            Cause::ACTIVATION_CON => Kind::Confirmation,
            Cause::DEACTIVATION_CON => Kind::DeactivationConfirmation,
            Cause::ACTIVATION_TERM => Kind::Termination,
            cause if cause.is_unknown() => Kind::Unknown(cause),
            _ => return None,
        };
        Some(Answer { kind, negative: header.negative, value })
    }

    /// Takes an answer; whether it changed anything.
    fn take(&mut self, answer: Answer, now: Duration) -> bool {
        match self.state {
            State::Selecting { .. } => self.answers_selection(answer, now),
            State::Selected | State::Armed if !self.handed => self.contradicts(answer, now),
            State::Executing { .. } => self.answers_execution(answer, now),
            State::Confirmed { since } => self.answers_operation(answer, since, now),
            // Peers differ in how they answer this, and all that counts is that they did.
            State::Deactivating { class, reason, .. } => {
                self.end(class, reason, now);
                true
            }
            State::Fresh
            | State::Selected
            | State::Armed
            | State::Withdrawing { .. }
            | State::Done(_) => false,
        }
    }

    fn answers_selection(&mut self, answer: Answer, now: Duration) -> bool {
        if let Some(reason) = answer.refusal() {
            self.end(Class::Refused, reason, now);
            return true;
        }
        match answer.kind {
            Kind::SelectConfirmation if same(self.spec.value, answer.value) => {
                self.enter(State::Selected);
            }
            Kind::SelectConfirmation => self.withdraw(Class::NotSent, answer.mismatch(), now),
            // Whoever confirms an execution that was not asked for may have executed.
            Kind::Confirmation => self.withdraw(Class::Unknown, answer.mismatch(), now),
            // The end of an earlier selection, or of its withdrawal.
            Kind::DeactivationConfirmation
            | Kind::Termination
            | Kind::Unknown(_)
            | Kind::Feedback => return false,
        }
        true
    }

    /// A selection that was confirmed is refused or over after all.
    fn contradicts(&mut self, answer: Answer, now: Duration) -> bool {
        if let Some(reason) = answer.refusal() {
            self.end(Class::Refused, reason, now);
            return true;
        }
        let over = answer.kind == Kind::Termination && answer.is_selection();
        if over {
            self.end(Class::NotSent, Reason::SelectExpired, now);
        }
        over
    }

    fn answers_execution(&mut self, answer: Answer, now: Duration) -> bool {
        // A second answer to the selection, or its end, says nothing about the execution.
        if answer.is_selection() && (self.spec.select || answer.kind == Kind::Termination) {
            return false;
        }
        match answer.kind {
            // These need not repeat the value.
            Kind::Unknown(cause) => {
                self.end(Class::Refused, Reason::UnknownToPeer(cause), now);
            }
            Kind::Confirmation | Kind::SelectConfirmation => {
                if !same(self.spec.value, answer.value) {
                    self.end(Class::Unknown, answer.mismatch(), now);
                } else if let Some(reason) = answer.refusal() {
                    self.end(Class::Refused, reason, now);
                } else if answer.is_selection() {
                    self.end(Class::Unknown, answer.mismatch(), now);
                } else {
                    self.confirm(now);
                }
            }
            Kind::Termination if self.terminated.is_none() => {
                if same_but_for_the_qualifier(self.spec.value, answer.value) {
                    // Early: what it means shows with the confirmation.
                    self.terminated = Some(!answer.negative);
                } else {
                    self.end(Class::Unknown, answer.mismatch(), now);
                }
            }
            Kind::DeactivationConfirmation | Kind::Termination | Kind::Feedback => return false,
        }
        true
    }

    fn confirm(&mut self, now: Duration) {
        self.verified = self.watch.as_ref().is_some_and(super::Watch::became);
        self.enter(State::Confirmed { since: now });
        if self.terminated == Some(false) {
            self.end(Class::Refused, Reason::NegativeTermination, now);
        } else {
            self.settle(now, now);
        }
    }

    fn answers_operation(&mut self, answer: Answer, since: Duration, now: Duration) -> bool {
        if answer.kind != Kind::Termination || self.terminated.is_some() {
            return false;
        }
        self.terminated = Some(!answer.negative);
        if !same_but_for_the_qualifier(self.spec.value, answer.value) {
            self.end(Class::Unknown, answer.mismatch(), now);
        } else if answer.negative {
            self.end(Class::Refused, Reason::NegativeTermination, now);
        } else {
            self.settle(since, now);
        }
        true
    }

    /// Takes a report of the feedback point; whether it is one.
    fn take_report(&mut self, asdu: &Asdu<'_>, now: Duration) -> bool {
        let Some(watch) = &mut self.watch else { return false };
        let Some(seen) = watch.report(asdu, now) else { return false };
        let sent = matches!(self.state, State::Executing { .. } | State::Confirmed { .. });
        let counts = watch.take(seen, sent);
        if let State::Confirmed { since } = self.state
            && counts
        {
            let in_time = now <= since.saturating_add(self.spec.limits.feedback);
            self.verified = watch.is_met() && (self.verified || in_time);
            self.settle(since, now);
        }
        true
    }
}
