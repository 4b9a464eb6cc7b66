//! May this be commanded, by them, now? Nothing may that is not permitted.
//!
//! ```text
//!  check   point ─ switch ─ tag ─ who ─ hours ─ value ─ select ─ consent ─ rate ─ interlock ─ clock
//!          ─ in doubt ─ in flight ─ link ─ expiry ─▶ Permit
//!  recheck between selection and execution, and just before each write: switch ─ tag ─ interlock ─
//!          clock ─ link ─ expiry
//! ```
//!
//! The first that fails is the answer: what never changes comes first, what may pass in a moment last,
//! so that whoever asks again does not run from one refusal into the next.

mod consent;
mod refusal;
mod steps;
#[cfg(test)]
mod tests;

pub use consent::may_approve;
pub use refusal::{Reason, Refusal};

use std::time::Duration;

use jiff::tz::TimeZone;
use station_core::model::{
    Approval, ControlSwitch, JobId, Micros, Mono, Now, Principal, Tag, Termination, Write,
};
use station_wire::iec104::codec::{TypeId, Value};

use crate::cache::Cache;
use crate::points::PointTable;
use crate::rate::Rates;
use crate::value::Kind;

/// A wish to command a point, and everything that decides on it.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The outstation's points.
    pub table: &'a PointTable,
    /// What is to be done.
    pub write: &'a Write,
    /// Who wants it: for automation, whoever made the job.
    pub principal: &'a Principal,
    /// The job that wants it; `None`: it is done by hand.
    pub job: Option<JobId>,
    /// Now.
    pub now: Now,
    /// The zone of hours.
    pub zone: &'a TimeZone,
    /// After this it is too late.
    pub expires: Mono,
    /// The tags there are, of all outstations.
    pub tags: &'a [Tag],
    /// The switch of all commands; `None`: it was never thrown.
    pub switch: Option<&'a ControlSwitch>,
    /// The consent that is offered.
    pub approval: Option<&'a Approval>,
    /// No consent is waited for: somebody who may do so broke the glass.
    pub glass_broken: bool,
    /// What was sent within the last hour.
    pub rates: &'a Rates,
    /// What the outstation's points show.
    pub cache: &'a Cache,
    /// Our clock is synchronised.
    pub synchronised: bool,
    /// What became of the last command to the same point is not known, and for so long answers to it cannot
    /// be told from those to another.
    pub in_doubt: Option<Duration>,
    /// Another command to the same point is under way.
    pub in_flight: bool,
    /// The link to the outstation stands, and data may be sent.
    pub link: bool,
}

/// What may be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Permit {
    /// The common address.
    pub ca: u16,
    /// The object address.
    pub ioa: u32,
    /// The type, with a time tag if the outstation's commands carry one.
    pub type_id: TypeId,
    /// The value, without the select bit.
    pub value: Value,
    /// The qualifier, which is in the value too.
    pub qualifier: u8,
    /// It is selected first.
    pub select: bool,
    /// The originator address.
    pub originator: u8,
    /// Whether the outstation says that it has finished.
    pub termination: Termination,
    /// The point that shows what came of it.
    pub feedback: Option<Feedback>,
}

/// A point that shows what came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// Its name.
    pub name: String,
    /// Its common address.
    pub ca: u16,
    /// Its object address.
    pub ioa: u32,
    /// What its values are.
    pub kind: Kind,
}

/// Whether a command may be sent.
///
/// # Errors
/// The first reason why not.
pub fn check(ask: &Ask<'_>) -> Result<Permit, Refusal> {
    let (entry, rule) = steps::point(ask)?;
    steps::switch(ask)?;
    steps::tag(ask)?;
    steps::who(ask, rule)?;
    steps::hours(ask, rule)?;
    let value = steps::value(ask, entry, rule)?;
    let select = steps::select(ask, entry, rule)?;
    if !ask.glass_broken {
        consent::given(ask, entry, rule, &value)?;
    }
    steps::rate(ask, rule)?;
    steps::interlock(ask, rule)?;
    let type_id = steps::clock(ask, entry)?;
    steps::in_doubt(ask)?;
    steps::in_flight(ask)?;
    steps::link(ask)?;
    steps::expiry(ask)?;
    let feedback = rule.written.feedback.as_deref().and_then(|name| ask.table.get(name));
    Ok(Permit {
        ca: entry.ca,
        ioa: entry.ioa,
        type_id,
        value,
        qualifier: rule.written.qualifier,
        select,
        originator: ask.table.settings.originator,
        termination: rule.written.termination,
        feedback: feedback.map(|entry| Feedback {
            name: entry.name.clone(),
            ca: entry.ca,
            ioa: entry.ioa,
            kind: entry.kind,
        }),
    })
}

/// Whether a command could be permitted to somebody at all, at some other time: of what is asked, only what
/// never changes. Answers within how many seconds somebody else has to agree, if anybody has to.
///
/// # Errors
/// The first reason why not.
pub fn foresee(
    table: &PointTable,
    write: &Write,
    principal: &Principal,
) -> Result<Option<u32>, Refusal> {
    let now = Now { wall: Micros(0), mono: Mono(0) };
    let ask = Ask {
        table,
        write,
        principal,
        job: None,
        now,
        zone: &TimeZone::UTC,
        expires: now.mono,
        tags: &[],
        switch: None,
        approval: None,
        rates: &Rates::new(),
        cache: &Cache::new([], 0),
        synchronised: true,
        glass_broken: false,
        in_doubt: None,
        in_flight: false,
        link: true,
    };
    let (entry, rule) = steps::point(&ask)?;
    steps::who(&ask, rule)?;
    steps::value(&ask, entry, rule)?;
    steps::select(&ask, entry, rule)?;
    Ok(rule.written.approval)
}

/// Whether a command that was permitted may still be sent: what can have changed since is asked anew.
///
/// # Errors
/// The first reason why not.
pub fn recheck(ask: &Ask<'_>) -> Result<(), Refusal> {
    let (entry, rule) = steps::point(ask)?;
    steps::switch(ask)?;
    steps::tag(ask)?;
    steps::interlock(ask, rule)?;
    steps::clock(ask, entry)?;
    steps::link(ask)?;
    steps::expiry(ask)
}
