//! Connecting: the line of a lease, from the last holder or made anew, and again when it is lost.

use std::time::Duration;

use tokio::time::Instant;

use super::line::{self, Line, Way, compare};
use super::slot::Parked;
use super::{Lease, sentence};
use crate::{Error, ErrorKind};

/// The pause after the first failed attempt; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

impl Lease {
    /// Gets a line at the beginning of the lease: the last holder's, or a new one; tries until then.
    pub(super) async fn open(&mut self, until: Instant) -> Result<(), Error> {
        let opened = self.open_line(until).await;
        if opened.is_err() {
            self.slot.owe(std::mem::take(&mut self.owed));
        }
        opened
    }

    async fn open_line(&mut self, until: Instant) -> Result<(), Error> {
        self.slot.used_as(&self.equipment, &self.driver);
        self.owed = self.slot.take_owed();
        if let Some(parked) = self.slot.take() {
            match self.reuse(parked).await {
                Ok(true) => return self.pay_debts().await,
                Err(error) if error.kind == ErrorKind::Identity => {
                    return Err(self.gave_up(error));
                }
                Ok(false) | Err(_) => self.slot.closed(),
            }
        }
        self.slot.check_breaker().map_err(|error| sentence::of(&self.equipment.id, error))?;
        let mut pause = FIRST_PAUSE;
        loop {
            let Err(error) = self.connect().await else { return self.pay_debts().await };
            let may_change = matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Busy);
            if !may_change || Instant::now() + pause >= until {
                return Err(self.gave_up(error));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// A line for an operation: the one there is, or a new one in place of one that was lost. There is
    /// one attempt: who comes next may have more patience.
    pub(super) async fn line(&mut self) -> Result<&mut Line, Error> {
        if self.line.is_none() {
            self.note("the connection is made anew");
            let before = self.identity.clone();
            if let Err(error) = self.connect().await {
                return Err(self.gave_up(error));
            }
            if let Err(error) = compare(&before, &self.identity) {
                self.line = None;
                return Err(self.gave_up(error));
            }
        }
        let lost = || Error::new(ErrorKind::Lost, "the connection was lost");
        self.line.as_mut().ok_or_else(lost)
    }

    /// Whether the last holder's line is of use still.
    async fn reuse(&mut self, parked: Parked) -> Result<bool, Error> {
        let Parked { mut line, doubtful } = parked;
        line.session.watch_power(false);
        if line.way != Way::of(&self.equipment, &self.driver) {
            self.note("the connection is made anew, since it was registered anew");
            return Ok(false);
        }
        if doubtful {
            self.note("the last use was cut off: both sides are brought in step again");
            line.session.resynchronise().await?;
        }
        // A self-test that was cut off may have left its own.
        line.session.settings_mut().io_timeout =
            line::settings(self.driver.protocol(), &self.equipment.settings).io_timeout;
        let switched_on = line.refresh(&self.equipment.identity).await;
        let switched_on = switched_on.map_err(|error| sentence::of(&self.equipment.id, error))?;
        if switched_on {
            self.note("it was switched off and on since it was used last");
            tracing::info!(equipment = self.equipment.id, "the equipment was switched off and on");
        }
        self.has_line(line);
        Ok(true)
    }

    /// One attempt to connect.
    async fn connect(&mut self) -> Result<(), Error> {
        let again = self.identity != station_core::model::Identity::default();
        let opened = Line::open(&self.equipment, &self.driver).await;
        let (line, switched_on) =
            opened.map_err(|error| sentence::of(&self.equipment.id, error))?;
        // Within a lease it means that the settings that its holder relies on are gone.
        self.forgot |= again && switched_on;
        self.has_line(line);
        Ok(())
    }

    fn has_line(&mut self, line: Line) {
        self.slot.reached(&line.identity);
        self.identity = line.identity.clone();
        self.line = Some(line);
    }

    /// Tells that it could not be connected.
    fn gave_up(&self, error: Error) -> Error {
        let now = self.bench.now();
        self.slot.not_connected(&error);
        if error.kind == ErrorKind::Unreachable {
            let interval = self.bench.config().probe_interval;
            self.slot.not_reached(now, interval, &error);
        }
        if matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Identity) {
            self.slot.done(now, Some(&error), 0);
        }
        error
    }

    /// Does what a verb that was cut off under another holder has promised.
    async fn pay_debts(&mut self) -> Result<(), Error> {
        if self.owed.is_empty() {
            return Ok(());
        }
        self.note("the last use was cut off: what had to follow it is done now");
        let done = self.settle().await;
        let done = self.reports("what had to follow", done).await;
        // That was not this holder's doing.
        self.spoke = false;
        done.map_err(|error| sentence::of(&self.equipment.id, error))
    }

    /// Has something taken down that is no message.
    pub(super) fn note(&self, text: &str) {
        if let Some(transcript) = &self.transcript {
            transcript.note(&format!("{}: {text}", self.equipment.id));
        }
    }
}
