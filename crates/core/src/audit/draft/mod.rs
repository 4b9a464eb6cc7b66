//! Drafts: what is to be recorded, before it is known when and behind what.
//!
//! What the engine decides is drafted here, in full: each kind of change, of effect and of request says
//! whether it leaves a record, and which. No secrets: no environment, no standard input, no hash of a
//! token.

mod asked;
mod changes;
mod detail;
mod effects;

use serde_json::{Map, Value};

pub use asked::{Asked, asked};
pub use effects::run;

use super::entry::{Actor, Clock, Entry, Kind, Outstanding, Status, Telecontrol};
use crate::engine::{Outcome, Reply};
use crate::model::{Job, JobId, Micros};

/// What is to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What kind of record it is.
    pub kind: Kind,
    /// Who.
    pub by: Actor,
    /// What belongs together; `None`: it belongs to nothing, and gets a name of its own.
    pub correlation: Option<String>,
    /// What it is done to.
    pub subject: String,
    /// What is done.
    pub action: String,
    /// How far it has come.
    pub status: Status,
    /// The rest, by kind of subject.
    pub detail: Map<String, Value>,
    /// What there is to say of a command to an outstation.
    pub telecontrol: Option<Box<Telecontrol>>,
}

/// What an entry has besides its draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When, in UTC.
    pub at: Micros,
    /// When, in the station's zone: RFC 3339 with offset and microseconds.
    pub local: String,
    /// When, by the monotonic clock, in nanoseconds.
    pub mono_ns: u64,
    /// How good the clock was.
    pub clock: Clock,
    /// What a draft is called that belongs to nothing.
    pub correlation: String,
}

impl Draft {
    /// Something that was done at once, with nothing else to say of it.
    #[must_use]
    pub fn done(by: Actor, subject: impl Into<String>, action: impl Into<String>) -> Self {
        Self {
            kind: Kind::Done,
            by,
            correlation: None,
            subject: subject.into(),
            action: action.into(),
            status: Status::Confirmed,
            detail: Map::new(),
            telecontrol: None,
        }
    }

    /// The same with a detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(key.to_owned(), value.into());
        self
    }

    /// The entry it becomes.
    #[must_use]
    pub fn stamped(self, stamp: Stamp) -> Entry {
        Entry {
            kind: self.kind,
            at: stamp.at,
            local: stamp.local,
            mono_ns: stamp.mono_ns,
            clock: stamp.clock,
            by: self.by,
            correlation: self.correlation.unwrap_or(stamp.correlation),
            subject: self.subject,
            action: self.action,
            status: self.status,
            detail: self.detail,
            telecontrol: self.telecontrol,
        }
    }
}

/// What is to be recorded of an outcome. `asked` tells what was asked for, when it came of a request,
/// and `by` whom it was asked by.
#[must_use]
pub fn drafts(
    outcome: &Outcome,
    asked: Option<&Asked>,
    by: &Actor,
    jobs: &dyn Fn(JobId) -> Option<Job>,
) -> Vec<Draft> {
    let mut drafts = Vec::new();
    if let (Some(asked), Some(reply)) = (asked, &outcome.reply) {
        drafts.extend(asked.answered(reply, by));
    }
    for change in &outcome.changes {
        drafts.extend(changes::draft(change, asked, by));
    }
    let by_hand = match &outcome.reply {
        Some(Reply::Running(execution)) => Some((*execution, by)),
        _ => None,
    };
    for effect in &outcome.effects {
        drafts.extend(effects::draft(effect, by_hand, jobs));
    }
    drafts
}

/// The outcome of an intent that the station has not lived to see.
#[must_use]
pub fn unfinished(intent: &Outstanding) -> Draft {
    let Entry { by, correlation, subject, action, telecontrol, .. } = intent.entry.clone();
    let why = "station stopped before the outcome was known";
    let telecontrol = telecontrol.map(|told| {
        let (class, reason) = (Some("unknown".to_owned()), Some(why.to_owned()));
        Box::new(Telecontrol { class, reason, ..*told })
    });
    let draft = Draft {
        kind: Kind::Outcome,
        correlation: Some(correlation),
        status: Status::Failed,
        telecontrol,
        ..Draft::done(by, subject, action)
    };
    draft.with("class", "unknown").with("reason", why).with("intent", intent.seq)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
