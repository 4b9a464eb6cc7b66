//! Polling: at each line of the grid, one reading of each channel.

use std::time::Duration;

use serde_json::Value;
use station_core::model::AcquisitionState;
use tokio::sync::watch;

use super::live::Wanted;
use super::outlet::Outlet;
use super::plan::Polled;
use crate::hands::Hands;
use crate::timer::Timer;
use crate::work::Stop;
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

/// How the wait for a line of the grid went.
enum Waited {
    Due,
    /// It was paused, and is not any more.
    Paused,
    Stopped,
}

impl<H: Hands> Sampler<'_, '_, H> {
    /// Takes samples until the duration is over, it is stopped, or the file cannot be written.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        let mut wanted = self.outlet.live().wanted();
        let (grid, start) = (self.polled.grid, self.timer.now());
        let total = self.polled.duration.map_or(u64::MAX, |duration| grid.count_within(duration));
        let end = self.polled.duration.map(|duration| start.saturating_add(duration));
        let (mut next, mut flushed, mut failures) = (0, start, 0);
        self.outlet.stand(AcquisitionState::Acquiring);
        while next < total {
            match self.wait(start.saturating_add(grid.offset(next)), end, &mut wanted).await? {
                Waited::Due => {}
                Waited::Paused => {
                    let passed = self.timer.now().saturating_sub(start);
                    next = next.max(grid.index_at(passed).saturating_add(1));
                    continue;
                }
                Waited::Stopped => return Ok(()),
            }
            let at = self.timer.now().saturating_sub(start);
            if self.polled.duration.is_some_and(|duration| at >= duration) {
                self.outlet.lose(total.saturating_sub(next));
                break;
            }
            // Late by a period or more: what was due in between is lost.
            let due = grid.index_at(at).min(total.saturating_sub(1)).max(next);
            self.outlet.lose(due.saturating_sub(next));
            next = due.saturating_add(1);
            let Some(row) = self.row(&mut wanted).await else { return Ok(()) };
            match row {
                Ok(row) => {
                    failures = 0;
                    self.outlet.push(at.as_secs_f64(), row);
                }
                Err(error) => {
                    self.outlet.lose(1);
                    failures += 1;
                    if failures >= TRIES || !may_pass(error.kind) {
                        return Err(given_up(error, failures));
                    }
                }
            }
            let now = self.timer.now();
            let coming = start.saturating_add(grid.offset(next)).saturating_sub(now);
            let since = now.saturating_sub(flushed);
            if since >= FLUSH || coming >= FLUSH || self.outlet.waiting() >= BATCH {
                if self.outlet.flush(grid.rate()).is_err() {
                    return Ok(());
                }
                flushed = now;
            }
        }
        // The last sample is a period before the end.
        let over = end.unwrap_or(start);
        while let Waited::Paused = self.wait(over, end, &mut wanted).await? {}
        Ok(())
    }

    /// Waits for an instant; and, when it is paused, until it is not.
    async fn wait(
        &mut self,
        deadline: Duration,
        end: Option<Duration>,
        wanted: &mut watch::Receiver<Wanted>,
    ) -> Result<Waited, Error> {
        let now = *wanted.borrow_and_update();
        if now.stopped || self.stop.is_asked() {
            return Ok(Waited::Stopped);
        }
        if !now.paused {
            let change = tokio::select! {
                biased;
                () = self.stop.asked() => return Ok(Waited::Stopped),
                change = wanted.wait_for(|wanted| wanted.paused || wanted.stopped) => change.map(|wanted| *wanted).ok(),
                due = self.timer.until(deadline) => return due.map(|()| Waited::Due),
            };
            if change.is_none_or(|wanted| wanted.stopped) {
                return Ok(Waited::Stopped);
            }
        }
        self.outlet.stand(AcquisitionState::Paused);
        // What cannot be written shows itself with the next samples.
        self.outlet.flush(self.polled.grid.rate()).ok();
        let resumed = tokio::select! {
            biased;
            () = self.stop.asked() => return Ok(Waited::Stopped),
            resumed = wanted.wait_for(|wanted| !wanted.paused || wanted.stopped) => resumed.is_ok_and(|wanted| !wanted.stopped),
            ended = over(&mut self.timer, end) => {
                ended?;
                return Ok(Waited::Stopped);
            }
        };
        if !resumed {
            return Ok(Waited::Stopped);
        }
        self.outlet.stand(AcquisitionState::Acquiring);
        Ok(Waited::Paused)
    }

    /// Reads each channel once; `None` if it had to be cut off.
    async fn row(
        &mut self,
        wanted: &mut watch::Receiver<Wanted>,
    ) -> Option<Result<Vec<f64>, Error>> {
        let mut row = Vec::with_capacity(self.polled.calls.len() * self.polled.outcomes.len());
        for call in &self.polled.calls {
            let read = tokio::select! {
                biased;
                read = self.hands.read(call) => read,
                () = grace(self.stop, wanted) => return None,
            };
            match read {
                Ok(value) => {
                    row.extend(self.polled.outcomes.iter().map(|name| number(&value, name)))
                }
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
