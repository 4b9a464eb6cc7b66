//! Polling: at each line of the grid, one reading of each channel.
//!
//! Who was held up takes what is overdue at once, each sample with the time at which it really was
//! taken; what is older than a quarter of a second (or two periods, where that is longer) is lost. So a
//! few milliseconds without a processor cost no sample, and a rate that cannot be reached still shows,
//! in the samples that are lost and in the rate that was achieved.

use std::time::Duration;

use serde_json::Value;
use station_core::model::AcquisitionState;
use tokio::sync::watch;

use super::lines::Lines;
use super::live::Wanted;
use super::outlet::{Ended, Outlet};
use super::plan::Polled;
use crate::hands::Hands;
use crate::stop::Stop;
use crate::timer::Timer;
use crate::{Error, ErrorKind};

/// How often batches are sent on their way.
const FLUSH: Duration = Duration::from_millis(100);

/// The most samples of a batch.
const BATCH: usize = 1000;

/// After so many samples in a row that could not be taken, it is over.
const TRIES: u32 = 3;

/// How long a reading that is under way may take when it is to stop.
const GRACE: Duration = Duration::from_secs(1);

pub(super) struct Sampler<'a, 'o, H> {
    pub(super) hands: &'a mut H,
    pub(super) polled: &'a Polled,
    pub(super) outlet: &'a mut Outlet<'o>,
    pub(super) timer: Timer,
    pub(super) stop: &'a Stop,
}

/// An acquisition under way.
struct Run<'a, 'o, H: Hands> {
    sampler: Sampler<'a, 'o, H>,
    /// What is asked for each sample.
    calls: Vec<H::Ready>,
    wanted: watch::Receiver<Wanted>,
    start: Duration,
    end: Option<Duration>,
    lines: Lines,
}

/// How the wait for a line of the grid went.
enum Waited {
    Due,
    /// It was paused, and is not any more.
    Paused,
    Stopped,
}

impl<'a, 'o, H: Hands> Sampler<'a, 'o, H> {
    /// Takes samples until the duration is over, it is stopped, or the file cannot be written.
    pub(super) async fn run(self) -> Result<(), Error> {
        let calls = self.polled.calls.iter().map(|call| self.hands.ready(call));
        let calls = calls.collect::<Result<Vec<_>, Error>>()?;
        let (wanted, start) = (self.outlet.live().wanted(), self.timer.now());
        let lines = Lines::new(self.polled.grid, self.polled.duration);
        let end = self.polled.duration.map(|duration| start.saturating_add(duration));
        let mut run = Run { sampler: self, calls, wanted, start, end, lines };
        let done = run.take_samples().await;
        // What was due until then, and has not been taken, is lost.
        run.lose_what_is_due();
        // What the file cannot take any more, the writer says itself.
        run.flush().ok();
        done
    }
}

impl<H: Hands> Run<'_, '_, H> {
    async fn take_samples(&mut self) -> Result<(), Error> {
        let (mut flushed, mut failures) = (self.start, 0);
        self.sampler.outlet.stand(AcquisitionState::Acquiring);
        while let Some(due) = self.lines.next() {
            match self.wait(self.start.saturating_add(due)).await? {
                Waited::Due => {}
                Waited::Paused => continue,
                Waited::Stopped => return Ok(()),
            }
            let (lost, at) = self.lines.take(self.passed());
            self.sampler.outlet.lose(lost);
            let Some(at) = at else { break };
            let Some(row) = self.row().await else {
                self.sampler.outlet.lose(1);
                return Ok(());
            };
            match row {
                Ok(row) => {
                    failures = 0;
                    self.sampler.outlet.push(at.as_secs_f64(), row);
                }
                Err(error) => {
                    self.sampler.outlet.lose(1);
                    failures += 1;
                    if failures >= TRIES || !may_pass(error.kind) {
                        return Err(given_up(error, failures));
                    }
                }
            }
            let now = self.sampler.timer.now();
            let next = self.lines.next().unwrap_or(Duration::MAX);
            let coming = self.start.saturating_add(next).saturating_sub(now);
            let since = now.saturating_sub(flushed);
            if since >= FLUSH || coming >= FLUSH || self.sampler.outlet.waiting() >= BATCH {
                if self.flush().is_err() {
                    return Ok(());
                }
                flushed = now;
            }
        }
        // The last sample is a period before the end.
        let over = self.end.unwrap_or(self.start);
        while let Waited::Paused = self.wait(over).await? {}
        Ok(())
    }

    /// The time since the start.
    fn passed(&self) -> Duration {
        self.sampler.timer.now().saturating_sub(self.start)
    }

    fn lose_what_is_due(&mut self) {
        let passed = self.passed();
        self.sampler.outlet.lose(self.lines.pass(passed));
    }

    fn flush(&mut self) -> Result<(), Ended> {
        self.sampler.outlet.flush(self.sampler.polled.grid.rate(), self.lines.behind())
    }

    /// Waits for an instant; and, when it is paused, until it is not.
    async fn wait(&mut self, deadline: Duration) -> Result<Waited, Error> {
        let now = *self.wanted.borrow_and_update();
        let stop = self.sampler.stop;
        if now.stopped || stop.is_asked() {
            return Ok(Waited::Stopped);
        }
        if !now.paused {
            if deadline <= self.sampler.timer.now() {
                return Ok(Waited::Due);
            }
            let wanted = &mut self.wanted;
            let change = tokio::select! {
                biased;
                () = stop.asked() => return Ok(Waited::Stopped),
                change = wanted.wait_for(|wanted| wanted.paused || wanted.stopped) => change.map(|wanted| *wanted).ok(),
                due = self.sampler.timer.until(deadline) => return due.map(|()| Waited::Due),
            };
            if change.is_none_or(|wanted| wanted.stopped) {
                return Ok(Waited::Stopped);
            }
        }
        self.lose_what_is_due();
        let resumed = self.paused().await;
        // What was due meanwhile was not wanted: it is not lost.
        let passed = self.passed();
        self.lines.pass(passed);
        if !resumed? {
            return Ok(Waited::Stopped);
        }
        self.sampler.outlet.stand(AcquisitionState::Acquiring);
        Ok(Waited::Paused)
    }

    /// Waits until it is resumed; whether it is, and has not ended.
    async fn paused(&mut self) -> Result<bool, Error> {
        self.sampler.outlet.stand(AcquisitionState::Paused);
        // What cannot be written shows itself with the next samples.
        self.flush().ok();
        let wanted = &mut self.wanted;
        tokio::select! {
            biased;
            () = self.sampler.stop.asked() => Ok(false),
            resumed = wanted.wait_for(|wanted| !wanted.paused || wanted.stopped) => Ok(resumed.is_ok_and(|wanted| !wanted.stopped)),
            ended = over(&mut self.sampler.timer, self.end) => ended.map(|()| false),
        }
    }

    /// Reads each channel once; `None` if it had to be cut off.
    async fn row(&mut self) -> Option<Result<Vec<f64>, Error>> {
        let outcomes = &self.sampler.polled.outcomes;
        let mut row = Vec::with_capacity(self.calls.len().saturating_mul(outcomes.len()));
        for call in &self.calls {
            let read = tokio::select! {
                biased;
                read = self.sampler.hands.read(call) => read,
                () = grace(self.sampler.stop, &mut self.wanted) => return None,
            };
            match read {
                Ok(value) => row.extend(outcomes.iter().map(|name| number(&value, name))),
                Err(error) if error.kind == ErrorKind::Stopped => return None,
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(row))
    }
}

/// Waits until a paused acquisition is over; forever, if it has no end.
async fn over(timer: &mut Timer, end: Option<Duration>) -> Result<(), Error> {
    match end {
        Some(end) => timer.until(end).await,
        None => std::future::pending().await,
    }
}

/// Resolves some time after it is to stop.
async fn grace(stop: &Stop, wanted: &mut watch::Receiver<Wanted>) {
    tokio::select! {
        () = stop.asked() => {}
        // The sender is gone with the acquisition, and then nobody waits here.
        _ = wanted.wait_for(|wanted| wanted.stopped) => {}
    }
    tokio::time::sleep(GRACE).await;
}

/// A value of what was read, as a number.
fn number(value: &Value, name: &str) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        Value::Object(map) => map.get(name).map_or(f64::NAN, |value| number(value, "")),
        Value::Null | Value::String(_) | Value::Array(_) => f64::NAN,
    }
}

/// Whether the next sample may go well after this.
fn may_pass(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::Timeout | ErrorKind::Lost | ErrorKind::Reply | ErrorKind::Instrument => true,
        ErrorKind::Invalid
        | ErrorKind::Refused
        | ErrorKind::Busy
        | ErrorKind::Unreachable
        | ErrorKind::Identity
        | ErrorKind::Local
        | ErrorKind::Stopped => false,
    }
}

fn given_up(error: Error, failures: u32) -> Error {
    if failures < 2 {
        return error;
    }
    let message = format!("{failures} samples in a row could not be taken: {}", error.message);
    Error::new(error.kind, message)
}

#[cfg(test)]
#[path = "poll_tests.rs"]
mod tests;
