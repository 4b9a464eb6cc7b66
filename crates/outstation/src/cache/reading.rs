//! What is known of a point.

use station_core::audit::Sample;
use station_core::model::Now;
use station_wire::iec104::codec::{Quality, Time, TypeId, Value};

use crate::value::{quality_names, raw_text, tag_text, text};

/// A value of a point, and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The type it was told as, which need not be the one that is configured.
    pub type_id: TypeId,
    /// The value.
    pub value: Value,
    /// How far the outstation trusts it.
    pub quality: Quality,
    /// Why it was told.
    pub source: Source,
    /// The outstation's time of it.
    pub time: Option<Time>,
    /// When it was received.
    pub received: Now,
    /// Why it counts no more.
    pub stale: Option<Stale>,
}

/// Why a value was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// All values were asked for, or all counters.
    Interrogation,
    /// It changed.
    Spontaneous,
    /// It was asked for.
    Read,
    /// It came of a command, of ours or at the outstation.
    Return,
    /// It is told every so often.
    Periodic,
}

/// Why a value counts no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stale {
    /// The link was lost since.
    LinkLost,
    /// The outstation was restarted since.
    Restarted,
}

impl Source {
    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interrogation => "interrogation",
            Self::Spontaneous => "spontaneous",
            Self::Read => "read",
            Self::Return => "return",
            Self::Periodic => "periodic",
        }
    }
}

impl Reading {
    /// Whether it can be relied on. One that was entered by hand (SB) can: whoever entered it meant it.
    ///
    /// # Errors
    /// Why not, as a sentence's end: `the outstation says that it is invalid (IV)`.
    pub fn trusted(&self) -> Result<Value, &'static str> {
        match self.stale {
            Some(Stale::LinkLost) => return Err("the link was lost since it was told"),
            Some(Stale::Restarted) => return Err("the outstation was restarted since it was told"),
            None => {}
        }
        let doubts = [
            (Quality::INVALID, "the outstation says that it is invalid (IV)"),
            (Quality::NOT_TOPICAL, "the outstation says that it is not the newest (NT)"),
            (Quality::BLOCKED, "the outstation says that it is blocked (BL)"),
            (Quality::OVERFLOW, "the outstation says that it is out of its range (OV)"),
        ];
        let doubt = doubts.iter().find(|(bit, _)| self.quality.has(*bit));
        doubt.map_or(Ok(self.value), |(_, why)| Err(*why))
    }

    /// How old it is, in milliseconds.
    #[must_use]
    pub fn age_ms(&self, now: Now) -> u64 {
        u64::try_from(now.mono.since(self.received.mono).as_millis()).unwrap_or(u64::MAX)
    }

    /// As it stands in the audit trail. One that counts no more has the source `none`.
    #[must_use]
    pub fn sample(&self, now: Now) -> Sample {
        let source = if self.stale.is_some() { "none" } else { self.source.name() };
        Sample {
            value: Some(text(&self.value)),
            raw: Some(raw_text(&self.value)),
            quality: quality_names(self.quality),
            source: Some(source.to_owned()),
            tagged: self.time.map(tag_text),
            received_at: Some(self.received.wall),
            age_ms: Some(self.age_ms(now)),
        }
    }
}
