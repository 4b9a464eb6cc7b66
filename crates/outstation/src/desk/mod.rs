//! The desk: all outstations, and everything that is done with them by jobs and by people.
//!
//! ```text
//!  write ─▶ permit ─▶ previous value ─▶ intent, durable ─▶ permit again ─▶ frame ─▶ outcome, durable ─▶ Report
//!             │           (cache, C_RD)        │              (and between select and execute)
//!             └─ refused, recorded             └─ the trail fails: refused, nothing is sent
//! ```
//!
//! Each request is a task of its own, so that what was begun has its outcome in the trail whoever goes
//! away. A caller that goes away before the frame was sent takes the command with them. Nothing is ever
//! sent twice.

mod request;
mod trail;
mod view;

use std::sync::Arc;

use jiff::tz::TimeZone;
use station_core::model::{
    Approval, Micros, Now, Outstation, Principal, Record, RecordKind, Token,
};

pub use request::{ControlRequest, Refused, Report};
pub use trail::{Act, Trail};
pub use view::{
    ConnectionView, CountersView, EndpointView, StatusView, UpkeepView, ValueView, Watched,
};

/// When outstations are connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connect {
    /// As long as they are registered.
    Always,
    /// Once something is asked of them: for a command line without a daemon.
    OnDemand,
}

/// Finds a zone by its name in the IANA database.
pub type Zones = fn(&str) -> Result<TimeZone, String>;

/// How the desk works.
#[derive(Clone, Debug)]
pub struct Options {
    /// The station's zone, in which hours are written.
    pub zone: TimeZone,
    /// Finds the zones that outstations' clocks show.
    pub zones: Zones,
    /// Both clocks; the monotonic one is that of expiries.
    pub clock: fn() -> Now,
    /// When outstations are connected to.
    pub connect: Connect,
}

/// All outstations.
#[derive(Clone)]
pub struct Outstations {
    shared: Arc<Shared>,
}

struct Shared {
    trail: Arc<dyn Trail>,
    options: Options,
}
impl Outstations {
    /// No outstations yet. To be called within a runtime of tokio.
    pub fn new(trail: Arc<dyn Trail>, options: Options) -> Self {
        Self { shared: Arc::new(Shared { trail, options }) }
    }
    /// A record was kept: outstations are connected to, tags and the switch count from now on.
    pub fn kept(&self, record: &Record) {
        let _ = record;
    }
    /// A record was removed.
    pub fn removed(&self, kind: RecordKind, key: &str) {}
    /// Takes over the records there are, and when points were commanded within the last hour (outstation, point, when).
    pub fn restore(&self, records: Vec<Record>, recent: Vec<(String, String, Micros)>) {}
    /// Closes all sessions, and waits until that is done.
    pub async fn close(&self) {}
    /// The names of all outstations.
    pub fn names(&self) -> Vec<String> {
        Vec::new()
    }
    /// An outstation as it is registered.
    pub fn get(&self, name: &str) -> Option<Arc<Outstation>> {
        None
    }
    /// How an outstation stands.
    pub fn status(&self, name: &str) -> Option<StatusView> {
        None
    }
    /// The watched points of an outstation.
    pub fn values(&self, name: &str) -> Option<Vec<ValueView>> {
        None
    }
    /// A point of an outstation. # Errors: there is none.
    pub fn value(&self, name: &str, point: &str) -> Result<ValueView, Refused> {
        Err(Refused::new("TEMP", ""))
    }
    /// What changes from now on.
    pub fn watch(&self, name: &str) -> Option<Watch> {
        None
    }
    /// Does something with an outstation, and waits for the end. # Errors: nothing was sent.
    pub async fn control(&self, request: ControlRequest) -> Result<Report, Refused> {
        Err(Refused::new("TEMP", ""))
    }
    /// The requests for consent, the oldest first; what nobody decided in time shows as expired.
    pub fn approvals(&self) -> Vec<Approval> {
        Vec::new()
    }
    /// A name for a request for consent that no other has.
    pub fn next_approval(&self) -> String {
        String::new()
    }
    /// Agrees to a command, or rejects it: what is to be kept. # Errors: they may not.
    pub fn decide(
        &self,
        id: &str,
        by: &Principal,
        token: Option<&Token>,
        approve: bool,
        note: Option<String>,
    ) -> Result<Approval, Refused> {
        Err(Refused::new("TEMP", ""))
    }
}

/// TEMP
pub struct Watch;
impl Watch {
    /// TEMP
    pub async fn next(&mut self) -> Option<Watched> {
        None
    }
}
