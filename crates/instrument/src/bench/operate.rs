//! Operations: steps over a lease's line, what was promised for their end, what the instrument reports.

use std::time::Duration;

use super::line::drain;
use super::perform::{Performer, Readings};
use super::{Lease, sentence};
use crate::driver::Step;
use crate::{Error, ErrorKind};

/// How long what was promised for the end may take.
const SETTLING: Duration = Duration::from_secs(10);

/// How an operation is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// Its errors are asked for after it, and whether the instrument was switched off meanwhile.
    Checked,
    /// Nothing but its own messages is sent.
    Bare,
    /// It makes the instrument safe: also when that has lost its settings.
    Safety,
}

impl Lease {
    /// Performs the steps of a verb, and what they promise, and looks at what the instrument reports.
    pub(super) async fn operate(
        &mut self,
        what: &str,
        steps: &[Step],
        care: Care,
    ) -> Result<Readings, Error> {
        self.line().await?;
        if care == Care::Safety {
            self.forgot = false;
        } else if std::mem::take(&mut self.forgot) {
            return Err(power_lost());
        }
        let mut readings = Readings::new();
        let done = self.perform(steps, &mut readings, care).await;
        let settled = self.settle().await;
        let done = match (done, settled) {
            (Ok(()), settled) => settled,
            (Err(error), Ok(())) => Err(error),
            (Err(error), Err(more)) => Err(sentence::also(error, &more)),
        };
        let done =
            done.map_err(|error| Error::new(error.kind, format!("{what}: {}", error.message)));
        if care == Care::Bare && done.is_ok() {
            return Ok(readings);
        }
        self.reports(what, done).await.map(|()| readings)
    }

    async fn perform(
        &mut self,
        steps: &[Step],
        readings: &mut Readings,
        care: Care,
    ) -> Result<(), Error> {
        let Some(line) = self.line.as_mut() else { return Ok(()) };
        line.session.forget_sending();
        // What would be set after a reconnection relies on settings that may be gone.
        line.session.watch_power(line.has_event_status && care != Care::Safety);
        let done = Performer {
            bench: &self.bench,
            line,
            id: &self.equipment.id,
            driver: &self.driver,
            transcript: self.transcript.as_deref().map(|transcript| transcript as _),
            stop: self.stop.as_ref().filter(|_| care != Care::Safety),
            owed: &mut self.owed,
            spoke: &mut self.spoke,
        }
        .run(steps, readings)
        .await;
        if let Some(line) = self.line.as_mut() {
            line.session.watch_power(false);
            self.sent_at = self.sent_at.or(line.session.sent_at());
        }
        self.lose_line(&done);
        done
    }

    /// Does what was promised, the last first; all of it, whatever goes wrong.
    pub(super) async fn settle(&mut self) -> Result<(), Error> {
        let mut done = Ok(());
        while let Some(steps) = self.owed.last().cloned() {
            // Only what is done, or has failed, is no longer owed.
            let depth = self.owed.len();
            let paid = tokio::time::timeout(SETTLING, async {
                self.line().await?;
                self.perform(&steps, &mut Readings::new(), Care::Safety).await
            });
            let paid = paid.await.unwrap_or_else(|_| {
                let message = format!("it took longer than {SETTLING:?}");
                Err(Error::new(ErrorKind::Timeout, message))
            });
            self.owed.truncate(depth.saturating_sub(1));
            if let Err(error) = paid {
                let message = format!("what had to follow could not be done: {}", error.message);
                let error = Error::new(error.kind, message);
                done = match done {
                    Ok(()) => Err(error),
                    Err(first) => Err(sentence::also(first, &error)),
                };
            }
        }
        done
    }

    /// Adds to how an operation went what the instrument reports of it: the entries of its error
    /// queue, and that it was switched off and on.
    pub(super) async fn reports(
        &mut self,
        what: &str,
        done: Result<(), Error>,
    ) -> Result<(), Error> {
        if let Err(error) = &done {
            let may_ask = matches!(
                error.kind,
                ErrorKind::Timeout | ErrorKind::Reply | ErrorKind::Instrument | ErrorKind::Stopped
            );
            if !may_ask {
                return done;
            }
            // A reply that cannot be read may be one to another question.
            if error.kind == ErrorKind::Reply {
                self.straighten().await;
            }
        }
        let asked = self.ask_for_reports().await;
        self.lose_line(&asked);
        if asked.as_ref().is_err_and(|error| error.kind == ErrorKind::Reply) {
            self.straighten().await;
        }
        match (done, asked) {
            (Ok(()), Err(error)) => {
                let message = format!("after {what}: {}", error.message);
                Err(Error::new(error.kind, message))
            }
            (Err(error), Err(_)) => Err(error),
            (done, Ok((_, true))) => Err(match done {
                Ok(()) => power_lost(),
                Err(error) => sentence::also(power_lost(), &error),
            }),
            (done, Ok((None, false))) => done,
            (Ok(()), Ok((Some(reported), false))) => {
                Err(Error::new(ErrorKind::Instrument, format!("{what}: {reported}")))
            }
            (Err(error), Ok((Some(reported), false))) => {
                // Who asked it to stop knows why; else what it reports tells more than its silence.
                let stopped = error.kind == ErrorKind::Stopped;
                let kind = if stopped { ErrorKind::Stopped } else { ErrorKind::Instrument };
                Err(Error::new(kind, format!("{}; {reported}", error.message)))
            }
        }
    }

    /// Brings both sides in step after a reply that may be one to another question.
    pub(super) async fn straighten_after<T>(&mut self, done: &Result<T, Error>) {
        if done.as_ref().is_err_and(|error| error.kind == ErrorKind::Reply) {
            self.straighten().await;
        }
    }

    /// Brings both sides in step; where that is not possible, the line is given up.
    async fn straighten(&mut self) {
        let Some(line) = self.line.as_mut() else { return };
        if let Err(error) = line.session.resynchronise().await {
            self.note(&format!("it cannot be brought in step: {}", error.message));
            self.line = None;
        }
    }

    /// The errors the instrument reports, as a clause, and whether it was switched off and on.
    async fn ask_for_reports(&mut self) -> Result<(Option<String>, bool), Error> {
        let Some(line) = self.line.as_mut() else { return Ok((None, false)) };
        let errors = drain(&mut line.session).await?;
        let switched_on = line.was_switched_on().await?;
        for error in &errors {
            if let Some(transcript) = &self.transcript {
                transcript.received(&self.equipment.id, error);
            }
        }
        let listed =
            (!errors.is_empty()).then(|| format!("the instrument reports {}", errors.join("; ")));
        Ok((listed, switched_on))
    }

    /// Empties the error queue at the end of a lease; what it has is of no concern to the next.
    pub(super) async fn tidy(&mut self) -> Result<(), Error> {
        if !self.owed.is_empty() {
            self.settle().await?;
        }
        let Some(line) = self.line.as_mut() else { return Ok(()) };
        let errors = drain(&mut line.session).await;
        self.lose_line(&errors);
        for error in errors? {
            self.note(&format!("thrown away from its error queue: {error}"));
        }
        Ok(())
    }

    /// A line whose connection is lost is of no use any more.
    pub(super) fn lose_line<T>(&mut self, done: &Result<T, Error>) {
        let lost = done.as_ref().is_err_and(|error| {
            matches!(error.kind, ErrorKind::Lost | ErrorKind::Unreachable | ErrorKind::Identity)
        });
        if lost {
            self.line = None;
        }
    }
}

fn power_lost() -> Error {
    let message = "it was switched off and on: its settings are gone";
    Error::new(ErrorKind::Identity, message)
}
