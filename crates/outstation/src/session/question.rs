//! Questions to an outstation: for values and counters, its clock, a test. They may be asked again.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use station_core::model::{Now, OutstationSettings};
use station_wire::iec104::codec::{Cp56, TimeTag};
use station_wire::iec104::query::{Class, Limits, Outcome, Query, Question, Step, What};
use tokio::sync::oneshot;

use super::Shared;
use super::command::Recheck;
use super::connect::Connection;
use super::line::Line;
use super::stamp::stamp;
use super::tap::{TapFrame, Trace};

/// What an outstation is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// For all values, or those of a group.
    Interrogate {
        /// Whom: the common address.
        ca: u16,
        /// The group, 1 to 16; `None`: all of the station.
        group: Option<u8>,
    },
    /// For all counters, or those of a group.
    Counters {
        /// Whom.
        ca: u16,
        /// The group, 1 to 4; `None`: all of them.
        group: Option<u8>,
    },
    /// For one value.
    Read {
        /// Whom.
        ca: u16,
        /// The address of the point.
        ioa: u32,
    },
    /// To set its clock by ours.
    SyncClock {
        /// Whom.
        ca: u16,
    },
    /// To answer a test command.
    Test {
        /// Whom.
        ca: u16,
    },
}

impl Ask {
    /// Whom, and what on the wire; `counter` numbers tests.
    pub(super) fn what(self, counter: u16) -> Result<(u16, What), String> {
        let (ca, what) = match self {
            Self::Interrogate { ca, group: None } => (ca, What::Interrogation { qoi: 20 }),
            Self::Interrogate { ca, group: Some(group @ 1..=16) } => {
                (ca, What::Interrogation { qoi: 20 + group })
            }
            Self::Interrogate { group: Some(group), .. } => {
                return Err(format!("there is no group {group} of values: they are 1 to 16"));
            }
            Self::Counters { ca, group: None } => (ca, What::Counters { qcc: 5 }),
            Self::Counters { ca, group: Some(group @ 1..=4) } => {
                (ca, What::Counters { qcc: group })
            }
            Self::Counters { group: Some(group), .. } => {
                return Err(format!("there is no group {group} of counters: they are 1 to 4"));
            }
            Self::Read { ca, ioa } => (ca, What::Read { ioa }),
            Self::SyncClock { ca } => (ca, What::Clock),
            Self::Test { ca } => (ca, What::Test { counter }),
        };
        Ok((ca, what))
    }
}

/// How a question ended.
#[derive(Clone, Debug)]
pub struct AskEnd {
    /// How.
    pub class: Class,
    /// Why, as a word.
    pub reason: &'static str,
    /// Why, as a sentence.
    pub message: String,
    /// How many values came.
    pub values: u64,
    /// The time in the answer to a setting of the clock: the outstation's before it, or ours.
    pub clock: Option<Cp56>,
    /// When.
    pub at: Now,
    /// Over which connection it went; `None`: there was none.
    pub connection: Option<Arc<Connection>>,
    /// Every frame of that connection since the trace was opened.
    pub frames: Vec<TapFrame>,
    /// How many frames are missing there, as there were too many values among them.
    pub left_out: u64,
}

impl AskEnd {
    pub(super) fn not_asked(reason: &'static str, message: String, at: Now) -> Self {
        Self {
            class: Class::NotSent,
            reason,
            message,
            values: 0,
            clock: None,
            at,
            connection: None,
            frames: Vec::new(),
            left_out: 0,
        }
    }
}

/// Who asks.
pub(super) enum Asker {
    /// Somebody who waits for the end.
    Caller(oneshot::Sender<AskEnd>, Option<Trace>),
    /// The session itself.
    Session,
}

impl Asker {
    fn is_gone(&self) -> bool {
        match self {
            Self::Caller(reply, _) => reply.is_closed(),
            Self::Session => false,
        }
    }
}

/// A question under way, or waiting for the same to end.
pub(super) struct Asked {
    pub(super) ask: Ask,
    pub(super) query: Query,
    asker: Asker,
    connection: Arc<Connection>,
    line: u64,
    begun: bool,
    /// What must hold when it is sent, and what stood against it, as a word and as a sentence.
    recheck: Option<Recheck>,
    objection: Option<(&'static str, String)>,
}

impl Asked {
    pub(super) fn new(
        ask: Ask,
        (ca, what): (u16, What),
        settings: &OutstationSettings,
        (asker, recheck): (Asker, Option<Recheck>),
        (connection, line): (Arc<Connection>, u64),
    ) -> Self {
        let confirmation = Duration::from_millis(settings.execute_timeout);
        let limits = Limits { confirmation, ..Limits::default() };
        let originator = settings.originator;
        let query = Query::new(Question { ca, originator, what, limits });
        Self { ask, query, asker, connection, line, begun: false, recheck, objection: None }
    }

    /// Whether the answers to both look the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let (mine, others) = (self.query.question(), other.query.question());
        let same = match (mine.what, others.what) {
            (What::Read { ioa }, What::Read { ioa: other }) => ioa == other,
            (mine, others) => mine.type_id() == others.type_id(),
        };
        same && mine.ca == others.ca
    }

    /// Whether the session asks this itself.
    pub(super) fn is_own(&self, ask: Ask) -> bool {
        matches!(self.asker, Asker::Session) && self.ask == ask
    }

    /// Whether nobody waits for it and nothing was sent.
    pub(super) fn is_forgotten(&self) -> bool {
        !self.begun && self.asker.is_gone()
    }

    /// Sends it, if it was not and can be.
    pub(super) fn step(
        &mut self,
        line: Option<&mut Line>,
        zone: &TimeZone,
        scratch: &mut Vec<u8>,
        shared: &Shared,
    ) {
        let Some(line) = line.filter(|line| line.is_drained() && line.link.can_send()) else {
            return;
        };
        if self.query.step() != Step::Send {
            return;
        }
        if let Some(Err(refusal)) = self.recheck.as_mut().map(|recheck| recheck()) {
            self.objection = Some((refusal.reason.name(), refusal.sentence));
            return self.query.cancel(shared.now());
        }
        self.begun = true;
        let time = match self.query.question().what.type_id().time_tag() {
            TimeTag::Cp56 => stamp((shared.clock)().wall.timestamp(), zone),
            TimeTag::None | TimeTag::Cp24 => None,
        };
        scratch.clear();
        let encoded = self.query.encode(time, scratch).is_ok();
        let now = shared.now();
        if encoded && line.link.send(scratch, now).is_ok() {
            self.query.sent(now);
        } else {
            self.query.cancel(now);
        }
    }

    /// Tells whoever asked how it ended; of what the session asked itself, the end is handed back.
    pub(super) fn end(self, outcome: Outcome, at: Now) -> Option<(Ask, Box<AskEnd>)> {
        let (reason, message) =
            self.objection.unwrap_or_else(|| (outcome.reason.name(), outcome.reason.to_string()));
        let mut end = AskEnd {
            class: outcome.class,
            reason,
            message,
            values: outcome.objects,
            clock: outcome.clock,
            at,
            connection: Some(self.connection),
            frames: Vec::new(),
            left_out: 0,
        };
        match self.asker {
            Asker::Caller(reply, trace) => {
                if let Some(trace) = trace {
                    (end.frames, end.left_out) = trace.frames(self.line);
                }
                // Who does not wait any more need not know.
                reply.send(end).ok();
                None
            }
            Asker::Session => Some((self.ask, Box::new(end))),
        }
    }
}
