//! A lease: one holder's exclusive use of an equipment, and the line it is used over.

use std::sync::Arc;
use std::time::Duration;

use station_core::model::{Equipment, Identity};
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::line::Line;
use super::slot::{Parked, Slot};
use super::{Bench, Transcript, closed, sentence};
use crate::driver::{Driver, Step};
use crate::session::Session;
use crate::stop::Stop;
use crate::{Error, ErrorKind};

/// One holder's exclusive use of an equipment. [`Lease::release`] ends it in order; when it is dropped
/// instead, the session is in doubt, and is brought in step before the next holder has it; what a verb
/// promised to do at its end is done in the next turn, whether or not somebody else wants one.
///
/// A lease with a limit lays its line aside after each operation, so that it can be taken when the
/// lease expires.
pub struct Lease {
    pub(super) bench: Bench,
    pub(super) slot: Arc<Slot>,
    number: u64,
    pub(super) equipment: Equipment,
    pub(super) driver: Arc<Driver>,
    pub(super) identity: Identity,
    pub(super) line: Option<Line>,
    expires: Option<Instant>,
    pub(super) transcript: Option<Arc<dyn Transcript>>,
    pub(super) stop: Option<Stop>,
    /// What a verb promised to do at its end, and has not done yet.
    pub(super) owed: Vec<Vec<Step>>,
    /// It was switched off and on since its holder last spoke to it.
    pub(super) forgot: bool,
    /// A message of its holder's was sent, or may have been.
    pub(super) spoke: bool,
    /// When the first message of the operation was sent, by the monotonic clock.
    pub(super) sent_at: Option<Duration>,
}

/// The turn of somebody, before it is a lease.
pub(super) struct Begun {
    pub(super) number: u64,
    pub(super) expires: Option<Instant>,
}

impl Lease {
    /// A lease without a line yet.
    pub(super) fn new(
        bench: &Bench,
        slot: Arc<Slot>,
        Begun { number, expires }: Begun,
        (equipment, driver): (&Equipment, Arc<Driver>),
    ) -> Self {
        Self {
            bench: bench.clone(),
            slot,
            number,
            equipment: equipment.clone(),
            driver,
            identity: Identity::default(),
            line: None,
            expires,
            transcript: None,
            stop: None,
            owed: Vec::new(),
            forgot: false,
            spoke: false,
            sent_at: None,
        }
    }

    /// The equipment.
    #[must_use]
    pub fn equipment(&self) -> &Equipment {
        &self.equipment
    }

    /// The driver it is spoken to with.
    #[must_use]
    pub fn driver(&self) -> &Arc<Driver> {
        &self.driver
    }

    /// What it answered to `*IDN?`.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Has what is said taken down from now on.
    pub fn set_transcript(&mut self, to: Option<Arc<dyn Transcript>>) {
        self.transcript = to;
    }

    /// What ends the waits and repetitions of verbs early from now on; they fail with
    /// [`ErrorKind::Stopped`].
    pub fn set_stop(&mut self, stop: Option<Stop>) {
        self.stop = stop;
    }

    /// The session itself, for what verbs cannot say. When the lease has expired or the connection is
    /// lost, it is one whose operations all fail.
    pub fn session(&mut self) -> &mut Session {
        self.spoke = true;
        let found = self.enter().is_ok().then(|| self.line.take()).flatten();
        let line = found.unwrap_or_else(|| self.no_line());
        &mut self.line.insert(line).session
    }

    /// Whether a message of its holder's may have been sent.
    pub(crate) fn has_spoken(&self) -> bool {
        self.spoke
    }

    /// Begins an operation: whether the lease still holds, and the line is at hand, if there is one.
    pub(super) fn enter(&mut self) -> Result<(), Error> {
        if !self.slot.is_turn(self.number) {
            self.line = None;
            return Err(self.expired());
        }
        if self.line.is_none() && self.expires.is_some() {
            self.line = self.slot.take().map(|parked| parked.line);
        }
        Ok(())
    }

    /// Carries out an operation, as long as the lease holds.
    pub(super) async fn within<T>(
        expires: Option<Instant>,
        act: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match expires {
            None => act.await,
            Some(until) => tokio::time::timeout_at(until, act).await.unwrap_or_else(|_| {
                let message = "its lease has expired in the middle of an operation";
                Err(Error::new(ErrorKind::Busy, message))
            }),
        }
    }

    /// Until when operations may last.
    pub(super) fn expires(&self) -> Option<Instant> {
        self.expires
    }

    /// Ends an operation: tells of how it went, and lays the line aside where it may be taken away.
    pub(super) fn leave<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        let desyncs = self.line.as_mut().map_or(0, |line| {
            let more = line.session.desyncs().saturating_sub(line.told);
            line.told = line.session.desyncs();
            more
        });
        let done = done.map_err(|error| sentence::of(&self.equipment.id, error));
        let error = done.as_ref().err().filter(|error| tells_of_it(error.kind));
        self.slot.done(self.bench.now(), error, desyncs);
        if self.line.is_none() {
            self.slot.closed();
        }
        // What was cut off, the session knows itself.
        self.lay_aside();
        done
    }

    /// Lays the line aside, if the lease has a limit, so that it can be taken when that is over.
    pub(super) fn lay_aside(&mut self) {
        if self.expires.is_some()
            && let Some(line) = self.line.take()
        {
            self.slot.park(self.number, Parked { line, doubtful: false });
        }
    }

    /// Ends the lease in order: what is left in its error queue is thrown away, and the session laid
    /// aside for the next holder.
    ///
    /// # Errors
    /// The instrument does not answer any more; the next holder starts anew.
    pub async fn release(mut self) -> Result<(), Error> {
        if self.enter().is_err() {
            return Ok(());
        }
        let done = Self::within(self.expires, self.tidy()).await;
        let done = self.leave(done);
        let line = match &done {
            Ok(()) => self.line.take(),
            Err(_) => None,
        };
        self.end(line, false);
        done
    }

    /// Ends the lease and closes the connection.
    pub(super) async fn close(mut self) {
        if self.enter().is_ok() {
            if let Some(line) = self.line.take() {
                line.close(&self.driver).await;
            }
            self.slot.closed();
        }
    }

    fn end(&mut self, line: Option<Line>, doubtful: bool) {
        let owed = std::mem::take(&mut self.owed);
        let parked = line.map(|line| Parked { line, doubtful });
        self.slot.end(self.number, (parked, owed), self.idle_close());
    }

    fn idle_close(&self) -> Duration {
        self.bench.idle_close(&self.equipment)
    }

    fn expired(&self) -> Error {
        let id = &self.equipment.id;
        let message = format!("equipment '{id}': the lease on it has expired; take it again");
        Error::new(ErrorKind::Busy, message)
    }

    fn no_line(&self) -> Line {
        let error = if self.slot.is_turn(self.number) {
            let message = format!("equipment '{}': the connection was lost", self.equipment.id);
            Error::new(ErrorKind::Lost, message)
        } else {
            self.expired()
        };
        Line::never(closed::session(error), &self.equipment, &self.driver)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let line = self.line.take();
        let owes = !self.owed.is_empty();
        self.end(line, true);
        if owes && let Ok(runtime) = Handle::try_current() {
            let (bench, equipment) = (self.bench.clone(), self.equipment.clone());
            runtime.spawn(async move { bench.settle(&equipment).await });
        }
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease")
            .field("equipment", &self.equipment.id)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// What became of settings that were to be brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Restored {
    /// Those that were set, in this order.
    pub applied: Vec<String>,
    /// Those that were not: they can only be read, or the instrument had none to tell.
    pub skipped: Vec<String>,
}

/// Whether an error tells something of the instrument, and not of who used it.
fn tells_of_it(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::Unreachable
        | ErrorKind::Timeout
        | ErrorKind::Lost
        | ErrorKind::Reply
        | ErrorKind::Instrument
        | ErrorKind::Identity => true,
        ErrorKind::Invalid
        | ErrorKind::Refused
        | ErrorKind::Busy
        | ErrorKind::Local
        | ErrorKind::Stopped => false,
    }
}
