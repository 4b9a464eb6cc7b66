//! The way of samples out of an acquisition: gathered into batches, to the file and to those who follow.

use std::sync::Arc;

use serde_json::Number;
use station_core::model::AcquisitionState;

use super::SampleBatch;
use super::live::LiveAcquisition;
use super::writer::{Offered, Writer};

pub(super) struct Outlet<'a> {
    live: &'a LiveAcquisition,
    writer: Writer,
    columns: Vec<String>,
    batch: SampleBatch,
    taken: u64,
    lost: u64,
}

/// The file cannot be written any more; why, the writer says in the end.
pub(super) struct Ended;

impl<'a> Outlet<'a> {
    pub(super) fn new(live: &'a LiveAcquisition, writer: Writer, columns: Vec<String>) -> Self {
        let batch = SampleBatch::new(0, &columns);
        Self { live, writer, columns, batch, taken: 0, lost: 0 }
    }

    /// A sample.
    pub(super) fn push(&mut self, time: f64, row: impl IntoIterator<Item = f64>) {
        self.batch.push(time, row);
    }

    /// Samples that could not be taken.
    pub(super) fn lose(&mut self, samples: u64) {
        self.lost = self.lost.saturating_add(samples);
    }

    /// How many samples wait to be flushed.
    pub(super) fn waiting(&self) -> usize {
        self.batch.len()
    }

    /// Of all samples that were due, of which so many could be taken later, how many were, as a rate.
    fn achieved(&self, rate: f64, behind: u64) -> Option<Number> {
        let waiting = u64::try_from(self.batch.len()).unwrap_or(u64::MAX);
        let taken = self.taken.saturating_add(waiting);
        let due = taken.saturating_add(self.lost).saturating_add(behind);
        if due == 0 {
            return None;
        }
        let [taken, due] = [taken, due].map(|n| std::time::Duration::from_micros(n).as_secs_f64());
        // Six digits are all that is meant.
        format!("{:.5e}", rate * taken / due).parse().ok().and_then(Number::from_f64)
    }

    /// Sends what has been gathered on its way, without waiting: what finds no room is lost.
    /// `behind` samples were due besides when the last one was taken.
    pub(super) fn flush(&mut self, rate: f64, behind: u64) -> Result<(), Ended> {
        let achieved = self.achieved(rate, behind);
        let offered = match self.batch() {
            None => Offered::Taken,
            Some(batch) => {
                let offered = self.writer.offer(Arc::clone(&batch));
                self.count(&batch, offered);
                offered
            }
        };
        self.tell(achieved);
        if offered == Offered::Ended { Err(Ended) } else { Ok(()) }
    }

    /// As [`Outlet::flush`], but waits for room.
    pub(super) async fn flush_all(&mut self) -> Result<(), Ended> {
        let Some(batch) = self.batch() else { return Ok(()) };
        let offered = self.writer.give(Arc::clone(&batch)).await;
        self.count(&batch, offered);
        self.tell(None);
        if offered == Offered::Ended { Err(Ended) } else { Ok(()) }
    }

    /// Says where the acquisition stands.
    pub(super) fn stand(&self, state: AcquisitionState) {
        self.live.stand(state);
    }

    /// The acquisition it is of.
    pub(super) fn live(&self) -> &'a LiveAcquisition {
        self.live
    }

    /// Ends: the writer, how many samples it was given, and how many were lost.
    pub(super) fn end(self) -> (Writer, u64, u64) {
        (self.writer, self.taken, self.lost)
    }

    fn batch(&mut self) -> Option<Arc<SampleBatch>> {
        let next = SampleBatch::new(self.taken, &self.columns);
        let batch = std::mem::replace(&mut self.batch, next);
        (!batch.is_empty()).then(|| Arc::new(batch))
    }

    fn count(&mut self, batch: &Arc<SampleBatch>, offered: Offered) {
        let rows = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        match offered {
            Offered::Taken => {
                self.taken = self.taken.saturating_add(rows);
                self.batch.first = self.taken;
                self.live.publish(batch);
            }
            Offered::Full | Offered::Ended => self.lost = self.lost.saturating_add(rows),
        }
    }

    fn tell(&self, achieved: Option<Number>) {
        self.live.tell(|acquisition| {
            (acquisition.samples, acquisition.lost) = (self.taken, self.lost);
            if achieved.is_some() {
                acquisition.achieved_rate = achieved;
            }
        });
    }
}
