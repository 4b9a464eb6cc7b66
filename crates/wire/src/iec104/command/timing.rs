//! How long a command waits for what, and what it comes to when that is over.

use std::time::Duration;

use super::{Class, Command, Reason, State, Termination};

impl Command {
    /// When [`Self::on_deadline`] is to be called, if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let limits = &self.spec.limits;
        let (since, limit) = match self.state {
            // Its caller has it in hand.
            State::Fresh | State::Armed if self.handed => return None,
            State::Fresh => return self.spec.expires,
            State::Selected | State::Armed => {
                let too_old = self.too_old_at();
                return [self.spec.expires, too_old].into_iter().flatten().min();
            }
            State::Selecting { since }
            | State::Withdrawing { since, .. }
            | State::Deactivating { since, .. } => (since, limits.select_con),
            State::Executing { since } => (since, limits.execute_con),
            State::Confirmed { since } => {
                // The end that is required decides alone, all else only together.
                let term = self.term_until(since);
                let feedback = self.feedback_until(since);
                return if self.lacks_termination() { term } else { term.max(feedback) };
            }
            State::Done(_) => return None,
        };
        Some(since.saturating_add(limit))
    }

    /// Does what is due, if anything is.
    pub fn on_deadline(&mut self, now: Duration) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.state {
            State::Fresh | State::Selected | State::Armed => self.expire(now),
            State::Selecting { .. } => self.end(Class::NotSent, Reason::SelectConTimeout, now),
            State::Executing { .. } => self.end(Class::Unknown, Reason::ConTimeout, now),
            State::Confirmed { since } => self.settle(since, now),
            State::Withdrawing { class, reason, .. }
            | State::Deactivating { class, reason, .. } => self.end(class, reason, now),
            State::Done(_) => {}
        }
    }

    /// Ends what must not be sent any more, unless its caller has it in hand.
    pub(super) fn expire(&mut self, now: Duration) {
        if self.handed {
            return;
        }
        let expired = self.spec.expires.is_some_and(|expires| expires <= now);
        let selected = matches!(self.state, State::Selected | State::Armed);
        if expired && self.state == State::Fresh {
            self.end(Class::NotSent, Reason::Expired, now);
        } else if expired && selected {
            self.withdraw(Class::NotSent, Reason::Expired, now);
        } else if selected && self.too_old_at().is_some_and(|at| at <= now) {
            self.withdraw(Class::NotSent, Reason::SelectExpired, now);
        }
    }

    /// From when on the execution must not follow upon the selection.
    fn too_old_at(&self) -> Option<Duration> {
        self.selected.map(|at| at.saturating_add(self.spec.limits.execute_within()))
    }

    /// Whether the end of the operation must be told and was not.
    pub(super) fn lacks_termination(&self) -> bool {
        self.spec.termination == Termination::Required && self.terminated.is_none()
    }

    /// Until when the end of the operation is waited for, while it is.
    fn term_until(&self, since: Duration) -> Option<Duration> {
        let limit = match self.spec.termination {
            Termination::Required => self.spec.limits.term,
            Termination::Optional => self.spec.limits.optional_term,
            Termination::None => return None,
        };
        self.terminated.is_none().then(|| since.saturating_add(limit))
    }

    /// Until when the feedback is waited for, while it is.
    fn feedback_until(&self, since: Duration) -> Option<Duration> {
        let awaited = self.watch.is_some() && !self.verified;
        awaited.then(|| since.saturating_add(self.spec.limits.feedback))
    }

    /// Ends what was confirmed, if there is nothing more to wait for.
    pub(super) fn settle(&mut self, since: Duration, now: Duration) {
        let over = |until: Option<Duration>| until.is_none_or(|until| until <= now);
        if !over(self.term_until(since)) {
            return;
        }
        if self.lacks_termination() {
            self.end(Class::Unknown, Reason::TermTimeout, now);
        } else if over(self.feedback_until(since)) {
            let (class, reason) = self.reached();
            self.end(class, reason, now);
        }
    }

    /// How far a command got that was confirmed.
    pub(super) fn reached(&self) -> (Class, Reason) {
        match (self.verified, self.terminated, &self.watch) {
            (true, ..) => (Class::Verified, Reason::Feedback),
            (false, Some(_), Some(_)) => (Class::Completed, Reason::FeedbackTimeout),
            (false, Some(_), None) => (Class::Completed, Reason::Termination),
            (false, None, Some(_)) => (Class::Confirmed, Reason::FeedbackTimeout),
            (false, None, None) => (Class::Confirmed, Reason::Confirmation),
        }
    }
}
