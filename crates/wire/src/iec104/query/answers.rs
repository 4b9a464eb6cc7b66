//! What the answers of an outstation do to a question.

use std::time::Duration;

use super::super::codec::{Asdu, Cause, Time};
use super::question::BROADCAST;
use super::{Class, Query, Reason, State, What};

/// What an ASDU was to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing.
    NotMine,
    /// Values that were asked for.
    Values,
    /// Its confirmation, or a denial.
    Confirmation,
    /// Its end.
    Termination,
    /// One of these, and nothing waited for it.
    Late,
}

impl Query {
    /// Hears any ASDU of the connection.
    pub fn receive(&mut self, asdu: &Asdu<'_>, now: Duration) -> Heard {
        let header = &asdu.header;
        if header.ca != self.question.ca && self.question.ca != BROADCAST {
            return Heard::NotMine;
        }
        let heard = if header.type_id == self.question.what.type_id().as_u8() {
            self.hears_answer(asdu)
        } else {
            self.hears_values(asdu)
        };
        let since = match self.state {
            State::Asked { .. } => now,
            State::Answering { since, .. } => since,
            // Values that nothing waits for are anybody's.
            State::Fresh { .. } | State::Done(_) => {
                let anybodys = matches!(heard, Heard::NotMine | Heard::Values);
                return if anybodys { Heard::NotMine } else { Heard::Late };
            }
        };
        if heard != Heard::NotMine {
            self.state = State::Answering { since, heard: now };
        }
        match heard {
            Heard::Values => self.count(asdu, now),
            Heard::Confirmation => self.confirm(asdu, now),
            Heard::Termination => self.terminate(header.negative, now),
            Heard::NotMine | Heard::Late => {}
        }
        heard
    }

    /// Answers repeat the type; those to a reading its point as well.
    fn hears_answer(&self, asdu: &Asdu<'_>) -> Heard {
        let ioa = self.question.what.ioa();
        if !asdu.objects().any(|object| object.ioa == ioa) {
            return Heard::NotMine;
        }
        match asdu.header.cause {
            Cause::ACTIVATION_CON => Heard::Confirmation,
            cause if cause.is_unknown() => Heard::Confirmation,
            Cause::ACTIVATION_TERM => Heard::Termination,
            _ => Heard::NotMine,
        }
    }

    /// What is below 45 is monitored.
    fn hears_values(&self, asdu: &Asdu<'_>) -> Heard {
        let what = self.question.what;
        if asdu.header.type_id >= 45 || !what.is_answered_by(asdu.header.cause) {
            return Heard::NotMine;
        }
        let elsewhere = matches!(what, What::Read { ioa }
            if !asdu.objects().any(|object| object.ioa == ioa));
        if elsewhere { Heard::NotMine } else { Heard::Values }
    }

    fn count(&mut self, asdu: &Asdu<'_>, now: Duration) {
        self.asdus = self.asdus.saturating_add(1);
        self.objects = self.objects.saturating_add(u64::from(asdu.header.count));
        if matches!(self.question.what, What::Read { .. }) {
            self.end(Class::Complete, Reason::Answered, now);
        }
    }

    fn confirm(&mut self, asdu: &Asdu<'_>, now: Duration) {
        let what = self.question.what;
        let object = asdu.objects().next();
        if asdu.header.cause.is_unknown() {
            self.refuse(Reason::UnknownToPeer(asdu.header.cause), now);
        } else if asdu.header.negative {
            self.refuse(Reason::NegativeConfirmation, now);
        } else if matches!(what, What::Test { .. } | What::TestPattern)
            && object.map(|object| object.value) != Some(what.value())
        {
            self.end(Class::Refused, Reason::Mismatch, now);
        } else if what.ends_with_its_confirmation() {
            if let Some(Time::Cp56(time)) = object.and_then(|object| object.time) {
                self.clock = Some(time);
            }
            self.end(Class::Complete, Reason::Answered, now);
        } else {
            self.open = self.open.saturating_add(1);
        }
    }

    /// One station refuses; with a broadcast others may be answering.
    fn refuse(&mut self, reason: Reason, now: Duration) {
        if self.open == 0 && self.asdus == 0 {
            self.end(Class::Refused, reason, now);
        }
    }

    /// One station is done; with a broadcast others may not be.
    fn terminate(&mut self, negative: bool, now: Duration) {
        self.open = self.open.saturating_sub(1);
        if negative {
            self.end(Class::Incomplete, Reason::NegativeTermination, now);
        } else if self.open == 0 {
            self.end(Class::Complete, Reason::Answered, now);
        }
    }
}
