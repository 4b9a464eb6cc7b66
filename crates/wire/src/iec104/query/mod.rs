//! One question to an outstation: an interrogation, a reading, the clock, a test.
//!
//! ```text
//!  Fresh ──Send, sent──▶ Asked ──ACT_CON──▶ Answering ──values…, ACT_TERM──▶ complete
//!
//!  interrogations   values with the cause of the group; cut off without ACT_TERM: incomplete
//!  read             the value with cause 5, before or after an ACT_CON or without one: complete
//!  clock, test      ACT_CON: complete
//!  Asked            negative, 44 to 47 ─▶ refused      nothing in time, link lost ─▶ unanswered
//!  Answering        silence, too long, link lost ─▶ incomplete
//! ```
//!
//! It is asked as a [`Command`](super::command::Command) is: [`Query::step`], [`Query::encode`],
//! [`Query::sent`]. It operates no point, so whoever asks may ask again.

mod answers;
mod question;

use std::time::Duration;

pub use answers::Heard;
pub use question::{Limits, Question, What};

use super::codec::{Cause, Cp56, EncodeError, Header, Object, Time, encode};

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It was not asked.
    NotSent,
    /// The outstation refused to answer.
    Refused,
    /// It did not answer.
    Unanswered,
    /// It began to answer and did not come to the end.
    Incomplete,
    /// It answered.
    Complete,
}

impl Class {
    /// What records call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
            Self::Incomplete => "incomplete",
            Self::Complete => "complete",
        }
    }
}

/// Why it ended so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The answer is whole.
    #[error("the outstation answered")]
    Answered,
    /// A negative confirmation.
    #[error("the outstation refused to answer")]
    NegativeConfirmation,
    /// A negative end.
    #[error("the outstation says that it could not answer to the end")]
    NegativeTermination,
    /// It does not know the type, cause, station or point (44 to 47).
    #[error("the outstation does not know what it was asked: {0}")]
    UnknownToPeer(Cause),
    /// No answer came in time.
    #[error("the outstation did not answer in time")]
    Timeout,
    /// Nothing more came, and the end was not told: some cut off what does not fit into their queue.
    #[error("the outstation stopped answering without telling the end")]
    Silence,
    /// Values came without an end.
    #[error("the outstation went on answering for too long")]
    TooLong,
    /// The test came back as another.
    #[error("the outstation answered another test than it was sent")]
    Mismatch,
    /// The connection ended.
    #[error("the connection was lost")]
    LinkLost,
    /// Its caller took it back.
    #[error("the question was taken back")]
    Cancelled,
}

impl Reason {
    /// What records call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::NegativeConfirmation => "negative_confirmation",
            Self::NegativeTermination => "negative_termination",
            Self::UnknownToPeer(_) => "unknown_to_peer",
            Self::Timeout => "timeout",
            Self::Silence => "silence",
            Self::TooLong => "too_long",
            Self::Mismatch => "mismatch",
            Self::LinkLost => "link_lost",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The end of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub class: Class,
    /// Why so.
    pub reason: Reason,
    /// How many ASDUs with values came.
    pub asdus: u32,
    /// How many values were in them.
    pub objects: u64,
    /// The time in the answer to a setting of the clock: the outstation's before it, or ours.
    pub clock: Option<Cp56>,
    /// When it ended.
    pub at: Duration,
}

/// What the caller is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To send it, at once. It is said once.
    Send,
    /// Nothing, until something comes or the deadline does.
    Wait,
    /// Nothing ever again.
    Done(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fresh { handed: bool },
    Asked { since: Duration },
    Answering { since: Duration, heard: Duration },
    Done(Outcome),
}

/// A question to an outstation, or to all of them.
#[derive(Clone, Debug)]
pub struct Query {
    question: Question,
    state: State,
    /// How many stations confirmed and did not end: with a broadcast there may be several.
    open: u32,
    asdus: u32,
    objects: u64,
    clock: Option<Cp56>,
}

impl Query {
    /// A question that is to be asked.
    #[must_use]
    pub const fn new(question: Question) -> Self {
        let state = State::Fresh { handed: false };
        Self { question, state, open: 0, asdus: 0, objects: 0, clock: None }
    }

    /// What is asked.
    #[must_use]
    pub const fn question(&self) -> &Question {
        &self.question
    }

    /// Its end, once it has one, which never changes.
    #[must_use]
    pub const fn outcome(&self) -> Option<&Outcome> {
        if let State::Done(outcome) = &self.state { Some(outcome) } else { None }
    }

    /// What is to be done now.
    pub const fn step(&mut self) -> Step {
        match self.state {
            State::Fresh { handed: false } => {
                self.state = State::Fresh { handed: true };
                Step::Send
            }
            State::Fresh { .. } | State::Asked { .. } | State::Answering { .. } => Step::Wait,
            State::Done(outcome) => Step::Done(outcome),
        }
    }

    /// Appends its ASDU to `out`, with a time for the clock and for a test.
    ///
    /// # Errors
    ///
    /// The time is missing, or there is one too many.
    pub fn encode(&self, time: Option<Cp56>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let question = &self.question;
        let header = Header {
            originator: question.originator,
            ..Header::new(question.what.type_id(), question.what.cause(), question.ca)
        };
        let object = Object::new(question.what.ioa(), question.what.value());
        encode(&header, &[Object { time: time.map(Time::Cp56), ..object }], out)
    }

    /// It goes to the socket now.
    pub fn sent(&mut self, now: Duration) {
        if self.state == (State::Fresh { handed: true }) {
            self.state = State::Asked { since: now };
        }
    }

    /// Nobody wants the answer any more, or the link does not take the question.
    pub fn cancel(&mut self, now: Duration) {
        self.give_up(Reason::Cancelled, now);
    }

    /// The connection ended.
    pub fn link_lost(&mut self, now: Duration) {
        self.give_up(Reason::LinkLost, now);
    }

    /// When [`Self::on_deadline`] is to be called, if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let limits = &self.question.limits;
        match self.state {
            State::Asked { since } => Some(since.saturating_add(limits.confirmation)),
            State::Answering { since, heard } => {
                let longest = since.saturating_add(limits.longest);
                Some(heard.saturating_add(limits.silence).min(longest))
            }
            State::Fresh { .. } | State::Done(_) => None,
        }
    }

    /// Gives up what is over time, if it is.
    pub fn on_deadline(&mut self, now: Duration) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        let reason = match self.state {
            State::Answering { heard, .. }
                if heard.saturating_add(self.question.limits.silence) <= now =>
            {
                Reason::Silence
            }
            State::Answering { .. } => Reason::TooLong,
            State::Fresh { .. } | State::Asked { .. } | State::Done(_) => Reason::Timeout,
        };
        self.give_up(reason, now);
    }

    fn give_up(&mut self, reason: Reason, now: Duration) {
        let class = match self.state {
            State::Fresh { .. } => Class::NotSent,
            State::Asked { .. } => Class::Unanswered,
            State::Answering { .. } => Class::Incomplete,
            State::Done(_) => return,
        };
        self.end(class, reason, now);
    }

    fn end(&mut self, class: Class, reason: Reason, at: Duration) {
        let Self { asdus, objects, clock, .. } = *self;
        self.state = State::Done(Outcome { class, reason, asdus, objects, clock, at });
    }
}

#[cfg(test)]
mod tests;
